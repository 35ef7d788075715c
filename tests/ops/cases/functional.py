"""Cases of ops/functional.py. Every gradient test of another op runs through it as well."""

from __future__ import annotations

from tests.ops.cases.case import Case, floats
from tf1x.core.dtypes import float32
from tf1x.core.func_graph import FuncAttr

CASES = [
    Case(
        "SymbolicGradient",
        ([floats(3), floats(3, seed=1)],),
        {"Tout": [float32], "f": FuncAttr("Tanh", {"T": float32})},
        dtypes=("float32",),
        grad=False,
    ),
]
