"""Keras 3 itself: loaded with its JAX backend, and taught what tf1x programs ask of it."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from types import ModuleType

_lock = threading.RLock()
_modules: dict[str, ModuleType] = {}
_extended = False

_PUBLIC = (
    "activations", "applications", "backend", "callbacks", "constraints", "datasets",
    "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "preprocessing",
    "random", "regularizers", "saving", "utils",
)  # fmt: skip


def prepare() -> None:
    """Choose Keras's JAX backend before Keras is imported."""
    if "keras.src" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "jax"


def genuine(name: str = "") -> ModuleType:
    """Keras's own module `keras.<name>`, whatever `import keras` means in this process.

    Raises:
        ImportError: Keras is not installed, or runs on another backend.
    """
    _load()
    if name not in _modules:
        _modules[name] = importlib.import_module(f"keras.{name}")
    return _modules[name]


def _load() -> None:
    global _extended
    with _lock:
        if _extended:
            return
        prepare()
        try:
            keras = importlib.import_module("keras")
        except ModuleNotFoundError as error:
            if error.name != "keras":
                raise
            raise ImportError(
                "tf.keras and keras need Keras 3, which is not installed: pip install 'tf1x[keras]'",
                name="keras",
            ) from None
        _check()
        if _extended:  # importing it served `import keras`, which came through here
            return
        _extended = True
        _modules[""] = keras
        for name in _PUBLIC:
            _modules[name] = importlib.import_module(f"keras.{name}")
        from tf1x.lib.keras import extend

        extend.install()


def _check() -> None:
    source = importlib.import_module("keras.src")
    version = tuple(int(part) for part in source.__version__.split(".")[:2])
    if version < (3, 15):
        raise ImportError(
            f"tf1x needs Keras 3.15 or later, and {source.__version__} is installed: "
            "pip install -U 'tf1x[keras]'",
            name="keras",
        )
    backend = source.backend.backend()
    if backend != "jax":
        raise ImportError(
            f"Keras was imported before tf1x, with its {backend} backend; tf.keras needs the JAX "
            "one. Import tf1x first, or set the environment variable KERAS_BACKEND=jax.",
            name="keras",
        )
