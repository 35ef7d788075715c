"""Overfitting, and four cures: L2, dropout, batch normalisation, augmentation.

A convolutional network learns 2,000 pictures of CIFAR-10 by heart: soon every one of them is right,
while the pictures it has never seen get no better. Each cure makes learning by heart harder:

- L2: large weights cost something, so the network must do with small ones;
- dropout: half of the units are switched off in every step, so none can rely on another;
- batch normalisation: each answer depends a little on the other pictures that are in the batch
  (a weak cure: it makes all learning faster, that by heart too, so the gap stays);
- augmentation: a picture is never quite the same twice; random crops are scaled back to the full
  size, mirrored, and changed in brightness, contrast and colour. (In NumPy, before feeding.)

The curves of the training and the test pictures show the gap, and what each cure does to it.
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf
from tqdm import tqdm

BATCH_SIZE = 100
LEARNING_RATE = 0.001
SIDE = 32

# What is different from the plain network.
TREATMENTS = {
    "none": {},
    "L2": {"weight_decay": 0.003},
    "dropout": {"keep_prob": 0.5},
    "batch norm": {"batch_norm": True},
    "augmentation": {"augmented": True},
    "all": {"weight_decay": 0.0003, "keep_prob": 0.7, "batch_norm": True, "augmented": True},
}


def layer(x, operation, shape, name, training, batch_norm):
    """ReLU of `operation` on x and weights of that shape, normalised or with a bias added."""
    with tf.variable_scope(name):
        W = tf.get_variable("W", shape, initializer=tf.glorot_uniform_initializer())
        x = operation(x, W)
        if batch_norm:
            return tf.nn.relu(tf.layers.batch_normalization(x, momentum=0.9, training=training))
        b = tf.get_variable("b", shape[-1:], initializer=tf.zeros_initializer())
        return tf.nn.relu(x + b)


def convolve(x, W):
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def pool(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def build_network(X, training, keep_prob, batch_norm):
    """Return the scores of the ten classes."""
    L1 = pool(layer(X, convolve, [3, 3, 3, 32], "layer1", training, batch_norm))
    L2 = pool(layer(L1, convolve, [3, 3, 32, 64], "layer2", training, batch_norm))
    flat = tf.nn.dropout(tf.reshape(L2, [-1, 8 * 8 * 64]), keep_prob=keep_prob)
    L3 = layer(flat, tf.matmul, [8 * 8 * 64, 256], "layer3", training, batch_norm)
    L3 = tf.nn.dropout(L3, keep_prob=keep_prob)
    with tf.variable_scope("layer4"):
        W4 = tf.get_variable("W", shape=[256, 10], initializer=tf.glorot_uniform_initializer())
        b4 = tf.get_variable("b", shape=[10], initializer=tf.zeros_initializer())
        return tf.matmul(L3, W4) + b4


def crop_and_scale(pictures, random):
    """A square of 22 to 32 pixels at a random place in each picture, scaled up to all of it."""
    count = len(pictures)
    side = random.uniform(22, SIDE, (count, 1))
    steps = (
        np.arange(SIDE) + 0.5
    ) / SIDE * side - 0.5  # (pictures, 32): where to look in the square
    rows, columns = (np.clip(steps + random.uniform(0, SIDE - side), 0, SIDE - 1) for _ in range(2))
    top, left = np.minimum(rows.astype(int), SIDE - 2), np.minimum(columns.astype(int), SIDE - 2)
    down, right = (rows - top)[:, :, None, None], (columns - left)[:, None, :, None]

    def pixels(row, column):
        n = np.arange(count)[:, None, None]
        return pictures[n, row[:, :, None], column[:, None, :]]

    upper = pixels(top, left) * (1 - right) + pixels(top, left + 1) * right
    lower = pixels(top + 1, left) * (1 - right) + pixels(top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


def jitter_colours(pictures, random):
    """Other contrast, other brightness, and each of the three colours a little stronger or weaker."""
    count = len(pictures)
    contrast = random.uniform(0.7, 1.3, (count, 1, 1, 1))
    brightness = random.uniform(-0.15, 0.15, (count, 1, 1, 1))
    colours = random.uniform(0.9, 1.1, (count, 1, 1, 3))
    return np.clip(((pictures - 0.5) * contrast + 0.5 + brightness) * colours, 0, 1)


def augment(pictures, random):
    pictures = crop_and_scale(pictures, random)
    mirrored = random.rand(len(pictures)) < 0.5
    pictures[mirrored] = pictures[mirrored, :, ::-1]
    return jitter_colours(pictures, random).astype(np.float32)


def measure(data, epochs, seed, weight_decay=0.0, keep_prob=1.0, batch_norm=False, augmented=False):
    """Train; return (training pictures, test pictures) accuracy after each epoch."""
    x_train, y_train, x_test, y_test = data
    random = np.random.RandomState(seed)
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        X = tf.placeholder(tf.float32, [None, SIDE, SIDE, 3])
        Y = tf.placeholder(tf.int64, [None])
        training = tf.placeholder(tf.bool, shape=[])
        keep = tf.placeholder(tf.float32, shape=[])
        decay = tf.placeholder(tf.float32, shape=[])
        logits = build_network(X - 0.5, training, keep, batch_norm)

        weights = [v for v in tf.trainable_variables() if v.op.name.endswith("/W")]
        cost = tf.losses.sparse_softmax_cross_entropy(labels=Y, logits=logits)
        cost += decay * tf.add_n([tf.nn.l2_loss(W) for W in weights])
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.AdamOptimizer(LEARNING_RATE).minimize(cost)
        correct = tf.reduce_sum(tf.cast(tf.equal(tf.argmax(logits, 1), Y), tf.float32))

        def accuracy(x, y):
            parts = [slice(start, start + 500) for start in range(0, len(x), 500)]
            feeds = [{X: x[p], Y: y[p], training: False, keep: 1} for p in parts]
            return sum(sess.run(correct, feed_dict=feed) for feed in feeds) / len(x)

        history = []
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in tqdm(range(epochs), leave=False, disable=None):
                order = random.permutation(len(x_train))
                for rows in np.split(order, len(x_train) // BATCH_SIZE):
                    x = augment(x_train[rows], random) if augmented else x_train[rows]
                    feed = {X: x, Y: y_train[rows], keep: keep_prob, decay: weight_decay}
                    sess.run(train, {**feed, training: True})
                history.append((accuracy(x_train, y_train), accuracy(x_test, y_test)))
        return np.array(history)


def draw(results, pictures, seed):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(14, 6))
    for axis, (name, history) in zip(axes[:, :3].flat, results.items()):
        epochs = range(1, len(history) + 1)
        axis.plot(epochs, history[:, 0], label="training pictures")
        axis.plot(epochs, history[:, 1], label="test pictures")
        axis.set_ylim(0, 1.02)
        axis.set_title({"none": "no cure", "all": "all of them"}.get(name, name))
    axes[0, 0].legend()
    axes[1, 1].set_xlabel("epoch")
    random = np.random.RandomState(seed)
    copies = augment(np.repeat(pictures[:4], 5, axis=0), random).reshape(4, 5, SIDE, SIDE, 3)
    sheet = np.concatenate([pictures[:4, None], copies], axis=1)
    for axis in axes[:, 3]:
        axis.remove()
    right = figure.add_subplot(1, 4, 4)
    right.imshow(sheet.transpose(1, 2, 0, 3, 4).reshape(6 * SIDE, 4 * SIDE, 3))
    right.axis("off")
    right.set_title("augmented (first row: originals)")
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/overfitting.png", dpi=110)
    print("plot: outputs/overfitting.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 epochs of 300 pictures")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    pictures, epochs = (300, 3) if args.quick else (2000, 40)

    x_train, y_train, x_test, y_test = course_data.cifar10()
    data = x_train[:pictures], y_train[:pictures], x_test[:pictures], y_test[:pictures]
    results = {}
    for name, options in TREATMENTS.items():
        results[name] = measure(data, epochs, args.seed, **options)
        train, test = results[name][-1]
        print(
            f"{name:12s}  training {train:.3f}, test {test:.3f}, gap {train - test:.3f}", flush=True
        )
    draw(results, x_train, args.seed)

    accuracies = {name: history[-1][1] for name, history in results.items()}
    print("\nmeasured:     test accuracy", end="")
    print(",".join(f" {accuracy:.3f} ({name})" for name, accuracy in accuracies.items()))
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
