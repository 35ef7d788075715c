"""Products of matrices by the native kernel: float32."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def product(transpose_a: bool, transpose_b: bool, a: Any, b: Any) -> Any:
    """The product of two matrices, each transposed first if wanted."""
    shape = (a.shape[transpose_a], b.shape[not transpose_b])
    struct: Any = jax.ShapeDtypeStruct
    call: Any = jax.ffi.ffi_call("tf1x_matmul", struct(shape, np.float32), vmap_method="sequential")
    return call(
        jnp.asarray(a),
        jnp.asarray(b),
        transpose_a=np.int64(transpose_a),
        transpose_b=np.int64(transpose_b),
    )


def _kept(transpose_a: bool, transpose_b: bool, a: Any, b: Any) -> Any:
    return product(transpose_a, transpose_b, a, b), (a, b)


def _back(transpose_a: bool, transpose_b: bool, kept: Any, g: Any) -> Any:
    a, b = kept
    of_a = (
        product(transpose_b, True, b, g) if transpose_a else product(False, not transpose_b, g, b)
    )
    of_b = (
        product(True, transpose_a, g, a) if transpose_b else product(not transpose_a, False, a, g)
    )
    return of_a, of_b


product.defvjp(_kept, _back)


def dense(
    transpose_a: bool, transpose_b: bool, a: Any, b: Any, bias: Any, rectifies: bool, mask: Any
) -> Any:
    """A product of matrices, and what a layer of a network does to it; it has no gradient.

    Args:
        bias: [columns], is added, or None.
        rectifies: then what is below 0 becomes 0.
        mask: like the result, or None: where it is not above 0 the result is multiplied by 0.
    """
    shape = (a.shape[transpose_a], b.shape[not transpose_b])
    struct: Any = jax.ShapeDtypeStruct
    call: Any = jax.ffi.ffi_call(DENSE, struct(shape, np.float32), vmap_method="sequential")
    return call(
        jnp.asarray(a),
        jnp.asarray(b),
        jnp.zeros(0, np.float32) if bias is None else bias,
        jnp.zeros((0, shape[1]), np.float32) if mask is None else mask,
        transpose_a=np.int64(transpose_a),
        transpose_b=np.int64(transpose_b),
        rectifies=rectifies,
    )


# The name of `dense` in a traced program.
DENSE = "tf1x_dense"

# Fewer multiplications, or a narrower result, are not worth a call out of XLA's code.
_FEW, _NARROW = 1 << 16, 8
# So few rows times a matrix that lies by rows are read without laying it out (kFew in matmul.cc),
# by several threads if it has as many numbers as this.
_FEW_ROWS, _FAR = 4, 1 << 18


def suits(rows: int, terms: int, columns: int, transpose_b: bool, dtype: Any) -> bool:
    """Whether the kernel is there for a product of [rows, terms] and [terms, columns]."""
    if dtype != np.float32 or min(terms, columns) < _NARROW:
        return False
    if rows < _NARROW and (rows > _FEW_ROWS or transpose_b or terms * columns < _FAR):
        return False
    return rows * terms * columns >= _FEW and on_cpu()
