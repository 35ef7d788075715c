"""Cases of ops/elementary.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, complexes, floats, ints

_ANY = floats(2, 5, low=-3, high=3)
_POSITIVE = floats(2, 5, low=0.1, high=4)
_UNIT = floats(2, 5, low=-0.95, high=0.95)

_FUNCTIONS = {
    "Square": _ANY,
    "Sqrt": _POSITIVE,
    "Rsqrt": _POSITIVE,
    "Exp": _ANY,
    "Expm1": _ANY,
    "Log": _POSITIVE,
    "Log1p": floats(2, 5, low=-0.9, high=3),
    "Sin": _ANY,
    "Cos": _ANY,
    "Tan": _UNIT,
    "Asin": _UNIT,
    "Acos": _UNIT,
    "Atan": _ANY,
    "Sinh": _ANY,
    "Cosh": _ANY,
    "Tanh": _ANY,
    "Asinh": _ANY,
    "Acosh": floats(2, 5, low=1.1, high=4),
    "Atanh": _UNIT,
    "Sigmoid": _ANY,
}

CASES = [
    *(Case(op, (x,)) for op, x in _FUNCTIONS.items()),
    *(Case(op, (complexes(3),), note="complex") for op in _FUNCTIONS),
    Case("Square", (ints(4),), note="int32"),
    Case("Sqrt", (np.float32([0.0, 0.25, 2.0]),), note="zero"),
    Case("Exp", (np.float32([]),), note="empty"),
    Case("Sigmoid", (np.float32([-90.0, 90.0]),), note="large"),
    Case("Tanh", (np.float32([-90.0, 90.0]),), note="large"),
    Case("Pow", (floats(2, 3, low=0.2, high=3), floats(2, 3, seed=1))),
    Case("Pow", (floats(2, 3, low=0.2, high=3), floats(3, seed=1)), note="row"),
    Case("Pow", (floats(2, 3), np.float32(2.0)), note="square of negatives"),
    Case("Pow", (floats(2, 3), np.float32(3.0)), note="cube"),
    Case("Pow", (np.float32([0.0, 0.0, 1.0]), np.float32([1.0, 2.0, 0.0])), note="zeros"),
    Case("Pow", (ints(4), np.int32([0, 1, 2, 3])), note="int32"),
    Case("Pow", (complexes(3), complexes(3, seed=1)), note="complex"),
    Case("Atan2", (floats(2, 3), floats(2, 3, seed=1))),
    Case("Atan2", (floats(2, 3), floats(3, seed=1)), note="row"),
]
