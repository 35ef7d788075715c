"""`dynamic_decode` with `BasicDecoder` and the helpers, against NumPy; gradients; training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.seq2seq import reference as ref
from tests.lib.seq2seq.programs import build, numbers, run

s2s = tf1x.contrib.seq2seq
BATCH, TIME, DEPTH, UNITS, SYMBOLS = 3, 5, 4, 6, 7
INPUTS = numbers(BATCH, TIME, DEPTH)
LENGTHS = np.int32([5, 2, 4])
STATE = numbers(BATCH, UNITS, seed=5)
NAMES = ("kernel", "bias")


def _training(
    lengths: Any = LENGTHS, time_major: bool = False, fed: bool = True, **options: Any
) -> Any:
    inputs = INPUTS.transpose(1, 0, 2) if time_major else INPUTS
    shape = [None, None, DEPTH]
    if fed:
        given = (
            tf1x.placeholder(tf1x.float32, shape, "x"),
            tf1x.placeholder(tf1x.int32, [None], "n"),
        )
    else:
        given = tf1x.constant(inputs), tf1x.constant(lengths)
    helper = s2s.TrainingHelper(*given, time_major=time_major)
    cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
    decoder = s2s.BasicDecoder(cell, helper, tf1x.constant(STATE), tf1x.layers.Dense(SYMBOLS))
    return s2s.dynamic_decode(decoder, **options)


def _cell(w: dict[str, Any]) -> tuple[Any, Any]:
    """The cell and the output layer of a decoder."""
    kernel, bias = (w[f"decoder/dense/{n}"] for n in NAMES)
    cell = ref.rnn_cell(*(w[f"decoder/basic_rnn_cell/{n}"] for n in NAMES))
    return cell, lambda h: h @ kernel + bias


@pytest.mark.parametrize("impute", [False, True], ids=["as they come", "imputed"])
@pytest.mark.parametrize("fed", [False, True], ids=["constant", "fed"])
@pytest.mark.parametrize(
    ("lengths", "limit"),
    [([5, 2, 4], None), ([1, 2, 3], None), ([5, 5, 5], 3), ([0, 2, 1], None), ([0, 0, 0], None)],
    ids=str,
)
def test_training(lengths: list[int], limit: int | None, fed: bool, impute: bool) -> None:
    n = np.int32(lengths)
    (outputs, state, counts), w = run(
        lambda: _training(n, fed=fed, impute_finished=impute, maximum_iterations=limit),
        {"x": INPUTS, "n": n} if fed else None,
    )
    steps = min(n.max(), limit or TIME)
    h, logits = STATE, []
    cell, dense = _cell(w) if w else (None, None)
    for t in range(steps):
        assert cell is not None
        assert dense is not None
        new = cell(INPUTS[:, t], h)
        over = (t >= n)[:, None]
        out = dense(new)
        h = np.where(over, h, new) if impute else new
        logits.append(np.where(over, 0, out) if impute else out)
    wanted = np.stack(logits, 1) if logits else np.zeros((BATCH, 0, SYMBOLS))
    np.testing.assert_allclose(outputs.rnn_output, wanted, atol=1e-5)
    np.testing.assert_allclose(state, h, atol=1e-5)
    np.testing.assert_array_equal(counts, np.minimum(n, steps))
    ids = wanted.argmax(2)
    valid = np.arange(steps) < n[:, None]
    np.testing.assert_array_equal(outputs.sample_id[valid], ids[valid])
    if impute:
        np.testing.assert_array_equal(outputs.sample_id[~valid], 0)


def test_time_major() -> None:
    options: dict[str, Any] = {"time_major": True, "output_time_major": True}
    feeds = {"x": INPUTS, "n": LENGTHS}
    (first, _, _), _ = run(lambda: _training(**options), {**feeds, "x": INPUTS.transpose(1, 0, 2)})
    (second, _, _), _ = run(_training, feeds)
    np.testing.assert_array_equal(first.rnn_output.transpose(1, 0, 2), second.rnn_output)
    np.testing.assert_array_equal(first.sample_id.T, second.sample_id)


def test_static_shapes() -> None:
    _, (outputs, state, lengths) = build(lambda: _training(fed=False))
    assert outputs.rnn_output.shape.as_list() == [BATCH, None, SYMBOLS]
    assert outputs.sample_id.shape.as_list() == [BATCH, None]
    assert state.shape.as_list() == [BATCH, UNITS]
    assert lengths.shape.as_list() == [BATCH]
    assert outputs.rnn_output.dtype is tf1x.float32
    assert outputs.sample_id.dtype is tf1x.int32


def test_longer_than_the_inputs() -> None:
    with pytest.raises(tf1x.errors.InvalidArgumentError):
        run(_training, {"x": INPUTS, "n": LENGTHS + 1})


def test_step_by_step() -> None:
    """A decoder in the hands of a program: other inputs than the helper's."""

    def program() -> Any:
        helper = s2s.TrainingHelper(INPUTS, LENGTHS)
        cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
        decoder = s2s.BasicDecoder(cell, helper, tf1x.constant(STATE))
        with tf1x.variable_scope("decoder"):
            finished, inputs, state = decoder.initialize()
            outputs, state, following, ended = decoder.step(tf1x.constant(1), inputs + 1, state)
        return finished, inputs, outputs, state, following, ended

    (finished, inputs, outputs, state, following, ended), w = run(program)
    cell = ref.rnn_cell(*(w[f"decoder/basic_rnn_cell/{n}"] for n in NAMES))
    np.testing.assert_array_equal(inputs, INPUTS[:, 0])
    np.testing.assert_allclose(state, cell(INPUTS[:, 0] + 1, STATE), atol=1e-6)
    np.testing.assert_array_equal(outputs.rnn_output, state)
    np.testing.assert_array_equal(following, INPUTS[:, 2])
    assert not finished.any()
    np.testing.assert_array_equal(ended, [False, True, False])


