"""What feature columns are, and the cache of transformed features that they work on.

A column turns entries of the features dict into a dense tensor (`DenseColumn`) or into sparse ids
(`CategoricalColumn`). Programs may define their own: the methods with an underscore are those of
TensorFlow 1's `_FeatureColumn`, and what the functions of this package call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tf1x.core import nest, scopes
from tf1x.core.dtypes import DType, int64, string
from tf1x.core.operation import Tensor
from tf1x.core.shapes import Dimension, TensorShape
from tf1x.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from tf1x.ops import array, array_gather, array_select, checks, math
from tf1x.ops.control_flow import cond
from tf1x.ops.sparse_functions import sparse_reshape


class IdWeightPair(NamedTuple):
    """Sparse ids and their sparse weights (None: all 1)."""

    id_tensor: SparseTensor
    weight_tensor: SparseTensor | None


class TensorSequenceLengthPair(NamedTuple):
    """A tensor [batch, time, ...] and the lengths [batch]."""

    dense_tensor: Tensor
    sequence_length: Tensor


class FeatureColumn:
    """One feature as a model sees it."""

    @property
    def name(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} must define name")

    @property
    def _var_scope_name(self) -> str:
        return self.name

    def _transform_feature(self, inputs: LazyBuilder) -> Any:
        """The tensor (or nest of tensors) that this column makes of the features."""
        raise NotImplementedError(f"{type(self).__name__} must define _transform_feature")

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        """What `tf.parse_example` needs to know of this column's features."""
        raise NotImplementedError(f"{type(self).__name__} must define _parse_example_spec")

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self._parse_example_spec

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    def __gt__(self, other: Any) -> bool:
        return str(self) > str(other)


class DenseColumn(FeatureColumn):
    """A column with one dense tensor of a fixed size an example."""

    @property
    def _variable_shape(self) -> TensorShape:
        """The shape of one example's values."""
        raise NotImplementedError(f"{type(self).__name__} must define _variable_shape")

    @property
    def variable_shape(self) -> TensorShape:
        return self._variable_shape

    def _get_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        """The tensor [batch, *variable_shape], its variables made in the current scope."""
        return inputs.get(self)


