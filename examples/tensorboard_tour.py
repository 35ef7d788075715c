"""TensorBoard: XOR again, watched while it learns.

A program writes event files with `tf.summary.FileWriter`; TensorBoard reads them while it runs:

    tf1x run examples/tensorboard_tour.py
    tf1x board logs

The graph page shows the name scopes of the layers as boxes that open. The scalars page shows the
cost and the accuracy of all runs in one plot: each run is a folder of its own under `logs`, here
one for each learning rate. The histograms page shows how the weights and the activations of each
layer move. In the end the program reads its own files back, as any program can.
"""

import argparse
import glob
import os

import numpy as np
import tensorflow as tf

X_DATA = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
Y_DATA = np.array([[0], [1], [1], [0]], dtype=np.float32)
LEARNING_RATES = [0.01, 0.1, 1.0]
HIDDEN = 10
STEPS = 2001
LOGS = "logs"


def build_model(learning_rate):
    """Return the training step, the accuracy and all summaries as one."""
    X = tf.placeholder(tf.float32, [None, 2], name="x-input")
    Y = tf.placeholder(tf.float32, [None, 1], name="y-input")

    with tf.name_scope("layer1"):
        W1 = tf.Variable(tf.random_normal([2, HIDDEN]), name="weight1")
        b1 = tf.Variable(tf.random_normal([HIDDEN]), name="bias1")
        layer1 = tf.sigmoid(tf.matmul(X, W1) + b1)
        tf.summary.histogram("weights1", W1)
        tf.summary.histogram("biases1", b1)
        tf.summary.histogram("layer1", layer1)

    with tf.name_scope("layer2"):
        W2 = tf.Variable(tf.random_normal([HIDDEN, 1]), name="weight2")
        b2 = tf.Variable(tf.random_normal([1]), name="bias2")
        hypothesis = tf.sigmoid(tf.matmul(layer1, W2) + b2)
        tf.summary.histogram("weights2", W2)
        tf.summary.histogram("biases2", b2)
        tf.summary.histogram("hypothesis", hypothesis)

    with tf.name_scope("cost"):
        cost = -tf.reduce_mean(Y * tf.log(hypothesis) + (1 - Y) * tf.log(1 - hypothesis))
        tf.summary.scalar("cost", cost)

    with tf.name_scope("train"):
        train = tf.train.AdamOptimizer(learning_rate).minimize(cost)

    with tf.name_scope("accuracy"):
        predicted = tf.cast(hypothesis > 0.5, dtype=tf.float32)
        accuracy = tf.reduce_mean(tf.cast(tf.equal(predicted, Y), dtype=tf.float32))
        tf.summary.scalar("accuracy", accuracy)

    return X, Y, train, cost, accuracy, tf.summary.merge_all()


def train_once(learning_rate, steps, seed):
    """Train with one learning rate; return the last cost, the accuracy and the run's folder."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    X, Y, train, cost, accuracy, summaries = build_model(learning_rate)
    folder = os.path.join(LOGS, f"xor_rate_{learning_rate}")
    feed = {X: X_DATA, Y: Y_DATA}

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter(folder)
        writer.add_graph(sess.graph)
        for step in range(steps):
            sess.run(train, feed_dict=feed)
            if step % 20 == 0:
                summary, cost_value = sess.run([summaries, cost], feed_dict=feed)
                writer.add_summary(summary, global_step=step)
            if step % 500 == 0:
                print(f"{step:5d}  cost {cost_value:.6f}")
        writer.close()
        return (*sess.run([cost, accuracy], feed_dict=feed), folder)


def read_back(folder):
    """Return how many scalars and histograms the newest event file of a folder holds."""
    newest = max(glob.glob(os.path.join(folder, "events.out.tfevents.*")), key=os.path.getmtime)
    scalars = histograms = 0
    for event in tf.train.summary_iterator(newest):
        for value in event.summary.value:
            scalars += value.HasField("simple_value")
            histograms += value.HasField("histo")
    return scalars, histograms


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    parser.add_argument("--seed", type=int, default=777)
    arguments = parser.parse_args()
    steps = STEPS // 10 if arguments.quick else STEPS

    for learning_rate in LEARNING_RATES:
        cost, accuracy, folder = train_once(learning_rate, steps, arguments.seed)
        scalars, histograms = read_back(folder)
        print(
            f"learning rate {learning_rate:<5} cost {cost:.6f}  accuracy {accuracy:.2f}  "
            f"{scalars} scalars and {histograms} histograms in {folder}"
        )
    print(f"Look at them with: tf1x board {LOGS}")
    print("Figure in the notes: none (a tour)")


if __name__ == "__main__":
    main()
