"""A random tree in a session, and what its leaves collect until they are split.

The algorithm is that of `tf.contrib.tensor_forest` (extremely randomised trees on a stream): the
first examples of a leaf each propose a split at the value of a feature drawn by chance; the next
ones are counted on both sides of every proposal; when there were enough, and of more than one
class, the best proposal (Gini, or variance) splits the leaf.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from tf1x.core import forest_messages
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.ops.resources import Resource

_MATCHING = "type.googleapis.com/tensorflow.decision_trees.MatchingValuesTest"
_LEAF = -1
_INEQUALITY = {0: np.less_equal, 1: np.less, 2: np.greater_equal, 3: np.greater}
EQUAL = 4  # the test of a categorical feature; others are the numbers of InequalityTest


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def parsed(kind: str, serialized: bytes, what: str) -> Any:
    """A message.

    Raises:
        InvalidArgumentError: it is not one.
    """
    message: Any = getattr(forest_messages, kind)()
    try:
        message.ParseFromString(serialized)
    except DecodeError as error:
        raise _invalid(f"Unable to parse {what}.") from error
    return message


@lru_cache
def parameters(serialized: bytes) -> Any:
    """The `TensorForestParams` of an op's attribute."""
    return parsed("TensorForestParams", serialized, "the forest's params")


def at_depth(param: Any, depth: int) -> float:
    """The value of a parameter that may depend on the depth."""
    kind = param.WhichOneof("ParamType")
    if kind == "linear":
        linear = param.linear
        value = depth * linear.slope + linear.y_intercept
        return float(min(max(value, linear.min_val), linear.max_val))
    if kind == "exponential":
        own = param.exponential
        return float(own.bias + own.multiplier * own.base ** (own.depth_multiplier * depth))
    if kind == "threshold":
        on = depth >= param.threshold.threshold
        return float(param.threshold.on_value if on else param.threshold.off_value)
    return float(param.constant_value)


def goes_left(kind: Any, values: Any, thresholds: Any) -> Any:
    """Whether values pass tests of one kind, or each of a kind of its own."""
    if np.ndim(kind) == 0:
        return np.equal(values, thresholds) if kind == EQUAL else _INEQUALITY[int(kind)](values, thresholds)  # fmt: skip
    found = np.zeros(np.shape(values), bool)
    for one in np.unique(kind):
        chosen = kind == one
        found[chosen] = goes_left(one, values[chosen], thresholds[chosen])
    return found


