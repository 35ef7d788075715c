"""`keras.datasets`: from `$TF1X_DATA`, else `~/.keras/datasets`, else downloaded by Keras.

MNIST, Fashion-MNIST and CIFAR-10 that are on the disk are read without loading Keras.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

_NAMES = ("boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters")


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(_NAMES)


def find(name: str) -> str | None:
    """The path of a data file on this machine, or None."""
    for folder in (os.environ.get("TF1X_DATA"), "~/.keras/datasets"):
        path = os.path.join(os.path.expanduser(folder), os.path.basename(name)) if folder else ""
        if os.path.isabs(name):
            path = name
        if path and os.path.isfile(path):
            return path
    return None


def arrays(name: str, otherwise: str) -> Any:
    """`(x_train, y_train), (x_test, y_test)` of a `.npz` file, else what Keras downloads.

    Raises:
        ValueError: the file lacks one of the arrays.
    """
    import numpy as np

    path = find(name)
    if path is None:
        return keras(otherwise).load_data()
    with np.load(path, allow_pickle=False) as found:
        missing = [k for k in ("x_train", "y_train", "x_test", "y_test") if k not in found]
        if missing:
            raise ValueError(f"{path} has no array named {', '.join(missing)}")
        return (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])


def keras(name: str) -> Any:
    """Keras's own module of a data set, which looks for files as we do."""
    from tf1x.lib.keras.engine import genuine

    genuine()
    module = importlib.import_module(f"keras.src.datasets.{name}")
    if not hasattr(module, "_tf1x_get_file"):
        get_file = module._tf1x_get_file = module.get_file

        def found_or_fetched(fname: str, *args: Any, **kwargs: Any) -> str:
            return find(fname) or get_file(fname, *args, **kwargs)

        module.get_file = found_or_fetched
    return module
