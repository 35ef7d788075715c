"""A table, the profile of its columns, and the mapping between names and pointers.

The network and the grammar see pointers only: `num0`, `str0`, `dt0`, counted per kind in the
table's order. `Table` maps them to column names and back, in rows and in specifications, by
walking the structure; text is never searched, so that `Sex` beside `SexCode` is no matter.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api import types as pdt

from data2vis.reading import MAX_BYTES, TableError, parse, read_frame
from data2vis.spec import KINDS, MAX_POINTERS, SCHEMA, Chart

__all__ = ["Column", "Profile", "Table", "TableError"]

# Up to how many distinct values a column's categories fit a shape or facet, a colour, an axis.
FEW: Final = 8
SOME: Final = 20
MANY: Final = 60
_SAMPLES: Final = 5
# Texts of which this share reads as dates or numbers are taken as such; the rest become nulls.
_ENOUGH: Final = 0.95
_DATE: Final = re.compile(
    r"""\s*(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?      # 2020-01-31, 2020/01
    |\d{1,2}[-/.]\d{1,2}[-/.]\d{4}                # 31.01.2020, 1/31/2020
    |\d{1,2}[ -][A-Za-z]{3,9}\.?[ -,]\s?\d{4}     # 31 Jan 2020
    |[A-Za-z]{3,9}\.?\ \d{1,2}(,\ ?|\ )\d{4}      # Jan 31, 2020 or Jan 31 2020
    )([T ]\d{1,2}:\d{2}.*)?\s*""",
    re.VERBOSE,
)
_NUMBER: Final = re.compile(r"[-+]?[$€£]?\s?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?\s?%?")
_YEAR_NAME: Final = re.compile(r"(^|[^a-z])(years?|yr|jahr|año|année)([^a-z]|$)", re.IGNORECASE)
# Names that Vega-Lite cannot carry, escaped or not: they break the code that it generates.
_UNSPEAKABLE: Final = {'"': "\N{DOUBLE PRIME}", "\\": "\N{SET MINUS}"}
_OF_OBJECT: Final = frozenset(
    (
        "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
        "toString", "valueOf", "__proto__", "__defineGetter__", "__defineSetter__",
        "__lookupGetter__", "__lookupSetter__",
    )
)  # fmt: skip
_ESCAPED: Final = re.compile(r"([.\[\]'])")
_ESCAPE: Final = re.compile(r"\\(.)")


def escape(name: str) -> str:
    """A column's name as a Vega-Lite field: `a.b` would be `b` of `a`, `a\\.b` is the column."""
    return _ESCAPED.sub(r"\\\1", name)


def unescape(name: str) -> str:
    """The column that a Vega-Lite field names."""
    return _ESCAPE.sub(r"\1", name)


@dataclass(frozen=True)
class Column:
    """What the grammar, the rules and the network know of a column."""

    name: str
    kind: str  # num, str, dt
    pointer: str | None  # None: no values, or beyond the pointers; not used in charts
    rows: int
    nulls: int
    distinct: int
    minimum: float | None = None  # of numbers; of dates in seconds since 1970
    maximum: float | None = None
    integer: bool = False
    zeros: float = 0.0  # share of zeros among the numbers
    width: float = 0.0  # mean length of the texts
    units: str = ""  # of dates, what varies: Years, Months, Days, Hours
    samples: tuple[Any, ...] = ()

    @property
    def is_unique(self) -> bool:
        """Whether no value comes twice."""
        return self.distinct == self.rows - self.nulls and self.distinct > 1

    @property
    def is_sparse(self) -> bool:
        """Whether most values come once, so that groups by them are single rows."""
        return self.distinct > 1 and 2 * self.distinct > self.rows - self.nulls

    @property
    def is_signed(self) -> bool:
        """Whether numbers below zero occur."""
        return self.minimum is not None and self.minimum < 0

    @property
    def is_index(self) -> bool:
        """Whether it merely counts the rows: whole numbers without a gap, each once."""
        return (
            self.kind == "num" and self.integer and self.is_unique and self.rows > 5
            and self.maximum is not None and self.minimum in (0, 1)
            and self.maximum - self.minimum == self.distinct - 1
        )  # fmt: skip

    @property
    def level(self) -> str:
        """How many categories it has: few, some, many or more."""
        for limit, name in ((FEW, "few"), (SOME, "some"), (MANY, "many")):
            if self.distinct <= limit:
                return name
        return "more"


