"""The decoders of TensorFlow 1.0 against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.seq2seq import reference as ref
from tests.lib.seq2seq.programs import build, names, numbers, run

s2s = tf1x.contrib.seq2seq
BATCH, TIME, UNITS, SYMBOLS = 3, 4, 5, 6
INPUTS = numbers(BATCH, TIME, 2)
LENGTHS = np.int32([4, 1, 3])
STATE = numbers(BATCH, UNITS, seed=5)
MEMORY = numbers(BATCH, 3, UNITS, seed=6)


def _cell() -> Any:
    return tf1x.nn.rnn_cell.BasicRNNCell(UNITS)


def _reference(w: dict[str, Any]) -> Any:
    return ref.rnn_cell(*(w[f"rnn/basic_rnn_cell/{part}"] for part in ("kernel", "bias")))


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
def test_training(lengths: Any) -> None:
    (outputs, state), w = run(
        lambda: s2s.dynamic_rnn_decoder(
            _cell(),
            s2s.simple_decoder_fn_train(tf1x.constant(STATE)),
            tf1x.constant(INPUTS),
            sequence_length=lengths,
        )[:2]
    )

    cell, n = _reference(w), np.full(BATCH, TIME) if lengths is None else lengths
    h = STATE
    for t in range(TIME):
        going = (t < n)[:, None]
        new = cell(INPUTS[:, t], h)
        np.testing.assert_allclose(outputs[:, t], np.where(going, new, 0), atol=1e-5)
        h = np.where(going, new, h)
    np.testing.assert_allclose(state, h, atol=1e-5)


def _attend(w: dict[str, Any], option: str, query: Any) -> Any:
    keys = MEMORY @ w["attention_keys/weights"]
    if option == "luong":
        scores = ref.luong(query, keys)
    else:
        parts = (w[f"attention_score/{name}"] for name in ("attnW", "attnV"))
        scores = ref.bahdanau(query, keys, *parts)
    context = np.einsum("bt,btd->bd", ref.softmax(scores), MEMORY)
    return np.concatenate([query, context], 1) @ w["attention_construct/weights"]


@pytest.mark.parametrize("option", ["luong", "bahdanau"])
def test_attention(option: str) -> None:
    def program() -> Any:
        prepared = s2s.prepare_attention(tf1x.constant(MEMORY), option, UNITS)
        function = s2s.attention_decoder_fn_train(tf1x.constant(STATE), *prepared)
        return s2s.dynamic_rnn_decoder(
            _cell(), function, tf1x.constant(INPUTS.transpose(1, 0, 2)), LENGTHS, time_major=True
        )[:2]

    (outputs, _), w = run(program)
    cell, h, attention = _reference(w), STATE, np.zeros((BATCH, UNITS))
    for t in range(TIME):
        new = cell(np.concatenate([INPUTS[:, t], attention], 1), h)
        attention = _attend(w, option, new)
        going = (t < LENGTHS)[:, None]
        np.testing.assert_allclose(outputs[t], np.where(going, attention, 0), atol=1e-5)
        h = np.where(going, new, h)


@pytest.mark.parametrize("attention", [False, True], ids=["plain", "attention"])
def test_inference(attention: bool) -> None:
    def program() -> Any:
        table = tf1x.get_variable("embedding", [SYMBOLS, 2])
        weights = tf1x.get_variable("out", [UNITS, SYMBOLS])
        arguments = (table, 1, 0, 6, SYMBOLS)
        state = tf1x.constant(STATE)

        def output(x: Any) -> Any:
            return tf1x.matmul(x, weights)

        if attention:
            prepared = s2s.prepare_attention(tf1x.constant(MEMORY), "luong", UNITS)
            function = s2s.attention_decoder_fn_inference(output, state, *prepared, *arguments)
        else:
            function = s2s.simple_decoder_fn_inference(output, state, *arguments)
        return s2s.dynamic_rnn_decoder(_cell(), function)[:2]

    (logits, _), w = run(program)
    cell, h, read = _reference(w), STATE, np.zeros((BATCH, UNITS))
    ids, ended = np.ones(BATCH, np.int32), np.zeros(BATCH, bool)
    for t in range(logits.shape[1]):
        x = w["embedding"][ids]
        new = cell(np.concatenate([x, read], 1) if attention else x, h)
        h = np.where(ended[:, None], h, new)
        read = _attend(w, "luong", new) if attention else new
        found = read @ w["out"]
        np.testing.assert_allclose(logits[:, t], np.where(ended[:, None], 0, found), atol=1e-4)
        ids = found.argmax(1)
        ended = ended | (ids == 0)
    assert ended.all() or logits.shape[1] == 7


def test_names_are_shared() -> None:
    """Training and inference in one scope, the second with `reuse`."""

    def program() -> None:
        memory, state = tf1x.constant(MEMORY), tf1x.constant(STATE)
        table = tf1x.get_variable("embedding", [SYMBOLS, 2])
        with tf1x.variable_scope("decoder") as scope:
            prepared = s2s.prepare_attention(memory, "bahdanau", UNITS)
            function = s2s.attention_decoder_fn_train(state, *prepared)
            cell = _cell()
            s2s.dynamic_rnn_decoder(cell, function, INPUTS, LENGTHS, scope=scope)
            scope.reuse_variables()
            prepared = s2s.prepare_attention(memory, "bahdanau", UNITS, reuse=True)
            function = s2s.attention_decoder_fn_inference(
                lambda x: x, state, *prepared, table, 1, 0, 6, UNITS
            )
            s2s.dynamic_rnn_decoder(cell, function, scope=scope)

    found = [name for name, _ in names(program)]
    assert found == [
        "embedding",
        "decoder/attention_keys/weights",
        "decoder/attention_score/attnW",
        "decoder/attention_score/attnV",
        "decoder/basic_rnn_cell/kernel",
        "decoder/basic_rnn_cell/bias",
        "decoder/attention_construct/weights",
    ]


def test_wrong_arguments() -> None:
    state = np.zeros((2, UNITS), np.float32)
    train = s2s.simple_decoder_fn_train(state)

    def inference() -> Any:
        table = tf1x.zeros([SYMBOLS, 2])
        function = s2s.simple_decoder_fn_inference(
            None, tf1x.constant(state), table, 1, 0, 5, UNITS
        )
        return s2s.dynamic_rnn_decoder(_cell(), function, INPUTS)

    for match, call in (
        ("three dimensions", lambda: s2s.dynamic_rnn_decoder(_cell(), train, INPUTS[0])),
        ("feature", lambda: s2s.dynamic_rnn_decoder(
            _cell(), train, tf1x.placeholder(tf1x.float32, [None, None, None]))),
        ("cell_input to be None", inference),
        ("Unknown attention", lambda: s2s.prepare_attention(tf1x.constant(MEMORY), "new", UNITS)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            build(call)
