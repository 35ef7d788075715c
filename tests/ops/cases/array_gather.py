"""Cases of ops/array_gather.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_ROWS = np.int32([[2, 0], [1, 2]])
_POINTS = np.int32([[0, 1], [1, 2], [0, 1]])


def _tensor_scatter(op: str) -> list[Case]:
    return [
        Case(op, (floats(4, 3), np.int32([[2], [0]]), floats(2, 3, seed=1))),
        Case(op, (floats(2, 3), np.int32([[0, 1], [1, 2]]), floats(2, seed=1)), note="points"),
        Case(op, (ints(4), np.int64([[1], [3]]), ints(2, seed=1)), note="int32"),
        Case(op, (floats(4), np.zeros((0, 1), "int32"), floats(0)), note="empty"),
    ]


CASES = [
    Case("Gather", (floats(3, 4), np.int32([2, 0, 2]))),
    Case("GatherV2", (floats(3, 4), _ROWS, Const(0))),
    Case("GatherV2", (floats(3, 4), np.int64([3, 0, 3]), Const(1)), note="axis 1"),
    Case("GatherV2", (floats(2, 3, 4), _ROWS, Const(-2)), note="negative axis"),
    Case("GatherV2", (floats(3), np.int32(1), Const(0)), note="scalar index"),
    Case("GatherV2", (floats(3, 2), np.zeros((0,), "int32"), Const(0)), note="no index"),
    Case("GatherV2", (ints(5), np.int32([4, 0]), Const(np.int64(0))), note="int32"),
    Case("GatherV2", (floats(2, 3, 4), _ROWS, Const(1)), {"batch_dims": 1}, note="batch"),
    Case(
        "GatherV2", (floats(2, 4, 3), _ROWS, Const(2)), {"batch_dims": 1}, note="batch, later axis"
    ),
    Case(
        "GatherV2",
        (floats(2, 2, 5), ints(2, 2, 3, low=0, high=5), Const(2)),
        {"batch_dims": 2},
        note="two batch dimensions",
    ),
    Case("GatherNd", (floats(2, 3), _POINTS)),
    Case("GatherNd", (floats(2, 3), np.int64([[1], [0]])), note="rows"),
    Case("GatherNd", (floats(2, 3, 2), np.int32([[[0, 1], [1, 2]]])), note="slices"),
    Case("GatherNd", (floats(2, 3), np.zeros((2, 0), "int32")), grad=False, note="no coordinates"),
    Case("ScatterNd", (np.int32([[1], [3], [1]]), floats(3, 2), Const([4, 2]))),
    Case("ScatterNd", (_POINTS, floats(3), Const([2, 3])), note="points"),
    Case("ScatterNd", (np.int64([[1]]), ints(1), Const(np.int64([3]))), note="int32"),
    *_tensor_scatter("TensorScatterUpdate"),
    *_tensor_scatter("TensorScatterAdd"),
    *_tensor_scatter("TensorScatterSub"),
    *_tensor_scatter("TensorScatterMin"),
    *_tensor_scatter("TensorScatterMax"),
    Case("TensorScatterAdd", (floats(4), np.int32([[1], [1]]), floats(2, seed=1)), note="twice"),
    Case(
        "TensorScatterMax",
        (np.float32([1, 2]), np.int32([[1], [1]]), np.float32([2, 2])),
        note="ties",
    ),
]
