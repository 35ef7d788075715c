"""Layers by one kernel against the same programs computed one op after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1
from tf1x.native import matmul
from tf1x.runtime import dense

pytestmark = pytest.mark.usefixtures("kernels")

ROWS, TERMS, COLUMNS = 40, 33, 70


def _variable(tf: Any, *shape: int) -> Any:
    value = np.random.RandomState(len(shape)).randn(*shape).astype("f4")
    return tf.Variable(value)


def _product(tf: Any, x: Any) -> Any:
    return tf.matmul(x, _variable(tf, TERMS, COLUMNS))


def bias_and_relu(tf: Any, x: Any) -> Any:
    return tf.nn.relu(tf.nn.bias_add(_product(tf, x), _variable(tf, COLUMNS)))


def bias_first(tf: Any, x: Any) -> Any:
    return tf.nn.relu(_variable(tf, COLUMNS) + _product(tf, x))


def relu(tf: Any, x: Any) -> Any:
    return tf.nn.relu(_product(tf, x))


def two_layers(tf: Any, x: Any) -> Any:
    layer = bias_and_relu(tf, x)
    return tf.nn.relu(tf.matmul(layer, _variable(tf, COLUMNS, 64)) + _variable(tf, 64))


def product_is_used_twice(tf: Any, x: Any) -> Any:
    product = _product(tf, x)
    return tf.nn.relu(product) + product


def sum_is_used_twice(tf: Any, x: Any) -> Any:
    added = _product(tf, x) + _variable(tf, COLUMNS)
    return tf.nn.relu(added) + added


def a_bias_for_each_row(tf: Any, x: Any) -> Any:
    return tf.nn.relu(_product(tf, x) + _variable(tf, ROWS, 1))


def another_bound(tf: Any, x: Any) -> Any:
    return tf.maximum(_product(tf, x), 0.5)


def a_mask_of_one_row(tf: Any, x: Any) -> Any:
    return _product(tf, x) * tf.cast(_variable(tf, 1, COLUMNS) > 0.0, tf.float32)


def a_mask(tf: Any, x: Any) -> Any:
    return tf.cast(_variable(tf, ROWS, COLUMNS) > 0.0, tf.float32) * _product(tf, x)


# How many kernels each has, alone and with the gradients of its sum of squares.
PROGRAMS = {
    bias_and_relu: (1, 1),
    bias_first: (1, 1),
    relu: (1, 1),
    two_layers: (2, 3),
    product_is_used_twice: (0, 0),
    sum_is_used_twice: (0, 0),
    a_bias_for_each_row: (0, 0),
    another_bound: (0, 0),
    a_mask_of_one_row: (0, 0),
    a_mask: (1, 0),  # the product is a part of the mask's gradient, as traced
}


def _results(tf: Any, program: Callable[[Any, Any], Any], gradients: bool) -> list[Any]:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [ROWS, TERMS])
        found = program(tf, x)
        fetches = [found]
        if gradients:
            fetches += tf.gradients(tf.reduce_sum(found * found), [x, *tf.trainable_variables()])
        session.run(tf.global_variables_initializer())
        return session.run(
            [f for f in fetches if f is not None], {x: np.random.RandomState(0).randn(ROWS, TERMS)}
        )


@pytest.mark.parametrize("gradients", [False, True])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_the_same_numbers(program: Callable[[Any, Any], Any], gradients: bool) -> None:
    with mock.patch.object(matmul, "dense", wraps=matmul.dense) as calls:
        found = _results(tf, program, gradients)
    assert calls.call_count == PROGRAMS[program][gradients]
    with mock.patch.object(dense, "merged", lambda program: program):
        apart = _results(tf, program, gradients)
    for a, b, c in zip(found, apart, _results(tf1, program, gradients), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-4, atol=1e-3)


def test_training_reads_the_weights_before_it_changes_them() -> None:
    """Updates in place come after the layers that read the old values."""

    def losses(tf: Any) -> Any:
        with tf.Graph().as_default(), tf.Session() as session:
            loss = tf.reduce_mean(two_layers(tf, tf.constant(np.eye(ROWS, TERMS, dtype="f4"))))
            train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
            session.run(tf.global_variables_initializer())
            return [session.run([loss, train])[0] for _ in range(5)]

    np.testing.assert_allclose(losses(tf), losses(tf1), rtol=1e-5)