# -- inference -----------------------------------------------------------------------------------


def _inference(helper: Callable[[Any], Any], **options: Any) -> Any:
    table = tf1x.get_variable("embedding", [SYMBOLS, DEPTH])
    cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
    decoder = s2s.BasicDecoder(
        cell, helper(table), tf1x.constant(STATE), tf1x.layers.Dense(SYMBOLS)
    )
    return s2s.dynamic_decode(decoder, **options)


@pytest.mark.parametrize("limit", [4, 40])
def test_greedy(limit: int) -> None:
    (outputs, state, lengths), w = run(
        lambda: _inference(
            lambda table: s2s.GreedyEmbeddingHelper(table, [1, 2, 3], 0), maximum_iterations=limit
        )
    )
    cell, dense = _cell(w)
    ids, h, ended, counts, found = np.int32([1, 2, 3]), STATE, np.zeros(3, bool), np.zeros(3), []
    for _ in range(limit):
        if ended.all():
            break
        h = cell(w["embedding"][ids], h)
        ids = dense(h).argmax(1)
        counts += ~ended
        ended |= ids == 0
        found.append(ids)
    np.testing.assert_array_equal(outputs.sample_id, np.stack(found, 1))
    np.testing.assert_array_equal(lengths, counts)
    np.testing.assert_allclose(state, h, atol=1e-4)


def test_greedy_until_the_end() -> None:
    """Without a limit, beyond the room that there is at first."""

    def program() -> Any:
        helper = s2s.GreedyEmbeddingHelper(lambda ids: tf1x.one_hot(ids, 1), [0, 0], 1)
        return s2s.dynamic_decode(s2s.BasicDecoder(_Counting(), helper, tf1x.zeros([2, 1])))

    (outputs, state, lengths), _ = run(program)
    assert outputs.sample_id.shape == (2, 72)
    np.testing.assert_array_equal(outputs.sample_id.sum(1), [1, 1])
    np.testing.assert_array_equal(lengths, [72, 72])
    np.testing.assert_array_equal(state, [[72], [72]])


class _Counting(tf1x.nn.rnn_cell.RNNCell):  # type: ignore[misc]
    """Prefers symbol 0 for 71 steps, then symbol 1."""

    state_size = 1
    output_size = 2

    def call(self, inputs: Any, state: Any) -> Any:
        return tf1x.concat([70.5 - state, state - 70.5], 1), state + 1.0


def test_samples() -> None:
    def program() -> Any:
        return [
            _inference_in(
                f"s{i}",
                lambda table, t=temperature: s2s.SampleEmbeddingHelper(
                    table, [1, 2, 3], 0, softmax_temperature=t, seed=4
                ),
            )
            for i, temperature in enumerate([None, 1e-4])
        ]

    (warm, cold), _ = run(program)
    assert warm[0].sample_id.shape[1] <= 8
    logits = cold[0].rnn_output
    np.testing.assert_array_equal(cold[0].sample_id, logits.argmax(2))
    assert warm[0].sample_id.max() < SYMBOLS


