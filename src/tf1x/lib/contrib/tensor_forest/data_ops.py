"""Features and labels as forests take them."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, dtypes
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.logging import info
from tf1x.ops import array, array_moves, math
from tf1x.ops.sparse_functions import sparse_concat, sparse_tensor_to_dense
from tf1x.ops.strings_hash import StringToHashBucketFast

DATA_FLOAT, DATA_CATEGORICAL = 0, 1
# As many values as float32 tells apart.
_HASHES = 1 << 24

DTYPE_TO_FTYPE = {
    dtypes.string: DATA_CATEGORICAL,
    dtypes.int32: DATA_CATEGORICAL,
    dtypes.int64: DATA_CATEGORICAL,
    dtypes.float32: DATA_FLOAT,
    dtypes.float64: DATA_FLOAT,
}


class DataColumn:
    """A column of the features: its name, whether it is categorical, how many numbers it has."""

    def __init__(self) -> None:
        self.name = ""
        self.original_type: Any = ""
        self.size = 0

    def SerializeToString(self) -> str:
        return f"name: {self.name} original_type: {self.original_type} size: {self.size}"


class DataColumnCollection:
    """A list of columns."""

    def __init__(self) -> None:
        self.cols: list[DataColumn] = []

    def add(self) -> DataColumn:
        self.cols.append(DataColumn())
        return self.cols[-1]

    def size(self) -> int:
        return len(self.cols)

    def SerializeToString(self) -> str:
        return "".join(f"{{{column.SerializeToString()}}}" for column in self.cols)


class TensorForestDataSpec:
    """What a batch of features consists of."""

    def __init__(self) -> None:
        self.sparse = DataColumnCollection()
        self.dense = DataColumnCollection()
        self.dense_features_size = 0

    def SerializeToString(self) -> str:
        return (
            f"dense_features_size: {self.dense_features_size} "
            f"dense: [{self.dense.SerializeToString()}] sparse: [{self.sparse.SerializeToString()}]"
        )


def CastToFloat(tensor: Any) -> Tensor:
    """Numbers as float32; strings as the hashes of their bytes."""
    tensor = convert.to_tensor(tensor)
    if tensor.dtype.base_dtype == dtypes.string:
        tensor = StringToHashBucketFast(tensor, num_buckets=_HASHES)
    number: Tensor = math.cast(tensor, dtypes.float32)
    return number


def ParseDataTensorOrDict(data: Any) -> tuple[Any, Any, TensorForestDataSpec]:
    """Features, a tensor [batch, n] or a dict of them, as one tensor.

    Returns:
        The dense features in one tensor (None if there are none), the sparse ones (or None), and
        the columns. Integers and strings are categories.
    """
    spec = TensorForestDataSpec()
    if isinstance(data, dict):
        return _from_dict(data, spec)
    if isinstance(data, SparseTensor):
        column = spec.sparse.add()
        column.name, column.size = "sparse_features", -1
        column.original_type = DTYPE_TO_FTYPE[data.dtype.base_dtype]
        return None, data, spec
    data = convert.to_tensor(data)
    column = spec.dense.add()
    column.name, column.size = "dense_features", data.shape[1].value
    column.original_type = DTYPE_TO_FTYPE[data.dtype.base_dtype]
    spec.dense_features_size = column.size
    return data, None, spec


def _from_dict(data: dict[str, Any], spec: TensorForestDataSpec) -> tuple[Any, Any, Any]:
    dense, sparse = [], []
    for name in sorted(data):
        value = data[name]
        if isinstance(value, SparseTensor):
            if value.dtype.base_dtype == dtypes.string:
                info(
                    "TensorForest does not support sparse categorical. Transform it into a number "
                    "with hash buckets."
                )
                continue
            if not spec.sparse.size():
                column = spec.sparse.add()
                column.name, column.original_type, column.size = "all_sparse", DATA_FLOAT, -1
            sparse.append(SparseTensor(value.indices, CastToFloat(value.values), value.dense_shape))
            continue
        value = convert.to_tensor(value)
        column = spec.dense.add()
        column.original_type, column.name = DTYPE_TO_FTYPE[value.dtype.base_dtype], name
        column.size = 1 if value.shape.ndims == 1 else value.shape[1].value
        spec.dense_features_size += column.size
        # TensorFlow flattens columns of several numbers to rows; each stays with its example here.
        dense.append(array.reshape(CastToFloat(value), [-1, column.size]))
    info(spec.SerializeToString())
    together = array_moves.concat(dense, 1) if dense else None
    return together, sparse_concat(1, sparse) if sparse else None, spec


def ParseLabelTensorOrDict(labels: Any) -> Tensor:
    """Labels, a tensor or a dict of them (sparse ones too), as one float32 tensor."""
    if isinstance(labels, dict):
        columns = [_dense(labels[name]) for name in sorted(labels)]
        joined: Tensor = math.cast(array_moves.concat(columns, 1), dtypes.float32)
        return joined
    number: Tensor = math.cast(_dense(labels), dtypes.float32)
    return number


def _dense(labels: Any) -> Any:
    if isinstance(labels, SparseTensor):
        return sparse_tensor_to_dense(labels, default_value=-1)
    return labels
