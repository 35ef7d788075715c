"""What the leaves of a random tree collect until they are split: proposals, and their counts."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from tf1x.core import forest_messages
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.ops.forest_tree import EQUAL, Tree, at_depth, goes_left, parsed, write_test
from tf1x.ops.resources import Resource


class Stats(Resource):
    """For each leaf a slot: proposed splits, and sums over the examples left of each, and over all.

    The sums have a channel a class (classification), or a count, the outputs and their squares
    (regression).
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ready = False
        self.random: np.random.Generator | None = None

    def start(self, serialized: bytes, params: Any) -> None:
        """Become what a message says; one empty slot for the root where that is empty.

        Raises:
            UnsupportedError: the parameters ask for what tf1x's forests do not do.
        """
        _check(params)
        self._params = params
        self._splits = int(at_depth(params.num_splits_to_consider, 0))
        self._regression = params.is_regression
        outputs = params.num_outputs
        self._outputs = outputs
        self._channels = 1 + 2 * outputs if self._regression else outputs
        self._slot_of: dict[int, int] = {}
        self._free: list[int] = []
        self._allocate(8)
        slots = parsed("FertileStats", serialized, "stats config").node_to_slot
        for slot in slots:
            self._read(self.allocate(slot.node_id, slot.depth), slot)
        if not slots:
            self.allocate(0, 0)
        self.ready = True

    def _allocate(self, count: int) -> None:
        shape = count, self._splits
        self._feature = np.zeros(shape, np.int64)
        self._kind = np.zeros(shape, np.int8)
        self._threshold = np.zeros(shape, np.float32)
        self._left = np.zeros((*shape, self._channels), np.float32)
        self._total = np.zeros((count, self._channels), np.float32)
        self._proposed = np.zeros(count, np.int64)
        self._weight = np.zeros(count, np.float32)
        self._depth = np.zeros(count, np.int64)
        self._needed = np.zeros(count, np.float64)
        self._free = list(range(count - 1, -1, -1))

    def _more(self) -> None:
        count = len(self._weight)
        for name in (
            "feature", "kind", "threshold", "left", "total", "proposed", "weight", "depth",
            "needed",
        ):  # fmt: skip
            old = getattr(self, f"_{name}")
            setattr(self, f"_{name}", np.concatenate([old, np.zeros_like(old)]))
        self._free = list(range(2 * count - 1, count - 1, -1))

    def allocate(self, node: int, depth: int) -> int:
        """A slot for a new leaf."""
        if not self._free:
            self._more()
        slot = self._slot_of[node] = self._free.pop()
        self._depth[slot] = depth
        self._needed[slot] = int(at_depth(self._params.split_after_samples, depth))
        self.clear(slot)
        return slot

    def clear(self, slot: int) -> None:
        self._proposed[slot] = self._weight[slot] = 0
        self._left[slot] = self._total[slot] = 0

    def add(
        self, data: np.ndarray, kinds: np.ndarray, labels: np.ndarray, weights: np.ndarray,
        leaves: np.ndarray, random: np.random.Generator,
    ) -> np.ndarray:  # fmt: skip
        """Take a batch; the leaves among `leaves` that can now be split.

        Args:
            data: [batch, features] float32.
            kinds: of the test for each feature.
            labels: [batch] classes, or [batch, outputs].
        """
        nodes, which = np.unique(leaves, return_inverse=True)
        missing = [node for node in nodes.tolist() if node not in self._slot_of]
        if missing:
            raise InvalidArgumentError(None, None, f"The forest's stats have no node {missing[0]}.")
        slots = np.array([self._slot_of[node] for node in nodes.tolist()], np.int64)
        order = np.argsort(which, kind="stable")
        counts = np.bincount(which, minlength=len(nodes))
        place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        of = slots[which[order]]
        # The first examples of a leaf propose splits, one each.
        at = self._proposed[of] + place
        proposing = (at < self._splits) & (self._weight[of] == 0)
        first = order[proposing]
        feature = random.integers(data.shape[1], size=len(first))
        where = of[proposing], at[proposing]
        self._feature[where], self._kind[where] = feature, kinds[feature]
        self._threshold[where] = data[first, feature]
        self._proposed += np.bincount(of[proposing], minlength=len(self._proposed))
        self._count(data, labels, weights, order[~proposing], which[order[~proposing]], slots)
        finished = (self._weight[slots] >= self._needed[slots]) & (self._weight[slots] > 0)
        if not self._regression:
            finished &= (self._total[slots] > 0).sum(1) > 1
        return nodes[finished]

    def _count(
        self, data: np.ndarray, labels: Any, weights: Any, rows: Any, which: Any, slots: Any
    ) -> None:
        """Count examples on the left of the proposals that they pass."""
        if not len(rows):
            return
        own, width, channels = slots[which], self._splits, self._channels
        values = data[rows[:, None], self._feature[own]]
        left = goes_left(self._kind[own], values, self._threshold[own])
        left &= np.arange(width) < self._proposed[own][:, None]
        count = len(slots)
        if self._regression:
            output = labels[rows].reshape(len(rows), -1)
            channel = np.concatenate([np.ones((len(rows), 1)), output, output**2], axis=1)
            for number in range(channels):
                column = channel[:, number]
                self._total[slots, number] += np.bincount(which, column, count)
                cell = (which[:, None] * width + np.arange(width))[left]
                each = np.broadcast_to(column[:, None], left.shape)[left]
                sums = np.bincount(cell, each, count * width).reshape(count, width)
                self._left[slots, :, number] += sums
            self._weight[slots] += np.bincount(which, minlength=count)
            return
        label, weight = labels[rows], weights[rows]
        cell = (which[:, None] * width + np.arange(width)) * channels + label[:, None]
        each = np.broadcast_to(weight[:, None], left.shape)[left]
        sums = np.bincount(cell[left], each, count * width * channels)
        self._left[slots] += sums.reshape(count, width, channels)
        totals = np.bincount(which * channels + label, weight, count * channels)
        self._total[slots] += totals.reshape(count, channels)
        self._weight[slots] += np.bincount(which, weight, count)

    def split(self, tree: Tree, node: int) -> None:
        """Split a leaf by its best proposal; where none divides its examples, start anew."""
        slot = self._slot_of.get(node)
        if slot is None:
            raise InvalidArgumentError(None, None, f"The forest's stats have no node {node}.")
        proposed = int(self._proposed[slot])
        left = self._left[slot, :proposed]
        right = self._total[slot] - left
        score, useful = (self._variance if self._regression else self._gini)(left, right)
        if not useful.any():
            self.clear(slot)
            return
        best = int(np.argmin(np.where(useful, score, np.inf)))
        halves = np.stack([left[best], right[best]])
        if self._regression:
            halves = halves[:, 1 : 1 + self._outputs] / halves[:, :1]
        children = tree.split(
            node, int(self._feature[slot, best]), int(self._kind[slot, best]),
            float(self._threshold[slot, best]), halves,
        )  # fmt: skip
        depth = int(self._depth[slot])
        self._free.append(self._slot_of.pop(node))
        for child in children:
            self.allocate(child, depth + 1)

    def _gini(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The Gini impurity of both sides, weighted, with one more example in each class."""
        score = np.zeros(len(left), np.float32)
        for side in (left, right):
            total = side.sum(1) + np.float32(self._outputs)
            score += total - np.square(side + 1).sum(1) / total
        return score, (left.sum(1) > 0) & (right.sum(1) > 0)

    def _variance(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sum of the variances of both sides."""
        score = np.zeros(len(left), np.float32)
        with np.errstate(all="ignore"):
            for side in (left, right):
                mean, square = np.split(side[:, 1:] / side[:, :1], 2, axis=1)
                score += (square - mean**2).sum(1)
        return score, (left[:, 0] > 0) & (right[:, 0] > 0)

    # -- as a message --------------------------------------------------------------------------

    def serialize(self) -> bytes:
        """A `FertileStats` message; the counts are in it if the parameters ask for them."""
        message: Any = forest_messages.FertileStats()
        for node, slot in sorted(self._slot_of.items()):
            made = message.node_to_slot.add(node_id=node, depth=int(self._depth[slot]))
            if self._params.checkpoint_stats:
                self._write(slot, made)
        serialized: bytes = message.SerializeToString()
        return serialized

    def _write(self, slot: int, made: Any) -> None:
        self._write_sums(made.post_init_leaf_stats, self._total[slot])
        made.post_init_leaf_stats.weight_sum = float(self._weight[slot])
        for index in range(int(self._proposed[slot])):
            candidate = made.candidates.add()
            where = slot, index
            write_test(
                candidate.split, int(self._feature[where]), int(self._kind[where]),
                self._threshold[where],
            )  # fmt: skip
            self._write_sums(candidate.left_stats, self._left[where])

    def _write_sums(self, stats: Any, sums: np.ndarray) -> None:
        if not self._regression:
            for value in sums.tolist():
                stats.classification.dense_counts.value.add(float_value=value)
            return
        stats.weight_sum = float(sums[0])
        outputs = stats.regression.mean_output, stats.regression.mean_output_squares
        for vector, values in zip(outputs, np.split(sums[1:], 2), strict=True):
            for value in values.tolist():
                vector.value.add(float_value=value)

    def _read(self, slot: int, message: Any) -> None:
        if not message.HasField("post_init_leaf_stats"):
            return
        if len(message.candidates) > self._splits:
            raise InvalidArgumentError(
                None, None, f"A slot has {len(message.candidates)} splits of {self._splits}."
            )
        self._total[slot] = self._sums(message.post_init_leaf_stats)
        self._weight[slot] = message.post_init_leaf_stats.weight_sum
        for index, candidate in enumerate(message.candidates):
            where = slot, index
            self._feature[where], self._kind[where], self._threshold[where] = _test(candidate.split)
            self._left[where] = self._sums(candidate.left_stats)
        self._proposed[slot] = len(message.candidates)

    def _sums(self, stats: Any) -> np.ndarray:
        if self._regression:
            vectors = stats.regression.mean_output, stats.regression.mean_output_squares
            found = [stats.weight_sum, *(v.float_value for vector in vectors for v in vector.value)]
        else:
            found = [v.float_value for v in stats.classification.dense_counts.value]
        if len(found) != self._channels:
            raise InvalidArgumentError(
                None, None, f"A slot has {len(found)} sums; {self._channels} are expected."
            )
        return np.float32(found)


def _test(split: Any) -> tuple[int, int, float]:
    """Feature, kind and value of the test of a `BinaryNode`."""
    if split.HasField("custom_left_child_test"):
        test = parsed("MatchingValuesTest", split.custom_left_child_test.value, "a test")
        return int(test.feature_id.id.value or 0), EQUAL, test.value[0].float_value
    test = split.inequality_left_child_test
    return int(test.feature_id.id.value or 0), test.type, test.threshold.float_value


def _check(params: Any) -> None:
    """Refuse what is not done."""
    refused = {
        "split_finish_name other than 'basic'": params.finish_type.type,
        "split_pruning_name other than 'none'": params.pruning_type.type,
        "initialize_average_splits": params.initialize_average_splits,
        "a num_splits_to_consider that depends on the depth": (
            params.num_splits_to_consider.WhichOneof("ParamType") not in (None, "constant_value")
        ),
    }
    for name, asked in refused.items():
        if asked:
            raise UnsupportedError(
                f"tf.contrib.tensor_forest: tf1x's forests have no {name}; leave it out."
            )