def _inference_in(scope: str, helper: Any) -> Any:
    with tf1x.variable_scope(scope):
        return _inference(helper, maximum_iterations=8)


def test_inference_helper() -> None:
    """Continuous samples: the next input is the output itself."""

    def program() -> Any:
        cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
        helper = s2s.InferenceHelper(
            lambda outputs: outputs * 2.0,
            [UNITS],
            tf1x.float32,
            tf1x.constant(STATE),
            lambda samples: samples[:, 0] > 100.0,
        )
        return s2s.dynamic_decode(
            s2s.BasicDecoder(cell, helper, tf1x.constant(STATE)), maximum_iterations=3
        )

    (outputs, _, _), w = run(program)
    cell = ref.rnn_cell(*(w[f"decoder/basic_rnn_cell/{n}"] for n in NAMES))
    x, h = STATE, STATE
    for t in range(3):
        h = cell(x, h)
        x = 2 * h
        np.testing.assert_allclose(outputs.sample_id[:, t], x, atol=1e-5)


def test_custom_helper() -> None:
    def program() -> Any:
        def initialize() -> Any:
            return tf1x.zeros([2], tf1x.bool), tf1x.ones([2, 2])

        def sample(time: Any, outputs: Any, state: Any) -> Any:
            return tf1x.cast(outputs > 0, tf1x.int32)

        def following(time: Any, outputs: Any, state: Any, sample_ids: Any) -> Any:
            return tf1x.fill([2], time >= 2), outputs, state

        helper = s2s.CustomHelper(initialize, sample, following, [2], tf1x.int32)
        with pytest.raises(ValueError, match="before initialize"):
            _ = helper.batch_size
        cell = tf1x.nn.rnn_cell.BasicRNNCell(2)
        return s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, tf1x.zeros([2, 2])))

    (outputs, _, lengths), _ = run(program)
    assert outputs.sample_id.shape == (2, 3, 2)
    np.testing.assert_array_equal(outputs.sample_id, outputs.rnn_output > 0)
    np.testing.assert_array_equal(lengths, [3, 3])


# -- scheduled sampling --------------------------------------------------------------------------


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_scheduled_embeddings(probability: float) -> None:
    def program() -> Any:
        outputs, _, _ = _inference(
            lambda table: s2s.ScheduledEmbeddingTrainingHelper(
                INPUTS, LENGTHS, table, probability, seed=1, scheduling_seed=2
            )
        )
        table = tf1x.trainable_variables()[0]
        return outputs, tf1x.gradients(tf1x.reduce_sum(outputs.rnn_output), [table])

    (outputs, (gradient,)), w = run(program)
    cell, dense = _cell(w)
    h, x = STATE, INPUTS[:, 0]
    for t in range(TIME):
        h = cell(x, h)
        np.testing.assert_allclose(outputs.rnn_output[:, t], dense(h), atol=1e-5)
        ids = outputs.sample_id[:, t]
        if t + 1 < TIME:
            x = np.where((ids > -1)[:, None], w["embedding"][ids], INPUTS[:, t + 1])
    sampled = outputs.sample_id > -1
    assert sampled.mean() == probability or 0 < sampled.mean() < 1
    assert bool(np.any(gradient)) == (probability > 0)


@pytest.mark.parametrize("function", [False, True], ids=["outputs", "function"])
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "auxiliary"])
def test_scheduled_outputs(beside: bool, function: bool) -> None:
    inputs, more = numbers(BATCH, TIME, UNITS), numbers(BATCH, TIME, 2, seed=8)

    def program() -> Any:
        helper = s2s.ScheduledOutputTrainingHelper(
            inputs,
            LENGTHS,
            [0.5, 0.5, 0.5],
            seed=3,
            next_inputs_fn=(lambda outputs: outputs * 3.0) if function else None,
            auxiliary_inputs=more if beside else None,
        )
        cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
        return s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, tf1x.constant(STATE)))[0]

    outputs, w = run(program)
    cell = ref.rnn_cell(*(w[f"decoder/basic_rnn_cell/{n}"] for n in NAMES))

    def joined(values: Any, t: int) -> Any:
        return np.concatenate([values, more[:, t]], 1) if beside else values

    h, x = STATE, joined(inputs[:, 0], 0)
    for t in range(TIME):
        h = cell(x, h)
        np.testing.assert_allclose(outputs.rnn_output[:, t], h, atol=1e-4)
        if t + 1 < TIME:
            made = h * 3 if function else h
            taken = outputs.sample_id[:, t, None] > 0
            x = joined(np.where(taken, made, inputs[:, t + 1]), t + 1)
    assert 0 < outputs.sample_id.mean() < 1


