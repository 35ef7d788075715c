"""Cases of ops/array_select.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, bools, floats, ints

_ON, _OFF = Const(np.float32(1)), Const(np.float32(0))


def _open(op: str, *inputs: Any, **attrs: Any) -> Case:
    """A case whose output's shape depends on the data."""
    note, grad = attrs.pop("note", ""), attrs.pop("grad", True)
    return Case(op, inputs, attrs, data_dependent=True, note=note, grad=grad)


_REPEATED = np.int32([4, 1, 4, 2, 1, 1])

CASES = [
    Case("OneHot", (np.int32([0, 2, -1, 3]), Const(3), _ON, _OFF)),
    Case(
        "OneHot",
        (np.int64([[0, 2]]), Const(3), _ON, Const(np.float32(-1))),
        {"axis": 0},
        note="axis 0",
    ),
    Case("OneHot", (np.uint8([[0, 2]]), Const(3), _ON, _OFF), {"axis": 1}, note="axis 1"),
    Case("OneHot", (np.int32(1), Const(2), Const(np.int32(5)), Const(np.int32(3))), note="scalar"),
    Case("OneHot", (np.int32([0, 1]), Const(0), _ON, _OFF), note="depth 0"),
    _open("Where", bools(2, 3)),
    _open("Where", np.float32([0, 1, 0, 2]), note="floats"),
    _open("Where", np.zeros((2, 0), bool), note="empty"),
    Case("Select", (bools(2, 3), floats(2, 3), floats(2, 3, seed=1))),
    Case("Select", (bools(2), floats(2, 3), floats(2, 3, seed=1)), note="rows"),
    Case("Select", (np.bool_(True), floats(2, 3), floats(2, 3, seed=1)), note="scalar"),
    Case("Select", (bools(3), ints(3), ints(3, seed=1)), note="int32"),
    Case("SelectV2", (bools(2, 3), floats(2, 3), floats(2, 3, seed=1))),
    Case("SelectV2", (bools(2, 1), floats(3), floats(2, 3, seed=1)), note="broadcast"),
    Case("SelectV2", (bools(3), floats(), floats(2, 1, seed=1)), note="outer"),
    _open("Unique", _REPEATED),
    _open("Unique", np.float32([2, 1, 2]), out_idx="int64", grad=False, note="floats"),
    _open("Unique", np.zeros(0, "int32"), note="empty"),
    _open("UniqueWithCounts", _REPEATED),
    _open("UniqueWithCounts", _REPEATED, out_idx="int64", note="int64"),
    _open("UniqueV2", np.int32([[1, 0], [1, 0], [2, 0]]), Const([0])),
    _open("UniqueV2", np.int32([[1, 1, 0], [1, 1, 0]]), Const(np.int64([1])), note="columns"),
    _open("UniqueV2", _REPEATED, Const(np.zeros(0, "int64")), note="vector"),
    _open("UniqueWithCountsV2", np.int32([[1, 0], [1, 0], [2, 0]]), Const([0])),
    _open("ListDiff", np.int32([1, 2, 3, 4, 2]), np.int32([1, 3])),
    _open(
        "ListDiff",
        np.float32([1, 2]),
        np.float32([2, 1]),
        out_idx="int64",
        grad=False,
        note="nothing left",
    ),
    Case("InvertPermutation", (np.int32([3, 0, 2, 1]),)),
    Case("InvertPermutation", (np.int64([1, 0]),), note="int64"),
    _open("DynamicPartition", floats(5, 2), np.int32([0, 2, 0, 1, 2]), num_partitions=3),
    _open(
        "DynamicPartition",
        floats(2, 2),
        np.int32([[0, 1], [1, 1]]),
        num_partitions=3,
        note="matrix",
    ),
    _open("DynamicPartition", ints(3), np.int32([1, 1, 0]), num_partitions=2, note="int32"),
    _open("DynamicStitch", [np.int32([0, 3]), np.int32([[1, 2]])], [floats(2, 2), floats(1, 2, 2)]),
    _open(
        "DynamicStitch",
        [np.int32([0, 1]), np.int32(1)],
        [floats(2, 2), floats(2, seed=1)],
        note="twice",
    ),
    _open(
        "DynamicStitch", [Const([1]), Const([0])], [floats(1), floats(1, seed=1)], note="constant"
    ),
    _open(
        "ParallelDynamicStitch",
        [np.int32([0, 3]), np.int32([1, 2])],
        [floats(2, 2), floats(2, 2, seed=1)],
    ),
    Case(
        "LowerBound", (np.float32([[1, 2, 2, 5]]), np.float32([[0, 2, 3, 9]])), dtypes=("float32",)
    ),
    Case(
        "UpperBound",
        (np.float32([[1, 2, 2, 5], [0, 1, 2, 3]]), np.float32([[0, 2], [3, 9]])),
        {"out_type": "int64"},
    ),
    Case("UpperBound", (np.int32([[1, 2, 2, 5]]), np.int32([[0, 2, 3]])), note="int32"),
]
