"""The syntax tree of a function, from the file that it was compiled from."""

from __future__ import annotations

import ast
import functools
import linecache
from types import CodeType
from typing import Any, NamedTuple

from tf1x.core.errors import UnsupportedError


class Source(NamedTuple):
    """A function as it stands in its file.

    Attributes:
        node: the definition or lambda; shared, to be copied before it is changed.
        owner: the class around it, whose name private attributes carry.
    """

    node: ast.FunctionDef | ast.Lambda
    owner: str | None


class NoSource(UnsupportedError):
    """The source of a function cannot be read."""


def find(code: CodeType) -> Source:
    """The definition that a code object was compiled from.

    Raises:
        NoSource: there is no such file, or it does not hold the function (any more).
    """
    lines = tuple(linecache.getlines(code.co_filename))
    if not lines:
        raise NoSource(f"{code.co_filename}: could not be read")
    try:
        definitions = _definitions("".join(lines))
    except SyntaxError as error:
        raise NoSource(f"{code.co_filename}: {error}") from None
    found = definitions.get((code.co_name, code.co_firstlineno), [])
    if code.co_name == "<lambda>":
        found = _covering(found, code)
    if len(found) != 1:
        raise NoSource(f"{code.co_filename} has no {code.co_name} in line {code.co_firstlineno}")
    return found[0]


@functools.lru_cache(64)
def _definitions(text: str) -> dict[tuple[str, int], list[Source]]:
    """All functions of a file by name and first line (that of the first decorator)."""
    found: dict[tuple[str, int], list[Source]] = {}

    def visit(node: ast.AST, owner: str | None) -> None:
        if isinstance(node, ast.FunctionDef):
            line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found.setdefault((node.name, line), []).append(Source(node, owner))
        elif isinstance(node, ast.Lambda):
            found.setdefault(("<lambda>", node.lineno), []).append(Source(node, owner))
        elif isinstance(node, ast.ClassDef):
            owner = node.name
        for child in ast.iter_child_nodes(node):
            visit(child, owner)

    visit(ast.parse(text), None)
    return found


def _covering(found: list[Source], code: CodeType) -> list[Source]:
    """Of the lambdas of a line the smallest whose body all instructions lie in."""
    places = [p for p in code.co_positions() if None not in p and p[1] != p[0] - 1 and p[3]]
    if len(found) > 1:
        found = [s for s in found if all(_within(p, s.node.body) for p in places)]
    return sorted(found, key=lambda s: _size(s.node))[:1]


def _within(place: Any, node: Any) -> bool:
    line, end, column, end_column = place
    start, stop = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return bool(start <= (line, column) and (end, end_column) <= stop)


def _size(node: Any) -> tuple[int, int]:
    return (node.end_lineno - node.lineno, node.end_col_offset - node.col_offset)
