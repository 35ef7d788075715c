"""Files into tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data2vis.reading import parse, read_frame
from data2vis.table import Table, TableError

_ROWS = [{"n": 1, "t": "ä, b"}, {"n": 2.5, "t": "c"}]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b'n,t\n1,"\xc3\xa4, b"\n2.5,c\n'),
        ("bom.csv", b'\xef\xbb\xbfn,t\n1,"\xc3\xa4, b"\n2.5,c'),
        ("latin.csv", b'n,t\r\n1,"\xe4, b"\r\n2.5,c\r\n'),
        ("utf16.csv", 'n,t\n1,"ä, b"\n2.5,c\n'.encode("utf-16")),
        ("semicolon.csv", "n;t\n1;ä, b\n2.5;c\n".encode()),
        ("pipe.txt", "n|t\n1|ä, b\n2.5|c\n".encode()),
        ("tabs.csv", "n\tt\n1\tä, b\n2.5\tc\n".encode()),
        ("a.tsv", "n\tt\n1\tä, b\n2.5\tc\n".encode()),
        ("blank.csv", 'n,t,\n\n1,"ä, b",\n2.5,c,\n\n'.encode()),
        ("a.json", json.dumps(_ROWS).encode()),
        ("data.json", json.dumps({"data": _ROWS}).encode()),
        ("columns.json", json.dumps({"n": [1, 2.5], "t": ["ä, b", "c"]}).encode()),
        ("a.jsonl", "\n".join(map(json.dumps, _ROWS)).encode()),
        ("lines.json", "\n".join(map(json.dumps, _ROWS)).encode()),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_formats(name: str, data: bytes) -> None:
    table = Table(parse(data, name), name)
    assert [{k: row[k] for k in ("n", "t")} for row in table.rows()] == _ROWS


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_binary_formats(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    frame = pd.DataFrame({"n": [1.0, 2.5], "d": pd.to_datetime(["2020-01-01", None])})
    frame.to_parquet(path) if ending == "parquet" else frame.to_excel(path, index=False)
    table = Table.read(path)
    assert table.rows() == [{"n": 1, "d": "2020-01-01T00:00:00"}, {"n": 2.5, "d": None}]


def test_hostile_headers(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text('None,Sex,SexCode,a,a,,"<b>","it\'s"\n1,2,3,4,5,6,7,8\n', encoding="utf-8")
    names = list(Table.read(path).frame.columns)
    assert names == ["None", "Sex", "SexCode", "a", "a (2)", "column 6", "<b>", "it's"]


def test_short_rows_are_filled_and_nulls_known() -> None:
    frame = parse(b"a,b,c\n1,x\n,NA,3\n", "a.csv")
    assert frame.isna().to_numpy().tolist() == [[False, False, True], [True, True, False]]


def test_row_names_without_header() -> None:
    frame = parse(b"x,y\na,1,2\nb,3,4\n", "r.csv")
    assert frame.shape == (2, 3)
    assert list(frame["y"]) == [2, 4]


def test_numbers_are_not_taken_for_codes() -> None:
    frame = parse(b"zip,n\n01234,0\n99999,0.5\n", "a.csv")
    assert list(frame["zip"]) == ["01234", "99999"]
    assert list(frame["n"]) == [0, 0.5]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"  \n", "is empty"),
        ("a.csv", b"a,b\n1,2,3\n1,2\n", "row 2 has 3 cells, the header 2"),
        ("a.csv", b"\x00\x01\x02,\x00\n\x00", "binary"),
        ("a.pdf", b"x", "format is not known"),
        ("a.json", b"{oops", "line 1"),
        ("a.json", b"[]", "no rows"),
        ("a.json", b"3", "list of objects"),
        ("a.json", b'{"a": [1], "b": [1, 2]}', "different lengths"),
        ("a.jsonl", b'{"a": 1}\nx', "line 2"),
        ("a.parquet", b"no parquet", "no readable parquet"),
        ("a.xlsx", b"no excel", "no readable xlsx"),
        ("wide.csv", b",".join([b"a"] * 1200) + b"\n1\n", "1,200 columns"),
        ("big.csv", b"x" * 2000, "at most 0.0 MB"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse(data, name, 1000 if name == "big.csv" else 10_000)


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(TableError, match=path.name):
            read_frame(path)


def test_too_large_a_file_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(TableError, match=r"50\.0 MB; at most 20\.0 MB"):
        read_frame(path)


@pytest.mark.parametrize("value", [{"a": {"b": 1}}, {"a": [1, 2]}], ids=str)
def test_nested_values_are_their_json(value: dict[str, Any]) -> None:
    frame = parse(json.dumps([value, value]).encode(), "a.json")
    assert frame["a"][0] == json.dumps(value["a"])