class Tree(Resource):
    """Nodes in the order in which they were made, the root first.

    Attributes:
        size: how many there are.
        feature: of the test of each; -1 for leaves.
        values: of the leaves, [nodes, outputs]: counts of classes, or means.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ready = False
        self.size = 0
        self._allocate(0, 0)

    def _allocate(self, count: int, outputs: int) -> None:
        self.feature = np.full(count, _LEAF, np.int64)
        self.kind = np.zeros(count, np.int8)
        self.threshold = np.zeros(count, np.float32)
        self.children = np.zeros((count, 2), np.int32)
        self.values = np.zeros((count, outputs), np.float32)

    def start(self, serialized: bytes, outputs: int) -> None:
        """Become the tree of a message; one leaf where that is empty."""
        nodes = parsed("Model", serialized, "tree config").decision_tree.nodes
        self.size = len(nodes) or 1
        self._allocate(self.size, outputs)
        for index, node in enumerate(nodes):
            if node.HasField("leaf"):
                self._read_leaf(index, node.leaf, outputs)
            else:
                self._read_split(index, node.binary_node)
        self.ready = True

    def _read_leaf(self, index: int, leaf: Any, outputs: int) -> None:
        if leaf.HasField("sparse_vector"):
            for entry in leaf.sparse_vector.sparse_value:
                if not 0 <= entry.key < outputs:
                    raise _invalid(f"A leaf has the class {entry.key} of {outputs}.")
                self.values[index, entry.key] = entry.value.float_value
            return
        found = [value.float_value for value in leaf.vector.value]
        if found and len(found) != outputs:
            raise _invalid(f"A leaf has {len(found)} values; {outputs} are expected.")
        self.values[index] = found or 0.0

    def _read_split(self, index: int, split: Any) -> None:
        children = split.left_child_id.value, split.right_child_id.value
        if not all(index < child < self.size for child in children):
            raise _invalid(f"Node {index} of a tree of {self.size} has the children {children}.")
        if split.HasField("custom_left_child_test"):
            custom = split.custom_left_child_test
            if custom.type_url != _MATCHING:
                raise UnsupportedError(f"A tree with a test {custom.type_url!r}: tf1x has none.")
            test = parsed("MatchingValuesTest", custom.value, "a test of the tree")
            self.kind[index], value = EQUAL, test.value[0] if test.value else None
        else:
            test = split.inequality_left_child_test
            self.kind[index], value = test.type, test.threshold
        if not test.feature_id.id.value.isdigit() or value is None:
            raise _invalid(f"The test of node {index} names no feature, or no value.")
        self.feature[index] = int(test.feature_id.id.value)
        self.threshold[index], self.children[index] = value.float_value, children

    def node(self, index: int) -> Any:
        """A node as a message."""
        node: Any = forest_messages.TreeNode()
        node.node_id.value = index
        if self.feature[index] == _LEAF:
            node.leaf.vector.SetInParent()
            for value in self.values[index].tolist():
                node.leaf.vector.value.add(float_value=value)
            return node
        split = node.binary_node
        split.left_child_id.value, split.right_child_id.value = self.children[index].tolist()
        write_test(split, int(self.feature[index]), int(self.kind[index]), self.threshold[index])
        return node

    def serialize(self) -> bytes:
        model: Any = forest_messages.Model()
        model.decision_tree.nodes.extend(self.node(index) for index in range(self.size))
        serialized: bytes = model.SerializeToString()
        return serialized

    def leaves(self, data: np.ndarray, path: list[list[int]] | None = None) -> np.ndarray:
        """The leaf of each row; `path` gets the nodes on the way to it."""
        nodes = np.zeros(len(data), np.int64)
        going = np.flatnonzero(self.feature[nodes] != _LEAF)
        if self.size > 1 and len(data) and self.feature.max() >= data.shape[1]:
            raise _invalid(f"The tree asks for feature {self.feature.max()} of {data.shape[1]}.")
        while len(going):
            if path is not None:
                for row in going.tolist():
                    path[row].append(int(nodes[row]))
            at = nodes[going]
            left = goes_left(self.kind[at], data[going, self.feature[at]], self.threshold[at])
            nodes[going] = self.children[at, 1 - left.astype(np.int64)]
            going = going[self.feature[nodes[going]] != _LEAF]
        if path is not None:
            for row, node in enumerate(nodes.tolist()):
                path[row].append(node)
        return nodes

    def split(self, node: int, feature: int, kind: int, threshold: float, values: Any) -> list[int]:
        """Split a leaf; `values` [2, outputs] are those of the new leaves, whose numbers return."""
        if self.size + 2 > len(self.feature):
            self._grow()
        children = [self.size, self.size + 1]
        self.size += 2
        self.feature[node], self.kind[node] = feature, kind
        self.threshold[node], self.children[node] = threshold, children
        self.values[children] = values
        return children

    def _grow(self) -> None:
        more = len(self.feature) + 8
        self.feature = np.concatenate([self.feature, np.full(more, _LEAF, np.int64)])
        for name in ("kind", "threshold", "children", "values"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)]))


def write_test(split: Any, feature: int, kind: int, threshold: Any) -> None:
    """Set the test of a `BinaryNode`."""
    if kind == EQUAL:
        test: Any = forest_messages.MatchingValuesTest()
        test.feature_id.id.value = str(feature)
        test.value.add(float_value=float(threshold))
        split.custom_left_child_test.type_url = _MATCHING
        split.custom_left_child_test.value = test.SerializeToString()
        return
    test = split.inequality_left_child_test
    test.feature_id.id.value, test.type = str(feature), kind
    test.threshold.float_value = float(threshold)
