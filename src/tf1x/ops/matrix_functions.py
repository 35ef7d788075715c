"""Functions of matrices: exponential, logarithm, square root, LU decomposition, rank, inverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import (
    INDICES,
    DType,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int32,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import (
    array,
    array_broadcast,
    array_diag,
    array_gather,
    array_moves,
    array_select,
    complex_math,
    elementary,
    linalg,
    math,
    nn,
    reduce,
    xp,
)
from tf1x.ops.control_flow import while_loop
from tf1x.ops.matmul import matmul
from tf1x.ops.shape_rules import dims, merge_dim

_TYPES = (float64, float32, float16, complex64, complex128)


def _square(op: Operation) -> Any:
    shape = dims(op)
    if shape is None:
        return None
    if len(shape) < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {len(shape)}")
    size = merge_dim(shape[-2], shape[-1])
    return (*shape[:-2], size, size)


# -- logarithm and square root: SciPy's, by way of Schur's decomposition -------------------------


def _each_matrix(function: Callable[[Any], Any], x: Any) -> Any:
    """`function` of each matrix, in the type of `x` (imaginary parts are dropped where it is real)."""
    if not x.size:
        return x
    flat = x.reshape(-1, *x.shape[-2:])
    found = np.stack([function(matrix) for matrix in flat]).reshape(x.shape)
    return (found if x.dtype.kind == "c" else found.real).astype(x.dtype)


@op("input: T -> output: T", T=(complex64, complex128), shape=lambda op: [_square(op)], host=True)
def MatrixLogarithm(input: Any) -> Any:
    """The principal logarithm of each matrix: the inverse of `tf.linalg.expm`."""
    import scipy.linalg

    return _each_matrix(lambda x: scipy.linalg.logm(x.astype(np.complex128)), input)


def _root_gradient(op: Operation, grad: Tensor) -> list[Any]:
    """X with R^T X + X R^T = grad, where R is the root: as TensorFlow's, it does not conjugate."""
    root = array_moves.matrix_transpose(op.outputs[0])
    shape = array.shape(root)
    size = shape[-1]
    identity = array_diag.eye(size, dtype=root.dtype)
    # A system of equations for the elements of X in row-major order.
    left = root[..., :, None, :, None] * identity[None, :, None, :]
    right = identity[:, None, :, None] * op.outputs[0][..., None, :, None, :]
    square = array_moves.concat([shape[:-2], [size * size, size * size]], 0)
    column = array_moves.concat([shape[:-2], [size * size, 1]], 0)
    system = array.Reshape(left + right, square)
    solution = linalg.MatrixSolve(system, array.Reshape(grad, column))
    return [array.Reshape(solution, shape)]


@op(
    "input: T -> output: T",
    T=_TYPES,
    shape=lambda op: [_square(op)],
    grad=_root_gradient,
    host=True,
)
def MatrixSquareRoot(input: Any) -> Any:
    """The principal square root of each matrix."""
    import scipy.linalg

    return _each_matrix(scipy.linalg.sqrtm, input)


# -- exponential ---------------------------------------------------------------------------------

# Padé approximants of exp and the norms up to which they are exact to rounding: Higham, "The
# scaling and squaring method for the matrix exponential revisited" (2005).
_PADE_7 = (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0)
_PADE_13 = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
    40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_LARGEST_7, _LARGEST_13 = 3.925724783138660, 5.371920351148152


