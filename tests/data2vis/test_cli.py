"""The commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data2vis import cli


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("name,size,year\na,1,2001\nb,2,2002\nc,3,2003\n")
    return path


def test_profile(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["profile", str(table)])
    shown = capsys.readouterr().out
    assert "3 rows, 3 columns" in shown
    assert "1 to 3" in shown
    cli.main(["profile", str(table), "--json", "--type", "size=str"])
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [c["pointer"] for c in columns] == ["str0", "str1", "dt0"]


def test_check(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    charts = tmp_path / "c.json"
    field = {"field": "size", "type": "quantitative"}
    charts.write_text(json.dumps({"mark": "tick", "encoding": {"x": field}}))
    cli.main(["check", str(table), str(charts)])
    assert "100.0%" in capsys.readouterr().out
    charts.write_text(json.dumps([{"mark": "tick", "encoding": {"x": field | {"field": "no"}}}]))
    with pytest.raises(SystemExit) as stop:
        cli.main(["check", str(table), str(charts)])
    assert stop.value.code == 1
    assert "no such columns: no" in capsys.readouterr().out


def test_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["corpus", str(tmp_path / "c"), "--pairs", "100", "--jobs", "1"])
    assert "train" in capsys.readouterr().out
    assert (tmp_path / "c" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["profile", "missing.csv"], "No such file"),
        (["profile", "TABLE", "--type", "size"], "write COLUMN=num"),
        (["profile", "TABLE", "--type", "size=geo"], "cannot be 'geo'"),
        (["check", "TABLE", "TABLE"], "t.csv"),
        (["corpus", "x", "--pairs", "0"], "at least 1"),
        (["train", "--corpus", "x", "--output", "y"], "data2vis corpus x"),
        (["evaluate"], "--corpus --tables"),
        (["suggest", "TABLE", "--png"], "--output FOLDER"),
        (["suggest", "TABLE", "--checkpoint", "no"], "neither a folder nor a checkpoint"),
        (["serve", "--port", "70000"], "65535"),
        (["serve", "--beam-width", "0"], "at least 1"),
        (["serve", "--model-dir", "no"], "neither a folder nor a checkpoint"),
        (["export", "no", "x"], "neither a folder nor a checkpoint"),
        ([], "COMMAND"),
    ],
    ids=str,
)
def test_errors(
    arguments: list[str], message: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([str(table) if a == "TABLE" else a for a in arguments])
    assert stop.value.code != 0
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["profile", "corpus", "check", "suggest", "serve", "train", "evaluate", "decode", "export"],
)
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert f"data2vis {command}" in capsys.readouterr().out.split("positional")[0]
