"""A program of layers in tf1x and in TensorFlow: same nodes, variables, outputs and gradients."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x
from tests.lib.compare import assert_close
from tests.oracle import tf1

Program = Callable[[Any], Any]
KEYS = ("variables", "trainable_variables", "regularization_losses", "update_ops")


def _graph(tf: Any, program: Program) -> tuple[Any, list[Any]]:
    """The graph, and the tensors that the program returns."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = program(tf)
    return graph, list(made) if isinstance(made, (list, tuple)) else [made]


def _used(outputs: list[Any]) -> list[tuple[Any, ...]]:
    """Name, type and inputs of the ops that the outputs are computed with."""
    stack = [tensor.op for tensor in outputs]
    seen = set()
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack += [t.op for t in op.inputs] + list(op.control_inputs)
    return sorted((op.name, op.type, [t.name for t in op.inputs]) for op in seen)


def _collections(graph: Any) -> dict[str, list[Any]]:
    return {
        key: [(item.name, str(getattr(item, "shape", ""))) for item in graph.get_collection(key)]
        for key in KEYS
    }


def assert_same_graph(program: Program) -> None:
    """The ops that lead to what the program returns, the variables and the collections."""
    found = [_graph(tf, program) for tf in (tf1x, tf1)]
    (ours, our_outputs), (theirs, their_outputs) = found
    assert _collections(ours) == _collections(theirs)
    assert _used(our_outputs) == _used(their_outputs)
    assert [t.shape.as_list() for t in our_outputs] == [t.shape.as_list() for t in their_outputs]


def values(tf: Any, program: Program, feeds: dict[str, Any], runs: int = 1) -> list[Any]:
    """Outputs, gradients and variables in each run, the updates done; weights by position."""
    graph, outputs = _graph(tf, program)
    numbers = np.random.RandomState(1)
    results = []
    with graph.as_default():
        variables = tf.global_variables()
        inputs = [graph.get_tensor_by_name(f"{name}:0") for name in feeds]
        inputs = [tensor for tensor in inputs if tensor.dtype.is_floating]
        losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        total = [tf.reduce_sum(tf.square(output)) for output in outputs] + losses
        grads = tf.gradients(total, [*tf.trainable_variables(), *inputs])
        grads = [tf.constant(-1.0) if g is None else g for g in grads]
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        starts = [
            tf.assign(v, numbers.uniform(0.1, 1.0, v.shape.as_list()).astype(v.dtype.base_dtype.as_numpy_dtype))
            for v in variables
        ]  # fmt: skip
        given = {f"{name}:0": value for name, value in feeds.items()}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(starts)
            for _ in range(runs):
                results.append(session.run([outputs, grads, losses], given))
                session.run(updates, given)
                results.append(session.run(variables))
    return results


def assert_same_values(
    program: Program, feeds: dict[str, Any], runs: int = 1, rtol: float = 2e-4, atol: float = 1e-4
) -> None:
    """With the same weights: outputs, gradients, and the variables after the updates of each run."""
    assert_close(values(tf1x, program, feeds, runs), values(tf1, program, feeds, runs), rtol, atol)


def numbers(*shape: int) -> np.ndarray[Any, Any]:
    """The same numbers each time, in [-1, 1)."""
    return np.random.RandomState(7).uniform(-1, 1, shape).astype(np.float32)


def plain(error: BaseException) -> str:
    """An error's first argument; TensorFlow shows a shape's dimensions as objects in some of them."""
    return re.sub(r"Dimension\((\w+)\)", r"\1", str(error.args[0]))
