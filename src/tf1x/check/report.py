"""What `tf1x check` found, put together; as text and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tf1x import _version
from tf1x.check import coverage, libraries, sources
from tf1x.check.uses import Method, Reader, Use
from tf1x.importer import shims
from tf1x.importer.old_source import REPLACED

_PLACES_SHOWN = 6


@dataclass(frozen=True)
class Place:
    """A line of a file; of a notebook also the number of the code cell."""

    file: str
    cell: int | None
    line: int

    def __str__(self) -> str:
        cell = "" if self.cell is None else f", cell {self.cell}"
        return f"{self.file}{cell}:{self.line}"


def _order(place: Place) -> tuple[str, int, int]:
    return place.file, place.cell or 0, place.line


# What is said of one symbol -> where.
_Table = dict[str, list[Place]]


@dataclass
class Report:
    """The result of a check.

    Attributes:
        files: how many were read.
        symbols: the TensorFlow symbols that are used, each with how often.
        missing: those that tf1x lacks.
        keywords: calls with a keyword that the function does not take: (symbol, keyword).
        packages: packages that have to be installed.
        gone: names of other libraries that are there no more.
        shims: what the period shims will do.
        optional: what is missing where the program goes on without it.
        python2: the files in Python 2.
        errors: files that could not be read, and why.
    """

    files: int = 0
    symbols: dict[str, int] = field(default_factory=dict)
    missing: _Table = field(default_factory=dict)
    keywords: dict[tuple[str, str], list[Place]] = field(default_factory=dict)
    packages: _Table = field(default_factory=dict)
    gone: _Table = field(default_factory=dict)
    shims: _Table = field(default_factory=dict)
    optional: _Table = field(default_factory=dict)
    python2: list[str] = field(default_factory=list)
    errors: list[tuple[Place, str]] = field(default_factory=list)

    @property
    def is_covered(self) -> bool:
        """Whether nothing stands in the program's way."""
        return not (self.missing or self.keywords or self.packages or self.gone or self.errors)


def check(paths: Iterable[Path]) -> Report:
    """Read the code below the paths and look up what it uses.

    Raises:
        FileNotFoundError: there is nothing at one of the paths.
    """
    paths = list(paths)
    files = list(sources.find(paths))
    report = Report(files=len(files))
    uses: list[tuple[Place, Use]] = []
    for file in files:
        uses += _read(file, report)
    others = {p for _, use in uses for p in use.paths if not _is_tensorflow(p)}
    known = libraries.Libraries(_own_modules(paths, files), others)
    with shims.recording():  # what a look-up loads is no use of a shim
        for place, use in uses:
            _judge(report, known, place, use)
    return report


def _read(file: Path, report: Report) -> Iterator[tuple[Place, Use]]:
    source = sources.read(file)
    name = str(file)
    reader = Reader(tree for _, tree in source.cells)
    if source.is_python2:
        report.python2.append(name)
    for cell, line, message in source.errors:
        report.errors.append((Place(name, cell, line), message))
    for cell, tree in source.cells:
        found = reader.read(tree)
        for method in found.methods:
            _judge_method(report, Place(name, cell, method.line), method)
        for use in found.uses:
            yield Place(name, cell, use.line), use


def _own_modules(paths: Iterable[Path], files: Iterable[Path]) -> set[str]:
    """The program's modules and packages; as "folder.module" what lies in a folder that is none.

    A folder without an `__init__.py` may have a library's name, and be nothing of the kind.
    """
    own = set()
    for folder in {f.parent for f in files} | {p for p in paths if p.is_dir()}:
        for entry in folder.iterdir():
            name = entry.name.partition(".")[0]
            if entry.suffix in (".py", ".so") or (entry / "__init__.py").exists():
                own |= {name, f"{folder.resolve().name}.{name}"}
            elif entry.is_dir():
                own |= {f"{name}.{inner.name.partition('.')[0]}" for inner in entry.glob("*.py")}
    for folder in {f.resolve().parent for f in files}:
        if (folder / "__init__.py").exists():
            own.add(folder.name)
    return own - {"", coverage.ROOT}