@dataclass(frozen=True)
class Profile:
    """The columns of a table; all that charts are chosen by."""

    rows: int
    columns: tuple[Column, ...]
    by_pointer: Mapping[str, Column] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        found = {c.pointer: c for c in self.columns if c.pointer is not None}
        object.__setattr__(self, "by_pointer", found)

    def __getitem__(self, pointer: str) -> Column:
        return self.by_pointer[pointer]

    @property
    def usable(self) -> tuple[Column, ...]:
        """The columns that charts may use."""
        return tuple(self.by_pointer.values())


class Table:
    """A table ready for charts: clean values, a profile, names and pointers."""

    def __init__(
        self, frame: pd.DataFrame, name: str = "table", types: Mapping[str, str] | None = None
    ) -> None:
        """`types` overrides the kind of columns: `{"zip": "str", "year": "dt"}`."""
        if not len(frame):
            raise TableError(f"{name} has no rows")
        if not len(frame.columns):
            raise TableError(f"{name} has no columns")
        self.name = name
        names = _names(frame.columns)
        types = dict(types or {})
        self._check_types(types, names)
        data: dict[str, pd.Series[Any]] = {}
        columns = []
        counts = dict.fromkeys(KINDS, 0)
        for position, column_name in enumerate(names):
            kind, values = _typed(frame.iloc[:, position], column_name, types.get(column_name))
            pointer = None
            if values.notna().any() and counts[kind] < MAX_POINTERS:
                pointer = f"{kind}{counts[kind]}"
                counts[kind] += 1
            data[column_name] = values
            columns.append(_profiled(column_name, kind, pointer, values))
        if not any(column.pointer for column in columns):
            raise TableError(f"{name} has no column with values")
        self.frame = pd.DataFrame(data)
        self.profile = Profile(len(frame), tuple(columns))
        self._names = {c.pointer: c.name for c in columns if c.pointer}
        self._pointers = {name: pointer for pointer, name in self._names.items()}

    @classmethod
    def read(
        cls,
        path: str | Path,
        types: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Table:
        """The table in a CSV, TSV, JSON, JSON lines, Parquet or Excel file."""
        return cls(read_frame(path, max_bytes), Path(path).stem, types)

    @classmethod
    def parse(cls, data: bytes, name: str, types: Mapping[str, str] | None = None) -> Table:
        """The table in a file's bytes; `name` gives the format by its ending."""
        return cls(parse(data, name), Path(name).stem, types)

    def _check_types(self, types: Mapping[str, str], names: Sequence[str]) -> None:
        for column, kind in types.items():
            if column not in names:
                raise TableError(f"{self.name} has no column {column!r}; it has {list(names)}")
            if kind not in KINDS:
                raise TableError(f"{column!r} cannot be {kind!r}; a kind is one of {KINDS}")

    def column(self, pointer: str) -> str:
        """The column's name of a pointer."""
        try:
            return self._names[pointer]
        except KeyError:
            raise TableError(f"{self.name} has no column {pointer}") from None

    def pointer(self, name: str) -> str:
        """The pointer of a column's name."""
        try:
            return self._pointers[name]
        except KeyError:
            raise TableError(f"{self.name} has no column {name!r} for charts") from None

    def rows(
        self, names: Iterable[str] | None = None, most: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows as JSON values, dates as ISO texts; of the named columns only, if given.

        Of more than `most` rows, so many are taken at even distances.
        """
        columns = self.values(names, most)
        return [dict(zip(columns, row)) for row in zip(*columns.values())]

    def values(
        self, names: Iterable[str] | None = None, most: int | None = None
    ) -> dict[str, list[Any]]:
        """What `rows` has, column by column."""
        chosen = list(self.frame.columns if names is None else names)
        if most is None or most >= len(self.frame):
            return {name: self._cells[name] for name in chosen}
        sample = self.sample(most)
        return {name: _json_values(sample[name]) for name in chosen}

    def sample(self, most: int) -> pd.DataFrame:
        """The rows; of more than `most`, so many at even distances."""
        if most >= len(self.frame):
            return self.frame
        return self.frame.iloc[np.linspace(0, len(self.frame) - 1, most).astype(int)]

    @cached_property
    def _cells(self) -> dict[str, list[Any]]:
        return {str(name): _json_values(self.frame[name]) for name in self.frame.columns}

    def row_text(self, index: int) -> str:
        """A row with pointers for names: the 2018 system's character-level source."""
        cells = {pointer: self._cells[name][index] for pointer, name in self._names.items()}
        return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))

    def restore(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """A specification with names for its pointers."""
        return _renamed(spec, lambda pointer: escape(self.column(pointer)))

    def normalise(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """A specification with pointers for its names."""
        return _renamed(spec, lambda name: self.pointer(unescape(name)))

    def spec(self, chart: Chart, most: int | None = None) -> dict[str, Any]:
        """A chart as a whole Vega-Lite specification, with the rows of the columns it uses.

        Of more than `most` rows, so many are taken at even distances.
        """
        values = self.rows((self.column(pointer) for pointer in chart.fields), most)
        rows = self.profile.rows if most is None else min(most, self.profile.rows)
        return {
            "$schema": SCHEMA,
            "data": {"values": values or [{} for _ in range(rows)]},
            **self.restore(chart.spec()),
        }

    def draws(self, chart: Chart) -> bool:
        """Whether the rows give the chart something to show.

        That is a row with all its values; for lines and areas, two points of one series; for
        stacks, no group of nulls alone, which Vega would make NaN, as all that lies on top. The
        grammar cannot know these: they depend on how the columns go together.
        """
        if not self._stacks(chart):
            return False
        present = self.frame[[self.column(pointer) for pointer in chart.fields]].dropna()
        if chart.mark not in ("line", "area") or present.empty:
            return not present.empty or (not chart.fields and len(self.frame) > 0)
        steps = {
            e.channel: _steps(present[self.column(e.field)], e.time_unit)
            for e in chart.encodings
            if e.field is not None and e.channel in ("x", "color", "row", "column")
        }
        x = steps.pop("x")
        points = x.groupby(list(steps.values())).nunique().max() if steps else x.nunique()
        return bool(points > 1)

    def _stacks(self, chart: Chart) -> bool:
        """False if sums are to be stacked of which one has no values."""
        groups = [self.column(e.field) for e in chart.encodings if e.field and e.discrete]
        sums = [
            e for e in chart.encodings if e.aggregate == "sum" and e.channel in ("x", "y", "theta")
        ]
        if chart.mark not in ("bar", "area", "arc") or not sums or chart.get("color") is None:
            return True
        measure = self.frame[self.column(str(sums[0].field))]
        keys = [self.frame[name] for name in groups]
        return not keys or bool(measure.groupby(keys, dropna=False).count().min() > 0)


def _steps(values: pd.Series[Any], unit: str | None) -> pd.Series[Any]:
    """What values of dates are one for a time unit."""
    if unit is None:
        return values
    date = values.dt
    if unit == "yearquarter":
        return date.year * 4 + date.quarter
    if unit == "yearmonth":
        return date.year * 12 + date.month
    if unit == "yearmonthdate":
        return date.normalize()
    return getattr(date, {"day": "dayofweek", "hours": "hour"}.get(unit, unit))


def fields(spec: Mapping[str, Any]) -> list[str]:
    """The columns that a specification with names refers to, unescaped, in its order."""
    found: list[str] = []

    def note(name: str) -> str:
        found.append(unescape(name))
        return name

    _renamed(spec, note)
    return found


def _renamed(spec: Mapping[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    """A copy in which every `"field": text` is renamed; data is left as it is."""

    def walk(key: str, value: Any) -> Any:
        if key == "field" and isinstance(value, str):
            return rename(value)
        if key == "data":
            return value
        if isinstance(value, Mapping):
            return {inner: walk(inner, each) for inner, each in value.items()}
        return [walk("", each) for each in value] if isinstance(value, list) else value

    return {key: walk(key, value) for key, value in spec.items()}


def _names(given: Iterable[Any]) -> list[str]:
    """Each column's name as text that Vega-Lite can carry, no two the same."""
    found: list[str] = []
    for position, name in enumerate(given):
        text = " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
        text = "".join(_UNSPEAKABLE.get(c, c if c.isprintable() else " ") for c in text).strip()
        text = text or f"column {position + 1}"
        if text in _OF_OBJECT:
            text += "_"
        base, number = text, 2
        while text in found:
            text, number = f"{base} ({number})", number + 1
        found.append(text)
    return found


def _typed(values: pd.Series[Any], name: str, override: str | None) -> tuple[str, pd.Series[Any]]:
    """The kind of a column, and its values as float64, texts or dates."""
    values = values.reset_index(drop=True)
    if override is not None:
        return override, _CONVERTERS[override](values)
    if pdt.is_bool_dtype(values):
        return "str", _texts(values)
    if pdt.is_datetime64_any_dtype(values):
        return "dt", _dates(values)
    if pdt.is_timedelta64_dtype(values):
        return "num", values.dt.total_seconds()
    if pdt.is_numeric_dtype(values):
        numbers = _numbers(values)
        return ("dt", _dates(numbers)) if _are_years(numbers, name) else ("num", numbers)
    present = values.dropna()
    if present.empty:
        return "str", _texts(values)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return _typed(values.astype(float), name, None)
    if all(hasattr(value, "year") and hasattr(value, "month") for value in present):
        return "dt", _dates(values)
    texts = _texts(values)
    return _read_texts(texts) or ("str", texts)


def _read_texts(texts: pd.Series[Any]) -> tuple[str, pd.Series[Any]] | None:
    """Texts that are dates, or numbers with their signs ($1,200; 12%), as what they are."""
    present = texts.dropna()
    for kind, pattern in (("dt", _DATE), ("num", _NUMBER)):
        head = present.iloc[:100]
        if head.map(lambda t, p=pattern: p.fullmatch(t) is not None).mean() < _ENOUGH:
            continue
        if kind == "num" and present.str.match(r"0\d").any():
            continue  # postcodes
        values = _CONVERTERS[kind](texts)
        if values.notna().sum() >= _ENOUGH * len(present):
            return kind, values
    return None


def _are_years(numbers: pd.Series[Any], name: str) -> bool:
    present = numbers.dropna()
    return (
        bool(_YEAR_NAME.search(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)))
        and len(present) > 0
        and bool(present.between(1500, 2200).all())
        and bool((present % 1 == 0).all())
    )


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    if values.dtype == object or pdt.is_string_dtype(values):
        cleaned = values.astype("string").str.replace(r"[$€£,%\s]", "", regex=True)
        values = pd.to_numeric(cleaned, errors="coerce")
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    present = values.notna()
    if pdt.is_float_dtype(values):
        return values.map(lambda v: f"{v:g}" if v == v else None).astype(object)
    texts = values.astype(object).map(lambda v: str(v).strip(), na_action="ignore")
    return texts.where(present & (texts != ""), None)


def _dates(values: pd.Series[Any]) -> pd.Series[Any]:
    if pdt.is_numeric_dtype(values):
        years = values.dropna()
        if years.between(1500, 2200).all() and (years % 1 == 0).all():
            texts = values.map(lambda y: f"{int(y)}-01-01" if y == y else None)
            return pd.to_datetime(texts, errors="coerce", format="%Y-%m-%d")
        unit = "ms" if len(years) and years.abs().max() > 1e11 else "s"
        return pd.to_datetime(values, unit=unit, errors="coerce")
    if not pdt.is_datetime64_any_dtype(values):
        texts = values.astype("string")
        first = texts.str.extract(r"^\s*(\d{1,2})[-/.]\d{1,2}[-/.]\d{4}")[0].astype("float")
        values = pd.to_datetime(
            texts, errors="coerce", format="mixed", dayfirst=bool((first > 12).any())
            or texts.str.contains(r"^\s*\d{1,2}\.\d{1,2}\.\d{4}").any(),
        )  # fmt: skip
    if pdt.is_object_dtype(values):  # zones that change
        values = pd.to_datetime(values, utc=True, errors="coerce")
    return values.dt.tz_localize(None) if values.dt.tz is not None else values


_CONVERTERS: Final = {"num": _numbers, "str": _texts, "dt": _dates}


def _profiled(name: str, kind: str, pointer: str | None, values: pd.Series[Any]) -> Column:
    present = values.dropna()
    unique = present.unique()
    facts: dict[str, Any] = {}
    if kind == "num" and len(present):
        facts = {
            "minimum": float(present.min()),
            "maximum": float(present.max()),
            "integer": bool((present % 1 == 0).all()),
            "zeros": float((present == 0).mean()),
        }
    elif kind == "dt" and len(present):
        facts = {
            "minimum": present.min().timestamp(),
            "maximum": present.max().timestamp(),
            "units": _units(pd.DatetimeIndex(unique)),
        }
    elif kind == "str" and len(present):
        facts = {"width": float(present.map(len).mean())}
    return Column(
        name, kind, pointer, len(values), int(values.isna().sum()), len(unique),
        samples=tuple(_json_values(pd.Series(unique[:_SAMPLES]))), **facts,
    )  # fmt: skip


def _units(dates: pd.DatetimeIndex) -> str:
    """Which parts of the dates vary."""
    parts = {
        "Y": dates.year,
        "M": dates.month,
        "D": dates.day,
        "H": dates.hour * 60 + dates.minute,
    }
    return "".join(letter for letter, part in parts.items() if len(np.unique(part)) > 1)


def _json_values(values: pd.Series[Any]) -> list[Any]:
    if pdt.is_datetime64_any_dtype(values):
        # With the time, or a browser takes them as UTC and may show the day before.
        texts = values.dt.strftime("%Y-%m-%dT%H:%M:%S")
        return [text if isinstance(text, str) else None for text in texts]
    if pdt.is_numeric_dtype(values):
        return [_json_number(float(value)) for value in values]
    return [value if isinstance(value, str) else None for value in values]


def _json_number(value: float) -> int | float | None:
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
