"""Checks and small functions on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.graph import Graph
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.lib.variables import Variable
from tf1x.ops import array, checks, math, reduce
from tf1x.ops.control_flow import cond
from tf1x.ops.math_functions import add_n


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor, variable, `IndexedSlices` or sparse tensor."""
    return isinstance(x, (Tensor, Variable, IndexedSlices)) or hasattr(x, "dense_shape")


def convert_to_tensor_or_sparse_tensor(
    value: Any, dtype: Any = None, name: str | None = None
) -> Any:
    """`value` as a tensor; a sparse tensor stays as it is."""
    if hasattr(value, "dense_shape"):
        return value
    return convert.to_tensor(value, dtype, name=name)


def get_graph_from_inputs(op_input_list: Any, graph: Graph | None = None) -> Graph:
    """`graph`, else the graph of the first of the inputs that has one, else the default graph."""
    return graph or scopes.graph_of(op_input_list)


def reduce_sum_n(tensors: Any, name: str | None = None) -> Tensor:
    """The sum of all elements of all the tensors, a scalar.

    Raises:
        ValueError: no tensors.
    """
    if not tensors:
        raise ValueError("No tensors provided.")
    with scopes.name_scope(name, "reduce_sum_n", tensors) as own:
        sums = [reduce.reduce_sum(t, name=f"{t.op.name}/sum") for t in tensors]
        total: Tensor = sums[0] if len(sums) == 1 else add_n(sums, name=own)
        return total


def remove_squeezable_dimensions(
    predictions: Any, labels: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Drop the last dimension of the one whose rank is one higher than the other's."""
    with scopes.name_scope(name, "remove_squeezable_dimensions", [predictions, labels]):
        predictions, labels = convert.to_tensor(predictions), convert.to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if None in ranks:
            return _squeezed_at_run_time(predictions, labels)
        if ranks[0] == ranks[1] + 1:
            predictions = array.squeeze(predictions, [-1])
        elif ranks[1] == ranks[0] + 1:
            labels = array.squeeze(labels, [-1])
        return predictions, labels


def _squeezed_at_run_time(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    excess = array.rank(predictions) - array.rank(labels)

    def without_last(tensor: Tensor, wanted: int) -> Any:
        known = tensor.shape.dims
        if known is not None and not known[-1].is_compatible_with(1):
            return tensor
        is_longer = math.Equal(convert.constant(wanted), excess)
        return cond(is_longer, lambda: array.squeeze(tensor, [-1]), lambda: tensor)

    return without_last(predictions, 1), without_last(labels, -1)


def assert_scalar_int(tensor: Any, name: str | None = None) -> Tensor:
    """`tensor`, which must be known to be a scalar of an integer type.

    Raises:
        ValueError: it is not.
    """
    with scopes.name_scope(name, "assert_scalar_int", [tensor]) as own:
        tensor = convert.to_tensor(tensor)
        if not tensor.dtype.base_dtype.is_integer:
            raise ValueError(
                f"Expected integer type for {tensor.name}, received type: {tensor.dtype}."
            )
        return checks.assert_scalar(tensor, name=own)


# -- shapes ----------------------------------------------------------------------------------------


def with_same_shape(expected_tensor: Any, tensor: Any) -> Tensor:
    """`tensor`, checked to have the shape of `expected_tensor`; see `with_shape`."""
    with scopes.name_scope(f"{tensor.op.name}/", values=[expected_tensor, tensor]):
        shape = expected_tensor.get_shape()
        if shape.is_fully_defined():
            return with_shape(shape.as_list(), tensor)
        return with_shape(array.shape(expected_tensor, name="expected_shape"), tensor)


def with_shape(expected_shape: Any, tensor: Any) -> Tensor:
    """`tensor`, checked to have `expected_shape`: at once where both are known, else in the run.

    A tensor of one element becomes a scalar where a scalar is expected.

    Raises:
        ValueError: another shape, or an `expected_shape` that is not a vector of int32.
    """
    known = not isinstance(expected_shape, (Tensor, Variable))
    expected = _shape_vector(expected_shape, tensor) if known else expected_shape
    if not known and expected.dtype.base_dtype != int32:
        raise ValueError(
            f"Invalid dtype {expected.dtype} for shape {expected} expected of tensor {tensor.name}."
        )
    actual = tensor.get_shape()
    if known and actual.is_fully_defined():
        if actual.is_compatible_with(expected.tolist()):
            return tensor  # type: ignore[no-any-return]
        if len(expected) or not actual.is_compatible_with([1]):
            raise ValueError(
                f"Invalid shape for tensor {tensor.name}, expected {expected}, got {actual}."
            )
    with scopes.name_scope(f"{tensor.op.name}/", values=[tensor]):
        if known and not len(expected):
            return array.reshape(tensor, [])
        with scopes.control_dependencies([_shape_check(expected, tensor)]):
            result: Tensor = array.identity(tensor)
        if known:
            result.set_shape(expected.tolist())
        return result


def _shape_vector(expected: Any, tensor: Any) -> np.ndarray[Any, Any]:
    vector = np.asarray(expected)
    if not vector.size or (not isinstance(expected, np.ndarray) and vector.dtype == np.int64):
        vector = vector.astype(np.int32)
    if vector.ndim > 1 or vector.dtype != np.int32:
        raise ValueError(
            f"Invalid rank {vector.ndim} or dtype {vector.dtype} for shape {expected} expected of "
            f"tensor {tensor.name}."
        )
    return vector


def _shape_check(expected: Any, tensor: Any) -> Any:
    with scopes.name_scope("assert_shape", values=[tensor]) as own:
        actual = array.shape(tensor, name="actual")
        same_rank = math.Equal(array.size(expected), array.rank(tensor))
        same = math.LogicalAnd(same_rank, reduce.reduce_all(math.Equal(expected, actual)))
        what = f"Wrong shape for {tensor.name} [expected] [actual]."
        return checks.Assert(same, [what, expected, actual], name=own)
