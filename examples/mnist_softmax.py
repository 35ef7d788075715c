"""MNIST with one layer: a softmax over the 784 pixels of a handwritten digit.

The pictures come in batches of 100; one pass over all 55,000 is an epoch. Nothing but a weight for
each pixel and class is learned, and nine digits in ten are read. The plot shows, as a picture for
each class, what the training added to the random weights: what speaks for that digit (red) and what
against it (blue).
"""

import argparse
import os
import time

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

LEARNING_RATE = 0.001
BATCH_SIZE = 100


def train(mnist, epochs):
    """Train; return the accuracy on the test pictures and what was added to W [784, 10]."""
    X = tf.placeholder(tf.float32, [None, 784])
    Y = tf.placeholder(tf.float32, [None, 10])
    W = tf.Variable(tf.random_normal([784, 10]))
    b = tf.Variable(tf.random_normal([10]))
    hypothesis = tf.matmul(X, W) + b

    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=hypothesis, labels=Y))
    optimizer = tf.train.AdamOptimizer(learning_rate=LEARNING_RATE).minimize(cost)
    correct_prediction = tf.equal(tf.argmax(hypothesis, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        W_start = sess.run(W)
        total_batch = mnist.train.num_examples // BATCH_SIZE
        for epoch in range(epochs):
            start, average_cost = time.time(), 0.0
            for _ in range(total_batch):
                batch_xs, batch_ys = mnist.train.next_batch(BATCH_SIZE)
                cost_value, _ = sess.run([cost, optimizer], feed_dict={X: batch_xs, Y: batch_ys})
                average_cost += cost_value / total_batch
            seconds = time.time() - start
            print(f"epoch {epoch + 1:2d}  cost {average_cost:.4f}  ({seconds:.1f} s)", flush=True)

        row = np.random.randint(mnist.test.num_examples)
        guess = sess.run(tf.argmax(hypothesis, 1), feed_dict={X: mnist.test.images[row : row + 1]})
        print(f"picture {row}: {np.argmax(mnist.test.labels[row])}, read as {guess[0]}")
        test = {X: mnist.test.images, Y: mnist.test.labels}
        return accuracy.eval(session=sess, feed_dict=test), sess.run(W) - W_start


def draw(learned):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    sheet = learned.T.reshape(2, 5, 28, 28).swapaxes(1, 2).reshape(2 * 28, 5 * 28)
    plt.figure(figsize=(9, 4.6))
    plt.imshow(sheet, cmap="bwr", vmin=-1.5, vmax=1.5)
    plt.axis("off")
    plt.title("What was learned for each digit (red) and against it (blue)")
    for digit in range(10):
        plt.text(28 * (digit % 5) + 2, 28 * (digit // 5) + 5, str(digit), fontsize=14)
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/mnist_softmax.png", dpi=120)
    print("plot: outputs/mnist_softmax.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 epochs instead of 25")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    accuracy, learned = train(mnist, epochs=2 if args.quick else 25)
    draw(learned)

    print(f"\nmeasured:     accuracy {accuracy:.4f}")
    print("in the notes: accuracy 0.9035")


if __name__ == "__main__":
    main()
