"""The trees of `tf.contrib.boosted_trees`: tests of numbers, leaves with a value for each logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from tf1x.core import learner_messages
from tf1x.core.errors import InvalidArgumentError, UnsupportedError

_LEAF = -1


@dataclass
class Tree:
    """A tree; `values` are those of leaves, and of splits before they were made."""

    feature: np.ndarray  # [nodes]; -1: a leaf
    threshold: np.ndarray
    children: np.ndarray  # [nodes, 2]
    values: np.ndarray  # [nodes, logits]
    gain: np.ndarray
    weight: float = 1.0
    layers: int = 1
    finished: bool = False

    @classmethod
    def of(cls, count: int, width: int) -> Tree:
        """`count` leaves that say nothing."""
        return cls(
            np.full(count, _LEAF, np.int64), np.zeros(count, np.float32),
            np.zeros((count, 2), np.int64), np.zeros((count, width), np.float32),
            np.zeros(count, np.float32),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.feature)

    def leaves(self, data: np.ndarray) -> np.ndarray:
        """The leaf of each row."""
        nodes = np.zeros(len(data), np.int64)
        going = np.flatnonzero(self.feature[nodes] != _LEAF)
        while len(going):
            at = nodes[going]
            right = data[going, self.feature[at]] > self.threshold[at]
            nodes[going] = self.children[at, right.astype(np.int64)]
            going = going[self.feature[nodes[going]] != _LEAF]
        return nodes

    def split(self, splits: dict[str, np.ndarray], add: bool) -> None:
        """Split leaves; with `add` the new leaves start from the value of the old one."""
        nodes, count = splits["node"], len(splits["node"])
        first = len(self) + 2 * np.arange(count)
        self.feature[nodes], self.threshold[nodes] = splits["feature"], splits["threshold"]
        self.gain[nodes] = splits["gain"]
        self.children[nodes] = np.stack([first, first + 1], axis=1)
        new = np.stack([splits["left"], splits["right"]], axis=1)  # [splits, 2, logits]
        if add:
            new = new + self.values[nodes][:, None]
        grown = Tree.of(2 * count, self.values.shape[1])
        grown.values[:] = new.reshape(2 * count, -1)
        for name in ("feature", "threshold", "children", "values", "gain"):
            both = np.concatenate([getattr(self, name), getattr(grown, name)])
            setattr(self, name, both)

    def prune(self) -> None:
        """Take back splits of negative gain, from the leaves up."""
        for node in range(len(self) - 1, -1, -1):  # children come after their parents
            if self.feature[node] == _LEAF or self.gain[node] >= 0:
                continue
            if (self.feature[self.children[node]] == _LEAF).all():
                self.feature[node], self.gain[node] = _LEAF, 0
        order, at = [0], 0
        while at < len(order):
            if self.feature[order[at]] != _LEAF:
                order += self.children[order[at]].tolist()
            at += 1
        numbers = np.zeros(len(self), np.int64)
        numbers[order] = np.arange(len(order))
        self.children = numbers[self.children[order]]
        for name in ("feature", "threshold", "values", "gain"):
            setattr(self, name, getattr(self, name)[order])

    # -- as messages ---------------------------------------------------------------------------

    def write(self, message: Any, metadata: Any) -> None:
        """Fill a `DecisionTreeConfig` and its metadata."""
        for index in range(len(self)):
            node = message.nodes.add()
            values = self.values[index].tolist()
            if self.feature[index] == _LEAF:
                node.leaf.vector.value.extend(values)
                continue
            split = node.dense_float_binary_split
            split.feature_column, split.threshold = int(self.feature[index]), self.threshold[index]
            split.left_id, split.right_id = self.children[index].tolist()
            node.node_metadata.gain = self.gain[index]
            node.node_metadata.original_leaf.vector.value.extend(values)
        metadata.num_layers_grown, metadata.is_finalized = self.layers, self.finished
        metadata.num_tree_weight_updates = 1

    @classmethod
    def read(cls, message: Any, metadata: Any, weight: float, width: int) -> Tree:
        """A tree from messages.

        Raises:
            InvalidArgumentError: its nodes do not make a tree.
            UnsupportedError: it asks for features that are not dense numbers.
        """
        count = len(message.nodes)
        if not count:
            raise InvalidArgumentError(None, None, "A tree of the ensemble has no nodes.")
        tree = cls.of(count, width)
        for index, node in enumerate(message.nodes):
            if node.HasField("leaf"):
                tree.values[index] = _values(node.leaf, width)
                continue
            if not node.HasField("dense_float_binary_split"):
                raise UnsupportedError(
                    "tf1x reads trees of tf.contrib.boosted_trees on dense numbers only; this one "
                    "has a split of another kind."
                )
            split = node.dense_float_binary_split
            children = split.left_id, split.right_id
            if not all(index < child < count for child in children) or split.feature_column < 0:
                raise InvalidArgumentError(
                    None, None, f"Node {index} of a tree of {count} has the children {children}."
                )
            tree.feature[index], tree.threshold[index] = split.feature_column, split.threshold
            tree.children[index], tree.gain[index] = children, node.node_metadata.gain
            tree.values[index] = _values(node.node_metadata.original_leaf, width)
        tree.weight, tree.layers = weight, metadata.num_layers_grown
        tree.finished = metadata.is_finalized
        return tree


def _values(leaf: Any, width: int) -> Any:
    if leaf.HasField("sparse_vector"):
        made = np.zeros(width, np.float32)
        sparse = leaf.sparse_vector
        for index, value in zip(sparse.index, sparse.value, strict=True):
            if not 0 <= index < width:
                raise InvalidArgumentError(None, None, f"A leaf has the logit {index} of {width}.")
            made[index] = value
        return made
    found = list(leaf.vector.value)
    if len(found) not in (0, width):
        raise InvalidArgumentError(
            None, None, f"A leaf has {len(found)} values; {width} are expected."
        )
    return found or 0.0


def serialize(trees: list[Tree], tried: tuple[int, int]) -> bytes:
    """A `DecisionTreeEnsembleConfig`; `tried` are the trees and the layers that were attempted."""
    message: Any = learner_messages.DecisionTreeEnsembleConfig()
    for tree in trees:
        tree.write(message.trees.add(), message.tree_metadata.add())
        message.tree_weights.append(tree.weight)
    growing = message.growing_metadata
    growing.num_trees_attempted, growing.num_layers_attempted = tried
    serialized: bytes = message.SerializeToString()
    return serialized


def parse(serialized: bytes, width: int) -> tuple[list[Tree], tuple[int, int]]:
    """What `serialize` wrote.

    Raises:
        InvalidArgumentError: it is no such message.
    """
    message: Any = learner_messages.DecisionTreeEnsembleConfig()
    try:
        message.ParseFromString(serialized)
    except DecodeError as error:
        raise InvalidArgumentError(None, None, "Unable to parse tree ensemble config.") from error
    if not len(message.trees) == len(message.tree_weights) == len(message.tree_metadata):
        raise InvalidArgumentError(
            None, None, "The tree ensemble has not one weight and one metadata for each tree."
        )
    each = zip(message.trees, message.tree_metadata, message.tree_weights, strict=True)
    trees = [Tree.read(*parts, width) for parts in each]
    growing = message.growing_metadata
    return trees, (growing.num_trees_attempted, growing.num_layers_attempted)
