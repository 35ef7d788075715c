"""The course's data files, in the folder that the variable TF1X_DATA names."""

import os
import sys

import numpy as np

TABLES = "https://github.com/hunkim/DeepLearningZeroToAll"


def path(name, source=TABLES):
    """Return the path of the data file `name`, or end the program saying what to do."""
    folder = os.environ.get("TF1X_DATA")
    if not folder:
        problem = "the environment variable TF1X_DATA is not set"
    elif not os.path.isfile(os.path.join(folder, name)):
        problem = f"there is none in {folder} (that is TF1X_DATA)"
    else:
        return os.path.join(folder, name)
    sys.exit(
        f"This program needs the file {name}, and {problem}.\n"
        f"Get it from {source}, and set TF1X_DATA to the folder that holds it."
    )


def cifar10():
    """Return training pictures and labels, test pictures and labels.

    Pictures are float32 in [0, 1], (N, 32, 32, 3); labels are int64, (N,). The file cifar10.npz
    holds what Keras's `cifar10.load_data()` returns as x_train, y_train, x_test and y_test.
    """
    source = "keras.datasets.cifar10.load_data(), by numpy.savez with x_train=, y_train=, x_test=, y_test="
    with np.load(path("cifar10.npz", source)) as data:
        pictures = [data[key] / np.float32(255) for key in ("x_train", "x_test")]
        labels = [data[key].reshape(-1).astype(np.int64) for key in ("y_train", "y_test")]
    return pictures[0], labels[0], pictures[1], labels[1]
