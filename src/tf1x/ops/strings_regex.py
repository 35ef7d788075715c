"""Regular expressions: RE2's language by Python's `re`.

Patterns are rewritten where the two spell things differently; what RE2 refuses (looking around,
references to groups) is refused, and what Python lacks raises UnsupportedError by name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.errors import UnsupportedError
from tf1x.core.opdef import op
from tf1x.ops.shape_rules import unchanged
from tf1x.ops.strings import each, flat, invalid

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_SPACE = r"\t\n\f\r "  # RE2's \s lacks the vertical tab
_SAME_ESCAPES = frozenset("dDwWbBA")
_CONTROLS = frozenset("aftnrv")


class _Translation:
    """One pattern of RE2 on its way to Python's notation."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.parts: list[str] = []
        self.to_close = [0]  # for each open group, how many groups of flags end with it
        self.multiline = [False]

    def translated(self) -> str:
        while self.position < len(self.pattern):
            self._step()
        self.parts.append(")" * self.to_close[0])
        return "".join(self.parts)

    def _take(self, count: int) -> str:
        text = self.pattern[self.position : self.position + count]
        self.position += count
        return text

    def _rest(self) -> str:
        return self.pattern[self.position :]

    def _step(self) -> None:
        char = self._take(1)
        if char == "\\":
            self.parts.append(self._escape(False))
        elif char == "[":
            self.parts.append(self._class())
        elif char == "(":
            self._open()
        elif char == ")":
            if len(self.to_close) == 1:
                raise invalid(f"Invalid pattern: {self.pattern}, error: unexpected )")
            self.parts.append(")" * (self.to_close.pop() + 1))
            self.multiline.pop()
        elif char == "$":
            self.parts.append("$" if self.multiline[-1] else r"\Z")
        elif char in "*+?" and self._rest()[:1] == "+":
            raise invalid(
                f"Invalid pattern: {self.pattern}, error: bad repetition operator: {char}+"
            )
        else:
            self.parts.append(char)

    def _open(self) -> None:
        rest = self._rest()
        if not rest.startswith("?"):
            self._enter("(")
            return
        flags = re.match(r"\?([imsU]*)(-[imsU]+)?([:)])", rest)
        named = re.match(r"\?P?<([A-Za-z_]\w*)>", rest)
        if named:
            self.position += named.end()
            self._enter(f"(?P<{named[1]}>")
        elif flags:
            self.position += flags.end()
            on, off = flags[1], (flags[2] or "")[1:]
            if "U" in on + off:
                raise UnsupportedError(
                    f"The flag U (ungreedy) of the pattern {self.pattern!r} is not supported: "
                    "write *? and +? instead."
                )
            stays = self.multiline[-1] and "m" not in off
            spelled = f"(?{on}{'-' + off if off else ''}:"
            if flags[3] == ":":
                self._enter(spelled)
            else:
                self.parts.append(spelled)
                self.to_close[-1] += 1
            self.multiline[-1] = "m" in on or stays
        else:
            raise invalid(
                f"Invalid pattern: {self.pattern}, error: invalid perl operator: ({rest[:2]}"
            )

    def _enter(self, opening: str) -> None:
        self.parts.append(opening)
        self.to_close.append(0)
        self.multiline.append(self.multiline[-1])

    def _escape(self, in_class: bool) -> str:
        char = self._take(1)
        if not char:
            raise invalid(f"Invalid pattern: {self.pattern}, error: trailing \\")
        if char == "s":
            return _SPACE if in_class else f"[{_SPACE}]"
        if char == "S" and not in_class:
            return f"[^{_SPACE}]"
        if char == "z" and not in_class:
            return r"\Z"
        if char == "Q" and not in_class:
            text, _, rest = self._rest().partition(r"\E")
            self.position = len(self.pattern) - len(rest)
            return re.escape(text)
        if char == "x":
            code = re.match(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})", self._rest())
            if code:
                self.position += code.end()
                return re.escape(chr(int(code[1] or code[2], 16)))
        if char == "0":
            digits = re.match(r"[0-7]{0,2}", self._rest())
            assert digits is not None
            self.position += digits.end()
            return re.escape(chr(int(digits[0] or "0", 8)))
        if char in "pP" or (char in "SC" and char != "x"):
            raise UnsupportedError(
                f"\\{char} in the pattern {self.pattern!r} is not supported here: spell out the "
                "characters, for example [A-Za-z]."
            )
        if char in _CONTROLS or (char in _SAME_ESCAPES and not (in_class and char in "bBA")):
            return "\\" + char
        if char.isalnum():
            raise invalid(
                f"Invalid pattern: {self.pattern}, error: invalid escape sequence: \\{char}"
            )
        return re.escape(char)

    def _class(self) -> str:
        parts = ["["]
        if self._rest().startswith("^"):
            parts.append(self._take(1))
        first = True
        while True:
            char = self._take(1)
            if not char:
                raise invalid(f"Invalid pattern: {self.pattern}, error: missing ]")
            if char == "]" and not first:
                return "".join([*parts, "]"])
            first = False
            posix = re.match(r":(\^?)([a-z]+):\]", self._rest()) if char == "[" else None
            if posix and posix[2] in _POSIX and not posix[1]:
                self.position += posix.end()
                parts.append(_POSIX[posix[2]])
            elif posix:
                raise UnsupportedError(
                    f"[{posix[0]} in the pattern {self.pattern!r} is not supported: "
                    "spell out the characters."
                )
            elif char == "\\":
                parts.append(self._escape(True))
            else:
                parts.append("\\" + char if char in "[]&|~" else char)


