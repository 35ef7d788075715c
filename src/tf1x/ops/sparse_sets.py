"""Sets and sequences in the innermost dimension of tensors: set operations, the edit distance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core.dtypes import int8, int16, int32, int64, string, uint8, uint16
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.sparse_tensor import (
    SparseTensor,
    convert_to_tensor_or_sparse_tensor,
    is_sparse,
    parts,
)
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops.sparse import fail

_MEMBERS = (int8, int16, int32, int64, uint8, uint16, string)

# A group of elements by its place in all dimensions but the last.
Groups = dict[tuple[int, ...], list[Any]]

# -- groups ----------------------------------------------------------------------------------------


def _of_dense(values: Any) -> Groups:
    return {place: values[place].tolist() for place in np.ndindex(*values.shape[:-1])}


def _of_sparse(indices: Any, values: Any, shape: Any, validate: bool = False) -> Groups:
    """The groups that have elements.

    Raises:
        InvalidArgumentError: a place is out of bounds or, where `validate`, out of order.
    """
    if len(indices) and not ((indices >= 0) & (indices < shape)).all():
        row = int(np.argmin(((indices >= 0) & (indices < shape)).all(1)))
        raise fail(
            f"indices[{row}] = {indices[row].tolist()} is out of bounds: need 0 <= index < {shape.tolist()}"
        )
    found: Groups = {}
    before: list[int] | None = None
    for i, (place, value) in enumerate(zip(indices.tolist(), values.tolist(), strict=True)):
        if validate and before is not None and place <= before:
            what = "repeated" if place == before else "out of order"
            raise fail(f"indices[{i}] = {place} is {what}")
        before = place
        found.setdefault(tuple(place[:-1]), []).append(value)
    return found


# -- sets ------------------------------------------------------------------------------------------

_OPERATIONS: dict[str, Callable[[set[Any], set[Any]], set[Any]]] = {
    "a-b": lambda a, b: a - b,
    "b-a": lambda a, b: b - a,
    "intersection": lambda a, b: a & b,
    "union": lambda a, b: a | b,
}


def _combined(a: Groups, b: Groups, outer: list[int], operation: str, like: Any) -> Any:
    """The sparse tensor of the sets of each group, its members in rising order."""
    if operation.lower() not in _OPERATIONS:
        raise fail(f"Invalid set_operation {operation}.")
    combine = _OPERATIONS[operation.lower()]
    places, members, largest = [], [], 0
    for group in sorted({*a, *b}):
        found = sorted(combine(set(a.get(group, ())), set(b.get(group, ()))))
        largest = max(largest, len(found))
        places += [(*group, i) for i in range(len(found))]
        members += found
    values = np.empty(len(members), like.dtype)
    values[:] = members
    indices = np.array(places, np.int64).reshape(-1, len(outer) + 1)
    return indices, values, np.array([*outer, largest], np.int64)


def _check_outer(first: list[int], second: list[int]) -> list[int]:
    if first != second:
        raise fail(
            f"Mismatched group shapes {first} and {second}: all dimensions but the last must agree."
        )
    return first


def _set_shapes(op: Operation) -> Any:
    """A sparse tensor of the rank of the operands."""
    ranks = [
        t.shape.ndims if name in ("set1", "set2") else t.shape[0].value if t.shape.ndims else None
        for name, t in zip((a.name for a in op.opdef.inputs), op.inputs, strict=True)
        if name in ("set1", "set2", "set1_shape", "set2_shape")
    ]
    known = {r for r in ranks if r is not None}
    if len(known) > 1:
        raise ValueError(f"The operands have ranks {sorted(known)}, which must be equal")
    rank = next(iter(known), None)
    if rank is not None and rank < 2:
        raise ValueError(f"Input rank {rank} is less than 2")
    return [(None, rank), (None,), (rank,)]


_SET = "result_indices: int64, result_values: T, result_shape: int64"


@op(f"set1: T, set2: T -> {_SET}", T=_MEMBERS, shape=_set_shapes, host=True, grad=None)
def DenseToDenseSetOperation(
    set1: Any, set2: Any, *, set_operation: str, validate_indices: bool = True
) -> Any:
    """A set operation ("a-b", "b-a", "intersection", "union") on the rows of two dense tensors."""
    outer = _check_outer(list(set1.shape[:-1]), list(set2.shape[:-1]))
    return _combined(_of_dense(set1), _of_dense(set2), outer, set_operation, set1)


@op(
    f"set1: T, set2_indices: int64, set2_values: T, set2_shape: int64 -> {_SET}",
    T=_MEMBERS,
    shape=_set_shapes,
    host=True,
    grad=None,
)
def DenseToSparseSetOperation(
    set1: Any,
    set2_indices: Any,
    set2_values: Any,
    set2_shape: Any,
    *,
    set_operation: str,
    validate_indices: bool = True,
) -> Any:
    """A set operation on the rows of a dense and a sparse tensor."""
    outer = _check_outer(list(set1.shape[:-1]), set2_shape[:-1].tolist())
    second = _of_sparse(set2_indices, set2_values, set2_shape, validate_indices)
    return _combined(_of_dense(set1), second, outer, set_operation, set1)


@op(
    "set1_indices: int64, set1_values: T, set1_shape: int64, "
    f"set2_indices: int64, set2_values: T, set2_shape: int64 -> {_SET}",
    T=_MEMBERS,
    shape=_set_shapes,
    host=True,
    grad=None,
)
def SparseToSparseSetOperation(
    set1_indices: Any,
    set1_values: Any,
    set1_shape: Any,
    set2_indices: Any,
    set2_values: Any,
    set2_shape: Any,
    *,
    set_operation: str,
    validate_indices: bool = True,
) -> Any:
    """A set operation on the rows of two sparse tensors."""
    outer = _check_outer(set1_shape[:-1].tolist(), set2_shape[:-1].tolist())
    first = _of_sparse(set1_indices, set1_values, set1_shape, validate_indices)
    second = _of_sparse(set2_indices, set2_values, set2_shape, validate_indices)
    return _combined(first, second, outer, set_operation, set1_values)


def _outer_shape(op: Operation) -> Any:
    """No part of a shape: TensorFlow infers none, and what is built on it has other nodes then."""
    shape = constant_value(op.inputs[2])
    return [None if shape is None else tuple(shape.tolist()[:-1])]


@op(
    "set_indices: int64, set_values: T, set_shape: int64 -> size: int32",
    T=_MEMBERS,
    shape=_outer_shape,
    host=True,
    grad=None,
)
def SetSize(
    set_indices: Any, set_values: Any, set_shape: Any, *, validate_indices: bool = True
) -> Any:
    """How many distinct elements each row of a sparse tensor has."""
    sizes = np.zeros(tuple(set_shape[:-1]), np.int32)
    for place, members in _of_sparse(set_indices, set_values, set_shape, validate_indices).items():
        sizes[place] = len(set(members))
    return sizes


def _as_set(value: Any, name: str) -> Any:
    """A tensor or SparseTensor of a type that sets may have.

    Raises:
        TypeError: it has another type.
    """
    made = convert_to_tensor_or_sparse_tensor(value, name=name)
    if made.dtype.base_dtype not in _MEMBERS:
        raise TypeError(
            f"{name!r} has invalid dtype {made.dtype.name}, not one of {', '.join(d.name for d in _MEMBERS)}."
        )
    return made


def _of_both(a: Any, b: Any, operation: str, validate_indices: bool) -> SparseTensor:
    a, b = _as_set(a, "a"), _as_set(b, "b")
    if a.dtype.base_dtype is not b.dtype.base_dtype:
        raise TypeError(f"Types don't match, {a.dtype} vs {b.dtype}.")
    if is_sparse(a) and not is_sparse(b):  # there is no op with the sparse one first
        a, b = b, a
        operation = {"a-b": "b-a", "b-a": "a-b"}.get(operation, operation)
    options = {"set_operation": operation, "validate_indices": validate_indices}
    if is_sparse(a):
        return SparseTensor(*SparseToSparseSetOperation(*parts(a), *parts(b), **options))
    if is_sparse(b):
        return SparseTensor(*DenseToSparseSetOperation(a, *parts(b), **options))
    return SparseTensor(*DenseToDenseSetOperation(a, b, **options))


@export("sets.size", "sets.set_size")
def set_size(a: Any, validate_indices: bool = True) -> Tensor:
    """How many distinct elements each innermost row of a SparseTensor has; an int32 tensor."""
    a = _as_set(a, "a")
    if not is_sparse(a):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    return SetSize(*parts(a), validate_indices=validate_indices)


@export("sets.intersection", "sets.set_intersection")
def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The elements that stand in both of two innermost rows.

    Args:
        a, b: tensors or SparseTensors with the same dimensions but for the last.
        validate_indices: fail where the places of a SparseTensor are not in order.
    """
    return _of_both(a, b, "intersection", validate_indices)


