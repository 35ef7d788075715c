"""Attention mechanisms and `AttentionWrapper`, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.seq2seq import reference as ref
from tests.lib.seq2seq.programs import build, names, numbers, run

s2s = tf1x.contrib.seq2seq
BATCH, TIME, DEPTH, UNITS = 3, 5, 4, 6
LENGTHS = np.int32([5, 2, 4])
QUERY = numbers(BATCH, UNITS, seed=5)
MEMORY = numbers(BATCH, TIME, DEPTH)


def _attend(mechanism: Callable[..., Any]) -> Any:
    made = mechanism(tf1x.constant(MEMORY))
    alignments, state = made(tf1x.constant(QUERY), made.initial_state(BATCH, tf1x.float32))
    return alignments, state, made.values, made.keys


def _values(lengths: Any) -> Any:
    """The memory, zero after the end of each sequence."""
    if lengths is None:
        return MEMORY
    return MEMORY * (np.arange(TIME) < np.asarray(lengths)[:, None])[..., None]


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("normalize", [False, True], ids=["plain", "normalized"])
def test_bahdanau(normalize: bool, lengths: Any) -> None:
    found, w = run(
        lambda: _attend(lambda m: s2s.BahdanauAttention(UNITS, m, lengths, normalize=normalize))
    )
    keys = _values(lengths) @ w["memory_layer/kernel"]
    scope = "bahdanau_attention"
    more = [w[f"{scope}/attention_{part}"] for part in "gb"] if normalize else []
    query, v = w[f"{scope}/query_layer/kernel"], w[f"{scope}/attention_v"]
    scores = ref.masked(ref.bahdanau(QUERY, keys, query, v, *more), lengths)
    for array, wanted in zip(
        found, [ref.softmax(scores)] * 2 + [_values(lengths), keys], strict=True
    ):
        np.testing.assert_allclose(array, wanted, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("scale", [False, True], ids=["plain", "scaled"])
def test_luong(scale: bool, lengths: Any) -> None:
    found, w = run(lambda: _attend(lambda m: s2s.LuongAttention(UNITS, m, lengths, scale=scale)))
    keys = _values(lengths) @ w["memory_layer/kernel"]
    g = w["luong_attention/attention_g"] if scale else None
    scores = ref.masked(ref.luong(QUERY, keys, g), lengths)
    np.testing.assert_allclose(found[0], ref.softmax(scores), atol=1e-6)


def test_functions_of_the_caller() -> None:
    """Another probability function, another mask, other keys and values."""
    (alignments, _, values, keys), w = run(
        lambda: _attend(
            lambda m: s2s.LuongAttention(
                UNITS,
                m,
                LENGTHS,
                probability_fn=s2s.hardmax,
                score_mask_value=100.0,
                custom_key_value_fn=lambda k, v: (-k, v + 1.0),
            )
        )
    )
    np.testing.assert_allclose(keys, -_values(LENGTHS) @ w["memory_layer/kernel"], atol=1e-6)
    np.testing.assert_allclose(values, _values(LENGTHS) + 1, atol=1e-6)
    np.testing.assert_array_equal(alignments[1:].argmax(1), [2, 4])  # the first of those masked
    np.testing.assert_array_equal(alignments.sum(1), [1, 1, 1])


MECHANISMS: dict[str, tuple[Any, list[tuple[str, list[int]]]]] = {
    "bahdanau": (
        lambda m: s2s.BahdanauAttention(UNITS, m),
        [("query_layer/kernel", [7, UNITS]), ("attention_v", [UNITS])],
    ),
    "bahdanau normalized": (
        lambda m: s2s.BahdanauAttention(UNITS, m, normalize=True),
        [
            ("query_layer/kernel", [7, UNITS]),
            ("attention_v", [UNITS]),
            ("attention_g", []),
            ("attention_b", [UNITS]),
        ],
    ),
    "luong": (lambda m: s2s.LuongAttention(7, m), []),
    "luong scaled": (lambda m: s2s.LuongAttention(7, m, scale=True), [("attention_g", [])]),
    "bahdanau monotonic": (
        lambda m: s2s.BahdanauMonotonicAttention(UNITS, m, score_bias_init=-2.0),
        [
            ("query_layer/kernel", [7, UNITS]),
            ("attention_v", [UNITS]),
            ("attention_score_bias", []),
        ],
    ),
    "luong monotonic": (
        lambda m: s2s.LuongMonotonicAttention(7, m, scale=True),
        [("attention_g", []), ("attention_score_bias", [])],
    ),
}


@pytest.mark.parametrize("name", MECHANISMS)
def test_names_of_variables(name: str) -> None:
    """As in TensorFlow 1.15, in a decoder."""
    mechanism, wanted = MECHANISMS[name]

    def program() -> None:
        memory = tf1x.placeholder(tf1x.float32, [None, None, DEPTH])
        made = mechanism(memory)
        cell = s2s.AttentionWrapper(
            tf1x.nn.rnn_cell.GRUCell(7), made, attention_layer_size=2, alignment_history=True
        )
        inputs = tf1x.placeholder(tf1x.float32, [None, None, 3])
        helper = s2s.TrainingHelper(inputs, tf1x.placeholder(tf1x.int32, [None]))
        state = cell.zero_state(tf1x.shape(memory)[0], tf1x.float32)
        s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, state, tf1x.layers.Dense(9)))

    units = 7 if name.startswith("luong") else UNITS
    kind = f"{name.split()[0]}{'_monotonic' if 'monotonic' in name else ''}_attention"
    wrapper = "decoder/attention_wrapper"
    assert names(program) == [
        ("memory_layer/kernel", [DEPTH, units]),
        (f"{wrapper}/gru_cell/gates/kernel", [3 + 2 + 7, 14]),
        (f"{wrapper}/gru_cell/gates/bias", [14]),
        (f"{wrapper}/gru_cell/candidate/kernel", [3 + 2 + 7, 7]),
        (f"{wrapper}/gru_cell/candidate/bias", [7]),
        *[(f"{wrapper}/{kind}/{variable}", shape) for variable, shape in wanted],
        (f"{wrapper}/attention_layer/kernel", [7 + DEPTH, 2]),
        ("decoder/dense/kernel", [2, 9]),
        ("decoder/dense/bias", [9]),
    ]


# -- monotonic attention -------------------------------------------------------------------------


def _places(p: Any, before: Any) -> Any:
    """Place by place, from the definition."""
    reached = np.zeros(len(p))
    result = []
    for i in range(p.shape[1]):
        reached = (reached * (1 - p[:, i - 1]) if i else 0) + before[:, i]
        result.append(p[:, i] * reached)
    return np.stack(result, 1)


@pytest.mark.parametrize("mode", ["recursive", "parallel", "hard"])
def test_monotonic_attention(mode: str) -> None:
    random = np.random.RandomState(0)
    p = random.uniform(0.1, 0.9, (4, 6))
    before = random.dirichlet(np.ones(6), 4)
    if mode == "hard":
        p = (p > 0.6).astype(np.float64)
        before = np.eye(6)[[0, 2, 3, 5]]
    found, _ = run(lambda: s2s.monotonic_attention(np.float32(p), np.float32(before), mode))
    np.testing.assert_allclose(found, _places(p, before), atol=1e-5)


def test_unknown_mode() -> None:
    with tf1x.Graph().as_default(), pytest.raises(ValueError, match="'recursive', 'parallel'"):
        s2s.monotonic_attention([[0.5]], [[1.0]], "sideways")


@pytest.mark.parametrize("mode", ["recursive", "parallel", "hard"])
@pytest.mark.parametrize("kind", ["bahdanau", "luong"])
def test_monotonic_mechanisms(kind: str, mode: str) -> None:
    def program() -> Any:
        if kind == "luong":
            return _attend(
                lambda m: s2s.LuongMonotonicAttention(UNITS, m, LENGTHS, scale=True, mode=mode)
            )
        return _attend(
            lambda m: s2s.BahdanauMonotonicAttention(UNITS, m, LENGTHS, normalize=True, mode=mode)
        )

    found, w = run(program)
    keys = _values(LENGTHS) @ w["memory_layer/kernel"]
    scope = f"{kind}_monotonic_attention"
    if kind == "luong":
        scores = ref.luong(QUERY, keys, w[f"{scope}/attention_g"])
    else:
        parts = ("query_layer/kernel", "attention_v", "attention_g", "attention_b")
        scores = ref.bahdanau(QUERY, keys, *(w[f"{scope}/{part}"] for part in parts))
    scores = ref.masked(scores + w[f"{scope}/attention_score_bias"], LENGTHS)
    p = (scores > 0).astype(float) if mode == "hard" else 1 / (1 + np.exp(-scores))
    first = np.eye(TIME)[[0] * BATCH]
    np.testing.assert_allclose(found[0], _places(p, first), atol=1e-5)


def _noisy(noise: float) -> Any:
    return _attend(
        lambda m: s2s.LuongMonotonicAttention(
            UNITS, m, sigmoid_noise=noise, sigmoid_noise_seed=1, name="M"
        )
    )[0]


def test_noise() -> None:
    def program() -> Any:
        with tf1x.variable_scope("shared", reuse=tf1x.AUTO_REUSE):
            return [_noisy(0.0), _noisy(1.0)]

    quiet, noisy = run(program)[0]
    assert not np.allclose(quiet, noisy)


def test_safe_cumprod() -> None:
    x = np.float32([[0.5, 0.0, 0.25, 1.0]])
    found, _ = run(lambda: [
        s2s.safe_cumprod(x, axis=1), s2s.safe_cumprod(x, axis=1, exclusive=True),
        tf1x.gradients(s2s.safe_cumprod(tf1x.constant(x), axis=1), tf1x.constant(x)),
    ][:2])  # fmt: skip
    np.testing.assert_allclose(found[0], np.cumprod(x, 1), atol=1e-6)
    np.testing.assert_allclose(found[1], [[1.0, 0.5, 0.0, 0.0]], atol=1e-6)


def test_hardmax() -> None:
    found, _ = run(lambda: s2s.hardmax([[1.0, 3.0, 2.0], [0.5, 0.5, 0.0]]))
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 0]])


# -- the wrapper ---------------------------------------------------------------------------------


def _steps(wrap: Callable[[Any], Any], count: int = 3) -> Any:
    """Outputs and states of a few steps of a wrapped `BasicRNNCell(UNITS)`."""
    cell = wrap(tf1x.nn.rnn_cell.BasicRNNCell(UNITS))
    state = cell.zero_state(BATCH, tf1x.float32)
    outputs = []
    for i in range(count):
        output, state = cell(tf1x.constant(numbers(BATCH, 2, seed=i)), state)
        outputs.append(output)
    history = state.alignment_history
    if isinstance(history, tuple):
        history = tuple(h.stack() for h in history)
    else:
        history = history.stack()
    return outputs, state._replace(alignment_history=history)


@pytest.mark.parametrize("output_attention", [True, False])
@pytest.mark.parametrize("layer", [None, 3], ids=["context", "layer"])
def test_wrapper(layer: int | None, output_attention: bool) -> None:
    (outputs, state), w = run(
        lambda: _steps(
            lambda cell: s2s.AttentionWrapper(
                cell,
                s2s.LuongAttention(UNITS, tf1x.constant(MEMORY), LENGTHS),
                attention_layer_size=layer,
                alignment_history=True,
                output_attention=output_attention,
            )
        )
    )
    memory = _values(LENGTHS)
    keys = memory @ w["memory_layer/kernel"]
    scope = "attention_wrapper"
    cell = ref.rnn_cell(*(w[f"{scope}/basic_rnn_cell/{part}"] for part in ("kernel", "bias")))
    h, attention, wanted, history = (
        np.zeros((BATCH, UNITS)),
        np.zeros((BATCH, layer or DEPTH)),
        [],
        [],
    )
    for i in range(3):
        h = cell(np.concatenate([numbers(BATCH, 2, seed=i), attention], 1), h)
        where = ref.softmax(ref.masked(ref.luong(h, keys), LENGTHS))
        attention = np.einsum("bt,btd->bd", where, memory)
        if layer:
            attention = np.concatenate([h, attention], 1) @ w[f"{scope}/attention_layer/kernel"]
        wanted.append(attention if output_attention else h)
        history.append(where)
    np.testing.assert_allclose(outputs, wanted, atol=1e-5)
    np.testing.assert_allclose(state.cell_state, h, atol=1e-5)
    np.testing.assert_allclose(state.attention, attention, atol=1e-5)
    np.testing.assert_allclose(state.alignment_history, history, atol=1e-5)
    assert state.time == 3


def test_two_mechanisms() -> None:
    def wrap(cell: Any) -> Any:
        memory = tf1x.constant(MEMORY)
        return s2s.AttentionWrapper(
            cell,
            [s2s.LuongAttention(UNITS, memory), s2s.BahdanauAttention(3, memory, LENGTHS)],
            attention_layer_size=[2, 4],
            alignment_history=True,
            cell_input_fn=lambda inputs, attention: inputs[:, :1] + attention,
        )

    (outputs, state), w = run(lambda: _steps(wrap, 1))
    scope = "attention_wrapper"
    cell = ref.rnn_cell(*(w[f"{scope}/basic_rnn_cell/{part}"] for part in ("kernel", "bias")))
    h = cell(np.repeat(numbers(BATCH, 2, seed=0)[:, :1], 6, 1), np.zeros((BATCH, UNITS)))
    first = ref.softmax(ref.luong(h, MEMORY @ w["memory_layer/kernel"]))
    parts = [w[f"{scope}/bahdanau_attention/{n}"] for n in ("query_layer/kernel", "attention_v")]
    keys = _values(LENGTHS) @ w["memory_layer_1/kernel"]
    second = ref.softmax(ref.masked(ref.bahdanau(h, keys, *parts), LENGTHS))
    np.testing.assert_allclose(state.alignments[0], first, atol=1e-5)
    np.testing.assert_allclose(state.alignments[1], second, atol=1e-5)
    np.testing.assert_allclose(state.alignment_history[1], [second], atol=1e-5)
    wanted = [
        np.concatenate([h, np.einsum("bt,btd->bd", where, values)], 1)
        @ w[f"{scope}/{layer}/kernel"]
        for where, values, layer in (
            (first, MEMORY, "attention_layer"),
            (second, _values(LENGTHS), "attention_layer_1"),
        )
    ]
    np.testing.assert_allclose(outputs[0], np.concatenate(wanted, 1), atol=1e-5)


def test_own_layer_and_own_function() -> None:
    def program() -> Any:
        mechanism = s2s.LuongAttention(UNITS, tf1x.constant(MEMORY))
        cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
        layered = s2s.AttentionWrapper(cell, mechanism, attention_layer=tf1x.layers.Dense(5))

        def attend(mechanism: Any, output: Any, state: Any, layer: Any) -> Any:
            return output * 2.0, state, state

        own = s2s.AttentionWrapper(
            tf1x.nn.rnn_cell.BasicRNNCell(DEPTH), mechanism, attention_fn=attend, name="own"
        )
        x = tf1x.constant(numbers(BATCH, 2))
        output, state = own(x, own.zero_state(BATCH, tf1x.float32))
        first = layered(x, layered.zero_state(BATCH, tf1x.float32))[0]
        assert layered.output_size == 5
        return first, output, state.cell_state

    (first, output, h), _ = run(program)
    assert first.shape == (BATCH, 5)
    np.testing.assert_allclose(output, 2 * h, atol=1e-6)


def test_mechanism_of_an_older_program() -> None:
    """Before TensorFlow 1.5 mechanisms returned alignments alone."""

    class Old(type(s2s.LuongAttention(1, np.zeros((1, 1, 1), np.float32))).__mro__[1]):  # type: ignore[misc]
        def __call__(self, query: Any, previous_alignments: Any) -> Any:
            return previous_alignments + 0.5

    def program() -> Any:
        memory = tf1x.constant(MEMORY)
        layer = tf1x.layers.Dense(UNITS, name="memory_layer", use_bias=False)
        mechanism = Old(None, memory, lambda score, _: score, memory_layer=layer)
        return _steps(lambda cell: s2s.AttentionWrapper(cell, mechanism, alignment_history=True), 2)

    (_, state), _ = run(program)
    np.testing.assert_array_equal(state.alignments, np.ones((BATCH, TIME), np.float32))


def test_initial_state() -> None:
    def program() -> Any:
        mechanism = s2s.LuongAttention(UNITS, tf1x.constant(MEMORY))
        start = tf1x.constant(numbers(BATCH, UNITS, seed=8))
        cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
        given = s2s.AttentionWrapper(cell, mechanism, initial_cell_state=start)
        cloned = given.zero_state(BATCH, tf1x.float32).clone(cell_state=start * 2.0)
        return given.zero_state(BATCH, tf1x.float32).cell_state, cloned.cell_state, cloned.time

    (start, doubled, time), _ = run(program)
    np.testing.assert_array_equal(start, numbers(BATCH, UNITS, seed=8))
    np.testing.assert_array_equal(doubled, 2 * start)
    assert time == 0


def test_wrong_arguments() -> None:
    memory = np.zeros((2, 3, 4), np.float32)
    cell = tf1x.nn.rnn_cell.BasicRNNCell(UNITS)
    with tf1x.Graph().as_default():
        mechanism = s2s.LuongAttention(UNITS, memory)
        for error, match, call in (
            (TypeError, "AttentionMechanism", lambda: s2s.AttentionWrapper(cell, object())),
            (TypeError, "not an RNNCell", lambda: s2s.AttentionWrapper(object(), mechanism)),
            (TypeError, "cell_input_fn", lambda: s2s.AttentionWrapper(cell, mechanism, cell_input_fn=3)),
            (ValueError, "Only one of", lambda: s2s.AttentionWrapper(
                cell, mechanism, attention_layer_size=3, attention_layer=tf1x.layers.Dense(3))),
            (ValueError, "exactly one", lambda: s2s.AttentionWrapper(
                cell, [mechanism], attention_layer_size=[3, 4])),
            (TypeError, "probability_fn", lambda: s2s.LuongAttention(3, memory, probability_fn=1)),
            (ValueError, "inner dims", lambda: s2s.LuongAttention(
                3, tf1x.placeholder(tf1x.float32, [2, 3, None]))),
            (ValueError, "set num_units", lambda: mechanism(tf1x.zeros([2, 3]), None)),
            (TypeError, "AttentionWrapperState", lambda: s2s.AttentionWrapper(cell, mechanism)(
                tf1x.zeros([2, 1]), tf1x.zeros([2, UNITS]))),
            (tf1x.errors.InvalidArgumentError, "tile_batch", lambda: s2s.AttentionWrapper(
                cell, mechanism).zero_state(4, tf1x.float32)),
        ):  # fmt: skip
            with pytest.raises(error, match=match):
                call()


def test_wrong_lengths() -> None:
    graph, made = build(
        lambda: s2s.LuongAttention(
            UNITS, np.zeros((2, 3, 4), np.float32), tf1x.placeholder(tf1x.int32, [2], name="n")
        )(tf1x.zeros([2, UNITS]), None)[0]
    )
    with graph.as_default(), tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        with pytest.raises(tf1x.errors.InvalidArgumentError, match="greater than zero"):
            session.run(made, {"n:0": [1, 0]})
