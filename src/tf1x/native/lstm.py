"""An LSTM's step after the product of its weights by the native kernel: float32."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu

# Fewer units are not worth a call out of XLA's code.
_FEW = 16


class Cell(NamedTuple):
    """What is fixed of a cell.

    Attributes:
        forget_bias: added to the forget gate's input.
        order: which quarter of the gates belongs to the input gate, the candidate, the forget gate
            and the output gate.
    """

    forget_bias: float
    order: tuple[int, int, int, int]


def suits(units: int, dtype: Any) -> bool:
    """Whether the kernel is there for so many units, and faster than XLA."""
    return dtype == np.float32 and units >= _FEW and on_cpu()


def step(cell: Cell, product: Any, added: Any, bias: Any, before: Any) -> tuple[Any, Any]:
    """Memory and output, [batch, units].

    Args:
        product, added: the gates [batch, 4 * units] are their sum; `added` may be None.
        bias: [4 * units] or None; is added, too.
        before: the memory before the step, [batch, units].
    """
    memory, output, _ = _forward(cell, product, added, bias, before, keep=False)
    return memory, output


def _forward(cell: Cell, product: Any, added: Any, bias: Any, before: Any, keep: bool) -> Any:
    """Memory, output and, with `keep`, the gates as the gradient wants them."""
    struct: Any = jax.ShapeDtypeStruct
    rows, width = product.shape
    after = struct(before.shape, np.float32)
    gates = struct((rows if keep else 0, width), np.float32)
    call: Any = jax.ffi.ffi_call("tf1x_lstm", (after, after, gates), vmap_method="sequential")
    return call(
        product,
        jnp.zeros((0, width), np.float32) if added is None else added,
        jnp.zeros(0, np.float32) if bias is None else bias,
        before,
        forget_bias=np.float32(cell.forget_bias),
        order=np.array(cell.order, np.int64),
    )


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def differentiable_step(
    cell: Cell, product: Any, added: Any, bias: Any, before: Any
) -> tuple[Any, Any]:
    """As `step`, with gradients of all arrays."""
    return step(cell, product, added, bias, before)


def _kept(cell: Cell, product: Any, added: Any, bias: Any, before: Any) -> Any:
    memory, output, gates = _forward(cell, product, added, bias, before, keep=True)
    # JAX keeps arrays only, so None or an empty tuple says whether there is something.
    there = [None if x is None else () for x in (added, bias)]
    return (memory, output), (gates, before, there)


def _back(cell: Cell, kept: Any, g: Any) -> Any:
    gates, before, (added, bias) = kept
    struct: Any = jax.ShapeDtypeStruct
    shapes = gates.shape, gates.shape[1:], before.shape
    results = tuple(struct(shape, np.float32) for shape in shapes)
    call: Any = jax.ffi.ffi_call("tf1x_lstm_gradient", results, vmap_method="sequential")
    order = np.array(cell.order, np.int64)
    to_product, to_bias, to_before = call(gates, before, *g, order=order)
    return (
        to_product,
        None if added is None else to_product,
        None if bias is None else to_bias,
        to_before,
    )


differentiable_step.defvjp(_kept, _back)
