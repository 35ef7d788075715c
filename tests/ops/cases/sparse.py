"""Cases of ops/sparse.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats

_PLACES = np.int64([[0, 1], [0, 3], [2, 0], [3, 2]])
_MIXED = _PLACES[[2, 0, 3, 1]]
_VALUES = floats(4)
_SHAPE = Const(np.int64([5, 4]))
_CUBE = np.int64([[0, 0, 1], [0, 2, 0], [1, 1, 1]])
_NONE = np.zeros((0, 2), np.int64)
_WORDS = np.array([b"a", b"bc", b"", b"d"], object)
_OTHER = np.int64([[0, 0], [4, 1]])

CASES = [
    Case("SparseToDense", (_PLACES, _SHAPE, _VALUES, floats())),
    Case("SparseToDense", (_PLACES, np.int64([5, 4]), _VALUES, floats()), note="shape fed", data_dependent=True),
    Case("SparseToDense", (Const(_PLACES), _SHAPE, _VALUES, Const(0.0)), note="places constant"),
    Case("SparseToDense", (_PLACES.astype("int32"), Const([5, 4]), _VALUES, floats()), note="int32 places"),
    Case("SparseToDense", (np.int32([1, 3, 4]), Const([6]), floats(3), floats()), note="vector", grad=False),
    Case("SparseToDense", (np.int32([1, 3, 4]), Const([6]), np.int32(7), np.int32(-1)), note="one value for all"),
    Case("SparseToDense", (np.int32(2), Const([4]), np.int32(7), np.int32(-1)), note="one place"),
    Case("SparseToDense", (_MIXED, _SHAPE, _VALUES, floats()), {"validate_indices": False}, note="out of order"),
    Case("SparseToDense", (_NONE, _SHAPE, floats(0), floats()), note="empty"),
    Case("SparseToDense", (_CUBE, Const(np.int64([2, 3, 2])), np.array([True, False, True]), np.array(False)), note="bools"),
    Case("SparseToDense", (_PLACES, _SHAPE, _WORDS, Const("none")), note="strings"),
    Case("SparseReorder", (_MIXED, _VALUES, _SHAPE)),
    Case("SparseReorder", (_CUBE[::-1].copy(), np.int32([1, 2, 3]), Const(np.int64([2, 3, 2]))), note="rank 3"),
    Case("SparseReorder", (_MIXED, _WORDS, _SHAPE), note="strings"),
    Case("SparseReorder", (_NONE, floats(0), _SHAPE), note="empty"),
    Case("SparseReshape", (_PLACES, _SHAPE, Const(np.int64([2, -1, 2])))),
    Case("SparseReshape", (_PLACES, _SHAPE, Const(np.int64([20])))),
    Case("SparseReshape", (_PLACES, np.int64([5, 4]), np.int64([10, 2])), note="shapes fed"),
    Case("SparseReshape", (_NONE, Const(np.int64([0, 4])), Const(np.int64([4, 0]))), note="empty"),
    Case("SparseConcat", ([_PLACES, _OTHER], [_VALUES, floats(2)], [_SHAPE, _SHAPE]), {"concat_dim": 0}),
    Case("SparseConcat", ([_PLACES, _OTHER], [_VALUES, floats(2)], [_SHAPE, Const(np.int64([5, 2]))]), {"concat_dim": -1}),
    Case("SparseConcat", ([_PLACES, _PLACES], [_WORDS, _WORDS], [_SHAPE, _SHAPE]), {"concat_dim": 1}, note="strings"),
    Case("SparseSplit", (Const(np.int64(0)), _PLACES, _VALUES, _SHAPE), {"num_split": 3}, grad=False, data_dependent=True),
    Case("SparseSplit", (Const(np.int64(1)), _PLACES, np.int32([1, 2, 3, 4]), _SHAPE), {"num_split": 2}, data_dependent=True),
    Case("SparseSlice", (_PLACES, _VALUES, _SHAPE, Const(np.int64([0, 1])), Const(np.int64([3, 2]))), data_dependent=True),
    Case("SparseSlice", (_PLACES, _VALUES, _SHAPE, np.int64([2, 0]), np.int64([9, 9])), data_dependent=True, note="past the end"),
    Case("SparseSliceGrad", (floats(2), _PLACES, Const(np.int64([0, 1])), np.int64([[0, 0], [0, 2]])), grad=False),
    Case("SparseFillEmptyRows", (_PLACES, _VALUES, _SHAPE, floats()), data_dependent=True),
    Case("SparseFillEmptyRows", (_MIXED, np.int32([1, 2, 3, 4]), _SHAPE, np.int32(9)), data_dependent=True, note="out of order"),
    Case("SparseFillEmptyRows", (_PLACES, _WORDS, _SHAPE, Const("none")), data_dependent=True, note="strings"),
    Case("SparseFillEmptyRows", (_NONE, floats(0), _SHAPE, floats()), data_dependent=True, note="empty"),
    Case("SparseFillEmptyRowsGrad", (np.int64([0, 3, 4]), floats(6)), grad=False),
]  # fmt: skip
