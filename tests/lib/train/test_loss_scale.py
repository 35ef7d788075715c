"""Loss scales and the optimizer that uses them, against TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1

# Finite, too large for float32 once squared, infinite.
INPUTS = [1.0, 1.0, np.inf, 1.0, 1e30, 1.0, 1.0, 1.0]
CASES: dict[str, tuple[Any, Any]] = {
    "dynamic": (lambda tf: tf.train.MomentumOptimizer(0.1, 0.9), lambda tf: "dynamic"),
    "growing": (
        lambda tf: tf.train.AdamOptimizer(0.1),
        lambda tf: tf.train.experimental.DynamicLossScale(8.0, increment_period=2),
    ),
    "at one": (
        lambda tf: tf.train.GradientDescentOptimizer(0.1),
        lambda tf: tf.train.experimental.DynamicLossScale(2.0, 3, multiplier=4.0),
    ),
    "fixed": (lambda tf: tf.train.GradientDescentOptimizer(0.1), lambda tf: 16),
}


def trained(tf: Any, name: str, sparse: bool) -> tuple[list[Any], list[Any]]:
    """The names, and after each step the values, of all variables."""
    make, scale = CASES[name]
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3])
        w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer(0.5))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
        if sparse:
            loss = tf.reduce_sum(tf.gather(w, [0, 0, 1]) * tf.reduce_mean(x))
        rewrite = tf.train.experimental.enable_mixed_precision_graph_rewrite
        optimizer = rewrite(make(tf), scale(tf))
        step = tf.train.get_or_create_global_step()
        train = optimizer.minimize(loss, step)
        variables = tf.global_variables()
        names = [(v.name, v.trainable) for v in variables]
        names += [train.name, [v.name for v in optimizer.variables()], repr(optimizer._loss_scale)]
        session.run(tf.global_variables_initializer())
        values = []
        for value in INPUTS:
            session.run(train, {x: np.full([4, 3], value, np.float32)})
            values.append(session.run(variables))
    tf.train.experimental.disable_mixed_precision_graph_rewrite()
    return names, values


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_same_as_tensorflow(name: str, sparse: bool) -> None:
    names, values = trained(tf1x, name, sparse)
    wanted_names, wanted = trained(tf1, name, sparse)
    assert names == wanted_names
    for got, expected in zip(values, wanted, strict=True):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.5, -1, "x", None, [2]])
def test_no_loss_scale(scale: Any) -> None:
    messages = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), pytest.raises(ValueError) as caught:
            optimizer = tf.train.GradientDescentOptimizer(0.1)
            tf.train.experimental.MixedPrecisionLossScaleOptimizer(optimizer, scale)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_what_is_no_optimizer_or_has_a_scale() -> None:
    experimental = tf1x.train.experimental
    with tf1x.Graph().as_default():
        with pytest.raises(ValueError, match="must be an instance"):
            experimental.enable_mixed_precision_graph_rewrite(3)
        made = experimental.MixedPrecisionLossScaleOptimizer(tf1x.train.AdamOptimizer(), 2.0)
        with pytest.raises(ValueError, match="must not already be"):
            experimental.enable_mixed_precision_graph_rewrite(made)
