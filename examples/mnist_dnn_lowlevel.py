"""MNIST with plain TensorFlow operations, as a small recipe: 784-300-100-10.

Four stages, each in its name scope: the network (a `neuron_layer` function written out), the loss
(sparse, so the labels stay class numbers), the training (plain gradient descent) and the evaluation
(`in_top_k`). Then the execution: mini-batches of 50, the accuracy on the validation pictures after
every epoch; at the end the network is saved. Using it is a session of its own: restore what was
saved, and predict twenty pictures that the network has never seen.
"""

import argparse
import os
import time

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

N_INPUTS, N_HIDDEN1, N_HIDDEN2, N_OUTPUTS = 28 * 28, 300, 100, 10
LEARNING_RATE = 0.01
BATCH_SIZE = 50


def neuron_layer(X, n_neurons, name, activation=None):
    """A fully connected layer; its weights start as cut-off normal numbers, 2 / sqrt(inputs)."""
    with tf.name_scope(name):
        n_inputs = int(X.get_shape()[1])
        stddev = 2 / np.sqrt(n_inputs)
        init = tf.truncated_normal((n_inputs, n_neurons), stddev=stddev)
        W = tf.Variable(init, name="kernel")
        b = tf.Variable(tf.zeros([n_neurons]), name="bias")
        Z = tf.matmul(X, W) + b
        return Z if activation is None else activation(Z)


def build_graph():
    """Return the placeholders, the logits, the loss, the training operation and the accuracy."""
    X = tf.placeholder(tf.float32, shape=(None, N_INPUTS), name="X")
    y = tf.placeholder(tf.int64, shape=(None), name="y")

    with tf.name_scope("dnn"):
        hidden1 = neuron_layer(X, N_HIDDEN1, name="hidden1", activation=tf.nn.relu)
        hidden2 = neuron_layer(hidden1, N_HIDDEN2, name="hidden2", activation=tf.nn.relu)
        logits = neuron_layer(hidden2, N_OUTPUTS, name="outputs")

    with tf.name_scope("loss"):
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(xentropy, name="loss")

    with tf.name_scope("train"):
        optimizer = tf.train.GradientDescentOptimizer(LEARNING_RATE)
        training_op = optimizer.minimize(loss)

    with tf.name_scope("eval"):
        correct = tf.nn.in_top_k(logits, y, 1)
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    return X, y, logits, training_op, accuracy


def train_and_predict(mnist, n_epochs):
    """Return (batch, validation) accuracy after each epoch, that of the test, predictions."""
    X, y, logits, training_op, accuracy = build_graph()
    init = tf.global_variables_initializer()
    saver = tf.train.Saver()
    validation = {X: mnist.validation.images, y: mnist.validation.labels}

    history = []
    with tf.Session() as sess:
        init.run()
        for epoch in range(n_epochs):
            start = time.time()
            for _ in range(mnist.train.num_examples // BATCH_SIZE):
                X_batch, y_batch = mnist.train.next_batch(BATCH_SIZE)
                sess.run(training_op, feed_dict={X: X_batch, y: y_batch})
            seconds = time.time() - start
            acc_batch = accuracy.eval(feed_dict={X: X_batch, y: y_batch})
            acc_valid = accuracy.eval(feed_dict=validation)
            history.append((acc_batch, acc_valid))
            print(
                f"epoch {epoch + 1:2d}  accuracy last batch {acc_batch:.2f}, "
                f"validation {acc_valid:.4f}  ({seconds:.1f} s)",
                flush=True,
            )
        os.makedirs("outputs", exist_ok=True)
        save_path = saver.save(sess, "outputs/mnist_dnn_lowlevel.ckpt")
        print(f"saved: {save_path}")

    with tf.Session() as sess:
        saver.restore(sess, save_path)
        acc_test = accuracy.eval(feed_dict={X: mnist.test.images, y: mnist.test.labels})
        Z = logits.eval(feed_dict={X: mnist.test.images[:20]})
        return history, acc_test, np.argmax(Z, axis=1)


def draw(mnist, history, predictions):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(11, 4))
    left = figure.add_subplot(1, 2, 1)
    left.plot(range(1, len(history) + 1), [valid for _, valid in history], "o-")
    left.set_xlabel("epoch")
    left.set_title("accuracy on the validation pictures")
    right = figure.add_subplot(1, 2, 2)
    sheet = mnist.test.images[:20].reshape(4, 5, 28, 28).swapaxes(1, 2).reshape(4 * 28, 5 * 28)
    right.imshow(sheet, cmap="binary")
    right.axis("off")
    right.set_title("the first test pictures, as they were read (red: wrongly)")
    for i, digit in enumerate(predictions):
        color = "green" if digit == mnist.test.labels[i] else "red"
        right.text(28 * (i % 5) + 1, 28 * (i // 5) + 5, digit, color=color, fontsize=9)
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/mnist_dnn_lowlevel.png", dpi=120)
    print("plot: outputs/mnist_dnn_lowlevel.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 epochs instead of 30")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/")
    history, acc_test, predictions = train_and_predict(mnist, n_epochs=2 if args.quick else 30)
    print("predicted", predictions)
    print("in truth ", mnist.test.labels[:20])
    draw(mnist, history, predictions)

    print(f"\nmeasured:     accuracy {acc_test:.4f} (test), {history[-1][1]:.4f} (validation)")
    print("in the notes: accuracy about 0.97-0.98 after 30 epochs")


if __name__ == "__main__":
    main()
