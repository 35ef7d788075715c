"""Linear algebra: decompositions, inverses, determinants, solvers, norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import bfloat16, complex64, complex128, float16, float32, float64
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, array_diag, array_moves, complex_math, elementary, reduce, xp
from tf1x.ops.functional import gradient_node
from tf1x.ops.matmul import matmul
from tf1x.ops.shape_rules import Dims, broadcast_dims, dims, merge_dim

_TYPES = (float64, float32, float16, complex64, complex128)

# -- helpers -------------------------------------------------------------------------------------


def _matrices(op: Operation, index: int = 0) -> tuple[Dims, int | None, int | None] | None:
    """Batch dimensions, rows and columns of an input; None where its rank is unknown."""
    shape = dims(op, index)
    if shape is None:
        return None
    if len(shape) < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {len(shape)}")
    return shape[:-2], shape[-2], shape[-1]


def _square(op: Operation) -> tuple[tuple[int | None, ...], int | None] | None:
    found = _matrices(op)
    if found is None:
        return None
    batch, rows, columns = found
    return batch or (), merge_dim(rows, columns)


def _square_shape(op: Operation) -> Any:
    found = _square(op)
    return [None if found is None else (*found[0], found[1], found[1])]


def _scalar_shapes(op: Operation) -> Any:
    """One number for each matrix, in every output."""
    found = _square(op)
    return [None if found is None else found[0]] * len(op.opdef.outputs)


def _adjoint(x: Any) -> Any:
    x = xp.swapaxes(x, -1, -2)
    return xp.conj(x) if x.dtype.kind == "c" else x


def _hermitian(x: Any) -> Any:
    """The Hermitian matrix whose lower triangle is that of `x`."""
    return xp.tril(x) + _adjoint(xp.tril(x, -1))


def _inverting(function: Callable[..., Any], message: str, *args: Any) -> Any:
    """`function(*args)`; fails the run with `message` where a matrix is singular."""
    try:
        result = function(*args)
    except np.linalg.LinAlgError:
        raise InvalidArgumentError(None, None, message) from None
    xp.check(xp.isfinite(result), InvalidArgumentError, message)
    return result


# -- decompositions ------------------------------------------------------------------------------


def _cholesky_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    # Murray, "Differentiation of the Cholesky decomposition" (2016); TensorFlow spreads the
    # gradient evenly over both triangles though only the lower one is read.
    (lower,), (g,) = outputs, cotangents
    middle = xp.tril(xp.matmul(_adjoint(lower), g))
    middle = middle - xp.tril(xp.triu(middle)) / 2
    identity = jnp.broadcast_to(jnp.eye(lower.shape[-1], dtype=lower.dtype), lower.shape)
    inverse = _solve_triangular(lower, identity, lower=True, adjoint=False)
    result = xp.matmul(xp.matmul(_adjoint(inverse), middle), inverse)
    return [(result + _adjoint(result)) / 2]


@op(
    "input: T -> output: T",
    T=_TYPES,
    shape=_square_shape,
    vjp=_cholesky_vjp,
    needs_jax=True,
    export=("cholesky", "linalg.cholesky", "batch_cholesky"),
)
def Cholesky(input: Any) -> Any:
    """The lower-triangular L with L L^H = `input`, for each matrix in the last two dimensions.

    Only the lower triangle is read. Where a matrix is not positive definite, L is nan.
    """
    return jnp.linalg.cholesky(_hermitian(input), symmetrize_input=False)


def _qr_shape(op: Operation) -> Any:
    found = _matrices(op)
    if found is None:
        return [None, None]
    batch, rows, columns = found
    inner = None if rows is None or columns is None else min(rows, columns)
    if op.attrs["full_matrices"]:
        return [(*(batch or ()), rows, rows), (*(batch or ()), rows, columns)]
    return [(*(batch or ()), rows, inner), (*(batch or ()), inner, columns)]


@op("input: T -> q: T, r: T", T=_TYPES, shape=_qr_shape, export=("qr", "linalg.qr"))
def Qr(input: Any, *, full_matrices: bool = False) -> Any:
    """`input` = Q R with orthonormal columns in Q and an upper-triangular R, for each matrix.

    With `full_matrices` Q is square, else it has min(rows, columns) columns.
    """
    return tuple(xp.linalg.qr(input, mode="complete" if full_matrices else "reduced"))


def _svd_shape(op: Operation) -> Any:
    found = _matrices(op)
    if found is None:
        return [None, None, None]
    batch, rows, columns = found
    inner = None if rows is None or columns is None else min(rows, columns)
    lead = batch or ()
    if not op.attrs["compute_uv"]:
        return [(*lead, inner), (0,), (0,)]
    if op.attrs["full_matrices"]:
        return [(*lead, inner), (*lead, rows, rows), (*lead, columns, columns)]
    return [(*lead, inner), (*lead, rows, inner), (*lead, columns, inner)]


@op("input: T -> s: T, u: T, v: T", T=_TYPES, shape=_svd_shape)
def Svd(input: Any, *, compute_uv: bool = True, full_matrices: bool = False) -> Any:
    """Singular values, largest first, and vectors: `input` = U diag(s) V^H, for each matrix.

    Without `compute_uv`, u and v are empty.
    """
    if not compute_uv:
        empty = xp.zeros((0,), input.dtype)
        return xp.linalg.svd(input, compute_uv=False).astype(input.dtype), empty, empty
    u, s, vh = xp.linalg.svd(input, full_matrices=full_matrices)
    return s.astype(input.dtype), u, _adjoint(vh)


def _eigen_shape(op: Operation) -> Any:
    found = _square(op)
    if found is None:
        return [None, None]
    batch, size = found
    return [(*batch, size), (*batch, size, size) if op.attrs["compute_v"] else (0,)]


@op("input: T -> e: T, v: T", T=_TYPES, shape=_eigen_shape)
def SelfAdjointEigV2(input: Any, *, compute_v: bool = True) -> Any:
    """Eigenvalues, smallest first, and eigenvectors (columns of v) of Hermitian matrices.

    Only the lower triangle is read. Without `compute_v`, v is empty.
    """
    matrix = _hermitian(input)
    if not compute_v:
        return xp.linalg.eigvalsh(matrix).astype(input.dtype), xp.zeros((0,), input.dtype)
    values, vectors = xp.linalg.eigh(matrix)
    return values.astype(input.dtype), vectors


# -- inverses and determinants -------------------------------------------------------------------


@op(
    "input: T -> output: T",
    T=_TYPES,
    shape=_square_shape,
    export=("matrix_inverse", "linalg.inv", "batch_matrix_inverse"),
)
def MatrixInverse(input: Any, *, adjoint: bool = False) -> Any:
    """The inverse of each matrix, or with `adjoint` that of its conjugate transpose.

    Raises (when run):
        InvalidArgumentError: a matrix is singular.
    """
    return _inverting(
        xp.linalg.inv, "Input is not invertible.", _adjoint(input) if adjoint else input
    )


@op(
    "input: T -> output: T",
    T=_TYPES,
    shape=_scalar_shapes,
    export=("matrix_determinant", "linalg.det", "batch_matrix_determinant"),
)
def MatrixDeterminant(input: Any) -> Any:
    """The determinant of each matrix."""
    return xp.asarray(xp.linalg.det(input), input.dtype)


@op(
    "input: T -> sign: T, log_abs_determinant: T",
    T=_TYPES,
    shape=_scalar_shapes,
    export=("linalg.slogdet",),
)
def LogMatrixDeterminant(input: Any) -> Any:
    """Sign, and logarithm of the absolute value, of the determinant of each matrix."""
    sign, log = xp.linalg.slogdet(input)
    return xp.asarray(sign, input.dtype), xp.asarray(log, input.dtype)


# -- solvers -------------------------------------------------------------------------------------


def _solve_shape(op: Operation) -> Any:
    matrix, rhs = _matrices(op, 0), _matrices(op, 1)
    if matrix is None or rhs is None:
        return [None]
    rows, columns = matrix[1:]
    merge_dim(rows, rhs[1])
    if op.type != "MatrixSolveLs":
        merge_dim(rows, columns)
    if op.type == "MatrixTriangularSolve":
        batch = broadcast_dims(matrix[0], rhs[0])
    else:
        if len(matrix[0] or ()) != len(rhs[0] or ()):
            raise ValueError(
                f"Shapes must be equal rank, but are {len(matrix[0] or ()) + 2} and {len(rhs[0] or ()) + 2}"
            )
        batch = tuple(merge_dim(a, b) for a, b in zip(matrix[0] or (), rhs[0] or (), strict=True))
    return [(*(batch or ()), columns, rhs[2])]


@op(
    "matrix: T, rhs: T -> output: T",
    T=_TYPES,
    shape=_solve_shape,
    export=("matrix_solve", "linalg.solve", "batch_matrix_solve"),
)
def MatrixSolve(matrix: Any, rhs: Any, *, adjoint: bool = False) -> Any:
    """The X with `matrix` X = `rhs`, for each matrix; `adjoint` conjugate-transposes it first.

    Raises (when run):
        InvalidArgumentError: a matrix is singular.
    """
    return _inverting(
        xp.linalg.solve,
        "Input matrix is not invertible.",
        _adjoint(matrix) if adjoint else matrix,
        rhs,
    )


def _solve_triangular(matrix: Any, rhs: Any, lower: bool, adjoint: bool) -> Any:
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    a = jnp.broadcast_to(matrix, batch + matrix.shape[-2:])
    b = jnp.broadcast_to(rhs, batch + rhs.shape[-2:])
    return jax.lax.linalg.triangular_solve(
        a, b, left_side=True, lower=lower, transpose_a=adjoint, conjugate_a=adjoint
    )


@op("matrix: T, rhs: T -> output: T", T=(*_TYPES, bfloat16), shape=_solve_shape, needs_jax=True)
def MatrixTriangularSolve(
    matrix: Any, rhs: Any, *, lower: bool = True, adjoint: bool = False
) -> Any:
    """The X with `matrix` X = `rhs`, reading only the lower (or upper) triangle of `matrix`."""
    return _solve_triangular(matrix, rhs, lower, adjoint)


def _solve_ls_gradient(op: Operation, grad: Tensor) -> list[Any]:
    # As in TensorFlow, the regulariser gets none.
    return [*gradient_node(op, [grad])[:2], None]


@op(
    "matrix: T, rhs: T, l2_regularizer: float64 -> output: T",
    T=_TYPES,
    shape=_solve_shape,
    grad=_solve_ls_gradient,
    needs_jax=True,
)
def MatrixSolveLs(matrix: Any, rhs: Any, l2_regularizer: Any, *, fast: bool = True) -> Any:
    """The X that minimises |`matrix` X - `rhs`|^2 + l2_regularizer |X|^2, for each matrix.

    `fast` solves the normal equations; without it the solution of least norm is found by way of
    the singular values, and the regulariser is not used.
    """
    if not fast:
        return jnp.matmul(jnp.linalg.pinv(matrix), rhs)
    adjoint = _adjoint(matrix)
    tall = matrix.shape[-2] >= matrix.shape[-1]
    gramian = jnp.matmul(adjoint, matrix) if tall else jnp.matmul(matrix, adjoint)
    damping = xp.asarray(l2_regularizer, "float64").astype(matrix.dtype)
    gramian = gramian + damping * np.eye(gramian.shape[-1], dtype=matrix.dtype)
    if tall:
        return jnp.linalg.solve(gramian, jnp.matmul(adjoint, rhs))
    return jnp.matmul(adjoint, jnp.linalg.solve(gramian, rhs))


# -- functions built from these ops --------------------------------------------------------------


@export("matrix_triangular_solve", "linalg.triangular_solve", "batch_matrix_triangular_solve")
def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The X with `matrix` X = `rhs`, reading only the lower (or upper) triangle of `matrix`.

    Args:
        matrix: shape [..., M, M].
        rhs: shape [..., M, K].
        adjoint: solve with the conjugate transpose of `matrix`.
    """
    with scopes.name_scope(name, "triangular_solve", [matrix, rhs]):
        return MatrixTriangularSolve(matrix, rhs, lower=lower, adjoint=adjoint)


