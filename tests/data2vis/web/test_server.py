"""The command and the server: it starts, answers several at once, loses nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from data2vis import cli
from data2vis.recommend import Recommender
from data2vis.web import server
from data2vis.web.model import Model
from tests.processes import python

TOOL = Path(__file__).parents[3] / "tools" / "data2vis_load.py"


def test_clients_at_once_lose_nothing(tmp_path: Path) -> None:
    done = python(str(TOOL), "--clients", "4", "--seconds", "2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Data2Vis: http://127.0.0.1:" in done.stdout
    figures = dict(line.split()[:2] for line in done.stdout.splitlines() if "  " in line)
    assert int(figures["requests"]) >= 4
    assert figures["failures"] == "0"


def test_a_port_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, recommender: Recommender, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "Recommender", lambda _: recommender)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit) as stop:
            cli.main(["serve", "--port", str(taken.getsockname()[1])])
    assert stop.value.code == 1
    assert "try another --port" in capsys.readouterr().err


def test_port_of_several_sockets(recommender: Recommender) -> None:
    several = server.make_server(Model(recommender), "localhost", 0)
    assert server.port_of(several) > 0
    several.close()