def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponential of each matrix: [..., M, M].

    Raises:
        ValueError: another type than float or complex numbers.
    """
    with scopes.name_scope(name, "matrix_exponential", [input]):
        matrix = convert.to_tensor(input, name="input")
        if matrix.dtype not in _TYPES:
            raise ValueError(f"tf.linalg.expm does not support matrices of type {matrix.dtype}")
        wide = matrix.dtype in (float64, complex128)
        coefficients, largest = (_PADE_13, _LARGEST_13) if wide else (_PADE_7, _LARGEST_7)
        columns = reduce.reduce_sum(complex_math.absolute(matrix), axis=-2)
        norm = reduce.reduce_max(columns, axis=-1)[..., None, None]
        doublings = elementary.Log(norm / largest) / float(np.log(2.0))
        squarings = math.Maximum(math.Ceil(doublings), 0.0)
        half = convert.constant(0.5, norm.dtype)
        scaled = matrix * math.cast(elementary.Pow(half, squarings), matrix.dtype)
        result = _pade(scaled, coefficients)
        most = reduce.reduce_max(squarings)
        most = array_select.where(math.IsFinite(most), most, array.zeros_like(most))

        def squared(i: Tensor, x: Tensor) -> list[Tensor]:
            return [i + 1, array_select.where_v2(math.Less(i, squarings), matmul(x, x), x)]

        start = convert.constant(0.0, norm.dtype)
        _, result = while_loop(lambda i, _: math.Less(i, most), squared, [start, result])
        result.set_shape(matrix.shape)
        return result


def _pade(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    """The quotient p(x) / p(-x), with p of these coefficients, lowest first."""
    size = array.shape(x)[-1]
    power = array_diag.eye(size, dtype=x.dtype)
    even, odd = coefficients[0] * power, coefficients[1] * power
    square = matmul(x, x)
    power = square
    for i in range(2, len(coefficients), 2):
        if i > 2:
            power = matmul(power, square)
        even = even + coefficients[i] * power
        odd = odd + coefficients[i + 1] * power
    odd = matmul(x, odd)
    return linalg.MatrixSolve(even - odd, even + odd)


# -- LU decomposition ----------------------------------------------------------------------------


def _lu_shape(op: Operation) -> Any:
    shape = _square(op)
    return [shape, None if shape is None else shape[:-1]]


@op(
    "input: T -> lu: T, p: output_idx_type",
    T=_TYPES,
    output_idx_type=(INDICES, int32),
    shape=_lu_shape,
    needs_jax=True,
)
def Lu(input: Any, *, output_idx_type: DType) -> Any:
    """L and U with L U = `input`[p] for each matrix, both in one: the ones on L's diagonal are left out.

    Raises (when run):
        InvalidArgumentError: a matrix is singular.
    """
    lu, _, order = jax.lax.linalg.lu(input)
    diagonal = xp.diagonal(lu, axis1=-2, axis2=-1)
    xp.check(diagonal != 0, InvalidArgumentError, "Input is not invertible.")
    return lu, order.astype(output_idx_type.as_numpy_dtype)


def lu(input: Any, output_idx_type: Any = int32, name: str | None = None) -> Any:
    """The LU decomposition of square matrices, with pivoting.

    Returns:
        A named tuple (lu, p): the factors [..., M, M] in one, and the order of the rows [..., M]:
        L U = input[p].
    """
    return Lu(input, output_idx_type=output_idx_type, name=name)


def _factors(lower_upper: Tensor) -> tuple[Tensor, Tensor]:
    ones = array.ones(array.shape(lower_upper)[:-1], dtype=lower_upper.dtype)
    lower = array_diag.matrix_set_diag(array_diag.MatrixBandPart(lower_upper, -1, 0), ones)
    return lower, array_diag.MatrixBandPart(lower_upper, 0, -1)


def _rows(x: Tensor, order: Tensor) -> Tensor:
    """The rows of each matrix in another order: [..., M, N] and [..., M]."""
    if x.shape.ndims == 2 and order.shape.ndims == 1:
        return array_gather.gather(x, order, axis=-2)
    shape = array.shape(x)
    batch = array.shape(order)[:-1]
    batch = array_broadcast.broadcast_dynamic_shape(shape[:-2], batch)
    rows, columns = shape[-2], shape[-1]
    full = array_moves.concat([batch, [rows, columns]], 0)
    x = array.Reshape(array_broadcast.BroadcastTo(x, full), [-1, rows, columns])
    order = array.Reshape(array_broadcast.BroadcastTo(order, full[:-1]), [-1, rows])
    return array.Reshape(array_gather.gather(x, order, batch_dims=1, axis=1), full)


def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The matrices of which `tf.linalg.lu` gave `lower_upper` and `perm`."""
    with scopes.name_scope(name, "lu_reconstruct", [lower_upper, perm]):
        lower_upper, perm = _lu_arguments(lower_upper, perm)
        product = matmul(*_factors(lower_upper))
        places = nn.TopKV2(-perm, array.shape(perm)[-1]).indices  # the inverse of `perm`
        result = _rows(product, places)
        result.set_shape(lower_upper.shape)
        return result