@export("cholesky_solve", "linalg.cholesky_solve", "batch_cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """The X with A X = `rhs`, from `chol`, the Cholesky factor of A."""
    with scopes.name_scope(name, "cholesky_solve", [chol, rhs]):
        half = MatrixTriangularSolve(chol, rhs, lower=True, adjoint=False)
        return MatrixTriangularSolve(chol, half, lower=True, adjoint=True)


@export("matrix_solve_ls", "linalg.lstsq", "batch_matrix_solve_ls")
def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """The X that minimises |`matrix` X - `rhs`|^2 + `l2_regularizer` |X|^2.

    Args:
        matrix: shape [..., M, N].
        rhs: shape [..., M, K].
        fast: solve the normal equations by Cholesky decomposition; else use singular values.
    """
    matrix = convert.to_tensor(matrix, name="matrix")
    rows, columns = (matrix.shape.as_list() if matrix.shape.ndims is not None else [None, None])[
        -2:
    ]
    if not fast or rows is None or columns is None:
        return MatrixSolveLs(matrix, rhs, l2_regularizer, fast=fast, name=name)
    with scopes.name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        tall = rows >= columns
        gramian = matmul(matrix, matrix, adjoint_a=tall, adjoint_b=not tall)
        if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
            gramian = _damped(matrix, gramian, l2_regularizer, tall)
        chol = Cholesky(gramian)
        if tall:
            return cholesky_solve(chol, matmul(matrix, rhs, adjoint_a=True))
        return matmul(matrix, cholesky_solve(chol, rhs), adjoint_a=True)


def _damped(matrix: Tensor, gramian: Tensor, l2_regularizer: Any, tall: bool) -> Tensor:
    shape = array.shape(matrix)
    batch = shape[:-2]
    size = shape[-1] if tall else shape[-2]
    identity = array_diag.eye(size, batch_shape=batch, dtype=matrix.dtype)
    identity.set_shape(gramian.shape)
    return gramian + l2_regularizer * identity


@export("svd", "linalg.svd", "batch_svd")
def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Singular values s (largest first), and vectors u and v: `tensor` = u diag(s) v^H.

    Returns:
        (s, u, v), or s alone where `compute_uv` is False.
    """
    s, u, v = Svd(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (complex_math.real(s), u, v) if compute_uv else complex_math.real(s)


@export("self_adjoint_eig", "linalg.eigh", "batch_self_adjoint_eig")
def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Eigenvalues (smallest first) and eigenvectors (columns) of Hermitian matrices."""
    values, vectors = SelfAdjointEigV2(tensor, compute_v=True, name=name)
    return values, vectors


@export("self_adjoint_eigvals", "linalg.eigvalsh", "batch_self_adjoint_eigvals")
def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """Eigenvalues (smallest first) of Hermitian matrices."""
    values: Tensor = SelfAdjointEigV2(tensor, compute_v=False, name=name)[0]
    return values


@export("linalg.logdet")
def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of Hermitian positive definite matrices."""
    with scopes.name_scope(name, "logdet", [matrix]):
        diagonal = complex_math.real(array_diag.matrix_diag_part(Cholesky(matrix)))
        return 2.0 * reduce.reduce_sum(elementary.Log(diagonal), axis=[-1])


@export("linalg.adjoint")
def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The conjugate transpose of each matrix."""
    with scopes.name_scope(name, "adjoint", [matrix]):
        matrix = convert.to_tensor(matrix, name="matrix")
        return array_moves.matrix_transpose(matrix, conjugate=True)


@export("trace", "linalg.trace")
def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the diagonal of each matrix in the last two dimensions."""
    with scopes.name_scope(name, "Trace", [x]) as scope:
        x = convert.to_tensor(x, name="x")
        return reduce.reduce_sum(array_diag.matrix_diag_part(x), [-1], name=scope)


@export("norm", "linalg.norm")
@renamed(keep_dims="keepdims")
def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        ord: "euclidean" or 2 (of a matrix given by two axes, 2 is its largest singular value),
            "fro" (matrices), 1, np.inf, or for vectors any positive number.
        axis: None for the norm of all elements as one vector, an int for vectors along that
            axis, two ints for matrices.
        keepdims: leave ones in place of the reduced dimensions.

    Raises:
        ValueError: `axis` or `ord` is none of these.
    """
    of_matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    axes = _norm_axes(axis, of_matrix)
    allowed: list[Any] = (
        ["euclidean", "fro", 1, 2, np.inf] if of_matrix else ["euclidean", 1, 2, np.inf]
    )
    if ord not in allowed and (of_matrix or isinstance(ord, str) or not np.isreal(ord) or ord <= 0):
        kind = "matrix" if of_matrix else "vector"
        raise ValueError(f"'ord' must be a supported {kind} norm, got {ord}")
    with scopes.name_scope(name, "norm", [tensor]):
        tensor = convert.to_tensor(tensor)
        if of_matrix and ord == 2:
            return _spectral_norm(tensor, axes, bool(keepdims))
        if ord in ("fro", "euclidean", 2):
            squares = reduce.reduce_sum(tensor * complex_math.conj(tensor), axes, keepdims=True)
            result = elementary.Sqrt(squares)
        else:
            result = _other_norm(complex_math.absolute(tensor), ord, axes, of_matrix)
        return result if keepdims else array.squeeze(result, axes)


def _norm_axes(axis: Any, of_matrix: bool) -> tuple[int, ...] | None:
    if of_matrix:
        if not all(isinstance(a, int) for a in axis) or axis[0] == axis[1]:
            raise ValueError(
                f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}"
            )
        return tuple(axis)
    if axis is not None and not isinstance(axis, (int, np.integer)):
        raise ValueError(
            f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}"
        )
    return None if axis is None else (int(axis),)


def _other_norm(size: Tensor, ord: Any, axes: tuple[int, ...] | None, of_matrix: bool) -> Tensor:
    first = None if axes is None else axes[0]
    if ord == 1:
        result = reduce.reduce_sum(size, first, keepdims=True)
        return reduce.reduce_max(result, axes[-1], keepdims=True) if of_matrix and axes else result
    if ord == np.inf:
        if of_matrix and axes:
            size = reduce.reduce_sum(size, axes[1], keepdims=True)
        return reduce.reduce_max(size, first, keepdims=True)
    return elementary.Pow(
        reduce.reduce_sum(elementary.Pow(size, ord), axes, keepdims=True), 1.0 / ord
    )


def _spectral_norm(tensor: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    rank = tensor.shape.ndims
    if rank is None or axes is None:
        raise UnsupportedError(
            "tf.norm with ord=2 of matrices needs a tensor of known rank; call set_shape first."
        )
    last = [a % rank for a in axes]
    order = [i for i in range(rank) if i not in last] + last
    singular = svd(array_moves.transpose(tensor, order), compute_uv=False)
    largest = reduce.reduce_max(singular, axis=-1, keepdims=True)
    result = array_moves.transpose(array.expand_dims(largest, -1), np.argsort(order).tolist())
    return result if keepdims else array.squeeze(result, axes)
