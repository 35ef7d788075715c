"""The best splits of the nodes of a layer, by the buckets of their examples."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tf1x.ops.boosted_trees_stats import weights_and_gains

_TINY = 1e-8


class Regularization(NamedTuple):
    l1: float
    l2: float
    complexity: float
    min_node_weight: float


class Layer:
    """The examples of a layer, sorted by node.

    Args:
        nodes: of the examples, [n].
        sums: gradients and hessians of each, [n, width + ...].
        width: how many of the columns are gradients.
    """

    def __init__(
        self, nodes: np.ndarray, sums: np.ndarray, width: int, regularization: Regularization
    ) -> None:
        self._width, self._regularization = width, regularization
        self.nodes, which = np.unique(nodes, return_inverse=True)
        self._order = np.argsort(which, kind="stable")
        self._which = which[self._order].astype(np.int64)
        self._sums = sums[self._order].astype(np.float64)
        ends = np.searchsorted(self._which, np.arange(len(self.nodes)), side="right")
        running = np.cumsum(self._sums, axis=0)[ends - 1]
        self._before = np.concatenate([np.zeros((1, sums.shape[1])), running[:-1]])
        self._total = running - self._before
        self._ends = ends
        _, self._root_gain, _ = self._stats(self._total)
        count = len(self.nodes)
        self.gain = np.full(count, -np.inf)
        self.feature = np.zeros(count, np.int64)
        self.threshold = np.zeros(count, np.float32)
        self.left = np.zeros((count, width), np.float32)
        self.right = np.zeros((count, width), np.float32)

    def _stats(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights and gains for sums, and which of them make a leaf."""
        width, regularization = self._width, self._regularization
        g, h = sums[:, :width], sums[:, width:]
        weights, gains = weights_and_gains(g, h, regularization.l1, regularization.l2)
        enough = np.linalg.norm(h, axis=1) if width > 1 else h[:, 0]
        some = (enough > regularization.min_node_weight) & (np.abs(sums) > _TINY).any(1)
        gains, weights = np.where(some, gains, 0), np.where(some[:, None], weights, 0)
        # With several logits a leaf without weight is none; with one it is 0.
        return weights, gains, some if width > 1 else np.ones(len(sums), bool)

    def offer(self, feature: int, buckets: np.ndarray, boundaries: np.ndarray) -> None:
        """Show the splits by a feature: the examples' buckets, and the greatest value of each."""
        if len(boundaries) < (2 if self._width > 1 else 1):
            return  # nothing is divided; with one logit even that is a split
        key = (self._which << 16) | buckets[self._order]
        order = np.argsort(key, kind="stable")
        key = key[order]
        ends = np.flatnonzero(np.concatenate([key[1:] != key[:-1], [True]]))
        node = key[ends] >> 16
        if self._width > 1 and len(ends) == len(self.nodes):
            return  # one bucket in each node: nothing is divided
        left = np.cumsum(self._sums[order], axis=0)[ends] - self._before[node]
        right = self._total[node] - left
        right[ends + 1 == self._ends[node]] = 0
        left_weights, left_gain, left_good = self._stats(left)
        right_weights, right_gain, right_good = self._stats(right)
        gain = left_gain + right_gain
        starts = np.searchsorted(node, np.arange(len(self.nodes)))
        best = np.maximum.reduceat(gain, starts)
        first = np.flatnonzero(gain == best[node])
        at = first[np.unique(node[first], return_index=True)[1]]
        better = (best >= self.gain) & left_good[at] & right_good[at]
        at = at[better]
        self.gain[better], self.feature[better] = best[better], feature
        self.threshold[better] = boundaries[key[ends[at]] & 0xFFFF]
        self.left[better], self.right[better] = left_weights[at], right_weights[at]

    def splits(self, keep_negative: bool) -> dict[str, np.ndarray]:
        """The best split of each node that has one."""
        gain = self.gain - self._root_gain - self._regularization.complexity
        chosen = np.isfinite(self.gain) & (keep_negative | (gain >= 0))
        found: dict[str, Any] = {
            "node": self.nodes, "gain": gain.astype(np.float32), "feature": self.feature,
            "threshold": self.threshold, "left": self.left, "right": self.right,
        }  # fmt: skip
        return {name: values[chosen] for name, values in found.items()}
