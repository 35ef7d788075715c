"""`tf.contrib.saved_model.save_keras_model` and `load_keras_model`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.errors import UnsupportedError

saved_model = tf.contrib.saved_model


def test_a_model_comes_back_without_its_optimizer(tmp_path: Path) -> None:
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="tanh", input_shape=(3,))])
    model.compile(tf.train.GradientDescentOptimizer(0.1), "mse")
    x = np.random.RandomState(0).randn(4, 3).astype("f")
    first = saved_model.save_keras_model(model, str(tmp_path))
    assert Path(first).parent == tmp_path
    assert saved_model.save_keras_model(model, str(tmp_path)) != first
    again = saved_model.load_keras_model(first)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert not again.compiled
    with pytest.raises(UnsupportedError, match="simple_save"):
        saved_model.save_keras_model(model, str(tmp_path), serving_only=True)
