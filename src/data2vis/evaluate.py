"""Checks of charts: are they valid, do they render, do they draw something, do they differ?

`check` looks at one specification, `evaluate` at lists of them, table by table. Both take finished
Vega-Lite specifications with the columns' own names, so that they judge any system alike.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

from data2vis.spec import SCHEMA
from data2vis.table import Table, fields

VEGA_LITE: Final = "5.20"


@dataclass(frozen=True)
class Check:
    """What was found wrong with one specification."""

    spec: Mapping[str, Any] | None  # None: the text was no JSON object
    schema_error: str | None = None
    unknown_columns: tuple[str, ...] = ()
    render_error: str | None = None
    warnings: tuple[str, ...] = ()
    drawn: int = 0  # visible marks

    @property
    def is_valid(self) -> bool:
        """Whether it is JSON and fits the Vega-Lite schema."""
        return self.spec is not None and self.schema_error is None

    @property
    def renders(self) -> bool:
        """Whether it compiles and renders without an error or a warning."""
        return self.is_valid and self.render_error is None and not self.warnings

    @property
    def is_empty(self) -> bool:
        """Whether it draws nothing."""
        return self.drawn == 0


@cache
def validator() -> Any:
    import jsonschema

    path = resources.files("altair.vegalite.v5.schema") / "vega-lite-schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def schema_error(spec: Mapping[str, Any]) -> str | None:
    """Why a specification is not valid Vega-Lite 5, or None; its rows are not looked at."""
    import jsonschema

    bare = {**spec, "data": {"values": []}}
    if validator().is_valid(bare):
        return None
    error = jsonschema.exceptions.best_match(validator().iter_errors(bare))
    place = ".".join(map(str, error.absolute_path)) or "the specification"
    return f"{place}: {error.message[:300]}"


@contextmanager
def _captured_stderr() -> Iterator[list[str]]:
    """Lines written to the process's standard error meanwhile, by native code too."""
    lines: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()


