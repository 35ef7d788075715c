"""Configurations: the names of 2018, defaults, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data2vis import config
from data2vis.config import OPTIONS, Config, ConfigError, from_mapping, load


def test_the_network_of_2018() -> None:
    found = load("char_bi")
    assert found.model == "AttentionSeq2Seq"
    assert found.level == "character"
    assert found.batch_size == 32
    assert found["encoder.params.rnn_cell.num_layers"] == 2
    assert found["decoder.params.rnn_cell.cell_params.num_units"] == 512
    assert found["encoder.params.rnn_cell.dropout_input_keep_prob"] == 0.5
    assert found["optimizer.params"] == {"epsilon": 8e-7}
    assert found["source.reverse"] is False


def test_a_file_of_2018_is_read(tmp_path: Path) -> None:
    path = tmp_path / "nmt.yml"
    path.write_text(
        """
model: seq2seq.models.AttentionSeq2Seq
model_params:
  attention.class: seq2seq.decoders.attention.AttentionLayerDot
  attention.params: {num_units: 64}
  bridge.class: seq2seq.models.bridges.ZeroBridge
  encoder.class: seq2seq.encoders.BidirectionalRNNEncoder
  encoder: {params: {rnn_cell: {cell_class: GRUCell}}}
  optimizer.learning_rate: 1e-4
  vocab_source: sourcedata/vocab.source
input_pipeline_train:
  class: ParallelTextInputPipeline
  params: {source_delimiter: '', source_files: [a]}
output_dir: vizmodel
"""
    )
    found = load(path)
    assert found["attention.class"] == "AttentionLayerDot"
    assert found["encoder.params.rnn_cell.cell_class"] == "GRUCell"
    assert found["optimizer.learning_rate"] == 1e-4
    assert found.level == "character"
    assert found["embedding.dim"] == OPTIONS["embedding.dim"]


def test_json_and_back(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(load("token").to_json()))
    assert load(path) == load("token")


def test_basic_models_have_other_defaults() -> None:
    found = from_mapping({"model": "BasicSeq2Seq"})
    assert found["decoder.class"] == "BasicDecoder"
    assert found["bridge.class"] == "InitialStateBridge"


def test_every_option_has_a_choice_or_a_type() -> None:
    assert set(config._CHOICES) <= set(OPTIONS)
    assert from_mapping({}) == Config()


def test_all_unknown_options_are_named() -> None:
    given = {
        "model_params": {"embedding.size": 3, "encoder.params": {"rnn_cell": {"cell": "x"}}},
        "batchsize": 4,
    }
    with pytest.raises(ConfigError) as found:
        from_mapping(given)
    for name in ("embedding.size", "encoder.params.rnn_cell.cell", "batchsize"):
        assert name in str(found.value)
    assert "embedding.dim" in str(found.value)  # what there is


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "must be a mapping"),
        ({"model_params": 3}, "must be a mapping"),
        ({"model": "Transformer"}, "none of AttentionSeq2Seq"),
        ({"level": "word"}, "none of token"),
        ({"batch_size": 0}, "too small"),
        ({"batch_size": "many"}, "type int"),
        ({"buckets": "24; 48"}, "write lengths"),
        ({"batch_size": 10, "targets_per_source": 4}, "multiple"),
        ({"model_params": {"encoder.class": "ConvEncoder"}}, "ConvEncoder"),
        ({"model_params": {"embedding.dim": 1.5}}, "type int"),
        ({"model_params": {"embedding.dim": True}}, "type int"),
        ({"model_params": {"optimizer.learning_rate": "fast"}}, "type float"),
        ({"model_params": {"decoder.params.rnn_cell.dropout_input_keep_prob": 0}}, "probability"),
        ({"model_params": {"bridge.class": "PassThroughBridge"}}, "UnidirectionalRNNEncoder"),
        ({"model_params": {"decoder.class": "BasicDecoder"}}, "does not go with"),
        ({"model_params": {"embedding.share": True}}, "different tokens"),
        ({"model_params": {"inference.beam_search.choose_successors_fn": "x"}}, "choose_top_k"),
    ],
    ids=str,
)
def test_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_mapping(given)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="char_bi, token"):
        load(tmp_path / "no.yml")
    (tmp_path / "bad.yml").write_text("a: [")
    with pytest.raises(ConfigError, match="neither YAML nor JSON"):
        load(tmp_path / "bad.yml")
