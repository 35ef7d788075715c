"""Cases of ops/einsum.py."""

from __future__ import annotations

from tests.ops.cases.case import Case, floats, ints

CASES = [
    Case("Einsum", ([floats(2, 3), floats(3, 4, seed=1)],), {"equation": "ij,jk->ik"}),
    Case(
        "Einsum",
        ([floats(5, 2, 3), floats(5, 3, 4, seed=1)],),
        {"equation": "bij,bjk->bik"},
        note="batch",
    ),
    Case(
        "Einsum",
        ([floats(5, 2, 3), floats(3, 4, seed=1)],),
        {"equation": "...j,jk->...k"},
        note="ellipsis",
    ),
    Case("Einsum", ([floats(2, 3)],), {"equation": "ij->ji"}, note="transpose"),
    Case("Einsum", ([floats(2, 3)],), {"equation": "ij->i"}, note="sum"),
    Case("Einsum", ([floats(3, 3)],), {"equation": "ii->"}, note="trace"),
    Case("Einsum", ([floats(3, 3)],), {"equation": "ii->i"}, note="diagonal"),
    Case("Einsum", ([floats(2), floats(3, seed=1)],), {"equation": "i,j->ij"}, note="outer"),
    Case("Einsum", ([ints(2, 3), ints(3, 4, seed=1)],), {"equation": "ij,jk->ik"}, note="int32"),
]
