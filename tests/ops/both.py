"""The same program built and run under tf1x and under TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x

Program = Callable[[Any], Any]


def run(tf: Any, program: Program) -> tuple[list[tuple[str, str]], list[Any]]:
    """The names and types of the nodes that `program(tf)` makes, and the values it returns.

    The program returns a tensor or a list of tensors; None entries stay None.
    """
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(1)
        fetches = program(tf)
        nodes = [(op.name, op.type) for op in graph.get_operations()]
        listed = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
        with tf.Session(graph=graph) as session:
            values = iter(session.run([t for t in listed if t is not None]))
            return nodes, [None if t is None else next(values) for t in listed]


def assert_same(program: Program, nodes: bool = True, rtol: float = 1e-5) -> None:
    """Both give the same values and, with `nodes`, build the same graph node by node."""
    from tests.oracle import tf1

    our_nodes, ours = run(tf1x, program)
    their_nodes, theirs = run(tf1, program)
    if nodes:
        assert our_nodes == their_nodes
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is None:
            continue
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        if np.asarray(a).dtype.kind in "fc":
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)
        else:
            np.testing.assert_array_equal(a, b)


def error_of(tf: Any, program: Program) -> tuple[str, str]:
    """The class and the message of the error that building or running the program raises."""
    try:
        run(tf, program)
    except Exception as error:
        return type(error).__name__, str(getattr(error, "message", None) or error)
    raise AssertionError("the program raised nothing")
