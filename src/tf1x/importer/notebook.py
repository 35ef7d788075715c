"""Running a notebook's code cells in order, in one namespace, without Jupyter."""

from __future__ import annotations

import ast
import json
import linecache
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

# What IPython adds to a line of Python: `%magic`, `!command`, `help?`, also as `x = !command`.
_ADDED = re.compile(r"^(?P<indent>\s*)(?:[\w., ]+=\s*)?(?P<what>[%!?].*|[\w.]+\?\??)\s*$")
_TIMED = re.compile(r"^%time\s+(?P<statement>.+)$")
# Cell magics whose cell is Python all the same.
_AROUND_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")


def run(path: Path, rewrite: Callable[[ast.Module], ast.Module] = lambda tree: tree) -> None:
    """Execute the notebook; output is printed, and the value of each cell's last expression.

    Args:
        rewrite: what is done to the tree of a cell before it is compiled.

    Raises:
        ValueError: the file is not a notebook.
        Exception: whatever a cell raises; its traceback names the cell.
    """
    cells = code_cells(path)
    os.environ.setdefault("MPLBACKEND", "Agg")  # no window: nobody is there to close it
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.display = _display  # type: ignore[attr-defined]
    for number, source in enumerate(cells, 1):
        _run_cell(f"{path}, cell {number}", source, vars(module), rewrite)


def code_cells(path: Path) -> list[str]:
    """The sources of the code cells, of notebook formats 3 and 4.

    Raises:
        ValueError: the file is not a notebook.
    """
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        cells = (
            book["cells"]
            if "cells" in book
            else [c for s in book["worksheets"] for c in s["cells"]]
        )
        sources = [c.get("source", c.get("input")) for c in cells if c["cell_type"] == "code"]
        return ["".join(source) for source in sources]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a Jupyter notebook: {error!r}") from error


def _run_cell(
    name: str,
    source: str,
    namespace: dict[str, Any],
    rewrite: Callable[[ast.Module], ast.Module],
) -> None:
    source = to_python(source, name)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    tree = rewrite(ast.parse(source, name))
    shown = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
        shown = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
    exec(compile(tree, name, "exec"), namespace)
    if shown is not None:
        value = eval(compile(shown, name, "eval"), namespace)
        if value is not None:
            _display(value)


def _display(*values: Any) -> None:
    for value in values:
        print(repr(value))


def to_python(source: str, name: str) -> str:
    """A cell without what IPython adds; a note on standard error tells what was left out.

    Only lines at which Python's parser stops are touched, so that a `%` that continues an
    expression stays.

    Raises:
        SyntaxError: the cell is not Python for another reason.
    """
    lines = source.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[first].startswith("%%"):
        magic = lines[first].split()[0]
        _note(name, first, lines[first])
        if magic not in _AROUND_PYTHON:
            return ""
        lines[first] = ""
    while True:
        text = "\n".join(lines) + "\n"
        try:
            ast.parse(text, name)
        except SyntaxError as error:
            index = (error.lineno or 0) - 1
            found = _ADDED.match(lines[index]) if 0 <= index < len(lines) else None
            if not found:
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
                raise
            _replace(lines, index, found, name)
        else:
            return text


def _replace(lines: list[str], index: int, found: re.Match[str], name: str) -> None:
    timed = _TIMED.match(found["what"])
    if timed:
        lines[index] = found["indent"] + timed["statement"]
        return
    _note(name, index, lines[index])
    while lines[index].endswith("\\") and index + 1 < len(lines):
        lines[index] = ""
        index += 1
    lines[index] = found["indent"] + "pass"


def _note(name: str, index: int, line: str) -> None:
    print(f"tf1x: skipped in {name}, line {index + 1}: {line.strip()}", file=sys.stderr)
