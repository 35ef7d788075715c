"""Which two seeds a random op gets (`tf.set_random_seed`, SEMANTICS.md "Random numbers")."""

from __future__ import annotations

import os
from typing import Any

from tf1x.core import scopes

DEFAULT_GRAPH_SEED = 87654321
_MAX = 2**31 - 1


def set_random_seed(seed: int) -> None:
    """Set the seed of the default graph: random ops created from now on are reproducible.

    An op's own `seed=` is combined with it. Where only the graph's seed is given, the op's is the
    number of ops created so far, as in TensorFlow 1.x; with the environment variable
    `TF1X_SEEDS=tf2` it is the number of random ops so far, as TensorFlow 2 counts.
    """
    scopes.get_default_graph().seed = seed


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The (graph, op) seeds of a new random op; (None, None) for a non-deterministic one.

    Raises:
        ValueError: `TF1X_SEEDS` is neither "tf1" nor "tf2".
    """
    graph = scopes.get_default_graph()
    if graph.seed is None:
        if op_seed is None:
            return None, None
        seeds = DEFAULT_GRAPH_SEED, op_seed
    else:
        seeds = graph.seed, _default_op_seed() if op_seed is None else op_seed
    first, second = (int(s) % _MAX for s in seeds)
    return (0, _MAX) if (first, second) == (0, 0) else (first, second)


def _default_op_seed() -> int:
    rule = os.environ.get("TF1X_SEEDS", "tf1")
    graph: Any = scopes.get_default_graph()
    if graph.is_eager:
        return int(graph.next_seed())
    if rule == "tf1":
        return int(graph._last_id)
    if rule == "tf2":
        while graph.is_function and not graph.counts_seeds:
            graph = graph.outer  # where TensorFlow 1 builds branches and loop bodies too
        graph.seed_counter += 1
        return int(graph.seed_counter) - 1
    raise ValueError(f"TF1X_SEEDS must be 'tf1' or 'tf2', not {rule!r}.")
