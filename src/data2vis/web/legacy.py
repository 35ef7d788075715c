"""The routes of the 2018 server, for programs that know it.

What they take and give is as it was: `sourcedata` is a text of JSON, `vegaspec` a text of a JSON
list of texts, and an input that cannot be used is answered with `status: false` and a reason. The
charts are those of `/api/suggest`, of as many as the beam is wide.
"""

# Flask keeps its types in a package without __init__.py, which mypy is told not to look into.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, request
from werkzeug.exceptions import BadRequest

from data2vis.table import Table
from data2vis.web import answers, given, samples
from data2vis.web.model import model

routes = Blueprint("legacy", __name__)


@routes.get("/testdata")
def testdata() -> Any:
    """The rows of a sample table, any one."""
    return current_app.json.response(_sample().rows())


@routes.get("/examplesdata")
def examplesdata() -> Any:
    """A sample table's best chart, with its rows."""
    table = _sample()
    with model().turn() as recommender:
        found = recommender.recommend(table, 1)
    spec = {key: value for key, value in found[0].spec.items() if key != "$schema"}
    return {"vegaspec": {**spec, "data": {"values": table.rows()}}, "status": True}


@routes.post("/inference")
def inference() -> Any:
    """Charts for rows, as texts."""
    content = given.json_object(request)
    try:
        rows = _rows(content)
        table = given.table_of(json.dumps(rows).encode(), "table.json")
    except BadRequest as error:
        return {"status": False, "reason": error.description}
    with model().turn() as recommender:
        found = recommender.recommend(table, model().beam_width)
    specs = [json.dumps(table.restore(each.chart.spec()), ensure_ascii=False) for each in found]
    shown = answers.shown_rows(table)
    return {
        "vegaspec": json.dumps(specs, ensure_ascii=False),
        "status": True,
        "data": table.rows(None, shown),
    }


def _sample() -> Table:
    return samples.some()


def _rows(content: Mapping[str, Any]) -> list[Any]:
    source = content.get("sourcedata")
    if isinstance(source, str):
        try:
            source = json.loads(source)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"Bad JSON: {error}") from None
    if not isinstance(source, list):
        raise BadRequest("sourcedata is a JSON list of rows")
    if not source:
        raise BadRequest("Empty JSON: sourcedata has no rows")
    return source
