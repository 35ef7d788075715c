"""`tf.test.compute_gradient` beside TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.oracle import tf1

import tf1x

_FUNCTIONS: dict[str, tuple[Callable[[Any, Any], Any], list[int], list[int]]] = {
    "square": (lambda tf, x: tf.square(x), [2, 3], [2, 3]),
    "product": (lambda tf, x: tf.matmul(x, [[1.0, 2.0], [3.0, 4.0]]), [3, 2], [3, 2]),
    "sum": (lambda tf, x: tf.reduce_sum(tf.sin(x), 0), [3, 2], [2]),
    "rows": (lambda tf, x: tf.gather(x, [1, 1]), [3, 2], [2, 2]),
}


def _jacobians(tf: Any, name: str, function: str) -> Any:
    build, x_shape, y_shape = _FUNCTIONS[name]
    with tf.Graph().as_default(), tf.Session():
        x = tf.placeholder(tf.float32, x_shape)
        start = np.linspace(0.2, 1.5, num=int(np.prod(x_shape))).reshape(x_shape)
        check = getattr(tf.test, function)
        return check(x, x_shape, build(tf, x), y_shape, start, delta=1e-2)


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_equal_to_tensorflows(name: str) -> None:
    ours, theirs = (_jacobians(tf, name, "compute_gradient") for tf in (tf1x, tf1))
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=2e-4)
    assert abs(
        _jacobians(tf1x, name, "compute_gradient_error")
        - _jacobians(tf1, name, "compute_gradient_error")
    ) < 2e-4  # fmt: skip


def test_several_inputs_and_a_wrong_gradient() -> None:
    with tf1x.Graph().as_default() as graph, tf1x.Session():
        x, y = tf1x.constant([1.0, 2.0]), tf1x.constant([3.0, 4.0])
        assert tf1x.test.compute_gradient_error([x, y], [[2], [2]], x * y, [2]) < 1e-3
        with graph.gradient_override_map({"Square": "Twice_wrong"}):
            tf1x.RegisterGradient("Twice_wrong")(lambda op, g: g)
            assert tf1x.test.compute_gradient_error(x, [2], tf1x.square(x), [2]) > 0.1


def test_no_gradient() -> None:
    with tf1x.Graph().as_default(), tf1x.Session():
        x = tf1x.constant([1.0, 2.0])
        with pytest.raises(AssertionError, match="has no gradient"):
            tf1x.test.compute_gradient(x, [2], tf1x.stop_gradient(x), [2])


def test_a_start_of_the_wrong_shape() -> None:
    with tf1x.Graph().as_default(), tf1x.Session():
        x = tf1x.constant([1.0, 2.0])
        with pytest.raises(ValueError, match="x_init_value"):
            tf1x.test.compute_gradient(x, [2], x, [2], x_init_value=np.ones(3))
