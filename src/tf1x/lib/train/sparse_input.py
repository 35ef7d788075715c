"""How sparse tensors go through a queue: as numbers under which the session keeps them."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1x.core import scopes
from tf1x.core.dtypes import DType, int64
from tf1x.core.operation import Operation, Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import sparse_map
from tf1x.ops.array import constant, expand_dims, ones, shape, squeeze
from tf1x.ops.array_gather import gather
from tf1x.ops.control_flow import smart_cond, smart_constant_value
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.sparse_functions import sparse_retain


class Kept(NamedTuple):
    """A component that is sparse.

    Attributes:
        dtype, rank: of one element's tensor (the rank may be unknown).
        op: what keeps it.
        name: under which the session keeps such tensors.
    """

    dtype: DType
    rank: int | None
    op: Operation
    name: str


def store(
    elements: list[list[Any]], enqueue_many: bool, keep_input: Tensor
) -> tuple[list[list[Tensor]], list[Kept | None]]:
    """The elements with numbers in place of sparse tensors, and what these components were.

    Raises:
        ValueError: the elements do not have sparse tensors of the same rank at the same places.
    """
    found: list[list[Tensor]] = []
    kinds: list[Kept | None] = []
    # Inside a branch an op has no name of its own that the session knows.
    first = None if _decided(keep_input) else scopes.get_default_graph().unique_name("sparse")
    for element in elements:
        names = [None if kind is None else kind.name for kind in kinds] or [first] * len(element)
        numbers = [
            _store(t, name, enqueue_many, keep_input) if isinstance(t, SparseTensor) else t
            for t, name in zip(element, names, strict=True)
        ]
        own = [
            _kind(t, n.op, name, enqueue_many) if isinstance(t, SparseTensor) else None
            for t, n, name in zip(element, numbers, names, strict=True)
        ]
        kinds = kinds or own
        if not all(map(_alike, kinds, own)):
            raise ValueError(f"Inconsistent SparseTensors list: {elements[0]} vs. {element}")
        found.append(
            [
                n if kind is None else expand_dims(n, [-1])
                for n, kind in zip(numbers, own, strict=True)
            ]
        )
    return found, kinds


def _decided(keep_input: Tensor) -> bool:
    return keep_input.shape.ndims == 1 or smart_constant_value(keep_input) is not None


def _kind(t: SparseTensor, op: Operation, name: str | None, enqueue_many: bool) -> Kept:
    rank = t.dense_shape.shape.with_rank(1).as_list()[0]
    if rank is not None and enqueue_many:
        rank -= 1
    return Kept(t.dtype, rank, op, name or op.attrs.get("shared_name") or op.name)


def _alike(a: Kept | None, b: Kept | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.rank is None or b.rank is None or a.rank == b.rank


def _store(t: SparseTensor, name: str | None, enqueue_many: bool, keep_input: Tensor) -> Tensor:
    def add() -> Tensor:
        kind = "AddManySparseToTensorsMap" if enqueue_many else "AddSparseToTensorsMap"
        node = getattr(sparse_map, kind)
        number: Tensor = node(t.indices, t.values, t.dense_shape, shared_name=name or "")
        return number

    def drop() -> Tensor:
        if not enqueue_many:
            return constant(-1, int64)
        return -1 * ones(shape(t)[0:1], int64)

    if keep_input.shape.ndims == 1:
        t = sparse_retain(t, gather(keep_input, t.indices[:, 0]))
        return add()
    stored: Tensor = smart_cond(keep_input, add, drop)
    if enqueue_many:
        stored.set_shape([None])
    return stored


def restore(batch: Any, kinds: list[Kept | None]) -> Any:
    """What was dequeued, with sparse tensors in place of their numbers.

    All of them are taken before any is used, so that none stays in the session.
    """
    if not any(kinds):
        return batch
    listed = batch if isinstance(batch, (list, tuple)) else [batch]
    tensors = [
        t if kind is None else _restore(t, kind) for t, kind in zip(listed, kinds, strict=True)
    ]
    first = [t.values if isinstance(t, SparseTensor) else t for t in tensors]

    def after(x: Any) -> Any:
        return with_dependencies(first, x)

    whole = [
        SparseTensor(after(t.indices), after(t.values), after(t.dense_shape))
        if isinstance(t, SparseTensor)
        else after(t)
        for t in tensors
    ]
    return whole if isinstance(batch, (list, tuple)) else tensors[0]


def _restore(numbers: Tensor, kind: Kept) -> SparseTensor:
    rank = None if kind.rank is None else kind.rank + 1
    flat = squeeze(numbers, [1])
    with scopes.get_default_graph().colocate_with(kind.op):
        parts = sparse_map.TakeManySparseFromTensorsMap(
            flat, dtype=kind.dtype, shared_name=kind.name
        )
    parts.sparse_indices.set_shape([None, rank])
    parts.sparse_shape.set_shape([rank])
    return SparseTensor(parts.sparse_indices, parts.sparse_values, parts.sparse_shape)
