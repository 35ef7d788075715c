"""Approximate quantiles of a stream of weighted numbers, in bounded memory.

A summary is an array [entries, 4] of float32, sorted: a value, its weight, and the least and the
greatest rank that it can have (ranks are sums of weights). Summaries are merged and compressed;
the method and its limits are those of "A fast algorithm for approximate quantiles in high speed
data streams" (2007), with weights as in XGBoost's paper (2016), and the numbers TensorFlow's.
"""

from __future__ import annotations

import math

import numpy as np

VALUE, WEIGHT, LEAST, GREATEST = range(4)
EMPTY = np.zeros((0, 4), np.float32)


def _after(entries: np.ndarray) -> np.ndarray:
    """The least rank of what is larger."""
    return entries[:, LEAST] + entries[:, WEIGHT]


def _before(entries: np.ndarray) -> np.ndarray:
    """The greatest rank of what is smaller."""
    return entries[:, GREATEST] - entries[:, WEIGHT]


def summarize(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The exact summary of weighted numbers."""
    if not len(values):
        return EMPTY
    found, which = np.unique(values, return_inverse=True)
    weight = np.bincount(which, weights).astype(np.float32)
    greatest = np.cumsum(weight, dtype=np.float32)
    least = np.concatenate([np.zeros(1, np.float32), greatest[:-1]])
    return np.stack([found.astype(np.float32), weight, least, greatest], axis=1)


def merge(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The summary of two streams together."""
    if not len(other):
        return one
    if not len(one):
        return other
    values = np.unique(np.concatenate([one[:, VALUE], other[:, VALUE]]))
    made = np.zeros((len(values), 4), np.float32)
    made[:, VALUE] = values
    for part in (one, other):
        index = np.searchsorted(part[:, VALUE], values)
        inside = index < len(part)
        at = np.minimum(index, len(part) - 1)
        equal = inside & (part[at, VALUE] == values)
        below = np.where(index > 0, _after(part)[np.maximum(index - 1, 0)], np.float32(0))
        above = np.where(inside, _before(part)[at], part[-1, GREATEST])
        made[:, WEIGHT] += np.where(equal, part[at, WEIGHT], np.float32(0))
        made[:, LEAST] += np.where(equal, part[at, LEAST], below)
        made[:, GREATEST] += np.where(equal, part[at, GREATEST], above)
    return made


def compress(entries: np.ndarray, size: int, min_error: float = 0.0) -> np.ndarray:
    """About `size` of the entries; the error grows by at most the larger of `min_error`, 1 / size."""
    size = max(size, 2)
    count = len(entries)
    if count <= size:
        return entries
    room = float(entries[-1, GREATEST]) * max(1.0 / size, min_error)
    before, after = _before(entries).tolist(), _after(entries).tolist()
    kept = [0]
    credit, read = 0, 0
    while read + 1 < count:
        following = read + 1
        while following < count and credit < count and before[following] - after[read] <= room:
            credit += size
            following += 1
        read = read + 1 if read == following - 1 else following - 1
        kept.append(read)
        credit -= count
    if kept[-1] + 1 != count:
        kept.append(count - 1)
    return entries[kept]


def error(entries: np.ndarray) -> float:
    """The largest gap between ranks, as a part of the whole weight."""
    if not len(entries):
        return 0.0
    rest = entries[1:]
    own = rest[:, GREATEST] - rest[:, LEAST] - rest[:, WEIGHT]
    gaps = np.maximum(own, _before(rest) - _after(entries)[:-1])
    return float(max(gaps.max(initial=0.0), 0.0)) / float(entries[-1, GREATEST])


def boundaries(entries: np.ndarray, count: int) -> np.ndarray:
    """Values that divide the numbers in about `count` parts; all of them where they are few."""
    if not len(entries):
        return np.zeros(0, np.float32)
    allowed = float(np.float32(error(entries) + 1.0 / count))
    found: np.ndarray = compress(entries, count, allowed)[:, VALUE]
    return found[np.concatenate([[True], found[1:] != found[:-1]])]


def quantiles(entries: np.ndarray, count: int) -> np.ndarray:
    """The values of `count` + 1 ranks at equal distances, the first and the last with them."""
    if not len(entries):
        return np.zeros(0, np.float32)
    count = max(count, 2)
    found = []
    middle = entries[:, LEAST] + entries[:, GREATEST]
    after, before = _after(entries), _before(entries)
    at = 0
    for rank in range(count + 1):
        wanted = np.float32(2) * (np.float32(rank) * entries[-1, GREATEST] / np.float32(count))
        following = at + 1
        while following < len(entries) and wanted >= middle[following]:
            following += 1
        at = following - 1
        first = following == len(entries) or wanted < after[at] + before[following]
        found.append(entries[at if first else following, VALUE])
    return np.array(found, np.float32)


def block_size(error: float, max_elements: int) -> int:
    """How many entries a level of a stream keeps."""
    if error <= np.finfo(np.float64).eps:
        return max(max_elements, 2)
    level, size = 1, 2
    while (1 << level) * size < max_elements:
        size = math.ceil(level / error) + 1
        level += 1
    return max(size, 2)


class QuantileStream:
    """A summary that grows: level l stands for about 2**l blocks.

    Args:
        error: by how much a rank may be wrong, as a part of all.
        max_elements: at most how many numbers there will be.
    """

    def __init__(self, error: float, max_elements: int) -> None:
        self._error, self._max_elements = error, max_elements
        self._block = block_size(error, max_elements)
        self._levels: list[np.ndarray] = []

    def add_values(self, values: np.ndarray, weights: np.ndarray) -> None:
        """Add numbers; those with a weight of 0 or less are left out."""
        counted = weights > 0
        values, weights = values[counted], weights[counted]
        room = min(2 * self._block, self._max_elements)
        for start in range(0, len(values), room):
            part = slice(start, start + room)
            self.add(summarize(values[part], weights[part]))

    def add(self, summary: np.ndarray) -> None:
        """Add what another stream has summarized."""
        summary = compress(summary, self._block, self._error)
        if not len(summary):
            return
        for level in range(len(self._levels) + 1):
            if level == len(self._levels):
                self._levels.append(EMPTY)
            alone = not len(self._levels[level])
            summary = merge(summary, self._levels[level])
            if alone or len(summary) <= self._block + 1:
                self._levels[level] = summary
                return
            summary = compress(summary, self._block, self._error)
            self._levels[level] = EMPTY

    def summary(self) -> np.ndarray:
        """The summary of everything."""
        whole = EMPTY
        for level in self._levels:
            whole = merge(whole, level)
        return whole