def lu_solve(
    lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The X with A X = `rhs`, where `tf.linalg.lu` gave `lower_upper` and `perm` of A.

    Raises:
        ValueError: the shapes do not fit.
    """
    with scopes.name_scope(name, "lu_solve", [lower_upper, perm, rhs]):
        lower_upper, perm = _lu_arguments(lower_upper, perm)
        rhs = convert.to_tensor(rhs, preferred_dtype=lower_upper.dtype, name="rhs")
        if rhs.shape.ndims is not None and rhs.shape.ndims < 2:
            raise ValueError("Input `rhs` must have at least 2 dimensions.")
        if not lower_upper.shape[-1:].is_compatible_with(rhs.shape[-2:-1]):
            raise ValueError("`lower_upper.shape[-1]` must equal `rhs.shape[-1]`.")
        lower, _ = _factors(lower_upper)
        half = linalg.matrix_triangular_solve(lower, _rows(rhs, perm))
        return linalg.matrix_triangular_solve(lower_upper, half, lower=False)


def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The inverse of the matrices of which `tf.linalg.lu` gave `lower_upper` and `perm`."""
    with scopes.name_scope(name, "lu_matrix_inverse", [lower_upper, perm]):
        lower_upper, perm = _lu_arguments(lower_upper, perm)
        shape = array.shape(lower_upper)
        identity = array_diag.eye(shape[-1], batch_shape=shape[:-2], dtype=lower_upper.dtype)
        identity.set_shape(lower_upper.shape)
        return lu_solve(lower_upper, perm, identity)


def _lu_arguments(lower_upper: Any, perm: Any) -> tuple[Tensor, Tensor]:
    lower_upper = convert.to_tensor(lower_upper, preferred_dtype=float32, name="lower_upper")
    perm = convert.to_tensor(perm, preferred_dtype=int32, name="perm")
    if lower_upper.shape.ndims is not None and lower_upper.shape.ndims < 2:
        raise ValueError("Input `lower_upper` must have at least 2 dimensions.")
    return lower_upper, perm


# -- rank, inverse, products ---------------------------------------------------------------------


def _matrix(a: Any) -> Tensor:
    a = convert.to_tensor(a, preferred_dtype=float32, name="a")
    if not a.dtype.is_floating:
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {a.dtype.name}).")
    if a.shape.ndims is not None and a.shape.ndims < 2:
        raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {a.shape.ndims}).")
    return a


def _larger_size(a: Tensor) -> Any:
    """The larger of the number of rows and columns."""
    sizes = a.shape[-2:]
    if a.shape.ndims is not None and sizes.is_fully_defined():
        return float(max(sizes.as_list()))
    return math.cast(reduce.reduce_max(array.shape(a)[-2:]), a.dtype)


def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """How many singular values of each matrix are above `tol` (int32).

    `tol` is by default the largest one times the larger size times the type's precision.
    """
    with scopes.name_scope(name, "matrix_rank", [a]):
        a = _matrix(a)
        values = linalg.svd(a, compute_uv=False)
        if tol is None:
            precision = float(np.finfo(a.dtype.as_numpy_dtype).eps)
            tol = precision * _larger_size(a) * reduce.reduce_max(values, axis=-1, keepdims=True)
        return reduce.reduce_sum(math.cast(math.Greater(values, tol), int32), axis=-1)


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The Moore-Penrose inverse of each matrix: [..., N, M] of [..., M, N].

    Args:
        rcond: singular values up to `rcond` times the largest count as 0; by default ten times
            the larger size times the type's precision.
    """
    with scopes.name_scope(name, "pinv", [a]):
        a = _matrix(a)
        if rcond is None:
            rcond = 10.0 * float(np.finfo(a.dtype.as_numpy_dtype).eps) * _larger_size(a)
        rcond = convert.to_tensor(rcond, a.dtype, name="rcond")
        values, left, right = linalg.svd(a)
        limit = rcond * reduce.reduce_max(values, axis=-1)
        infinite = convert.constant(np.inf, a.dtype)
        above = math.Greater(values, array.expand_dims(limit, -1))
        values = array_select.where_v2(above, values, infinite)
        result = matmul(right / array.expand_dims(values, -2), left, adjoint_b=True)
        if a.shape.ndims is not None:
            shape = a.shape.as_list()
            result.set_shape([*shape[:-2], shape[-1], shape[-2]])
        return result


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Matrices [..., M, N] times vectors [..., N]: [..., M]."""
    with scopes.name_scope(name, "MatVec", [a, b]):
        column = array.expand_dims(b, axis=-1)
        product = matmul(
            a,
            column,
            transpose_a=transpose_a,
            adjoint_a=adjoint_a,
            a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )
        return array.squeeze(product, axis=-1)


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """`tensor` divided by its norm along `axis`, and that norm (see `tf.norm`)."""
    with scopes.name_scope(name, "normalize", [tensor]):
        tensor = convert.to_tensor(tensor)
        size = math.cast(linalg.norm(tensor, ord, axis, keepdims=True), tensor.dtype)
        return tensor / size, size
