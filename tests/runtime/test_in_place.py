"""Updates in place against the same programs without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import jax
import numpy as np
import pytest

import tf1x as tf
from tf1x.native import adam, descent, matmul
from tf1x.runtime import in_place

pytestmark = pytest.mark.usefixtures("kernels")

_RANDOM = np.random.RandomState(0)
_IMAGES = _RANDOM.normal(size=(50, 70)).astype(np.float32)


def _weights(name: str, *shape: int) -> Any:
    values = np.random.default_rng(len(name)).normal(size=shape).astype(np.float32)
    return tf.get_variable(name, initializer=values)


def _classes(logits: Any) -> Any:
    labels = tf.placeholder_with_default(np.arange(50) % 10, [50])
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def _two_layers(transposed: bool = False) -> Any:
    first, second = (
        _weights("first", 70, 60),
        _weights("second", *((30, 60) if transposed else (60, 30))),
    )
    hidden = tf.nn.relu(tf.matmul(_IMAGES, first))
    return _classes(tf.matmul(hidden, second, transpose_b=transposed))


def _shared() -> Any:
    """A weight with two gradients, which are added."""
    square = _weights("square", 70, 70)
    out = _weights("out", 70, 30)
    return _classes(tf.matmul(tf.matmul(tf.matmul(_IMAGES, square), square), out))


def _decayed() -> Any:
    first, second = _weights("first", 70, 60), _weights("second", 60, 30)
    loss = _classes(tf.matmul(tf.matmul(_IMAGES, first), second))
    return loss + 0.01 * tf.nn.l2_loss(first)


def _descent(loss: Any) -> list[Any]:
    return [tf.train.GradientDescentOptimizer(0.1).minimize(loss), loss]


def _with_gradients(loss: Any) -> list[Any]:
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    found = optimizer.compute_gradients(loss)
    return [optimizer.apply_gradients(found), loss, [g for g, _ in found]]


def _after_the_update(loss: Any) -> list[Any]:
    """What is read after the update, and what was read before."""
    variable = tf.trainable_variables()[0]
    before = tf.matmul(_IMAGES, variable)
    with tf.control_dependencies([before]):
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([train]):
        after = tf.matmul(_IMAGES, variable.read_value())
    return [train, loss, before, after]


def _adam(loss: Any) -> list[Any]:
    return [tf.train.AdamOptimizer(0.1).minimize(loss), loss]


def _steps(model: Callable[[], Any], train: Callable[[Any], Any]) -> list[Any]:
    tf.reset_default_graph()
    fetches = train(model())
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = [sess.run(fetches)[1:] for _ in range(3)]
        return [*found, sess.run(tf.global_variables())]


@pytest.mark.parametrize("train", [_descent, _with_gradients, _after_the_update, _adam])
@pytest.mark.parametrize(
    "model", [_two_layers, lambda: _two_layers(transposed=True), _shared, _decayed]
)
def test_the_same_numbers(model: Callable[[], Any], train: Callable[[Any], Any]) -> None:
    found = _steps(model, train)
    with mock.patch.object(in_place, "merged", lambda program: program):
        expected = _steps(model, train)
    tf.contrib.framework.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5), found, expected
    )


@pytest.mark.parametrize(
    ("model", "train", "count"),
    [
        (_two_layers, _descent, 2),
        (_two_layers, _with_gradients, 0),  # they are fetched
        (_shared, _descent, 1),  # the other gradient is a sum
    ],
)
def test_what_is_merged(model: Callable[[], Any], train: Callable[[Any], Any], count: int) -> None:
    with mock.patch.object(descent, "subtract_product", wraps=descent.subtract_product) as calls:
        _steps(model, train)
    assert calls.call_count == count


def test_readers_of_a_weight_come_first() -> None:
    """Of the second layer's weight: its products forward and back."""
    with mock.patch.object(adam, "update", wraps=adam.update) as calls:
        _steps(_two_layers_wide, _adam)
    merged = [call for call in calls.call_args_list if "readers" in call.kwargs]
    assert sorted(len(call.kwargs["readers"]) for call in merged) == [1, 2]


def _two_layers_wide() -> Any:
    first, second = _weights("first", 70, 100), _weights("second", 100, 50)
    return tf.reduce_mean(tf.square(tf.matmul(tf.nn.relu(tf.matmul(_IMAGES, first)), second)))


def test_a_run_that_fails_leaves_all_as_it_was() -> None:
    tf.reset_default_graph()
    labels = tf.placeholder(tf.int64, [50])
    weights = _weights("weights", 70, 30)
    logits = tf.matmul(_IMAGES, weights)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train, {labels: np.zeros(50)})
        before = sess.run(weights)
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(train, {labels: np.full(50, 30)})
        np.testing.assert_array_equal(before, sess.run(weights))
        sess.run(train, {labels: np.zeros(50)})
        assert not np.array_equal(before, sess.run(weights))


def test_an_equation_without_outputs() -> None:
    def run(weight: Any, a: Any, b: Any) -> Any:
        jax.jit(lambda x: ())(weight)
        return descent.descend(weight, np.float32(0.1), matmul.product(True, False, a, b), False)

    arguments = [np.ones(shape, np.float32) for shape in ((70, 60), (50, 70), (50, 60))]
    program = in_place.merged(jax.make_jaxpr(run)(*arguments))
    assert "tf1x_descend" in str(program)
