"""Variables in parts, and the functions that say how to divide them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, string
from tf1x.core.operation import Tensor
from tf1x.core.scopes import prepend_name_scope, strip_name_scope
from tf1x.core.shapes import TensorShape
from tf1x.lib.variables import Variable
from tf1x.ops import array
from tf1x.ops.array_moves import concat, split


class SaveSliceInfo:
    """Which slice of a whole variable a part is, for checkpoints (`tf.Variable.SaveSliceInfo`)."""

    def __init__(
        self,
        full_name: str | None = None,
        full_shape: Any = None,
        var_offset: Any = None,
        var_shape: Any = None,
    ) -> None:
        self.full_name = full_name
        self.full_shape = full_shape
        self.var_offset = var_offset
        self.var_shape = var_shape

    @property
    def spec(self) -> str:
        """The slice as checkpoints write it: `"4 3 0,2:0,3"`."""
        shape = " ".join(str(d) for d in self.full_shape)
        parts = zip(self.var_offset, self.var_shape, strict=True)
        return f"{shape} {':'.join(f'{offset},{size}' for offset, size in parts)}"

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The slice as a `SaveSliceInfoDef`; None where it is not in `export_scope`."""
        from tensorboard.compat.proto import variable_pb2

        if export_scope is not None and not str(self.full_name).startswith(export_scope):
            return None
        return variable_pb2.SaveSliceInfoDef(
            full_name=strip_name_scope(str(self.full_name), export_scope),
            full_shape=[int(d) for d in self.full_shape],
            var_offset=[int(d) for d in self.var_offset],
            var_shape=[int(d) for d in self.var_shape],
        )

    @staticmethod
    def from_proto(proto: Any, import_scope: str | None = None) -> SaveSliceInfo:
        """The slice that a `SaveSliceInfoDef` describes."""
        return SaveSliceInfo(
            prepend_name_scope(proto.full_name, import_scope),
            list(proto.full_shape),
            list(proto.var_offset),
            list(proto.var_shape),
        )


Variable.SaveSliceInfo = SaveSliceInfo  # type: ignore[attr-defined]


class PartitionedVariable:
    """A variable in parts along one dimension; as a tensor, the parts put together."""

    def __init__(
        self,
        name: str,
        shape: TensorShape,
        dtype: DType,
        variable_list: list[Variable],
        partitions: list[int],
    ) -> None:
        self._name = name
        self._shape = shape
        self._dtype = dtype
        self._variable_list = sorted(
            variable_list, key=lambda v: v._get_save_slice_info().var_offset
        )
        self._partitions = partitions
        self._axis = next((i for i, count in enumerate(partitions) if count > 1), 0)

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        return len(self._variable_list)

    def as_tensor(self) -> Tensor:
        """The parts concatenated."""
        with scopes.control_dependencies(None):
            if len(self._variable_list) == 1:
                with scopes.name_scope(""):
                    return array.identity(self._variable_list[0], name=self._name)
            with scopes.name_scope(f"{self._name}/ConcatPartitions/"):
                joined = concat(self._variable_list, self._axis)
            with scopes.name_scope(""):
                return array.identity(joined, name=self._name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def get_shape(self) -> TensorShape:
        return self._shape

    def _get_variable_list(self) -> list[Variable]:
        return self._variable_list

    def _get_partitions(self) -> list[int]:
        return self._partitions

    def _each(self, method: str, value: Any, options: dict[str, Any]) -> list[Any]:
        if isinstance(value, PartitionedVariable):
            value = list(value)
        elif not isinstance(value, list):
            sizes = [int(v.shape.as_list()[self._axis]) for v in self._variable_list]
            value = split(value, sizes, axis=self._axis)
        pairs = zip(self._variable_list, value, strict=True)
        return [getattr(v, method)(part, **options) for v, part in pairs]

    def assign(self, value: Any, **options: Any) -> list[Any]:
        """Assign to each part its share of `value`."""
        return self._each("assign", value, options)

    def assign_add(self, value: Any, **options: Any) -> list[Any]:
        """Add to each part its share of `value`."""
        return self._each("assign_add", value, options)

    def assign_sub(self, value: Any, **options: Any) -> list[Any]:
        """Subtract from each part its share of `value`."""
        return self._each("assign_sub", value, options)


def _to_tensor(
    value: PartitionedVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
            f"'{value.dtype.name}'"
        )
    return value.as_tensor()


convert.register_tensor_conversion_function(PartitionedVariable, _to_tensor)

Partitioner = Callable[..., list[int]]


@export("fixed_size_partitioner")
def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """Divide dimension `axis` into `num_shards` parts, or fewer where it is shorter."""

    def partitioner(shape: Any, **_: Any) -> list[int]:
        counts = [1] * len(shape)
        counts[axis] = min(num_shards, int(shape[axis]))
        return counts

    return partitioner


@export("variable_axis_size_partitioner")
def variable_axis_size_partitioner(
    max_shard_bytes: int,
    axis: int = 0,
    bytes_per_string_element: int = 16,
    max_shards: int | None = None,
) -> Partitioner:
    """Divide dimension `axis` so that no part is larger than `max_shard_bytes`, if possible."""
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            f"Both max_shard_bytes and bytes_per_string_element must be positive: {max_shard_bytes}, "
            f"{bytes_per_string_element}"
        )
    if max_shards and max_shards < 1:
        raise ValueError(f"max_shards must be positive: {max_shards}")

    def partitioner(shape: Any, dtype: DType) -> list[int]:
        dims = [int(d) for d in shape]
        element = bytes_per_string_element if dtype is string else dtype.size
        counts = [1] * len(dims)
        slice_bytes = math.prod(dims) // dims[axis] * element
        slices = max(1, max_shard_bytes // slice_bytes)
        shards = -(-dims[axis] // slices)
        counts[axis] = min(shards, max_shards) if max_shards else shards
        return counts

    return partitioner


@export("min_max_variable_partitioner")
def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """Divide dimension `axis` into at most `max_partitions` parts of at least `min_slice_size` bytes."""

    def partitioner(shape: Any, dtype: DType) -> list[int]:
        dims = [int(d) for d in shape]
        element = bytes_per_string_element if dtype is string else dtype.size
        counts = [1] * len(dims)
        wanted = -(-math.prod(dims) * element // min_slice_size)
        counts[axis] = int(max(1, min(wanted, max_partitions, dims[axis])))
        return counts

    return partitioner
