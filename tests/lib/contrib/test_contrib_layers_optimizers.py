"""`tf.contrib.layers.optimize_loss` against steps computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x

L = tf1x.contrib.layers


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf1x.Graph().as_default() as graph:
        yield graph


def _problem() -> tuple[Any, Any, Any]:
    """0.5 (3 a)^2 + b: gradients 9 a and 1 at a = 10, b = 1."""
    a = tf1x.get_variable("a", initializer=10.0)
    b = tf1x.get_variable("b", initializer=1.0)
    return a, b, 0.5 * tf1x.square(3.0 * a) + b


def _after(train: Any, fetches: Any, steps: int = 1) -> Any:
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        for _ in range(steps):
            loss = session.run(train)
        assert loss is not None
        return session.run(fetches)


def _sgd(rate: Any) -> Any:
    return tf1x.train.GradientDescentOptimizer(rate)


@pytest.mark.parametrize(
    ("rate", "optimizer"),
    [
        (0.1, "SGD"),
        (0.1, tf1x.train.GradientDescentOptimizer),
        (0.1, _sgd),
        (None, tf1x.train.GradientDescentOptimizer(0.1)),
        (None, lambda: _sgd(0.1)),
    ],
    ids=["name", "class", "function", "object", "function of nothing"],
)
def test_optimizers(rate: Any, optimizer: Any) -> None:
    a, b, loss = _problem()
    step = tf1x.train.get_or_create_global_step()
    train = L.optimize_loss(loss, step, rate, optimizer, summaries=[])
    np.testing.assert_allclose(_after(train, [a, b, step], 2), [0.1, 0.8, 2], rtol=1e-5)
    names = [v.op.name for v in tf1x.global_variables()]
    assert ("OptimizeLoss/learning_rate" in names) == (rate is not None)


def test_gradients_are_changed_in_order() -> None:
    a, b, loss = _problem()
    train = L.optimize_loss(
        loss, None, 1.0, "SGD", gradient_multipliers={"a:0": 0.5, b: 2.0}, clip_gradients=1.0,
        variables=[a, b], summaries=[], name="train",
    )  # fmt: skip
    norm = np.hypot(45.0, 2.0)
    found = _after(train, [a, b])
    np.testing.assert_allclose(found, [10 - 45 / norm, 1 - 2 / norm], rtol=1e-5)


def test_a_function_clips() -> None:
    a, b, loss = _problem()
    train = L.optimize_loss(
        loss, None, 1.0, "SGD", clip_gradients=lambda pairs: [(g * 0.0 + 1.0, v) for g, v in pairs],
        summaries=[],
    )  # fmt: skip
    np.testing.assert_allclose(_after(train, [a, b]), [9.0, 0.0])


def test_decay_and_update_ops() -> None:
    a, _, loss = _problem()
    count = tf1x.get_variable("count", initializer=0, trainable=False)
    tf1x.add_to_collection(tf1x.GraphKeys.UPDATE_OPS, tf1x.assign_add(count, 1))
    step = tf1x.train.get_or_create_global_step()
    train = L.optimize_loss(
        loss, step, 1.0, "SGD", learning_rate_decay_fn=lambda rate, step: rate * 0.01,
        increment_global_step=False, summaries=[],
    )  # fmt: skip
    np.testing.assert_allclose(_after(train, [a, count, step], 2), [10 * 0.91**2, 2, 0], rtol=1e-5)


def test_noise() -> None:
    a, _, loss = _problem()
    train = L.optimize_loss(loss, None, 1.0, "SGD", gradient_noise_scale=5.0, summaries=[])
    found = _after(train, a)
    assert found != -80.0
    assert abs(found + 80.0) <= 10.0


def test_adaptive_clipping() -> None:
    a = tf1x.get_variable("a", initializer=[1.0, 2.0])
    scale = tf1x.placeholder_with_default(1.0, [])
    clip = L.adaptive_clipping_fn(decay=0.5, std_factor=0.0)
    clipped = clip([(scale * tf1x.constant([3.0, 4.0]), a), (None, a)])
    assert clipped[1] == (None, a)
    names = [v.op.name for v in tf1x.global_variables()]
    assert names == ["a", "AdaptiveMaxNorm/mean", "AdaptiveMaxNorm/sq_mean"]
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        mean = square = 0.0
        for factor in (1.0, 0.1, 10.0):
            norm = 5.0 * factor
            mean, square = (mean + np.log(norm)) / 2, (square + np.log(norm) ** 2) / 2
            # A reference of a moving average shows the new value only where it is awaited; both do.
            wanted = norm if norm < np.exp(mean) else np.exp(mean)
            found = session.run(clipped[0][0], {scale: factor})
            np.testing.assert_allclose(np.linalg.norm(found), wanted, rtol=1e-4)
    assert square > 0


def test_refusals() -> None:
    _, _, loss = _problem()
    step = tf1x.train.get_or_create_global_step()
    for arguments, words in (
        ((loss, step, 0.1, "Nothing"), "Optimizer name should be one of"),
        ((loss, step, -0.1, "SGD"), "Invalid learning_rate"),
        ((loss, step, 1, "SGD"), "should be 0d Tensor or float"),
        ((loss, step, None, "SGD"), "Learning rate is None"),
        ((loss, step, 0.1, lambda rate: 3), "Unrecognized optimizer"),
        ((loss, step, 0.1, 3), "Unrecognized optimizer"),
        ((tf1x.zeros([2]), step, 0.1, "SGD"), "scalar"),
        ((loss, step, 0.1, "SGD", None, None, "a lot"), "clip_gradients"),
    ):
        with pytest.raises(ValueError, match=words):
            L.optimize_loss(*arguments, summaries=[])
    with pytest.raises(ValueError, match="Summaries should be one of"):
        L.optimize_loss(loss, step, 0.1, "SGD", summaries=["all"])
    assert set(L.OPTIMIZER_CLS_NAMES) == {"Adagrad", "Adam", "Ftrl", "Momentum", "RMSProp", "SGD"}
