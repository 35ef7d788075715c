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


def random() -> tuple[Any, dict[Any, Any]]:
    tf.set_random_seed(1)
    x, keep = tf.placeholder(tf.float32, [4]), tf.placeholder(tf.float32, [])
    v = tf.Variable(tf.zeros([4]))
    return [tf.nn.dropout(x, keep), v.assign_add(tf.random_normal([4]))], {x: [1.0] * 4, keep: 0.5}


def checked() -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.int32, [3])
    v = tf.Variable(tf.zeros([5]))
    return [tf.gather(v, x), tf.scatter_add(v, x, [1.0, 2.0, 3.0])], {x: [4, 0, 4]}


def decided() -> tuple[Any, dict[Any, Any]]:
    """A fed bool decides which program it is."""
    x, training = tf.placeholder(tf.float32, [2, 3]), tf.placeholder(tf.bool)
    normal = tf.layers.batch_normalization(x, training=training)
    return [normal, tf.get_collection(tf.GraphKeys.UPDATE_OPS)], {x: np.eye(2, 3), training: True}


def known_beforehand() -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.float32, [2])
    return {"shape": tf.shape(x), "sine": tf.sin(x), "one": tf.constant(1.0)}, {x: [1, 2]}


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
    random,
    checked,
    decided,
    known_beforehand,
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


@pytest.mark.parametrize("program", PROGRAMS)
def test_they_are_taken(program: Program) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feed = program()
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


def test_a_failed_check_leaves_all_as_it_was() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int32, [2])
        table, steps = tf.Variable(tf.zeros([3])), tf.Variable(0)
        drawn = tf.random_uniform([], seed=3)
        fetches = [tf.scatter_add(table, x, [1.0, 2.0]), steps.assign_add(1), drawn]
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(fetches, {x: [0, 1]})
            with pytest.raises(tf.errors.InvalidArgumentError, match="ScatterAdd"):
                session.run(fetches, {x: [0, 7]})
            before = session.run([table, steps])
        assert before[0].tolist() == [3.0, 6.0, 0.0]
        assert before[1] == 3
        fourth = session.run(drawn)
        with tf.Session() as other:
            assert [other.run(drawn) for _ in range(4)][-1] == fourth


def test_a_failed_check_leaves_large_and_small_variables() -> None:
    """Large ones are overwritten in place and put back, small ones are not overwritten."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int32, [2])
        optimizer = tf.train.AdamOptimizer()
        variables = [tf.get_variable(f"v{size}", [size]) for size in (3, 20_000)]
        picked = tf.gather(variables[0], x)
        loss = tf.reduce_sum(picked) + sum(tf.reduce_sum(v * v) for v in variables)
        fetches = [loss, optimizer.minimize(loss)]
        for v in variables:
            tf.assign_add(v, v, name=f"double{v.shape[0]}")
        doubled = [tf.get_default_graph().get_operation_by_name(f"double{n}") for n in (3, 20_000)]
        checked = [tf.gather([1.0, 2.0, 3.0], x), *doubled]
        session.run(tf.global_variables_initializer())
        for run in (fetches, checked):
            for _ in range(3):
                session.run(run, {x: [0, 1]})
                before = session.run(tf.global_variables())
                with pytest.raises(tf.errors.InvalidArgumentError, match="indices"):
                    session.run(run, {x: [0, 7]})
                for value, kept in zip(session.run(tf.global_variables()), before, strict=True):
                    np.testing.assert_array_equal(value, kept)


def test_a_loop_that_turns_out_longer() -> None:
    """A prepared run whose program has too little room goes the long way."""
    with tf.Graph().as_default(), tf.Session() as session:
        limit, x = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
        start = [tf.constant(0.0), tf.constant(1.0)]
        last = tf.while_loop(lambda i, y: i < limit, lambda i, y: (i + y / y, y * x), start)[1]
        slope = tf.gradients(last, x)[0]
        with mock.patch.object(execute, "direct_run", wraps=direct.direct_run) as prepared:
            for count in (3, 3, 3, 400, 3, 400, 400, 2, 1000):
                assert session.run(slope, {limit: count, x: 1.0}) == count
        assert prepared.call_count > 1


def test_what_is_fed_again() -> None:
    """Small values stay on the device while they are the same; the caller may alter the array."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [16]), tf.placeholder(tf.float64, [])
        doubled = [x * 2.0, y * 2.0]
        value, scalar = np.zeros(16, np.float32), 0.1
        for i in (0, 0, 0, 1, 2, 2, 2, 1, 1, 1):
            value[:] = i
            twice, double = session.run(doubled, {x: value, y: scalar * i})
            assert twice.tolist() == [2.0 * i] * 16
            assert double == scalar * i * 2.0
        signs = [session.run(1.0 / x, {x: [zero] * 16})[0] for zero in (0.0, 0.0, 0.0, -0.0)]
        assert signs == [np.inf, np.inf, np.inf, -np.inf]


def test_a_run_is_over_when_it_returns() -> None:
    """XLA reads an array in place if it begins at a cache line; the caller may then alter it."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2**21])
        v = tf.Variable(0.0)
        fetches = [v.assign(tf.reduce_max(tf.sin(tf.sin(x)))).op, tf.shape(x)]
        session.run(v.initializer)
        memory = np.empty(2**21 + 16, np.float32)
        start = -memory.ctypes.data // 4 % 16
        array = memory[start : start + 2**21]
        for _ in range(5):
            array[:] = 0.0
            session.run(fetches, {x: array})
            array[:] = 1.0
            assert session.run(v) == 0.0


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
