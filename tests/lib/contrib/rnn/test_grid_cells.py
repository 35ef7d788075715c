"""`TimeFreqLSTMCell`, `GridLSTMCell`, `BidirectionalGridLSTMCell`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.contrib.rnn.formulas import Weights, assert_all_close, clip, numbers, sigmoid, step

rnn = tf1x.contrib.rnn
X = numbers(2, 7, seed=5)
UNITS = 2


def _slices(x: Any, start: int = 0, end: int = 7) -> list[Any]:
    """Slices of 3 columns, 2 apart."""
    return [x[:, i : i + 3] for i in range(start, end - 2, 2)]


def _time_frequency(w: Weights, x: Any, state: Any) -> Any:
    below = np.zeros((2, UNITS), np.float32)
    states, outputs = [], []
    for k, part in enumerate(_slices(x)):
        c, h = np.split(state[:, 4 * k : 4 * k + 4], 2, 1)
        i, j, f, o = np.split(np.hstack([part, h, below]) @ w["W_0"] + w["B"], 4, 1)
        new = sigmoid(f + 1 + w["W_F_diag"] * c) * c + sigmoid(i + w["W_I_diag"] * c) * np.tanh(j)
        new = clip(new, 0.5)
        below = sigmoid(o + w["W_O_diag"] * new) * np.tanh(new)
        states += [new, below]
        outputs.append(below)
    return [np.hstack(outputs), np.hstack(states)]


def test_time_frequency() -> None:
    state = numbers(2, 3 * 2 * UNITS, seed=6)
    found, w, _, after = step(
        lambda: rnn.TimeFreqLSTMCell(
            UNITS, use_peepholes=True, cell_clip=0.5, feature_size=3, frequency_skip=2
        ),
        X,
        state,
    )
    diagonals = {f"W_{gate}_diag": [2] for gate in "FIO"}
    assert found == {"W_0": [7, 8], "B": [8], **diagonals}
    assert_all_close(after, _time_frequency(w, X, state))


def _grid(
    w: Weights, blocks: list[list[Any]], state: list[Any], coupled: bool, shared: bool
) -> tuple[list[Any], list[Any]]:
    """Outputs and new states; `state` is c, h of all slices."""
    outputs, states = [], []
    before = iter(zip(state[::2], state[1::2], strict=True))
    for block, slices in enumerate(blocks):
        c_f = h_f = np.zeros((2, UNITS), np.float32)
        for part in slices:
            c_t, h_t = next(before)
            cs, gates = [], []
            kinds = ("f", "freq"), (("f", "freq") if shared else ("t", "time"))

            def seen(gate: str, kind: str, a: Any, b: Any, block: int = block) -> Any:
                names = (f"W_{gate}_diag_{kind}{m}_{block}" for m in "ft")
                first, second = (w.get(name, 0) for name in names)
                return first * a + second * b

            for (short, kind), own in zip(kinds, (c_f, c_t), strict=True):
                total = np.hstack([part, h_t, h_f]) @ w[f"W_{short}_{block}_0"]
                parts = np.split(total + w[f"B_{short}_{block}"], 3 if coupled else 4, 1)
                i, j, *rest = parts
                put = sigmoid(i + seen("I", kind, c_f, c_t))
                keep = 1 - put if coupled else sigmoid(rest[0] + 1 + seen("F", kind, c_f, c_t))
                cs.append(clip(keep * own + put * np.tanh(j), 0.6))
                gates.append((kind, rest[-1]))
            c_f, c_t = cs
            h_f, h_t = (
                sigmoid(gate + seen("O", kind, c_f, c_t)) * np.tanh(c)
                for (kind, gate), c in zip(gates, cs, strict=True)
            )
            outputs += [h_t, h_f]
            states += [c_t, h_t]
    return outputs, states


_OPTIONS = {"cell_clip": 0.6, "feature_size": 3, "frequency_skip": 2}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("coupled", [False, True])
@pytest.mark.parametrize("peepholes", [False, True])
def test_grid(peepholes: bool, coupled: bool, shared: bool) -> None:
    found, w, state, after = step(
        lambda: rnn.GridLSTMCell(
            UNITS,
            use_peepholes=peepholes,
            share_time_frequency_weights=shared,
            couple_input_forget_gates=coupled,
            num_frequency_blocks=[2, 1],
            start_freqindex_list=[0, 4],
            end_freqindex_list=[5, 7],
            **_OPTIONS,
        ),
        X,
    )
    gates = 3 if coupled else 4
    kinds = "f" if shared else "ft"
    for block in range(2):
        for kind in kinds:
            assert found[f"W_{kind}_{block}_0"] == [7, gates * UNITS]
            assert found[f"B_{kind}_{block}"] == [gates * UNITS]
    diagonals = 2 * len(kinds) * (gates - 1) if peepholes else 0
    assert len(found) == 2 * (2 * len(kinds) + diagonals)
    blocks = [_slices(X, 0, 5), _slices(X, 4, 7)]
    outputs, states = _grid(w, blocks, state, coupled, shared)
    assert_all_close(after, [np.hstack(outputs), *states])


def test_grid_with_one_matrix() -> None:
    make = lambda: rnn.GridLSTMCell(  # noqa: E731
        UNITS, num_frequency_blocks=[3], state_is_tuple=False, **_OPTIONS
    )
    _, w, (state,), after = step(make, X)
    outputs, states = _grid(w, [_slices(X)], np.split(state, 6, 1), False, False)
    assert_all_close(after, [np.hstack(outputs), np.hstack(states)])


@pytest.mark.parametrize("offset", [0, 1, -1])
def test_both_directions(offset: int) -> None:
    found, w, state, after = step(
        lambda: rnn.BidirectionalGridLSTMCell(
            UNITS, num_frequency_blocks=[3], backward_slice_offset=offset, **_OPTIONS
        ),
        X,
    )
    assert {name.partition("/")[0] for name in found} == {"fwd", "bwd"}
    padded = np.pad(X, [(0, 0), (0, 1) if offset > 0 else (-min(offset, 0), 0)])
    moved = _slices(padded, max(offset, 0), 7 + max(offset, 0))
    result = []
    for direction, slices, own in (("fwd", _slices(X), state[:6]), ("bwd", moved[::-1], state[6:])):
        part = {n.partition("/")[2]: v for n, v in w.items() if n.startswith(direction)}
        result.append(_grid(part, [slices], own, False, False))
    outputs = np.hstack(result[0][0] + result[1][0])
    assert_all_close(after, [outputs, *result[0][1], *result[1][1]])


def test_counts_that_do_not_fit() -> None:
    with tf1x.Graph().as_default():
        cell = rnn.GridLSTMCell(UNITS, num_frequency_blocks=[4], **_OPTIONS)
        assert cell.state_size._fields[:2] == ("state_f00_b00_c", "state_f00_b00_m")
        assert cell.output_size == 2 * 2 * 4 * UNITS / 2
        with pytest.raises(ValueError, match="Invalid num_frequency_blocks"):
            cell(tf1x.constant(X), cell.zero_state(2, tf1x.float32))
