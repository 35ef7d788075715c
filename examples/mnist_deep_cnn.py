"""MNIST with three convolutions and two dense layers, dropout, as a class; or with `tf.layers`.

Convolutions of 32, 64 and 128 filters, each with ReLU, pooling and dropout, then 625 units and the
ten digits. `Model` keeps the placeholders, the graph and the session together, so that the program
below reads `model.train(...)` and could hold several networks, each in its own variable scope.
`LayersModel` (--layers) is the same network in the short form: `tf.layers` makes the weights, and
one boolean placeholder, `training`, says for all the dropouts whether they act. In the last epochs
the learning rate is a tenth, to settle.
"""

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data
from tqdm import tqdm

LEARNING_RATE = 0.001
BATCH_SIZE = 100
FULL_RATE_EPOCHS = 10  # later epochs run at a tenth of the learning rate
KEEP = 0.7
XAVIER = tf.glorot_uniform_initializer()


class Model:
    """A network with its placeholders, its training operation and the session to run them in."""

    def __init__(self, sess, name):
        self.sess = sess
        with tf.variable_scope(name):
            self.X = tf.placeholder(tf.float32, [None, 784])
            self.Y = tf.placeholder(tf.float32, [None, 10])
            self.learning_rate = tf.placeholder(tf.float32, shape=[])
            self.logits = self.build(tf.reshape(self.X, [-1, 28, 28, 1]))

        self.cost = tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits_v2(logits=self.logits, labels=self.Y)
        )
        self.optimizer = tf.train.AdamOptimizer(self.learning_rate).minimize(self.cost)
        self.guess = tf.argmax(self.logits, 1)

    def build(self, pictures):
        """Return the scores of the ten digits."""
        self.keep_prob = tf.placeholder(tf.float32)
        L1 = self.convolution(pictures, 1, 32, "layer1")
        L2 = self.convolution(L1, 32, 64, "layer2")
        L3 = self.convolution(L2, 64, 128, "layer3")
        flat = tf.reshape(L3, [-1, 4 * 4 * 128])
        L4 = tf.nn.relu(self.linear(flat, 4 * 4 * 128, 625, "layer4"))
        return self.linear(tf.nn.dropout(L4, keep_prob=self.keep_prob), 625, 10, "layer5")

    def convolution(self, x, width_in, width_out, name):
        """3x3 filters, ReLU, the largest of every 2x2 outputs, dropout."""
        with tf.variable_scope(name):
            W = tf.get_variable("W", [3, 3, width_in, width_out], initializer=XAVIER)
            L = tf.nn.relu(tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME"))
            L = tf.nn.max_pool(L, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
            return tf.nn.dropout(L, keep_prob=self.keep_prob)

    def linear(self, x, width_in, width_out, name):
        with tf.variable_scope(name):
            W = tf.get_variable("W", [width_in, width_out], initializer=XAVIER)
            b = tf.Variable(tf.zeros([width_out]), name="b")
            return tf.matmul(x, W) + b

    def mode(self, training):
        """What to feed beside the pictures, in training and in use."""
        return {self.keep_prob: KEEP if training else 1.0}

    def train(self, x, y, learning_rate):
        """One step of the optimizer; return the cost before it."""
        feed = {self.X: x, self.Y: y, self.learning_rate: learning_rate, **self.mode(True)}
        return self.sess.run([self.cost, self.optimizer], feed_dict=feed)[0]

    def predict(self, x):
        """Return the digits. In parts: all at once, a layer's answers alone would fill 1 GB."""
        parts = [x[start : start + 1000] for start in range(0, len(x), 1000)]
        feeds = [{self.X: part, **self.mode(False)} for part in parts]
        return np.concatenate([self.sess.run(self.guess, feed_dict=feed) for feed in feeds])


class LayersModel(Model):
    """The same network with `tf.layers`."""

    def build(self, pictures):
        self.training = tf.placeholder(tf.bool)
        layer = pictures
        for filters in (32, 64, 128):
            layer = tf.layers.conv2d(
                layer, filters, kernel_size=[3, 3], padding="same", activation=tf.nn.relu
            )
            layer = tf.layers.max_pooling2d(layer, pool_size=[2, 2], strides=2, padding="same")
            layer = tf.layers.dropout(layer, rate=1 - KEEP, training=self.training)
        flat = tf.layers.flatten(layer)
        dense = tf.layers.dense(flat, units=625, activation=tf.nn.relu)
        dense = tf.layers.dropout(dense, rate=1 - KEEP, training=self.training)
        return tf.layers.dense(dense, units=10)

    def mode(self, training):
        return {self.training: training}


def train(model, mnist, epochs, steps):
    """Train; return the test accuracy after each epoch, and at last the digits guessed."""
    accuracies = []
    digits = np.argmax(mnist.test.labels, 1)
    for epoch in range(epochs):
        rate = LEARNING_RATE if epoch < FULL_RATE_EPOCHS else LEARNING_RATE / 10
        average_cost = 0.0
        for _ in tqdm(range(steps), f"epoch {epoch + 1}", leave=False, disable=None):
            batch_xs, batch_ys = mnist.train.next_batch(BATCH_SIZE)
            average_cost += model.train(batch_xs, batch_ys, rate) / steps
        guesses = model.predict(mnist.test.images)
        accuracies.append(np.mean(guesses == digits))
        print(
            f"epoch {epoch + 1:2d}  cost {average_cost:.4f}  test accuracy {accuracies[-1]:.4f}",
            flush=True,
        )
    return accuracies, guesses


def draw(mnist, accuracies, guesses):
    """The errors after each epoch, and the first pictures that are still read wrongly."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(11, 4))
    left = figure.add_subplot(1, 2, 1)
    left.plot(range(1, len(accuracies) + 1), [1 - accuracy for accuracy in accuracies], "o-")
    left.set_yscale("log")
    left.set_xlabel("epoch")
    left.set_title("MNIST, three convolutions: errors on the test pictures")
    digits = np.argmax(mnist.test.labels, 1)
    wrong = np.flatnonzero(guesses != digits)[:24]
    tiles = np.zeros([24, 28, 28])
    tiles[: len(wrong)] = mnist.test.images[wrong].reshape(-1, 28, 28)
    right = figure.add_subplot(1, 2, 2)
    right.imshow(tiles.reshape(4, 6, 28, 28).swapaxes(1, 2).reshape(4 * 28, 6 * 28), cmap="binary")
    right.axis("off")
    right.set_title("still read wrongly: digit > what was read")
    for i, row in enumerate(wrong):
        text = f"{digits[row]}>{guesses[row]}"
        right.text(28 * (i % 6) + 1, 28 * (i // 6) + 5, text, color="red", fontsize=8)
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/mnist_deep_cnn.png", dpi=120)
    print("plot: outputs/mnist_deep_cnn.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60 steps instead of 15 epochs")
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument("--layers", action="store_true", help="the network in tf.layers")
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    steps = 60 if args.quick else mnist.train.num_examples // BATCH_SIZE
    with tf.Session() as sess:
        model = (LayersModel if args.layers else Model)(sess, "model")
        sess.run(tf.global_variables_initializer())
        accuracies, guesses = train(model, mnist, 1 if args.quick else 15, steps)
    draw(mnist, accuracies, guesses)

    print(f"\nmeasured:     accuracy {accuracies[-1]:.4f}")
    print("in the notes: accuracy 0.9938")


if __name__ == "__main__":
    main()