@export("sets.difference", "sets.set_difference")
def set_difference(
    a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True
) -> SparseTensor:
    """The elements of the innermost rows of `a` that are not in those of `b`, or the other way round."""
    return _of_both(a, b, "a-b" if aminusb else "b-a", validate_indices)


@export("sets.union", "sets.set_union")
def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The elements that stand in either of two innermost rows."""
    return _of_both(a, b, "union", validate_indices)


# -- edit distance ---------------------------------------------------------------------------------


def _levenshtein(a: list[Any], b: list[Any]) -> int:
    """The least number of insertions, deletions and replacements that make `a` into `b`."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def _distance_shape(op: Operation) -> Any:
    shapes: Iterable[Any] = [constant_value_as_shape(op.inputs[i]).tuple for i in (2, 5)]
    known = [s for s in shapes if s is not None]
    if not known:
        return [None]
    if len(known) == 2 and len(known[0]) != len(known[1]):
        raise ValueError(f"The operands have ranks {len(known[0])} and {len(known[1])}")
    if len(known) == 1:
        return [(None,) * (len(known[0]) - 1)]
    pairs = zip(known[0][:-1], known[1][:-1], strict=True)
    return [tuple(None if None in pair else max(pair) for pair in pairs)]


_SEQUENCES = (
    "hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, "
    "truth_indices: int64, truth_values: T, truth_shape: int64"
)


