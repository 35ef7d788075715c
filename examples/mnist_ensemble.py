"""MNIST by a vote: several deep networks with `tf.layers`, their predictions summed.

The networks are built alike, three convolutions and two dense layers with dropout, and see the same
batches; but each starts from its own random weights and ends with its own errors. Where one is
misled the others mostly are not, so the sum of their predictions is right more often than the best
of them. In the last epochs the learning rate is a tenth, to settle.
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


class Model:
    """One of the networks, in a variable scope of its own."""

    def __init__(self, sess, name):
        self.sess = sess
        with tf.variable_scope(name):
            self.training = tf.placeholder(tf.bool)
            self.X = tf.placeholder(tf.float32, [None, 784])
            self.Y = tf.placeholder(tf.float32, [None, 10])
            self.learning_rate = tf.placeholder(tf.float32, shape=[])
            layer = tf.reshape(self.X, [-1, 28, 28, 1])
            for filters in (32, 64, 128):
                layer = tf.layers.conv2d(
                    layer, filters, kernel_size=[3, 3], padding="same", activation=tf.nn.relu
                )
                layer = tf.layers.max_pooling2d(layer, pool_size=[2, 2], strides=2, padding="same")
                layer = tf.layers.dropout(layer, rate=0.3, training=self.training)
            dense = tf.layers.dense(tf.layers.flatten(layer), units=625, activation=tf.nn.relu)
            dense = tf.layers.dropout(dense, rate=0.5, training=self.training)
            logits = tf.layers.dense(dense, units=10)

        self.prediction = tf.nn.softmax(logits)
        self.cost = tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=self.Y)
        )
        self.optimizer = tf.train.AdamOptimizer(self.learning_rate).minimize(self.cost)

    def train(self, x, y, learning_rate):
        """One step of the optimizer; return the cost before it."""
        feed = {self.X: x, self.Y: y, self.learning_rate: learning_rate, self.training: True}
        return self.sess.run([self.cost, self.optimizer], feed_dict=feed)[0]

    def predict(self, x):
        """Return the probabilities of the ten digits, (pictures, 10). In parts, to save memory."""
        parts = [x[start : start + 1000] for start in range(0, len(x), 1000)]
        feeds = [{self.X: part, self.training: False} for part in parts]
        return np.concatenate([self.sess.run(self.prediction, feed_dict=feed) for feed in feeds])


def train(models, mnist, epochs, steps):
    """Train all the models, step by step, on the same batches."""
    for epoch in range(epochs):
        rate = LEARNING_RATE if epoch < FULL_RATE_EPOCHS else LEARNING_RATE / 10
        costs = np.zeros(len(models))
        for _ in tqdm(range(steps), f"epoch {epoch + 1}", leave=False, disable=None):
            batch_xs, batch_ys = mnist.train.next_batch(BATCH_SIZE)
            costs += [model.train(batch_xs, batch_ys, rate) / steps for model in models]
        print(f"epoch {epoch + 1:2d}  cost", *(f"{cost:.4f}" for cost in costs), flush=True)


def vote(models, mnist):
    """Return the accuracy of each model, and of the first one, two, three, ... together."""
    digits = np.argmax(mnist.test.labels, 1)
    predictions = np.array([model.predict(mnist.test.images) for model in models])
    together = np.cumsum(predictions, axis=0)
    return [np.mean(np.argmax(p, 2) == digits, axis=1) for p in (predictions, together)]


def draw(alone, together):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    numbers = np.arange(1, len(alone) + 1)
    plt.figure(figsize=(6, 4))
    plt.plot(numbers, alone, "s", label="each model alone")
    plt.plot(numbers, together, "o-", label="the models up to here together")
    plt.xticks(numbers)
    plt.xlabel("model")
    plt.ylabel("accuracy on the test pictures")
    plt.title("MNIST, an ensemble of deep networks")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/mnist_ensemble.png", dpi=120)
    print("plot: outputs/mnist_ensemble.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="2 models and 30 steps instead of 15 epochs"
    )
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument(
        "--models", type=int, choices=range(2, 8), default=3, help="how many (3 unless given)"
    )
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    steps = 30 if args.quick else mnist.train.num_examples // BATCH_SIZE
    with tf.Session() as sess:
        models = [Model(sess, f"model{m}") for m in range(2 if args.quick else args.models)]
        sess.run(tf.global_variables_initializer())
        train(models, mnist, 1 if args.quick else 15, steps)
        alone, together = vote(models, mnist)
    print("accuracy of each model:", *(f"{accuracy:.4f}" for accuracy in alone))
    print("of the first 1, 2, ...:", *(f"{accuracy:.4f}" for accuracy in together))
    draw(alone, together)

    print(f"\nmeasured:     accuracy {together[-1]:.4f}")
    print("in the notes: accuracy 0.9952")


if __name__ == "__main__":
    main()
