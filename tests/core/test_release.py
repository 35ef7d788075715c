"""`TF1X_RELEASE`: what older releases of TensorFlow 1 ran."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tf1x
from tf1x.core import release


@pytest.fixture
def graph() -> Iterator[Any]:
    with tf1x.Graph().as_default() as made:
        yield made


@pytest.mark.parametrize(
    ("asked", "before"), [(None, False), ("1.13", False), ("1.12", True), ("1.4.1", True)]
)
def test_before(asked: str | None, before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF1X_RELEASE", raising=False)
    if asked:
        monkeypatch.setenv("TF1X_RELEASE", asked)
    assert release.before("1.13") is before


@pytest.mark.parametrize("asked", ["2.0", "1", "new", "1.x"])
def test_no_release(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF1X_RELEASE", asked)
    with pytest.raises(ValueError, match=r"1\.0 or 1\.13, not '" + asked):
        release.before("1.13")


def test_labels_of_another_shape(graph: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def losses() -> Any:
        logits = tf1x.placeholder(tf1x.float32, [None, None, 5])
        cost = tf1x.nn.sparse_softmax_cross_entropy_with_logits(
            labels=np.zeros([2, 3], np.int64), logits=logits
        )
        with tf1x.Session() as sess:
            return sess.run(cost, {logits: np.zeros([3, 2, 5])})

    with pytest.raises(tf1x.errors.InvalidArgumentError):
        losses()
    monkeypatch.setenv("TF1X_RELEASE", "1.12")
    np.testing.assert_allclose(losses(), np.full([2, 3], np.log(5)), rtol=1e-6)


def test_one_cell_in_many_layers(graph: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def network() -> Any:
        cell = tf1x.nn.rnn_cell.LSTMCell(5)
        cells = tf1x.nn.rnn_cell.MultiRNNCell([cell] * 2)
        return tf1x.nn.dynamic_rnn(cells, np.ones([2, 3, 4], np.float32), dtype=tf1x.float32)

    with pytest.raises(ValueError, match="Dimensions must be equal"):
        network()
    monkeypatch.setenv("TF1X_RELEASE", "1.0")
    with tf1x.Graph().as_default():
        network()
        names = [(v.op.name, v.shape.as_list()) for v in tf1x.global_variables()]
    assert names == [
        ("rnn/multi_rnn_cell/cell_0/lstm_cell/weights", [9, 20]),
        ("rnn/multi_rnn_cell/cell_0/lstm_cell/biases", [20]),
        ("rnn/multi_rnn_cell/cell_1/lstm_cell/weights", [10, 20]),
        ("rnn/multi_rnn_cell/cell_1/lstm_cell/biases", [20]),
    ]
