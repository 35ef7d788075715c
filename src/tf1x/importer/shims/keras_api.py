"""`import keras` is the Keras of the time: Keras 3 on JAX with the names and arguments of Keras 1, 2.

The same modules are `tf.keras`; see tf1x.lib.keras.
"""

from __future__ import annotations

from types import ModuleType

from tf1x.importer.shims import module, note, patch, preparations
from tf1x.lib.keras import serve
from tf1x.lib.keras.engine import prepare

preparations["keras"] = prepare


@patch("keras")
def _keras(keras: ModuleType) -> None:
    note("keras is Keras 3 on JAX, with the names of Keras 1 and 2")
    serve(keras)


@module("keras")
def _absent(made: ModuleType) -> None:
    raise ModuleNotFoundError(
        "No module named 'keras'. tf1x runs Keras programs on Keras 3: pip install 'tf1x[keras]'",
        name="keras",
    )
