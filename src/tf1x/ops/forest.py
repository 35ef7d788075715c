"""The ops of `tf.contrib.tensor_forest`: trees and their statistics, trained batch by batch.

TensorFlow 1.15 has them in a library of its own; later versions do not know them.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tf1x.core import forest_messages
from tf1x.core.errors import InvalidArgumentError, NotFoundError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.forest_stats import Stats
from tf1x.ops.forest_tree import EQUAL, Tree, parameters
from tf1x.ops.resources import NAMES, expect, get_or_create
from tf1x.ops.shape_rules import dims, nothing, scalar

_STATE: dict[str, Any] = {"grad": None, "host": True, "stateful": True}


def _tree(handle: Any) -> Tree:
    found = expect(handle, Tree)
    if not found.ready:
        raise NotFoundError(None, None, "The tree does not exist: it was not initialized.")
    return found


def _stats(handle: Any) -> Stats:
    found = expect(handle, Stats)
    if not found.ready:
        raise NotFoundError(None, None, "The tree's stats do not exist: they were not initialized.")
    return found


# -- trees ------------------------------------------------------------------------------------------


@op("-> resource: resource", shape=scalar, attrs=NAMES, **_STATE)
def DecisionTreeResourceHandleOp(*, op: Operation, session: Any) -> Any:
    """A handle for a tree, which `CreateTreeVariable` makes."""
    return get_or_create(session, op, Tree, Tree)


@op("tree_handle: resource -> is_initialized: bool", shape=scalar, **_STATE)
def TreeIsInitializedOp(tree_handle: Any) -> Any:
    """Whether the tree was made."""
    return np.bool_(expect(tree_handle, Tree).ready)


@op("tree_handle: resource, tree_config: string ->", shape=nothing, **_STATE)
def CreateTreeVariable(tree_handle: Any, tree_config: Any, *, params: bytes) -> None:
    """Make a tree from a `Model` message (one leaf if it is empty), unless there is one."""
    tree = expect(tree_handle, Tree)
    with tree.lock:
        if not tree.ready:
            tree.start(tree_config.item(), parameters(params).num_outputs)


@op("tree_handle: resource, tree_config: string ->", shape=nothing, **_STATE)
def TreeDeserialize(tree_handle: Any, tree_config: Any, *, params: bytes) -> None:
    """Replace a tree by that of a message."""
    tree = _tree(tree_handle)
    with tree.lock:
        tree.start(tree_config.item(), parameters(params).num_outputs)


@op("tree_handle: resource -> tree_config: string", shape=scalar, **_STATE)
def TreeSerialize(tree_handle: Any) -> Any:
    """The tree as a `Model` message."""
    tree = _tree(tree_handle)
    with tree.lock:
        return np.array(tree.serialize(), object)


@op("tree_handle: resource -> tree_size: int32", shape=scalar, **_STATE)
def TreeSize(tree_handle: Any) -> Any:
    """How many nodes the tree has."""
    return np.int32(_tree(tree_handle).size)


@op("tree_handle: resource -> feature_counts: int32", shape=lambda op: [(None,)], **_STATE)
def FeatureUsageCounts(tree_handle: Any, *, params: bytes) -> Any:
    """How many nodes ask for each feature."""
    tree = _tree(tree_handle)
    used = tree.feature[: tree.size]
    count = parameters(params).num_features
    return np.bincount(used[used >= 0], minlength=count)[:count].astype(np.int32)


# -- data -------------------------------------------------------------------------------------------

_INPUT = (
    "input_data: float32, sparse_input_indices: int64, sparse_input_values: float32, "
    "sparse_input_shape: int64"
)


def _batch(op: Operation) -> int | None:
    shape = dims(op, 1)
    return shape[0] if shape is not None and len(shape) == 2 else None


_COLUMN = re.compile(r"original_type: (\d+) size: (-?\d+)")


def _dense(indices: Any, values: Any, shape: Any, data: Any) -> np.ndarray:
    """The examples [batch, features]: dense features, then the sparse ones, 0 where they lack."""
    data = np.asarray(data, np.float32)
    if np.ndim(indices) != 2:
        if data.ndim != 2:
            raise InvalidArgumentError(
                None, None, f"input_data must be [batch, features], got {list(data.shape)}"
            )
        return data
    rows, columns = int(shape[0]), int(shape[1])
    if rows * columns > 1 << 28:
        raise InvalidArgumentError(
            None, None, f"A sparse batch of {rows} x {columns} is too large for a forest."
        )
    made = np.zeros((rows, columns), np.float32)
    made[indices[:, 0], indices[:, 1]] = values
    return np.concatenate([data, made], axis=1) if data.ndim == 2 else made


def _kinds(spec: str, count: int, inequality: int) -> np.ndarray:
    """The kind of test for each feature."""
    kinds = np.full(count, inequality, np.int8)
    at = 0
    for categorical, size in _COLUMN.findall(spec):
        end = count if int(size) < 0 else at + int(size)
        if int(categorical):
            kinds[at:end] = EQUAL
        at = end
    return kinds


# -- training ---------------------------------------------------------------------------------------


@op(
    f"tree_handle: resource, {_INPUT} -> leaf_ids: int32",
    shape=lambda op: [(_batch(op),)],
    attrs={"input_spec": ("str", ""), "params": ("bytes", b"")},
    **_STATE,
)
def TraverseTreeV4(
    tree_handle: Any,
    input_data: Any,
    sparse_input_indices: Any,
    sparse_input_values: Any,
    sparse_input_shape: Any,
) -> Any:
    """The leaf of each example."""
    tree = _tree(tree_handle)
    data = _dense(sparse_input_indices, sparse_input_values, sparse_input_shape, input_data)
    with tree.lock:
        return tree.leaves(data).astype(np.int32)


def _classes(labels: Any, count: int) -> np.ndarray:
    """Labels as numbers of classes.

    Raises:
        InvalidArgumentError: one is not in [0, count).
    """
    classes = np.ravel(labels).astype(np.int64)
    if len(classes) and not 0 <= classes.min() <= classes.max() < count:
        raise InvalidArgumentError(
            None,
            None,
            f"Got label {classes.max() if classes.max() >= count else classes.min()} where there "
            f"are {count} classes. Is params.num_classes set correctly?",
        )
    return classes


def _weights(weights: Any, count: int) -> np.ndarray:
    given = np.ravel(weights).astype(np.float32)
    if len(given) not in (0, count):
        raise InvalidArgumentError(None, None, f"There are {len(given)} weights of {count} labels.")
    return given if len(given) else np.ones(count, np.float32)


@op(
    "tree_handle: resource, leaf_ids: int32, input_labels: float32, input_weights: float32 ->",
    shape=nothing,
    **_STATE,
)
def UpdateModelV4(
    tree_handle: Any, leaf_ids: Any, input_labels: Any, input_weights: Any, *, params: bytes
) -> None:
    """Count the examples' classes in their leaves (-1: not at all); nothing for regression."""
    settings = parameters(params)
    if settings.is_regression:
        return
    tree = _tree(tree_handle)
    labels = _classes(input_labels, settings.num_outputs)
    weights, seen = _weights(input_weights, len(labels)), leaf_ids >= 0
    with tree.lock:
        np.add.at(tree.values, (leaf_ids[seen], labels[seen]), weights[seen])


