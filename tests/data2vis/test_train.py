"""Training: files, figures, going on, and the weights that ship."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tf1x as tf
from data2vis import cli, measure
from data2vis.config import ConfigError
from data2vis.train import Trainer, train
from data2vis.trained import Options, Trained
from tests.data2vis.networks import small, small_corpus


def _values(folder: Path, step: int) -> dict[str, np.ndarray]:
    reader = tf.train.NewCheckpointReader(str(folder / f"model.ckpt-{step}"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def test_a_training_goes_on_as_if_it_had_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TF1X_CACHE", "off")
    corpus = small_corpus(tmp_path / "corpus")
    config = small(model="BasicSeq2Seq", permute_columns=True)
    first, again = tmp_path / "first", tmp_path / "again"
    train(config, corpus, first)
    assert {"model.ckpt-3.index", "model.ckpt-6.index", "best", "train_options.json"} <= {
        path.name for path in first.iterdir()
    }
    record = Options.read(first).record
    assert record["step"] in (3, 6)
    assert 2.0 < record["log_perplexity_unseen_tables"] < 6.0
    assert len(record["corpus_manifest_sha256"]) == 64
    tags = {
        value.tag
        for events in first.glob("events*")
        for event in tf.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert {"eval/seen_tables", "eval/unseen_tables"} <= tags

    shutil.copytree(first, again)
    (again / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-3"\n')
    trainer = Trainer(config, corpus, again)
    assert trainer.restore() == 3
    trainer.run(6, 3, print, _Bar())
    for name, value in _values(first, 6).items():
        np.testing.assert_allclose(_values(again, 6)[name], value, rtol=1e-5, atol=1e-7)

    _check_refusals(config, corpus, first)
    _check_export_and_figures(first, corpus, tmp_path / "shipped", capsys)


class _Bar:
    def update(self) -> None: ...

    def set_postfix(self, **values: object) -> None: ...


def _check_refusals(config: object, corpus: Path, output: Path) -> None:
    with pytest.raises(ConfigError, match="--resume"):
        train(config, corpus, output)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="another configuration"):
        train(small(seed=5), corpus, output, resume=True)


def _check_export_and_figures(
    output: Path, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["export", str(output), str(folder)])
    full, half = Trained(output), Trained(folder)
    with full.graph.as_default():
        names = [v.op.name for v in tf.trainable_variables()]
    for name in names:
        values = [t.session.run(t.graph.get_tensor_by_name(f"{name}:0")) for t in (full, half)]
        np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-6)
    assert half.options.record.items() > full.options.record.items()
    capsys.readouterr()
    cli.main(["evaluate", "--checkpoint", str(folder), "--corpus", str(corpus), "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert 2.0 < figures["log_perplexity_test_tables"] < 6.0
    assert 0.0 <= figures["bleu"] <= 100.0
    assert 0.0 <= figures["raw_in_language"] <= 1.0
    assert "rouge l" in measure.text(figures)


def test_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a folder nor a checkpoint"):
        Trained(tmp_path / "no")
    with pytest.raises(ConfigError, match="no checkpoint"):
        Trained(tmp_path)
    with pytest.raises(ConfigError, match="no network was trained there"):
        Options.read(tmp_path)
    (tmp_path / "train_options.json").write_text("{")
    with pytest.raises(ConfigError, match=r"train_options\.json"):
        Options.read(tmp_path)