def _is_tensorflow(path: str) -> bool:
    return path == coverage.ROOT or path.startswith(f"{coverage.ROOT}.")


def _add(table: dict[Any, list[Place]], key: Any, place: Place) -> None:
    places = table.setdefault(key, [])
    if place not in places:
        places.append(place)


def _judge(report: Report, known: libraries.Libraries, place: Place, use: Use) -> None:
    if any(map(_is_tensorflow, use.paths)):
        _judge_tensorflow(report, place, use)
    elif use.is_star and (
        not use.paths[0].startswith("builtins.")
        or not libraries.python2_builtin(use.paths[0].rpartition(".")[2])
    ):
        return  # from a star import of a module that we do not read, or not known at all
    else:
        answers = [known.answer(p) for p in use.paths]
        for answer in answers:
            if answer.shim:
                _add(report.shims, answer.shim, place)
        if all(a.gone or a.package for a in answers):
            _judge_absent(report, answers[0], place, use)


def _judge_absent(report: Report, answer: libraries.Answer, place: Place, use: Use) -> None:
    if use.guarded:
        _add(report.optional, answer.gone or f"the package {answer.package}", place)
    elif answer.gone:
        _add(report.gone, answer.gone, place)
    else:
        _add(report.packages, str(answer.package), place)


def _judge_tensorflow(report: Report, place: Place, use: Use) -> None:
    paths = [p for p in use.paths if _is_tensorflow(p)]
    answers = [coverage.look_up(p) for p in paths]
    if use.is_star and len(paths) < len(use.paths) and not any(a.exists for a in answers):
        return  # another star import may define it
    chosen = next((i for i, a in enumerate(answers) if a.exists), 0)
    path, answer = paths[chosen], answers[chosen]
    if not answer.exists and coverage.CALL not in answer.known:  # the rest is not the matter
        path = path.partition(coverage.CALL)[0]
    name = coverage.short(path)
    report.symbols[name] = report.symbols.get(name, 0) + 1
    if answer.exists:
        for keyword in coverage.unknown_keywords(answer.value, use.keywords):
            _add(report.keywords, (name, keyword), place)
    elif use.guarded:
        _add(report.optional, name, place)
    elif answer.needs:
        _add(report.packages, libraries.pip_name(answer.needs), place)
    else:
        _add(report.missing, name, place)


def _judge_method(report: Report, place: Place, method: Method) -> None:
    if method.name in REPLACED:
        what = f".{method.name} of a value that has it no more is made from what replaced it"
        _add(report.shims, what, place)


# -- text --------------------------------------------------------------------------------------


def as_text(report: Report, every_place: bool = False) -> str:
    """For people: by kind, what most files use first."""
    lines: list[str] = []

    def section(title: str, table: _Table, note: Any = None) -> None:
        if not table:
            return
        lines.extend(("", title))
        for what, places in sorted(table.items(), key=lambda row: (-len(row[1]), row[0])):
            lines.append(f"  {what}{note(what) if note else ''}")
            lines.extend(f"      {text}" for text in _shown(places, every_place))

    section(f"Not covered by tf1x: {_count(len(report.missing), 'symbol')}", report.missing, _close)
    keywords = {f"{name}({keyword}=...)": at for (name, keyword), at in report.keywords.items()}
    section("Keywords that the function does not take:", keywords)
    section("Packages that are not installed (pip install NAME):", report.packages)
    section("Gone from other libraries, without a shim:", report.gone)
    if report.errors:
        lines += ["", "Not read:"]
        lines += [f"  {place}  {message}" for place, message in report.errors]
    section("Missing, but the program tells that it can do without:", report.optional)
    section("Shims that `tf1x run` applies (each is named on standard error):", report.shims)
    if report.python2:
        lines += ["", "Python 2: run with `tf1x run --py2`"]
        lines += [f"  {name}" for name in report.python2]
    return "\n".join([_summary(report), *lines])


