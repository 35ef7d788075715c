"""A table as tokens: what the network reads at token level.

The number of rows, then for each column its pointer and what is special about it:

    rows:1000 num0 more integer num1 few integer str0 few dt0 some years

The words say what the grammar and the effectiveness rules decide by, in classes, so that tables
that should get the same charts look the same, whatever their names and values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from data2vis.spec import END, PAD, POINTERS, START
from data2vis.table import Column, Profile

_ROWS: Final = (1, 5, 20, 100, 1000)
_LEVELS: Final = ("one", "few", "some", "many", "more")
_UNITS: Final = {"Y": "years", "M": "months", "D": "days", "H": "hours"}
_FLAGS: Final = (
    "unique",
    "sparse",
    "index",
    "integer",
    "signed",
    "zeros",
    "nulls",
    "share",
    "long",
)

# The source vocabulary; a token's id is its position. The pointers are those of the targets.
VOCABULARY: Final = (
    PAD, START, END, *(f"rows:{n}" for n in _ROWS), "rows:more",
    *_LEVELS, *_FLAGS, *_UNITS.values(), *POINTERS,
)  # fmt: skip
IDS: Final[Mapping[str, int]] = {token: i for i, token in enumerate(VOCABULARY)}


def tokens(profile: Profile) -> tuple[str, ...]:
    """The table's tokens, in the order of its columns; null-only columns are left out."""
    limit = next((n for n in _ROWS if profile.rows <= n), None)
    found = [f"rows:{limit}" if limit is not None else "rows:more"]
    for column in profile.usable:
        found += [str(column.pointer), *_describe(column)]
    return tuple(found)


def ids(profile: Profile) -> list[int]:
    """The ids of the tokens and of `<end>`."""
    return [*(IDS[token] for token in tokens(profile)), IDS[END]]


def _describe(column: Column) -> Iterable[str]:
    yield "one" if column.distinct == 1 else column.level
    if column.is_unique:
        yield "unique"
    elif column.is_sparse:
        yield "sparse"
    if column.nulls > 0.05 * column.rows:
        yield "nulls"
    if column.kind == "dt":
        yield from (_UNITS[unit] for unit in column.units)
    elif column.kind == "str":
        if column.width > 12:
            yield "long"
    else:
        yield from _describe_number(column)


def _describe_number(column: Column) -> Iterable[str]:
    if column.is_index:
        yield "index"
    elif column.integer:
        yield "integer"
    if column.is_signed:
        yield "signed"
    elif column.zeros > 0.25:
        yield "zeros"
    if not column.integer and not column.is_signed and (column.maximum or 0.0) <= 1.0:
        yield "share"
