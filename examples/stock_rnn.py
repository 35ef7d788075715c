"""Tomorrow's share price from the last seven days: a many-to-one LSTM.

Each day of the table has five numbers (open, high, low, volume, close). The network reads the days
one after the other; only what it says after the last one counts: the closing price of the next day.
It learns from the first 70 per cent of the days and is examined on the rest.

The columns are scaled to [0, 1] by their own smallest and largest values. The figure is the root of
the mean squared error in that scale; beside it stands that of the simplest forecast, "as today".
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf
from tqdm import tqdm

DAYS = 7
COLUMNS = 5
UNITS = 10
LEARNING_RATE = 0.01


def read_windows():
    """Return windows of days, [N, DAYS, COLUMNS], and the closing price after each, [N, 1]."""
    table = np.loadtxt(course_data.path("data-02-stock_daily.csv"), delimiter=",", dtype=np.float32)
    table = table[::-1]  # the oldest day first
    table = (table - table.min(axis=0)) / (table.max(axis=0) - table.min(axis=0) + 1e-7)
    windows = np.stack([table[i : i + DAYS] for i in range(len(table) - DAYS)])
    return windows, table[DAYS:, -1:]


def build_network(X):
    """Return the forecast: a dense layer on the LSTM's output after the last day."""
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS, activation=tf.tanh)
    outputs, _ = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
    return tf.layers.dense(outputs[:, -1], units=1)


def train(training, test, steps):
    """Train on all days at once; return the losses and the forecasts for the test days."""
    X = tf.placeholder(tf.float32, [None, DAYS, COLUMNS])
    Y = tf.placeholder(tf.float32, [None, 1])
    forecast = build_network(X)
    loss = tf.reduce_sum(tf.square(forecast - Y))
    optimizer = tf.train.AdamOptimizer(LEARNING_RATE).minimize(loss)
    losses = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in tqdm(range(steps), leave=False, disable=None):
            value, _ = sess.run([loss, optimizer], feed_dict={X: training[0], Y: training[1]})
            losses.append(value)
            if step == 0 or (step + 1) % 100 == 0:
                print(f"step {step + 1:4d}  loss {value:.5f}", flush=True)
        return losses, sess.run(forecast, feed_dict={X: test[0]})


def rmse(forecast, wanted):
    return float(np.sqrt(np.mean(np.square(forecast - wanted))))


def draw(wanted, forecast):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(8, 4))
    plt.plot(wanted, label="closing price")
    plt.plot(forecast, label="forecast of the day before")
    plt.xlabel("day of the test part")
    plt.ylabel("price, scaled")
    plt.title(f"shares: an LSTM over the last {DAYS} days")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/stock_rnn.png", dpi=120)
    print("plot: outputs/stock_rnn.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 steps instead of 500")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    windows, prices = read_windows()
    count = int(len(prices) * 0.7)
    test = windows[count:], prices[count:]
    losses, forecast = train((windows[:count], prices[:count]), test, 100 if args.quick else 500)
    draw(test[1], forecast)

    simple = rmse(test[0][:, -1, -1:], test[1])
    print(f"\nmeasured:     RMSE {rmse(forecast, test[1]):.4f}; loss {losses[-1]:.4f}", end="")
    print(f" ('as today' has RMSE {simple:.4f})")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
