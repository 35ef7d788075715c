"""Reductions, segments and counting: TensorFlow's graphs and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import complexes, floats

_X = floats(2, 3, 4)
_ROWS = floats(5, 3)
_FLAGS = _X > 0


def _x(tf: Any) -> Any:
    return tf.constant(_X, name="x")


def _open(tf: Any, rank: bool = True) -> Any:
    """A tensor whose dimensions (and rank) are not known while building."""
    return tf.placeholder_with_default(tf.constant(_X), [None] * 3 if rank else None)


_NUMERIC = ("reduce_sum", "reduce_mean", "reduce_prod", "reduce_max", "reduce_min")

SAME: dict[str, Program] = {
    "all": lambda tf: [getattr(tf, f)(_x(tf)) for f in _NUMERIC],
    "axis": lambda tf: [getattr(tf, f)(_x(tf), 1) for f in _NUMERIC],
    "axes": lambda tf: [getattr(tf, f)(_x(tf), [0, -1], True) for f in _NUMERIC],
    "old names": lambda tf: [getattr(tf, f)(_x(tf), reduction_indices=[1], keep_dims=True) for f in _NUMERIC],
    "new names": lambda tf: [getattr(tf, f)(_x(tf), axis=(1, 2), keepdims=True, name="r") for f in _NUMERIC],
    "arrays": lambda tf: [tf.reduce_sum(_X), tf.reduce_mean([[1.0, 2.0], [3.0, 4.0]], 0)],
    "scalars": lambda tf: [tf.reduce_sum(3.0), tf.reduce_mean(tf.constant(2.0))],
    "int": lambda tf: [tf.reduce_sum([1, 2, 3]), tf.reduce_mean(tf.constant([1, 2, 5])), tf.reduce_max([3, 9])],
    "open": lambda tf: [tf.reduce_sum(_open(tf)), tf.reduce_mean(_open(tf), 1)],
    "open rank": lambda tf: [tf.reduce_sum(_open(tf, rank=False)), tf.reduce_max(_open(tf, rank=False), 1)],
    "axis tensor": lambda tf: tf.reduce_sum(_x(tf), axis=tf.constant([0, 1])),
    "logic": lambda tf: [tf.reduce_all(_FLAGS), tf.reduce_any(_FLAGS, 1), tf.reduce_all(_FLAGS, axis=[0, 2], keepdims=True)],
    "scope": lambda tf: _scoped(tf),
    "tf.math": lambda tf: [tf.math.reduce_sum(_x(tf)), tf.math.reduce_euclidean_norm(_x(tf), 1)],
    "logsumexp": lambda tf: [tf.reduce_logsumexp(_x(tf)), tf.reduce_logsumexp(_x(tf), 1), tf.reduce_logsumexp(_x(tf), [0, 2], keep_dims=True, name="lse"), tf.reduce_logsumexp([-np.inf, -np.inf])],
    "variance": lambda tf: [tf.math.reduce_variance(_x(tf)), tf.math.reduce_variance(_x(tf), 1, True), tf.math.reduce_std(_x(tf), [0, 1]), tf.math.reduce_variance(tf.constant(complexes(4)))],
    "count_nonzero": lambda tf: [tf.count_nonzero(tf.constant([0, 1, 2])), tf.count_nonzero(_FLAGS, 1, dtype=tf.int32), tf.count_nonzero(_x(tf), reduction_indices=[0], keep_dims=True), tf.count_nonzero(["", "a"])],
    "argmax": lambda tf: [tf.argmax(_x(tf)), tf.argmax(_x(tf), 1), tf.argmax(_x(tf), axis=-1, output_type=tf.int32), tf.argmax(_x(tf), dimension=1, name="best"), tf.arg_max(_x(tf), 1)],
    "argmin": lambda tf: [tf.argmin(_x(tf), 0), tf.argmin([3, 1, 2]), tf.arg_min(_x(tf), dimension=2)],
    "cumsum": lambda tf: [tf.cumsum(_x(tf)), tf.cumsum(_X, 1, exclusive=True, name="c"), tf.cumsum([1, 2, 3], reverse=True)],
    "cumprod": lambda tf: [tf.cumprod(_x(tf), -1), tf.cumprod(_x(tf), axis=1, reverse=True, exclusive=True), tf.math.cumulative_logsumexp(_x(tf), 1)],
    "segments": lambda tf: [f(tf.constant(_ROWS), [0, 0, 1, 3, 3]) for f in (tf.segment_sum, tf.segment_mean, tf.segment_prod, tf.segment_max, tf.segment_min)],
    "unsorted segments": lambda tf: [f(tf.constant(_ROWS), [3, 0, 1, -1, 3], 4) for f in (tf.unsorted_segment_sum, tf.unsorted_segment_prod, tf.unsorted_segment_max, tf.unsorted_segment_min)],
    "segment mean": lambda tf: [tf.unsorted_segment_mean(tf.constant(_ROWS), [3, 0, 1, 1, 3], 4), tf.unsorted_segment_sqrt_n(_ROWS, [3, 0, 1, 1, 3], 4)],
    "sparse segments": lambda tf: [f(tf.constant(_ROWS), [4, 0, 2], [0, 0, 2]) for f in (tf.sparse_segment_sum, tf.sparse_segment_mean, tf.sparse_segment_sqrt_n)],
    "sparse segments, counted": lambda tf: [f(tf.constant(_ROWS), [4, 0, 2], [0, 0, 2], num_segments=5, name="s") for f in (tf.sparse_segment_sum, tf.sparse_segment_mean, tf.sparse_segment_sqrt_n)],
    "bincount": lambda tf: [tf.bincount([1, 5, 2, 1]), tf.bincount(tf.constant([1, 5]), minlength=8), tf.bincount(tf.constant([1, 5, 1]), tf.constant([0.5, 1.0, 2.0]), maxlength=4), tf.bincount(tf.constant([1, 5, 2]), dtype=tf.float32)],
    "histogram": lambda tf: tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5),
}  # fmt: skip


def _scoped(tf: Any) -> Any:
    with tf.name_scope("loss"):
        return tf.reduce_mean(tf.square(_x(tf) - tf.reduce_mean(_x(tf), 0)))


@pytest.mark.parametrize("program", SAME.values(), ids=SAME.keys())
def test_same_graph_and_values(program: Program) -> None:
    assert_same(program)


def _gradient(function: Any) -> Program:
    def program(tf: Any) -> Any:
        x = _x(tf)
        y = function(tf, x)
        first = tf.gradients(y, x)[0]
        return [first, tf.gradients(tf.reduce_sum(first * first), x)[0]]

    return program


VALUES: dict[str, Program] = {
    "confusion": lambda tf: [tf.confusion_matrix([1, 2, 4], [2, 2, 4]), tf.confusion_matrix([[1], [2]], [2, 2], num_classes=4, weights=[0.5, 2.0], dtype=tf.float32)],
    "gradient of logsumexp": _gradient(lambda tf, x: tf.reduce_logsumexp(x, 1)),
    "gradient of variance": _gradient(lambda tf, x: tf.math.reduce_variance(x, 1)),
    "gradient of norm": _gradient(lambda tf, x: tf.math.reduce_euclidean_norm(x, 1)),
    "gradient of product": _gradient(lambda tf, x: tf.reduce_prod(x, [0, 2])),
    "gradient of cumsum": _gradient(lambda tf, x: tf.cumsum(x * x, 1, exclusive=True)),
    "gradient of an open mean": lambda tf: _open_gradient(tf),
}  # fmt: skip


def _open_gradient(tf: Any) -> Any:
    x = _open(tf)
    return tf.gradients(tf.reduce_mean(tf.square(x), [0, 1]), x)[0]


@pytest.mark.parametrize("program", VALUES.values(), ids=VALUES.keys())
def test_same_values(program: Program) -> None:
    """Graphs differ: gradients, and assertions that TensorFlow adds."""
    assert_same(program, nodes=False)


def test_static_shapes() -> None:
    with tf1x.Graph().as_default() as graph:
        x = tf1x.placeholder(tf1x.float32, [None, 3])
        assert tf1x.reduce_sum(x).shape.as_list() == []
        assert tf1x.reduce_sum(x, 1).shape.as_list() == [None]
        assert tf1x.reduce_sum(x, 0, keepdims=True).shape.as_list() == [1, 3]
        assert tf1x.reduce_sum(x, tf1x.placeholder(tf1x.int32)).shape.ndims is None
        assert tf1x.argmax(x, 1).shape.as_list() == [None]
        y = tf1x.placeholder(tf1x.float32)
        assert tf1x.reduce_mean(y).shape.as_list() == []
        assert graph is y.graph


ERRORS: dict[str, tuple[str, Program]] = {
    "axis": ("ValueError", lambda tf: tf.reduce_sum(_x(tf), 3)),
    "bool": ("TypeError", lambda tf: tf.reduce_sum(tf.constant([True]))),
    "arg axis": ("ValueError", lambda tf: tf.argmax(_x(tf), 5)),
    "empty": ("InvalidArgumentError", lambda tf: tf.argmax(tf.zeros([0, 3]), 0)),
    "falling ids": ("InvalidArgumentError", lambda tf: tf.segment_sum(_ROWS, [0, 1, 0, 2, 2])),
    "large id": ("InvalidArgumentError", lambda tf: tf.unsorted_segment_sum(_ROWS, [0, 1, 0, 9, 2], 4)),
    "negative count": ("InvalidArgumentError", lambda tf: tf.bincount(tf.constant([-1, 2]))),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "program"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(kind: str, program: Program) -> None:
    from tests.oracle import tf1

    assert error_of(tf1, program)[0] == kind
    assert error_of(tf1x, program)[0] == kind
