"""Tables that break systems which take names and values on trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

_NAMES = (
    "None", "Sex", "SexCode", "it's", "a.b", "a[0]", 'say "x"', "back\\slash", "", "  ",
    "<script>alert(1)</script>", "表 ü", "UPPER", "constructor", "__proto__", "line\nbreak", "num0",
    "a.b", "$field", "x,y", "100%", "count", "datum['x']", "{curly}", "a]b.c",
)  # fmt: skip


def _column(number: int, rows: int) -> list[Any]:
    kinds: tuple[list[Any], ...] = (
        [f"c{i % 3}" for i in range(rows)],
        [i * 1.5 - 4 for i in range(rows)],
        [i % 4 for i in range(rows)],
        [f"2021-0{i % 9 + 1}-{i % 27 + 1:02}" for i in range(rows)],
    )
    return kinds[number % len(kinds)]


def _frame(columns: list[tuple[str, list[Any]]]) -> pd.DataFrame:
    frame = pd.DataFrame({i: pd.Series(values) for i, (_, values) in enumerate(columns)})
    frame.columns = pd.Index([name for name, _ in columns])
    return frame


TABLES: Mapping[str, pd.DataFrame] = {
    "names": _frame([(name, _column(i, 40)) for i, name in enumerate(_NAMES)]),
    "nulls": _frame([
        ("empty", [None] * 12),
        ("half", [None, 1.0] * 6),
        ("words", ["a", None, "b"] * 4),
        ("when", [None, None, "2020-01-01", "2021-06-01"] * 3),
    ]),
    "constants": _frame([
        ("one", [1] * 9), ("zero", [0] * 9), ("less", [-2.5] * 9), ("word", ["x"] * 9),
        ("day", ["2020-02-29"] * 9),
    ]),
    "one row": _frame([("a", [3]), ("b", ["x"]), ("c", ["2020-01-01"]), ("d", [-1.0])]),
    "two rows": _frame([("a", [3, 0]), ("b", ["x", "y"]), ("c", ["2020-01-01", "2021-01-01"])]),
    "forty": _frame([(f"column {i}", _column(i, 30)) for i in range(40)]),
    "one number": _frame([("n", list(np.linspace(-1, 1, 50)))]),
    "one text": _frame([("t", [f"name {i}" for i in range(80)])]),
    "one date": _frame([("d", [f"{1950 + i}-01-01" for i in range(30)])]),
    "html": _frame([("<b>x</b>", ["<img src=x onerror=alert(1)>", "&amp;", "</svg>"] * 4),
                    ("<i>", [1, 2, 4] * 4)]),
    "zeros": _frame([("z", [0.0] * 15 + [3.0] * 5), ("k", [f"k{i % 4}" for i in range(20)])]),
    "infinite": _frame([("i", [np.inf, -np.inf, 1.0, 2.0, 5.0]), ("k", list("aabbb"))]),
    "huge": _frame([("h", [1e300, -1e300, 2.5, 1e-300]), ("k", list("abab"))]),
}  # fmt: skip
