"""MNIST with five layers and dropout: 784-512-512-512-512-10, Adam.

A network of this size learns its training pictures by heart. Dropout switches off three units in
ten at random in every step of the training, so that none can rely on another; for the test all are
on. The probability to keep a unit is a placeholder: 0.7 is fed in training, 1 in testing. So is the
learning rate, which is a tenth in the last epochs, to settle.
"""

import argparse
import os
import time

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

LEARNING_RATE = 0.001
BATCH_SIZE = 100
FULL_RATE_EPOCHS = 10  # later epochs run at a tenth of the learning rate
KEEP = 0.7


def hidden_layer(x, width_in, keep_prob, name):
    """512 units with ReLU and dropout, in a variable scope of their own."""
    with tf.variable_scope(name):
        W = tf.get_variable("W", shape=[width_in, 512], initializer=tf.glorot_uniform_initializer())
        b = tf.Variable(tf.random_normal([512]), name="b")
        return tf.nn.dropout(tf.nn.relu(tf.matmul(x, W) + b), keep_prob=keep_prob)


def build_network(X, keep_prob):
    """Return the scores of the ten digits."""
    L1 = hidden_layer(X, 784, keep_prob, "layer1")
    L2 = hidden_layer(L1, 512, keep_prob, "layer2")
    L3 = hidden_layer(L2, 512, keep_prob, "layer3")
    L4 = hidden_layer(L3, 512, keep_prob, "layer4")
    with tf.variable_scope("layer5"):
        W5 = tf.get_variable("W", shape=[512, 10], initializer=tf.glorot_uniform_initializer())
        b5 = tf.Variable(tf.random_normal([10]), name="b")
        return tf.matmul(L4, W5) + b5


def train(mnist, epochs):
    """Train; return the test accuracy, and for each epoch cost, train and test accuracy."""
    X = tf.placeholder(tf.float32, [None, 784])
    Y = tf.placeholder(tf.float32, [None, 10])
    keep_prob = tf.placeholder(tf.float32)
    learning_rate = tf.placeholder(tf.float32, shape=[])
    hypothesis = build_network(X, keep_prob)

    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=hypothesis, labels=Y))
    optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate).minimize(cost)
    correct_prediction = tf.equal(tf.argmax(hypothesis, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    test = {X: mnist.test.images, Y: mnist.test.labels, keep_prob: 1}
    history = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        total_batch = mnist.train.num_examples // BATCH_SIZE
        for epoch in range(epochs):
            rate = LEARNING_RATE if epoch < FULL_RATE_EPOCHS else LEARNING_RATE / 10
            start, average_cost = time.time(), 0.0
            for _ in range(total_batch):
                batch_xs, batch_ys = mnist.train.next_batch(BATCH_SIZE)
                feed = {X: batch_xs, Y: batch_ys, keep_prob: KEEP, learning_rate: rate}
                cost_value, _ = sess.run([cost, optimizer], feed_dict=feed)
                average_cost += cost_value / total_batch
            seconds = time.time() - start
            some = {X: mnist.train.images[:10000], Y: mnist.train.labels[:10000], keep_prob: 1}
            history.append((average_cost, sess.run(accuracy, some), sess.run(accuracy, test)))
            print(
                f"epoch {epoch + 1:2d}  cost {average_cost:.4f}  accuracy train "
                f"{history[-1][1]:.4f}, test {history[-1][2]:.4f}  ({seconds:.1f} s)",
                flush=True,
            )
    return history[-1][2], history


def draw(history):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    epochs = range(1, len(history) + 1)
    plt.figure(figsize=(6, 4))
    plt.plot(epochs, [train for _, train, _ in history], "o-", label="10,000 training pictures")
    plt.plot(epochs, [test for _, _, test in history], "o-", label="test pictures")
    plt.xlabel("epoch")
    plt.ylabel("accuracy")
    plt.title("MNIST, five layers with dropout")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/mnist_dropout.png", dpi=120)
    print("plot: outputs/mnist_dropout.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 epoch instead of 15")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    accuracy, history = train(mnist, epochs=1 if args.quick else 15)
    draw(history)

    print(f"\nmeasured:     accuracy {accuracy:.4f}")
    print("in the notes: accuracy 0.9804")


if __name__ == "__main__":
    main()
