"""`tf.contrib.legacy_seq2seq` against NumPy, and the names of its variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.seq2seq import reference as ref
from tests.lib.seq2seq.programs import build, names, numbers, run

legacy = tf1x.contrib.legacy_seq2seq
BATCH, UNITS, SYMBOLS, SIZE = 3, 5, 6, 4
SOURCE = np.random.RandomState(0).randint(0, SYMBOLS, (4, BATCH)).astype(np.int32)
TARGET = np.random.RandomState(1).randint(0, SYMBOLS, (3, BATCH)).astype(np.int32)
PARTS = ("kernel", "bias")


def _cell() -> Any:
    return tf1x.nn.rnn_cell.BasicRNNCell(UNITS)


def _ids(values: Any) -> list[Any]:
    return [tf1x.constant(row) for row in values]


def _linear(w: dict[str, Any], scope: str) -> Callable[..., Any]:
    kernel, bias = (w[f"{scope}/{part}"] for part in PARTS)
    return lambda *parts: np.concatenate(parts, 1) @ kernel + bias


def _tanh_cell(w: dict[str, Any], scope: str) -> Any:
    return ref.rnn_cell(*(w[f"{scope}/{part}"] for part in PARTS))


# -- without embeddings --------------------------------------------------------------------------

STEPS = numbers(3, BATCH, 2)


def test_rnn_decoder() -> None:
    """With the outputs fed back, which are then the inputs."""

    def program() -> Any:
        start = tf1x.constant(numbers(BATCH, UNITS, seed=1))
        return legacy.rnn_decoder(
            list(tf1x.unstack(tf1x.constant(STEPS))), start, _cell(),
            loop_function=lambda previous, i: previous[:, :2] * float(i),
        )  # fmt: skip

    (outputs, state), w = run(program)
    cell = _tanh_cell(w, "rnn_decoder/basic_rnn_cell")
    h, x = numbers(BATCH, UNITS, seed=1), STEPS[0]
    for i in range(3):
        h = cell(x, h)
        np.testing.assert_allclose(outputs[i], h, atol=1e-5)
        x = h[:, :2] * (i + 1)
    np.testing.assert_allclose(state, h, atol=1e-5)


@pytest.mark.parametrize("tied", [False, True], ids=["basic", "tied"])
def test_models_without_embeddings(tied: bool) -> None:
    model = legacy.tied_rnn_seq2seq if tied else legacy.basic_rnn_seq2seq

    def program() -> Any:
        steps = list(tf1x.unstack(tf1x.constant(STEPS)))
        return model(steps, steps[:2], _cell())

    (outputs, state), w = run(program)
    if tied:
        encoder = decoder = "combined_tied_rnn_seq2seq/tied_rnn_seq2seq/basic_rnn_cell"
    else:
        encoder = "basic_rnn_seq2seq/rnn/basic_rnn_cell"
        decoder = "basic_rnn_seq2seq/rnn_decoder/basic_rnn_cell"
    assert set(w) == {f"{scope}/{part}" for scope in (encoder, decoder) for part in PARTS}
    h = np.zeros((BATCH, UNITS))
    for x in STEPS:
        h = _tanh_cell(w, encoder)(x, h)
    for i in range(2):
        h = _tanh_cell(w, decoder)(STEPS[i], h)
        np.testing.assert_allclose(outputs[i], h, atol=1e-5)
    np.testing.assert_allclose(state, h, atol=1e-5)


# -- with embeddings -----------------------------------------------------------------------------


def _encoded(w: dict[str, Any], scope: str, cell: str) -> tuple[Any, Any]:
    """Outputs and state of an encoder with an `EmbeddingWrapper`."""
    step = _tanh_cell(w, f"{scope}/{cell}")
    h, outputs = np.zeros((BATCH, UNITS)), []
    for ids in SOURCE:
        h = step(w[f"{scope}/embedding"][ids], h)
        outputs.append(h)
    return np.stack(outputs, 1), h


def _fed(logits: list[Any], i: int, greedy: bool) -> Any:
    return logits[-1].argmax(1) if greedy and logits else TARGET[i]


@pytest.mark.parametrize("feed", [False, True, "tensor"], ids=str)
def test_embedding_rnn(feed: Any) -> None:
    def program() -> Any:
        fed = tf1x.placeholder(tf1x.bool, [], "feed") if feed == "tensor" else feed
        return legacy.embedding_rnn_seq2seq(
            _ids(SOURCE), _ids(TARGET), _cell(), SYMBOLS, SYMBOLS, SIZE, feed_previous=fed
        )

    for greedy in [False, True] if feed == "tensor" else [feed]:
        (outputs, state), w = run(program, {"feed": greedy} if feed == "tensor" else None)
        top = "embedding_rnn_seq2seq"
        _, h = _encoded(w, f"{top}/rnn/embedding_wrapper", "basic_rnn_cell")
        scope = f"{top}/embedding_rnn_decoder"
        cell = _tanh_cell(w, f"{scope}/rnn_decoder/output_projection_wrapper/basic_rnn_cell")
        project = _linear(w, f"{scope}/rnn_decoder/output_projection_wrapper")
        logits: list[Any] = []
        for i in range(3):
            h = cell(w[f"{scope}/embedding"][_fed(logits, i, greedy)], h)
            logits.append(project(h))
        np.testing.assert_allclose(outputs, logits, atol=1e-5)
        np.testing.assert_allclose(state, h, atol=1e-5)


@pytest.mark.parametrize("feed", [False, True, "tensor"], ids=str)
def test_embedding_tied(feed: Any) -> None:
    def program() -> Any:
        fed = tf1x.placeholder(tf1x.bool, [], "feed") if feed == "tensor" else feed
        return legacy.embedding_tied_rnn_seq2seq(
            _ids(SOURCE), _ids(TARGET), _cell(), SYMBOLS, SIZE, num_decoder_symbols=5,
            feed_previous=fed,
        )  # fmt: skip

    for greedy in [False, True] if feed == "tensor" else [feed]:
        (outputs, _), w = run(program, {"feed": greedy} if feed == "tensor" else None)
        top = "embedding_tied_rnn_seq2seq"
        scope = f"{top}/combined_tied_rnn_seq2seq/tied_rnn_seq2seq/output_projection_wrapper"
        cell, project = _tanh_cell(w, f"{scope}/basic_rnn_cell"), _linear(w, scope)
        h = np.zeros((BATCH, UNITS))
        for ids in SOURCE:
            h = cell(w[f"{top}/embedding"][ids], h)
        logits: list[Any] = []
        for i in range(3):
            h = cell(w[f"{top}/embedding"][_fed(logits, i, greedy)], h)
            logits.append(project(h))
        np.testing.assert_allclose(outputs, logits, atol=1e-5)


@pytest.mark.parametrize("feed", [False, True, "tensor"], ids=str)
@pytest.mark.parametrize(("heads", "first"), [(1, False), (2, True)], ids=["one head", "two heads"])
def test_attention(heads: int, first: bool, feed: Any) -> None:
    def program() -> Any:
        fed = tf1x.placeholder(tf1x.bool, [], "feed") if feed == "tensor" else feed
        return legacy.embedding_attention_seq2seq(
            _ids(SOURCE), _ids(TARGET), _cell(), SYMBOLS, SYMBOLS, SIZE, num_heads=heads,
            feed_previous=fed, initial_state_attention=first,
        )  # fmt: skip

    for greedy in [False, True] if feed == "tensor" else [feed]:
        (outputs, state), w = run(program, {"feed": greedy} if feed == "tensor" else None)
        top = "embedding_attention_seq2seq"
        memory, h = _encoded(w, f"{top}/rnn/embedding_wrapper", "basic_rnn_cell")
        scope = f"{top}/embedding_attention_decoder"
        inner = f"{scope}/attention_decoder"
        wrapper = f"{inner}/output_projection_wrapper"
        cell = _tanh_cell(w, f"{wrapper}/basic_rnn_cell")

        def read(h: Any, w: Any = w, inner: str = inner, memory: Any = memory) -> list[Any]:
            found = []
            for head in range(heads):
                features = memory @ w[f"{inner}/AttnW_{head}"][0, 0]
                query = _linear(w, f"{inner}/Attention_{head}")(h)
                scores = np.tanh(features + query[:, None]) @ w[f"{inner}/AttnV_{head}"]
                found.append(np.einsum("bt,btd->bd", ref.softmax(scores), memory))
            return found

        context = read(h) if first else [np.zeros((BATCH, UNITS))] * heads
        logits: list[Any] = []
        for i in range(3):
            x = w[f"{scope}/embedding"][_fed(logits, i, greedy)]
            h = cell(_linear(w, inner)(x, *context), h)
            context = read(h)
            output = _linear(w, f"{inner}/AttnOutputProjection")
            logits.append(output(_linear(w, wrapper)(h), *context))
        np.testing.assert_allclose(outputs, logits, atol=1e-4)
        np.testing.assert_allclose(state, h, atol=1e-5)


def test_projection() -> None:
    """Logits by weights of the program's; no layer of its own."""

    def program() -> Any:
        projection = (
            tf1x.get_variable("w", [UNITS, SYMBOLS]),
            tf1x.get_variable("b", [SYMBOLS]),
        )
        return legacy.embedding_attention_seq2seq(
            _ids(SOURCE), _ids(TARGET), tf1x.nn.rnn_cell.BasicLSTMCell(UNITS), SYMBOLS, SYMBOLS,
            SIZE, output_projection=projection, feed_previous=True,
        )  # fmt: skip

    (outputs, state), w = run(program)
    assert [x.shape for x in outputs] == [(BATCH, UNITS)] * 3
    assert type(state).__name__ == "LSTMStateTuple"
    assert not [name for name in w if "output_projection_wrapper" in name]