@op(
    f"tree_handle: resource, stats_handle: resource, {_INPUT}, input_labels: float32, "
    "input_weights: float32, leaf_ids: int32 -> finished_nodes: int32",
    shape=lambda op: [(None,)],
    **_STATE,
)
def ProcessInputV4(
    tree_handle: Any,
    stats_handle: Any,
    input_data: Any,
    sparse_input_indices: Any,
    sparse_input_values: Any,
    sparse_input_shape: Any,
    input_labels: Any,
    input_weights: Any,
    leaf_ids: Any,
    *,
    random_seed: int,
    input_spec: str,
    params: bytes,
) -> Any:
    """Take a batch into the leaves' statistics; the leaves that are ready to split.

    Examples whose leaf is -1 are left out.
    """
    settings = parameters(params)
    tree, stats = _tree(tree_handle), _stats(stats_handle)
    if tree.size >= settings.max_nodes:  # no leaf will be split any more
        return np.zeros(0, np.int32)
    data = _dense(sparse_input_indices, sparse_input_values, sparse_input_shape, input_data)
    labels = np.asarray(input_labels)
    if not settings.is_regression:
        labels = _classes(labels, settings.num_outputs)
    kinds = _kinds(input_spec, data.shape[1], settings.inequality_test_type)
    with stats.lock:
        if stats.random is None:
            stats.random = np.random.default_rng(random_seed or None)
        rows = np.flatnonzero(leaf_ids >= 0)
        weights = _weights(input_weights, len(data))
        return stats.add(
            data[rows], kinds, labels[rows], weights[rows], leaf_ids[rows], stats.random
        ).astype(np.int32)


