"""What a run is asked for: any nest of tensors, operations, variables and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor

# (type, to graph elements, from their values), for IndexedSlices, SparseTensor and the like.
_expansions: list[tuple[Any, Callable[[Any], list[Any]], Callable[[Any, list[Any]], Any]]] = []


def register_fetch_conversion(
    kind: Any, expand: Callable[[Any], list[Any]], contract: Callable[[Any, list[Any]], Any]
) -> None:
    """Fetch instances of `kind` as the elements `expand(x)`; `contract(x, values)` is the result."""
    _expansions.append((kind, expand, contract))


def fetch_key(fetches: Any) -> Any:
    """Something hashable that is equal for equal requests."""
    kind = type(fetches)
    if kind in _own_keys:
        return fetches
    if kind is list or kind is tuple:
        return (kind, *[f if type(f) in _own_keys else fetch_key(f) for f in fetches])
    if isinstance(fetches, Mapping):
        return (kind, *((k, fetch_key(v)) for k, v in fetches.items()))
    if isinstance(fetches, (list, tuple)):
        return (kind, *map(fetch_key, fetches))
    if kind.__hash__ is _by_identity:
        _own_keys.add(kind)
        return fetches
    return _ById(fetches)


_by_identity: Any = object.__hash__
# Types whose instances are hashed by identity, or are not altered.
_own_keys: set[type] = {Tensor, Operation, str, bytes}


def _is_single(item: Any) -> bool:
    """Whether it stands for one tensor or operation."""
    nests = (list, tuple, Mapping, type(None), *(kind for kind, _, _ in _expansions))
    return not isinstance(item, nests)


class _ById:
    """Equality by identity, for objects with an `==` of their own. Keeps the object alive."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def __hash__(self) -> int:
        return id(self.item)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.item is self.item


class Fetches:
    """A resolved request.

    Attributes:
        elements: the distinct tensors and operations to compute.

    Raises:
        TypeError: an element of a wrong type (None, a number, ...).
        ValueError: an element of another graph, or a name that does not exist.
    """

    def __init__(self, graph: Graph, fetches: Any) -> None:
        self._graph = graph
        self._positions: dict[Tensor | Operation, int] = {}
        self._build = self._resolve(fetches)
        self.elements = list(self._positions)

    @property
    def operations_only(self) -> bool:
        return all(isinstance(e, Operation) for e in self.elements)

    def result(self, values: Sequence[Any]) -> Any:
        """`values` (one an element) in the form of the request."""
        return self._build(values)

    def _resolve(self, item: Any) -> Callable[[Sequence[Any]], Any]:
        if item is None:
            raise TypeError(
                f"Argument {item!r} of the fetches has type {type(item)}: fetch None is not allowed."
            )
        if isinstance(item, (list, tuple)):
            each = self._each(item)
            if isinstance(item, list):
                return lambda values: list(each(values))
            if hasattr(item, "_fields"):
                return lambda values: type(item)(*each(values))
            return lambda values: tuple(each(values))
        if isinstance(item, Mapping):
            pairs = [(key, self._resolve(value)) for key, value in item.items()]
            kind: Any = type(item)
            return lambda values: kind((key, part(values)) for key, part in pairs)
        for kind_of, expand, contract in _expansions:
            if isinstance(item, kind_of):
                components = [self._resolve(part) for part in expand(item)]
                return lambda values: contract(item, [part(values) for part in components])
        position = self._position(item)
        return itemgetter(position)

    def _each(self, items: Sequence[Any]) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """What gives the result of each of `items`."""
        if len(items) > 1 and all(map(_is_single, items)):
            return itemgetter(*map(self._position, items))
        parts = [self._resolve(item) for item in items]
        return lambda values: [part(values) for part in parts]

    def _position(self, item: Any) -> int:
        try:
            element = self._graph.as_graph_element(item)
        except TypeError as error:
            raise TypeError(
                f"Fetch argument {item!r} has invalid type {type(item)}, must be a string or Tensor. ({error})"
            ) from None
        except ValueError as error:
            raise ValueError(
                f"Fetch argument {item!r} cannot be interpreted as a Tensor. ({error})"
            ) from None
        except KeyError as error:
            raise ValueError(
                f"Fetch argument {item!r} cannot be interpreted as a Tensor. ({error.args[0]})"
            ) from None
        if not self._graph.is_fetchable(element):
            raise ValueError(f"{element!r} is not fetchable.")
        return self._positions.setdefault(element, len(self._positions))
