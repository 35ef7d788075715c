"""Convolutions pooled by one kernel against the same programs computed one op after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest

import tf1x as tf
from tf1x.native import conv_pool
from tf1x.runtime import pooled

pytestmark = pytest.mark.usefixtures("kernels")


def _weights(*shape: int) -> Any:
    return tf.Variable(np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32))


def _bias_and_relu(x: Any) -> Any:
    return tf.nn.relu(tf.nn.bias_add(x, _weights(x.shape[3].value)))


def _relu_and_sum(x: Any) -> Any:
    return _weights(x.shape[3].value) + tf.nn.relu(x)


# What follows the convolution, the images' height and width, the filter, the padding of both.
PROGRAMS = {
    "nothing": (lambda x: x, (12, 10), (3, 3, 1, 16), "SAME"),
    "bias and ReLU": (_bias_and_relu, (12, 10), (3, 3, 16, 32), "SAME"),
    "ReLU and sum": (_relu_and_sum, (13, 11), (5, 3, 3, 20), "VALID"),
    "ReLU": (tf.nn.relu, (9, 7), (3, 3, 32, 48), "SAME"),
}


def _maxima(name: str, images: Any) -> tuple[Any, Any]:
    """The convolution's results, and the largest of each window of what follows it."""
    follows, _, filter, padding = PROGRAMS[name]
    found = tf.nn.conv2d(images, _weights(*filter), [1, 1, 1, 1], padding)
    return found, tf.nn.max_pool(follows(found), [1, 3, 3, 1], [1, 2, 2, 1], padding)


def _images(name: str, batch: int) -> Any:
    shape = (batch, *PROGRAMS[name][1], PROGRAMS[name][2][2])
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _run(build: Callable[[], Any]) -> Any:
    tf.reset_default_graph()
    fetches = build()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches)


@pytest.mark.parametrize("batch", [1, 2, 30])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_numbers(name: str, batch: int) -> None:
    build = lambda: _maxima(name, _images(name, batch))[1]  # noqa: E731
    with mock.patch.object(conv_pool, "maxima", wraps=conv_pool.maxima) as calls:
        found = _run(build)
    assert calls.call_count == 1
    with mock.patch.object(pooled, "merged", lambda program: program):
        np.testing.assert_array_equal(found, _run(build))


def _also_fetched() -> Any:
    return _maxima("bias and ReLU", _images("bias and ReLU", 4))


def _read_twice() -> Any:
    convolved, maxima = _maxima("ReLU", _images("ReLU", 4))
    return tf.reduce_sum(maxima) + tf.reduce_sum(convolved)


def _trained() -> Any:
    _, maxima = _maxima("bias and ReLU", _images("bias and ReLU", 4))
    loss = tf.reduce_mean(tf.square(maxima))
    return [tf.train.GradientDescentOptimizer(0.01).minimize(loss), loss]


def _sum_of_two() -> Any:
    """Which number is the largest depends on both."""
    images, filter = _images("ReLU", 4), _weights(3, 3, 32, 48)
    both = [tf.nn.conv2d(images * x, filter, [1, 1, 1, 1], "SAME") for x in (1.0, 2.0)]
    return tf.nn.max_pool(both[0] + both[1], [1, 2, 2, 1], [1, 2, 2, 1], "SAME")


@pytest.mark.parametrize("build", [_also_fetched, _read_twice, _trained, _sum_of_two])
def test_what_is_wanted_itself_is_computed(build: Callable[[], Any]) -> None:
    with mock.patch.object(conv_pool, "maxima", wraps=conv_pool.maxima) as calls:
        _run(build)
    assert calls.call_count == 0