@functools.lru_cache(256)
def compiled(pattern: bytes) -> re.Pattern[str]:
    """A pattern of RE2 for Python.

    Raises:
        InvalidArgumentError: RE2 does not take it.
        UnsupportedError: Python cannot express it.
    """
    text = _text(pattern)
    translated = _Translation(text).translated()
    try:
        return re.compile(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise invalid(f"Invalid pattern: {text}, error: {error}") from error


def _text(s: bytes) -> str:
    return s.decode("utf-8", "surrogateescape")


def _bytes(s: str) -> bytes:
    return s.encode("utf-8", "surrogateescape")


def _rewriter(pattern: re.Pattern[str], rewrite: str) -> Callable[[re.Match[str]], str]:
    """What a match is replaced with: `rewrite` with \\0 to \\9 standing for groups."""
    parts = re.split(r"\\(.?)", rewrite, flags=re.DOTALL)
    for mark in parts[1::2]:
        if mark != "\\" and (not mark.isdigit() or int(mark) > pattern.groups):
            raise invalid(
                f"Invalid rewrite: {rewrite!r} uses \\{mark}, and the pattern has "
                f"{pattern.groups} groups."
            )

    def replacement(match: re.Match[str]) -> str:
        found = list(parts)
        found[1::2] = [m if m == "\\" else match[int(m)] or "" for m in parts[1::2]]
        return "".join(found)

    return replacement


def _replaced(s: str, pattern: re.Pattern[str], replacement: Any, everywhere: bool) -> str:
    """As RE2 does it: an empty match does not count right after another match."""
    parts, position, last = [], 0, -1
    while position <= len(s):
        match = pattern.search(s, position)
        if match is None:
            break
        parts.append(s[position : match.start()])
        if match.start() == match.end() == last:
            parts.append(s[last : last + 1])
            position = last + 1
            last = -1
            continue
        parts.append(replacement(match))
        position = last = match.end()
        if not everywhere:
            break
    return "".join([*parts, s[position:]])


def replace(input: Any, pattern: bytes, rewrite: bytes, everywhere: bool) -> np.ndarray:
    """`input` with matches replaced; see `RegexReplace`."""
    expression = compiled(pattern)
    replacement = _rewriter(expression, _text(rewrite))
    return each(lambda s: _bytes(_replaced(_text(s), expression, replacement, everywhere)), input)


def full_match(input: Any, pattern: bytes) -> np.ndarray:
    """Whether the pattern matches the whole of each string."""
    expression = compiled(pattern)
    found = [expression.fullmatch(_text(s)) is not None for s in flat(input)]
    return np.array(found, bool).reshape(np.shape(input))


def _scalar(value: Any, name: str) -> bytes:
    array = np.asarray(value)
    if array.ndim:
        raise invalid(f"{name} must be scalar, but received {list(array.shape)}")
    found: bytes = array.item()
    return found


@op(
    "input: string, pattern: string, rewrite: string -> output: string",
    shape=unchanged,
    grad=None,
    host=True,
)
def RegexReplace(input: Any, pattern: Any, rewrite: Any, *, replace_global: bool = True) -> Any:
    """Strings with the matches of a pattern (or the first) replaced; \\1 stands for a group.

    Raises:
        InvalidArgumentError: the pattern or the replacement is malformed.
    """
    return replace(input, _scalar(pattern, "pattern"), _scalar(rewrite, "rewrite"), replace_global)


@op("input: string -> output: string", shape=unchanged, grad=None, host=True)
def StaticRegexReplace(
    input: Any, *, pattern: bytes, rewrite: bytes, replace_global: bool = True
) -> Any:
    """As `RegexReplace`, with constant pattern and replacement."""
    return replace(input, pattern, rewrite, replace_global)


@op("input: string, pattern: string -> output: bool", shape=unchanged, grad=None, host=True)
def RegexFullMatch(input: Any, pattern: Any) -> Any:
    """Whether a pattern matches the whole of each string."""
    return full_match(input, _scalar(pattern, "pattern"))


@op("input: string -> output: bool", shape=unchanged, grad=None, host=True)
def StaticRegexFullMatch(input: Any, *, pattern: bytes) -> Any:
    """As `RegexFullMatch`, with a constant pattern."""
    return full_match(input, pattern)
