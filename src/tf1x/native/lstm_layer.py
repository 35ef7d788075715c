"""An LSTM over all steps of inputs that are known beforehand, by the native kernel: float32."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.lstm import Cell


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def layer(
    cell: Cell, inputs: Any, weights: Any, bias: Any, memory: Any, output: Any, ended: Any
) -> Any:
    """The outputs of all steps [steps, batch, units], and memory and output after the last one.

    Args:
        inputs: what each step's input adds to its gates, [steps, batch, 4 * units].
        weights: by which the output of the step before is multiplied, [units, 4 * units].
        bias: [4 * units] or None; is added, too.
        memory, output: those before the first step, [batch, units].
        ended: bools [steps, batch] or None: where one holds, the next step has memory and output
            of the step before. The outputs are those of rows that have not ended.
    """
    return _forward(cell, inputs, weights, bias, memory, output, ended, keep=False)[:3]


def _forward(
    cell: Cell,
    inputs: Any,
    weights: Any,
    bias: Any,
    memory: Any,
    output: Any,
    ended: Any,
    keep: bool,
) -> Any:
    """Outputs, last memory and output; what the next steps have as their output, if that differs; and
    with `keep`, memories and gates as the gradient wants them.
    """
    steps, batch, width = inputs.shape
    struct: Any = jax.ShapeDtypeStruct
    last = struct(memory.shape, np.float32)
    results = (
        struct((steps, *memory.shape), np.float32),
        last,
        last,
        struct((0 if ended is None else steps, *memory.shape), np.float32),
        struct((steps if keep else 1, *memory.shape), np.float32),
        struct((steps if keep else 0, batch, width), np.float32),
    )
    call: Any = jax.ffi.ffi_call(
        "tf1x_lstm_layer",
        results,
        input_output_aliases={0: 5} if keep else {},
        vmap_method="sequential",
    )
    return call(
        inputs,
        np.int32(steps),
        weights,
        jnp.zeros(0, np.float32) if bias is None else bias,
        memory,
        output,
        _flags(ended, batch),
        forget_bias=np.float32(cell.forget_bias),
        order=np.array(cell.order, np.int64),
    )


def _flags(ended: Any, batch: int) -> Any:
    return jnp.zeros((0, batch), bool) if ended is None else ended


def _kept(
    cell: Cell, inputs: Any, weights: Any, bias: Any, memory: Any, output: Any, ended: Any
) -> Any:
    *found, states, memories, gates = _forward(
        cell, inputs, weights, bias, memory, output, ended, keep=True
    )
    states = found[0] if ended is None else states
    there = None if bias is None else ()  # JAX keeps arrays only
    return tuple(found), (gates, weights, memory, output, ended, states, memories, there)


def _back(cell: Cell, kept: Any, g: Any) -> Any:
    gates, weights, memory, output, ended, states, memories, bias = kept
    struct: Any = jax.ShapeDtypeStruct
    shapes = gates.shape, weights.shape, gates.shape[2:], memory.shape, output.shape
    call: Any = jax.ffi.ffi_call(
        "tf1x_lstm_layer_gradient",
        tuple(struct(shape, np.float32) for shape in shapes),
        input_output_aliases={0: 0},
        vmap_method="sequential",
    )
    steps, batch, _ = gates.shape
    to_inputs, to_weights, to_bias, to_memory, to_output = call(
        gates,
        np.int32(steps),
        weights,
        memory,
        output,
        _flags(ended, batch),
        states,
        memories,
        *g,
        order=np.array(cell.order, np.int64),
    )
    to_bias = None if bias is None else to_bias
    return to_inputs, to_weights, to_bias, to_memory, to_output, None


layer.defvjp(_kept, _back)
