"""`tf.TensorArray`: a list of tensors that a loop reads and writes by index."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, dtypes, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value
from tf1x.ops import composite, lists
from tf1x.ops.grouping import no_op


class _ElementShape:
    """What is known of the elements' shape; shared by all states of one array."""

    def __init__(self, shape: TensorShape) -> None:
        self.shape = shape

    def merge(self, shape: TensorShape) -> None:
        """Add what a written value tells.

        Raises:
            ValueError: it contradicts what is known.
        """
        if not self.shape.is_compatible_with(shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.shape}")
        self.shape = self.shape.merge_with(shape)


@export("TensorArray")
class TensorArray:
    """A list of tensors of one type and shape, for use in `tf.while_loop` (`tf.TensorArray`).

    Every write gives a new TensorArray, which must be used instead of the old one.

    Args:
        dtype: the elements' type.
        size: how many elements, an int or scalar int32 tensor; 0 by default.
        dynamic_size: whether a write past the end makes the array longer.
        clear_after_read, tensor_array_name, colocate_with_first_write_call: accepted.
        flow: make the TensorArray of an existing flow.
        infer_shape: whether all elements must have the shape of the first.
        element_shape: the elements' shape, where it is known.

    Example:
        >>> ta = tf.TensorArray(tf.float32, size=3)
        >>> for i in range(3):
        ...     ta = ta.write(i, float(i))
        >>> sess.run(ta.stack())
        array([0., 1., 2.], dtype=float32)
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None and flow is None:
            raise UnsupportedError(
                "TensorArray(handle=...): tf1x's TensorArrays have no resource handle; pass `flow`."
            )
        if flow is not None and size is not None:
            raise ValueError("Cannot provide both a handle (or flow) and size at the same time")
        if element_shape is not None and not infer_shape:
            infer_shape = True
        self._dtype = as_dtype(dtype).base_dtype
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        self._size: int | None = None
        self._element = _ElementShape(as_shape(element_shape))
        if flow is not None:
            self._flow: Tensor = flow
            return
        with scopes.name_scope(name, "TensorArrayV2", [] if size is None else [size]) as scope:
            shape = _shape_tensor(self._element.shape)
            count = convert.to_tensor(
                0 if size is None else size, dtypes.int32, name="num_elements"
            )
            known = constant_value(count)
            self._size = int(known) if known is not None and not dynamic_size else None
            self._flow = lists.TensorListReserve(
                shape, count, element_dtype=self._dtype, name=scope
            )

    # -- what it is ----------------------------------------------------------------------------

    @property
    def flow(self) -> Tensor:
        """The tensor (of type variant) that carries the elements."""
        return self._flow

    @property
    def handle(self) -> Tensor:
        """The flow: the array is a value, there is no other handle to it."""
        return self._flow

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def dynamic_size(self) -> bool:
        return self._dynamic_size

    @property
    def element_shape(self) -> TensorShape:
        return self._element.shape

    @property
    def graph(self) -> Any:
        return self._flow.graph

    @property
    def op(self) -> Any:
        return self._flow.op

    def identity(self) -> TensorArray:
        """The same array after the current control dependencies."""
        from tf1x.ops.array import Identity

        return self._with_flow(Identity(self._flow))

    def _with_flow(self, flow: Tensor) -> TensorArray:
        made = TensorArray.__new__(TensorArray)
        made.__dict__.update(self.__dict__)
        made._flow = flow
        return made

    # -- elements ------------------------------------------------------------------------------

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at `index`.

        Raises:
            InvalidArgumentError (at run time): there is no such element, or nothing was written
                and the elements' shape is not known.
        """
        with scopes.name_scope(name, "TensorArrayV2Read", [self._flow, index]):
            value = lists.TensorListGetItem(
                self._flow,
                index,
                self._shape(),
                element_dtype=self._dtype,
                name="TensorListGetItem",
            )
            return self._typed(value)

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` at `index`.

        Raises:
            ValueError: the value's static shape is not that of the elements.
        """
        with scopes.name_scope(name, "TensorArrayV2Write", [self._flow, index, value]):
            tensor = convert.to_tensor(value, self._dtype, name="value")
            self._see(tensor.shape)
            flow = lists.TensorListSetItem(
                self._flow,
                index,
                tensor,
                resize_if_index_out_of_bounds=self._dynamic_size,
                name="TensorListSetItem",
            )
            return self._with_flow(flow)

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor of shape [size, ...]."""
        with scopes.name_scope(name, "TensorArrayV2Stack", [self._flow]):
            value = lists.TensorListStack(
                self._flow,
                self._shape(),
                element_dtype=self._dtype,
                num_elements=-1 if self._size is None else self._size,
                name="TensorListStack",
            )
            return self._typed(value, self._size)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices` (a vector of int32), stacked."""
        with scopes.name_scope(name, "TensorArrayV2Gather", [self._flow, indices]):
            tensor = convert.to_tensor(indices, dtypes.int32, name="indices")
            value = lists.TensorListGather(
                self._flow,
                tensor,
                self._shape(),
                element_dtype=self._dtype,
                name="TensorListGather",
            )
            rows = tensor.shape.tuple
            return self._typed(value, rows[0] if rows else None)

    def concat(self, name: str | None = None) -> Tensor:
        """All elements joined along their first dimension."""
        with scopes.name_scope(name, "TensorArrayV2Concat", [self._flow]):
            value, _ = lists.TensorListConcatV2(
                self._flow,
                self._shape(),
                convert.constant([], dtypes.int64),
                element_dtype=self._dtype,
            )
            dims = self._element.shape.tuple
            if dims is not None:
                value.set_shape((None, *dims[1:]))
            return value

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are the rows of `value`."""
        with scopes.name_scope(name, "TensorArrayUnstack", [self._flow, value]):
            tensor = convert.to_tensor(value, self._dtype, name="value")
            dims = tensor.shape.tuple
            self._see(TensorShape.of(None if dims is None else dims[1:]))
            flow = lists.TensorListFromTensor(tensor, self._shape(), name="TensorListFromTensor")
            made = self._with_flow(flow)
            made._size = None if dims is None else dims[0]
            return made

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with row i of `value` at `indices[i]`."""
        with scopes.name_scope(name, "TensorArrayScatter", [self._flow, indices, value]):
            tensor = convert.to_tensor(value, self._dtype, name="value")
            where = convert.to_tensor(indices, dtypes.int32, name="indices")
            dims = tensor.shape.tuple
            self._see(TensorShape.of(None if dims is None else dims[1:]))
            return self._with_flow(
                lists.TensorListScatterIntoExistingList(self._flow, tensor, where)
            )

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are pieces of `value`, which must have one length."""
        with scopes.name_scope(name, "TensorArraySplit", [self._flow, value, lengths]):
            tensor = convert.to_tensor(value, self._dtype, name="value")
            sizes = convert.to_tensor(lengths, dtypes.int64, name="lengths")
            flow = lists.TensorListSplit(tensor, self._shape(), sizes)
            made = self._with_flow(flow)
            made._size = None
            return made

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, a scalar int32."""
        if self._size is not None and not self._dynamic_size:
            return convert.constant(self._size, dtypes.int32)
        length: Tensor = lists.TensorListLength(self._flow, name=name or "TensorListLength")
        return length

    def close(self, name: str | None = None) -> Any:
        """Nothing to do: arrays are values."""
        return no_op(name=name)

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> TensorArray:
        """Not there: `tf.gradients` differentiates through TensorArrays by itself."""
        raise UnsupportedError(
            "TensorArray.grad: tf1x's TensorArrays are values; tf.gradients goes through them."
        )

    # -- shapes --------------------------------------------------------------------------------

    def _see(self, shape: TensorShape) -> None:
        if self._infer_shape:
            self._element.merge(shape)

    def _shape(self) -> Tensor:
        return _shape_tensor(self._element.shape)

    def _typed(self, value: Tensor, rows: Any = ()) -> Tensor:
        """Add the element shape to what is known of a read value (with `rows` in front)."""
        dims = self._element.shape.tuple
        if dims is not None and self._infer_shape:
            value.set_shape(dims if rows == () else (rows, *dims))
        return value

    def __repr__(self) -> str:
        return f"<tf.TensorArray dtype={self._dtype.name} element_shape={self._element.shape}>"


def _shape_tensor(shape: TensorShape) -> Tensor:
    dims = shape.tuple
    value: Any = -1 if dims is None else [-1 if d is None else d for d in dims]
    return convert.constant(value, dtypes.int32, name="element_shape")


composite.register(
    TensorArray, lambda value: [value.flow], lambda like, parts: like._with_flow(parts[0])
)
