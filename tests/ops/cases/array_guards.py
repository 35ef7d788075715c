"""Cases of ops/array_guards.py."""

from __future__ import annotations

from tests.ops.cases.case import Case, floats, ints

CASES = [
    Case("Snapshot", (floats(2, 3),), grad=False, note="TensorFlow has no gradient"),
    Case(
        "PreventGradient",
        (floats(2, 3),),
        {"message": "no"},
        grad=False,
        note="the gradient raises",
    ),
    Case("EnsureShape", (floats(2, 3),), {"shape": [None, 3]}),
    Case("CheckNumerics", (floats(2, 3),), {"message": "x"}),
    Case("Bitcast", (floats(2, 3),), {"type": "int32"}, dtypes=("float32",)),
    Case("Bitcast", (ints(2, 3, dtype="int64"),), {"type": "int32"}, note="smaller"),
    Case("Bitcast", (ints(3, 4, dtype="int16"),), {"type": "int64"}, note="larger"),
]
