"""Gradient tapes against TensorFlow's, eagerly and in graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.eager.both import check
from tests.oracle import tf1
from tf1x.runtime import eager

X = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)


def _derivative(function: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def program(tf: Any) -> Any:
        x = tf.constant(X)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(tf, x)
        return [y, tape.gradient(y, x)]

    return program


FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "polynomial": lambda tf, x: 3.0 * x**2 - x / 2.0 + 1.0,
    "matmul": lambda tf, x: tf.matmul(x, x, transpose_b=True),
    "broadcast": lambda tf, x: x * tf.constant([2.0, 3.0]) + x[0] - x[:, :1],
    "reductions": lambda tf, x: tf.reduce_sum(x) * tf.reduce_max(x, 0) + tf.reduce_mean(x, 1),
    "activations": lambda tf, x: tf.nn.relu(x) + tf.tanh(x) * tf.sigmoid(x) + tf.nn.softmax(x),
    "losses": lambda tf, x: tf.nn.softmax_cross_entropy_with_logits(labels=tf.abs(x), logits=x),
    "shapes": lambda tf, x: tf.concat([tf.reshape(x, [4]), tf.transpose(x)[0]], 0) ** 2,
    "selection": lambda tf, x: tf.where(x > 0.0, tf.exp(x), x * 5.0) + tf.maximum(x, 0.0),
    "gather": lambda tf, x: tf.gather(x, [1, 1, 0]) ** 2,
    "convolution": lambda tf, x: tf.nn.conv2d(
        x[tf.newaxis, ..., tf.newaxis], tf.ones([2, 2, 1, 2]), [1, 1, 1, 1], "SAME"
    ),
    "map": lambda tf, x: tf.map_fn(lambda row: row * row[0], x),
    "loop": lambda tf, x: tf.while_loop(
        lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [tf.constant(0), x]
    )[1],
    "stopped": lambda tf, x: tf.stop_gradient(x) * x,
    "complex": lambda tf, x: tf.abs(tf.complex(x, x)) ** 2,
    "not differentiable": lambda tf, x: tf.argmax(x, 1),
    "cast": lambda tf, x: tf.cast(tf.cast(x, tf.float64) * 2.0, tf.float32),
}


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_derivatives(name: str) -> None:
    check(_derivative(FUNCTIONS[name]), rtol=1e-4)


PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


@program
def structures(tf: Any) -> Any:
    a, b, c = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(1.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y, z = a * b * c, a + 1.0
    return [
        tape.gradient(y, {"a": a, "b": [b]}),
        tape.gradient([y, z], [a, c]),
        tape.gradient(y, a, output_gradients=5.0),
        tape.gradient(z, b),
        tape.gradient(z, b, unconnected_gradients=tf.UnconnectedGradients.ZERO),
        len(tape.watched_variables()),
    ]


@program
def higher_orders(tf: Any) -> Any:
    x = tf.Variable(2.0)
    with tf.GradientTape() as third, tf.GradientTape() as second:
        with tf.GradientTape() as first:
            y = x**4 + tf.sin(x)
        slope = first.gradient(y, x)
        curve = second.gradient(slope, x)
    return [slope, curve, third.gradient(curve, x)]


@program
def rows_of_a_table(tf: Any) -> Any:
    table = tf.Variable(np.ones((4, 2), np.float32))
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.nn.embedding_lookup(table, [1, 1, 3]) ** 2)
    grad = tape.gradient(y, table)
    optimizer.apply_gradients([(grad, table)])
    return [grad, table]


@program
def what_is_watched(tf: Any) -> Any:
    x, v = tf.constant(2.0), tf.Variable(3.0)
    with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
        tape.watch(v)
        y = x * v
        with tape.stop_recording():
            z = y * y
        w = y * 2.0
    found = [tape.gradient(y, x), tape.gradient(z, v), tape.gradient(w, v), tape.gradient(w, y)]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        tape.watch(x)
        y = x**3
    return [found, tape.gradient(y, x)]


@program
def jacobians(tf: Any) -> Any:
    x, m = tf.constant([1.0, 2.0, 3.0]), tf.constant(X)
    found = []
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stack([x[0] * x[1], x[2] ** 2])
    found.append(tape.jacobian(y, x))
    with tf.GradientTape() as tape:
        tape.watch(m)
        y = tf.matmul(m**2, tf.ones([2, 3]))
    return [*found, tape.batch_jacobian(y, m)]


@program
def custom(tf: Any) -> Any:
    @tf.custom_gradient
    def stable(x: Any) -> Any:
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    v = tf.Variable(2.0)

    @tf.custom_gradient
    def scaled(x: Any) -> Any:
        def grad(dy: Any, variables: Any = None) -> Any:
            return dy * 100.0, [dy * 7.0 for _ in variables]

        return x * v, grad

    x = tf.constant(100.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = stable(x), scaled(x) * 2.0
    return [tape.gradient(y, x), tape.gradient(z, x), tape.gradient(z, v)]


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_programs(name: str) -> None:
    check(PROGRAMS[name])


def _in_a_graph(tf: Any) -> Any:
    with tf.Graph().as_default():
        x = tf.constant([1.0, 2.0])
        v = tf.Variable(3.0, use_resource=True)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape(persistent=True) as inner:
                inner.watch(x)
                y = tf.reduce_sum(x**3 * v)
            slope = inner.gradient(y, x)
        found = [slope, inner.gradient(y, v), outer.gradient(slope, x)]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return session.run(found)


def test_in_a_graph() -> None:
    for a, b in zip(_in_a_graph(tf1x), _in_a_graph(tf1), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_contrib_functions() -> None:
    """`tfe.implicit_gradients` and kin, which TensorFlow 2.21 no longer has."""
    tfe = tf1x.contrib.eager
    with eager.graph().as_default():
        w = tfe.Variable(3.0)
        value, pairs = tfe.implicit_value_and_gradients(lambda x: x * w * w)(tf1x.constant(2.0))
        assert float(value) == 18.0
        assert [(float(g), v is w) for g, v in pairs] == [(12.0, True)]
        with pytest.raises(ValueError, match="No trainable variables"):
            tfe.implicit_gradients(lambda x: x)(1.0)
        grads = tfe.gradients_function(lambda x, y: x * x * y)(3.0, 4.0)
        assert [float(g) for g in grads] == [24.0, 9.0]
        value, (grad,) = tfe.value_and_gradients_function(lambda x, y: x * y, params=["y"])(
            3.0, 4.0
        )
        assert (float(value), float(grad)) == (12.0, 3.0)
        twice = tfe.gradients_function(lambda x: tfe.gradients_function(lambda z: z**3)(x)[0])
        assert float(twice(2.0)[0]) == 12.0


def test_py_function_is_differentiable_in_a_graph() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.constant(3.0)
        y = tf1x.py_function(lambda a: a * a if a > 2.0 else a, [x], tf1x.float32)
        assert session.run([y, *tf1x.gradients(y, x)]) == [9.0, 6.0]
