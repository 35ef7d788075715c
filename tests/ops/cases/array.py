"""Cases of ops/array.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, bools, floats, ints

_SHAPED = [floats(2, 3), floats(), floats(0, 4)]


def _each(op: str, *inputs: object, **options: object) -> list[Case]:
    """The op on tensors of several ranks, one of them empty."""
    return [Case(op, (x, *inputs), **options) for x in _SHAPED]  # type: ignore[arg-type]


CASES = [
    Case("Const", (), {"value": np.float64([[1.5, -2.0]]), "dtype": "float64"}, grad=False),
    Case("Const", (), {"value": np.int32(3), "dtype": "int32"}, note="scalar"),
    Case("PlaceholderWithDefault", (floats(2, 3),), {"shape": [2, 3]}),
    *_each("Identity"),
    Case("Identity", (bools(3),), note="bool"),
    *_each("StopGradient"),
    Case("IdentityN", ([floats(2, 3), ints(2)],)),
    *_each("Shape"),
    Case("Shape", (ints(2, 3),), {"out_type": "int64"}, note="int64"),
    Case("ShapeN", ([floats(2, 3), floats(4)],)),
    Case("ShapeN", ([floats(2, 3), floats(4)],), {"out_type": "int64"}, note="int64"),
    *_each("Size"),
    Case("Size", (ints(2, 3),), {"out_type": "int64"}, note="int64"),
    *_each("Rank"),
    Case("Reshape", (floats(2, 6), Const([3, 4]))),
    Case("Reshape", (floats(2, 6), Const([3, -1, 2])), note="inferred"),
    Case("Reshape", (floats(1, 1), Const(np.zeros(0, "int64"))), note="to scalar"),
    Case("Reshape", (floats(0, 3), Const([3, 0])), note="empty"),
    Case("Reshape", (ints(2, 6), Const([-1])), note="int32"),
    Case("ExpandDims", (floats(2, 3), Const(0))),
    Case("ExpandDims", (floats(2, 3), Const(-1)), note="last"),
    Case("ExpandDims", (floats(2, 3), Const(np.int64([-2]))), note="vector"),
    Case("ExpandDims", (floats(), Const(0)), note="scalar"),
    Case("Squeeze", (floats(1, 3, 1),)),
    Case("Squeeze", (floats(1, 3, 1),), {"squeeze_dims": [-1]}, note="last"),
    Case("Squeeze", (floats(1, 3, 1, 1),), {"squeeze_dims": [0, 2]}, note="two"),
    Case("Fill", (Const([2, 3]), floats())),
    Case("Fill", (Const(np.int64([0, 3])), floats()), note="empty"),
    Case("Fill", (Const([2]), ints()), note="int32"),
    Case("NoOp", ()),
    *_each("ZerosLike"),
    Case("ZerosLike", (bools(3),), note="bool"),
    *_each("OnesLike"),
    Case("OnesLike", (ints(3),), note="int32"),
    Case("Empty", (Const([2, 3]),), {"dtype": "float32", "init": True}),
    Case("Range", (Const(0), Const(7), Const(3))),
    Case("Range", (Const(np.int64(5)), Const(np.int64(-5)), Const(np.int64(-2))), note="down"),
    Case("Range", (Const(2), Const(2), Const(1)), note="empty"),
    Case(
        "Range",
        (Const(np.float32(0.1)), Const(np.float32(40.0)), Const(np.float32(0.3))),
        rtol=0,
        rtol64=0,
    ),
    Case("Range", (Const(np.float32(1)), Const(np.float32(-1)), Const(np.float32(-0.25)))),
]
