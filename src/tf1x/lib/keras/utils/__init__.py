"""`keras.utils`; `to_categorical` and `normalize` need no Keras."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

_OLD_PLACES = ("np_utils", "vis_utils", "generic_utils", "data_utils", "io_utils", "layer_utils",
               "training_utils", "multi_gpu_utils", "conv_utils")  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _OLD_PLACES:
        return sys.modules[__name__]
    if name.startswith("__"):
        raise AttributeError(name)
    from tf1x.lib.keras.engine import genuine

    more = importlib.import_module(f"{__name__}.more")
    if hasattr(more, name):
        return getattr(more, name)
    return getattr(genuine("utils"), name)


def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float32",
                   nb_classes: int | None = None) -> Any:  # fmt: skip
    """Class numbers as one-hot rows.

    Args:
        num_classes: by default the largest number plus one.
    """
    numbers = np.asarray(y, dtype=int)
    shape = numbers.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    flat = numbers.reshape(-1)
    count = num_classes or nb_classes or int(flat.max()) + 1
    found = np.zeros((flat.size, count), getattr(dtype, "as_numpy_dtype", dtype))
    found[np.arange(flat.size), flat] = 1
    return found.reshape((*shape, count))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """An array divided by its norm along an axis."""
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis)


def categorical_probas_to_classes(p: Any) -> Any:
    """The numbers of the most probable classes (Keras 1)."""
    return np.argmax(p, axis=1)
