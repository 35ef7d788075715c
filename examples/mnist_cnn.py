"""MNIST with two convolutions: 3x3x32, pool, 3x3x64, pool, one fully connected layer, Adam.

A convolution slides the same few weights over the whole picture, so what it learns in one corner it
knows in all the others; a pooling layer then keeps the strongest answer of every two by two. The
picture goes from 28x28x1 to 14x14x32 to 7x7x64, and these 3,136 numbers are what the last layer
sees. The learning rate is a placeholder: a tenth of it is fed in the last epochs, to settle.
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
XAVIER = tf.glorot_uniform_initializer()


def convolution(x, width_in, width_out, name):
    """3x3 filters over every position, ReLU, and the largest of every 2x2 outputs."""
    with tf.variable_scope(name):
        W = tf.get_variable("W", shape=[3, 3, width_in, width_out], initializer=XAVIER)
        L = tf.nn.relu(tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME"))
        return tf.nn.max_pool(L, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def build_network(X):
    """Return the scores of the ten digits."""
    pictures = tf.reshape(X, [-1, 28, 28, 1])
    L1 = convolution(pictures, 1, 32, "layer1")
    L2 = convolution(L1, 32, 64, "layer2")
    print("the picture on its way:", *(t.get_shape().as_list()[1:] for t in (pictures, L1, L2)))
    with tf.variable_scope("layer3"):
        flat = tf.reshape(L2, [-1, 7 * 7 * 64])
        W3 = tf.get_variable("W", shape=[7 * 7 * 64, 10], initializer=XAVIER)
        b3 = tf.Variable(tf.zeros([10]), name="b")
        return tf.matmul(flat, W3) + b3


def train(mnist, epochs, steps):
    """Train; return the test accuracy and the mean cost after each epoch, and the filters."""
    X = tf.placeholder(tf.float32, [None, 784])
    Y = tf.placeholder(tf.float32, [None, 10])
    learning_rate = tf.placeholder(tf.float32, shape=[])
    logits = build_network(X)

    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
    optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate).minimize(cost)
    is_correct = tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(Y, 1)), tf.float32)
    correct = tf.reduce_sum(is_correct)

    def test_accuracy():
        """In parts: all at once, the first layer's answers alone would fill 1 GB."""
        images, labels = mnist.test.images, mnist.test.labels
        parts = [slice(start, start + 1000) for start in range(0, len(images), 1000)]
        return sum(sess.run(correct, {X: images[p], Y: labels[p]}) for p in parts) / len(images)

    history = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for epoch in range(epochs):
            rate = LEARNING_RATE if epoch < FULL_RATE_EPOCHS else LEARNING_RATE / 10
            average_cost = 0.0
            for _ in tqdm(range(steps), f"epoch {epoch + 1}", leave=False, disable=None):
                batch_xs, batch_ys = mnist.train.next_batch(BATCH_SIZE)
                feed = {X: batch_xs, Y: batch_ys, learning_rate: rate}
                cost_value, _ = sess.run([cost, optimizer], feed_dict=feed)
                average_cost += cost_value / steps
            history.append((test_accuracy(), average_cost))
            print(
                f"epoch {epoch + 1:2d}  cost {average_cost:.4f}  "
                f"test accuracy {history[-1][0]:.4f}",
                flush=True,
            )
        return history, sess.run(tf.trainable_variables()[0])


def draw(history, filters):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(10, 4))
    left = figure.add_subplot(1, 2, 1)
    left.plot(range(1, len(history) + 1), [1 - accuracy for accuracy, _ in history], "o-")
    left.set_yscale("log")
    left.set_xlabel("epoch")
    left.set_title("MNIST, two convolutions: errors on the test pictures")
    right = figure.add_subplot(1, 2, 2)
    tiles = np.pad(filters[:, :, 0], ((0, 1), (0, 1), (0, 0)), constant_values=np.nan)
    sheet = tiles.reshape(4, 4, 4, 8).transpose(2, 0, 3, 1).reshape(16, 32)
    right.imshow(sheet, cmap="gray")
    right.axis("off")
    right.set_title("the 32 filters of the first layer")
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/mnist_cnn.png", dpi=120)
    print("plot: outputs/mnist_cnn.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 steps instead of 15 epochs")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    steps = 100 if args.quick else mnist.train.num_examples // BATCH_SIZE
    history, filters = train(mnist, 1 if args.quick else 15, steps)
    draw(history, filters)

    print(f"\nmeasured:     accuracy {history[-1][0]:.4f}")
    print("in the notes: accuracy 0.9885")


if __name__ == "__main__":
    main()
