"""The files of a code base as syntax trees: Python 3, Python 2, notebooks."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tf1x.importer import notebook, old_source

_SKIPPED = {"__pycache__", "node_modules", "site-packages"}
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


@dataclass
class Source:
    """One file.

    Attributes:
        path: as it was found.
        cells: of a script one tree, numbered None; of a notebook a tree for each code cell.
        is_python2: it had to be translated.
        errors: what could not be read: the cell, the line and why.
    """

    path: Path
    cells: list[tuple[int | None, ast.Module]] = field(default_factory=list)
    is_python2: bool = False
    errors: list[tuple[int | None, int, str]] = field(default_factory=list)


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """The Python files and notebooks at or below each of the paths, sorted, each once.

    Raises:
        FileNotFoundError: there is nothing at one of them.
    """
    seen = set()
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(
                f"there is no file or folder {str(path)!r} here ({os.getcwd()})"
            )
        for file in [path] if path.is_file() else _below(path):
            if (place := file.resolve()) not in seen:
                seen.add(place)
                yield file


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(
            f
            for f in folders
            if f not in _SKIPPED
            and not f.startswith(".")
            and not (Path(where) / f / "pyvenv.cfg").exists()
        )
        for file in sorted(files):
            if file.endswith((".py", ".ipynb")) and not file.startswith("."):
                yield Path(where) / file


def read(path: Path) -> Source:
    """Parse a file; what is wrong with it stands in its `errors`."""
    source = Source(path)
    if path.suffix != ".ipynb":
        try:
            data = path.read_bytes()
        except OSError as error:
            source.errors.append((None, 0, str(error)))
        else:
            _add(source, None, data)
        return source
    try:
        cells = notebook.code_cells(path)
    except (OSError, ValueError) as error:
        source.errors.append((None, 0, str(error)))
        return source
    for number, text in enumerate(cells, 1):
        _add(source, number, text)
    return source


def _add(source: Source, cell: int | None, text: bytes | str) -> None:
    name = str(source.path)
    try:
        tree, translated = _parse(text, name)
    except SyntaxError as error:
        source.errors.append((cell, error.lineno or 0, f"{type(error).__name__}: {error.msg}"))
    except (RuntimeError, ValueError, RecursionError, MemoryError) as error:
        source.errors.append((cell, 0, f"{type(error).__name__}: {error}"))
    else:
        source.cells.append((cell, tree))
        source.is_python2 |= translated


def _parse(text: bytes | str, name: str) -> tuple[ast.Module, bool]:
    """The tree, and whether it was Python 2; line numbers are those of the file."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # invalid escapes in what we only read
        try:
            if isinstance(text, bytes):
                return ast.parse(text, name), False
            return ast.parse(notebook.to_python(text, name), name), False
        except SyntaxError:
            if isinstance(text, str):
                text = _MAGIC.sub(r"\1pass", text)
            return ast.parse(old_source.to_python3(text, name), name), True
