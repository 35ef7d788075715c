"""Products of matrices: MatMul and its batched forms."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import (
    COMPLEX,
    FLOATS,
    NUMBERS,
    DType,
    bfloat16,
    float32,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.native import matmul as native
from tf1x.ops import complex_math, math, xp
from tf1x.ops.shape_rules import broadcast_dims, dims, merge_dim, with_rank

_MATMUL = tuple(d for d in NUMBERS if d not in (int8, int16))
_BATCH = (*FLOATS, int32, int64, *COMPLEX)
_BATCH_V2 = tuple(d for d in NUMBERS if d is not int8)
_BATCH_V3 = (*FLOATS, uint8, int8, int16, int32, int64, *COMPLEX)
_GRAD = {"grad_a": ("bool", False), "grad_b": ("bool", False)}
_BATCH_GRAD = {"grad_x": ("bool", False), "grad_y": ("bool", False)}


def _matmul_shape(op: Operation) -> Any:
    rows, inner = with_rank(dims(op, 0), 2)
    other, columns = with_rank(dims(op, 1), 2)
    if op.attrs["transpose_a"]:
        rows, inner = inner, rows
    if op.attrs["transpose_b"]:
        other, columns = columns, other
    merge_dim(inner, other)
    return [(rows, columns)]


def product(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The product of two matrices, each transposed first if wanted.

    Raises:
        InvalidArgumentError: their sizes do not fit.
    """
    left, right = a.T if transpose_a else a, b.T if transpose_b else b
    if left.shape[1] != right.shape[0]:
        sizes = f"In[0]: {list(a.shape)}, In[1]: {list(b.shape)}"
        raise InvalidArgumentError(None, None, f"Matrix size-incompatible: {sizes}")
    if xp.is_jax(a, b) and native.suits(*left.shape, right.shape[1], transpose_b, a.dtype):
        return native.product(transpose_a, transpose_b, a, b)
    return xp.matmul(left, right)


