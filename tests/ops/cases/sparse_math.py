"""Cases of ops/sparse_math.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, complexes, floats, ints

_PLACES = np.int64([[0, 1], [0, 3], [2, 0], [3, 2]])
_VALUES = floats(4)
_SHAPE = Const(np.int64([5, 4]))
_OTHER = np.int64([[0, 1], [1, 1], [3, 2]])
_NONE = np.zeros((0, 2), np.int64)
_CUBE = np.int64([[0, 0, 1], [0, 0, 3], [0, 2, 0], [1, 1, 1], [1, 1, 2]])
_CUBE_SHAPE = Const(np.int64([2, 3, 4]))
_TWICE = np.int64([[0, 1], [0, 1], [4, 3]])
_DENSE = ("SparseDenseCwiseMul", "SparseDenseCwiseDiv", "SparseDenseCwiseAdd")
_NO_GRADIENT = {"SparseDenseCwiseAdd", "SparseReduceMax"}

CASES = [
    *(
        Case(
            "SparseTensorDenseMatMul",
            (_PLACES, _VALUES, _SHAPE, floats(*((3, inner) if b else (inner, 3)))),
            {"adjoint_a": a, "adjoint_b": b},
        )
        for a, inner in ((False, 4), (True, 5))
        for b in (False, True)
    ),
    *(
        Case(
            "SparseTensorDenseMatMul",
            (_PLACES, complexes(4), _SHAPE, complexes(*((2, inner) if b else (inner, 2)))),
            {"adjoint_a": a, "adjoint_b": b},
            note="complex",
        )
        for a, inner in ((False, 4), (True, 5))
        for b in (False, True)
    ),
    Case("SparseTensorDenseMatMul", (_PLACES, _VALUES, np.int64([5, 4]), floats(4, 3)), note="shape fed", data_dependent=True),
    Case("SparseTensorDenseMatMul", (_TWICE, floats(3), _SHAPE, floats(4, 2)), note="places twice"),
    Case("SparseTensorDenseMatMul", (_NONE, floats(0), _SHAPE, floats(4, 3)), note="empty", grad=False),
    Case("SparseTensorDenseMatMul", (_PLACES.astype("int32"), ints(4), _SHAPE, ints(4, 2)), note="int32"),
    Case("SparseTensorDenseAdd", (_PLACES, _VALUES, _SHAPE, floats(5, 4, seed=1))),
    Case("SparseTensorDenseAdd", (_TWICE.astype("int32"), ints(3), Const([5, 4]), ints(5, 4)), note="places twice"),
    *(
        case
        for op in _DENSE
        for grad in (op not in _NO_GRADIENT,)
        for case in (
            Case(op, (_PLACES, _VALUES, _SHAPE, floats(5, 4, seed=1)), grad=grad),
            Case(op, (_PLACES, _VALUES, _SHAPE, floats(4, seed=1)), note="row", grad=grad),
            Case(op, (_PLACES, _VALUES, np.int64([5, 4]), floats(5, 1, seed=1)), note="column", grad=grad),
            Case(op, (_PLACES, _VALUES, _SHAPE, floats(seed=1)), note="scalar", grad=False),
            Case(op, (_CUBE, ints(5), _CUBE_SHAPE, ints(3, 1, low=1)), note="int32"),
        )
    ),
    Case("SparseAdd", (_PLACES, _VALUES, _SHAPE, _OTHER, floats(3, seed=1), _SHAPE, Const(0.0)), data_dependent=True, dtypes=("float32",)),
    Case("SparseAdd", (_PLACES, _VALUES, _SHAPE, _OTHER, floats(3, seed=1), _SHAPE, Const(0.5)), data_dependent=True, dtypes=("float32",), note="threshold"),
    Case("SparseAdd", (_PLACES, ints(4), _SHAPE, _NONE, ints(0), _SHAPE, Const(0)), data_dependent=True, note="int32"),
    Case("SparseAddGrad", (floats(5), _PLACES, _OTHER, np.int64([[0, 1], [0, 3], [1, 1], [2, 0], [3, 2]])), grad=False),
    *(
        case
        for op in ("SparseSparseMaximum", "SparseSparseMinimum")
        for case in (
            Case(op, (_PLACES, _VALUES, _SHAPE, _OTHER, floats(3, seed=1), _SHAPE), data_dependent=True, grad=False),
            Case(op, (_PLACES, ints(4), _SHAPE, _OTHER, ints(3), _SHAPE), data_dependent=True, note="int32"),
        )
    ),
    *(
        case
        for op in ("SparseReduceSum", "SparseReduceMax")
        for grad in (op not in _NO_GRADIENT,)
        for case in (
            Case(op, (_PLACES, _VALUES, _SHAPE, Const([1])), grad=grad),
            Case(op, (_PLACES, _VALUES, _SHAPE, Const([-2])), {"keep_dims": True}, grad=grad),
            Case(op, (_PLACES, _VALUES, _SHAPE, Const([0, 1])), note="all", grad=grad),
            Case(op, (_CUBE, floats(5), _CUBE_SHAPE, Const([0, 2])), {"keep_dims": True}, note="rank 3", grad=grad),
            Case(op, (_CUBE, -np.abs(ints(5)), _CUBE_SHAPE, Const(2)), note="int32"),
            Case(op, (_NONE, floats(0), _SHAPE, Const([1])), note="empty", grad=False),
            Case(f"{op}Sparse", (_PLACES, _VALUES, _SHAPE, Const([1])), data_dependent=True, grad=False),
            Case(f"{op}Sparse", (_CUBE, ints(5), _CUBE_SHAPE, Const([0, 2])), {"keep_dims": True}, data_dependent=True),
        )
    ),
    Case("SparseSoftmax", (_PLACES, _VALUES, _SHAPE)),
    Case("SparseSoftmax", (_CUBE, floats(5), _CUBE_SHAPE), note="rank 3"),
    Case("SparseSoftmax", (_NONE, floats(0), _SHAPE), note="empty", grad=False),
]  # fmt: skip
