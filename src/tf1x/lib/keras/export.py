"""`tf.contrib.saved_model.save_keras_model` and `load_keras_model`."""

from __future__ import annotations

import os
import time
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib import logging
from tf1x.lib.keras import models

_MODEL = os.path.join("assets", "saved_model.h5")


def save_keras_model(
    model: Any,
    saved_model_path: Any,
    custom_objects: Any = None,
    as_text: Any = None,
    input_signature: Any = None,
    serving_only: bool = False,
) -> str:
    """Write a model, with weights and optimizer, into a new folder below `saved_model_path`.

    The folder, named after the time, holds the model as HDF5, for `load_keras_model`. It holds no
    TensorFlow graph: a Keras model has none here, so TensorFlow Serving cannot use the folder
    (`tf.saved_model.simple_save` writes what it can). A warning says so.

    Returns:
        The folder.

    Raises:
        UnsupportedError: `serving_only`, for that is the graph alone.
        NotImplementedError: a subclassed model, of which there is only Python code.
    """
    if serving_only:
        raise UnsupportedError(
            "save_keras_model(serving_only=True): a Keras model has no TensorFlow graph in tf1x. "
            "Build the network with tf.layers, and export it with tf.saved_model.simple_save."
        )
    if not getattr(model, "_is_graph_network", True) and not hasattr(model, "add"):
        raise NotImplementedError("Subclassed models cannot be saved as Keras SavedModels.")
    base = os.fsdecode(saved_model_path)
    stamp = int(time.time())
    while os.path.exists(os.path.join(base, str(stamp))):
        stamp += 1
    folder = os.path.join(base, str(stamp))
    os.makedirs(os.path.join(folder, "assets"))
    models.save_model(model, os.path.join(folder, _MODEL))
    logging.warning("%s holds no TensorFlow graph; only load_keras_model can read it.", folder)
    return folder


def load_keras_model(saved_model_path: Any) -> Any:
    """The model that `save_keras_model` has written, without optimizer, as in TensorFlow.

    Raises:
        OSError: there is none.
    """
    return models.load_model(os.path.join(os.fsdecode(saved_model_path), _MODEL), compile=False)
