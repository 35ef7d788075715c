"""The same metric under tf1x and TensorFlow: its graph, its variables, its values over batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x
from tests.lib.compare import assert_close
from tests.oracle import tf1

Metric = Callable[[Any, Any], Any]  # (tf, placeholders by name) -> (value, update_op)
Batch = dict[str, Any]


class Ran:
    """What a metric made and computed over batches.

    Args:
        known: whether the placeholders' shapes are static; else no dimension is.
    """

    def __init__(self, tf: Any, metric: Metric, batches: list[Batch], known: bool = True) -> None:
        with tf.Graph().as_default() as graph:
            given = {}
            for key, value in batches[0].items():
                array = np.asarray(value)
                shape = array.shape if known else [None] * array.ndim
                given[key] = tf.placeholder(tf.as_dtype(array.dtype), shape, key)
            value, update = metric(tf, given)
            self.nodes = _without_guards(
                (op.name, op.type, [_plain(t.name) for t in op.inputs])
                for op in graph.get_operations()
            )
            self.results = value.name, update.name
            variables = tf.local_variables()
            self.variables = [
                (v.name, v.dtype.base_dtype.name, v.shape.as_list()) for v in variables
            ]
            self.collected = [
                [item.name for item in tf.get_collection(key)]
                for key in (tf.GraphKeys.METRIC_VARIABLES, "values", "updates")
            ]
            with tf.Session() as session:
                session.run(tf.local_variables_initializer())
                self.values = [session.run(value)] if "labels" not in given else []
                for batch in batches:
                    feed = {given[key]: fed for key, fed in batch.items()}
                    self.values += [session.run(update, feed), session.run([value, *variables])]


def _without_guards(nodes: Any) -> list[Any]:
    """Assertions run in a conditional there, and as they are here."""
    return [n for n in nodes if "AssertGuard" not in n[0] and n[1] != "Assert"]


def _plain(name: str) -> str:
    return "guard" if "AssertGuard" in name else name


def assert_same(
    metric: Metric, batches: list[Batch], nodes: bool = True, known: bool = True, rtol: float = 1e-5
) -> None:
    """Both make the same graph (with `nodes`), variables and values."""
    ours, theirs = (Ran(tf, metric, batches, known) for tf in (tf1x, tf1))
    if nodes:
        assert ours.nodes == theirs.nodes
    assert ours.results == theirs.results
    assert ours.variables == theirs.variables
    assert ours.collected == theirs.collected
    assert_close(ours.values, theirs.values, rtol)
