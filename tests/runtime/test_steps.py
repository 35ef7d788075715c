"""Runs of several steps: what may fail later, and what the last one may overwrite."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import tf1x as tf


def values(session: Any, *variables: Any) -> list[Any]:
    return [session._state.variables[v.op.name] for v in variables]


def trained(x: Any) -> tuple[Any, Any]:
    v = tf.Variable(tf.ones([4, 4]), name="v")
    return v, v.assign_add(tf.matmul(v, x))


def test_the_last_step_overwrites_in_place() -> None:
    """A program that reads its batches itself needs no second copy of its variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        batches = tf.data.Dataset.from_tensors(np.eye(4, dtype=np.float32)).repeat()
        v, train = trained(batches.make_one_shot_iterator().get_next())
        session.run(v.initializer)
        session.run(train)
        (before,) = values(session, v)
        assert session.run(train)[0, 0] == 4.0
        assert before.is_deleted()


def test_not_what_a_later_step_may_want_back() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [4, 4])
        v, train = trained(x)

        def refuse(value: Any) -> Any:
            if value[0, 0] > 4:
                raise ValueError("too large")
            return value

        refused = tf.py_func(refuse, [train], tf.float32)
        session.run(v.initializer)
        eye = np.eye(4, dtype=np.float32)
        assert session.run(refused, {x: eye})[0, 0] == 2.0
        assert session.run(refused, {x: eye})[0, 0] == 4.0
        for _ in range(2):
            with pytest.raises(tf.errors.OpError, match="too large"):
                session.run(refused, {x: eye})
            assert session.run(v)[0, 0] == 4.0


def test_a_failed_check_in_the_last_step() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        index = tf.py_func(lambda: np.int32(draw.pop()), [], tf.int32)
        index.set_shape([])
        v = tf.Variable(tf.zeros([3]), name="v")
        w = tf.Variable(tf.zeros([3]), name="w")
        fetches = [tf.scatter_add(v, index, 1.0), w.assign_add(tf.ones([3])).op]
        session.run(tf.global_variables_initializer())
        draw = [1, 9, 1, 9, 2]
        for failing in (False, True, False, True, False):
            if failing:
                with pytest.raises(tf.errors.InvalidArgumentError):
                    session.run(fetches)
            else:
                session.run(fetches)
        assert [x.tolist() for x in session.run([v, w])] == [[0.0, 2.0, 1.0], [3.0] * 3]


def test_what_an_earlier_step_gave_stays() -> None:
    """Also where it is the variable itself, seen by NumPy."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(tf.zeros([1000]), name="v")
        seen: list[Any] = []

        def see(value: Any) -> Any:
            seen.append(value)
            return value

        same = tf.py_func(see, [v], tf.float32)
        with tf.control_dependencies([same]):
            more = v.assign_add(tf.ones([1000]))
        session.run(v.initializer)
        for step in range(4):
            before, after = session.run([same, more])
            assert (before == step).all()
            assert (after == step + 1).all()
        assert [x[0] for x in seen] == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("steps", ["one", "several"])
def test_a_fetch_without_a_value_changes_nothing(steps: str) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v, absent = tf.Variable(1.0), tf.Variable(1.0, name="absent")
        amount = tf.constant(1.0)
        if steps == "several":
            amount = tf.py_func(lambda: np.float32(1), [], tf.float32)
            amount.set_shape([])
        add = v.assign_add(amount)
        session.run(v.initializer)
        for _ in range(2):
            with pytest.raises(tf.errors.FailedPreconditionError, match="absent"):
                session.run([add, absent])
        assert session.run(v) == 1.0
        session.run(absent.initializer)
        assert session.run([add, absent]) == [2.0, 1.0]
        assert isinstance(session._state.variables[v.op.name], jax.Array)
