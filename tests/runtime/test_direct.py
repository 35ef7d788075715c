"""Runs that were prepared, against the same runs on the long way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import jax
import numpy as np
import pytest

import tf1x as tf
from tf1x.runtime import direct, execute

Program = Callable[[], tuple[Any, dict[Any, Any]]]


def training(optimizer: Any = None) -> tuple[Any, dict[Any, Any]]:
    x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    w, b = tf.Variable(1.0, name="w"), tf.Variable([0.5], name="b")
    cost = tf.reduce_mean(tf.square(x * w + b - y))
    train = (optimizer or tf.train.GradientDescentOptimizer(0.01)).minimize(cost)
    return [cost, w, {"b": b, "again": (cost, train)}], {y: [1, 2, 3], x: np.float32([1, 2, 3])}


def only_an_operation() -> tuple[Any, dict[Any, Any]]:
    (_, _, rest), feed = training(tf.train.MomentumOptimizer(0.1, 0.9))
    return rest["again"][1], feed


def one_variable() -> tuple[Any, dict[Any, Any]]:
    (_, w, rest), feed = training()
    with tf.control_dependencies([rest["again"][1]]):
        return w.assign_add(1.0), feed


def wide() -> tuple[Any, dict[Any, Any]]:
    """Numbers of 64 bits, which JAX makes 32 unless it is told not to."""
    x = tf.placeholder(tf.int64, [2])
    v = tf.Variable(np.float64(1) / 3)
    return [v.assign_add(tf.reduce_sum(tf.to_double(x))), x * 2**40], {x: [2**40 + 1, 3]}


def wide_variable() -> tuple[Any, dict[Any, Any]]:
    v = tf.Variable(np.float64(1) / 3)
    return [v * 2.0, v.assign_add(1.0)], {}


def large_constant() -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.float32, [])
    return tf.reduce_sum(tf.constant(np.arange(5000, dtype=np.float32)) * x), {x: 2.0}


def resource() -> tuple[Any, dict[Any, Any]]:
    v = tf.get_variable("v", initializer=np.float32([1, 2]), use_resource=True)
    return [v, v.assign_add([1.0, 1.0])], {}


def run(program: Program, runs: int = 5) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feed = program()
        session.run(tf.global_variables_initializer())
        found = [session.run(fetches, feed) for _ in range(runs)]
        return found, session.run(tf.global_variables())


PROGRAMS = [
    training,
    only_an_operation,
    one_variable,
    wide,
    wide_variable,
    large_constant,
    resource,
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_prepared_runs_give_the_same(program: Program) -> None:
    with mock.patch.object(execute, "direct_run", return_value=None):
        expected = run(program)
    with mock.patch.object(execute, "direct_run", wraps=direct.direct_run) as prepared:
        found = run(program)
    assert prepared.called
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert type(ours) is type(theirs)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_they_are_taken() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feed = training()
        session.run(tf.global_variables_initializer())
        session.run(fetches, feed)
        with mock.patch.object(execute.Executor, "_run_values", side_effect=AssertionError):
            session.run(fetches, feed)


def test_other_shapes_and_values_set_between() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        v = tf.Variable(1.0)
        doubled, reset = v.assign(v * 2.0 + tf.reduce_sum(x)), v.initializer
        session.run(reset)
        assert [session.run(doubled, {x: [0.0]}) for _ in range(3)] == [2, 4, 8]
        assert session.run(doubled, {x: [1.0, 1.0]}) == 18
        session.run(reset)
        assert [session.run(doubled, {x: [0.0]}) for _ in range(3)] == [2, 4, 8]
        v.load(5.0, session)
        assert session.run(doubled, {x: [0.0]}) == 10
        with pytest.raises(ValueError, match="Cannot feed value of shape"):
            session.run(doubled, {x: 1.0})
        assert session.run(v) == 10


def test_a_new_session_has_no_values() -> None:
    with tf.Graph().as_default():
        v = tf.Variable(1.0)
        doubled = v * 2.0
        for _ in range(2):
            with tf.Session() as session:
                with pytest.raises(tf.errors.FailedPreconditionError):
                    session.run(doubled)
                session.run(v.initializer)
                assert [session.run(doubled) for _ in range(3)] == [2.0] * 3


def test_results_are_the_callers_own() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        twice = v * 2.0
        session.run(v.initializer)
        for _ in range(3):
            value, product = session.run([v, twice])
            value[0] = product[0] = 7.0
        assert session.run([v, twice])[0].tolist() == [1.0, 2.0]


def test_recording() -> None:
    """A recorded run tells what it did, also where one was prepared."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        y = tf.sin(x)
        for _ in range(3):
            session.run(y, {x: [1, 2]})
        metadata = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        session.run(y, {x: [1, 2]}, options=options, run_metadata=metadata)
        assert metadata.step_stats.dev_stats
