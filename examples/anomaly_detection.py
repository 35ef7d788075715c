"""Anomaly detection: an autoencoder trained on one class flags the others.

An autoencoder squeezes a picture through a few units and paints it again from these. Trained on
zeros only, it learns what all zeros have in common, and paints them well; of a five it makes
something that looks rather like a zero. So the error of the painting tells what is unusual, and no
example of anything unusual is needed for the training. A threshold that nineteen in twenty normal
pictures stay below decides; the area under the ROC curve says how well the error tells the two
apart, whatever the threshold (1 is perfect, 0.5 is chance).
"""

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data
from tqdm import tqdm

BATCH_SIZE = 100
LEARNING_RATE = 0.001
CODE = 16


def dense(x, width_out, name, activation=None):
    with tf.variable_scope(name):
        width_in = x.get_shape().as_list()[1]
        xavier = tf.glorot_uniform_initializer()
        W = tf.get_variable("W", shape=[width_in, width_out], initializer=xavier)
        b = tf.get_variable("b", shape=[width_out], initializer=tf.zeros_initializer())
        y = tf.matmul(x, W) + b
        return y if activation is None else activation(y)


def build_autoencoder(X):
    """Return the logits of the painted pixels."""
    hidden = dense(X, 256, "encoder1", tf.nn.relu)
    code = dense(hidden, CODE, "encoder2")
    hidden = dense(code, 256, "decoder1", tf.nn.relu)
    return dense(hidden, 784, "decoder2")


def area_under_roc(normal, anomalous):
    """The probability that an anomalous picture has a larger error than a normal one."""
    ranks = np.argsort(np.argsort(np.concatenate([normal, anomalous]))) + 1
    n, m = len(normal), len(anomalous)
    return (ranks[n:].sum() - m * (m + 1) / 2) / (n * m)


def train_and_score(images, others, epochs):
    """Train on `images`; return (errors, painted pictures) of each set of pictures in `others`."""
    X = tf.placeholder(tf.float32, [None, 784])
    logits = build_autoencoder(X)
    painted = tf.sigmoid(logits)
    cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=X, logits=logits))
    train = tf.train.AdamOptimizer(LEARNING_RATE).minimize(cost)
    errors = tf.reduce_mean(tf.square(painted - X), axis=1)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for epoch in tqdm(range(epochs), leave=False, disable=None):
            order = np.random.permutation(len(images))
            batches = np.array_split(order, len(images) // BATCH_SIZE)
            costs = [sess.run([cost, train], feed_dict={X: images[rows]})[0] for rows in batches]
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1:2d}  cost {np.mean(costs):.4f}", flush=True)
        return [sess.run([errors, painted], feed_dict={X: pictures}) for pictures in others]


def draw(normal, anomalous, threshold, images, painted, title):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(12, 4))
    left = figure.add_subplot(1, 2, 1)
    bins = np.linspace(0, np.quantile(anomalous, 0.99), 60)
    left.hist(normal, bins, density=True, alpha=0.6, label="normal")
    left.hist(anomalous, bins, density=True, alpha=0.6, label="all the other digits")
    left.axvline(threshold, color="black", ls="--", label="threshold")
    left.set_xlabel("error of the painting")
    left.set_title(title)
    left.legend()
    for row, pictures in enumerate((images, painted)):
        axis = figure.add_subplot(2, 2, 2 + 2 * row)
        axis.imshow(pictures.reshape(-1, 28, 28).transpose(1, 0, 2).reshape(28, -1), cmap="binary")
        axis.set_title("painted again" if row else "pictures of the ten digits")
        axis.axis("off")
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/anomaly_detection.png", dpi=110)
    print("plot: outputs/anomaly_detection.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 epochs instead of 40")
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument("--normal", type=int, choices=range(10), default=0, help="the normal digit")
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    mnist = input_data.read_data_sets("MNIST_data/")
    np.random.seed(args.seed)  # now: reading the pictures has seeded NumPy anew
    train, held_out = (
        part.images[part.labels == args.normal] for part in (mnist.train, mnist.validation)
    )
    is_normal = mnist.test.labels == args.normal
    firsts = [np.flatnonzero(mnist.test.labels == digit)[0] for digit in range(10)]
    shown = mnist.test.images[firsts]
    (held_out_errors, _), (errors, _), (_, painted) = train_and_score(
        train, (held_out, mnist.test.images, shown), 5 if args.quick else 40
    )

    threshold = np.quantile(held_out_errors, 0.95)
    auc = area_under_roc(errors[is_normal], errors[~is_normal])
    print(f"trained on {len(train)} pictures of the digit {args.normal}; flagged in the test:")
    for digit in range(10):
        flagged = np.mean(errors[mnist.test.labels == digit] > threshold)
        print(f"  {digit}: {flagged:6.1%}" + ("  (false alarms)" if digit == args.normal else ""))
    draw(
        errors[is_normal],
        errors[~is_normal],
        threshold,
        shown,
        painted,
        f"MNIST, an autoencoder of the digit {args.normal}: area under ROC {auc:.4f}",
    )

    caught, false = (np.mean(errors[rows] > threshold) for rows in (~is_normal, is_normal))
    print(
        f"\nmeasured:     area under ROC {auc:.4f}; {caught:.1%} caught, {false:.1%} false alarms"
    )
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