# -- own decoders --------------------------------------------------------------------------------


class _Doubling(s2s.Decoder):  # type: ignore[misc]
    """Doubles a number until it is above 100; nests of inputs, states and outputs."""

    batch_size = 2
    output_size = {"x": tf1x.TensorShape([]), "y": (tf1x.TensorShape([1]),)}
    output_dtype = {"x": tf1x.float32, "y": (tf1x.int32,)}

    def initialize(self, name: Any = None) -> Any:
        return tf1x.zeros([2], tf1x.bool), {"a": tf1x.ones([2])}, (tf1x.constant([3.0, 20.0]),)

    def step(self, time: Any, inputs: Any, state: Any, name: Any = None) -> Any:
        new = state[0] * 2.0
        outputs = {"x": new, "y": (tf1x.fill([2, 1], time),)}
        return outputs, (new,), inputs, new > 100.0

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        return outputs["x"], final_state[0] + tf1x.cast(sequence_lengths, tf1x.float32)


def test_own_decoder() -> None:
    (outputs, state, lengths), _ = run(
        lambda: s2s.dynamic_decode(_Doubling(), impute_finished=True, output_time_major=True)
    )
    np.testing.assert_array_equal(
        outputs, [[6, 40], [12, 80], [24, 160], [48, 0], [96, 0], [192, 0]]
    )
    np.testing.assert_array_equal(lengths, [6, 3])
    np.testing.assert_array_equal(state, [192 + 6, 160 + 3])


def test_wrong_arguments() -> None:
    with tf1x.Graph().as_default():
        helper = s2s.TrainingHelper(INPUTS, LENGTHS)
        cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
        for error, match, call in (
            (TypeError, "type Decoder", lambda: s2s.dynamic_decode(object())),
            (ValueError, "scalar", lambda: s2s.dynamic_decode(
                s2s.BasicDecoder(cell, helper, STATE), maximum_iterations=[1])),
            (TypeError, "helper must be", lambda: s2s.BasicDecoder(cell, object(), STATE)),
            (TypeError, "not an RNNCell", lambda: s2s.BasicDecoder(object(), helper, STATE)),
            (TypeError, "output_layer", lambda: s2s.BasicDecoder(cell, helper, STATE, object())),
            (ValueError, "to be a vector", lambda: s2s.TrainingHelper(INPUTS, [[1]])),
            (ValueError, "start_tokens", lambda: s2s.GreedyEmbeddingHelper(INPUTS[0], [[1]], 0)),
            (ValueError, "end_token", lambda: s2s.GreedyEmbeddingHelper(INPUTS[0], [1], [0])),
            (ValueError, "scalar or a vector", lambda: s2s.ScheduledOutputTrainingHelper(
                INPUTS, LENGTHS, [[0.5]])),
        ):  # fmt: skip
            with pytest.raises(error, match=match):
                call()


# -- gradients and training ----------------------------------------------------------------------