def render(spec: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The scene graph of a specification and the warnings of its compilation."""
    import vl_convert

    with _captured_stderr() as lines:
        scene = vl_convert.vegalite_to_scenegraph(dict(spec), VEGA_LITE, show_warnings=True)
    return scene["scenegraph"], tuple(line for line in lines if line.strip())


def drawn(scene: Mapping[str, Any]) -> int:
    """How many visible marks of data a scene graph holds."""
    items = scene.get("items", [])
    kind = scene.get("marktype")
    if kind is not None and kind != "group" and scene.get("role") == "mark":
        if kind in ("line", "area", "trail"):
            return _visible_path(kind, items)
        return sum(_is_visible(kind, item) for item in items)
    return sum(drawn(item) for item in items if isinstance(item, Mapping))


def _visible_path(kind: str, items: Sequence[Mapping[str, Any]]) -> int:
    points = {(item.get("x", 0), item.get("y", 0)) for item in items if item.get("defined", True)}
    if kind == "area":
        points = {
            (item.get("x", 0), item.get("y", 0))
            for item in items
            if item.get("height", 0) or item.get("width", 0)
            or item.get("y2", item.get("y", 0)) != item.get("y", 0)
            or item.get("x2", item.get("x", 0)) != item.get("x", 0)
        }  # fmt: skip
        return int(len(points) > 0 and len(items) > 1)
    return int(len(points) > 1)


def _is_visible(kind: str, item: Mapping[str, Any]) -> bool:
    if item.get("opacity", 1) == 0:
        return False
    if kind == "rect":
        return bool(item.get("width", 0) and item.get("height", 0))
    if kind == "symbol":
        return bool(item.get("size", 64)) and item.get("shape") != "none"
    if kind == "arc":
        return bool(item.get("startAngle", 0) != item.get("endAngle", 0))
    if kind == "text":
        return str(item.get("text", "")).strip() not in ("", "null", "undefined", "NaN")
    if kind == "rule":
        ends = ((item.get(axis, 0), item.get(f"{axis}2", item.get(axis, 0))) for axis in "xy")
        return any(start != end for start, end in ends)
    return True


def check(spec: Mapping[str, Any] | str, table: Table) -> Check:
    """Everything that `Check` says of a specification, or of the text of one."""
    if isinstance(spec, str):
        try:
            spec = json.loads(spec)
        except json.JSONDecodeError:
            return Check(None)
        if not isinstance(spec, Mapping):
            return Check(None)
    error = schema_error(spec)
    unknown = tuple(n for n in fields(spec) if n not in table.frame.columns)
    if error is not None:
        return Check(spec, error, unknown)
    full = {"$schema": SCHEMA, **spec}
    if "data" not in full:
        full["data"] = {"values": table.rows()}
    try:
        scene, warnings = render(full)
    except ValueError as failure:
        return Check(spec, None, unknown, str(failure).strip()[:500])
    return Check(spec, None, unknown, None, warnings, drawn(scene))


def _charted(spec: Mapping[str, Any]) -> str:
    """What distinguishes one chart from another: all but data and schema."""
    return json.dumps(
        {k: v for k, v in spec.items() if k not in ("data", "$schema")}, sort_keys=True
    )


def _view(spec: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """Which data a specification shows: fields with their transforms."""
    found = set()
    encoding = spec.get("encoding")
    for definition in encoding.values() if isinstance(encoding, Mapping) else ():
        if isinstance(definition, Mapping):
            keys = ("field", "aggregate", "bin", "timeUnit")
            found.add(tuple(json.dumps(definition.get(key)) for key in keys))
    return frozenset(found)


def _mark(spec: Mapping[str, Any]) -> str:
    mark = spec.get("mark")
    return str(mark.get("type") if isinstance(mark, Mapping) else mark)


@dataclass
class TableReport:
    """The charts of one table."""

    table: str
    checks: list[Check]
    columns: int  # that charts may use
    covered: int

    def _specs(self) -> list[Mapping[str, Any]]:
        return [c.spec for c in self.checks if c.spec is not None]

    @property
    def distinct(self) -> int:
        """Charts that differ."""
        return len({_charted(spec) for spec in self._specs()})

    @property
    def views(self) -> int:
        """Charts that show different data: other fields or transforms."""
        return len({_view(spec) for spec in self._specs()})

    @property
    def marks(self) -> int:
        """Different marks."""
        return len({_mark(spec) for spec in self._specs()})


@dataclass
class Report:
    """The charts of many tables; `summary` has the figures, `failures` what to look at."""

    tables: list[TableReport] = field(default_factory=list)

    @property
    def checks(self) -> list[Check]:
        """All charts."""
        return [check for table in self.tables for check in table.checks]

    def summary(self) -> dict[str, float]:
        """Shares are of all charts; distinct, views, marks and coverage are means over tables."""
        checks = self.checks
        if not checks:
            return {"tables": 0, "charts": 0}

        def share(values: Iterable[bool]) -> float:
            return sum(values) / len(checks)

        def mean(values: Iterable[float]) -> float:
            return statistics.fmean(values)

        return {
            "tables": len(self.tables),
            "charts": len(checks),
            "json": share(c.spec is not None for c in checks),
            "schema": share(c.is_valid for c in checks),
            "renders": share(c.renders for c in checks),
            "unknown_columns": share(bool(c.unknown_columns) for c in checks),
            "empty": share(c.is_empty for c in checks),
            "distinct_charts": mean(t.distinct for t in self.tables),
            "distinct_views": mean(t.views for t in self.tables),
            "marks": mean(t.marks for t in self.tables),
            "coverage": mean(t.covered / t.columns for t in self.tables),
        }

    def failures(self) -> Iterator[tuple[str, Check]]:
        """The charts with anything wrong, and their tables."""
        for table in self.tables:
            for found in table.checks:
                if not found.renders or found.unknown_columns or found.is_empty:
                    yield table.table, found

    def text(self) -> str:
        """The figures, one a line."""
        lines = []
        for name, value in self.summary().items():
            percent = name in (
                "json", "schema", "renders", "unknown_columns", "empty", "coverage",
            )  # fmt: skip
            shown = f"{value:.1%}" if percent else f"{value:,.4g}"
            lines.append(f"{name.replace('_', ' '):16} {shown:>8}")
        return "\n".join(lines)


def evaluate(
    suggestions: Iterable[tuple[Table, Sequence[Mapping[str, Any] | str]]],
) -> Report:
    """Checks every specification of every table."""
    report = Report()
    for table, specs in suggestions:
        checks = [check(spec, table) for spec in specs]
        usable = {c.name for c in table.profile.usable}
        shown = {name for c in checks if c.spec is not None for name in fields(c.spec)}
        report.tables.append(TableReport(table.name, checks, len(usable), len(usable & shown)))
    return report
