"""MNIST with three layers and ReLU: 784-256-256-10.

Two hidden layers take the softmax from nine digits in ten to nearly nineteen in twenty. The weights
start as standard normal numbers, which is far too wide: the first cost is in the hundreds (it would
be 2.3 for a guess), and most of the training goes into undoing that. `mnist_xavier.py` starts
better.
"""

import argparse
import os
import time

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

LEARNING_RATE = 0.001
BATCH_SIZE = 100


def build_network(X):
    """Return the scores of the ten digits."""
    W1 = tf.Variable(tf.random_normal([784, 256]))
    b1 = tf.Variable(tf.random_normal([256]))
    L1 = tf.nn.relu(tf.matmul(X, W1) + b1)

    W2 = tf.Variable(tf.random_normal([256, 256]))
    b2 = tf.Variable(tf.random_normal([256]))
    L2 = tf.nn.relu(tf.matmul(L1, W2) + b2)

    W3 = tf.Variable(tf.random_normal([256, 10]))
    b3 = tf.Variable(tf.random_normal([10]))
    return tf.matmul(L2, W3) + b3


def train(mnist, epochs):
    """Train; return the accuracy on the test pictures, and the mean cost of each epoch."""
    X = tf.placeholder(tf.float32, [None, 784])
    Y = tf.placeholder(tf.float32, [None, 10])
    hypothesis = build_network(X)

    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=hypothesis, labels=Y))
    optimizer = tf.train.AdamOptimizer(learning_rate=LEARNING_RATE).minimize(cost)
    correct_prediction = tf.equal(tf.argmax(hypothesis, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    costs = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        total_batch = mnist.train.num_examples // BATCH_SIZE
        for epoch in range(epochs):
            start, average_cost = time.time(), 0.0
            for _ in range(total_batch):
                batch_xs, batch_ys = mnist.train.next_batch(BATCH_SIZE)
                cost_value, _ = sess.run([cost, optimizer], feed_dict={X: batch_xs, Y: batch_ys})
                average_cost += cost_value / total_batch
            costs.append(average_cost)
            seconds = time.time() - start
            print(f"epoch {epoch + 1:2d}  cost {average_cost:.4f}  ({seconds:.1f} s)", flush=True)
        test = {X: mnist.test.images, Y: mnist.test.labels}
        return sess.run(accuracy, feed_dict=test), costs


def draw(costs):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    plt.plot(range(1, len(costs) + 1), costs, "o-")
    plt.yscale("log")
    plt.xlabel("epoch")
    plt.ylabel("mean cost")
    plt.title("MNIST, 784-256-256-10, normal initialisation")
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/mnist_mlp.png", dpi=120)
    print("plot: outputs/mnist_mlp.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 epochs instead of 20")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    accuracy, costs = train(mnist, epochs=2 if args.quick else 20)
    draw(costs)

    print(f"\nmeasured:     accuracy {accuracy:.4f}")
    print("in the notes: accuracy 0.9455")


if __name__ == "__main__":
    main()