def test_states_in_both_branches() -> None:
    """Tuples of states, and what to feed a tensor."""

    def program() -> Any:
        cell = tf1x.nn.rnn_cell.MultiRNNCell(
            [tf1x.nn.rnn_cell.BasicLSTMCell(UNITS), tf1x.nn.rnn_cell.GRUCell(UNITS)]
        )
        outputs, state = legacy.embedding_rnn_seq2seq(
            _ids(SOURCE), _ids(TARGET), cell, SYMBOLS, SYMBOLS, SIZE,
            feed_previous=tf1x.placeholder(tf1x.bool, [], "feed"),
        )  # fmt: skip
        loss = tf1x.add_n([tf1x.reduce_sum(x) for x in outputs])
        gradients = tf1x.gradients(loss, tf1x.trainable_variables())
        assert all(g is not None for g in gradients)
        return outputs, state, [tf1x.convert_to_tensor(g) for g in gradients]

    for greedy in (False, True):
        (_, state, gradients), _ = run(program, {"feed": greedy})
        assert [np.shape(x) for x in state[0]] == [(BATCH, UNITS)] * 2
        assert all(np.isfinite(g).all() for g in gradients)


def test_one_to_many() -> None:
    def program() -> Any:
        return legacy.one2many_rnn_seq2seq(
            _ids(SOURCE), {"a": _ids(TARGET % 3), 2: _ids(TARGET[:2])}, _cell(),
            {"a": _cell(), 2: tf1x.nn.rnn_cell.GRUCell(UNITS)}, SYMBOLS, {"a": 3, 2: SYMBOLS}, SIZE,
            feed_previous=tf1x.placeholder_with_default(False, []),
        )  # fmt: skip

    (outputs, states), w = run(program)
    assert [x.shape for x in outputs["a"]] == [(BATCH, 3)] * 3
    assert [x.shape for x in outputs[2]] == [(BATCH, SYMBOLS)] * 2
    assert states["a"].shape == (BATCH, UNITS)
    top = "one2many_rnn_seq2seq"
    scope = f"{top}/one2many_decoder_a/embedding_rnn_decoder"
    _, h = _encoded(w, f"{top}/rnn/embedding_wrapper", "basic_rnn_cell")
    cell = _tanh_cell(w, f"{scope}/rnn_decoder/output_projection_wrapper/basic_rnn_cell")
    for ids in TARGET % 3:
        h = cell(w[f"{scope}/embedding"][ids], h)
    np.testing.assert_allclose(states["a"], h, atol=1e-5)


