"""`tf.linalg.LinearOperator*`: matrices by their structure, with the products and solutions it allows.

A class says how it becomes a dense matrix and overrides what its structure does better.
"""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype, float32, int32
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value_as_shape
from tf1x.ops import (
    array,
    array_broadcast,
    array_diag,
    array_moves,
    array_pad,
    checks,
    complex_math,
    elementary,
    linalg,
    math,
    reduce,
)
from tf1x.ops.matmul import matmul


class LinearOperator:
    """A batch of matrices [B1, ..., Bb, M, N].

    Args:
        is_non_singular, is_self_adjoint, is_positive_definite, is_square: what is known of the
            matrices; None for nothing.

    Raises:
        ValueError: these contradict each other.
    """

    def __init__(
        self,
        dtype: Any,
        graph_parents: Any = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        if is_non_singular or is_self_adjoint:
            if is_square is False:
                raise ValueError("A non-singular or self-adjoint matrix is always square.")
            is_square = True
        self._dtype = as_dtype(dtype).base_dtype
        self._graph_parents = list(graph_parents or [])
        self._is_non_singular, self._is_self_adjoint = is_non_singular, is_self_adjoint
        self._is_positive_definite, self._is_square = is_positive_definite, is_square
        self._name = name or type(self).__name__

    # -- what it is ------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def name(self) -> str:
        return self._name

    @property
    def graph_parents(self) -> list[Any]:
        """The tensors it was made of."""
        return self._graph_parents

    @property
    def is_non_singular(self) -> bool | None:
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> bool | None:
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> bool | None:
        return self._is_positive_definite

    @property
    def is_square(self) -> bool | None:
        found = self.range_dimension.value, self.domain_dimension.value
        if None not in found:
            return found[0] == found[1]
        return self._is_square

    @property
    def shape(self) -> TensorShape:
        """The static shape [B1, ..., Bb, M, N]."""
        return self.to_dense().shape

    @property
    def batch_shape(self) -> TensorShape:
        return self.shape[:-2]

    @property
    def tensor_rank(self) -> int | None:
        return self.shape.ndims

    @property
    def range_dimension(self) -> Any:
        """The number of rows, as a Dimension."""
        return self.shape[-2]

    @property
    def domain_dimension(self) -> Any:
        """The number of columns, as a Dimension."""
        return self.shape[-1]

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """The shape as an int32 tensor."""
        with self._scope(name):
            known = self.shape
            if known.is_fully_defined():
                return convert.to_tensor(known.as_list(), int32, name="shape")
            return array.shape(self.to_dense())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        return self.shape_tensor(name)[:-2]

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        return array.size(self.shape_tensor(name))

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        return self.shape_tensor(name)[-2]

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        return self.shape_tensor(name)[-1]

    def _scope(self, name: str) -> Any:
        return scopes.name_scope(f"{self.name}/{name}")

    # -- what a class defines ----------------------------------------------------------------------

    def _to_dense(self) -> Tensor:
        raise TypeError(f"{type(self).__name__} does not define _to_dense.")

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        matrix = self._to_dense()
        shapes = array.shape(matrix), array.shape(rhs)
        batch = array_broadcast.broadcast_dynamic_shape(shapes[0][:-2], shapes[1][:-2])
        matrix, rhs = (
            array_broadcast.BroadcastTo(x, array_moves.concat([batch, shape[-2:]], 0))
            for x, shape in zip((matrix, rhs), shapes, strict=True)
        )
        return linalg.MatrixSolve(matrix, rhs, adjoint=adjoint)

    def _diag_part(self) -> Tensor:
        return array_diag.matrix_diag_part(self._to_dense())

    def _determinant(self) -> Tensor:
        return linalg.MatrixDeterminant(self._to_dense())

    def _log_abs_determinant(self) -> Tensor:
        return complex_math.real(linalg.LogMatrixDeterminant(self._to_dense()).log_abs_determinant)

    # -- what it does ------------------------------------------------------------------------------

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """The matrices as a tensor."""
        with self._scope(name):
            return self._to_dense()

    def matmul(
        self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul"
    ) -> Tensor:
        """A `x`, or A^H `x` with `adjoint`; `adjoint_arg` takes x^H."""
        with self._scope(name):
            return self._matmul(convert.to_tensor(x, self.dtype, name="x"), adjoint, adjoint_arg)

    def __matmul__(self, x: Any) -> Tensor:
        return self.matmul(x)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """A `x` for vectors `x`."""
        with self._scope(name):
            column = array.expand_dims(convert.to_tensor(x, self.dtype, name="x"), -1)
            return array.squeeze(self._matmul(column, adjoint, False), -1)

    def solve(
        self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve"
    ) -> Tensor:
        """The X with A X = `rhs`, or with A^H X = `rhs`; `adjoint_arg` takes rhs^H.

        Raises:
            NotImplementedError: the operator is known not to be square or to be singular.
        """
        self._refuse_unsolvable()
        with self._scope(name):
            rhs = convert.to_tensor(rhs, self.dtype, name="rhs")
            return self._solve(linalg.adjoint(rhs) if adjoint_arg else rhs, adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """The x with A x = `rhs`, for vectors."""
        self._refuse_unsolvable()
        with self._scope(name):
            column = array.expand_dims(convert.to_tensor(rhs, self.dtype, name="rhs"), -1)
            return array.squeeze(self._solve(column, adjoint), -1)

    def _refuse_unsolvable(self) -> None:
        if self.is_non_singular is False:
            raise NotImplementedError(
                "Exact solve not implemented for an operator that is expected to be singular."
            )
        self._require_square("solve")

    def _require_square(self, what: str) -> None:
        if self.is_square is False:
            raise NotImplementedError(
                f"{what} not implemented for an operator that is expected to not be square."
            )

    def determinant(self, name: str = "det") -> Tensor:
        """The determinant of each matrix."""
        self._require_square("Determinant")
        with self._scope(name):
            return self._determinant()

    def log_abs_determinant(self, name: str = "log_abs_det") -> Tensor:
        """The logarithm of the determinant's absolute value."""
        self._require_square("Determinant")
        with self._scope(name):
            return self._log_abs_determinant()

    def diag_part(self, name: str = "diag_part") -> Tensor:
        """The diagonal of each matrix."""
        with self._scope(name):
            return self._diag_part()

    def trace(self, name: str = "trace") -> Tensor:
        """The sum of each diagonal."""
        with self._scope(name):
            return reduce.reduce_sum(self._diag_part(), axis=-1)

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """A + `x`."""
        with self._scope(name):
            return self._to_dense() + convert.to_tensor(x, self.dtype, name="x")

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        """An op that fails unless every determinant is other than 0."""
        with self._scope(name):
            nonzero = math.NotEqual(self._determinant(), math.cast(0, self.dtype))
            return checks.Assert(reduce.reduce_all(nonzero), ["Singular operator"])

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        """An op that fails unless every matrix equals its adjoint."""
        with self._scope(name):
            dense = self._to_dense()
            return checks.assert_equal(
                dense, linalg.adjoint(dense), message="Matrix was not equal to its adjoint."
            )

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        """An op that fails unless every (self-adjoint) matrix is positive definite."""
        with self._scope(name):
            roots = complex_math.real(
                array_diag.matrix_diag_part(linalg.Cholesky(self._to_dense()))
            )
            return checks.assert_positive(roots, message="Operator was not positive definite.")


def _tensor(value: Any, name: str, rank: int) -> Tensor:
    tensor = convert.to_tensor(value, name=name)
    if tensor.shape.ndims is not None and tensor.shape.ndims < rank:
        raise ValueError(f"Argument {name} must have at least {rank} dimensions.  Found: {tensor}")
    return tensor


class LinearOperatorFullMatrix(LinearOperator):
    """Matrices without structure: `matrix` [..., M, N]."""

    def __init__(
        self,
        matrix: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        with scopes.name_scope(name, values=[matrix]):
            self._matrix = _tensor(matrix, "matrix", 2)
        super().__init__(
            self._matrix.dtype,
            [self._matrix],
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
        )

    def _to_dense(self) -> Tensor:
        return self._matrix

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        if self.is_positive_definite and self.is_self_adjoint:
            return linalg.cholesky_solve(linalg.Cholesky(self._matrix), rhs)
        return super()._solve(rhs, adjoint)


class LinearOperatorLowerTriangular(LinearOperator):
    """Lower-triangular matrices: of `tril` [..., N, N] the lower triangle."""

    def __init__(
        self,
        tril: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with scopes.name_scope(name, values=[tril]):
            given = _tensor(tril, "tril", 2)
            self._tril = array_diag.MatrixBandPart(given, -1, 0)
            self._diag = array_diag.matrix_diag_part(self._tril)
        super().__init__(
            given.dtype,
            [given],
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
        )

    def _to_dense(self) -> Tensor:
        return self._tril

    def _diag_part(self) -> Tensor:
        return self._diag

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return linalg.matrix_triangular_solve(self._tril, rhs, lower=True, adjoint=adjoint)

    def _determinant(self) -> Tensor:
        return reduce.reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        return reduce.reduce_sum(elementary.Log(complex_math.absolute(self._diag)), axis=[-1])


class LinearOperatorDiag(LinearOperator):
    """Diagonal matrices, with the diagonals `diag` [..., N]."""

    def __init__(
        self,
        diag: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        with scopes.name_scope(name, values=[diag]):
            self._diag = _tensor(diag, "diag", 1)
        if not self._diag.dtype.is_complex:
            if is_self_adjoint is False:
                raise ValueError("A real diagonal operator is always self adjoint.")
            is_self_adjoint = True
        if is_square is False:
            raise ValueError("Only square diagonal operators currently supported.")
        super().__init__(
            self._diag.dtype,
            [self._diag],
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
        )

    @property
    def diag(self) -> Tensor:
        return self._diag

    def _column(self, adjoint: bool) -> Tensor:
        diag = complex_math.conj(self._diag) if adjoint else self._diag
        return array.expand_dims(diag, -1)

    def _to_dense(self) -> Tensor:
        return array_diag.matrix_diag(self._diag)

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return self._column(adjoint) * (linalg.adjoint(x) if adjoint_arg else x)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return rhs / self._column(adjoint)

    def _diag_part(self) -> Tensor:
        return self._diag

    def _determinant(self) -> Tensor:
        return reduce.reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        return reduce.reduce_sum(elementary.Log(complex_math.absolute(self._diag)), axis=[-1])


class LinearOperatorScaledIdentity(LinearOperatorDiag):
    """`multiplier` [...] times the identity of `num_rows` rows."""

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        if not is_square:
            raise ValueError("A ScaledIdentity operator is always square.")
        with scopes.name_scope(name, values=[multiplier, num_rows]):
            self._multiplier = convert.to_tensor(multiplier, name="multiplier")
            rows = convert.to_tensor(num_rows, int32, name="num_rows")
            shape = array_moves.concat([array.shape(self._multiplier), [rows]], 0)
            diag = array_broadcast.BroadcastTo(array.expand_dims(self._multiplier, -1), shape)
            diag.set_shape(constant_value_as_shape(shape))
        super().__init__(
            diag, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name
        )

    @property
    def multiplier(self) -> Tensor:
        return self._multiplier


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """Identity matrices of `num_rows` rows, one or a batch of shape `batch_shape`."""

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = True,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = True,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        if not (is_non_singular and is_self_adjoint and is_positive_definite and is_square):
            raise ValueError(
                "An identity operator is always square, self-adjoint, non-singular and positive definite."
            )
        ones = array.ones([] if batch_shape is None else batch_shape, as_dtype(dtype or float32))
        super().__init__(num_rows, ones, True, True, True, True, assert_proper_shapes, name)


class LinearOperatorLowRankUpdate(LinearOperator):
    """L + U D V^H, for an operator L, `u` and `v` [..., M, K] and the diagonal `diag_update` [..., K]."""

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: bool | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowRankUpdate",
    ) -> None:
        if diag_update is None:
            is_diag_update_positive = True
        if v is None and is_diag_update_positive and base_operator.is_positive_definite:
            is_positive_definite = True
        if v is None and base_operator.is_self_adjoint:
            is_self_adjoint = True
        with scopes.name_scope(name, values=[u, diag_update, v]):
            self._base = base_operator
            self._u = convert.to_tensor(u, base_operator.dtype, name="u")
            self._v = self._u if v is None else convert.to_tensor(v, base_operator.dtype, name="v")
            self._diag = None
            if diag_update is not None:
                self._diag = convert.to_tensor(diag_update, base_operator.dtype, name="diag_update")
        parents = [*base_operator.graph_parents, self._u, self._v]
        super().__init__(
            base_operator.dtype,
            parents,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
        )

    @property
    def base_operator(self) -> LinearOperator:
        return self._base

    @property
    def u(self) -> Tensor:
        return self._u

    @property
    def v(self) -> Tensor:
        return self._v

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self._diag is None else x * array.expand_dims(self._diag, -1)

    def _to_dense(self) -> Tensor:
        return self._base._to_dense() + matmul(self._u, self._scaled(linalg.adjoint(self._v)))


class LinearOperatorBlockDiag(LinearOperator):
    """Operators as blocks along the diagonal."""

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str | None = None,
    ) -> None:
        self._operators = list(operators)
        if not self._operators:
            raise ValueError(f"Expected a non-empty list of operators. Found: {operators}")
        if len({one.dtype for one in self._operators}) > 1:
            raise TypeError("Expected all operators to have the same dtype.")
        parents = [t for one in self._operators for t in one.graph_parents]
        super().__init__(
            self._operators[0].dtype,
            parents,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name or "_ds_".join(one.name for one in self._operators),
        )

    @property
    def operators(self) -> list[LinearOperator]:
        return self._operators

    def _to_dense(self) -> Tensor:
        blocks = [one._to_dense() for one in self._operators]
        shapes = [array.shape(block) for block in blocks]
        batch = shapes[0][:-2]
        for shape in shapes[1:]:
            batch = array_broadcast.broadcast_dynamic_shape(batch, shape[:-2])
        rows = [
            array_broadcast.BroadcastTo(block, array_moves.concat([batch, shape[-2:]], 0))
            for block, shape in zip(blocks, shapes, strict=True)
        ]
        total = sum((shape[-1] for shape in shapes[1:]), shapes[0][-1])
        outer = array.zeros([array.size(batch) + 1, 2], int32)
        before: Any = 0
        for i, shape in enumerate(shapes):
            after = total - before - shape[-1]
            paddings = array_moves.concat([outer, [[before, after]]], 0)
            rows[i] = array_pad.pad(rows[i], paddings)
            before = before + shape[-1]
        return array_moves.concat(rows, axis=-2)

    def _determinant(self) -> Tensor:
        first, *rest = (one._determinant() for one in self._operators)
        for other in rest:
            first = first * other
        return first

    def _log_abs_determinant(self) -> Tensor:
        first, *rest = (one._log_abs_determinant() for one in self._operators)
        for other in rest:
            first = first + other
        return first
