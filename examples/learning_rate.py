"""The learning rate: too large, too small, good; and rates that decay as training goes on.

1. One softmax classifier, three rates. At 1.5 the cost leaps up and a logarithm of zero soon makes
   it nan; at 1e-10 nothing moves; at 0.1 it learns.
2. A regression trained on one noisy example at a time. A constant rate never comes to rest: each
   example pulls the weights its own way. A rate that decays (exponentially, by steps, as 1/t) is
   large at first and small at the end, and settles near the best weights.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

# Three features, three classes, not separable without care; the last three rows are for the test.
ROWS = np.array(
    [[1, 2, 1], [1, 3, 2], [1, 3, 4], [1, 5, 5], [1, 7, 5], [1, 2, 5], [1, 6, 6], [1, 7, 7]]
    + [[2, 1, 1], [3, 1, 2], [3, 3, 4]],
    dtype=np.float32,
)
CLASSES = np.array([2, 2, 2, 1, 1, 1, 0, 0, 2, 2, 2])
START_RATE = 0.05


def train_softmax(learning_rate, steps, seed):
    """Return the cost at every step and the accuracy on the last three rows."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    X = tf.placeholder(tf.float32, [None, 3])
    Y = tf.placeholder(tf.float32, [None, 3])
    W = tf.Variable(tf.random_normal([3, 3]))
    b = tf.Variable(tf.random_normal([3]))
    hypothesis = tf.nn.softmax(tf.matmul(X, W) + b)
    cost = tf.reduce_mean(-tf.reduce_sum(Y * tf.log(hypothesis), axis=1))
    train = tf.train.GradientDescentOptimizer(learning_rate=learning_rate).minimize(cost)
    is_correct = tf.equal(tf.argmax(hypothesis, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(is_correct, tf.float32))

    one_hot = np.eye(3, dtype=np.float32)[CLASSES]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        feed = {X: ROWS[:8], Y: one_hot[:8]}
        costs = [sess.run([cost, train], feed_dict=feed)[0] for _ in range(steps)]
        return costs, sess.run(accuracy, feed_dict={X: ROWS[8:], Y: one_hot[8:]})


def decayed_rate(name, global_step, steps):
    """Return the learning rate as a tensor that depends on the global step."""
    if name == "constant":
        return tf.constant(START_RATE)
    if name == "exponential":
        return tf.train.exponential_decay(START_RATE, global_step, steps // 20, 0.75)
    if name == "step":
        boundaries = [steps // 4, steps // 2, 3 * steps // 4]
        values = [START_RATE, START_RATE / 5, START_RATE / 25, START_RATE / 125]
        return tf.train.piecewise_constant(global_step, boundaries, values)
    return tf.train.inverse_time_decay(
        START_RATE, global_step, decay_steps=steps // 100, decay_rate=1.0
    )


def train_noisy(name, data, best, steps, seed):
    """Train on one example a step; return the rates and the distances from the best weights."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    x_data, y_data = data
    X = tf.placeholder(tf.float32, [None, 2])
    Y = tf.placeholder(tf.float32, [None, 1])
    W = tf.get_variable("W", shape=[2, 1], initializer=tf.random_normal_initializer(stddev=0.1))
    cost = tf.reduce_mean(tf.square(tf.matmul(X, W) - Y))
    distance = tf.norm(W - tf.constant(best))

    global_step = tf.Variable(0, trainable=False, name="global_step")
    learning_rate = decayed_rate(name, global_step, steps)
    optimizer = tf.train.GradientDescentOptimizer(learning_rate)
    train = optimizer.minimize(cost, global_step=global_step)

    rates, distances = [], []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps):
            row = slice(step % len(x_data), step % len(x_data) + 1)
            sess.run(train, feed_dict={X: x_data[row], Y: y_data[row]})
            if step % 10 == 9:
                rate_value, distance_value = sess.run([learning_rate, distance])
                rates.append(rate_value)
                distances.append(distance_value)
    return rates, distances


def noisy_data(seed, rows):
    random = np.random.RandomState(seed)
    x_data = random.randn(rows, 2).astype(np.float32)
    y_data = (x_data.dot([[3.0], [-2.0]]) + random.randn(rows, 1)).astype(np.float32)
    best = np.linalg.lstsq(x_data, y_data, rcond=None)[0].astype(np.float32)
    return (x_data, y_data), best


def draw(costs_by_rate, decays):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (costs_axis, rates_axis, distances_axis) = plt.subplots(1, 3, figsize=(14, 4))
    for rate, costs in costs_by_rate.items():
        bad = np.flatnonzero(np.isnan(costs))
        note = f" (nan from step {bad[0]})" if len(bad) else ""
        costs_axis.plot(costs, label=f"rate {rate:g}{note}")
    costs_axis.set_ylim(0, 10)
    costs_axis.set_title("cost")
    for name, (rates, distances) in decays.items():
        steps = 10 * np.arange(1, len(rates) + 1)
        rates_axis.plot(steps, rates, label=name)
        distances_axis.plot(steps, distances, label=name, lw=0.8)
    rates_axis.set_title("learning rate")
    distances_axis.set_title("distance from the best weights")
    for axis in (rates_axis, distances_axis):
        axis.set_yscale("log")
    for axis in (costs_axis, rates_axis, distances_axis):
        axis.set_xlabel("step")
        axis.legend()
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/learning_rate.png", dpi=120)
    print("plot: outputs/learning_rate.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 noisy steps instead of 4,000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    steps = 1000 if args.quick else 4000

    costs_by_rate = {}
    for rate in (1.5, 1e-10, 0.1):
        costs_by_rate[rate], accuracy = train_softmax(rate, 201, args.seed)
        first, last = costs_by_rate[rate][0], costs_by_rate[rate][-1]
        print(f"rate {rate:<6g} cost {first:.4f} to {last:.4f}, test accuracy {accuracy:.2f}")

    data, best = noisy_data(args.seed, rows=500)
    decays, rest = {}, {}
    for name in ("constant", "exponential", "step", "1/t"):
        decays[name] = train_noisy(name, data, best, steps, args.seed)
        rest[name] = np.mean(decays[name][1][-len(decays[name][1]) // 4 :])
        print(
            f"{name:11s} rate {decays[name][0][-1]:.5f} at the end, "
            f"mean distance from the best weights {rest[name]:.4f}"
        )
    draw(costs_by_rate, decays)

    print("\nmeasured:     distance at the end", end="")
    print(",".join(f" {distance:.4f} ({name})" for name, distance in rest.items()))
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
