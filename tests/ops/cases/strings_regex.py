"""Cases of ops/strings_regex.py."""

from __future__ import annotations

from typing import Any

from tests.ops.cases.case import Case, Const
from tests.ops.cases.strings import words

_TEXTS = words(
    b"abc 123",
    b"",
    b"baac",
    b"line one\nline two\n",
    b"a.b[c]\\d",
    b"\x0b\ttab",
    "Stra\u00dfe".encode(),
    b"AbAb",
)
_PATTERNS = [
    (rb"\d+", rb"<\0>"),
    (rb"a*", rb"-"),
    (rb"(\w)(\w)", rb"\2\1"),
    (rb"$", rb"!"),
    (rb"(?m)$", rb"!"),
    (rb"(?m)^line", rb">"),
    (rb"^", rb"^"),
    (rb"[[:alpha:]]+", rb"A"),
    (rb"[^[:space:]a-b]", rb"_"),
    (rb"\s", rb"_"),
    (rb"\Sb", rb"_"),
    (rb"(?i)ab", rb"x"),
    (rb"a(?i:b)|z(?i)B", rb"x"),
    (rb"\Qa.b[\E", rb"q"),
    (rb"[\].\[]", rb"q"),
    (rb"\x61|\x{62}|\061", rb"h"),
    (rb"(?P<n>l)i(?:n)e", rb"\1"),
    (rb"(?s).+", rb"all"),
    (rb".", rb"."),
    (rb"a+?b??", rb"\\\0"),
    (rb"\bb|\z", rb"|"),
    (rb"(x)|b", rb"[\1]"),
    (rb"a{1,2}", rb"#"),
]
_MATCHED = [rb".*", rb"abc \d{3}", rb"(?i)[ab]+", rb"a|ab|abc.*", rb"\w+", rb"$", rb"(?s).*\z"]


def _rows(op: str, **attrs: Any) -> list[Case]:
    return [
        Case(op, (_TEXTS,), {"pattern": p, "rewrite": r, **attrs}, note=repr(p)[2:-1])
        for p, r in _PATTERNS
    ]


CASES = [
    *_rows("StaticRegexReplace"),
    *_rows("StaticRegexReplace", replace_global=False)[:8],
    Case("RegexReplace", (_TEXTS, Const(rb"[a-c]"), Const(rb"\0\0"))),
    Case(
        "RegexReplace",
        (_TEXTS, Const(rb"[a-c]"), Const(rb"")),
        {"replace_global": False},
        note="first",
    ),
    *(
        Case("StaticRegexFullMatch", (_TEXTS,), {"pattern": p}, note=repr(p)[2:-1])
        for p in _MATCHED
    ),
    Case("RegexFullMatch", (_TEXTS, Const(rb"[abc]*"))),
]
