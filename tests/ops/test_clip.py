"""Clipping by norms: the same graphs and values as TensorFlow's."""

from __future__ import annotations

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import floats

_X = floats(3, 4)
_Y = floats(2, seed=1)


def _slices(tf: object) -> object:
    return tf.IndexedSlices(tf.constant(_X), tf.constant([0, 2, 1]), tf.constant([5, 4]))  # type: ignore[attr-defined]


def _dense(items: object) -> list[object]:
    return [getattr(item, "values", item) for item in items]  # type: ignore[attr-defined]


SAME: dict[str, Program] = {
    "norm": lambda tf: tf.clip_by_norm(tf.constant(_X), 1.5),
    "norm axes": lambda tf: tf.clip_by_norm(tf.constant(_X), 1.5, axes=[1], name="clip"),
    "norm small": lambda tf: tf.clip_by_norm(_X, 100),
    "norm negative": lambda tf: tf.clip_by_norm(_X, -1.0),
    "norm tensor": lambda tf: tf.clip_by_norm(_X, tf.constant(2.0)),
    "norm zero": lambda tf: tf.clip_by_norm(np.zeros(3, np.float32), 1.0),
    "norm slices": lambda tf: tf.clip_by_norm(_slices(tf), 1.5).values,
    "norm gradient": lambda tf: (lambda x: tf.clip_by_norm(x, 1.5))(tf.constant(_X)),
    "global": lambda tf: tf.global_norm([tf.constant(_X), None, _slices(tf), _Y]),
    "clip global": lambda tf: (lambda found: [*_dense(found[0]), found[1]])(tf.clip_by_global_norm([_X, None, _slices(tf), tf.constant(_Y)], 2.0)),
    "clip global known": lambda tf: _dense(tf.clip_by_global_norm([_X, _Y], 2.0, use_norm=tf.constant(4.0), name="clip")[0]),
    "clip global small": lambda tf: tf.clip_by_global_norm([_X, _Y], 100.0)[0],
    "clip global infinite": lambda tf: tf.clip_by_global_norm([_X / 0, _Y], 1.0)[0],
    "average": lambda tf: tf.clip_by_average_norm(tf.constant(_X), 0.1),
}  # fmt: skip

GRADIENTS: dict[str, Program] = {
    "norm": lambda tf: (lambda x: tf.gradients(tf.clip_by_norm(x, 1.5), x))(tf.constant(_X)),
    "norm of zeros": lambda tf: (lambda x: tf.gradients(tf.clip_by_norm(x, 1.5), x))(tf.zeros([3])),
    "global": lambda tf: (lambda x: tf.gradients(tf.clip_by_global_norm([x, _Y], 1.5)[0], x))(tf.constant(_X)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    with np.errstate(divide="ignore"):
        assert_same(SAME[name])


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    assert_same(GRADIENTS[name], nodes=False)


def test_a_list_is_wanted() -> None:
    assert error_of(tf1x, lambda tf: tf.global_norm(tf.constant(_X)))[0] == "TypeError"
