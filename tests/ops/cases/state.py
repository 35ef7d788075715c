"""Cases of ops/state.py."""

from __future__ import annotations

from tests.ops.cases.case import Case, Var, floats

CASES = [
    Case("AssignAdd", (Var(floats(2, 3)), floats(2, 3, seed=1))),
    Case("AssignAddVariableOp", (Var(floats(2, 3), resource=True), floats(2, 3, seed=1))),
]
