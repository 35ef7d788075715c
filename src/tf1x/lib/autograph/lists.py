"""Lists that grow in a loop of tensors."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.function_calls import common_shape
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.lib.autograph.conditionals import blank
from tf1x.lib.autograph.state import COPIED, is_tensor
from tf1x.ops import array as array_ops
from tf1x.ops import composite, lists


class TensorList:
    """A list of tensors of one type, as a value of the graph: what `l = []` becomes in a loop."""

    def __init__(self, flow: Tensor, dtype: DType, shape: TensorShape) -> None:
        self.flow = flow
        self.dtype = dtype
        self.element_shape = shape

    def append(self, value: Any) -> None:
        """Add an element.

        Raises:
            TypeError: it is of another type.
        """
        tensor = convert.to_tensor(value, self.dtype)
        self.flow = lists.TensorListPushBack(self.flow, tensor)

    def pop(self) -> Tensor:
        """Take the last element away."""
        last = lists.TensorListLength(self.flow) - 1
        value = self[last]
        self.flow = lists.TensorListResize(self.flow, last)
        return value

    def stack(self) -> Tensor:
        """All elements as one tensor."""
        stacked: Tensor = lists.TensorListStack(
            self.flow, _dims(self.element_shape), element_dtype=self.dtype, num_elements=-1
        )
        return stacked

    def size(self) -> Tensor:
        """How many elements there are."""
        length: Tensor = lists.TensorListLength(self.flow)
        return length

    def __getitem__(self, index: Any) -> Tensor:
        found: Tensor = lists.TensorListGetItem(
            self.flow, index, _dims(self.element_shape), element_dtype=self.dtype
        )
        found.set_shape(self.element_shape)
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        tensor = convert.to_tensor(value, self.dtype)
        self.flow = lists.TensorListSetItem(self.flow, index, tensor)

    def copy(self) -> TensorList:
        return TensorList(self.flow, self.dtype, self.element_shape)


class Pending(TensorList):
    """A list in a first step that is thrown away: it only finds out what it would hold."""

    def __init__(self, items: list[Any], seen: list[Tensor] | None = None) -> None:
        self.seen = list(items) if seen is None else seen  # shared by all copies
        self._start = len(items)
        flow = lists.EmptyTensorList(_dims(TensorShape.of(None)), -1, element_dtype=as_dtype("float32"))  # fmt: skip
        super().__init__(flow, as_dtype("float32"), TensorShape.of(None))

    @property
    def grows(self) -> bool:
        return len(self.seen) > self._start

    def append(self, value: Any) -> None:
        self.seen.append(convert.to_tensor(value))

    def pop(self) -> Tensor:
        return self[0]

    def stack(self) -> Tensor:
        stacked: Tensor = array_ops.expand_dims(self[0], 0)
        return stacked

    def __getitem__(self, index: Any) -> Tensor:
        if not self.seen:
            raise IndexError("list index out of range")
        return blank(self.seen[0])

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def copy(self) -> Pending:
        made = Pending.__new__(Pending)
        made.__dict__.update(self.__dict__)
        return made

    def begun(self, items: list[Any]) -> TensorList:
        """A list of tensors of `items`, typed for all that was seen."""
        shape = self.seen[0].shape
        for tensor in self.seen[1:]:
            shape = common_shape([shape, tensor.shape])
        dtype = self.seen[0].dtype.base_dtype
        made = TensorList(
            lists.EmptyTensorList(_dims(shape), -1, element_dtype=dtype), dtype, shape
        )
        for item in items:
            made.append(item)
        return made


def _rebuilt(like: TensorList, parts: list[Tensor]) -> TensorList:
    made = like.copy()
    made.flow = parts[0]
    return made


composite.register(TensorList, lambda value: [value.flow], _rebuilt)
COPIED.update((TensorList, Pending))
convert.register_tensor_conversion_function(
    TensorList, lambda value, dtype=None, name=None, as_ref=False: value.stack()
)


def _dims(shape: TensorShape) -> Tensor:
    dims = shape.tuple
    value: Any = -1 if dims is None else [-1 if d is None else d for d in dims]
    return convert.to_tensor(value, as_dtype("int32"))


def append(items: Any, value: Any) -> Any:
    """`items.append(value)`; the list."""
    if isinstance(items, TensorList):
        items = items.copy()  # an earlier state may still be wanted
    items.append(value)
    return items


def set_element_type(entity: Any, dtype: Any, shape: Any = None) -> None:
    """Declare of what type (and shape) the elements of a list will be.

    A loop of tensors that appends to the list finds out by itself; the declaration is checked.

    Raises:
        TypeError: the list holds elements of another type.
    """
    wanted = as_dtype(dtype)
    for item in entity if isinstance(entity, (list, tuple)) else ():
        if is_tensor(item) and item.dtype.base_dtype is not wanted:
            raise TypeError(f"An element has type {item.dtype.name}, not {wanted.name}: {item}")
    if isinstance(entity, TensorList):
        if entity.dtype is not wanted:
            raise TypeError(f"The list holds {entity.dtype.name}, not {wanted.name}.")
        entity.element_shape = entity.element_shape.merge_with(as_shape(shape))


def stack(list_or_tensor: Any, element_dtype: Any = None, strict: bool = True) -> Any:
    """A list of tensors as one tensor.

    Args:
        element_dtype: of what type the elements are.
        strict: whether something that cannot be stacked is an error; else it is returned.

    Raises:
        ValueError: it cannot be stacked, and `strict`.
    """
    if isinstance(list_or_tensor, TensorList):
        return list_or_tensor.stack()
    if is_tensor(list_or_tensor):
        return list_or_tensor
    if isinstance(list_or_tensor, (list, tuple)):
        from tf1x.ops.array_moves import stack as stacked

        if all(is_tensor(x) for x in list_or_tensor) and (
            list_or_tensor or not scopes.executing_eagerly()
        ):
            return stacked(list_or_tensor)
    if strict:
        raise ValueError(f"cannot stack {list_or_tensor!r}: it is no list of tensors")
    return list_or_tensor
