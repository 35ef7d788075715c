"""The API: what it answers, to whom it says no, and that its description is true."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import jsonschema
import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from data2vis.evaluate import check
from data2vis.reading import MAX_BYTES
from data2vis.recommend import Recommender
from data2vis.table import Table
from data2vis.web import samples
from data2vis.web.app import create_app
from data2vis.web.gate import Gate
from data2vis.web.model import Model
from tests.data2vis.hostile import TABLES

CSV = "town,year,visits\n" + "".join(
    f"{town},{year},{(year * 7 + i * 31) % 97}\n"
    for year in range(2001, 2013)
    for i, town in enumerate(("Oslo", "Rome", "Lima"))
)
ROWS = [{"a": i, "b": f"k{i % 3}"} for i in range(12)]
SPEC = {"data": {"values": ROWS}, "mark": "point", "encoding": {"x": {"field": "a", "type": "quantitative"}}}  # fmt: skip
LARGE = "x" * (MAX_BYTES + 1)


def form(text: str | bytes = CSV, name: str = "t.csv", **options: Any) -> dict[str, Any]:
    data = text.encode() if isinstance(text, str) else text
    fields = {"file": (io.BytesIO(data), name), "options": json.dumps(options)}
    return {"data": fields, "content_type": "multipart/form-data"}


# Calls of every route with every status that it is described with.
CALLS: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("get", "/", 200, {}),
    ("get", "/api/openapi.json", 200, {}),
    ("get", "/api/samples", 200, {}),
    ("get", "/api/samples/marathon", 200, {}),
    ("get", "/api/samples/..%2Fapp", 404, {}),
    ("get", "/testdata", 200, {}),
    ("get", "/examplesdata", 200, {}),
    ("post", "/inference", 200, {"json": {"sourcedata": json.dumps(ROWS)}}),
    ("post", "/inference", 200, {"json": {"sourcedata": "no JSON"}}),
    ("post", "/inference", 400, {"data": "[", "content_type": "application/json"}),
    ("post", "/inference", 413, {"json": {"sourcedata": LARGE + "x" * 1_000_000}}),
    ("post", "/inference", 415, {"data": "x"}),
    ("post", "/api/suggest", 200, {"json": {"table": CSV}}),
    ("post", "/api/suggest", 200, {"json": {"table": ROWS, "count": 3, "data": "shared"}}),
    ("post", "/api/similar", 200, form(chart="bar x str0 y count", count=4)),
    ("post", "/api/attention", 200, form()),
    ("post", "/api/beams", 200, form(beam_width=3)),
    *(("post", f"/api/{what}", 400, form("a\n1,2,3\n"))
      for what in ("suggest", "similar", "attention", "beams")),
    *(("post", f"/api/{what}", 413, form(LARGE))
      for what in ("suggest", "similar", "attention", "beams")),
    *(("post", f"/api/{what}", 415, {"data": CSV, "content_type": "text/csv"})
      for what in ("suggest", "similar", "attention", "beams", "validate", "export")),
    ("post", "/api/validate", 200, {"json": {"spec": SPEC}}),
    ("post", "/api/validate", 400, {"json": {"spec": 3}}),
    ("post", "/api/validate", 413, {"json": {"spec": LARGE * 2}}),
    ("post", "/api/export", 200, {"json": {"spec": SPEC, "format": "svg"}}),
    ("post", "/api/export", 400, {"json": {"spec": {"mark": "bart"}, "format": "svg"}}),
    ("post", "/api/export", 413, {"json": {"spec": LARGE * 2, "format": "svg"}}),
)  # fmt: skip
BUSY = (
    ("get", "/examplesdata", {}),
    ("post", "/inference", {"json": {"sourcedata": ROWS}}),
    *(("post", f"/api/{what}", form(chart="bar x str0 y count"))
      for what in ("suggest", "similar", "attention", "beams")),
)  # fmt: skip


def described(client: FlaskClient) -> dict[str, Any]:
    found = client.get("/api/openapi.json").get_json()
    assert isinstance(found, dict)
    return found


def path_of(path: str, description: dict[str, Any]) -> str:
    """The described path that a path belongs to."""
    return next(
        p for p in description["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path)
    )


def agrees(response: TestResponse, method: str, path: str, description: dict[str, Any]) -> None:
    """The answer is of a described type and, if JSON, of the described form."""
    answer = description["paths"][path_of(path, description)][method]["responses"]
    answer = answer[str(response.status_code)]
    if "$ref" in answer:
        answer = description["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    assert response.mimetype in answer["content"]
    if response.mimetype == "application/json":
        schema = {**answer["content"]["application/json"]["schema"],
            "components": description["components"]}  # fmt: skip
        jsonschema.Draft202012Validator(schema).validate(response.get_json())


@pytest.mark.parametrize(
    ("method", "path", "status", "request_"), CALLS, ids=[f"{c[1]}-{c[2]}-{i}" for i, c in enumerate(CALLS)]
)  # fmt: skip
def test_answers_are_as_described(
    client: FlaskClient, method: str, path: str, status: int, request_: dict[str, Any]
) -> None:
    if "data" in request_ and isinstance(request_["data"], dict):  # a file is read once
        stream, name = request_["data"]["file"]
        fields = {**request_["data"], "file": (io.BytesIO(stream.getvalue()), name)}
        request_ = {**request_, "data": fields}
    response = client.open(path, method=method.upper(), **request_)
    assert response.status_code == status, response.get_data()[:500]
    agrees(response, method, path, described(client))
    if status == 413:
        assert "20 MB" in response.get_json()["error"]
    elif status >= 400:
        assert len(response.get_json()["error"]) > 8
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "connect-src 'self'" in policy


@pytest.mark.parametrize(("method", "path", "request_"), BUSY, ids=[b[1] for b in BUSY])
def test_a_full_queue_says_when_to_come_again(
    recommender: Recommender, method: str, path: str, request_: dict[str, Any]
) -> None:
    gate = Gate(running=1, waiting=0)
    client = create_app(Model(recommender, gate=gate)).test_client()
    with gate.turn():
        response = client.open(path, method=method.upper(), **request_)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    agrees(response, method, path, described(client))


def test_routes_and_statuses_are_described_and_tested(app: Flask, client: FlaskClient) -> None:
    description = described(client)
    assert description["openapi"].startswith("3.")
    routes = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    written = {(m, path) for path, item in description["paths"].items() for m in item}
    assert routes == written
    statuses = {
        (method, path, int(status))
        for method, path in written
        for status in description["paths"][path][method]["responses"]
    }
    tested = {(m, path_of(p, description), s) for m, p, s, _ in CALLS}
    tested |= {(m, path_of(p, description), 503) for m, p, _ in BUSY}
    assert statuses == tested


def suggested(client: FlaskClient, *arguments: Any, **options: Any) -> dict[str, Any]:
    response = client.post("/api/suggest", **form(*arguments, **options))
    assert response.status_code == 200, response.get_data()[:500]
    found = response.get_json()
    assert isinstance(found, dict)
    return found


def test_suggestions(client: FlaskClient) -> None:
    found = suggested(client)
    assert found["table"]["rows"] == 36
    assert [c["kind"] for c in found["table"]["columns"]] == ["str", "dt", "num"]
    assert sum(found["table"]["columns"][2]["histogram"]) == 36
    assert len(found["charts"]) == 15
    table = Table.parse(CSV.encode(), "t.csv")
    for chart in found["charts"]:
        assert check(chart["spec"], table).renders
        assert chart["title"][0].isupper()
        assert chart["reason"]
    shared = suggested(client, data="shared", count=2)
    assert shared["charts"][0]["spec"]["data"] == {"name": "table"}
    assert shared["data"]["town"][:2] == ["Oslo", "Rome"]


def test_types_and_filters(client: FlaskClient) -> None:
    kinds = suggested(client, types={"year": "str"})["table"]["columns"]
    assert kinds[1]["kind"] == "str"
    lines = suggested(client, filters={"marks": ["line"], "fields": ["visits", "town"]})["charts"]
    assert lines
    assert {chart["mark"] for chart in lines} == {"line"}
    assert all({"visits", "town"} <= set(chart["fields"]) for chart in lines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "`count`"),
        ({"count": True}, "`count`"),
        ({"types": {"town": "geo"}}, "num, str, dt"),
        ({"types": {"place": "str"}}, "no column 'place'"),
        ({"filters": {"marks": ["blob"]}}, "`marks`"),
        ({"filters": {"fields": ["place"]}}, "no column 'place'"),
        ({"colour": 1}, "unknown options: colour"),
        ({"chart": "bar bar"}, "`chart`"),
        ({"data": "none"}, "`data`"),
    ],
    ids=str,
)
def test_wrong_options(client: FlaskClient, options: dict[str, Any], message: str) -> None:
    response = client.post("/api/suggest", **form(**options))
    assert response.status_code == 400
    assert message in response.get_json()["error"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "t.csv", "is empty"),
        (b"a,b\n1,2\n1,2,3\n", "t.csv", "row 3 has 3 cells"),
        (b'[{"a": 1', "t.json", "line 1"),
        (b"PAR1nonsense", "t.parquet", "no readable parquet"),
        (b"\x00\x01\x02", "t.csv", "binary"),
        (b"a\n", "t.csv", "no rows"),
        (b"a,b\n1,2\n", "t.doc", "format is not known"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_broken_files(client: FlaskClient, content: bytes, name: str, message: str) -> None:
    response = client.post("/api/suggest", **form(content, name))
    assert response.status_code == 400
    assert message in response.get_json()["error"]


@pytest.mark.parametrize("name", TABLES)
def test_hostile_tables(client: FlaskClient, name: str) -> None:
    text = TABLES[name].to_csv(index=False)
    found = suggested(client, text, data="shared")
    for chart in found["charts"]:
        assert set(chart["fields"]) <= set(found["data"])


def test_long_and_wide_tables_are_thinned_out(client: FlaskClient) -> None:
    long = suggested(client, "n\n" + "".join(f"{i}\n" for i in range(12_000)), data="shared")
    assert long["table"]["shown_rows"] == len(long["data"]["n"]) == 5_000
    assert (long["data"]["n"][0], long["data"]["n"][-1]) == (0, 11_999)
    names = [f"c{i}" for i in range(100)]
    rows = "".join(",".join(str(i * j % 13) for j in range(100)) + "\n" for i in range(8_000))
    wide = suggested(client, ",".join(names) + "\n" + rows, data="shared", count=3)
    cells = sum(map(len, wide["data"].values()))
    assert cells <= 250_000
    chart = suggested(client, "n\n" + "".join(f"{i}\n" for i in range(9_000)), count=1)["charts"][0]
    assert len(chart["spec"]["data"]["values"]) == 5_000


def test_more_like_this(client: FlaskClient) -> None:
    chart = "line x year dt0 y mean num0"
    found = client.post("/api/similar", **form(chart=chart)).get_json()["charts"]
    assert len(found) == 15
    assert chart not in [each["tokens"] for each in found]
    assert found[0]["fields"] == ["year", "visits"]
    assert "line" in [each["mark"] for each in found[:4]]
    wrong = client.post("/api/similar", **form(chart="bar x str9 y count"))
    assert wrong.status_code == 400
    assert client.post("/api/similar", **form()).status_code == 400


def test_attention_and_beams(client: FlaskClient) -> None:
    found = client.post("/api/attention", **form(chart="bar x str0 y mean num0")).get_json()
    assert [each["token"] for each in found["target"]][:3] == ["bar", "x", "str0"]
    assert found["target"][2]["column"] == "town"
    assert all(abs(sum(row) - 1) < 0.01 for row in found["scores"])
    beams = client.post("/api/beams", **form(beam_width=4)).get_json()
    assert all(len(step) <= 4 for step in beams["steps"])
    for before, step in zip(beams["steps"], beams["steps"][1:]):
        assert all(0 <= beam["parent"] < len(before) for beam in step)
    assert beams["found"]


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        ({"mark": "bart", "encoding": {}}, "mark", "did you mean 'bar'"),
        ({"mark": "bar", "encodin": {}}, "", "did you mean 'encoding'"),
        ({"mark": "bar", "encoding": {"x": {"field": "a", "type": "nominl"}}},
         "encoding.x.type", "did you mean 'nominal'"),
        ({"mark": "bar", "encoding": {"y": 3}}, "encoding.y", "3 is"),
        ({"layer": [{"mark": "bar", "encoding": {"x": {"filed": "a"}}}]},
         "layer.0.encoding.x", "did you mean 'field'"),
        ({"mark": "bar", "encoding": {"x": {"field": "ab"}}}, "", "no column 'ab'"),
        ({}, "", "'mark'"),
    ],
)  # fmt: skip
def test_schema_errors_help(
    client: FlaskClient, spec: dict[str, Any], path: str, message: str
) -> None:
    found = client.post("/api/validate", json={"spec": spec, "columns": ["a", "b"]}).get_json()
    assert not found["valid"]
    assert (found["errors"][0]["path"], message in found["errors"][0]["message"]) == (path, True)


def test_exports(client: FlaskClient) -> None:
    def exported(form: str, spec: Any = SPEC) -> TestResponse:
        return client.post(
            "/api/export", json={"spec": spec, "format": form, "title": "</title><b>"}
        )

    assert exported("png").data.startswith(b"\x89PNG\r\n")
    assert exported("svg").data.startswith(b"<svg")
    assert 'filename="title-b.svg"' in exported("svg").headers["Content-Disposition"]
    hostile = {**SPEC, "title": "</script><script>alert(1)</script>"}
    page = exported("html", hostile).get_data(as_text=True)
    assert "<title>&lt;/title&gt;&lt;b&gt;</title>" in page
    assert page.count("</script>") == 4
    assert "src=" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    for data in ({"url": "http://127.0.0.1:9/x.csv"}, {"sequence": {"start": 0, "stop": 1e9}}):
        for spec in ({**SPEC, "data": data}, {"layer": [{**SPEC, "data": data}]}):
            assert exported("svg", spec).status_code == 400
            assert exported("html", spec).status_code == 400
    assert exported("gif").status_code == 400


def test_routes_of_2018(client: FlaskClient) -> None:
    found = client.post("/inference", json={"sourcedata": json.dumps(ROWS)}).get_json()
    specs = [json.loads(text) for text in json.loads(found["vegaspec"])]
    assert found["status"] is True
    assert found["data"] == ROWS
    assert len(specs) == 15
    assert {"mark", "encoding"} == set(specs[0])
    for sourcedata in ("[]", "{", "3", "[1, 2]"):
        found = client.post("/inference", json={"sourcedata": sourcedata}).get_json()
        assert (found["status"], bool(found["reason"])) == (False, True)
    assert len(client.get("/testdata").get_json()) > 50
    assert client.get("/examplesdata").get_json()["vegaspec"]["data"]["values"]


def test_samples_are_tables_with_charts(client: FlaskClient) -> None:
    for sample in samples.listed():
        text = client.get(f"/api/samples/{sample['name']}").get_data(as_text=True)
        table = Table.parse(text.encode(), f"{sample['name']}.csv")
        assert (table.profile.rows, len(table.profile.columns)) == (
            sample["rows"], sample["columns"],
        )  # fmt: skip


def test_unknown_paths_and_methods(client: FlaskClient) -> None:
    assert client.get("/nothing").status_code == 404
    assert client.get("/nothing").get_json()["error"]
    response = client.get("/api/suggest")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_an_error_of_ours_shows_no_inside(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Recommender, "recommend", lambda *_: 1 / 0)
    response = app.test_client().post("/api/suggest", **form())
    assert response.status_code == 500
    assert response.get_json()["error"].endswith("ZeroDivisionError")
    assert "Traceback" in caplog.text


def test_description_is_the_file(client: FlaskClient) -> None:
    from importlib import resources

    text = (resources.files("data2vis.web") / "openapi.yaml").read_text()
    assert described(client) == yaml.safe_load(text)
