"""Batch and local response normalisation: the same graphs and values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats
from tf1x.core import opdef

_X = floats(3, 4, 2, 5)
_CUBE = floats(2, 3, 2, 4, 5)
_SCALE, _OFFSET, _MEAN = (floats(5, seed=seed) for seed in (1, 2, 3))
_VARIANCE = np.abs(floats(5, seed=4)) + 0.5


def _norm(
    tf: Any, x: Any, given: bool = False, twice: bool = False, weights: Any = None, **keywords: Any
) -> list[Any]:
    """The results of fused_batch_norm and the gradients of x, scale and offset.

    Args:
        given: hand mean and variance over.
        twice: differentiate the sum of the squares of those gradients once more.
    """
    x, scale, offset, mean, variance = (
        tf.placeholder_with_default(v, v.shape) for v in (x, _SCALE, _OFFSET, _MEAN, _VARIANCE)
    )
    moments = {"mean": mean, "variance": variance} if given else {}
    y, new_mean, new_variance = tf.nn.fused_batch_norm(x, scale, offset, **moments, **keywords)
    inputs = [x, scale, offset, *moments.values()]
    found = tf.gradients(y * tf.sin(y), inputs)
    if twice:
        squares = tf.add_n([tf.reduce_sum(g**2) for g in found if g is not None])
        found = tf.gradients(squares, [x, scale])
    return [y, new_mean, new_variance, *found]


SAME: dict[str, Program] = {
    "fused": lambda tf: tf.nn.fused_batch_norm(_X, _SCALE, _OFFSET),
    "fused names": lambda tf: tf.nn.fused_batch_norm(tf.constant(_X), scale=_SCALE, offset=_OFFSET, epsilon=0.1, name="norm"),
    "fused moving": lambda tf: tf.nn.fused_batch_norm(tf.constant(_X), _SCALE, _OFFSET, _MEAN, _VARIANCE, exponential_avg_factor=0.3),
    "lrn": lambda tf: tf.nn.lrn(tf.constant(_X), 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75),
    "lrn name": lambda tf: tf.nn.local_response_normalization(_X, depth_radius=2, name="norm"),
    "lrn gradient": lambda tf: (lambda x: tf.gradients(tf.nn.lrn(x, 2, 0.5, 0.3, 0.75), x))(tf.constant(_X)),
}  # fmt: skip

SAME_VALUES: dict[str, Program] = {
    "training": lambda tf: _norm(tf, _X),
    "inference": lambda tf: _norm(tf, _X, given=True, is_training=False),
    "moving": lambda tf: _norm(tf, _X, given=True, exponential_avg_factor=0.3),
    "volumes": lambda tf: _norm(tf, _CUBE, data_format="NDHWC"),
    "volumes inference": lambda tf: _norm(tf, _CUBE, given=True, data_format="NDHWC", is_training=False),
    "channels first": lambda tf: _norm(tf, _X.transpose(0, 3, 1, 2), data_format="NCHW"),
    "channels first inference": lambda tf: _norm(tf, _X.transpose(0, 3, 1, 2), given=True, data_format="NCHW", is_training=False),
    "twice": lambda tf: _norm(tf, _X, twice=True),
    "twice inference": lambda tf: _norm(tf, _X, given=True, is_training=False, twice=True),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    # Second derivatives add up large terms of both signs.
    assert_same(SAME_VALUES[name], nodes=False, rtol=1e-4 if "twice" in name else 1e-5)


def test_moments_are_needed_for_inference() -> None:
    kind, text = error_of(tf1x, lambda tf: tf.nn.fused_batch_norm(_X, _SCALE, _OFFSET, is_training=False))  # fmt: skip
    assert kind == "ValueError"
    assert "Both `mean` and `variance`" in text


def test_values_far_from_zero_keep_their_precision() -> None:
    far = np.float32(np.random.RandomState(0).randn(64, 8, 8, 2) + [1000, -3000])
    one, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    _, (y, mean, variance) = run(
        tf1x, lambda tf: tf.nn.fused_batch_norm(tf.constant(far), one, zero)
    )
    exact = far.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance, exact.var((0, 1, 2), ddof=1), rtol=1e-4)
    expected = (exact - exact.mean((0, 1, 2))) / np.sqrt(exact.var((0, 1, 2)) + 1e-3)
    np.testing.assert_allclose(y, expected, atol=1e-3)


@pytest.mark.parametrize("scales", [True, False])
def test_the_op_of_old_graphs(scales: bool) -> None:
    """TensorFlow refuses it today; `tf.nn.batch_normalization` computes the same."""

    def both(tf: Any) -> Any:
        inputs = [tf.constant(v) for v in (_X, _MEAN, _VARIANCE, _OFFSET, _SCALE)]
        old = opdef.get("BatchNormWithGlobalNormalization").endpoint(
            *inputs, variance_epsilon=0.01, scale_after_normalization=scales
        )
        new = tf.nn.batch_normalization(*inputs[:4], inputs[4] if scales else None, 0.01)
        wanted = inputs if scales else inputs[:4]
        weight = tf.constant(floats(*_X.shape, seed=9))
        return [old, *tf.gradients(old, wanted, weight), new, *tf.gradients(new, wanted, weight)]

    _, values = run(tf1x, both)
    half = len(values) // 2
    for old, new in zip(values[:half], values[half:], strict=True):
        np.testing.assert_allclose(old, new, rtol=1e-5, atol=1e-6)
