"""Cases of ops/script.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints
from tf1x.ops.script import PythonFunction

_SWAP = PythonFunction(lambda x, y: (y, x))
_SWAPPED = {"token": _SWAP.token, "Tout": ["int32", "float32"]}
_WHY = "a Python function does not travel with the GraphDef: compared in tests/ops/test_script.py"

CASES = [
    Case(
        "PyFunc",
        ([floats(2, 3), ints(4)],),
        _SWAPPED,
        dtypes=("float32",),
        oracle=False,
        why=_WHY,
        data_dependent=True,
    ),
    Case(
        "PyFuncStateless",
        ([floats(2, 3), ints(4)],),
        _SWAPPED,
        dtypes=("float32",),
        oracle=False,
        why=_WHY,
        data_dependent=True,
    ),
    Case("Print", (floats(2, 3), [floats(2, 3), ints(4)]), {"message": "case: "}),
    Case("Print", (floats(2, 3), [ints(4)]), {"first_n": 0}, note="never"),
    Case(
        "StringFormat",
        ([floats(2, 3), ints(9)],),
        {"template": "a {} b {}", "placeholder": "{}"},
        dtypes=("float32",),
    ),
    Case(
        "StringFormat",
        ([np.float32([[1e10, 1 / 3], [0.1, 2.5]]), np.array([True, False])],),
        {"template": "%s%s", "summarize": 1},
        dtypes=("float32",),
        note="numbers",
    ),
    Case("StringFormat", ([ints(3, 3, 3)],), {"template": "%s", "summarize": -1}, note="all"),
    Case("StringFormat", ([ints(8, 2, 7)],), {"template": "%s", "summarize": 2}, note="edges"),
    Case("StringFormat", ([Const([b"a", b"b"]), Const(b"c")],), {"template": "%s %s"}, note="text"),
    Case("PrintV2", (Const(b"case"),)),
]
