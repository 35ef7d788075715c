"""The same program built in tf1x and in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x
from tests.oracle import tf1

Program = Callable[[Any], Any]


def nodes(tf: Any, program: Program) -> list[tuple[Any, ...]]:
    """Name, type, inputs, control inputs and colocation of every op but those of gradients."""
    graph = tf.Graph()
    with graph.as_default():
        program(tf)
    found = []
    for op in graph.get_operations():
        if _of_gradients(op.name):
            continue
        try:
            beside = sorted(op.get_attr("_class"))
        except ValueError:
            beside = []
        inputs = ["gradient" if _of_gradients(t.name) else t.name for t in op.inputs]
        controls = sorted(c.name for c in op.control_inputs)
        found.append((op.name, op.type, inputs, controls, beside))
    return found


def _of_gradients(name: str) -> bool:
    return any(part.startswith("gradients") for part in name.split("/"))


def assert_same_nodes(program: Program) -> None:
    """The program builds the same graph in both."""
    assert nodes(tf1x, program) == nodes(tf1, program)


def run(
    tf: Any, program: Callable[[Any], tuple[Any, Any]], runs: int = 1, init: bool = True
) -> list[Any]:
    """`program(tf)` gives `(step, fetches)`; run the step `runs` times and fetch after each."""
    with tf.Graph().as_default():
        step, fetches = program(tf)
        if callable(fetches):
            fetches = fetches()
        results = []
        with tf.Session() as session:
            if init:
                session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            for _ in range(runs):
                if step is not None:
                    session.run(step)
                results.append(session.run(fetches))
    return results


def assert_same_values(program: Any, runs: int = 1, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """The fetched values agree after every run."""
    for ours, theirs in zip(run(tf1x, program, runs), run(tf1, program, runs), strict=True):
        assert_close(ours, theirs, rtol, atol)


def assert_close(ours: Any, theirs: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Equal nests of arrays."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(theirs, (list, tuple)):
        for a, b in zip(ours, theirs, strict=True):
            assert_close(a, b, rtol, atol)
        return
    a, b = np.asarray(ours), np.asarray(theirs)
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    if a.dtype.kind == "f":
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    else:
        np.testing.assert_array_equal(a, b)
