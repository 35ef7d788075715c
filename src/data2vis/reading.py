"""Files into data frames: CSV, TSV, JSON, JSON lines, Parquet and Excel.

Text comes in any of the usual encodings and with any of the usual delimiters. What cannot be read
raises a `TableError` that says what is wrong and what to do, never a parser's own message alone.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

MAX_BYTES: Final = 20_000_000
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 1_000
_ENCODINGS: Final = ("utf-8-sig", "cp1252", "latin-1")
_DELIMITERS: Final = ",;\t|"
_MARKS_OF_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
# Cells that mean "no value". `None` and `NA` may be real categories, but seldom are in numbers;
# pandas' own list would also swallow a text "null" in a column of names, which is what is meant.
_NULLS: Final = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "#N/A")


class TableError(ValueError):
    """A table that cannot be read or shown; the message says why and what to do."""


def read_frame(path: str | Path, max_bytes: int = MAX_BYTES) -> pd.DataFrame:
    """The table in a file, its format taken from the name's ending."""
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from None
    if path.is_dir():
        raise TableError(f"{path} is a folder; name one table in it")
    _check_size(size, max_bytes, path.name)
    return parse(path.read_bytes(), path.name, max_bytes)


def parse(data: bytes, name: str, max_bytes: int = MAX_BYTES) -> pd.DataFrame:
    """The table in a file's bytes; `name` gives the format by its ending."""
    _check_size(len(data), max_bytes, name)
    ending = Path(name).suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise TableError(f"{name}: the format is not known; use one of {', '.join(_READERS)}")
    if not data.strip():
        raise TableError(f"{name} is empty")
    try:
        frame = reader(data)
    except TableError as error:
        raise TableError(f"{name}: {error}") from None
    except ImportError as error:
        raise TableError(f"{name}: {error}") from None
    except Exception as error:
        raise TableError(f"{name} is no readable {ending[1:]} file: {error}") from None
    if len(frame.columns) > MAX_COLUMNS:
        raise TableError(f"{name}: {_too_wide(len(frame.columns))}")
    if len(frame) > MAX_ROWS:
        raise TableError(f"{name} has {len(frame):,} rows; at most {MAX_ROWS:,}. Take a sample.")
    return frame


def _check_size(size: int, limit: int, name: str) -> None:
    if size > limit:
        raise TableError(
            f"{name} has {size / 1e6:,.1f} MB; at most {limit / 1e6:,.1f} MB. Take a sample."
        )


def _too_wide(columns: int) -> str:
    return f"it has {columns:,} columns; at most {MAX_COLUMNS:,}"


def _decoded(data: bytes) -> str:
    if data.startswith(_MARKS_OF_UTF16):
        return data.decode("utf-16")
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise TableError("it holds binary data, not text")
        return text
    raise TableError("its text encoding is not known; save it as UTF-8")  # pragma: no cover


def _delimited(data: bytes, delimiter: str | None = None) -> pd.DataFrame:
    text = _decoded(data)
    delimiter = delimiter or _delimiter(text)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    if not rows:
        raise TableError("it has no rows")
    header, body = rows[0], rows[1:]
    width = len(header)
    if width > MAX_COLUMNS:
        raise TableError(_too_wide(width))
    if body and all(len(row) == width + 1 for row in body):
        header, width = ["", *header], width + 1  # R's habit: row names have no header
    for number, row in enumerate(body, 2):
        # Trailing delimiters are common and harmless; real extra cells are not.
        if any(cell.strip() for cell in row[width:]):
            raise TableError(f"row {number} has {len(row)} cells, the header {width}")
    body = [[*row[:width], *[""] * (width - len(row))] for row in body]
    columns = [_column([row[i] for row in body]) for i in range(width)]
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(len(body)))
    frame.columns = pd.Index(header)
    return frame


def _column(cells: list[str]) -> pd.Series[Any]:
    """The cells as numbers if all of them are, else as text, without the nulls."""
    stripped = pd.Series(cells, dtype=object).str.strip()
    values = stripped.where(~stripped.isin(_NULLS), None)
    codes = values.dropna().str.match(r"0\d+$")  # postcodes and the like are no numbers
    if not codes.any():
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().sum() == values.notna().sum():
            return numbers
    return values


def _delimiter(text: str) -> str:
    """The delimiter that splits the first lines most evenly into the most cells."""
    lines = [line for line in text[:100_000].splitlines() if line.strip()][:50]

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        same = sum(width == widths[0] for width in widths) / len(widths)
        return (same if widths[0] > 1 else 0.0, widths[0])

    return max(_DELIMITERS, key=fit)


def _json(data: bytes) -> pd.DataFrame:
    text = _decoded(data)
    try:
        return records(json.loads(text))
    except json.JSONDecodeError:
        return _json_lines(data)


def _json_lines(data: bytes) -> pd.DataFrame:
    lines = [line for line in _decoded(data).splitlines() if line.strip()]
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise TableError(f"line {number}: {error}") from None
    return records(found)


def records(value: Any) -> pd.DataFrame:
    """The table in a JSON value: a list of rows, columns by name, or `{"data": ...}`."""
    if isinstance(value, Mapping):
        for key in ("values", "data", "records", "rows"):
            if isinstance(value.get(key), list | Mapping) and len(value) <= 3:
                inner = value[key]
                if isinstance(inner, Mapping) or all(isinstance(row, Mapping) for row in inner):
                    return records(inner)
        if value and all(isinstance(column, list) for column in value.values()):
            lengths = {len(column) for column in value.values()}
            if len(lengths) > 1:
                raise TableError(f"its columns have different lengths: {sorted(lengths)}")
            return _frame([dict(zip(value, row)) for row in zip(*value.values())], list(value))
    elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        return _frame(value, list(dict.fromkeys(key for row in value for key in row)))
    elif value == []:
        raise TableError("it has no rows")
    raise TableError("a JSON table is a list of objects or an object of lists")


def _frame(rows: list[Mapping[str, Any]], names: list[str]) -> pd.DataFrame:
    columns = {
        i: pd.Series([_scalar(row.get(name)) for row in rows], dtype=object).infer_objects()
        for i, name in enumerate(names)
    }
    frame = pd.DataFrame(columns, index=range(len(rows)))
    frame.columns = pd.Index(names)
    return frame


def _scalar(value: Any) -> Any:
    """A cell; what is nested becomes its JSON text."""
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _parquet(data: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(data))


def _excel(data: bytes) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles that are not kept
        return pd.read_excel(io.BytesIO(data))


_READERS: Final[dict[str, Callable[[bytes], pd.DataFrame]]] = {
    ".csv": _delimited,
    ".tsv": lambda data: _delimited(data, "\t"),
    ".tab": lambda data: _delimited(data, "\t"),
    ".txt": _delimited,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
    ".xlsx": _excel,
}
