"""Cases of ops/segment.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_ROWS = floats(5, 3)
_SORTED = np.int32([0, 0, 2, 2, 3])
_MIXED = np.int32([2, 0, -1, 2, 3])
_TIED = np.float32([[1, 2], [1, 3], [0, 5], [4, 0], [4, 0]])
_UNSORTED = (
    "UnsortedSegmentSum",
    "UnsortedSegmentProd",
    "UnsortedSegmentMax",
    "UnsortedSegmentMin",
)
_SPARSE = ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN")
_CHOSEN = np.int32([4, 0, 0, 2]), np.int32([0, 0, 1, 3])

CASES = [
    *(
        case
        for op in ("SegmentSum", "SegmentMean", "SegmentProd", "SegmentMax", "SegmentMin")
        for case in (
            Case(op, (_ROWS, Const(_SORTED))),
            Case(op, (_ROWS, _SORTED), data_dependent=True, note="ids fed"),
            Case(op, (_TIED, Const(_SORTED)), note="ties and zeros"),
        )
    ),
    Case("SegmentSum", (ints(5, 2), Const(_SORTED)), note="int32"),
    *(
        case
        for op in _UNSORTED
        for case in (
            Case(op, (_ROWS, _MIXED, Const(5))),
            Case(op, (_ROWS, Const(_MIXED), Const(4)), note="ids constant"),
            Case(op, (floats(2, 3, 2), ints(2, 3, low=0, high=4), Const(4)), note="ids of rank 2"),
            Case(op, (ints(5, 2), _MIXED, Const(4)), note="int32"),
        )
    ),
    *(
        Case(op, (_TIED, Const(_SORTED), Const(4)), note="ties and zeros", grad="Prod" not in op)
        for op in _UNSORTED
    ),
    *(
        case
        for op in _SPARSE
        for case in (
            Case(op, (_ROWS, Const(_CHOSEN[0]), Const(_CHOSEN[1]))),
            Case(op, (_ROWS, *_CHOSEN), data_dependent=True, note="ids fed"),
            Case(f"{op}WithNumSegments", (_ROWS, Const(_CHOSEN[0]), Const(_CHOSEN[1]), Const(6))),
            Case(
                f"{op}GradV2",
                (floats(4, 3), *_CHOSEN, np.int32(5)),
                grad=False,
                data_dependent=True,
            ),
        )
    ),
]
