"""`tf.function`: values, effects, gradients and retracing as TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.eager.both import check
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.runtime import eager

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def _function(tf: Any) -> Any:
    if tf is tf1x:
        return tf.function
    import tensorflow

    return lambda f=None, **options: tensorflow.function(f, autograph=False, **options)


def program(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    PROGRAMS[function.__name__] = lambda tf: function(tf, _function(tf))
    return function


@program
def arguments_and_results(tf: Any, function: Any) -> Any:
    calls = []

    @function
    def f(x: Any, y: Any = 2.0, *, scale: Any = 1) -> Any:
        calls.append(0)
        return {"sum": x + y, "pair": (x * scale, None)}

    one, row = tf.constant(1.0), tf.constant([1.0, 2.0])
    found = [f(one), f(one + 1), f(row), f(row, y=row), f(one, scale=3), f(np.float32(4.0)), f(one)]
    return [[r["sum"], r["pair"][0]] for r in found] + [len(calls), found[0]["pair"][1] is None]


@program
def effects_in_order(tf: Any, function: Any) -> Any:
    v, log = tf.Variable(1.0), []

    @function
    def f(x: Any) -> Any:
        before = v.read_value()
        v.assign_add(x)
        between = v.read_value()
        v.assign(v * 2.0)
        return before, between, v.read_value()

    @function
    def only_effects() -> None:
        v.assign(100.0)

    @function
    def loop(n: Any) -> Any:
        def body(i: Any) -> Any:
            v.assign_add(1.0)
            return i + 1

        tf.while_loop(lambda i: i < n, body, [tf.constant(0)])
        return v + 0.0

    log.append([f(tf.constant(1.0)), f(tf.constant(1.0)), v.numpy()])
    log.append([only_effects(), v.numpy(), loop(tf.constant(3)), v.numpy()])
    return log


@program
def captures(tf: Any, function: Any) -> Any:
    v, c = tf.Variable(2.0), tf.constant(10.0)
    f = function(lambda x: x * v + c)
    g = function(lambda x: f(x) + f(x + 1.0))
    first = [f(tf.constant(3.0)), g(tf.constant(3.0))]
    v.assign(5.0)
    return [*first, f(tf.constant(3.0)), g(tf.constant(3.0))]


@program
def gradients(tf: Any, function: Any) -> Any:
    v, table = tf.Variable(2.0), tf.Variable(np.ones((4, 2), np.float32))
    x = tf.constant([1.0, 2.0])
    f = function(lambda x: (tf.reduce_sum(x**3 * v), x * 2.0))
    rows = function(lambda i: tf.reduce_sum(tf.nn.embedding_lookup(table, i) ** 2))
    loop = function(lambda n: tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a * v), [0, tf.constant(1.0)])[1])  # fmt: skip
    nested = function(lambda x: f(x)[0] * f(x)[0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = f(x)
        e, w, q = rows(tf.constant([1, 1, 3])), loop(tf.constant(3)), nested(x)
    return [
        tape.gradient(y, [x, v]), tape.gradient(z, x), tape.gradient(e, table), tape.gradient(w, v),
        tape.gradient(q, [x, v]), [t is v or t is table for t in tape.watched_variables()],
    ]  # fmt: skip


@program
def second_derivatives(tf: Any, function: Any) -> Any:
    v = tf.Variable(3.0)
    x = tf.constant(2.0)
    f = function(lambda x: x**3 * v)

    @function
    def slope(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x**3 * v
        return tape.gradient(y, x)

    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        second = slope(x)
    return [first, outer.gradient(first, [x, v]), tape.gradient(second, [x, v])]


@program
def training(tf: Any, function: Any) -> Any:
    w, step = tf.Variable([[1.0], [2.0]]), tf.Variable(0, dtype=tf.int64, trainable=False)
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[1.0], [2.0]])
    optimizer = tf.train.AdamOptimizer(0.1)

    @function
    def train() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, [w]), [w]), step)
        return loss

    return [[train() for _ in range(4)], w, step]


@program
def methods_and_signatures(tf: Any, function: Any) -> Any:
    class Model:
        def __init__(self, value: float) -> None:
            self.w = tf.Variable(value)

        @function
        def scaled(self, x: Any) -> Any:
            return self.w * x

    traces = []

    @function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def total(x: Any) -> Any:
        traces.append(0)
        return tf.reduce_sum(x)

    a, b = Model(2.0), Model(3.0)
    return [a.scaled(tf.constant(2.0)), b.scaled(tf.constant(2.0)), total(tf.ones([3])), total([1.0, 2.0]), len(traces)]  # fmt: skip


@program
def random_numbers(tf: Any, function: Any) -> Any:
    tf.set_random_seed(5)
    f = function(lambda: tf.random.normal([2], seed=3))
    return [f(), f()]


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_programs(name: str) -> None:
    check(PROGRAMS[name])


def test_random_ops_are_the_same_on_the_way_back() -> None:
    """The mask of a dropout is kept, not drawn again."""
    with eager.graph().as_default():
        x = tf1x.ones([200])
        f = tf1x.function(lambda x: tf1x.nn.dropout(x, 0.5))
        with tf1x.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())
        with (
            tf1x.GradientTape() as outer,
            tf1x.GradientTape() as inner,
            pytest.raises(UnsupportedError, match="cannot be computed twice"),
        ):
            outer.watch(x)
            inner.watch(x)
            f(x)


def test_errors() -> None:
    with eager.graph().as_default():

        @tf1x.function(autograph=False)
        def branching(x: Any) -> Any:
            if x > 0.0:
                return x
            return -x

        with pytest.raises(TypeError, match=r"(?s)if x > 0\.0.*AutoGraph did not convert"):
            branching(tf1x.constant(1.0))
        failing = tf1x.function(lambda i: tf1x.gather([1.0], i))
        with pytest.raises(InvalidArgumentError, match="not in"):
            failing(tf1x.constant(7))
        spec = tf1x.function(lambda x: x, input_signature=[tf1x.TensorSpec([2], tf1x.float32)])
        with pytest.raises(ValueError, match="incompatible with input_signature"):
            spec(tf1x.ones([3]))
        with pytest.raises(TypeError, match="too many"):
            spec(tf1x.ones([2]), 1)


def test_in_a_graph() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        v = tf1x.Variable(2.0, use_resource=True)
        f = tf1x.contrib.eager.defun(lambda x: x * v)
        x = tf1x.placeholder(tf1x.float32)
        y = f(x)
        session.run(tf1x.global_variables_initializer())
        assert session.run([y, *tf1x.gradients(y, [x, v])], {x: 3.0}) == [6.0, 2.0, 3.0]


def test_concrete_functions() -> None:
    with eager.graph().as_default():
        v = tf1x.Variable(2.0)
        f = tf1x.function(lambda x: x * v)
        concrete = f.get_concrete_function(tf1x.TensorSpec([None], tf1x.float32))
        assert concrete(tf1x.ones([3])).numpy().tolist() == [2.0, 2.0, 2.0]
        assert concrete.variables == [v]
        assert [t.shape.ndims for t in concrete.outputs] == [1]