# -- losses --------------------------------------------------------------------------------------

LOGITS = numbers(3, BATCH, SYMBOLS, seed=6)
WEIGHTS = np.float32([[1, 0, 1], [1, 0, 0.5], [2, 0, 0]])


def _losses(average: bool) -> Any:
    steps = -np.take_along_axis(ref.log_softmax(LOGITS), TARGET[..., None], 2)[..., 0]
    total = (steps * WEIGHTS).sum(0)
    return total / (WEIGHTS.sum(0) + 1e-12) if average else total


@pytest.mark.parametrize("average", [True, False])
def test_losses(average: bool) -> None:
    def program() -> Any:
        given = [list(tf1x.unstack(tf1x.constant(x))) for x in (LOGITS, TARGET, WEIGHTS)]
        each = legacy.sequence_loss_by_example(*given, average_across_timesteps=average)
        both = [
            legacy.sequence_loss(
                *given, average_across_timesteps=average, average_across_batch=batch
            )
            for batch in (True, False)
        ]
        return each, both

    (each, (mean, total)), _ = run(program)
    np.testing.assert_allclose(each, _losses(average), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(mean, _losses(average).sum() / BATCH, rtol=1e-5)
    np.testing.assert_allclose(total, _losses(average).sum(), rtol=1e-5)


def test_loss_of_the_whole_sequence_at_once() -> None:
    """As language models call it: one matrix of logits for all steps of all sequences."""
    (loss,), _ = run(
        lambda: [
            legacy.sequence_loss_by_example(
                [LOGITS.reshape(-1, SYMBOLS)],
                [tf1x.reshape(TARGET, [-1])],
                [np.ones(9, np.float32)],
            )
        ]
    )
    flat = ref.log_softmax(LOGITS.reshape(-1, SYMBOLS))
    np.testing.assert_allclose(loss, -flat[np.arange(9), TARGET.reshape(-1)], rtol=1e-5)


@pytest.mark.parametrize("each", [False, True], ids=["mean", "by example"])
def test_buckets(each: bool) -> None:
    def model(encoder: Any, decoder: Any) -> Any:
        return legacy.embedding_rnn_seq2seq(encoder, decoder, _cell(), SYMBOLS, SYMBOLS, SIZE)

    def program() -> Any:
        weights = list(tf1x.unstack(tf1x.constant(WEIGHTS)))
        return legacy.model_with_buckets(
            _ids(SOURCE), _ids(TARGET), _ids(TARGET), weights, [(2, 1), (4, 3)], model,
            per_example_loss=each,
        )  # fmt: skip

    (outputs, losses), w = run(program)
    assert [len(x) for x in outputs] == [1, 3]
    assert [np.shape(x) for x in losses] == [(BATCH,) if each else ()] * 2
    alone = names(lambda: model(_ids(SOURCE), _ids(TARGET)))
    assert alone == [(name, list(value.shape)) for name, value in w.items()]  # all in common


def test_wrong_arguments() -> None:
    with tf1x.Graph().as_default():
        ids, step = _ids(SOURCE), tf1x.zeros([BATCH, 2])
        memory = tf1x.zeros([BATCH, 4, UNITS])
        for error, match, call in (
            (ValueError, "Lengths of", lambda: legacy.sequence_loss_by_example([step], [], [])),
            (ValueError, "at least 1 input", lambda: legacy.attention_decoder(
                [], step, memory, _cell())),
            (ValueError, "less than 1 heads", lambda: legacy.attention_decoder(
                [step], step, memory, _cell(), num_heads=0)),
            (ValueError, "must be known", lambda: legacy.attention_decoder(
                [step], step, tf1x.placeholder(tf1x.float32, [None, 3, None]), _cell())),
            (ValueError, "encoder_inputs", lambda: legacy.model_with_buckets(
                ids, ids, ids, ids, [(9, 1)], None)),
            (ValueError, "targets", lambda: legacy.model_with_buckets(
                ids, ids, ids, ids, [(1, 9)], None)),
            (TypeError, "enc_cell", lambda: legacy.one2many_rnn_seq2seq(
                ids, {}, object(), {}, 1, {}, 1)),
            (ValueError, "keys of", lambda: legacy.one2many_rnn_seq2seq(
                ids, {"a": ids}, _cell(), {}, 1, {}, 1)),
            (ValueError, "incompatible", lambda: legacy.embedding_rnn_decoder(
                ids, step, _cell(), 3, 2, output_projection=(np.zeros((UNITS, 4)), np.zeros(4)))),
        ):  # fmt: skip
            with pytest.raises(error, match=match):
                call()


def test_older_names() -> None:
    assert tf1x.nn.seq2seq.rnn_decoder is legacy.rnn_decoder
    _, made = build(lambda: tf1x.nn.seq2seq.sequence_loss([LOGITS[0]], [TARGET[0]], [WEIGHTS[0]]))
    assert made.shape.as_list() == []
