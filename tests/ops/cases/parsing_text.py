"""Cases of ops/parsing_text.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const
from tests.ops.cases.parsing import strings

_LINES = strings(b'1,2.5,x,-9,"a,""b"""', b",, y ,1e3,", b'"7", 3 ,"\r\n",.5,z')
_DEFAULTS = [
    Const(np.array([5], np.int32)),
    Const(np.array(1.5, np.float32)),
    Const(np.array([b"d"], object)),
    Const(np.zeros(0, np.float64)),
    Const(np.array([b"e"], object)),
]

_ONCE = ("float32",)

CASES = [
    Case("DecodeCSV", (_LINES, _DEFAULTS), dtypes=_ONCE),
    Case("DecodeCSV", (Const(b"3,4.5,a,-1,b"), _DEFAULTS), dtypes=_ONCE, note="one"),
    Case(
        "DecodeCSV",
        (strings(b'1;NA;"x"', b";2;"), [Const(np.int64([6])), Const(np.array([b"d"], object))]),
        {
            "field_delim": ";",
            "use_quote_delim": False,
            "na_value": "NA",
            "select_cols": [1, 2],
        },
        note="options",
    ),
    Case("DecodeCSV", (strings(), [Const(np.float32([1]))]), dtypes=_ONCE, note="none"),
    Case(
        "DecodeJSONExample",
        (strings(b'{"features": {"feature": {"a": {"bytesList": {"value": ["eHk="]}}}}}', b"{}"),),
    ),
]
