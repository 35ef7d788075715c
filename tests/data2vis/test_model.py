"""The network: every class of parts learns, and decoding is what training computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from data2vis import source
from data2vis.decode import Decoder, _Running
from data2vis.model import Model
from data2vis.spec import Chart
from data2vis.vocabulary import END_ID, SOURCE, START_ID, TARGET
from tests.data2vis.networks import small, table, untrained


def _feed(model: Model) -> dict[Any, Any]:
    random = np.random.default_rng(0)
    return {
        model.source: random.integers(3, 60, (2, 7)),
        model.source_lengths: [7, 4],
        model.target: random.integers(3, 60, (6, 5)),
        model.target_lengths: [5, 5, 3, 4, 0, 2],
    }


@pytest.mark.parametrize(
    "options",
    [
        {
            "attention__class": "AttentionLayerDot", "source__reverse": False,
            "bridge__class": "InitialStateBridge", "bridge__params__activation_fn": "tanh",
            "optimizer__lr_decay_type": "exponential_decay",
        },
        {
            "model": "BasicSeq2Seq", "bridge__class": "PassThroughBridge",
            "encoder__params__rnn_cell__cell_class": "GRUCell",
            "decoder__params__rnn_cell__cell_class": "GRUCell",
            "encoder__params__rnn_cell__num_layers": 2, "decoder__params__rnn_cell__num_layers": 2,
            "encoder__params__rnn_cell__dropout_input_keep_prob": 0.9,
        },
    ],
    ids=["attention", "basic"],
)  # fmt: skip
def test_it_learns(options: dict[str, Any]) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(0)
        model = Model(small(optimizer__learning_rate=0.05, **options), SOURCE, TARGET, True)
        session.run(tf.global_variables_initializer())
        feed = _feed(model)
        losses = [session.run([model.loss, model.train_op], feed)[0] for _ in range(20)]
    assert losses[0] == pytest.approx(np.log(len(TARGET)), rel=0.1)
    assert losses[-1] < 0.7 * losses[0]


def test_padding_does_not_count() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        model = Model(small(), SOURCE, TARGET)
        session.run(tf.global_variables_initializer())
        feed = _feed(model)
        loss, tokens = session.run([model.total_loss, model.tokens], feed)
        feed[model.target] = np.pad(feed[model.target], ((0, 0), (0, 4)), constant_values=9)
        feed[model.source] = np.pad(feed[model.source], ((0, 0), (0, 3)), constant_values=9)
        assert session.run(model.total_loss, feed) == pytest.approx(loss, rel=1e-5)
        assert tokens == 4 + 4 + 2 + 3 + 1


@pytest.mark.parametrize("attends", ["AttentionLayerBahdanau", ""], ids=["attention", "basic"])
def test_steps_give_the_probabilities_of_training(attends: str, tmp_path: Path) -> None:
    options = {"attention__class": attends} if attends else {"model": "BasicSeq2Seq"}
    trained = untrained(tmp_path / "network", small(**options))
    model = trained.model
    ids = Chart.from_tokens("bar x str0 y mean num0").ids()
    read = source.ids(table().profile)
    feed = {
        model.source: [read], model.source_lengths: [len(read)],
        model.target: [[START_ID, *ids]], model.target_lengths: [len(ids) + 1],
    }  # fmt: skip
    loss = trained.session.run(model.total_loss, feed)
    network = _Running(Decoder(trained), read, slots=3)
    total = 0.0
    for last, token in zip([START_ID, *ids], ids):
        # Beside another beginning, which goes on from it, too.
        total += network.step([1, 1], [7, last])[1, token]
    assert -total == pytest.approx(loss, rel=1e-4)
    assert ids[-1] == END_ID
