"""What a request gives: a table and options, as a form with a file or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from data2vis.reading import MAX_BYTES
from data2vis.recommend import COUNT
from data2vis.spec import KINDS, MARKS, Chart, SpecError
from data2vis.table import Table, TableError

MAX_CHARTS: Final = 50
FORMATS: Final = ("csv", "tsv", "json", "jsonl")
_OPTIONS: Final = frozenset(
    ("name", "format", "count", "types", "filters", "data", "chart", "beam_width", "raw")
)


@dataclass(frozen=True)
class Options:
    """What to do with a table; the names are those of the API."""

    name: str = "table"
    format: str | None = None  # of text; None: what it looks like
    count: int = COUNT
    types: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    shared: bool = False  # rows once, not in each chart
    chart: Chart | None = None
    beam_width: int = COUNT
    raw: bool = False


def too_large(limit: int) -> str:
    """The message that names the limit."""
    return f"the table is larger than the limit of {limit / 1e6:g} MB; take a sample of its rows"


def read(request: Request, default_count: int) -> tuple[Table, Options]:
    """The table and the options of a request.

    Raises:
        HTTPException: 400, 413 or 415, with a message for the user.
    """
    if request.mimetype == "multipart/form-data":
        return _of_form(request, default_count)
    if request.mimetype == "application/json":
        return _of_json(_json_object(request.get_data()), default_count)
    raise UnsupportedMediaType("send JSON, or a form with a file")


def json_object(request: Request) -> dict[str, Any]:
    """The JSON object that a request gives."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send JSON")
    return _json_object(request.get_data())


def _json_object(text: str | bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the request is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise BadRequest("the request is no JSON object")
    return content


def _of_form(request: Request, default_count: int) -> tuple[Table, Options]:
    file = request.files.get("file")
    if file is None:
        raise BadRequest("the form has no file")
    options = _options(_json_object(request.form.get("options", "{}")), default_count)
    return table_of(file.read(), file.filename or "table.csv", options.types), options


def _of_json(content: dict[str, Any], default_count: int) -> tuple[Table, Options]:
    given = content.pop("table", None)
    options = _options(content, default_count)
    if isinstance(given, list | dict):
        return table_of(json.dumps(given).encode(), f"{options.name}.json", options.types), options
    if not isinstance(given, str):
        raise BadRequest("`table` is missing: the text of a CSV, TSV or JSON table, or its rows")
    ending = options.format or ("json" if given.lstrip()[:1] in ("[", "{") else "csv")
    return table_of(given.encode(), f"{options.name}.{ending}", options.types), options


def table_of(data: bytes, name: str, types: Mapping[str, str] | None = None) -> Table:
    """The table in a file's bytes; errors are those of requests."""
    if len(data) > MAX_BYTES:
        raise RequestEntityTooLarge(too_large(MAX_BYTES))
    try:
        return Table.parse(data, name, types)
    except TableError as error:
        raise BadRequest(str(error)) from None


def _options(given: Mapping[str, Any], default_count: int) -> Options:
    unknown = sorted(set(given) - _OPTIONS)
    if unknown:
        raise BadRequest(f"unknown options: {', '.join(unknown)}")
    types, filters = given.get("types", {}), given.get("filters", {})
    if not isinstance(types, dict) or not set(types.values()) <= set(KINDS):
        raise BadRequest(f"`types` gives columns one of the kinds {', '.join(KINDS)}")
    if not isinstance(filters, dict) or not set(filters) <= {"marks", "fields"}:
        raise BadRequest("`filters` has `marks` and `fields`")
    return Options(
        name=_one_of(given, "name", str, "table").replace("/", " ") or "table",
        format=_choice(given, "format", FORMATS),
        count=_number(given, "count", default_count),
        types=types,
        marks=_texts(filters, "marks", MARKS),
        fields=_texts(filters, "fields"),
        shared=_choice(given, "data", ("inline", "shared")) == "shared",
        chart=chart_of(given["chart"]) if "chart" in given else None,
        beam_width=_number(given, "beam_width", default_count),
        raw=_one_of(given, "raw", bool, False),
    )


def chart_of(tokens: Any) -> Chart:
    """The chart of tokens."""
    try:
        return Chart.from_tokens(str(tokens))
    except SpecError as error:
        raise BadRequest(f"`chart`: {error}") from None


def _one_of(given: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = given.get(key, default)
    if not isinstance(value, kind):
        raise BadRequest(f"`{key}` is not of the type {kind.__name__}")
    return value


def _choice(given: Mapping[str, Any], key: str, values: tuple[str, ...]) -> str | None:
    value = given.get(key)
    if value is not None and value not in values:
        raise BadRequest(f"`{key}` is one of {', '.join(values)}")
    return value


def _number(given: Mapping[str, Any], key: str, default: int) -> int:
    value = given.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_CHARTS:
        raise BadRequest(f"`{key}` is a whole number from 1 to {MAX_CHARTS}")
    return value


def _texts(
    given: Mapping[str, Any], key: str, values: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    texts = given.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadRequest(f"`{key}` is a list of texts")
    if values is not None and not set(texts) <= set(values):
        raise BadRequest(f"`{key}` are of {', '.join(values)}")
    return tuple(dict.fromkeys(texts))
