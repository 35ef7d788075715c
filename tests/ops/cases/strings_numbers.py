"""Cases of ops/strings_numbers.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, complexes
from tests.ops.cases.strings import words

_FLOATS = np.float32([0.0, -1.5, 1e10, 1 / 3, -2e-7, np.inf, -np.inf, np.nan, 123456789])
_SINGLE = ("float32",)


def _shown(note: str, **attrs: Any) -> Case:
    return Case("AsString", (_FLOATS,), attrs, note=note)


CASES = [
    Case(
        "StringToNumber",
        (words(b"1", b" -2.5 ", b"1e3", b".5", b"5.", b"inf", b"-Infinity", b"nan", b"1e-50"),),
        note="float32",
    ),
    Case(
        "StringToNumber",
        (words(b"0.1", b"1e400", b"0x1F", b"1E+5"),),
        {"out_type": "float64"},
        note="doubles",
        dtypes=_SINGLE,
    ),
    Case(
        "StringToNumber",
        (words(b"12", b"-7", b" 8 ", b"+5", b"007"),),
        {"out_type": "int32"},
        note="int32",
    ),
    Case("StringToNumber", (words(b"-9223372036854775808"),), {"out_type": "int64"}, note="int64"),
    _shown("plain"),
    _shown("precision", precision=2),
    _shown("scientific", scientific=True),
    _shown("scientific precision", scientific=True, precision=1),
    _shown("shortest", shortest=True),
    _shown("wide", width=12, precision=3),
    _shown("zeros", width=12, fill="0"),
    _shown("left", width=12, fill="-"),
    Case("AsString", (np.int32([[0, -5], [2147483647, 12]]),), note="int32"),
    Case("AsString", (np.int64([-(2**63), 7]),), {"width": 4, "fill": "0"}, note="int64"),
    Case("AsString", (np.uint8([0, 255]),), note="uint8"),
    Case("AsString", (np.float16([0.1, 2.5]),), note="float16"),
    Case("AsString", (np.array([True, False]),), note="bool"),
    Case("AsString", (complexes(3),), {"precision": 3}, note="complex"),
    Case("AsString", (words(b"as", b"it is"),), note="string"),
    *(
        Case(
            "UnicodeTranscode",
            (words("Grüße 𝄞".encode(), b"a\xffb", b"", b"tab\tbell\x07"),),
            {"input_encoding": "UTF-8", "output_encoding": out, **attrs},
            note=f"{out} {''.join(attrs)}",
        )
        for out, attrs in (
            ("UTF-8", {}),
            ("UTF-16-BE", {"errors": "ignore"}),
            ("UTF-32-BE", {"replacement_char": 63}),
            ("UTF-8", {"replace_control_characters": True}),
        )
    ),
    Case(
        "UnicodeTranscode",
        (words("Grüße".encode("latin-1")),),
        {"input_encoding": "ISO-8859-1", "output_encoding": "UTF-8"},
        note="latin",
    ),
]
