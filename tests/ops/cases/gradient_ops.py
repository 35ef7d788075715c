"""Cases of ops/gradient_ops.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_KINKS = np.float32([-30.0, -6.0, -0.5, 0.0, 0.5, 6.0, 7.0, 30.0])
_RESULTS = np.float32([-1.5, -1.0, -0.5, 0.0, 0.5, 6.0, 7.0, 30.0])
_G = floats(8, seed=1)
_FROM_FEATURES = ("ReluGrad", "Relu6Grad", "LeakyReluGrad", "SoftplusGrad", "SoftsignGrad")


def _strided(
    shape: tuple[int, ...],
    begin: list[int],
    end: list[int],
    strides: list[int],
    dy: np.ndarray,
    note: str,
    **masks: int,
) -> Case:
    constants = [Const(np.int32(v)) for v in (shape, begin, end, strides)]
    return Case("StridedSliceGrad", (*constants, dy), masks, note=note)


CASES = [
    *(Case(op, (_G, _KINKS), note="kinks", grad=op != "SoftsignGrad") for op in _FROM_FEATURES),
    *(
        Case(op, (floats(2, 3), floats(2, 3, seed=1)), grad=op != "SoftsignGrad")
        for op in _FROM_FEATURES
    ),
    Case("ControlTrigger", ()),
    *(Case(op, (_G, _RESULTS)) for op in ("EluGrad", "SeluGrad")),
    Case("ReluGrad", (ints(2, 3), ints(2, 3, seed=1)), note="int32"),
    Case("LeakyReluGrad", (floats(2, 3), floats(2, 3, seed=1)), {"alpha": 0.5}, note="alpha"),
    Case("BiasAddGrad", (floats(2, 3, 4),)),
    Case("BiasAddGrad", (floats(2, 3, 4, 5),), {"data_format": "NCHW"}, note="NCHW"),
    Case("BiasAddGrad", (ints(2, 3),), note="int32"),
    Case("BiasAddGrad", (floats(0, 3),), note="empty"),
    _strided((4, 5), [1, 0], [3, 4], [1, 2], floats(2, 2), "steps"),
    _strided((4, 5), [-1, 4], [-5, 0], [-2, -1], floats(2, 4), "backwards"),
    _strided(
        (4, 5),
        [2, 0],
        [3, 0],
        [1, 1],
        floats(5),
        "index",
        shrink_axis_mask=1,
        begin_mask=2,
        end_mask=2,
    ),
    _strided(
        (4, 5),
        [0, 0, 1],
        [0, 0, 3],
        [1, 1, 1],
        floats(1, 4, 2),
        "new-axis",
        new_axis_mask=1,
        begin_mask=2,
        end_mask=2,
    ),
    _strided((2, 3, 4), [0, 1], [0, 2], [1, 1], floats(2, 3, 1), "ellipsis", ellipsis_mask=1),
    _strided((4,), [3], [1], [1], floats(0), "empty"),
    Case(
        "StridedSliceGrad",
        (np.int32([4, 3]), np.int32([2, 0]), np.int32([3, 3]), np.int32([1, 1]), floats(3)),
        {"shrink_axis_mask": 1},
        note="fed",
        data_dependent=True,
    ),
    *(
        Case(
            "MirrorPadGrad",
            (floats(4, 7), Const(np.int32([[1, 0], [2, 1]]))),
            {"mode": mode},
            note=mode,
        )
        for mode in ("REFLECT", "SYMMETRIC")
    ),
    *(
        Case(
            op,
            (floats(3, 2), np.int32([0, 3, 3, 1]), np.int32([0, 0, 1, 2]), Const(np.int32(5))),
            grad=False,
        )
        for op in ("SparseSegmentSumGrad", "SparseSegmentMeanGrad", "SparseSegmentSqrtNGrad")
    ),
]
