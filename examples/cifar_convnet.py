"""CIFAR-10 with augmentation, and three ways to build a layer: plain, depthwise, 1x1.

Three times two convolutions with batch normalisation look at 32x32 colour pictures of ten kinds of
things. The second convolution of each pair, from n channels to n, costs most, and can be had for
less:

- plain: 3x3 over all channels, 9 n^2 weights;
- depthwise: 3x3 over each channel alone, then 1x1 to mix the channels, 9 n + n^2 weights
  (`tf.nn.depthwise_conv2d` and a 1x1 `tf.nn.conv2d`, or both in one: `tf.nn.separable_conv2d`);
- bottleneck: 1x1 down to a quarter of the channels, 3x3 there, 1x1 up again, 1.06 n^2 weights.

The training pictures are augmented, so that the network never sees quite the same one twice:
mirrored at random, and moved by up to four pixels. This is done in NumPy before they are fed.
"""

import argparse
import os
import time

import course_data
import numpy as np
import tensorflow as tf
from tqdm import tqdm

BATCH_SIZE = 100
LEARNING_RATE = 0.003
CHANNELS = (24, 48, 96)
ONE = [1, 1, 1, 1]


def weights(name, *shape):
    return tf.get_variable(name, shape, initializer=tf.glorot_uniform_initializer())


def plain(x, n):
    return tf.nn.conv2d(x, weights("W", 3, 3, n, n), strides=ONE, padding="SAME")


def depthwise(x, n):
    x = tf.nn.depthwise_conv2d(x, weights("each", 3, 3, n, 1), strides=ONE, padding="SAME")
    return tf.nn.conv2d(x, weights("mix", 1, 1, n, n), strides=ONE, padding="SAME")


def bottleneck(x, n):
    few = n // 4
    x = tf.nn.relu(tf.nn.conv2d(x, weights("down", 1, 1, n, few), strides=ONE, padding="SAME"))
    x = tf.nn.relu(tf.nn.conv2d(x, weights("W", 3, 3, few, few), strides=ONE, padding="SAME"))
    return tf.nn.conv2d(x, weights("up", 1, 1, few, n), strides=ONE, padding="SAME")


def normalized(x, training):
    return tf.layers.batch_normalization(x, momentum=0.9, training=training)


VARIANTS = {"plain": plain, "depthwise": depthwise, "bottleneck": bottleneck}


