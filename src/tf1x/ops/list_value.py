"""The value of a `TensorList`: elements of one shape in a buffer, as XLA wants them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.ops import xp

Length = Any  # an int, or within a compiled loop in which the list grows a traced int32 scalar


@jax.tree_util.register_pytree_node_class
class ListValue:
    """Elements `buffer[:length]`; immutable.

    Attributes:
        buffer: array of shape [capacity, *element shape]; None until the first element tells the
            shape.
        length: the number of elements. Known while tracing, it equals the capacity; in a compiled
            loop that makes the list grow it is traced, and the capacity is fixed.
        element_dtype: the elements' NumPy type.
        capacity: how many elements there is room for.
    """

    __slots__ = ("buffer", "capacity", "element_dtype", "length")

    def __init__(
        self, buffer: Any, length: Length, element_dtype: Any, capacity: int | None = None
    ) -> None:
        self.buffer = buffer
        self.length = length
        self.element_dtype = np.dtype(element_dtype)
        self.capacity: int = length if capacity is None else capacity

    def tree_flatten(self) -> tuple[tuple[Any, ...], Any]:
        if self.is_growing:
            return (self.buffer, self.length), (None, self.element_dtype, self.capacity)
        return (self.buffer,), (self.length, self.element_dtype, self.capacity)

    @classmethod
    def tree_unflatten(cls, aux: Any, children: Any) -> ListValue:
        length, dtype, capacity = aux
        made = cls.__new__(cls)
        made.element_dtype, made.capacity = dtype, capacity
        made.buffer, made.length = children if length is None else (children[0], length)
        return made

    @property
    def is_growing(self) -> bool:
        return not isinstance(self.length, int)

    @property
    def element_shape(self) -> tuple[int, ...] | None:
        return None if self.buffer is None else tuple(self.buffer.shape[1:])

    def with_buffer(self, buffer: Any) -> ListValue:
        return ListValue(buffer, self.length, self.element_dtype, self.capacity)

    def zeros_like(self) -> ListValue:
        return self.with_buffer(None)

    def filled(self, element_shape: tuple[int, ...] | None) -> ListValue:
        """The same with a buffer (zeros, where nothing was written).

        Raises:
            InvalidArgumentError: neither the list nor the caller knows the elements' shape.
        """
        if self.buffer is not None:
            return self
        if element_shape is None:
            raise InvalidArgumentError(
                None,
                None,
                "Trying to read a TensorList (TensorArray) to which nothing was written: the shape "
                "of its elements is not known. Give the TensorArray an element_shape.",
            )
        return self.with_buffer(blank((self.capacity, *element_shape), self.element_dtype))

    def resized(self, capacity: int) -> ListValue:
        """Cut or padded with zeros to `capacity` elements; the length becomes that number."""
        buffer = self.buffer
        if buffer is not None and capacity < buffer.shape[0]:
            buffer = buffer[:capacity]
        elif buffer is not None and capacity > buffer.shape[0]:
            more = blank((capacity - buffer.shape[0], *buffer.shape[1:]), self.element_dtype)
            buffer = xp.concatenate([buffer, more], axis=0)
        return ListValue(buffer, capacity, self.element_dtype)

    def growing(self, capacity: int) -> ListValue:
        """Room for `capacity` elements, and a length that may be traced."""
        length = np.int32(self.length) if isinstance(self.length, int) else self.length
        return ListValue(self.resized(capacity).buffer, length, self.element_dtype, capacity)

    def settled(self) -> ListValue:
        """With a length known while tracing; raises as `xp.static` does where it is not."""
        if not self.is_growing:
            return self
        return self.resized(int(xp.static(self.length)))

    def __add__(self, other: ListValue) -> ListValue:
        if other.buffer is None:
            return self
        if self.buffer is None:
            return other
        if self.buffer.shape != other.buffer.shape:
            raise InvalidArgumentError(
                None, None, "Trying to add two TensorLists of different lengths or element shapes."
            )
        return self.with_buffer(self.buffer + other.buffer)

    def with_item(self, index: Any, item: Any, grow: bool = False) -> ListValue:
        """A copy whose element `index` is `item`; with `grow` the list is made longer for it."""
        if self.element_shape is not None and self.element_shape != tuple(np.shape(item)):
            raise UnsupportedError(
                f"A TensorArray with elements of shape {self.element_shape} got one of shape "
                f"{tuple(np.shape(item))}: tf1x keeps the elements of a TensorArray in one buffer, "
                "so they must have one shape. Pad them, or keep them in a Python list."
            )
        if self.is_growing:
            length = xp.maximum(self.length, xp.asarray(index + 1, np.int32))
            made = self.filled(np.shape(item))
            made = ListValue(made.buffer, length, self.element_dtype, self.capacity)
        elif grow and int(xp.static(index)) >= self.length:
            made = self.resized(int(index) + 1).filled(np.shape(item))
        else:
            made = self.filled(np.shape(item))
        xp.check(
            xp.logical_and(index >= 0, index < made.capacity),
            InvalidArgumentError,
            lambda: f"Trying to modify element {index} in a list with {made.capacity} elements.",
        )
        return made.with_buffer(_updated(made.buffer, index, item))

    def pushed(self, item: Any) -> ListValue:
        """A copy with one more element at its end."""
        if self.buffer is None and not xp.is_jax(item) and Repeated.takes(item):
            if isinstance(self, Repeated):
                if np.array_equal(self.element, item):
                    return self.longer()
            elif self.is_growing or not self.length:
                return Repeated(item, self.length, self.capacity).longer()
        return self.with_item(self.length, item, grow=True)


@jax.tree_util.register_pytree_node_class
class Repeated(ListValue):
    """A list of equal elements, known while tracing: a shape that each step of a loop pushed.

    In a compiled loop it stays known, where a buffer would be a traced value.
    """

    __slots__ = ("element",)
    _MOST = 16

    def __init__(self, element: Any, length: Length, capacity: int | None = None) -> None:
        self.element = np.asarray(element)
        super().__init__(None, length, self.element.dtype, capacity)

    @classmethod
    def takes(cls, item: Any) -> bool:
        """Whether a list of such items may be one: small, and of integers."""
        return item.dtype.kind in "ib" and item.size <= cls._MOST

    def tree_flatten(self) -> tuple[tuple[Any, ...], Any]:
        element = self.element.tobytes(), self.element.shape, self.element_dtype
        if self.is_growing:
            return (self.length,), (None, self.capacity, element)
        return (), (self.length, self.capacity, element)

    @classmethod
    def tree_unflatten(cls, aux: Any, children: Any) -> Repeated:
        length, capacity, (data, shape, dtype) = aux
        made = cls.__new__(cls)
        made.element = np.frombuffer(data, dtype).reshape(shape)
        made.buffer, made.element_dtype, made.capacity = None, dtype, capacity
        made.length = children[0] if length is None else length
        return made

    @property
    def element_shape(self) -> tuple[int, ...] | None:
        return tuple(self.element.shape)

    def longer(self) -> Repeated:
        if not self.is_growing:
            return Repeated(self.element, self.length + 1)
        xp.check(
            self.length < self.capacity,
            InvalidArgumentError,
            lambda: (
                f"Trying to modify element {self.length} in a list with {self.capacity} elements."
            ),
        )
        return Repeated(self.element, self.length + np.int32(1), self.capacity)

    def filled(self, element_shape: tuple[int, ...] | None) -> ListValue:
        return self.with_buffer(np.broadcast_to(self.element, (self.capacity, *self.element.shape)))

    def resized(self, capacity: int) -> ListValue:
        if isinstance(self.length, int) and capacity > self.length:
            return self.filled(None).resized(capacity)
        return Repeated(self.element, capacity)

    def growing(self, capacity: int) -> ListValue:
        length = np.int32(self.length) if isinstance(self.length, int) else self.length
        return Repeated(self.element, length, capacity)


def blank(shape: tuple[int, ...], dtype: Any) -> Any:
    """Zeros; empty strings for strings."""
    if np.dtype(dtype) == object:
        return np.full(shape, b"", object)
    return xp.zeros(shape, dtype)


def _updated(buffer: Any, index: Any, item: Any) -> Any:
    if not xp.is_jax(buffer, index, item):
        copy = np.array(buffer)
        copy[int(index)] = item
        return copy
    return jax.lax.dynamic_update_index_in_dim(
        jax.numpy.asarray(buffer), jax.numpy.asarray(item), index, 0
    )
