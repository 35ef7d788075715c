"""`tf.nn.static_rnn`, `static_bidirectional_rnn`, `static_state_saving_rnn`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.layers.same import numbers
from tests.lib.rnn.programs import CELLS, check, flat
from tests.oracle import tf1


def _feeds(lengths: Any) -> dict[str, Any]:
    return {"x": numbers(2, 4, 3)} | ({} if lengths is None else {"n": np.int32(lengths)})


def _placeholders(tf: Any, lengths: Any) -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    n = None if lengths is None else tf.placeholder(tf.int32, [None], name="n")
    return tf.unstack(x, 4, 1), n


@pytest.mark.parametrize("name", ["basic lstm", "gru", "two layers, one matrix", "dropout"])
def test_cells(name: str) -> None:
    def program(tf: Any) -> Any:
        tf.set_random_seed(5)
        x, _ = _placeholders(tf, None)
        outputs, state = tf.nn.static_rnn(CELLS[name](tf), x, dtype=tf.float32)
        return flat(tf, outputs, state)

    check(program, _feeds(None))


@pytest.mark.parametrize("lengths", [[4, 2], [0, 3], [0, 0]], ids=str)
def test_lengths(lengths: list[int]) -> None:
    def program(tf: Any) -> Any:
        x, n = _placeholders(tf, lengths)
        cell = CELLS["two layers"](tf)
        outputs, state = tf.nn.static_rnn(cell, x, dtype=tf.float32, sequence_length=n)
        return flat(tf, outputs, state)

    check(program, _feeds(lengths), nodes=False)


@pytest.mark.parametrize("lengths", [None, [4, 2]], ids=str)
def test_bidirectional(lengths: Any) -> None:
    def program(tf: Any) -> Any:
        x, n = _placeholders(tf, lengths)
        cells = tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.BasicLSTMCell(2)
        outputs, fw, bw = tf.nn.static_bidirectional_rnn(
            *cells, x, dtype=tf.float32, sequence_length=n
        )
        return flat(tf, outputs, fw, bw)

    check(program, _feeds(lengths), nodes=lengths is None)


def test_state_saver() -> None:
    def program(tf: Any) -> Any:
        class Saver:
            """What is saved goes to other variables, so that no run depends on the order."""

            def state(self, name: str) -> Any:
                return tf.get_variable(name, [2, 3])

            def save_state(self, name: str, value: Any) -> Any:
                return tf.assign(tf.get_variable(f"{name}_last", [2, 3], trainable=False), value)

        x, _ = _placeholders(tf, None)
        cell = tf.nn.rnn_cell.BasicLSTMCell(3)
        outputs, state = tf.nn.static_state_saving_rnn(cell, x, Saver(), ("c", "h"))
        with pytest.raises(ValueError, match="state_name"):
            tf.nn.static_state_saving_rnn(cell, x, Saver, "c")
        return flat(tf, outputs, state)

    check(program, _feeds(None), nodes=False)


@pytest.mark.parametrize("tf", [tf1x, tf1], ids=["ours", "oracle"])
def test_wrong_arguments(tf: Any) -> None:
    with tf.Graph().as_default():
        cell = tf.nn.rnn_cell.GRUCell(3)
        x = tf.zeros([2, 3])
        with pytest.raises(TypeError, match="must be a sequence"):
            tf.nn.static_rnn(cell, x, dtype=tf.float32)
        with pytest.raises(ValueError, match="must not be empty"):
            tf.nn.static_rnn(cell, [], dtype=tf.float32)
        with pytest.raises(ValueError, match="dtype"):
            tf.nn.static_rnn(cell, [x])
        with pytest.raises(ValueError, match="must be accessible"):
            tf.nn.static_rnn(cell, [tf.placeholder(tf.float32, [2, None])], dtype=tf.float32)
        with pytest.raises(ValueError, match="must be a vector"):
            tf.nn.static_rnn(cell, [x], dtype=tf.float32, sequence_length=3)


def test_old_names() -> None:
    assert tf1x.nn.rnn is tf1x.contrib.rnn.static_rnn is tf1x.nn.static_rnn
    assert tf1x.nn.bidirectional_rnn is tf1x.nn.static_bidirectional_rnn
