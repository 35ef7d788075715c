"""Cases of ops/array_slicing.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints


def _strided(
    x: Any, begin: Any, end: Any, strides: Any, fed: bool = False, note: str = "", **masks: int
) -> Case:
    wrap = np.int32 if fed else lambda v: Const(np.int32(v))
    spec = [wrap(v) for v in (begin, end, strides)]
    return Case("StridedSlice", (x, *spec), masks, note=note, data_dependent=fed)


CASES = [
    Case("Slice", (floats(3, 4), Const([1, 0]), Const([2, 3]))),
    Case("Slice", (floats(3, 4), Const([1, 2]), Const([-1, 2])), note="rest"),
    Case("Slice", (floats(3, 4), np.int64([1, 2]), Const(np.int64([1, 2]))), note="fed begin"),
    Case(
        "Slice",
        (floats(3, 4), np.int32([1, 2]), np.int32([1, -1])),
        note="fed",
        data_dependent=True,
    ),
    Case("Slice", (ints(3), Const([3]), Const([0])), note="empty"),
    _strided(floats(4, 5), [1, 0], [3, 5], [1, 2]),
    _strided(floats(4, 5), [-1, -2], [-4, -5], [-2, -1], note="backwards"),
    _strided(floats(4, 5), [0, 0], [0, 0], [-1, 1], begin_mask=3, end_mask=3, note="open"),
    _strided(floats(4, 5), [2], [3], [1], shrink_axis_mask=1, note="index"),
    _strided(floats(4, 5), [-1, 1], [0, 3], [1, 1], shrink_axis_mask=1, note="negative index"),
    _strided(
        floats(4, 5, 3),
        [0, 1],
        [0, 2],
        [1, 1],
        ellipsis_mask=1,
        shrink_axis_mask=2,
        note="ellipsis",
    ),
    _strided(floats(4, 5), [1, 0, 0], [2, 0, 2], [1, 1, 1], new_axis_mask=2, note="new axis"),
    _strided(
        floats(4, 5),
        [0, 0, 0],
        [0, 0, 0],
        [1, 1, 1],
        ellipsis_mask=1,
        new_axis_mask=6,
        note="new axes at the end",
    ),
    _strided(floats(4, 5), [3], [1], [1], note="empty"),
    _strided(floats(4, 5), [-9], [9], [3], note="out of range"),
    _strided(
        floats(4, 5),
        [0, 3],
        [0, 4],
        [1, 1],
        begin_mask=1,
        end_mask=1,
        shrink_axis_mask=2,
        fed=True,
        note="fed index",
    ),
    _strided(floats(4, 5), [1, 0], [3, 4], [1, 1], fed=True, note="fed"),
    _strided(ints(4, 5), [0, 4], [4, 0], [1, -2], note="int32"),
]
