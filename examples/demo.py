"""The demo: a network learns to read handwritten digits, in plain TensorFlow 1.

Two dense layers with dropout, trained by Adam. The pictures are MNIST when the variable TF1X_DATA
names a folder that holds mnist.npz, otherwise the 1,797 smaller digits that scikit-learn ships.
"""

import os

import matplotlib
import numpy as np
import tensorflow as tf
from tqdm import tqdm

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HIDDEN = 256
BATCH = 100
EPOCHS = 5


def load_digits():
    """Return name, training pictures and labels, test pictures and labels; pixels in [0, 1]."""
    mnist = os.path.join(os.environ.get("TF1X_DATA") or "", "mnist.npz")
    if os.path.isfile(mnist):
        data = np.load(mnist)
        scaled = [data[part].reshape(-1, 784) / np.float32(255) for part in ("x_train", "x_test")]
        return "MNIST", scaled[0], data["y_train"], scaled[1], data["y_test"], EPOCHS
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=0)
    return "scikit-learn's digits", x_train, y_train, x_test, y_test, 20 * EPOCHS


def dense(x, width, name, activation=None):
    with tf.variable_scope(name):
        w = tf.get_variable(
            "w", [x.shape[1].value, width], initializer=tf.glorot_uniform_initializer()
        )
        b = tf.get_variable("b", [width], initializer=tf.zeros_initializer())
        y = tf.matmul(x, w) + b
        return activation(y) if activation else y


def main():
    name, x_train, y_train, x_test, y_test, epochs = load_digits()
    tf.set_random_seed(1)
    rng = np.random.RandomState(1)

    x = tf.placeholder(tf.float32, [None, x_train.shape[1]], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")
    hidden = tf.nn.dropout(dense(x, HIDDEN, "hidden1", tf.nn.relu), keep_prob)
    hidden = tf.nn.dropout(dense(hidden, HIDDEN, "hidden2", tf.nn.relu), keep_prob)
    logits = dense(hidden, 10, "logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.AdamOptimizer(0.001).minimize(loss)
    predicted = tf.argmax(logits, 1)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(predicted, y), tf.float32))

    losses, accuracies = [], []
    steps = max(1, len(x_train) // BATCH)
    bar = tqdm(total=epochs * steps, unit="step", disable=None)  # no bar in a log file
    with tf.Session() as sess, bar:
        sess.run(tf.global_variables_initializer())
        for epoch in range(1, epochs + 1):
            for rows in np.array_split(rng.permutation(len(x_train)), steps):
                feed = {x: x_train[rows], y: y_train[rows], keep_prob: 0.8}
                value, _ = sess.run([loss, train], feed)
                losses.append(value)
                bar.update()
            accuracies.append(sess.run(accuracy, {x: x_test, y: y_test}))
            if epoch % max(1, epochs // 5) == 0:
                mean = np.mean(losses[-steps:])
                bar.write(f"epoch {epoch:3d}  loss {mean:.4f}  test accuracy {accuracies[-1]:.4f}")
        guesses = sess.run(predicted, {x: x_test[:16]})

    draw(losses, accuracies, x_test[:16], y_test[:16], guesses, name)
    print(f"{name}: test accuracy {accuracies[-1]:.4f}; plot: outputs/demo.png")


def draw(losses, accuracies, pictures, labels, guesses, name):
    side = round(pictures.shape[1] ** 0.5)
    figure = plt.figure(figsize=(10, 6))
    grid = figure.add_gridspec(3, 8)
    curve = figure.add_subplot(grid[0, :4])
    curve.plot(losses, linewidth=0.5)
    curve.set(title="training loss", xlabel="step", yscale="log")
    test = figure.add_subplot(grid[0, 4:])
    test.plot(range(1, len(accuracies) + 1), accuracies, "o-")
    test.set(title=f"test accuracy ({name})", xlabel="epoch")
    for i in range(16):
        cell = figure.add_subplot(grid[1 + i // 8, i % 8])
        cell.imshow(pictures[i].reshape(side, side), cmap="gray_r")
        right = guesses[i] == labels[i]
        cell.set_title(f"{guesses[i]}", color="tab:green" if right else "tab:red")
        cell.axis("off")
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/demo.png", dpi=110)


if __name__ == "__main__":
    main()
