"""Cases of ops/math.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, bools, complexes, floats, ints

_BROADCASTING = [
    ("same", floats(2, 3), floats(2, 3, seed=1)),
    ("row", floats(2, 3), floats(3, seed=1)),
    ("outer", floats(2, 1), floats(1, 3, seed=1)),
    ("scalar", floats(2, 3), floats(seed=1)),
    ("empty", floats(0, 3), floats(3, seed=1)),
]


def _binary(op: str, **options: object) -> list[Case]:
    return [Case(op, (x, y), note=note, **options) for note, x, y in _BROADCASTING]  # type: ignore[arg-type]


_TIED = np.float32([1.0, 2.0, 3.0]), np.float32([1.0, 3.0, 2.0])
_COMPLEX = complexes(2, 3), complexes(3, seed=1)
_INTS = ints(2, 3), ints(3, seed=1)
_DIVIDED = ints(3, 4, low=-9, high=10), np.int32([2, -3, 5, -1])
_WITH_ZERO = np.float32([0.0, 1.0, -2.0, 3.0]), np.float32([0.0, 0.0, 4.0, -1.5])
_HALVES = np.float32([-2.5, -1.5, -0.5, 0.0, 0.3, 0.5, 1.5, 2.5])
_ODD = np.float32([np.nan, np.inf, -np.inf, 0.0, 1.0])

CASES = [
    *_binary("Add"),
    Case("Add", _COMPLEX, note="complex"),
    *_binary("AddV2"),
    Case("AddV2", _INTS, note="int32"),
    Case("AddV2", _COMPLEX, note="complex"),
    *_binary("Sub"),
    Case("Sub", _INTS, note="int32"),
    *_binary("Mul"),
    Case("Mul", _INTS, note="int32"),
    Case("Mul", _COMPLEX, note="complex"),
    *_binary("SquaredDifference"),
    Case("SquaredDifference", _COMPLEX, note="complex", grad=False),
    Case("SquaredDifference", _INTS, note="int32"),
    Case("AddN", ([floats(2, 3), floats(2, 3, seed=1), floats(2, 3, seed=2)],)),
    Case("AddN", ([floats(2, 3)],), note="one"),
    Case("AddN", ([ints(4), ints(4, seed=1)],), note="int32"),
    Case(
        "AccumulateNV2",
        ([floats(2, 3), floats(2, 3, seed=1)],),
        {"shape": [2, 3]},
        oracle=False,
        why="TensorFlow rewrites the op at run time only under conditions of its own",
    ),
    # division
    *_binary("RealDiv"),
    Case("RealDiv", _COMPLEX, note="complex"),
    *_binary("Div"),
    Case("Div", _DIVIDED, note="int32"),
    *_binary("DivNoNan"),
    Case("DivNoNan", _WITH_ZERO, note="zeros"),
    *_binary("MulNoNan"),
    Case("MulNoNan", (_ODD, np.float32([0, 0, 0, 0, 2])), note="zeros"),
    *_binary("TruncateDiv", grad=False),
    Case("TruncateDiv", _DIVIDED, note="int32"),
    Case("TruncateDiv", (ints(3, 2, low=0, high=9, dtype="uint8"), np.uint8([2, 3])), note="uint8"),
    *_binary("FloorDiv"),
    Case("FloorDiv", _DIVIDED, note="int32"),
    *_binary("FloorMod"),
    Case("FloorMod", _DIVIDED, note="int32"),
    Case("FloorMod", tuple(v.astype("int64") for v in _DIVIDED), note="int64"),
    *_binary("Mod", grad=False),
    Case("Mod", _DIVIDED, note="int32"),
    *_binary("TruncateMod", grad=False),
    Case("TruncateMod", _DIVIDED, note="int32"),
    *(Case(op, (np.float32([0.25, -4.0, 3.0]),)) for op in ("Inv", "Reciprocal")),
    Case("Reciprocal", (complexes(4),), note="complex"),
    # the larger and the smaller
    *_binary("Maximum"),
    *_binary("Minimum"),
    Case("Maximum", _TIED, note="ties"),
    Case("Minimum", _TIED, note="ties"),
    Case("Maximum", _INTS, note="int32"),
    Case("Minimum", _INTS, note="int32"),
    Case("Maximum", (_ODD, np.float32(0.5)), note="nan", grad=False),
    Case("ClipByValue", (floats(3, 4), np.float32(-1.0), np.float32(0.5))),
    Case("ClipByValue", (np.float32([-1, 0, 1, 2]), np.float32(-1), np.float32(1)), note="ties"),
    Case(
        "ClipByValue",
        (floats(2, 3), floats(2, 3, seed=1) - 2, floats(2, 3, seed=2) + 2),
        note="same",
        grad=False,
    ),
    Case("ClipByValue", (ints(4), np.int32(-1), np.int32(2)), note="int32"),
    # comparison and logic
    *(
        Case(op, inputs, note=note)
        for op in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual")
        for note, inputs in (("ties", _TIED), ("int32", _INTS), ("row", (floats(2, 3), floats(3))))
    ),
    Case("Equal", (bools(4), bools(4, seed=1)), note="bool"),
    Case("NotEqual", (complexes(3), complexes(3)), note="complex"),
    Case(
        "ApproximateEqual",
        (np.float32([1, 2, 3]), np.float32([1.05, 2.2, 3.0])),
        {"tolerance": 0.1},
    ),
    Case("LogicalAnd", (bools(2, 3), bools(3, seed=1))),
    Case("LogicalOr", (bools(2, 3), bools(3, seed=1))),
    Case("LogicalNot", (bools(2, 3),)),
    *(Case(op, (_ODD,)) for op in ("IsNan", "IsInf", "IsFinite")),
    # signs and rounding
    Case("Neg", (floats(2, 3),)),
    Case("Neg", (ints(2, 3),), note="int32"),
    Case("Abs", (_HALVES,)),
    Case("Abs", (ints(2, 3),), note="int32"),
    Case("Sign", (_HALVES,)),
    Case("Sign", (ints(2, 3),), note="int32"),
    Case("Sign", (complexes(3),), note="complex", grad=False),
    *(Case(op, (_HALVES,)) for op in ("Floor", "Ceil", "Round", "Rint")),
    Case("Cast", (floats(2, 3) * 3,), {"DstT": "int32"}),
    Case("Cast", (floats(2, 3),), {"DstT": "float16"}, note="half"),
    Case("Cast", (floats(2, 3),), {"DstT": "bfloat16"}, note="bfloat16"),
    Case("Cast", (floats(2, 3),), {"DstT": "complex64"}, note="to complex"),
    Case("Cast", (complexes(3),), {"DstT": "float32"}, note="from complex", grad=False),
    Case("Cast", (np.float32([0.0, 0.5, -1.0]),), {"DstT": "bool"}, note="to bool"),
    Case("Cast", (bools(4),), {"DstT": "float32"}, note="from bool"),
    Case("Cast", (np.int32([-1, 255, 256, 300]),), {"DstT": "uint8"}, note="wrapping"),
    Case("Cast", (ints(4, dtype="int64"),), {"DstT": "float64"}, note="from int64"),
]
