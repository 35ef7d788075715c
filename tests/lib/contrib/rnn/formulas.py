"""The equations of the cells of `tf.contrib.rnn` in NumPy, and a step of a cell to hold against them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x

Weights = dict[str, Any]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def clip(x: Any, bound: float | None) -> Any:
    return x if bound is None else np.clip(x, -bound, bound)


def normalized(w: Weights, scope: str, x: Any) -> Any:
    """Layer normalisation with the variables of a scope."""
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-12) * w[f"{scope}/gamma"] + w[f"{scope}/beta"]


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def step(
    make: Callable[[], Any], inputs: Any, state: Any = None
) -> tuple[dict[str, list[int]], Weights, list[Any], list[Any]]:
    """One step of a new cell from a random state, with random weights.

    Returns:
        Shapes of the variables by name (below the cell's scope), their values, the state before,
        and the output and state after, flat.
    """
    with tf1x.Graph().as_default():
        cell = make()
        tensors = tf1x.nest.map_structure(tf1x.constant, inputs)
        batch = len(tf1x.nest.flatten(inputs)[0])
        if state is None:
            zeros = cell.zero_state(batch, tf1x.float32)
            flat = [
                numbers(*z.shape.as_list(), seed=i) for i, z in enumerate(tf1x.nest.flatten(zeros))
            ]
            state = tf1x.nest.pack_sequence_as(zeros, [tf1x.constant(v) for v in flat])
        else:
            flat = [state]
            state = tf1x.constant(state)
        output, new = cell(tensors, state)
        variables = tf1x.global_variables()
        names = [v.op.name.partition("/")[2] for v in variables]
        values = [
            np.abs(numbers(*v.shape.as_list(), seed=10 + i))
            if v.op.name.endswith(("period", "ratio_on"))
            else numbers(*v.shape.as_list(), seed=10 + i)
            for i, v in enumerate(variables)
        ]
        gradients = tf1x.gradients(tf1x.nest.flatten([output, new]), tf1x.trainable_variables())
        assert cell.trainable_weights, "the cell does not tell its variables"
        with tf1x.Session() as session:
            session.run(tf1x.global_variables_initializer())
            session.run([tf1x.assign(v, x) for v, x in zip(variables, values, strict=True)])
            after = session.run(tf1x.nest.flatten([output, new]))
            for gradient in session.run([g for g in gradients if g is not None]):
                assert np.isfinite(gradient).all()
    shapes = {n: v.shape.as_list() for n, v in zip(names, variables, strict=True)}
    return shapes, dict(zip(names, values, strict=True)), flat, after


def assert_all_close(ours: list[Any], expected: Any, atol: float = 2e-6) -> None:
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=atol)