def build_network(X, training, second, channels):
    """Return the scores of the ten classes; `second` builds the second layer of each pair."""
    layer, width = X, 3
    for number, n in enumerate(channels, 1):
        with tf.variable_scope(f"first{number}"):
            W = weights("W", 3, 3, width, n)
            layer = tf.nn.conv2d(layer, W, strides=ONE, padding="SAME")
            layer = tf.nn.relu(normalized(layer, training))
        with tf.variable_scope(f"second{number}"):
            layer = tf.nn.relu(normalized(second(layer, n), training))
        layer = tf.nn.max_pool(layer, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        width = n
    with tf.variable_scope("output"):
        b = tf.get_variable("b", [10], initializer=tf.zeros_initializer())
        return tf.matmul(tf.reduce_mean(layer, axis=[1, 2]), weights("W", width, 10)) + b


def count_parameters():
    """Return the number of weights in all the layers, and in the second layers of the pairs."""
    sizes = {v.op.name: int(np.prod(v.get_shape().as_list())) for v in tf.trainable_variables()}
    second = [s for n, s in sizes.items() if n.startswith("second") and "normalization" not in n]
    return sum(sizes.values()), sum(second)


def augment(pictures, random):
    """Each picture mirrored or not, and moved by up to four pixels; edges are filled by mirroring."""
    padded = np.pad(pictures, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="reflect")
    moved = np.empty_like(pictures)
    for i, (row, column) in enumerate(random.randint(0, 9, (len(pictures), 2))):
        moved[i] = padded[i, row : row + 32, column : column + 32]
    mirrored = random.rand(len(pictures)) < 0.5
    moved[mirrored] = moved[mirrored, :, ::-1]
    return moved


def measure(second, data, channels, epochs, seed):
    """Train; return the parameter counts, the test accuracy after each epoch, seconds a step."""
    x_train, y_train, x_test, y_test = data
    random = np.random.RandomState(seed)
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        X = tf.placeholder(tf.float32, [None, 32, 32, 3])
        Y = tf.placeholder(tf.int64, [None])
        training = tf.placeholder(tf.bool, shape=[])
        learning_rate = tf.placeholder(tf.float32, shape=[])
        logits = build_network(X, training, second, channels)
        cost = tf.losses.sparse_softmax_cross_entropy(labels=Y, logits=logits)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.AdamOptimizer(learning_rate).minimize(cost)
        guess = tf.argmax(logits, 1)

        def test_accuracy():
            parts = [x_test[start : start + 250] for start in range(0, len(x_test), 250)]
            guesses = [sess.run(guess, feed_dict={X: part, training: False}) for part in parts]
            return np.mean(np.concatenate(guesses) == y_test)

        accuracies, seconds = [], []
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for epoch in range(epochs):
                rate = LEARNING_RATE * (1 + np.cos(np.pi * epoch / epochs)) / 2  # down to zero
                order = random.permutation(len(x_train))
                batches = np.array_split(order, len(x_train) // BATCH_SIZE)
                for rows in tqdm(batches, f"epoch {epoch + 1}", leave=False, disable=None):
                    feed = {X: augment(x_train[rows], random), Y: y_train[rows]}
                    start = time.time()
                    sess.run(train, {**feed, training: True, learning_rate: rate})
                    seconds.append(time.time() - start)
                accuracies.append(test_accuracy())
                print(f"  epoch {epoch + 1:2d}  test accuracy {accuracies[-1]:.4f}", flush=True)
        return count_parameters(), accuracies, np.median(seconds)


def draw(results, pictures, seed):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(12, 4))
    left = figure.add_subplot(1, 2, 1)
    for name, ((parameters, _), accuracies, _) in results.items():
        label = f"{name}, {parameters:,} parameters"
        left.plot(range(1, len(accuracies) + 1), accuracies, "o-", label=label)
    left.set_xlabel("epoch")
    left.set_title("CIFAR-10: accuracy on the test pictures")
    left.legend()
    random = np.random.RandomState(seed)
    for row, picture in enumerate(pictures[:3]):
        shown = [picture, *augment(np.stack([picture] * 5), random)]
        for column, image in enumerate(shown):
            axis = figure.add_subplot(3, 12, 12 * row + 7 + column)
            axis.imshow(image)
            axis.axis("off")
            if row == 0:
                axis.set_title("augmented" if column else "original", fontsize=8)
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/cifar_convnet.png", dpi=120)
    print("plot: outputs/cifar_convnet.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smaller network, 4 steps")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()

    x_train, y_train, x_test, y_test = course_data.cifar10()
    epochs, channels = 20, CHANNELS
    if args.quick:
        epochs, channels = 1, CHANNELS[:2]
        x_train, y_train, x_test, y_test = x_train[:400], y_train[:400], x_test[:250], y_test[:250]
    mean, deviation = x_train.mean(axis=(0, 1, 2)), x_train.std(axis=(0, 1, 2))
    data = (x_train - mean) / deviation, y_train, (x_test - mean) / deviation, y_test

    results = {}
    for name, second in VARIANTS.items():
        print(name, flush=True)
        results[name] = measure(second, data, channels, epochs, args.seed)
    for name, ((parameters, in_second), accuracies, seconds) in results.items():
        print(
            f"{name:10s} {parameters:7,d} parameters, {in_second:7,d} of them in the second layers, "
            f"{1000 * seconds:4.0f} ms a step, accuracy {accuracies[-1]:.4f}"
        )
    draw(results, x_train, args.seed)

    print("\nmeasured:     accuracy", end="")
    print(
        ",".join(f" {accuracies[-1]:.4f} ({name})" for name, (_, accuracies, _) in results.items())
    )
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
