"""`tf.keras.estimator`."""

from __future__ import annotations

from typing import Any

from tf1x.core.errors import UnsupportedError


def model_to_estimator(*args: Any, **kwargs: Any) -> Any:
    """Not served: a Keras model has no TensorFlow graph of its own.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        "tf.keras.estimator.model_to_estimator: train the model with model.fit, or call it on the "
        "features in a model_fn of your own (tf.estimator.Estimator)."
    )
