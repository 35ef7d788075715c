"""Transfer: a trained network reused, by feature extraction and by fine-tuning.

A convolutional network first learns the digits 0 to 4, of which there are plenty of pictures. Then
the digits 5 to 9 are to be told apart, with only ten pictures of each. Three ways:

- from scratch: the same network from random weights;
- feature extraction: the trained convolutions are kept and frozen (the optimizer gets only the
  other variables in its `var_list`), and new layers on top of them are trained;
- fine-tuning: the same start, but the convolutions are trained too, carefully, by an optimizer of
  their own at a tenth of the learning rate.

The trained weights go from one graph to the next as NumPy arrays: `session.run(variables)` in the
first, `variable.load(value, session)` in the second. (`tf.train.Saver` would keep them in a file.)
"""

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data
from tqdm import tqdm

LEARNING_RATE = 0.001
SOURCE_BATCH = 100
SMALL_BATCH = 10
EACH = 10  # pictures of each new digit
WAYS = ("from scratch", "feature extraction", "fine-tuning")


def build_network(X):
    """Return the scores of five digits: the scope "features" holds the convolutions."""
    layer = tf.reshape(X, [-1, 28, 28, 1])
    with tf.variable_scope("features"):
        for filters in (16, 32, 64):
            layer = tf.layers.conv2d(layer, filters, 3, padding="same", activation=tf.nn.relu)
            layer = tf.layers.max_pooling2d(layer, pool_size=2, strides=2)
    with tf.variable_scope("top"):
        layer = tf.layers.dense(tf.layers.flatten(layer), units=64, activation=tf.nn.relu)
        return tf.layers.dense(layer, units=5)


class Network:
    """The network for five digits, with the optimizer that a way of training it asks for."""

    def __init__(self, way):
        self.X = tf.placeholder(tf.float32, [None, 784])
        self.Y = tf.placeholder(tf.int64, [None])
        logits = build_network(self.X)
        self.cost = tf.losses.sparse_softmax_cross_entropy(labels=self.Y, logits=logits)
        is_correct = tf.equal(tf.argmax(logits, 1), self.Y)
        self.correct = tf.reduce_sum(tf.cast(is_correct, tf.float32))

        self.features = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="features")
        top = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="top")
        optimizer = tf.train.AdamOptimizer(LEARNING_RATE)
        if way == "from scratch":
            self.trained = self.features + top
            self.step = optimizer.minimize(self.cost)
        elif way == "feature extraction":
            self.trained = top
            self.step = optimizer.minimize(self.cost, var_list=top)
        else:
            self.trained = self.features + top
            careful = tf.train.AdamOptimizer(LEARNING_RATE / 10)
            gradients = optimizer.compute_gradients(self.cost, self.trained)
            self.step = tf.group(
                careful.apply_gradients(gradients[: len(self.features)]),
                optimizer.apply_gradients(gradients[len(self.features) :]),
            )

    def train(self, sess, images, labels, steps, batch, after_step=lambda step: None):
        """Train for some steps, in a new order whenever all the pictures have been seen."""
        order, bar = np.zeros(0, int), tqdm(range(1, steps + 1), leave=False, disable=None)
        for step in bar:
            if len(order) < batch:
                order = np.random.permutation(len(images))
            rows, order = order[:batch], order[batch:]
            feed = {self.X: images[rows], self.Y: labels[rows]}
            cost, _ = sess.run([self.cost, self.step], feed_dict=feed)
            bar.set_postfix(cost=f"{cost:.4f}", refresh=False)
            after_step(step)

    def accuracy(self, sess, images, labels):
        parts = [slice(start, start + 1000) for start in range(0, len(images), 1000)]
        feeds = [{self.X: images[p], self.Y: labels[p]} for p in parts]
        return sum(sess.run(self.correct, feed_dict=feed) for feed in feeds) / len(images)


def learn_source(seed, train, test, steps):
    """Train on the digits with many pictures; return the weights of the convolutions."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(seed)
        network = Network("from scratch")
        sess.run(tf.global_variables_initializer())
        network.train(sess, *train, steps, SOURCE_BATCH)
        print(f"digits 0 to 4: test accuracy {network.accuracy(sess, *test):.4f}", flush=True)
        return sess.run(network.features)


def learn_target(way, weights, seed, few, test, steps, every):
    """Train on the few pictures of the new digits; return the test accuracy every few steps."""
    np.random.seed(seed)  # the same batches for each way
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(seed)
        network = Network(way)
        sess.run(tf.global_variables_initializer())
        if way != "from scratch":
            for variable, value in zip(network.features, weights):
                variable.load(value, sess)
        accuracies = [network.accuracy(sess, *test)]

        def test_now_and_then(step):
            if step % every == 0:
                accuracies.append(network.accuracy(sess, *test))

        network.train(sess, *few, steps, SMALL_BATCH, test_now_and_then)
        sizes = [int(np.prod(v.get_shape().as_list())) for v in network.trained]
        print(
            f"{way:18s} trains {sum(sizes):6,d} parameters; digits 5 to 9: "
            f"test accuracy {accuracies[-1]:.4f}",
            flush=True,
        )
        return accuracies


def draw(results, every):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(7, 4))
    for way, accuracies in results.items():
        plt.plot(every * np.arange(len(accuracies)), accuracies, "o-", ms=3, label=way)
    plt.xlabel("step")
    plt.ylabel("test accuracy")
    plt.title(f"the digits 5 to 9 from {EACH} pictures of each")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/fine_tuning.png", dpi=120)
    print("plot: outputs/fine_tuning.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="80 steps, then 30, not 1,500 and 300")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    source_steps, steps, every = (80, 30, 15) if args.quick else (1500, 300, 10)

    mnist = input_data.read_data_sets("MNIST_data/")
    np.random.seed(args.seed)  # now: reading the pictures has seeded NumPy anew

    def digits(data, lowest):
        rows = (data.labels >= lowest) & (data.labels < lowest + 5)
        return data.images[rows], data.labels[rows] - lowest

    images, labels = digits(mnist.train, 5)
    rows = np.concatenate([np.flatnonzero(labels == digit)[:EACH] for digit in range(5)])
    few = images[rows], labels[rows]
    weights = learn_source(args.seed, digits(mnist.train, 0), digits(mnist.test, 0), source_steps)
    results = {
        way: learn_target(way, weights, args.seed, few, digits(mnist.test, 5), steps, every)
        for way in WAYS
    }
    draw(results, every)

    print("\nmeasured:     accuracy", end="")
    print(",".join(f" {accuracies[-1]:.4f} ({way})" for way, accuracies in results.items()))
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