def _summary(report: Report) -> str:
    uses, symbols = sum(report.symbols.values()), len(report.symbols)
    verdict = "nothing is missing" if report.is_covered else ", ".join(
        _count(len(table), what)
        for table, what in (
            (report.missing, "symbol not covered"),
            (report.keywords, "unknown keyword"),
            (report.packages, "package not installed"),
            (report.gone, "name gone from other libraries"),
            (report.errors, "file or cell not read"),
        )
        if table
    )  # fmt: skip
    return (
        f"{_count(report.files, 'file')}, {_count(uses, 'use')} of "
        f"{_count(symbols, 'TensorFlow symbol')}: {verdict}"
    )


def _count(number: int, what: str) -> str:
    head, _, tail = what.partition(" ")
    if number != 1 and head in ("symbol", "package", "file", "name", "use"):
        head += "s"
        return f"{number} {head} {tail}".rstrip()
    return f"{number} {what}{'s' if number != 1 else ''}"


def _close(name: str) -> str:
    close = coverage.close_names(coverage.ROOT + name[len("tf") :])
    return f"  (close to it: {', '.join(close)})" if close else ""


def _shown(places: list[Place], every: bool) -> Iterator[str]:
    """The places, those of a file on one line."""
    left = len(places) if every else _PLACES_SHOWN
    hidden = len(places) - left
    files: dict[tuple[str, int | None], list[int]] = {}
    for place in sorted(places, key=_order)[:left]:
        files.setdefault((place.file, place.cell), []).append(place.line)
    for (file, cell), numbers in files.items():
        yield f"{Place(file, cell, numbers[0])}" + "".join(f", {n}" for n in numbers[1:])
    if hidden > 0:
        yield f"and {_count(hidden, 'more place')} (--all)"


# -- JSON --------------------------------------------------------------------------------------


def as_json(report: Report) -> str:
    """For machines: every place of everything."""

    def rows(table: _Table, key: str) -> list[dict[str, Any]]:
        return [{key: what, "places": _places(at)} for what, at in sorted(table.items())]

    missing = rows(report.missing, "symbol")
    for row in missing:
        row["close"] = coverage.close_names(coverage.ROOT + row["symbol"][len("tf") :])
    content = {
        "tf1x": _version.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "covered": report.is_covered,
        "files": report.files,
        "symbols": dict(sorted(report.symbols.items())),
        "missing": missing,
        "keywords": [
            {"symbol": symbol, "keyword": keyword, "places": _places(at)}
            for (symbol, keyword), at in sorted(report.keywords.items())
        ],
        "packages": rows(report.packages, "package"),
        "gone": rows(report.gone, "what"),
        "optional": rows(report.optional, "what"),
        "shims": rows(report.shims, "what"),
        "python2": report.python2,
        "errors": [{**_place(place), "error": message} for place, message in report.errors],
    }
    return json.dumps(content, indent=1)


def _places(places: list[Place]) -> list[dict[str, Any]]:
    return [_place(place) for place in sorted(places, key=_order)]


def _place(place: Place) -> dict[str, Any]:
    cell = {} if place.cell is None else {"cell": place.cell}
    return {"file": place.file, **cell, "line": place.line}


def run(paths: Iterable[str], json_output: bool = False, every_place: bool = False) -> int:
    """`tf1x check`: print what was found; 0 if nothing is missing, else 1."""
    try:
        report = check(Path(p) for p in paths)
    except FileNotFoundError as error:
        print(f"tf1x: {error}", file=sys.stderr)
        return 1
    print(as_json(report) if json_output else as_text(report, every_place))
    return 0 if report.is_covered else 1
