"""Parts of tensors: how specifications, files and keys name them."""

from __future__ import annotations

import math
from typing import Any

from tf1x.core.checkpoints.encoding import (
    name_key,
    ordered_number,
    ordered_signed,
    ordered_string,
)
from tf1x.core.errors import InternalError, InvalidArgumentError

FULL = -1  # as a length: the whole dimension

Shape = tuple[int, ...]
Extent = tuple[int, int]  # start and length


class TensorSlice:
    """A part of a tensor: for each dimension where it starts and how long it is."""

    def __init__(self, extents: tuple[Extent, ...]) -> None:
        self.extents = extents

    @classmethod
    def whole(cls, ndims: int) -> TensorSlice:
        return cls(((0, FULL),) * ndims)

    @classmethod
    def parse(cls, text: str) -> TensorSlice:
        """The slice that `0,2:-` names: two rows from the first on, all columns.

        Raises:
            InvalidArgumentError: the text names none.
        """
        extents = []
        for part in text.split(":") if text else ():
            if part == "-":
                extents.append((0, FULL))
                continue
            try:
                start, length = map(int, part.split(","))
            except ValueError:
                start = length = -1
            if start < 0 or length <= 0:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Expected a pair of numbers or '-' but got '{part}': string = {text}",
                )
            extents.append((start, length))
        return cls(tuple(extents))

    @classmethod
    def from_proto(cls, proto: Any) -> TensorSlice:
        """Of a `TensorSliceProto`."""
        return cls(
            tuple((e.start, e.length if e.WhichOneof("has_length") else FULL) for e in proto.extent)
        )

    def to_proto(self, proto: Any) -> None:
        """Fill a `TensorSliceProto`."""
        for start, length in self.extents:
            extent = proto.extent.add()
            if length != FULL:
                extent.start, extent.length = start, length

    @property
    def is_whole(self) -> bool:
        return all(length == FULL for _, length in self.extents)

    def ranges(self, shape: Shape) -> tuple[Extent, ...]:
        """(first, end) in each dimension of a tensor of that shape.

        Raises:
            InternalError: the slice does not lie in it.
        """
        if len(shape) != len(self.extents):
            raise InternalError(
                None, None, f"Mismatching ranks: shape = {shape_text(shape)}, slice = {self}"
            )
        found = []
        for i, ((start, length), size) in enumerate(zip(self.extents, shape, strict=True)):
            if length == FULL:
                found.append((0, size))
                continue
            if start < 0 or length < 0 or start + length > size:
                raise InternalError(
                    None,
                    None,
                    f"Extent in dimension {i} out of bounds: shape = {shape_text(shape)}, "
                    f"slice = {self}",
                )
            found.append((start, start + length))
        return tuple(found)

    def shape(self, whole: Shape) -> Shape:
        """The shape of this part of a tensor."""
        return tuple(end - first for first, end in self.ranges(whole))

    def key(self, name: str) -> bytes:
        """Under which key a table holds this part of a tensor."""
        parts = [ordered_number(0), ordered_string(name_key(name))]
        parts.append(ordered_number(len(self.extents)))
        for start, length in self.extents:
            parts += ordered_signed(start), ordered_signed(length)
        return b"".join(parts)

    def __str__(self) -> str:
        return ":".join("-" if n == FULL else f"{start},{n}" for start, n in self.extents)


def shape_text(shape: Shape) -> str:
    """A shape as TensorFlow's messages write it: `[2,3]`."""
    return f"[{','.join(map(str, shape))}]"


def parse_spec(spec: str) -> tuple[Shape, TensorSlice]:
    """The whole shape and the slice that a specification such as `4 2 0,2:-` names.

    Raises:
        InvalidArgumentError: the specification is malformed.
    """
    parts = spec.split(" ")
    if len(parts) < 2:
        raise InvalidArgumentError(
            None, None, f"Need least two elements in shape_and_slice specification: {spec}"
        )
    try:
        shape = tuple(int(part) for part in parts[:-1])
    except ValueError:
        shape = (-1,)
    if any(size < 0 for size in shape):
        raise InvalidArgumentError(
            None, None, f"Non numerical dimension in shape_and_slice: {spec}"
        )
    return shape, TensorSlice.parse(parts[-1])


def covering(
    wanted: tuple[Extent, ...], stored: list[tuple[Extent, ...]]
) -> list[tuple[int, tuple[Extent, ...]]] | None:
    """Which stored parts make up the wanted one, each with what it has of it; None: not all is there.

    Stored parts do not overlap.
    """
    found = []
    missing = math.prod(end - first for first, end in wanted)
    for i, part in enumerate(stored):
        common = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(wanted, part, strict=True))
        if all(first < end for first, end in common):
            found.append((i, common))
            missing -= math.prod(end - first for first, end in common)
    return None if missing else found


def within(part: tuple[Extent, ...], whole: tuple[Extent, ...]) -> tuple[slice, ...]:
    """The index of a part, by (first, end) in each dimension, in an array that holds `whole`."""
    pairs = zip(part, whole, strict=True)
    return tuple(slice(first - start, end - start) for (first, end), (start, _) in pairs)
