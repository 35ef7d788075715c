"""IMDB film reviews, good or bad: Embedding, GlobalAveragePooling1D, two dense layers.

TensorFlow's second Keras tutorial: reviews are lists of word numbers, padded to 256; each word has a
vector of 16 numbers, a review the mean of its words' vectors. 10,000 of the 25,000 training reviews
are kept for validation; training goes on for forty epochs.
"""

import argparse
import os
import time

import numpy as np
import tensorflow as tf
from tensorflow import keras

VOCABULARY = 10000
LENGTH = 256


def word_index():
    """Words and their numbers in the data, with the three special ones."""
    index = {word: number + 3 for word, number in keras.datasets.imdb.get_word_index().items()}
    index.update({"<PAD>": 0, "<START>": 1, "<UNK>": 2})
    return index


def build_model():
    model = keras.Sequential()
    model.add(keras.layers.Embedding(VOCABULARY, 16))
    model.add(keras.layers.GlobalAveragePooling1D())
    model.add(keras.layers.Dense(16, activation=tf.nn.relu))
    model.add(keras.layers.Dense(1, activation=tf.nn.sigmoid))
    model.compile(
        optimizer=tf.train.AdamOptimizer(), loss="binary_crossentropy", metrics=["accuracy"]
    )
    return model


def draw(history):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    epochs = range(1, len(history["loss"]) + 1)
    plt.figure(figsize=(9, 4))
    for i, name in enumerate(("loss", "acc")):
        plt.subplot(1, 2, i + 1)
        plt.plot(epochs, history[name], "o", label="training", markersize=3)
        plt.plot(epochs, history[f"val_{name}"], label="validation")
        plt.xlabel("epoch")
        plt.ylabel(name)
        plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/imdb_keras.png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="a part of the data, fewer epochs")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)
    np.random.seed(args.seed)

    (x_train, y_train), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=VOCABULARY)
    held = 10000
    if args.quick:
        x_train, y_train = x_train[:6000], y_train[:6000]
        x_test, y_test = x_test[:2000], y_test[:2000]
        held, args.epochs = 2000, min(args.epochs, 4)
    words = {number: word for word, number in word_index().items()}
    print("the first review:", " ".join(words.get(i, "?") for i in x_train[0][:12]), "...")
    padding = {"value": 0, "padding": "post", "maxlen": LENGTH}
    x_train = keras.preprocessing.sequence.pad_sequences(x_train, **padding)
    x_test = keras.preprocessing.sequence.pad_sequences(x_test, **padding)

    model = build_model()
    model.summary()
    start = time.time()
    history = model.fit(
        x_train[held:],
        y_train[held:],
        epochs=args.epochs,
        batch_size=512,
        validation_data=(x_train[:held], y_train[:held]),
        verbose=2,
    )
    print(f"trained in {time.time() - start:.1f} s")
    draw(history.history)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.4f}, accuracy {accuracy:.4f} (wanted: 0.87)")


if __name__ == "__main__":
    main()
