"""Cases of ops/array_broadcast.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_SHAPES = [
    ([2, 3], [2, 3]),
    ([2, 3], [3]),
    ([2, 1], [1, 3]),
    ([], [4, 1]),
    ([1, 2, 1], [2, 5]),
    ([1, 1], [1]),
    ([0, 1], [1, 3]),
]


def _pairs(op: str) -> list[Case]:
    pairs = [(np.int32(a), np.int32(b)) for a, b in _SHAPES]
    rows = [Case(op, (Const(a), Const(b)), data_dependent=True) for a, b in pairs]
    return [*rows, Case(op, (np.int64([2, 1]), np.int64([3])), data_dependent=True, note="int64")]


CASES = [
    Case("BroadcastTo", (floats(2, 1), Const([2, 3]))),
    Case("BroadcastTo", (floats(3), Const([2, 4, 3])), note="new dimensions"),
    Case("BroadcastTo", (floats(), Const([0, 3])), note="empty"),
    Case("BroadcastTo", (ints(1, 3), Const(np.int64([2, 3]))), note="int64 shape"),
    *_pairs("BroadcastArgs"),
    *_pairs("BroadcastGradientArgs"),
]
