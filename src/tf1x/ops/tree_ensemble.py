"""An ensemble of decision trees in a session: what the ops of ops/boosted_trees.py change and read.

The trees stand in TensorFlow's message (core/tree_messages.py), which checkpoints hold; for
predictions each tree is also kept as arrays, made again when it has changed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

from tf1x.core import tree_messages
from tf1x.core.errors import InvalidArgumentError, NotFoundError
from tf1x.ops.resources import Resource, expect

NO_PRUNING, PRE_PRUNING, POST_PRUNING = range(3)
EQUALITY = b"EQUALITY_DEFAULT_RIGHT"
DEFAULT_LEFT, DEFAULT_RIGHT = b"INEQUALITY_DEFAULT_LEFT", b"INEQUALITY_DEFAULT_RIGHT"


class Split(NamedTuple):
    """How a leaf is to be split, with what its two halves add to its value."""

    node: int
    gain: float
    feature: int
    dimension: int
    threshold: int
    left: np.ndarray
    right: np.ndarray
    kind: bytes = DEFAULT_LEFT


@dataclass
class _Arrays:
    """A tree for predictions: one row a node; `values` are those of leaves, and of splits before."""

    feature: np.ndarray  # -1: a leaf
    dimension: np.ndarray
    threshold: np.ndarray
    equality: np.ndarray
    children: np.ndarray  # [nodes, 2]: where the test holds, where it does not
    values: np.ndarray


def _leaf_value(leaf: Any) -> list[float]:
    return list(leaf.vector.value) if leaf.HasField("vector") else [leaf.scalar]


def node_value(node: Any) -> list[float] | None:
    """The value of a leaf, or the one that a split had as a leaf; None if it had none."""
    if node.HasField("leaf"):
        return _leaf_value(node.leaf)
    return _leaf_value(node.metadata.original_leaf) if _has_original(node) else None


def _has_original(node: Any) -> bool:
    return bool(node.metadata.HasField("original_leaf"))


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _arrays(tree: Any, width: int) -> _Arrays:
    """A tree as arrays.

    Raises:
        InvalidArgumentError: its nodes refer to nodes that do not exist or stand above them.
    """
    count = len(tree.nodes)
    if not count:
        raise _invalid("A tree of the ensemble has no nodes.")
    made = _Arrays(
        np.full(count, -1, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64),
        np.zeros(count, bool), np.zeros((count, 2), np.int64), np.zeros((count, width), np.float32),
    )  # fmt: skip
    for index, node in enumerate(tree.nodes):
        value = node_value(node)
        if value is not None:
            if len(value) != width:
                raise _invalid(f"A leaf has {len(value)} values; {width} are expected.")
            made.values[index] = value
        kind = node.WhichOneof("node")
        if kind == "leaf":
            continue
        if kind is None:
            raise _invalid(f"Node {index} of a tree is neither a leaf nor a split.")
        split = getattr(node, kind)
        children = split.left_id, split.right_id
        if not all(index < child < count for child in children):
            raise _invalid(f"Node {index} of a tree of {count} has the children {children}.")
        equality = kind == "categorical_split"
        made.feature[index], made.dimension[index] = split.feature_id, split.dimension_id
        made.threshold[index] = split.value if equality else split.threshold
        made.equality[index], made.children[index] = equality, children
    return made


class Features:
    """The bucketized features of a batch: [batch] or [batch, dimensions] each."""

    def __init__(self, features: Sequence[Any]) -> None:
        arrays = [np.asarray(x) for x in features]
        self.columns = [x.reshape(len(x), -1) if x.ndim != 2 else x for x in arrays]
        self.size = len(self.columns[0])
        self._one_each = all(x.shape == (self.size, 1) for x in self.columns)
        self._table: np.ndarray | None = None

    def at(self, rows: np.ndarray, feature: np.ndarray, dimension: np.ndarray) -> np.ndarray:
        """For each row the value of a feature of its own."""
        if len(feature) and not 0 <= feature.min() <= feature.max() < len(self.columns):
            raise _invalid(
                f"A tree asks for feature {feature.max()} of {len(self.columns)} features."
            )
        if self._one_each:
            if self._table is None:
                self._table = np.concatenate(self.columns, axis=1)
            return self._table[rows, feature]
        found = np.empty(len(rows), np.int64)
        for which in np.unique(feature):
            chosen = feature == which
            found[chosen] = self.columns[which][rows[chosen], dimension[chosen]]
        return found


class Ensemble(Resource):
    """Trees, the weight of each, and how far the last one has grown."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ready = False
        self.stamp = -1
        self.proto: Any = tree_messages.TreeEnsemble()
        self._compiled: dict[tuple[int, int], _Arrays] = {}

    # -- as a message --------------------------------------------------------------------------

    def parse(self, serialized: bytes, stamp: int) -> None:
        """Become the ensemble of a message.

        Raises:
            InvalidArgumentError: it is not one.
        """
        proto: Any = tree_messages.TreeEnsemble()
        try:
            proto.ParseFromString(serialized)
        except DecodeError as error:
            raise _invalid("Unable to parse tree ensemble proto.") from error
        count = len(proto.trees)
        if len(proto.tree_weights) != count or len(proto.tree_metadata) != count:
            raise _invalid("The tree ensemble has not one weight and one metadata for each tree.")
        with self.lock:
            self.proto, self.stamp, self.ready = proto, stamp, True
            self._compiled.clear()

    def changed(self, tree: int) -> None:
        """Forget the arrays of a tree."""
        for key in [key for key in self._compiled if key[0] == tree]:
            del self._compiled[key]

    # -- what it tells -------------------------------------------------------------------------

    @property
    def count(self) -> int:
        return len(self.proto.trees)

    def states(self) -> tuple[int, int, int, int, tuple[int, int]]:
        """Stamp, trees, finished trees, attempted layers, range of the nodes of the last layer."""
        proto = self.proto
        finished = not self.count or proto.tree_metadata[-1].is_finalized
        growing = proto.growing_metadata
        nodes = growing.last_layer_node_start, max(1, growing.last_layer_node_end)
        return (
            self.stamp, self.count, self.count - (not finished), growing.num_layers_attempted, nodes,
        )  # fmt: skip

    def arrays(self, tree: int, width: int) -> _Arrays:
        key = tree, width
        if key not in self._compiled:
            self._compiled[key] = _arrays(self.proto.trees[tree], width)
        return self._compiled[key]

    def walk(
        self, tree: int, width: int, features: Features, rows: np.ndarray, nodes: np.ndarray
    ) -> np.ndarray:
        """Go down from `nodes` to the leaves, for some rows of a batch."""
        arrays = self.arrays(tree, width)
        nodes = nodes.astype(np.int64)
        if len(nodes) and not 0 <= nodes.min() <= nodes.max() < len(arrays.feature):
            raise _invalid(f"Tree {tree} has no node {nodes.max()}.")
        going = np.flatnonzero(arrays.feature[nodes] >= 0)
        while len(going):
            nodes[going] = self.step(arrays, features, rows[going], nodes[going])
            going = going[arrays.feature[nodes[going]] >= 0]
        return nodes

    @staticmethod
    def step(
        arrays: _Arrays, features: Features, rows: np.ndarray, nodes: np.ndarray
    ) -> np.ndarray:
        """From splits to their children."""
        value = features.at(rows, arrays.feature[nodes], arrays.dimension[nodes])
        threshold = arrays.threshold[nodes]
        holds = np.where(arrays.equality[nodes], value == threshold, value <= threshold)
        return arrays.children[nodes, 1 - holds.astype(np.int64)]

    def predict(self, features: Features, width: int) -> np.ndarray:
        """The sum of the trees' leaves, [batch, width]."""
        logits = np.zeros((features.size, width), np.float32)
        rows = np.arange(features.size)
        for tree, weight in enumerate(np.float32(self.proto.tree_weights)):
            leaves = self.walk(tree, width, features, rows, np.zeros_like(rows))
            logits += weight * self.arrays(tree, width).values[leaves]
        return logits

    def predict_on(
        self, features: Features, width: int, trees: np.ndarray, nodes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What predictions have changed by since each example stood at a node of a tree.

        A node of -1 stands for an example that was never predicted. Returns the change and where
        the examples stand now.
        """
        last, size = self.count - 1, features.size
        change = np.zeros((size, width), np.float32)
        if last < 0:
            return change, trees, np.zeros(size, np.int32)
        if size and not 0 <= trees.min() <= trees.max() <= last:
            raise _invalid(f"The ensemble of {last + 1} trees has no tree {trees.max()}.")
        trees, nodes = trees.astype(np.int64), nodes.astype(np.int64)
        own = np.zeros((size, width), np.float32)
        for tree in np.unique(trees[nodes >= 0]):
            chosen = np.flatnonzero((trees == tree) & (nodes >= 0))
            nodes[chosen], correction = self._after_pruning(int(tree), nodes[chosen], width)
            own[chosen] = correction - self.arrays(int(tree), width).values[nodes[chosen]]
        nodes = np.maximum(nodes, 0)
        weights = np.float32(self.proto.tree_weights)
        for tree in range(int(trees.min()) if size else 0, last + 1):
            rows = np.flatnonzero(trees <= tree)
            nodes[rows] = np.where(trees[rows] < tree, 0, nodes[rows])
            nodes[rows] = self.walk(tree, width, features, rows, nodes[rows])
            own[rows] += self.arrays(tree, width).values[nodes[rows]]
            change[rows] += weights[tree] * own[rows]
            own[rows] = 0
        return change, np.full(size, last, np.int32), nodes.astype(np.int32)

    def _after_pruning(
        self, tree: int, nodes: np.ndarray, width: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where nodes went when the tree was pruned, and by how much their values changed."""
        metadata = self.proto.tree_metadata[tree]
        moves = metadata.post_pruned_nodes_meta
        if not (metadata.is_finalized and moves):
            return nodes, np.zeros((len(nodes), width), np.float32)
        to = np.array([m.new_node_id for m in moves])
        # A change that was made before there were vectors is one number.
        change = np.zeros((len(moves), width), np.float32)
        for index, move in enumerate(moves):
            change[index] = list(move.logit_change) or 0.0
        return to[nodes], change[nodes]

    def debug_paths(self, features: Features, width: int) -> list[bytes]:
        """For each example, as messages, the features asked and the logits on the way."""
        messages: list[Any] = [tree_messages.DebugOutput() for _ in range(features.size)]
        rows = np.arange(features.size)
        weights = np.float32(self.proto.tree_weights)
        now = np.zeros(features.size, np.float32)
        before = np.zeros(features.size, np.float32)
        for tree in range(self.count):
            arrays = self.arrays(tree, width)
            nodes = np.zeros_like(rows)
            if tree == 0:
                now += weights[0] * arrays.values[0, 0]
                for message, logit in zip(messages, now.tolist(), strict=True):
                    message.logits_path.append(logit)
            going = rows[arrays.feature[nodes] >= 0]
            while len(going):
                asked = arrays.feature[nodes[going]]
                nodes[going] = self.step(arrays, features, going, nodes[going])
                now[going] = weights[tree] * arrays.values[nodes[going], 0]
                path = zip(going.tolist(), asked.tolist(), now[going] + before[going], strict=True)
                for row, feature, logit in path:
                    messages[row].feature_ids.append(feature)
                    messages[row].logits_path.append(logit)
                going = going[arrays.feature[nodes[going]] >= 0]
            # A tree that is one leaf adds nothing, but for the first, which is the bias.
            before += np.where((nodes > 0) | (tree == 0), now, np.float32(0))
        return [message.SerializeToString() for message in messages]

    # -- growing -------------------------------------------------------------------------------

    def add_tree(self, logits: Sequence[float]) -> int:
        """A new tree that is one leaf; its number."""
        leaf = self.proto.trees.add().nodes.add().leaf
        if len(logits) == 1:
            leaf.scalar = logits[0]
        else:
            leaf.vector.value.extend(logits)
        self.proto.tree_weights.append(1.0)
        self.proto.tree_metadata.add()
        return self.count - 1

    def attempt(self, width: int) -> int:
        """Count an attempt to add a layer; the tree that can grow."""
        proto = self.proto
        growing = proto.growing_metadata
        growing.num_layers_attempted += 1
        at_root = self.count == 1 or (self.count > 1 and proto.tree_metadata[-2].is_finalized)
        if not self.count or (at_root and len(proto.trees[-1].nodes) == 1):
            growing.num_trees_attempted += 1
        return self.count - 1 if self.count else self.add_tree([0.0] * width)

    def grow(self, splits: Sequence[Split], max_depth: int, pruning: int, width: int) -> None:
        """Add a layer: split leaves of the last tree, and start a new one when it is deep enough."""
        tree = self.attempt(width)
        nodes = self.proto.trees[tree].nodes
        if pruning == PRE_PRUNING:
            splits = [split for split in splits if split.gain >= 0]
        if not splits:
            return
        start = len(nodes)
        for split in splits:
            if not (0 <= split.node < start and nodes[split.node].HasField("leaf")):
                raise _invalid(f"Tree {tree} has no leaf {split.node} to split.")
            self._split(nodes, split, width)
        end = len(nodes)
        self.changed(tree)
        metadata = self.proto.tree_metadata[tree]
        metadata.num_layers_grown += 1
        if metadata.num_layers_grown >= max_depth:
            start, end = 0, 1
            metadata.is_finalized = True
            if pruning == POST_PRUNING:
                _prune(self.proto.trees[tree], metadata, width)
            self.add_tree([0.0] * width)
        growing = self.proto.growing_metadata
        growing.last_layer_node_start, growing.last_layer_node_end = start, end

    @staticmethod
    def _split(nodes: Any, split: Split, width: int) -> None:
        node = nodes[split.node]
        old = np.float32(_leaf_value(node.leaf))
        has_value = node.leaf.HasField("vector") if width > 1 else bool(old[0])
        if split.node != 0 or has_value:
            node.metadata.original_leaf.CopyFrom(node.leaf)
        if width > 1 and not has_value:
            old = np.zeros(width, np.float32)
        node.metadata.gain = split.gain
        children = len(nodes), len(nodes) + 1
        for contribution in (split.left, split.right):
            value = (old + np.float32(contribution)).tolist()
            leaf = nodes.add().leaf
            if width > 1:
                leaf.vector.value.extend(value)
            else:
                leaf.scalar = value[0]
        if split.kind == EQUALITY:
            new = node.categorical_split
            new.value = split.threshold
        else:
            new = node.bucketized_split
            new.threshold = split.threshold
            new.default_direction = int(split.kind == DEFAULT_RIGHT)
        new.feature_id, new.dimension_id = split.feature, split.dimension
        new.left_id, new.right_id = children


def _prune(tree: Any, metadata: Any, width: int) -> None:
    """Take back splits of negative gain, from the leaves up.

    What was kept of a node in a cache (its number, its value) is told by `post_pruned_nodes_meta`.
    """
    nodes = tree.nodes
    into: dict[int, tuple[int, np.ndarray]] = {}
    # Children have larger numbers than their parents: so this goes up from the leaves.
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        kind = node.WhichOneof("node")
        if kind == "leaf" or node.metadata.gain >= 0:
            continue
        split = getattr(node, kind)
        children = split.left_id, split.right_id
        if not all(nodes[child].HasField("leaf") for child in children):
            continue
        original = _leaf_value(node.metadata.original_leaf) if _has_original(node) else None
        node.leaf.SetInParent()
        node.leaf.CopyFrom(node.metadata.original_leaf)
        node.ClearField("metadata")
        own = np.float32(original if original is not None else [0.0] * width)
        for child in children:
            into[child] = index, own - np.float32(_leaf_value(nodes[child].leaf))
    if not into:
        return
    kept = [index for index in range(len(nodes)) if index not in into]
    numbers = {old: new for new, old in enumerate(kept)}
    for index in range(len(nodes)):
        change, at = np.zeros(width, np.float32), index
        while at in into:
            at, step = into[at]
            change = change + step
        metadata.post_pruned_nodes_meta.add(new_node_id=numbers[at], logit_change=change.tolist())
    remaining = []
    for index in kept:
        node = type(nodes[index])()
        node.CopyFrom(nodes[index])
        kind = node.WhichOneof("node")
        if kind != "leaf":
            split = getattr(node, kind)
            split.left_id, split.right_id = numbers[split.left_id], numbers[split.right_id]
        remaining.append(node)
    del nodes[:]
    nodes.extend(remaining)


def ensemble(handle: Any) -> Ensemble:
    """The ensemble of a handle.

    Raises:
        NotFoundError: it has not been made (`BoostedTreesCreateEnsemble`).
    """
    found = expect(handle, Ensemble)
    if not found.ready:
        raise NotFoundError(None, None, "The tree ensemble does not exist: it was not initialized.")
    return found
