"""The JSON API; `openapi.yaml` describes it."""

# Flask keeps its types in a package without __init__.py, which mypy is told not to look into.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import re
import time
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml
from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from data2vis import source, tasks
from data2vis.export import FORMATS, export
from data2vis.spec import VOCABULARY, Chart
from data2vis.table import Table, TableError
from data2vis.vocabulary import END_ID
from data2vis.web import answers, given, samples, validate
from data2vis.web.model import model

routes = Blueprint("api", __name__, url_prefix="/api")

_TYPES: Final = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html"}


@routes.get("/openapi.json")
def openapi() -> Any:
    """The description of the API."""
    return _openapi()


@cache
def _openapi() -> dict[str, Any]:
    text = (resources.files("data2vis.web") / "openapi.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@routes.get("/samples")
def sample_list() -> Any:
    """The sample tables."""
    return {"samples": samples.listed()}


@routes.get("/samples/<name>")
def sample(name: str) -> Any:
    """One of them, as CSV."""
    text = samples.text(name)
    if text is None:
        raise NotFound(f"there is no sample {name!r}")
    return Response(text, mimetype="text/csv")


@routes.post("/suggest")
def suggest() -> Any:
    """The best charts of a table."""
    began = time.perf_counter()
    table, options = given.read(request, model().beam_width)
    try:
        with model().turn() as recommender:
            found = recommender.recommend(table, options.count, options.marks, options.fields)
    except TableError as error:
        raise BadRequest(str(error)) from None
    return {
        "table": answers.table(table),
        **answers.charts(found, table, options.shared),
        "seconds": round(time.perf_counter() - began, 3),
    }


@routes.post("/similar")
def similar() -> Any:
    """Charts like one of a table's."""
    table, options = given.read(request, model().beam_width)
    chart = _checked(options.chart, table)
    if chart is None:
        raise BadRequest("`chart` is missing: the tokens of the chart that others are to be like")
    with model().turn() as recommender:
        found = recommender.similar(table, chart, options.count)
    return answers.charts(found, table, options.shared)


@routes.post("/attention")
def attention() -> Any:
    """How much the network looks at each token of a table as it writes a chart."""
    table, options = given.read(request, model().beam_width)
    chart = _checked(options.chart, table)
    with model().turn() as recommender:
        if chart is None:
            best = recommender.recommend(table, 1)
            if not best:
                raise BadRequest("the table has no chart")
            chart = best[0].chart
        read = source.ids(table.profile)
        longest = recommender.trained.options.config["source.max_seq_len"]
        scores = recommender.decoder.attention(read[:longest], chart.ids())
    words = [source.VOCABULARY[i] for i in read[:longest]]
    return {
        "source": answers.labels(words, table),
        "target": answers.labels([VOCABULARY[i] for i in chart.ids()], table),
        "scores": [[round(float(score), 4) for score in row] for row in scores],
    }


@routes.post("/beams")
def beams() -> Any:
    """Every step of a beam search, and what it found."""
    table, options = given.read(request, model().beam_width)
    with model().turn() as recommender:
        found = tasks.decode(recommender.decoder, table, options.beam_width, options.raw)
    steps = zip(found.beams.predicted_ids, found.beams.beam_parent_ids, found.beams.log_probs)
    return {
        "steps": [
            [
                {**label, "parent": int(parent), "log_probability": round(float(log_prob), 3)}
                for label, parent, log_prob in zip(
                    answers.labels([VOCABULARY[i] for i in ids], table), parents, log_probs
                )
            ]
            for ids, parents, log_probs in steps
        ],
        "found": [
            {
                "tokens": answers.labels(
                    [VOCABULARY[i] for i in hypothesis.ids if i != END_ID], table
                ),
                "log_probability": round(hypothesis.log_prob, 3),
            }
            for hypothesis in found.hypotheses
        ],
    }


@routes.post("/validate")
def check() -> Any:
    """What is wrong with a specification."""
    content = given.json_object(request)
    columns = content.get("columns")
    if columns is not None and not isinstance(columns, list):
        raise BadRequest("`columns` is a list of names")
    found = validate.problems(_spec(content), columns)
    return {"valid": not found, "errors": found}


@routes.post("/export")
def picture() -> Any:
    """A specification with its data as a file."""
    content = given.json_object(request)
    form = content.get("format")
    if form not in FORMATS:
        raise BadRequest(f"`format` is one of {', '.join(FORMATS)}")
    title = str(content.get("title", "chart"))
    try:
        data = export(_spec(content), form, title)
    except ValueError as error:
        raise BadRequest(f"it cannot be drawn: {str(error).strip()[:300]}") from None
    name = re.sub(r"[^\w-]+", "-", title, flags=re.ASCII).strip("-")[:80] or "chart"
    disposition = f'attachment; filename="{name}.{form}"'
    return Response(data, mimetype=_TYPES[form], headers={"Content-Disposition": disposition})


def _spec(content: dict[str, Any]) -> dict[str, Any]:
    spec = content.get("spec")
    if not isinstance(spec, dict):
        raise BadRequest("`spec` is missing: a Vega-Lite specification")
    return spec


def _checked(chart: Chart | None, table: Table) -> Chart | None:
    """A chart all of whose columns the table has."""
    for pointer in chart.fields if chart else ():
        try:
            table.column(pointer)
        except TableError as error:
            raise BadRequest(str(error)) from None
    return chart
