"""Fashion-MNIST with Keras: 784-128-10, five epochs, as TensorFlow's first Keras tutorial has it.

A `Sequential` model, compiled with an optimizer of `tf.train`, trained with a tenth of the pictures
kept for validation, evaluated on the test pictures, and asked for single predictions.
"""

import argparse
import os
import time

import numpy as np
import tensorflow as tf
from tensorflow import keras

CLASSES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]  # fmt: skip


def build_model():
    model = keras.Sequential(
        [
            keras.layers.Flatten(input_shape=(28, 28)),
            keras.layers.Dense(128, activation=tf.nn.relu),
            keras.layers.Dense(10, activation=tf.nn.softmax),
        ]
    )
    model.compile(
        optimizer=tf.train.AdamOptimizer(),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def draw(images, labels, probabilities):
    """The first pictures with what the model takes them for."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(9, 6))
    for i in range(15):
        guess = np.argmax(probabilities[i])
        plt.subplot(3, 5, i + 1)
        plt.imshow(images[i], cmap="binary")
        plt.xticks([])
        plt.yticks([])
        color = "tab:blue" if guess == labels[i] else "tab:red"
        plt.xlabel(f"{CLASSES[guess]} {probabilities[i][guess]:.0%}", color=color)
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/fashion_mnist_keras.png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a small part of the data")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)
    np.random.seed(args.seed)

    (images, labels), (test_images, test_labels) = keras.datasets.fashion_mnist.load_data()
    if args.quick:
        images, labels = images[:6000], labels[:6000]
        args.epochs = min(args.epochs, 2)
    images, test_images = images / 255.0, test_images / 255.0

    model = build_model()
    model.summary()
    start = time.time()
    history = model.fit(images, labels, epochs=args.epochs, validation_split=0.1, verbose=2)
    print(f"trained in {time.time() - start:.1f} s")
    print("validation accuracy by epoch:", [f"{a:.4f}" for a in history.history["val_acc"]])

    _, accuracy = model.evaluate(test_images, test_labels, verbose=0)
    probabilities = model.predict(test_images[:15])
    guess = np.argmax(probabilities[0])
    print(f"first test picture: {CLASSES[guess]} ({probabilities[0][guess]:.2f}), "
          f"it is a {CLASSES[test_labels[0]]}")  # fmt: skip
    draw(test_images, test_labels, probabilities)
    print(f"test accuracy {accuracy:.4f} (wanted: 0.87 after five epochs)")


if __name__ == "__main__":
    main()
