"""Cells of `tf.contrib.rnn`: variables as TensorFlow 1.15 names them, one step by the equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.contrib.rnn.formulas import (
    Weights,
    assert_all_close,
    clip,
    normalized,
    numbers,
    relu,
    sigmoid,
    step,
)

X = numbers(2, 4, seed=5)


def _lstm(
    w: Weights,
    x: Any,
    state: Any,
    kernel: Any = None,
    bound: float | None = None,
    forget_bias: float = 1.0,
    norm: bool = False,
) -> Any:
    """[output, c, h] of an LSTM with what its weights say it has."""
    c, h = state
    kernel = w["kernel"] if kernel is None else kernel
    total = np.hstack([x, h]) @ kernel
    if not norm:
        total = total + w["bias"]
    i, j, f, o = np.split(total, 4, 1)
    if norm:
        i, j, f, o = (
            normalized(w, scope, gate)
            for scope, gate in zip(
                ("input", "transform", "forget", "output"), (i, j, f, o), strict=True
            )
        )
    i = i + w.get("w_i_diag", 0) * c
    f = f + w.get("w_f_diag", 0) * c
    c = c * sigmoid(f + forget_bias) + sigmoid(i) * np.tanh(j)
    if norm:
        c = normalized(w, "state", c)
    c = clip(c, bound)
    h = sigmoid(o + w.get("w_o_diag", 0) * c) * np.tanh(c)
    if "projection/kernel" in w:
        h = h @ w["projection/kernel"]
    return [h, c, h]


def _coupled(w: Weights, x: Any, state: Any, norm: bool = False) -> Any:
    c, h = state
    kernel = np.vstack([w["W_0"], w["W_1"]]) if "W_1" in w else w["W_0"]
    total = np.hstack([x, h]) @ kernel
    j, f, o = np.split(total if norm else total + w["B"], 3, 1)
    if norm:
        scopes = "transform", "forget", "output"
        j, f, o = (normalized(w, s, g) for s, g in zip(scopes, (j, f, o), strict=True))
    kept = sigmoid(f + 1 + w.get("W_F_diag", 0) * c)
    c = kept * c + (1 - kept) * np.tanh(j)
    if norm:
        c = normalized(w, "state", c)
    h = sigmoid(o + w.get("W_O_diag", 0) * c) * np.tanh(c)
    if "W_P_0" in w:
        h = np.clip(h @ w["W_P_0"], -0.3, 0.3)
    return [h, c, h]


def _nas(w: Weights, x: Any, state: Any) -> Any:
    c, h = state
    inputs = np.split(x @ w["kernel"], 8, 1)
    before = np.split(h @ w["recurrent_kernel"] + w.get("bias", 0), 8, 1)
    s = [a + b for a, b in zip(inputs, before, strict=True)]
    first = np.tanh(sigmoid(s[0]) * relu(s[1]))
    second = np.tanh(sigmoid(s[2]) + relu(inputs[3] * before[3]))
    third = np.tanh(np.tanh(s[4]) * sigmoid(s[5]))
    fourth = sigmoid(np.tanh(s[6]) + sigmoid(s[7]))
    c = np.tanh(first + c) * second
    h = np.tanh(c * np.tanh(third + fourth))
    if "projection_weights" in w:
        h = h @ w["projection_weights"]
    return [h, c, h]


def _groups(w: Weights, x: Any, state: Any) -> Any:
    c, h = state
    parts = [
        np.split(np.hstack(own) @ w[f"group{g}/kernel"], 4, 1)
        for g, own in enumerate(zip(np.split(x, 2, 1), np.split(h, 2, 1), strict=True))
    ]
    i, j, f, o = (
        np.hstack([part[k] for part in parts]) + w[f"bias_{gate}"] for k, gate in enumerate("ijfo")
    )
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
    h = (sigmoid(o) * np.tanh(c)) @ w["projection/kernel"]
    return [h, c, h]


def _phased(w: Weights, inputs: Any, state: Any) -> Any:
    (time, x), (c, h) = inputs, state

    def linear(scope: str, *parts: Any) -> Any:
        return np.hstack(parts) @ w[f"{scope}/kernel"] + w[f"{scope}/bias"]

    put, keep = np.split(sigmoid(linear("mask_gates", x, h, c)), 2, 1)
    new_c = c * keep + put * np.tanh(linear("new_input", x, h))
    new_h = np.tanh(new_c) * sigmoid(linear("output_gate", x, h, new_c))
    ratio = np.mod(time - w["phase"], w["period"]) / w["period"]
    on = w["ratio_on"]
    k = np.where(ratio < on, 2 - 2 * ratio / on, 0.001 * ratio)
    k = np.where(ratio < 0.5 * on, 2 * ratio / on, k)
    new_c, new_h = k * new_c + (1 - k) * c, k * new_h + (1 - k) * h
    return [new_h, new_c, new_h]


def _with_lengths(w: Weights, kernel: Any, depths: tuple[int, ...], scope: str = "") -> Any:
    pieces = np.split(kernel, np.cumsum(depths)[:-1])
    return np.vstack(
        [p / np.sqrt((p * p).sum(0)) * w[f"{scope}norm_{i}"] for i, p in enumerate(pieces)]
    )


def _weight_norm(w: Weights, x: Any, state: Any) -> Any:
    w = {name.removeprefix("wn_lstm_cell/"): value for name, value in w.items()}
    kernel = _with_lengths(w, w["kernel"], (4, 2))
    projection = _with_lengths(w, w["projection/kernel"], (3,), "projection/")
    return _lstm({**w, "projection/kernel": projection}, x, state, kernel)


def _ugrnn(w: Weights, x: Any, state: Any) -> Any:
    (h,) = state
    gate, candidate = np.split(np.hstack([x, h]) @ w["kernel"] + w["bias"], 2, 1)
    kept = sigmoid(gate + 1)
    new = kept * h + (1 - kept) * np.tanh(candidate)
    return [new, new]


def _intersection(w: Weights, x: Any, state: Any) -> Any:
    (h,) = state
    if "in_projection/kernel" in w:
        x = x @ w["in_projection/kernel"] + w["in_projection/bias"]
    total = np.hstack([x, h]) @ w["kernel"] + w["bias"]
    time_gate, new, depth_gate, y = np.split(total, 4, 1)
    time_gate, depth_gate = sigmoid(time_gate + 1), sigmoid(depth_gate + 1)
    output = depth_gate * x + (1 - depth_gate) * relu(y)
    return [output, time_gate * h + (1 - time_gate) * np.tanh(new)]


def _sru(w: Weights, x: Any, state: Any) -> Any:
    (c,) = state
    candidate, f, r, skipped = np.split(x @ w["kernel"], 4, 1)
    f, r = np.split(sigmoid(np.hstack([f, r]) + w["bias"]), 2, 1)
    c = f * c + (1 - f) * candidate
    return [r * np.tanh(c) + (1 - r) * skipped, c]


def _ind_rnn(w: Weights, x: Any, state: Any) -> Any:
    new = np.tanh(x @ w["kernel_w"] + state[0] * w["kernel_u"] + w["bias"])
    return [new, new]


def _indy_gru(w: Weights, x: Any, state: Any) -> Any:
    (h,) = state
    gates = x @ w["gates/kernel_w"] + np.tile(h, 2) * w["gates/kernel_u"] + w["gates/bias"]
    r, u = np.split(sigmoid(gates), 2, 1)
    total = x @ w["candidate/kernel"] + r * h * w["candidate/kernel_u"] + w["candidate/bias"]
    new = u * h + (1 - u) * np.tanh(total)
    return [new, new]


def _indy_lstm(w: Weights, x: Any, state: Any) -> Any:
    c, h = state
    total = x @ w["kernel_w"] + np.tile(h, 4) * w["kernel_u"] + w["bias"]
    i, j, f, o = np.split(total, 4, 1)
    c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
    h = np.tanh(c) * sigmoid(o)
    return [h, c, h]


def _gru_block(w: Weights, x: Any, state: Any) -> Any:
    (h,) = state
    names = ("w_ru", "b_ru", "w_c", "b_c")
    if "w_ru" not in w:
        names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
    w_ru, b_ru, w_c, b_c = (w[name] for name in names)
    r, u = np.split(sigmoid(np.hstack([x, h]) @ w_ru + b_ru), 2, 1)
    new = u * h + (1 - u) * np.tanh(np.hstack([x, r * h]) @ w_c + b_c)
    return [new, new]


def _attention(w: Weights, x: Any, state: Any) -> Any:
    h, attention, seen = state
    seen = seen.reshape(2, 3, 5)
    inputs = np.hstack([x, attention]) @ w["kernel"] + w["bias"]
    cell = {name.removeprefix("basic_rnn_cell/"): v for name, v in w.items() if "basic" in name}
    h = np.tanh(np.hstack([inputs, h]) @ cell["kernel"] + cell["bias"])
    asked = h @ w["attention/kernel"] + w["attention/bias"]
    features = seen @ w["attention/attn_w"][0, 0] + asked[:, None]
    scores = (w["attention/attn_v"] * np.tanh(features)).sum(2)
    weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    attention = (weights[:, :, None] * seen).sum(1)
    output = np.hstack([h, attention]) @ w["attn_output_projection/kernel"]
    output = output + w["attn_output_projection/bias"]
    seen = np.concatenate([seen[:, 1:], output[:, None]], 1)
    return [output, h, attention, seen.reshape(2, 15)]


def _conv_lstm(w: Weights, x: Any, state: Any) -> Any:
    """Of one dimension, a kernel of 3."""
    c, h = state
    both = np.pad(np.concatenate([x, h], 2), [(0, 0), (1, 1), (0, 0)])
    total = sum(both[:, k : k + 4] @ w["kernel"][k] for k in range(3)) + w["biases"]
    i, j, f, o = np.split(total, 4, 2)
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
    h = np.tanh(c) * sigmoid(o)
    return [h, c, h]


rnn = tf1x.contrib.rnn
_NORMS = {
    f"{scope}/{name}": [3]
    for scope in ("input", "transform", "forget", "output", "state")
    for name in ("gamma", "beta")
}

CELLS: dict[str, tuple[Any, Any, dict[str, list[int]]]] = {
    "lstm block": (
        lambda: rnn.LSTMBlockCell(3, cell_clip=0.2, use_peephole=True),
        lambda w, x, s: _lstm(w, x, s, bound=0.2),
        {"kernel": [7, 12], "bias": [12], "w_i_diag": [3], "w_f_diag": [3], "w_o_diag": [3]},
    ),
    "lstm block, plain": (
        lambda: rnn.LSTMBlockCell(3, forget_bias=0.5),
        lambda w, x, s: _lstm(w, x, s, forget_bias=0.5),
        {"kernel": [7, 12], "bias": [12]},
    ),
    "gru block": (
        lambda: rnn.GRUBlockCell(3),
        _gru_block,
        {"w_ru": [7, 6], "b_ru": [6], "w_c": [7, 3], "b_c": [3]},
    ),
    "gru block v2": (
        lambda: rnn.GRUBlockCellV2(cell_size=3),
        _gru_block,
        {"gates/kernel": [7, 6], "gates/bias": [6], "candidate/kernel": [7, 3], "candidate/bias": [3]},
    ),
    "coupled": (
        lambda: rnn.CoupledInputForgetGateLSTMCell(
            3, use_peepholes=True, num_proj=2, proj_clip=0.3, num_unit_shards=2
        ),
        _coupled,
        {"W_0": [3, 9], "W_1": [3, 9], "B": [9], "W_F_diag": [3], "W_O_diag": [3], "W_P_0": [3, 2]},
    ),
    "coupled, normalized": (
        lambda: rnn.CoupledInputForgetGateLSTMCell(3, layer_norm=True),
        lambda w, x, s: _coupled(w, x, s, norm=True),
        {"W_0": [7, 9], "B": [9]} | {n: s for n, s in _NORMS.items() if "input" not in n},
    ),
    "nas": (
        lambda: rnn.NASCell(3, num_proj=2, use_biases=True),
        _nas,
        {"recurrent_kernel": [2, 24], "kernel": [4, 24], "bias": [24], "projection_weights": [3, 2]},
    ),
    "groups": (
        lambda: rnn.GLSTMCell(4, num_proj=2, number_of_groups=2),
        _groups,
        {"group0/kernel": [3, 8], "group1/kernel": [3, 8]}
        | {f"bias_{gate}": [4] for gate in "ijfo"}
        | {"projection/kernel": [4, 2]},
    ),
    "layer norm, basic": (
        lambda: rnn.LayerNormBasicLSTMCell(3),
        lambda w, x, s: _lstm(w, x, s, norm=True),
        {"kernel": [7, 12]} | _NORMS,
    ),
    "layer norm, basic, off": (
        lambda: rnn.LayerNormBasicLSTMCell(3, layer_norm=False),
        _lstm,
        {"kernel": [7, 12], "bias": [12]},
    ),
    "layer norm": (
        lambda: rnn.LayerNormLSTMCell(3, use_peepholes=True, layer_norm=True, num_proj=2, cell_clip=0.5),
        lambda w, x, s: _lstm(w, x, s, norm=True, bound=0.5),
        {"kernel": [6, 12], "bias": [12]}
        | {n: s for n, s in _NORMS.items() if "state" not in n}
        | {"w_f_diag": [3], "w_i_diag": [3], "w_o_diag": [3], "state/gamma": [3], "state/beta": [3]}
        | {"projection/kernel": [3, 2]},
    ),
    "weight norm": (
        lambda: rnn.WeightNormLSTMCell(3, num_proj=2),
        _weight_norm,
        {
            f"wn_lstm_cell/{name}": shape
            for name, shape in {
                "kernel": [6, 12], "norm_0": [12], "norm_1": [12], "bias": [12],
                "projection/kernel": [3, 2], "projection/norm_0": [2],
            }.items()
        },
    ),
    "ugrnn": (lambda: rnn.UGRNNCell(3), _ugrnn, {"kernel": [7, 6], "bias": [6]}),
    "intersection": (
        lambda: rnn.IntersectionRNNCell(3, num_in_proj=3),
        _intersection,
        {"in_projection/kernel": [4, 3], "in_projection/bias": [3], "kernel": [6, 12], "bias": [12]},
    ),
    "sru": (lambda: rnn.SRUCell(3), _sru, {"kernel": [4, 12], "bias": [6]}),
    "ind rnn": (
        lambda: rnn.IndRNNCell(3),
        _ind_rnn,
        {"kernel_w": [4, 3], "kernel_u": [1, 3], "bias": [3]},
    ),
    "indy gru": (
        lambda: rnn.IndyGRUCell(3),
        _indy_gru,
        {
            "gates/kernel_w": [4, 6], "gates/kernel_u": [1, 6], "gates/bias": [6],
            "candidate/kernel": [4, 3], "candidate/kernel_u": [1, 3], "candidate/bias": [3],
        },
    ),
    "indy lstm": (
        lambda: rnn.IndyLSTMCell(3),
        _indy_lstm,
        {"kernel_w": [4, 12], "kernel_u": [1, 12], "bias": [12]},
    ),
    "attention": (
        lambda: rnn.AttentionCellWrapper(rnn.BasicRNNCell(5), 3),
        _attention,
        {
            "kernel": [9, 4], "bias": [4],
            "basic_rnn_cell/kernel": [9, 5], "basic_rnn_cell/bias": [5],
            "attention/attn_w": [1, 1, 5, 5], "attention/attn_v": [5],
            "attention/kernel": [5, 5], "attention/bias": [5],
            "attn_output_projection/kernel": [10, 5], "attn_output_projection/bias": [5],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_step(name: str) -> None:
    make, formula, shapes = CELLS[name]
    found, weights, state, after = step(make, X)
    assert found == shapes
    assert list(found) == list(shapes)
    assert_all_close(after, formula(weights, X, state))


def test_phased() -> None:
    inputs = np.float32([[0.3], [5.1]]), X
    found, weights, state, after = step(lambda: rnn.PhasedLSTMCell(3, use_peepholes=True), inputs)
    assert list(found)[-3:] == ["period", "phase", "ratio_on"]
    # The remainder of the time by the period loses digits.
    assert_all_close(after, _phased(weights, inputs, state), atol=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_convolutions(dimensions: int) -> None:
    shape = [4, 3, 2][:dimensions]
    x = numbers(2, *shape, 2)
    kind = getattr(rnn, f"Conv{dimensions}DLSTMCell")
    found, weights, state, after = step(
        lambda: kind(input_shape=[*shape, 2], output_channels=3, kernel_shape=[3] * dimensions), x
    )
    assert found == {"kernel": [3] * dimensions + [5, 12], "biases": [12]}
    assert after[0].shape == (2, *shape, 3)
    if dimensions == 1:
        assert_all_close(after, _conv_lstm(weights, x, state))


def test_convolution_beside_its_input() -> None:
    cell = rnn.ConvLSTMCell(2, [4, 4, 2], 3, [2, 2], use_bias=False, skip_connection=True)
    with tf1x.Graph().as_default():
        output, _ = cell(tf1x.zeros([1, 4, 4, 2]), cell.zero_state(1, tf1x.float32))
        assert output.shape.as_list() == [1, 4, 4, 5] == [1, *cell.output_size.as_list()]


@pytest.mark.parametrize("coupled", [True, False])
def test_highway(coupled: bool) -> None:
    def make() -> Any:
        cell = rnn.HighwayWrapper(rnn.BasicRNNCell(4), coupled)
        holder = tf1x.nn.rnn_cell.MultiRNNCell([cell])
        holder.trainable_weights  # noqa: B018
        return holder

    found, w, state, after = step(make, X)
    names = [name.removeprefix("cell_0/") for name in found]
    assert names[2:] == ["carry_w", "carry_b"] + ([] if coupled else ["transform_w", "transform_b"])
    w = {name.removeprefix("cell_0/"): value for name, value in w.items()}
    h = np.tanh(np.hstack([X, state[0]]) @ w["basic_rnn_cell/kernel"] + w["basic_rnn_cell/bias"])
    carry = sigmoid(X @ w["carry_w"] + w["carry_b"])
    transform = 1 - carry if coupled else sigmoid(X @ w["transform_w"] + w["transform_b"])
    assert_all_close(after, [X * carry + h * transform, h])


def test_compiled() -> None:
    cell = rnn.GRUCell(3)
    wrapped = rnn.CompiledWrapper(cell)
    with tf1x.Graph().as_default():
        output, _ = wrapped(tf1x.constant(X), wrapped.zero_state(2, tf1x.float32))
        assert output.op.name.startswith("gru_cell/")


def test_dropout_of_the_candidate() -> None:
    with tf1x.Graph().as_default():
        cell = rnn.LayerNormBasicLSTMCell(50, dropout_keep_prob=0.5, dropout_prob_seed=1)
        _, state = cell(tf1x.constant(X), cell.zero_state(2, tf1x.float32))
        with tf1x.Session() as session:
            session.run(tf1x.global_variables_initializer())
            assert np.isfinite(session.run(state.h)).all()


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="Exactly one"):
        rnn.GRUBlockCell()
    with pytest.raises(ValueError, match="divisible"):
        rnn.GLSTMCell(3, number_of_groups=2)
    with pytest.raises(ValueError, match="Invalid input_shape"):
        rnn.ConvLSTMCell(2, [3, 1], 2, [3])
    with pytest.raises(ValueError, match="greater than zero"):
        rnn.AttentionCellWrapper(rnn.GRUCell(2), 0)
    with pytest.raises(ValueError, match="state_is_tuple"):
        rnn.AttentionCellWrapper(rnn.LSTMCell(2), 1, state_is_tuple=False)
    with pytest.raises(ValueError, match="num_frequency_blocks"):
        rnn.GridLSTMCell(2)
    with tf1x.Graph().as_default():
        cell = rnn.IntersectionRNNCell(3)
        with pytest.raises(ValueError, match="num_in_proj"):
            cell(tf1x.constant(X), cell.zero_state(2, tf1x.float32))
