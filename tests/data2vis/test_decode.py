"""Beam search with a network that knows nothing: what holds must hold by the grammar alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data2vis import cli, source
from data2vis.config import ConfigError
from data2vis.decode import SLOTS, Beams, Decoder, Group, _best
from data2vis.grammar import Grammar
from data2vis.spec import IDS
from data2vis.tasks import decode
from data2vis.vocabulary import END_ID
from tests.data2vis.networks import small, table, untrained


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    untrained(folder, small(inference__beam_search__beam_width=3))
    return folder


@pytest.fixture(scope="module")
def decoder(folder: Path) -> Decoder:
    from data2vis.trained import Trained

    return Decoder(Trained(folder))


def test_the_grammar_holds(decoder: Decoder) -> None:
    grammar = Grammar(table().profile)
    groups = [
        Group(grammar, 6, IDS["bar"]),
        Group(grammar, 4, IDS["line"], wanted=lambda ids: IDS["num1"] in ids),
        Group(grammar, 5),
    ]
    found = decoder.search(source.ids(table().profile), groups)
    assert all(len(part) >= 4 for part in found)
    for part in found:
        assert [h.log_prob for h in part] == sorted((h.log_prob for h in part), reverse=True)
        assert all(grammar.accepts(h.ids) for h in part)
    assert {h.ids[0] for h in found[0]} == {IDS["bar"]}
    assert {h.ids[0] for h in found[1]} == {IDS["line"]}
    assert all(IDS["num1"] in h.ids for h in found[1])


def test_the_widest_beam_finds_the_best_chart(decoder: Decoder) -> None:
    """A chart that a narrow search finds is not better than what a wide one finds."""
    ids, grammar = source.ids(table().profile), Grammar(table().profile)
    narrow, wide = (decoder.search(ids, [Group(grammar, n)])[0] for n in (1, SLOTS))
    assert wide[0].log_prob >= narrow[0].log_prob
    assert len(wide) > 100


def test_too_wide(decoder: Decoder) -> None:
    with pytest.raises(ValueError, match=str(SLOTS)):
        decoder.search([END_ID], [Group(Grammar(table().profile), SLOTS + 1)])


def test_raw(decoder: Decoder) -> None:
    beams = Beams()
    found = decoder.raw(source.ids(table().profile), 3, beams)
    assert len(found) == 3
    assert [h.log_prob for h in found] == sorted((h.log_prob for h in found), reverse=True)
    assert all(len(h.ids) <= 16 for h in found)
    assert all(len(step) == 3 for step in beams.predicted_ids)


def test_attention(decoder: Decoder) -> None:
    ids = source.ids(table().profile)
    scores = decoder.attention(ids, [IDS["bar"], IDS["x"], END_ID])
    assert scores.shape == (3, len(ids))
    np.testing.assert_allclose(scores.sum(1), 1.0, rtol=1e-5)


def test_best() -> None:
    totals = np.array([[-1, -np.inf, -3], [-2, -0.5, -np.inf]], np.float32)
    assert _best(totals, 3) == [(1, 1, -0.5), (0, 0, -1.0), (1, 0, -2.0)]
    assert len(_best(totals, 9)) == 4


def test_tasks(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "things.csv"
    table().frame.to_csv(file, index=False)
    start = ["decode", str(file), "--checkpoint", str(folder)]
    cli.main(start)
    text = capsys.readouterr().out.strip()
    assert Grammar(table().profile).accepts(text)
    cli.main([*start, "--task", "DumpAttention", "--output", str(tmp_path / "looks")])
    assert (tmp_path / "looks" / "00000.png").read_bytes().startswith(b"\x89PNG")
    with np.load(tmp_path / "looks" / "attention_scores.npz") as scores:
        assert scores["arr_0"].shape[0] == len(text.split()) + 1
    cli.main([*start, "--task", "DumpBeams", "--output", str(tmp_path / "b.json")])
    steps = json.loads((tmp_path / "b.json").read_text())[0]
    assert steps["tokens"][0][0] in ("bar", "line", text.split()[0], *IDS)
    assert np.shape(steps["log_probs"]) == np.shape(steps["predicted_ids"])
    cli.main([*start, "--raw", "--task", "DumpBeams", "--output", str(tmp_path / "b.npz")])
    with np.load(tmp_path / "b.npz") as arrays:
        assert arrays["beam_parent_ids_0"].shape[1] == 3
    for arguments, message in (
        (["--task", "DumpBeams"], "needs --output"),
        (["--task", "DumpBeams", "--output", "b.txt"], ".npz or .json"),
    ):
        with pytest.raises(SystemExit):
            cli.main([*start, *arguments])
        assert message in capsys.readouterr().err


def test_characters_have_no_grammar(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    options = decoder.trained.options
    monkeypatch.setattr(
        decoder.trained, "options", type(options)(small(level="character"), *list(vars(options).values())[1:])
    )  # fmt: skip
    with pytest.raises(ConfigError, match="--raw"):
        decode(decoder, table(), 3)
