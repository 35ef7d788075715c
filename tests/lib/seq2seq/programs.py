"""What the tests of seq2seq share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x


def build(program: Callable[[], Any]) -> tuple[Any, Any]:
    """The graph of a program, and what it returned."""
    graph = tf1x.Graph()
    with graph.as_default():
        made = program()
    return graph, made


def run(
    program: Callable[[], Any], feeds: dict[str, Any] | None = None, low: float = -0.9
) -> tuple[Any, dict[str, Any]]:
    """What a program returns, as arrays, and its variables by name, which get random values."""
    graph, made = build(program)
    numbers = np.random.RandomState(1)
    with graph.as_default(), tf1x.Session() as session:
        variables = tf1x.global_variables()
        session.run(tf1x.global_variables_initializer())
        weights = {}
        for v in variables:
            value = numbers.uniform(low, 0.9, v.shape.as_list())
            weights[v.op.name] = value.astype(v.dtype.base_dtype.as_numpy_dtype)
            session.run(v.assign(weights[v.op.name]))
        return session.run(made, {f"{k}:0": v for k, v in (feeds or {}).items()}), weights


def names(program: Callable[[], Any]) -> list[tuple[str, list[int]]]:
    """Names and shapes of the variables that a program makes, in order."""
    graph, _ = build(program)
    with graph.as_default():
        return [(v.op.name, v.shape.as_list()) for v in tf1x.global_variables()]


def numbers(*shape: int, seed: int = 3) -> np.ndarray[Any, Any]:
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
