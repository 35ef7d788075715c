"""Cases of ops/reduce.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, bools, complexes, floats, ints

_X = floats(2, 3, 4)
_AXES = [
    ("all", [0, 1, 2], False),
    ("kept", [1], True),
    ("negative", [-1], False),
    ("two", [0, 2], False),
    ("scalar axis", 1, False),
    ("none", np.zeros([0], np.int32), False),
]
_TIED = np.float32([[1, 3, 3], [2, 2, 2], [5, 1, 0]])
_ZEROS = np.float32([[1, 0, 3], [0, 2, 0], [5, 1, 2]])


def _reductions(op: str, **options: object) -> list[Case]:
    return [
        Case(op, (_X, Const(axes)), {"keep_dims": keep}, note=note, **options)  # type: ignore[arg-type]
        for note, axes, keep in _AXES
    ]


def _scans(op: str) -> list[Case]:
    return [
        Case(op, (floats(2, 3, 4), Const(axis)), {"exclusive": exclusive, "reverse": reverse})
        for axis, exclusive, reverse in (
            (0, False, False),
            (1, True, False),
            (-1, False, True),
            (1, True, True),
        )
    ]


CASES = [
    *_reductions("Sum"),
    *_reductions("Mean"),
    *_reductions("Prod"),
    *_reductions("Max"),
    *_reductions("Min"),
    *_reductions("EuclideanNorm"),
    Case("Sum", (ints(3, 4), Const(1)), note="int32"),
    Case("Sum", (ints(3, 4, dtype="int64"), Const(1)), note="int64"),
    Case("Sum", (complexes(3, 4), Const(1)), note="complex"),
    Case("Sum", (floats(0, 3), Const(0)), note="empty"),
    Case("Mean", (ints(3, 4), Const(1)), note="int32"),
    Case("Mean", (floats(0, 3), Const(0)), note="empty", grad=False),
    Case("Mean", (complexes(3, 4), Const(1)), note="complex"),
    Case("Prod", (_ZEROS, Const(1)), note="zeros"),
    Case("Prod", (ints(3, 4), Const(0)), note="int32"),
    Case("Prod", (floats(0, 3), Const(0)), note="empty", grad=False),
    Case("Max", (_TIED, Const(1)), note="ties"),
    Case("Min", (_TIED, Const(1)), note="ties"),
    Case("Max", (ints(3, 4), Const(0)), note="int32"),
    Case("Min", (ints(3, 4, dtype="int64"), Const(0)), note="int64"),
    Case("Max", (floats(0, 3), Const(0)), note="empty", grad=False),
    Case("Min", (floats(0, 3), Const(0)), note="empty", grad=False),
    Case("Max", (ints(0, 3), Const(0)), note="empty int32"),
    *(
        Case(op, (bools(3, 4), Const(axis)), {"keep_dims": keep})
        for op in ("All", "Any")
        for axis, keep in (([0, 1], False), (1, True), (-2, False))
    ),
    *(
        Case(op, (x, Const(axis)), {"output_type": kind}, note=kind)
        for op in ("ArgMax", "ArgMin")
        for x, axis, kind in (
            (_X, 1, "int64"),
            (_X, -1, "int32"),
            (_TIED, 1, "int64"),
            (ints(3, 4), 0, "int64"),
        )
    ),
    *_scans("Cumsum"),
    *_scans("Cumprod"),
    *_scans("CumulativeLogsumexp"),
    Case("Cumsum", (ints(3, 4), Const(1)), note="int32"),
    Case("Cumsum", (floats(0, 3), Const(0)), {"exclusive": True}, note="empty"),
    Case("Cumprod", (_ZEROS, Const(1)), note="zeros"),
    Case("Cumprod", (ints(3, 4), Const(1)), {"reverse": True}, note="int32"),
]