@op(
    "tree_handle: resource, stats_handle: resource, finished_nodes: int32 ->",
    shape=nothing,
    **_STATE,
)
def GrowTreeV4(tree_handle: Any, stats_handle: Any, finished_nodes: Any, *, params: bytes) -> None:
    """Split the leaves that are ready, as long as the tree has less than `max_nodes`."""
    tree, stats = _tree(tree_handle), _stats(stats_handle)
    with tree.lock, stats.lock:
        for node in finished_nodes.tolist():
            if tree.size >= parameters(params).max_nodes:
                return
            stats.split(tree, node)


# -- predicting -------------------------------------------------------------------------------------


@op(
    f"tree_handle: resource, {_INPUT} -> predictions: float32, tree_paths: string",
    shape=lambda op: [
        (_batch(op), parameters(op.attrs["params"]).num_outputs),
        (_batch(op),),
    ],
    attrs={"input_spec": ("str", "")},
    **_STATE,
)
def TreePredictionsV4(
    tree_handle: Any,
    input_data: Any,
    sparse_input_indices: Any,
    sparse_input_values: Any,
    sparse_input_shape: Any,
    *,
    params: bytes,
) -> Any:
    """Probabilities of the classes (or outputs), and the way to each leaf as a `TreePath` message.

    The ways are empty strings unless the parameters ask for them (`inference_tree_paths`).
    """
    tree, settings = _tree(tree_handle), parameters(params)
    data = _dense(sparse_input_indices, sparse_input_values, sparse_input_shape, input_data)
    visited: list[list[int]] | None = None
    if settings.inference_tree_paths:
        visited = [[] for _ in range(len(data))]
    with tree.lock:
        values = tree.values[tree.leaves(data, visited)]
        paths = np.full(len(data), b"", object)
        for row, nodes in enumerate(visited or ()):
            message: Any = forest_messages.TreePath()
            message.nodes_visited.extend(tree.node(node) for node in nodes)
            paths[row] = message.SerializeToString()
    if not settings.is_regression:
        total = values.sum(1, keepdims=True)
        values = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return values, paths


# -- statistics -------------------------------------------------------------------------------------


@op("-> resource: resource", shape=scalar, attrs=NAMES, **_STATE)
def FertileStatsResourceHandleOp(*, op: Operation, session: Any) -> Any:
    """A handle for a tree's statistics, which `CreateFertileStatsVariable` makes."""
    return get_or_create(session, op, Stats, Stats)


@op("stats_handle: resource -> is_initialized: bool", shape=scalar, **_STATE)
def FertileStatsIsInitializedOp(stats_handle: Any) -> Any:
    """Whether the statistics were made."""
    return np.bool_(expect(stats_handle, Stats).ready)


@op("stats_handle: resource, stats_config: string ->", shape=nothing, **_STATE)
def CreateFertileStatsVariable(stats_handle: Any, stats_config: Any, *, params: bytes) -> None:
    """Make statistics from a `FertileStats` message, unless there are some."""
    stats = expect(stats_handle, Stats)
    with stats.lock:
        if not stats.ready:
            stats.start(stats_config.item(), parameters(params))


@op("stats_handle: resource, stats_config: string ->", shape=nothing, **_STATE)
def FertileStatsDeserialize(stats_handle: Any, stats_config: Any, *, params: bytes) -> None:
    """Replace statistics by those of a message."""
    stats = _stats(stats_handle)
    with stats.lock:
        stats.start(stats_config.item(), parameters(params))


@op(
    "stats_handle: resource -> stats_config: string",
    shape=scalar,
    attrs={"params": ("bytes", b"")},
    **_STATE,
)
def FertileStatsSerialize(stats_handle: Any) -> Any:
    """The statistics as a `FertileStats` message."""
    stats = _stats(stats_handle)
    with stats.lock:
        return np.array(stats.serialize(), object)
