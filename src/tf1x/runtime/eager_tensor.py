"""`EagerTensor`: a tensor that is its value."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from tf1x.core import dtypes
from tf1x.core.dtypes import DType
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.ops.list_value import ListValue

if TYPE_CHECKING:
    from tf1x.core.opdef import OpDef
    from tf1x.runtime.eager import EagerGraph

_ids = itertools.count()


class EagerOperation(Operation):
    """An op that has run: what gradient functions look at. Nothing but a tape keeps it."""

    __slots__ = ()

    def __init__(
        self,
        graph: EagerGraph,
        opdef: OpDef,
        name: str,
        inputs: tuple[Tensor, ...],
        attrs: dict[str, Any],
    ) -> None:
        self.graph = graph
        self.opdef = opdef
        self.type = opdef.type
        self.name = name
        self.inputs = inputs
        self.attrs = attrs
        self.control_inputs = []
        self.device = ""
        self.traceback = ()
        self.forward = None
        self.outputs = []
        self._id = 0


class EagerTensor(Tensor):
    """The result of an op that ran at once; `numpy()` gives the array.

    It keeps neither its op's inputs nor anything else of how it came about: tapes do.
    """

    __slots__ = ("_graph", "_known_shape", "_op", "_origin", "_value", "id")

    def __init__(
        self, graph: EagerGraph, origin: tuple[OpDef, str, dict[str, Any]], index: int, dtype: DType
    ) -> None:
        self._graph = graph
        self._origin = origin
        self._op: Operation | None = None
        self._dtype = dtype
        self._value: Any = None
        self._known_shape: TensorShape | None = None
        self.value_index = index
        self.id = next(_ids)

    @property
    def graph(self) -> EagerGraph:
        return self._graph

    @property
    def op(self) -> Operation:  # type: ignore[override]
        """The op's type, name and attributes, without its inputs and outputs."""
        if self._op is None:
            opdef, name, attrs = self._origin
            self._op = EagerOperation(self._graph, opdef, name, (), attrs)
        return self._op

    @property
    def name(self) -> str:
        return f"{self._origin[1]}:{self.value_index}"

    @property
    def device(self) -> str:
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    backing_device = device

    @property
    def shape(self) -> TensorShape:
        if self._known_shape is None:
            self._known_shape = TensorShape.of(getattr(self._value, "shape", ()))
        return self._known_shape

    def get_shape(self) -> TensorShape:
        """The tensor's shape."""
        return self.shape

    @property
    def _shape(self) -> TensorShape:  # type: ignore[override]
        return self.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._value.shape)

    def set_shape(self, shape: Any) -> None:
        """Check the shape.

        Raises:
            ValueError: the tensor has another.
        """
        if not self.shape.is_compatible_with(shape):
            raise ValueError(
                f"Tensor's shape {self.shape} is not compatible with supplied shape {shape}"
            )

    # -- the value -----------------------------------------------------------------------------

    def known_value(self) -> np.ndarray[Any, Any] | None:
        """The value for reading, where it is an array."""
        if isinstance(self._value, jax.Array):
            self._value = np.asarray(self._value)
        return self._value if isinstance(self._value, np.ndarray) else None

    def numpy(self) -> Any:
        """The value as an array of its own; of a scalar, a NumPy scalar (bytes of a string).

        Raises:
            ValueError: a resource or variant, which is no array.
        """
        array = self.known_value()
        if array is None:
            raise ValueError(
                f"Cannot convert a Tensor of dtype {self._dtype.name} to a NumPy array."
            )
        return array.copy() if array.ndim else array[()]

    def _numpy(self) -> Any:
        return self.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        value = np.asarray(self.numpy())
        return value if dtype is None else value.astype(dtype)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        raise NotImplementedError(
            "eval is not supported when eager execution is enabled, is .numpy() what you're looking for?"
        )

    def consumers(self) -> list[Operation]:
        raise NotImplementedError("consumers() is meaningless when eager execution is enabled.")

    def cpu(self) -> EagerTensor:
        """The tensor itself: where values lie is XLA's business."""
        return self

    def gpu(self, gpu_index: int = 0) -> EagerTensor:
        """The tensor itself: where values lie is XLA's business."""
        return self

    def __bool__(self) -> bool:
        return bool(self.numpy())

    __nonzero__ = __bool__

    def __int__(self) -> int:
        return int(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __complex__(self) -> complex:
        return complex(self.numpy())

    def __index__(self) -> int:
        return int(self.numpy().__index__())

    def __format__(self, format_spec: str) -> str:
        return (
            format(self.numpy(), format_spec)
            if not self._value.shape
            else format(str(self), format_spec)
        )

    def __len__(self) -> int:
        if not self.shape.ndims:
            raise TypeError("Scalar tensor has no `len()`")
        return int(self._value.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if not self.shape.ndims:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(self._value.shape[0]))  # type: ignore[index]

    def __copy__(self) -> EagerTensor:
        return self

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return self

    def __reduce__(self) -> Any:
        return _restored, (self.numpy(), self._dtype.name)

    def __repr__(self) -> str:
        return f"<tf.Tensor: id={self.id}, shape={self._dims()}, dtype={self._dtype.name}, numpy={self._text(repr)}>"

    def __str__(self) -> str:
        return f"tf.Tensor({self._text(str)}, shape={self._dims()}, dtype={self._dtype.name})"

    def _dims(self) -> tuple[int, ...]:
        return tuple(getattr(self._value, "shape", ()))

    def _text(self, write: Any) -> str:
        if self.known_value() is None:
            return "<unprintable>"
        text: str = write(self.numpy()) if self._value.ndim else _scalar_text(self.numpy())
        return f"\n{text}" if "\n" in text else text


def _scalar_text(value: Any) -> str:
    return repr(value) if isinstance(value, bytes) else str(value)


def _restored(value: Any, dtype: str) -> Any:
    from tf1x.core import convert

    return convert.constant(value, dtype)


def on_release(tensor: EagerTensor, function: Any, *args: Any) -> None:
    """Call a function when a tensor (a handle) is gone."""
    weakref.finalize(tensor, function, *args).atexit = False


def is_plain(tensor: Tensor) -> bool:
    """Whether the value is an array that XLA takes."""
    kind = tensor.dtype.base_dtype
    return kind not in (dtypes.string, dtypes.variant, dtypes.resource)


def size_of(value: Any) -> int:
    """How many elements a value has; a list's count as one."""
    return 1 if isinstance(value, ListValue) else int(np.size(value))


__all__ = ["EagerOperation", "EagerTensor", "is_plain", "on_release", "size_of"]
