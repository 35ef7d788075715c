"""Products with weights that stay the same for many of them, as in the steps of a loop: float32."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import library, on_cpu

# Smaller weights are not worth a call out of XLA's code in each step.
_FEW, _NARROW = 1 << 14, 16


class Packed(NamedTuple):
    """Weights laid out as the kernel reads them, and their transpose for the gradient.

    Attributes:
        shape: theirs.
        transposed: None where no gradient is wanted.
    """

    shape: tuple[int, int]
    weights: Any
    transposed: Any


def suits(shape: tuple[int, ...], dtype: Any) -> bool:
    """Whether the kernel is there for such weights, and faster than XLA."""
    if dtype != np.float32 or len(shape) != 2 or min(shape) < _NARROW:
        return False
    return shape[0] * shape[1] >= _FEW and on_cpu()


def packed(weights: Any, gradient: bool) -> Packed:
    """Weights [terms, columns] made ready for `product`, and for its gradient."""
    weights = jax.lax.stop_gradient(jnp.asarray(weights))
    return Packed(weights.shape, _pack(weights, False), _pack(weights, True) if gradient else None)


def _pack(weights: Any, transposed: bool) -> Any:
    kernels = library()
    assert kernels is not None
    rows, columns = reversed(weights.shape) if transposed else weights.shape
    struct: Any = jax.ShapeDtypeStruct
    result = struct((kernels.tf1x_packed_size(rows, columns),), np.float32)
    call: Any = jax.ffi.ffi_call("tf1x_pack", result, vmap_method="sequential")
    return call(weights, transposed=np.int64(transposed))


def product(left: Any, right: Packed) -> Any:
    """`left` [rows, terms] times the weights, which get no gradient from it."""
    if right.transposed is None:
        return _multiply(right.shape[1], left, right.weights)
    return _product(right.shape, left, right.weights, right.transposed)


def _multiply(columns: int, left: Any, weights: Any) -> Any:
    struct: Any = jax.ShapeDtypeStruct
    result = struct((left.shape[0], columns), np.float32)
    call: Any = jax.ffi.ffi_call("tf1x_multiply", result, vmap_method="sequential")
    return call(left, weights)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _product(shape: tuple[int, int], left: Any, weights: Any, transposed: Any) -> Any:
    return _multiply(shape[1], left, weights)


def _kept(shape: tuple[int, int], left: Any, weights: Any, transposed: Any) -> Any:
    return _multiply(shape[1], left, weights), (weights, transposed)


def _back(shape: tuple[int, int], kept: Any, g: Any) -> Any:
    weights, transposed = kept
    return _product((shape[1], shape[0]), g, transposed, weights), None, None


_product.defvjp(_kept, _back)
