"""Online learning: a stream of batches, each seen once, against one batch fit.

Two copies of a network. One is fitted once, over and over on the pictures that there are at first
(a batch fit), and then put to use as it is. The other knows nothing at first and learns online:
each small batch of the stream is first a test and then a lesson, and is never seen again. As long
as the world stays the same the batch fit is hard to reach. Halfway through the stream the camera is
mounted the wrong way round, and all pictures come mirrored. The batch fit fails from then on, and
nothing tells it; the online network stumbles too, and learns its way out.
"""

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data
from tqdm import tqdm

LEARNING_RATE = 0.002
STREAM_BATCH = 20
FIT_BATCH = 100
HIDDEN = 128


class Network:
    """784-128-10 with ReLU, in a variable scope of its own."""

    def __init__(self, sess, name):
        self.sess = sess
        with tf.variable_scope(name):
            self.X = tf.placeholder(tf.float32, [None, 784])
            self.Y = tf.placeholder(tf.int64, [None])
            hidden = tf.nn.relu(self.linear(self.X, 784, HIDDEN, "layer1"))
            logits = self.linear(hidden, HIDDEN, 10, "layer2")
        self.guess = tf.argmax(logits, 1)
        cost = tf.losses.sparse_softmax_cross_entropy(labels=self.Y, logits=logits)
        self.step = tf.train.AdamOptimizer(LEARNING_RATE).minimize(cost)

    def linear(self, x, width_in, width_out, name):
        with tf.variable_scope(name):
            xavier = tf.glorot_uniform_initializer()
            W = tf.get_variable("W", shape=[width_in, width_out], initializer=xavier)
            b = tf.get_variable("b", shape=[width_out], initializer=tf.zeros_initializer())
            return tf.matmul(x, W) + b

    def learn(self, images, labels):
        self.sess.run(self.step, feed_dict={self.X: images, self.Y: labels})

    def accuracy(self, images, labels):
        return np.mean(self.sess.run(self.guess, feed_dict={self.X: images}) == labels)


def mirror(images):
    """Left becomes right."""
    return images.reshape(-1, 28, 28)[:, :, ::-1].reshape(-1, 784)


def fit(network, images, labels, epochs):
    """The batch fit: all the pictures, over and over."""
    for _ in tqdm(range(epochs), "batch fit", leave=False, disable=None):
        order = np.random.permutation(len(images))
        for rows in np.array_split(order, len(images) // FIT_BATCH):
            network.learn(images[rows], labels[rows])


def follow(online, fitted, images, labels):
    """Run the stream; return the two accuracies on each batch, measured before it is learned."""
    history = []
    for start in tqdm(range(0, len(images), STREAM_BATCH), "stream", leave=False, disable=None):
        batch = images[start : start + STREAM_BATCH], labels[start : start + STREAM_BATCH]
        history.append((online.accuracy(*batch), fitted.accuracy(*batch)))
        online.learn(*batch)
    return np.array(history)


def draw(history):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    window = min(50, len(history) // 8)
    middle = len(history) // 2 * STREAM_BATCH
    plt.figure(figsize=(8, 4))
    for values, name in zip(history.T, ("online", "batch fit")):
        smooth = np.convolve(values, np.ones(window) / window, "valid")
        seen = (np.arange(len(smooth)) + window) * STREAM_BATCH
        plt.plot(seen, smooth, label=name)
    plt.axvline(middle, color="black", ls="--", lw=0.8, label="from here on mirrored")
    plt.ylim(0, 1)
    plt.xlabel("pictures of the stream")
    plt.ylabel(f"accuracy on the last {window * STREAM_BATCH} pictures")
    plt.title("MNIST as a stream")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/online_learning.png", dpi=120)
    print("plot: outputs/online_learning.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="12,000 pictures instead of 55,000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/")
    np.random.seed(args.seed)  # now: reading the pictures has seeded NumPy anew
    count = min(mnist.train.num_examples, 12000 if args.quick else 55000)
    images, labels = mnist.train.images[:count], mnist.train.labels[:count]
    half = (
        count * 3 // 8 // STREAM_BATCH * STREAM_BATCH
    )  # of the stream; the rest is there at first
    there, now, later = slice(2 * half, count), slice(half), slice(half, 2 * half)
    test_images, test_labels = mnist.test.images, mnist.test.labels

    with tf.Session() as sess:
        online, fitted = Network(sess, "online"), Network(sess, "fitted")
        sess.run(tf.global_variables_initializer())
        fit(fitted, images[there], labels[there], epochs=5 if args.quick else 15)

        first = follow(online, fitted, images[now], labels[now])
        before = [network.accuracy(test_images, test_labels) for network in (online, fitted)]
        print(f"test accuracy before the change: online {before[0]:.4f}, batch fit {before[1]:.4f}")
        second = follow(online, fitted, mirror(images[later]), labels[later])
        mirrored = mirror(test_images)
        after = [network.accuracy(mirrored, test_labels) for network in (online, fitted)]
        print(f"test accuracy after the change:  online {after[0]:.4f}, batch fit {after[1]:.4f}")
    draw(np.concatenate([first, second]))

    print(f"\nmeasured:     online {before[0]:.4f}, then {after[0]:.4f}; ", end="")
    print(f"batch fit {before[1]:.4f}, then {after[1]:.4f}")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
