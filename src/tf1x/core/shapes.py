"""`tf.TensorShape` and `tf.Dimension`: static shapes, partly or wholly unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Dims = tuple[int | None, ...] | None
_Reduced = tuple[Any, ...]  # `tuple` is a property of TensorShape


class Dimension:
    """One dimension of a shape: a non-negative int or `None` (unknown), in `.value`.

    Arithmetic with an unknown dimension gives an unknown one; so does comparison (`None`).
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Dimension):
            value = value._value
        elif value is not None:
            value = operator.index(value)
            if value < 0:
                raise ValueError(f"Dimension {value} must be >= 0")
        self._value: int | None = value

    @property
    def value(self) -> int | None:
        return self._value

    def is_compatible_with(self, other: Any) -> bool:
        other = Dimension(other)
        return self._value is None or other._value is None or self._value == other._value

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: Any) -> Dimension:
        """The more specific of the two; ValueError when they differ."""
        other = Dimension(other)
        self.assert_is_compatible_with(other)
        return other if self._value is None else self

    def _arithmetic(self, other: Any, function: Callable[[int, int], int]) -> Dimension:
        try:
            other = Dimension(other)
        except (TypeError, ValueError):
            return NotImplemented  # type: ignore[no-any-return]
        if self._value is None or other._value is None:
            return Dimension(None)
        return Dimension(function(self._value, other._value))

    def _comparison(self, other: Any, function: Callable[[int, int], bool]) -> Any:
        other = Dimension(other)
        if self._value is None or other._value is None:
            return None
        return function(self._value, other._value)

    def __add__(self, other: Any) -> Dimension:
        return self._arithmetic(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dimension:
        return self._arithmetic(other, operator.sub)

    def __rsub__(self, other: Any) -> Dimension:
        return self._arithmetic(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Dimension:
        return self._arithmetic(other, operator.mul)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Dimension:
        return self._arithmetic(other, operator.floordiv)

    def __rfloordiv__(self, other: Any) -> Dimension:
        return self._arithmetic(other, lambda a, b: b // a)

    __div__ = __floordiv__
    __truediv__ = __floordiv__  # `dim / 2` of Python 2 programs

    def __mod__(self, other: Any) -> Dimension:
        return self._arithmetic(other, operator.mod)

    def __rmod__(self, other: Any) -> Dimension:
        return self._arithmetic(other, lambda a, b: b % a)

    def __lt__(self, other: Any) -> Any:
        return self._comparison(other, operator.lt)

    def __le__(self, other: Any) -> Any:
        return self._comparison(other, operator.le)

    def __gt__(self, other: Any) -> Any:
        return self._comparison(other, operator.gt)

    def __ge__(self, other: Any) -> Any:
        return self._comparison(other, operator.ge)

    def __eq__(self, other: object) -> Any:
        try:
            other = Dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or other._value is None:
            return None
        return self._value == other._value

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented or equal is None else not equal

    def __hash__(self) -> int:
        return hash(self._value)

    def __int__(self) -> int:
        return self._value  # type: ignore[return-value]  # int(unknown) is a TypeError, as in TF

    def __long__(self) -> int | None:
        return self._value

    def __index__(self) -> int:
        return self._value  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Dimension({self._value})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dimension, (self._value,)


class TensorShape:
    """The static shape of a tensor (`tf.TensorShape`).

    Args:
        dims: `None` (unknown rank), an int, a `Dimension`, or an iterable of those and `None`s.

    Indexing and iterating give `Dimension`s, as in TensorFlow 1.

    Example:
        >>> s = tf.TensorShape([None, 3]); s.ndims, s[1].value, s.as_list(), s.is_fully_defined()
        (2, 3, [None, 3], False)
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        self._dims: Dims
        if dims is None:
            self._dims = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        elif hasattr(dims, "unknown_rank"):  # TensorShapeProto
            self._dims = (
                None
                if dims.unknown_rank
                else tuple(None if d.size == -1 else d.size for d in dims.dim)
            )
        elif isinstance(dims, Iterable):
            self._dims = tuple(_dimension_value(d) for d in dims)
        else:
            self._dims = (_dimension_value(dims),)

    @staticmethod
    def of(dims: Dims) -> TensorShape:
        """A shape from a checked tuple of ints and `None`s (the fast way)."""
        shape = TensorShape.__new__(TensorShape)
        shape._dims = dims
        return shape

    @property
    def tuple(self) -> Dims:
        """Ints and `None`s, or `None` for unknown rank."""
        return self._dims

    @property
    def dims(self) -> list[Dimension] | None:
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    @property
    def ndims(self) -> int | None:
        return None if self._dims is None else len(self._dims)

    rank = ndims

    def num_elements(self) -> int | None:
        """How many elements, or `None` when that is not known."""
        if self._dims is None:
            return None
        total = 1
        for dim in self._dims:
            if dim is None:
                return None
            total *= dim
        return total

    def as_list(self) -> list[int | None]:
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def as_proto(self) -> Any:
        """The `TensorShapeProto` of this shape."""
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

        if self._dims is None:
            return TensorShapeProto(unknown_rank=True)
        sizes = (-1 if d is None else d for d in self._dims)
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])

    def is_fully_defined(self) -> bool:
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def is_compatible_with(self, other: Any) -> bool:
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return True
        return len(self._dims) == len(other._dims) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, other._dims, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def assert_same_rank(self, other: Any) -> None:
        other = as_shape(other)
        if self.ndims is not None and other.ndims is not None and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank: int) -> None:
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def has_rank(self, rank: int) -> bool:
        return self.ndims in (None, rank)

    def merge_with(self, other: Any) -> TensorShape:
        """What both say together.

        Raises:
            ValueError: they contradict each other.
        """
        given: TensorShape = as_shape(other)
        if self._dims is None:
            return given
        if given._dims is None:
            return self
        if not self.is_compatible_with(given):
            raise ValueError(f"Shapes {self} and {given} are not compatible")
        return TensorShape.of(
            tuple(b if a is None else a for a, b in zip(self._dims, given._dims, strict=True))
        )

    def concatenate(self, other: Any) -> TensorShape:
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return unknown_shape()
        return TensorShape.of(self._dims + other._dims)

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, with its rank known to be `rank`; ValueError where it is another."""
        if self._dims is None:
            return unknown_shape(rank)
        self.assert_has_rank(rank)
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of Shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(d) for d in self._dims])

    def __getitem__(self, key: Any) -> Any:
        if self._dims is not None:
            if isinstance(key, slice):
                return TensorShape.of(self._dims[key])
            return Dimension(self._dims[key])
        if isinstance(key, slice):
            start, stop = key.start or 0, key.stop
            if key.step is not None or stop is None or start < 0 or stop < 0:
                return unknown_shape()
            return unknown_shape(max(stop - start, 0))
        return Dimension(None)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._dims == as_shape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented  # type: ignore[no-any-return]

    def __hash__(self) -> int:
        return hash(self._dims)

    def __repr__(self) -> str:
        if self._dims is None:
            return "TensorShape(None)"
        return f"TensorShape([{', '.join(f'Dimension({d})' for d in self._dims)}])"

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        names = ["?" if d is None else str(d) for d in self._dims]
        return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"

    def __reduce__(self) -> _Reduced:
        return TensorShape, (self._dims,)


def _dimension_value(dim: Any) -> int | None:
    if dim is None or (type(dim) is int and dim >= 0):
        return dim
    if dim == -1 and not isinstance(dim, Dimension):  # protos write unknown as -1
        return None
    return Dimension(dim).value


def as_shape(value: Any) -> TensorShape:
    """`value` as a TensorShape."""
    return value if isinstance(value, TensorShape) else TensorShape(value)


def unknown_shape(ndims: int | None = None) -> TensorShape:
    """A shape of which nothing, or only the rank, is known."""
    return TensorShape.of(None if ndims is None else (None,) * ndims)


def scalar() -> TensorShape:
    return TensorShape.of(())
