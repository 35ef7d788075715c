"""Restricted Boltzmann machines layer by layer, then fine-tuning: learning with few labels.

A restricted Boltzmann machine joins visible units (the pixels) and hidden ones by weights that work
both ways. It learns without labels, by contrastive divergence: see a picture, switch hidden units
on with the probabilities it gives, paint the picture again from these, and move the weights so that
the picture becomes more likely and the painting less. A second machine then learns what the hidden
units of the first say, and so on. The stack, with one more layer on top, is at last fine-tuned as an
ordinary network with the few labels there are, here 500. The same network from random weights shows
what the pretraining, which needs no label, was worth.
"""

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data
from tqdm import tqdm

WIDTHS = (784, 400, 200, 100)
BATCH_SIZE = 100
RBM_RATE = 0.1
FINE_RATE = 0.001
LABELLED = 500


class RBM:
    """A restricted Boltzmann machine on the visible units `v`, (pictures, units) in [0, 1]."""

    def __init__(self, v, width_in, width_out, name):
        with tf.variable_scope(name):
            start = tf.random_normal_initializer(stddev=0.05)
            self.W = tf.get_variable("W", shape=[width_in, width_out], initializer=start)
            self.b = tf.get_variable("b", shape=[width_in], initializer=tf.zeros_initializer())
            self.c = tf.get_variable("c", shape=[width_out], initializer=tf.zeros_initializer())
            self.hidden = self.up(v)
            dice = tf.random_uniform(tf.shape(self.hidden))
            states = tf.cast(dice < self.hidden, tf.float32)
            self.painted = self.down(states)
            hidden_again = self.up(self.painted)

            seen = tf.matmul(v, self.hidden, transpose_a=True)
            imagined = tf.matmul(self.painted, hidden_again, transpose_a=True)
            rate = RBM_RATE / BATCH_SIZE
            self.learn = tf.group(
                self.W.assign_add(rate * (seen - imagined)),
                self.b.assign_add(rate * tf.reduce_sum(v - self.painted, 0)),
                self.c.assign_add(rate * tf.reduce_sum(self.hidden - hidden_again, 0)),
            )
            self.error = tf.reduce_mean(tf.square(v - self.painted))

    def up(self, v):
        """The probabilities that the hidden units are on."""
        return tf.sigmoid(tf.matmul(v, self.W) + self.c)

    def down(self, h):
        """The probabilities that the visible units are on."""
        return tf.sigmoid(tf.matmul(h, self.W, transpose_b=True) + self.b)


def build_stack(X):
    """Return the machines; each sees what the hidden units of the one below say."""
    stack, v = [], X
    for number in range(1, len(WIDTHS)):
        stack.append(RBM(v, WIDTHS[number - 1], WIDTHS[number], f"rbm{number}"))
        v = stack[-1].hidden
    return stack


def pretrain(sess, X, stack, images, epochs):
    """Train one machine after the other."""
    for number, rbm in enumerate(stack, 1):
        for epoch in range(epochs):
            batches = np.split(np.random.permutation(len(images)), len(images) // BATCH_SIZE)
            error = 0.0
            for rows in tqdm(batches, f"machine {number}", leave=False, disable=None):
                value, _ = sess.run([rbm.error, rbm.learn], feed_dict={X: images[rows]})
                error += value / len(batches)
            print(f"machine {number}, epoch {epoch + 1:2d}  error {error:.4f}", flush=True)


def fine_tune(sess, train, accuracy, few, test, epochs):
    """Train all the layers on the few labelled pictures; return the test accuracy after each."""
    (X, images), (Y, labels) = few
    accuracies = []
    for _ in tqdm(range(epochs), "fine-tuning", leave=False, disable=None):
        order = np.random.permutation(len(images))
        for rows in np.split(order, len(images) // BATCH_SIZE):
            sess.run(train, feed_dict={X: images[rows], Y: labels[rows]})
        accuracies.append(sess.run(accuracy, feed_dict=test))
    return accuracies


def draw(accuracies, filters, pictures, painted):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(13, 4))
    left = figure.add_subplot(1, 3, 1)
    for name, values in accuracies.items():
        left.plot(range(1, len(values) + 1), values, label=name)
    left.set_xlabel("epoch of fine-tuning")
    left.set_title(f"test accuracy with {LABELLED} labels")
    left.legend()
    sheets = (
        ("weights of 64 hidden units of the first machine", filters[:, :64].T),
        ("pictures, and painted by the first machine", np.stack([pictures, painted], 1)),
    )
    for place, (title, images) in enumerate(sheets, 2):
        axis = figure.add_subplot(1, 3, place)
        tiles = images.reshape(8, 8, 28, 28).transpose(0, 2, 1, 3).reshape(224, 224)
        axis.imshow(tiles, cmap="gray")
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/rbm_pretraining.png", dpi=110)
    print("plot: outputs/rbm_pretraining.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="8,000 pictures once, 20 epochs after")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    np.random.seed(args.seed)  # now: reading the pictures has seeded NumPy anew
    images = mnist.train.images[:8000] if args.quick else mnist.train.images
    images = images[: len(images) // BATCH_SIZE * BATCH_SIZE]
    rbm_epochs, fine_epochs = (1, 20) if args.quick else (8, 100)

    X = tf.placeholder(tf.float32, [None, WIDTHS[0]])
    Y = tf.placeholder(tf.float32, [None, 10])
    stack = build_stack(X)
    with tf.variable_scope("output"):
        xavier = tf.glorot_uniform_initializer()
        W = tf.get_variable("W", shape=[WIDTHS[-1], 10], initializer=xavier)
        b = tf.get_variable("b", shape=[10], initializer=tf.zeros_initializer())
        logits = tf.matmul(stack[-1].hidden, W) + b
    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
    train = tf.train.AdamOptimizer(FINE_RATE).minimize(cost)
    is_correct = tf.equal(tf.argmax(logits, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(is_correct, tf.float32))

    few = (X, mnist.train.images[:LABELLED]), (Y, mnist.train.labels[:LABELLED])
    test = {X: mnist.test.images, Y: mnist.test.labels}
    start = tf.global_variables_initializer()
    accuracies = {}
    with tf.Session() as sess:
        sess.run(start)
        pretrain(sess, X, stack, images, rbm_epochs)
        filters = sess.run(stack[0].W)
        painted = sess.run(stack[0].painted, feed_dict={X: mnist.test.images[:32]})
        accuracies["pretrained"] = fine_tune(sess, train, accuracy, few, test, fine_epochs)
        sess.run(start)
        accuracies["random start"] = fine_tune(sess, train, accuracy, few, test, fine_epochs)
    draw(accuracies, filters, mnist.test.images[:32], painted)

    print(f"\nmeasured:     accuracy with {LABELLED} labels", end="")
    print(",".join(f" {values[-1]:.4f} ({name})" for name, values in accuracies.items()))
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
