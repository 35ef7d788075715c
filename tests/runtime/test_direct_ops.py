"""Runs of which nothing is compiled, prepared, against the same runs on the long way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import jax
import numpy as np
import pytest

import tf1x as tf
from tf1x.ops import queues
from tf1x.runtime import direct_ops, execute

Program = Callable[[], tuple[Any, dict[Any, Any]]]


def strings() -> tuple[Any, dict[Any, Any]]:
    text = tf.placeholder(tf.string, [None])
    joined = tf.string_join([text, text], "-")
    return [joined, text, joined.op, tf.reduce_join(joined, 0)], {text: [b"a", b"bc"]}


def integers() -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.int32, [2])
    return {"sum": x + 2, "shape": tf.shape(x), "constant": tf.constant(7)}, {x: np.int32([1, 2])}


def python_function() -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.float64, [])
    y, z = tf.py_func(lambda v: (v + 1, np.int64(v)), [x], (tf.float64, tf.int64))
    return [z, y], {x: 2.5}


def fed_in_the_middle() -> tuple[Any, dict[Any, Any]]:
    text = tf.string_join([tf.constant("a"), tf.constant("b")])
    return tf.string_to_hash_bucket_fast(text, 1000), {text: b"c"}


def fed_in_part() -> tuple[Any, dict[Any, Any]]:
    found = tf.unique(tf.constant(["a", "b", "a"]))
    return [found.y, found.idx], {found.y: [b"z"]}


def device_array() -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.int32, [2])
    return [x, tf.as_string(x)], {x: jax.numpy.arange(2, dtype=np.int32)}


def csv_rows() -> tuple[Any, dict[Any, Any]]:
    """A dequeue and an enqueue, one after the other."""
    lines = tf.FIFOQueue(8, [tf.string], [[]])
    rows = tf.FIFOQueue(8, [tf.float32, tf.int32], [[2], []])
    line = tf.placeholder(tf.string, [])
    with tf.control_dependencies([lines.enqueue(line)]):
        a, b, c = tf.decode_csv(lines.dequeue(), [[0.0], [1.5], [0]])
    with tf.control_dependencies([rows.enqueue([tf.stack([a, b]), c])]):
        return [rows.dequeue(), a], {line: b"0.25,,3"}


def run(program: Program) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feed = program()
        return [session.run(fetches, feed) for _ in range(4)]


PROGRAMS = [
    strings,
    integers,
    python_function,
    fed_in_the_middle,
    fed_in_part,
    device_array,
    csv_rows,
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_prepared_runs_give_the_same(program: Program) -> None:
    with mock.patch.object(execute, "direct_ops_run", return_value=None):
        expected = run(program)
    with mock.patch.object(execute, "direct_ops_run", wraps=direct_ops.direct_ops_run) as prepared:
        found = run(program)
    assert prepared.called
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert type(ours) is type(theirs)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p is not fed_in_part])
def test_they_are_taken(program: Program) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feed = program()
        session.run(fetches, feed)
        with mock.patch.object(execute.Executor, "_run_values", side_effect=AssertionError):
            session.run(fetches, feed)


def test_an_error_names_its_op() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        line = tf.placeholder(tf.string, [])
        row = tf.decode_csv(line, [[0]], name="row")
        assert session.run(row, {line: b"1"}) == [1]
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="valid int32: x") as caught:
                session.run(row, {line: b"x"})
            assert caught.value.op.name == "row"
        assert session.run(row, {line: b"2"}) == [2]


def test_ops_that_wait_for_each_other() -> None:
    """What is put off on the long way may be what another op waits for."""
    with tf.Graph().as_default(), tf.Session() as session:
        queue = tf.FIFOQueue(1, [tf.int32], [[]])
        text = tf.placeholder(tf.string, [])
        both = [queue.dequeue(), queue.enqueue(tf.string_to_number(text, tf.int32))]
        assert [session.run(both, {text: str(i)})[0] for i in range(5)] == list(range(5))


def test_a_waiting_run_ends_with_its_session() -> None:
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, [tf.string], [[]])
        taken, put = queue.dequeue(), queue.enqueue("a")
        session = tf.Session()
        for _ in range(3):
            session.run(put)
            assert session.run(taken) == b"a"
        caught: list[Exception] = []

        def wait() -> None:
            try:
                session.run(taken)
            except tf.errors.CancelledError as error:
                caught.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        (kept,) = session._state.resources.values()
        while not kept._takes:
            time.sleep(0.01)
        session.close()
        thread.join(10)
        assert len(caught) == 1
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(taken)


def test_constants_and_handles_are_looked_up_once() -> None:
    with tf.Graph().as_default(), tf.Session() as session, tf.Session() as other:
        queue = tf.FIFOQueue(4, [tf.string], [[]])
        put, taken = queue.enqueue(tf.constant("a")), queue.dequeue_many(1)
        for _ in range(2):
            session.run(put)
            session.run(taken)
        gone = AssertionError("once is enough")
        with mock.patch.object(queues, "get_or_create", side_effect=gone):
            session.run(put)
            assert session.run(taken).tolist() == [b"a"]
            with pytest.raises(AssertionError, match="once is enough"):
                other.run(put)  # which has a queue of its own


def test_results_are_the_callers_own() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        numbers = tf.constant([1, 2, 3])
        for _ in range(3):
            session.run(numbers)[:] = 0
        assert session.run(numbers).tolist() == [1, 2, 3]