@op(f"{_SEQUENCES} -> output: float32", shape=_distance_shape, host=True, grad=None)
def EditDistance(
    hypothesis_indices: Any,
    hypothesis_values: Any,
    hypothesis_shape: Any,
    truth_indices: Any,
    truth_values: Any,
    truth_shape: Any,
    *,
    normalize: bool = True,
) -> Any:
    """The Levenshtein distance of each sequence from its truth, divided by the length of the truth.

    An empty truth has distance 0 from an empty sequence and, normalized, infinity from any other.
    """
    if len(hypothesis_shape) != len(truth_shape):
        raise fail(
            f"Expected hypothesis and truth to have the same rank, got {hypothesis_shape.tolist()} "
            f"and {truth_shape.tolist()}"
        )
    given = _of_sparse(hypothesis_indices, hypothesis_values, hypothesis_shape)
    wanted = _of_sparse(truth_indices, truth_values, truth_shape)
    result = np.zeros(tuple(np.maximum(hypothesis_shape[:-1], truth_shape[:-1])), np.float32)
    for group in {*given, *wanted}:
        truth = wanted.get(group, [])
        distance = np.float32(_levenshtein(given.get(group, []), truth))
        if normalize:
            distance = distance / np.float32(len(truth)) if truth else np.float32(np.inf)
        result[group] = distance
    return result


@export("edit_distance")
def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance"
) -> Tensor:
    """The Levenshtein distance between sequences, the innermost rows of two SparseTensors.

    Args:
        normalize: divide by the length of the truth; infinity where that is 0.

    Returns:
        A float32 tensor of the operands' shape without the last dimension.

    Raises:
        TypeError: an operand is not sparse.
    """
    if not is_sparse(hypothesis):
        raise TypeError("Hypothesis must be a SparseTensor.")
    if not is_sparse(truth):
        raise TypeError("Truth must be a SparseTensor.")
    return EditDistance(*parts(hypothesis), *parts(truth), normalize=normalize, name=name)
