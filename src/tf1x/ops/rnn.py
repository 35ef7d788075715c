"""Recurrent cells as single ops: one step of an LSTM or GRU, and an LSTM over all steps.

Equations: Zaremba et al. 2014 (arXiv 1409.2329) with the peepholes of Gers and Schmidhuber; Cho et
al. 2014 (arXiv 1406.1078).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from tf1x.core.dtypes import float16, float32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops import xp
from tf1x.ops.elementary import sigmoid
from tf1x.ops.shape_rules import dims, merge_dim, with_rank

_TYPES = ((float16, float32), float32)
_LSTM = (
    "cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T"
    " -> i: T, cs: T, f: T, o: T, ci: T, co: T, h: T"
)


def _fixed(value: Any) -> Any:
    """A value through which no gradient flows."""
    return jax.lax.stop_gradient(value) if xp.is_jax(value) else value


class _Step:
    """The equations of one step, after the matrix product."""

    def __init__(
        self, peepholes: Any, forget_bias: float, cell_clip: float, use_peephole: bool
    ) -> None:
        self._peepholes = peepholes if use_peephole else None
        self._forget_bias = forget_bias
        self._cell_clip = cell_clip

    def __call__(self, gates: Any, before: Any) -> tuple[Any, ...]:
        """(i, cs, f, o, ci, co, h) from [i, ci, f, o] and the memory before."""
        i, ci, f, o = xp.split(gates, 4, axis=-1)
        f = f + xp.asarray(self._forget_bias, gates.dtype)
        if self._peepholes is not None:
            i, f = i + before * self._peepholes[0], f + before * self._peepholes[1]
        i, f, ci = sigmoid(i), sigmoid(f), xp.tanh(ci)
        cs = ci * i + before * f
        if self._cell_clip > 0:
            # The gradient passes where the value is clipped, as in TensorFlow's kernel.
            bound = xp.asarray(self._cell_clip, gates.dtype)
            cs = cs + _fixed(xp.clip(cs, -bound, bound) - cs)
        if self._peepholes is not None:
            o = o + cs * self._peepholes[2]
        o, co = sigmoid(o), xp.tanh(cs)
        h = co * o
        # TensorFlow's gradient is that of memory and output only.
        return _fixed(i), cs, _fixed(f), _fixed(o), _fixed(ci), _fixed(co), h


def _lstm_shapes(op: Operation) -> Any:
    batch = with_rank(dims(op), 2)[0]
    batch = merge_dim(batch, with_rank(dims(op, 1), 2)[0])
    return [(batch, with_rank(dims(op, 1), 2)[1])] * 7


@op(f"x: T, {_LSTM}", T=_TYPES, shape=_lstm_shapes)
def LSTMBlockCell(
    x: Any,
    cs_prev: Any,
    h_prev: Any,
    w: Any,
    wci: Any,
    wcf: Any,
    wco: Any,
    b: Any,
    *,
    forget_bias: float = 1.0,
    cell_clip: float = 3.0,
    use_peephole: bool = False,
) -> Any:
    """One step of an LSTM.

    `x` is [batch, inputs], the state `cs_prev` and `h_prev` are [batch, units], `w` is
    [inputs + units, 4 * units] for the gates i, ci, f, o, `b` [4 * units], the peepholes [units].
    The memory is clipped to `cell_clip` where that is positive. All outputs are [batch, units];
    `cs` and `h` are the new state.
    """
    gates = xp.matmul(xp.concatenate([x, h_prev], axis=1), w) + b
    return _Step((wci, wcf, wco), forget_bias, cell_clip, use_peephole)(gates, cs_prev)


def _block_shapes(op: Operation) -> Any:
    time, batch, _ = with_rank(dims(op, 1), 3)
    batch = merge_dim(batch, with_rank(dims(op, 2), 2)[0])
    return [(time, batch, with_rank(dims(op, 2), 2)[1])] * 7


def _block(seq_len_max: Any, x: Any, cs_prev: Any, h_prev: Any, w: Any, b: Any, step: _Step) -> Any:
    """An LSTM over all steps; the products of the inputs are one product."""
    time, batch, size = x.shape
    projected = (jnp.reshape(x, (time * batch, size)) @ w[:size] + b).reshape(time, batch, -1)
    recurrent = jnp.asarray(w)[size:]

    def iterate(state: Any, gates: Any) -> Any:
        outputs = step(gates + state[1] @ recurrent, state[0])
        return (outputs[1], outputs[6]), outputs

    start = jnp.asarray(cs_prev), jnp.asarray(h_prev)
    _, outputs = jax.lax.scan(iterate, start, projected)
    used = (jnp.arange(time) < seq_len_max)[:, None, None]
    return tuple(jnp.where(used, item, jnp.zeros((), item.dtype)) for item in outputs)


@op(f"seq_len_max: int64, x: T, {_LSTM}", T=_TYPES, shape=_block_shapes, needs_jax=True)
def BlockLSTM(
    seq_len_max: Any,
    x: Any,
    cs_prev: Any,
    h_prev: Any,
    w: Any,
    wci: Any,
    wcf: Any,
    wco: Any,
    b: Any,
    *,
    forget_bias: float = 1.0,
    cell_clip: float = 3.0,
    use_peephole: bool = False,
) -> Any:
    """An LSTM over `x` of shape [time, batch, inputs]; zeros from step `seq_len_max` on.

    Weights and state as those of `LSTMBlockCell`; all outputs are [time, batch, units].
    """
    step = _Step((wci, wcf, wco), forget_bias, cell_clip, use_peephole)
    return _block(seq_len_max, x, cs_prev, h_prev, w, b, step)


@op(f"seq_len_max: int64, x: T, {_LSTM}", T=_TYPES, shape=_block_shapes, needs_jax=True)
def BlockLSTMV2(
    seq_len_max: Any,
    x: Any,
    cs_prev: Any,
    h_prev: Any,
    w: Any,
    wci: Any,
    wcf: Any,
    wco: Any,
    b: Any,
    *,
    cell_clip: float = 0.0,
    use_peephole: bool = False,
) -> Any:
    """`BlockLSTM` without a forget bias, the gates in the order i, f, ci, o."""
    i, f, ci, o = jnp.split(jnp.asarray(w), 4, axis=1)
    bi, bf, bci, bo = jnp.split(jnp.asarray(b), 4)
    w, b = jnp.concatenate([i, ci, f, o], axis=1), jnp.concatenate([bi, bci, bf, bo])
    step = _Step((wci, wcf, wco), 0.0, cell_clip, use_peephole)
    return _block(seq_len_max, x, cs_prev, h_prev, w, b, step)


def _gru_shapes(op: Operation) -> Any:
    batch = merge_dim(with_rank(dims(op), 2)[0], with_rank(dims(op, 1), 2)[0])
    return [(batch, with_rank(dims(op, 1), 2)[1])] * 4


@op(
    "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T -> r: T, u: T, c: T, h: T",
    T=((float32,), float32),
    shape=_gru_shapes,
)
def GRUBlockCell(x: Any, h_prev: Any, w_ru: Any, w_c: Any, b_ru: Any, b_c: Any) -> Any:
    """One step of a GRU: reset and update gate, candidate, new state, all [batch, units].

    `x` is [batch, inputs], `w_ru` [inputs + units, 2 * units], `w_c` [inputs + units, units].
    """
    gates = sigmoid(xp.matmul(xp.concatenate([x, h_prev], axis=1), w_ru) + b_ru)
    r, u = xp.split(gates, 2, axis=1)
    c = xp.tanh(xp.matmul(xp.concatenate([x, r * h_prev], axis=1), w_c) + b_c)
    h = u * h_prev + (1 - u) * c
    return _fixed(r), _fixed(u), _fixed(c), h
