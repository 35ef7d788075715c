"""Rows that loops write and products with weights that stay: the same numbers as TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1
from tf1x.native import gemm, library
from tf1x.runtime import per_step

STEPS, UNITS = 6, 3
X = np.random.RandomState(0).randn(STEPS, 2, UNITS).astype(np.float32)
W = np.random.RandomState(1).randn(UNITS, UNITS).astype(np.float32) / 2


def _looped(tf: Any, x: Any, w: Any, place: Callable[[Any], Any], size: int = STEPS) -> Any:
    """The states of a small recurrent net, each written where `place` says."""
    rows = tf.TensorArray(tf.float32, STEPS).unstack(x)
    out = tf.TensorArray(tf.float32, size, element_shape=[2, UNITS])

    def body(i: Any, h: Any, out: Any) -> Any:
        h = tf.tanh(tf.matmul(rows.read(i) + h, w))
        return i + 1, h, out.write(place(i), h)

    start = (0, tf.zeros([2, UNITS]), out)
    return tf.while_loop(lambda i, *_: i < STEPS, body, start)[-1].stack()


def in_order(tf: Any, x: Any, n: Any, w: Any) -> Any:
    return _looped(tf, x, w, lambda i: i)


def backwards(tf: Any, x: Any, n: Any, w: Any) -> Any:
    return _looped(tf, x, w, lambda i: STEPS - 1 - i)


def every_other_row(tf: Any, x: Any, n: Any, w: Any) -> Any:
    return _looped(tf, x, w, lambda i: 2 * i, size=2 * STEPS)


def as_many_as_fed(tf: Any, x: Any, n: Any, w: Any) -> Any:
    out = tf.TensorArray(tf.float32, STEPS, element_shape=[2, UNITS])
    rows = tf.TensorArray(tf.float32, STEPS).unstack(x)

    def body(i: Any, h: Any, out: Any) -> Any:
        h = tf.tanh(tf.matmul(rows.read(i) + h, w))
        return i + 1, h, out.write(i, h)

    _, _, out = tf.while_loop(
        lambda i, *_: i < n, body, (0, tf.zeros([2, UNITS]), out), maximum_iterations=STEPS
    )
    return out.stack()


def two_arrays(tf: Any, x: Any, n: Any, w: Any) -> Any:
    first, second = (tf.TensorArray(tf.float32, STEPS, element_shape=[2, UNITS]) for _ in "ab")

    def body(i: Any, h: Any, first: Any, second: Any) -> Any:
        h = tf.tanh(tf.matmul(x[i] + h, w))
        return i + 1, h, first.write(i, h), second.write(STEPS - 1 - i, h * h)

    start = (0, tf.zeros([2, UNITS]), first, second)
    _, _, first, second = tf.while_loop(lambda i, *_: i < STEPS, body, start)
    return first.stack() * second.stack()


def also_read(tf: Any, x: Any, n: Any, w: Any) -> Any:
    """What a step writes, a later step reads."""
    out = tf.TensorArray(
        tf.float32, STEPS + 1, element_shape=[2, UNITS], clear_after_read=False
    ).write(0, x[0])

    def body(i: Any, out: Any) -> Any:
        return i + 1, out.write(i + 1, tf.tanh(tf.matmul(out.read(i) + x[i], w)))

    return tf.while_loop(lambda i, _: i < STEPS, body, (0, out))[1].stack()


PROGRAMS = [in_order, backwards, every_other_row, as_many_as_fed, two_arrays, also_read]
# How many of a loop's lists are collected by the scan.
COLLECTED = {in_order: 1, backwards: 1, every_other_row: 1, as_many_as_fed: 1, two_arrays: 2}


def _results(tf: Any, program: Any) -> list[Any]:
    with tf.Graph().as_default(), tf.Session() as session:
        x, n = tf.placeholder(tf.float32, X.shape), tf.placeholder(tf.int32, [])
        w = tf.get_variable("w", initializer=W)
        y = program(tf, x, n, w)
        loss = tf.reduce_sum(y * tf.constant(np.arange(UNITS, dtype=np.float32)))
        session.run(tf.global_variables_initializer())
        fetches = [y, *tf.gradients(loss, [x, w])]
        return [session.run(fetches, {x: X, n: count}) for count in (STEPS, 2, 0)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_equals_tensorflow(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    collected = [0]
    original = per_step.PerStep._find_writes

    def noted(self: Any, *args: Any) -> Any:
        found = original(self, *args)
        collected.append(len(found))
        return found

    monkeypatch.setattr(per_step.PerStep, "_find_writes", noted)
    for ours, theirs in zip(_results(tf1x, program), _results(tf1, program), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert max(collected) == COLLECTED.get(program, 0)


def _trained(cell: Any, lengths: tuple[int, ...]) -> list[Any]:
    tf = tf1x
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [4, None, 40])
        length = tf.placeholder(tf.int32, [4])
        y, _ = tf.nn.dynamic_rnn(cell(tf), x, length, dtype=tf.float32)
        loss = tf.reduce_sum(tf.square(y))
        session.run(tf.global_variables_initializer())
        fetches = [y, *tf.gradients(loss, [x, *tf.trainable_variables()])]
        rng = np.random.RandomState(0)
        return [
            session.run(fetches, {x: rng.randn(4, steps, 40), length: [steps, 1, 2, 3]})
            for steps in lengths
        ]


# Batches of a third length have a program for all lengths of a bucket.
CELLS = {
    "gru": (lambda tf: tf.nn.rnn_cell.GRUCell(128), (5,)),
    "lstm": (lambda tf: tf.nn.rnn_cell.LSTMCell(64, use_peepholes=True), (5, 6, 7)),
}


@pytest.mark.parametrize("name", CELLS)
def test_packed_weights_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if library.library() is None:
        pytest.skip(library.prepare())
    packed = []
    original = gemm.packed
    monkeypatch.setattr(gemm, "packed", lambda *a, **k: packed.append(a) or original(*a, **k))
    with_kernel = _trained(*CELLS[name])
    assert packed
    monkeypatch.setattr(gemm, "suits", lambda *_: False)
    for ours, theirs in zip(with_kernel, _trained(*CELLS[name]), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * np.abs(b).max())