class CategoricalColumn(FeatureColumn):
    """A column with any number of ids an example."""

    IdWeightPair = IdWeightPair

    @property
    def _num_buckets(self) -> int:
        """Ids are in [0, num_buckets)."""
        raise NotImplementedError(f"{type(self).__name__} must define _num_buckets")

    @property
    def num_buckets(self) -> int:
        return self._num_buckets

    def _get_sparse_tensors(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        return IdWeightPair(inputs.get(self), None)


class SequenceDenseColumn(FeatureColumn):
    """A column with a dense tensor for each step of a sequence."""

    TensorSequenceLengthPair = TensorSequenceLengthPair

    def _get_sequence_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> TensorSequenceLengthPair:
        raise NotImplementedError(f"{type(self).__name__} must define _get_sequence_dense_tensor")


class LazyBuilder:
    """Features, and what columns have made of them, each made once."""

    def __init__(self, features: dict[Any, Any]) -> None:
        self._features = dict(features)
        self._made: dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        """The feature of a name, with rank 2 at least, or what a column makes of the features.

        Raises:
            ValueError: there is no such feature, or it has rank 0.
            TypeError: `key` is neither a string nor a column.
        """
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def _make(self, key: Any) -> Any:
        if key in self._features:
            return _with_rank_2(key, self._features[key])
        if isinstance(key, str):
            raise ValueError(f"Feature {key} is not in features dictionary.")
        if not isinstance(key, FeatureColumn):
            raise TypeError(f'"key" must be either a "str" or "_FeatureColumn". Provided: {key}')
        made = key._transform_feature(self)
        if made is None:
            raise ValueError(f"Column {key.name} is not supported.")
        return made


def _with_rank_2(key: Any, feature: Any) -> Any:
    """A vector as a matrix of one column; other features as they are."""
    tensor = convert_to_tensor_or_sparse_tensor(feature)
    rank = tensor.get_shape().ndims
    message = f"Feature (key: {key}) cannot have rank 0. Given: {tensor}"

    def column() -> Any:
        if isinstance(tensor, SparseTensor):
            return sparse_reshape(tensor, [array.shape(tensor)[0], 1])
        return array.expand_dims(tensor, -1)

    if rank == 0:
        raise ValueError(message)
    if rank is not None:
        return column() if rank == 1 else tensor
    with scopes.control_dependencies([checks.assert_positive(array.rank(tensor), message=message)]):
        return cond(math.Equal(1, array.rank(tensor)), column, lambda: tensor)


def to_sparse(tensor: Any, ignore_value: Any = None) -> SparseTensor:
    """A dense feature as a SparseTensor of its elements other than `ignore_value`.

    Args:
        ignore_value: by default "", -1 or 0.0, after the type.
    """
    tensor = convert_to_tensor_or_sparse_tensor(tensor)
    if isinstance(tensor, SparseTensor):
        return tensor
    with scopes.name_scope(None, "to_sparse_input", [tensor, ignore_value]):
        if ignore_value is None:
            if tensor.dtype == string:
                ignore_value = ""
            else:
                ignore_value = -1 if tensor.dtype.is_integer else tensor.dtype.as_numpy_dtype()
        ignored = math.cast(ignore_value, tensor.dtype, name="ignore_value")
        indices = array_select.where(math.NotEqual(tensor, ignored), name="indices")
        return SparseTensor(
            indices=indices,
            values=array_gather.gather_nd(tensor, indices, name="values"),
            dense_shape=array.shape(tensor, out_type=int64, name="dense_shape"),
        )


def as_columns(feature_columns: Any) -> list[Any]:
    """One column or several, checked.

    Raises:
        ValueError: none, a dict, something else among them, or two of one name.
    """
    if isinstance(feature_columns, FeatureColumn):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, Iterator):
        feature_columns = list(feature_columns)
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(
                "Items of feature_columns must be a _FeatureColumn. "
                f"Given (type {type(column)}): {column}."
            )
    if not feature_columns:
        raise ValueError("feature_columns must not be empty.")
    by_name: dict[str, Any] = {}
    for column in feature_columns:
        if column.name in by_name:
            raise ValueError(
                f"Duplicate feature column name found for columns: {column} and "
                f"{by_name[column.name]}. This usually means that these columns refer to same base "
                "feature. Either one must be discarded or a duplicated but renamed item must be "
                "inserted in features dict."
            )
        by_name[column.name] = column
    return list(feature_columns)


def check_batch_sizes(tensors: list[Tensor], columns: list[Any]) -> None:
    """Raise ValueError if the first dimensions of two tensors are known to differ."""
    first: tuple[Any, Any] | None = None
    for tensor, column in zip(tensors, columns, strict=True):
        size = tensor.shape[0].value
        if size is None:
            continue
        if first is None:
            first = (column, size)
        elif first[1] != size:
            raise ValueError(
                "Batch size (first dimension) of each feature must be same. Batch size of columns "
                f"({first[0].name}, {column.name}): ({Dimension(first[1])}, {Dimension(size)})"
            )


# -- checks of arguments ---------------------------------------------------------------------------


def check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")


def check_string_or_int(dtype: DType, prefix: str) -> None:
    if dtype != string and not dtype.is_integer:
        raise ValueError(f"{prefix} dtype must be string or integer. dtype: {dtype}.")


def check_numeric(dtype: DType, key: str) -> None:
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")


def check_dtypes(column: Any, dtype: DType) -> None:
    """Raise ValueError unless a feature of type `dtype` suits a categorical column."""
    check_string_or_int(dtype, f"column_name: {column.key} input_tensor")
    if column.dtype.is_integer != dtype.is_integer:
        raise ValueError(
            "Column dtype and SparseTensors dtype must be compatible. "
            f"key: {column.key}, column dtype: {column.dtype}, tensor dtype: {dtype}"
        )


def check_shape(shape: Any, key: str) -> tuple[int, ...]:
    """A shape as a tuple of positive ints.

    Raises:
        TypeError, ValueError: it is none.
    """
    dims = tuple(shape) if nest.is_nested(shape) else (shape,)
    for size in dims:
        if not isinstance(size, int):
            raise TypeError(f"shape dimensions must be integer. shape: {dims}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {dims}, key: {key}")
    return dims
