"""Cases of ops/strings.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const


def words(*items: Any) -> np.ndarray:
    """An array of strings."""
    return np.array(items, object)


_WORDS = words(b"Hello World", b"", b" a\tb ", "Grüße".encode(), b"\xff\x00x\x00")
_TABLE = np.array([[b"a", b"b", b"c"], [b"d", b"", b"f"]], object)
_LINES = words(b"a,b;c", b"", b",,x,", b"  two  words ", b"end")
_NUMBERS = np.array([[0, 1, 2], [3, 0, 1]], np.int32)


def _split(note: str, delimiter: bytes, **attrs: Any) -> Case:
    return Case("StringSplit", (_LINES, Const(delimiter)), attrs, data_dependent=True, note=note)


def _split_v2(note: str, sep: bytes, **attrs: Any) -> Case:
    return Case("StringSplitV2", (_LINES, Const(sep)), attrs, data_dependent=True, note=note)


CASES = [
    Case("StringLower", (_WORDS,)),
    Case("StringLower", (_WORDS[:4],), {"encoding": "utf-8"}, note="utf-8"),
    Case("StringUpper", (_WORDS,)),
    Case("StringUpper", (_WORDS[:3],), {"encoding": "utf-8"}, note="utf-8"),
    Case("StringStrip", (_LINES,)),
    Case("StringLength", (_WORDS,)),
    Case("StringLength", (_WORDS,), {"unit": "UTF8_CHAR"}, note="characters"),
    Case("EncodeBase64", (_WORDS,)),
    Case("EncodeBase64", (_TABLE,), {"pad": True}, note="padded"),
    Case("DecodeBase64", (words(b"SGVsbG8", b"", b"_-8=", b"YQ"),)),
    Case("Substr", (_WORDS[[0, 3]], np.int32(1), np.int32(3))),
    Case("Substr", (_WORDS[[0, 3]], np.int64([-4, 2]), np.int64([2, 99])), note="each"),
    Case("Substr", (Const(b"abcdef"), np.int32([0, 2]), np.int32([1, 2])), note="broadcast"),
    Case(
        "Substr",
        (_WORDS[[0, 3]], np.int32([-3, 2]), np.int32([2, 2])),
        {"unit": "UTF8_CHAR"},
        note="characters",
    ),
    _split("comma", b","),
    _split("any of", b",; "),
    _split("empty too", b",", skip_empty=False),
    _split("bytes", b""),
    _split_v2("comma", b","),
    _split_v2("space", b""),
    _split_v2("twice", b",", maxsplit=2),
    _split_v2("space once", b"", maxsplit=1),
    _split_v2("long", b", "),
    _split_v2("never", b",", maxsplit=0),
    _split_v2("never at space", b"", maxsplit=0),
    Case("StringJoin", ([_TABLE, _TABLE],), {"separator": "-"}),
    Case("StringJoin", ([Const(b"x="), _TABLE, Const(b";")],), note="scalars"),
    *(
        Case("ReduceJoin", (_TABLE, Const(np.int32(axes))), attrs, note=note)
        for note, axes, attrs in (
            ("rows", [0], {"separator": "+"}),
            ("columns", [-1], {"keep_dims": True}),
            ("all", [0, 1], {}),
            ("other way", [1, 0], {"separator": ","}),
            ("none", np.zeros(0), {}),
        )
    ),
    Case(
        "UnsortedSegmentJoin",
        (_TABLE, _NUMBERS, Const(np.int32(5))),
        {"separator": ":"},
        grad=False,
    ),
    Case(
        "UnsortedSegmentJoin",
        (_TABLE, np.int32([1, 1]), Const(np.int32(2))),
        grad=False,
        note="rows",
    ),
]