@op("a: T, b: T -> product: T", T=_MATMUL, shape=_matmul_shape, attrs=_GRAD)
def MatMul(a: Any, b: Any, *, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The product of two matrices, each transposed first if wanted."""
    return product(a, b, transpose_a, transpose_b)


@op(
    "a: Ta, b: Tb -> product: float32",
    Ta=((float32, bfloat16), float32),
    Tb=((float32, bfloat16), float32),
    shape=_matmul_shape,
    attrs={"a_is_sparse": ("bool", False), "b_is_sparse": ("bool", False)},
)
def SparseMatMul(a: Any, b: Any, *, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """`MatMul` of matrices said to hold many zeros; they are multiplied like any others."""
    return product(a.astype("float32"), b.astype("float32"), transpose_a, transpose_b)


def _batch_shape(broadcasts: bool) -> Any:
    def rule(op: Operation) -> Any:
        x, y = dims(op, 0), dims(op, 1)
        if x is None or y is None:
            return [None]
        for shape in (x, y):
            if len(shape) < 2:
                raise ValueError(f"Shape must be at least rank 2 but is rank {len(shape)}")
        rows, inner = reversed(x[-2:]) if op.attrs["adj_x"] else x[-2:]
        other, columns = reversed(y[-2:]) if op.attrs["adj_y"] else y[-2:]
        merge_dim(inner, other)
        if broadcasts:
            batch = broadcast_dims(x[:-2], y[:-2])
        elif len(x) != len(y):
            raise ValueError(f"Shapes must be equal rank, but are {len(x)} and {len(y)}")
        else:
            batch = tuple(merge_dim(a, b) for a, b in zip(x[:-2], y[:-2], strict=True))
        return [(*(batch or ()), rows, columns)]

    return rule


def _adjoint(x: Any) -> Any:
    x = xp.swapaxes(x, -1, -2)
    return xp.conj(x) if x.dtype.kind == "c" else x


@op(
    "x: T, y: T -> output: T",
    T=_BATCH,
    shape=_batch_shape(broadcasts=False),
    attrs=_BATCH_GRAD,
    export=("batch_matmul",),
)
def BatchMatMul(x: Any, y: Any, *, adj_x: bool = False, adj_y: bool = False) -> Any:
    """Products of the matrices in the last two dimensions, each conjugate-transposed if wanted."""
    return xp.matmul(_adjoint(x) if adj_x else x, _adjoint(y) if adj_y else y)


@op("x: T, y: T -> output: T", T=_BATCH_V2, shape=_batch_shape(broadcasts=True), attrs=_BATCH_GRAD)
def BatchMatMulV2(x: Any, y: Any, *, adj_x: bool = False, adj_y: bool = False) -> Any:
    """`BatchMatMul` whose batch dimensions broadcast."""
    return xp.matmul(_adjoint(x) if adj_x else x, _adjoint(y) if adj_y else y)


@op(
    "x: Ta, y: Tb -> output: Tout",
    Ta=_BATCH_V3,
    Tb=_BATCH_V3,
    Tout=tuple(d for d in _BATCH_V3 if d not in (uint8, int8)),
    shape=_batch_shape(broadcasts=True),
    attrs=_BATCH_GRAD,
)
def BatchMatMulV3(x: Any, y: Any, *, Tout: DType, adj_x: bool = False, adj_y: bool = False) -> Any:
    """`BatchMatMulV2` of two types, computed in the type `Tout`."""
    x, y = (v.astype(Tout.as_numpy_dtype) for v in (x, y))
    return xp.matmul(_adjoint(x) if adj_x else x, _adjoint(y) if adj_y else y)


@export("matmul", "linalg.matmul")
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
) -> Tensor:
    """The product of two matrices, or of two stacks of matrices in the last two dimensions.

    Args:
        transpose_a, transpose_b: transpose the matrices first.
        adjoint_a, adjoint_b: transpose and conjugate them first.
        a_is_sparse, b_is_sparse: accepted; the product is computed as any other.
        output_type: the result's type where the inputs' types differ.

    Raises:
        ValueError: both transposed and adjoint, or shapes that do not fit.
    """
    for side, transposed, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
        if transposed and adjoint:
            raise ValueError(f"Only one of `transpose_{side}` and `adjoint_{side}` can be True.")
    with scopes.name_scope(name, "MatMul", [a, b]) as scope:
        a = convert.to_tensor(a, name="a")
        b = convert.to_tensor(b, preferred_dtype=a.dtype.base_dtype, name="b")
        mixed = output_type is not None and not (output_type == a.dtype == b.dtype)
        stacked = _may_be_stack(a) or _may_be_stack(b)
        if mixed or (stacked and not (a_is_sparse or b_is_sparse)):
            # The batched ops conjugate what they transpose; this takes the conjugation back.
            a = complex_math.conj(a) if transpose_a else a
            b = complex_math.conj(b) if transpose_b else b
            options = {
                "adj_x": adjoint_a or transpose_a,
                "adj_y": adjoint_b or transpose_b,
                "grad_x": grad_a,
                "grad_y": grad_b,
            }
            if mixed:
                return BatchMatMulV3(a, b, Tout=output_type, **options, name=scope)
            return BatchMatMulV2(a, b, **options, name=scope)
        a = complex_math.conj(a) if adjoint_a else a
        b = complex_math.conj(b) if adjoint_b else b
        transposes = {
            "transpose_a": transpose_a or adjoint_a,
            "transpose_b": transpose_b or adjoint_b,
        }
        if (a_is_sparse or b_is_sparse) and {a.dtype, b.dtype} <= {float32, bfloat16}:
            product = SparseMatMul(
                a, b, **transposes, a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=scope
            )
            return math.cast(product, bfloat16) if a.dtype == b.dtype == bfloat16 else product
        return MatMul(a, b, **transposes, grad_a=grad_a, grad_b=grad_b, name=scope)


def _may_be_stack(x: Tensor) -> bool:
    return x.shape.ndims is None or x.shape.ndims > 2
