"""Cases of ops/sparse_sets.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, ints

_FIRST = np.int32([[1, 5, 2, 5], [3, 3, 4, 0]])
_SECOND = np.int32([[5, 7, 1], [9, 8, 8]])
_PLACES = np.int64([[0, 0], [0, 1], [1, 0], [1, 2]])
_SHAPE = Const(np.int64([2, 3]))
_WORDS = np.array([[b"b", b"a"], [b"c", b"c"]], object)
_SPOKEN = np.array([b"x", b"y", b"z", b"y"], object)
_CUBE = np.int64([[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0]])

CASES = [
    *(
        case
        for operation in ("a-b", "b-a", "intersection", "union")
        for attrs in ({"set_operation": operation},)
        for case in (
            Case("DenseToDenseSetOperation", (_FIRST, _SECOND), attrs, data_dependent=True),
            Case("DenseToDenseSetOperation", (_WORDS, _WORDS[::-1].copy()), attrs, data_dependent=True, note="strings"),
            Case("DenseToSparseSetOperation", (_FIRST, _PLACES, np.int32([5, 6, 0, 3]), _SHAPE), attrs, data_dependent=True),
            Case("SparseToSparseSetOperation", (_PLACES, ints(4), _SHAPE, _PLACES[:3], ints(3), _SHAPE), attrs, data_dependent=True),
        )
    ),
    Case("SetSize", (_PLACES, np.int32([4, 4, 1, 2]), _SHAPE)),
    Case("SetSize", (_CUBE, _SPOKEN, Const(np.int64([2, 2, 2]))), note="strings"),
    Case("EditDistance", (_PLACES, ints(4), _SHAPE, _PLACES[1:], ints(3), _SHAPE)),
    Case("EditDistance", (_PLACES, ints(4), _SHAPE, _PLACES[1:], ints(3), _SHAPE), {"normalize": False}),
    Case("EditDistance", (_PLACES[:2], ints(2), _SHAPE, _PLACES[2:], ints(2), Const(np.int64([3, 4]))), note="empty sequences"),
    Case("EditDistance", (_CUBE, _SPOKEN, Const(np.int64([2, 2, 2])), _CUBE, _SPOKEN[::-1].copy(), Const(np.int64([2, 2, 2]))), note="strings"),
]  # fmt: skip
