"""Preparing data: standardisation, min-max, PCA; and a regression that is executed eagerly.

1. A table of share prices beside their volume: columns of one to a million. Standardised, every
   column has mean 0 and deviation 1; by min-max every value lies in [0, 1].
2. PCA: the prices of a day move together, so that of five columns two tell nearly everything.
3. `tf.enable_eager_execution()`: no graph and no session, each op gives its numbers at once. On the
   raw table gradient descent leaves for infinity; on the min-max table it learns, with an L2
   penalty on the weights and a learning rate that decays. The gradients come from a tape.
"""

import argparse

import course_data
import numpy as np
import tensorflow as tf

DAYS = 7
L2 = 0.01


def standardised(table):
    return (table - table.mean(axis=0)) / table.std(axis=0)


def min_max(table):
    lowest, highest = table.min(axis=0), table.max(axis=0)
    return (table - lowest) / (highest - lowest)


def describe(name, table):
    print(
        f"{name:12s} mean of each column",
        np.array2string(table.mean(axis=0), precision=3, suppress_small=True),
    )
    print(
        f"{'':12s} deviation          ",
        np.array2string(table.std(axis=0), precision=3, suppress_small=True),
    )


def explained_variance(table):
    """Return the part of the variance on each principal component, or None without scikit-learn."""
    try:
        from sklearn.decomposition import PCA
    except ImportError:
        print("scikit-learn is not installed: no PCA")
        return None
    return PCA().fit(table).explained_variance_ratio_


class Regression:
    """A linear model whose variables have their values at once."""

    def __init__(self, columns):
        self.W = tf.Variable(tf.random_normal([columns, 1]), name="weight")
        self.b = tf.Variable(tf.random_normal([1]), name="bias")
        self.variables = [self.W, self.b]

    def __call__(self, features):
        return tf.matmul(features, self.W) + self.b

    def loss(self, features, labels, penalty):
        cost = tf.reduce_mean(tf.square(self(features) - labels))
        return cost + penalty * tf.nn.l2_loss(self.W)


def train(table, steps, penalty, start_rate, seed):
    """Return the losses and the learning rates, step by step, and the model."""
    tf.set_random_seed(seed)  # the same first weights each time
    features, labels = table[:, :-1], table[:, -1:]
    dataset = tf.data.Dataset.from_tensor_slices((features, labels)).batch(len(table))
    model = Regression(features.shape[1])
    global_step = tf.Variable(0, trainable=False, dtype=tf.int64, name="global_step")
    rate = tf.train.exponential_decay(start_rate, global_step, steps // 4, 0.5, staircase=True)
    optimizer = tf.train.GradientDescentOptimizer(rate)
    losses, rates = [], []
    for _ in range(steps):
        for batch, wanted in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(batch, wanted, penalty)
            rates.append(float(rate()))
            losses.append(float(loss))
            gradients = tape.gradient(loss, model.variables)
            optimizer.apply_gradients(zip(gradients, model.variables), global_step=global_step)
    return losses, rates, model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="101 steps instead of 1,001")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    steps = 101 if args.quick else 1001

    tf.enable_eager_execution()
    path = course_data.path("data-02-stock_daily.csv")
    raw = np.loadtxt(path, delimiter=",", dtype=np.float32)
    describe("raw", raw)
    describe("standardised", standardised(raw))
    describe("min-max", min_max(raw))
    ratio = explained_variance(standardised(raw))
    if ratio is not None:
        print(
            "PCA: variance explained by the components",
            np.array2string(ratio, precision=4, suppress_small=True),
        )

    week = raw[:DAYS]
    losses, _, _ = train(week, 10, 0.0, 1e-5, args.seed)
    print(
        f"\nraw table, rate 0.00001: loss {losses[0]:.3g}, then {losses[1]:.3g}, then {losses[-1]:.3g}"
    )
    losses, rates, model = train(min_max(week), steps, L2, 0.1, args.seed)
    print("min-max table, L2 penalty, decaying rate:")
    for step in range(0, steps, steps // 10):
        print(f"step {step:4d} loss {losses[step]:.4f} learning rate {rates[step]:.6f}")
    weights = np.array2string(model.W.numpy().ravel(), precision=4)
    print(f"weights {weights} bias {model.b.numpy()[0]:.4f}")
    plain, _, _ = train(min_max(week), steps, 0.0, 0.1, args.seed)

    print(
        f"\nmeasured:     loss {losses[0]:.4f} to {losses[-1]:.4f}; without the penalty {plain[-1]:.4f}"
    )
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
