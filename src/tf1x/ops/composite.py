"""Nests whose leaves are tensors, or objects made of tensors: what control flow takes and returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core import nest
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.sparse_tensor import SparseTensor

# (type, its parts, rebuilt from new parts)
_kinds: list[tuple[type, Callable[[Any], list[Any]], Callable[[Any, list[Any]], Any]]] = []


def register(
    kind: type, parts: Callable[[Any], list[Any]], rebuilt: Callable[[Any, list[Any]], Any]
) -> None:
    """Say how instances of `kind` fall into tensors, and are rebuilt like a given one."""
    _kinds.append((kind, parts, rebuilt))


def _slices_parts(value: IndexedSlices) -> list[Any]:
    parts = [value.values, value.indices]
    return parts if value.dense_shape is None else [*parts, value.dense_shape]


register(IndexedSlices, _slices_parts, lambda like, parts: IndexedSlices(*parts))
register(
    SparseTensor,
    lambda value: [value.indices, value.values, value.dense_shape],
    lambda like, parts: SparseTensor(*parts),
)


def is_composite(value: Any) -> bool:
    return any(isinstance(value, kind) for kind, _, _ in _kinds)


def flatten(structure: Any) -> list[Any]:
    """All tensors of a nest, those inside of its leaves included."""
    return [part for value in nest.flatten(structure) for part in _parts(value)]


def _parts(value: Any) -> list[Any]:
    for kind, parts, _ in _kinds:
        if isinstance(value, kind):
            return parts(value)
    return [value]


def pack(structure: Any, tensors: Sequence[Any]) -> Any:
    """`tensors` in the form of `structure`."""
    remaining = list(tensors)
    leaves = []
    for value in nest.flatten(structure):
        count = len(_parts(value))
        taken, remaining = remaining[:count], remaining[count:]
        leaves.append(_rebuilt(value, taken))
    if not nest.is_nested(structure):
        return leaves[0]
    return nest.pack_sequence_as(structure, leaves)


def _rebuilt(value: Any, parts: list[Any]) -> Any:
    for kind, _, rebuilt in _kinds:
        if isinstance(value, kind):
            return rebuilt(value, parts)
    return parts[0]