def test_gradients() -> None:
    """Of an attention decoder, by finite differences in double precision."""

    def program() -> Any:
        double = tf1x.float64
        memory = tf1x.constant(numbers(BATCH, 4, DEPTH, seed=2), double)
        with tf1x.variable_scope("", dtype=double):
            mechanism = s2s.BahdanauAttention(
                3, memory, np.int32([4, 1, 3]), normalize=True, dtype=double
            )
            cell = s2s.AttentionWrapper(
                tf1x.nn.rnn_cell.GRUCell(UNITS, dtype=double), mechanism, 3, dtype=double
            )
            x = tf1x.placeholder(double, [None, None, DEPTH], "x")
            helper = s2s.TrainingHelper(x, tf1x.placeholder(tf1x.int32, [None], "n"))
            state = cell.zero_state(BATCH, double).clone(cell_state=tf1x.constant(STATE, double))
            decoder = s2s.BasicDecoder(cell, helper, state)
            outputs, final, _ = s2s.dynamic_decode(decoder, impute_finished=True)
        loss = tf1x.reduce_sum(outputs.rnn_output**2) + tf1x.reduce_sum(final.cell_state)
        wanted = [*tf1x.trainable_variables(), x]
        return loss, wanted, tf1x.gradients(loss, wanted)

    graph, (loss, wanted, gradients) = build(program)
    random = np.random.RandomState(1)
    with graph.as_default(), tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        feeds = {"x:0": INPUTS.astype(np.float64), "n:0": LENGTHS}
        slopes = session.run(gradients, feeds)
        for variable, slope in zip(wanted[:-1], slopes[:-1], strict=True):
            start = session.run(variable)
            direction = random.uniform(-1, 1, start.shape)
            ends = []
            for sign in (1, -1):
                session.run(variable.assign(start + sign * 1e-5 * direction))
                ends.append(session.run(loss, feeds))
            session.run(variable.assign(start))
            found = (slope * direction).sum()
            np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-5, rtol=1e-5, atol=1e-8)
        direction = random.uniform(-1, 1, INPUTS.shape)
        ends = [
            session.run(loss, {**feeds, "x:0": INPUTS + sign * 1e-5 * direction})
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(
            (slopes[-1] * direction).sum(), (ends[0] - ends[1]) / 2e-5, rtol=1e-5
        )
    assert not slopes[-1][1, 2:].any()  # steps after the end


def test_copying_is_learned() -> None:
    """An encoder and an attention decoder learn to copy; greedy decoding gives the copy."""
    symbols, units = 8, 32

    def program() -> Any:
        tf1x.set_random_seed(1)
        source = tf1x.placeholder(tf1x.int32, [None, None], "source")
        lengths = tf1x.placeholder(tf1x.int32, [None], "lengths")
        table = tf1x.get_variable("embedding", [symbols, 16])
        memory, state = tf1x.nn.dynamic_rnn(
            tf1x.nn.rnn_cell.GRUCell(units), tf1x.nn.embedding_lookup(table, source), lengths,
            dtype=tf1x.float32,
        )  # fmt: skip
        mechanism = s2s.LuongAttention(units, memory, lengths)
        cell = s2s.AttentionWrapper(tf1x.nn.rnn_cell.GRUCell(units), mechanism, units)
        batch = tf1x.shape(source)[0]
        first = cell.zero_state(batch, tf1x.float32).clone(cell_state=state)
        layer = tf1x.layers.Dense(symbols)
        starts = tf1x.ones([batch], tf1x.int32)
        given = tf1x.concat([starts[:, None], source], 1)
        wanted = tf1x.concat([source, tf1x.zeros([batch, 1], tf1x.int32)], 1)
        helper = s2s.TrainingHelper(tf1x.nn.embedding_lookup(table, given), lengths + 1)
        decoder = s2s.BasicDecoder(cell, helper, first, layer)
        outputs, _, _ = s2s.dynamic_decode(decoder, scope="decoder")
        mask = tf1x.sequence_mask(lengths + 1, dtype=tf1x.float32)
        loss = s2s.sequence_loss(outputs.rnn_output, wanted, mask)
        train = tf1x.train.AdamOptimizer(0.01).minimize(loss)
        greedy = s2s.GreedyEmbeddingHelper(table, starts, 0)
        with tf1x.variable_scope("decoder", reuse=True):
            decoded, _, _ = s2s.dynamic_decode(
                s2s.BasicDecoder(cell, greedy, first, layer),
                maximum_iterations=8,
                scope=tf1x.get_variable_scope(),
            )
        return loss, train, decoded.sample_id

    graph, (loss, train, ids) = build(program)
    random = np.random.RandomState(0)
    losses = []
    with graph.as_default(), tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        for _ in range(150):
            batch = random.randint(2, symbols, (32, 4))
            feeds = {"source:0": batch, "lengths:0": np.full(32, 4)}
            losses.append(session.run([loss, train], feeds)[0])
        found = session.run(ids, feeds)
    assert np.mean(losses[-10:]) < 0.2 * losses[0]
    assert (found[:, :4] == batch).mean() > 0.9
