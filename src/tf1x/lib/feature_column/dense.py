"""Dense columns: numbers, buckets of numbers, embeddings and indicators of categorical columns."""

from __future__ import annotations

import itertools
import math as number
from collections import namedtuple
from typing import Any

from tf1x.core import nest, scopes
from tf1x.core.dtypes import DType, as_dtype, float32, int64
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.feature_column.base import (
    CategoricalColumn,
    DenseColumn,
    IdWeightPair,
    LazyBuilder,
    SequenceDenseColumn,
    TensorSequenceLengthPair,
    check_key,
    check_numeric,
    check_shape,
)
from tf1x.lib.feature_column.categorical import WeightedCategoricalColumn
from tf1x.lib.feature_column.sequence import SequenceCategoricalColumn, sequence_length
from tf1x.lib.initializers import TruncatedNormal
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.train.checkpoint_utils import init_from_checkpoint
from tf1x.lib.variable_scope import get_variable
from tf1x.ops import array, array_gather, array_moves, array_select, math, reduce
from tf1x.ops.embedding import embedding_lookup_sparse, safe_embedding_lookup_sparse
from tf1x.ops.feature_crosses import Bucketize
from tf1x.ops.parsing_functions import FixedLenFeature
from tf1x.ops.sparse_functions import sparse_merge, sparse_slice, sparse_tensor_to_dense


class NumericColumn(
    DenseColumn, namedtuple("NumericColumn", "key shape default_value dtype normalizer_fn")
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return self.key

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return {self.key: FixedLenFeature(self.shape, self.dtype, self.default_value)}

    def _transform_feature(self, inputs: LazyBuilder) -> Tensor:
        feature = inputs.get(self.key)
        if isinstance(feature, SparseTensor):
            raise ValueError(
                "The corresponding Tensor of numerical column must be a Tensor. SparseTensor is not "
                f"supported. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            feature = self.normalizer_fn(feature)
        return math.cast(feature, float32)

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)


class BucketizedColumn(
    DenseColumn, CategoricalColumn, namedtuple("BucketizedColumn", "source_column boundaries")
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.source_column._parse_example_spec

    def _transform_feature(self, inputs: LazyBuilder) -> Tensor:
        source = inputs.get(self.source_column)
        buckets: Tensor = Bucketize(source, boundaries=self.boundaries)
        return buckets

    @property
    def _count(self) -> int:
        return len(self.boundaries) + 1

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape((*self.source_column.shape, self._count))

    @property
    def _num_buckets(self) -> int:
        return self._count * self.source_column.shape[0]

    def _get_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        buckets = math.cast(inputs.get(self), int64)
        return array_select.one_hot(buckets, depth=self._count, on_value=1.0, off_value=0.0)

    def _get_sparse_tensors(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        """The buckets of all numbers of an example, each number with ids of its own."""
        buckets = inputs.get(self)
        batch = array.shape(buckets)[0]
        size = self.source_column.shape[0]
        each = array.expand_dims(array.range_(0, batch), 1)
        rows = array.reshape(array_moves.Tile(each, [1, size]), (-1,))
        columns = array_moves.Tile(array.range_(0, size), [batch])
        ids = array.reshape(buckets, (-1,)) + self._count * columns
        indices = math.cast(array_moves.transpose(array_moves.stack((rows, columns))), int64)
        shape = math.cast(array_moves.stack([batch, size]), int64)
        return IdWeightPair(SparseTensor(indices, ids, shape), None)


_USE = (
    "Suggested fix A: If you wish to use input_layer, use a non-sequence categorical_column_with_*. "
    "Suggested fix B: If you wish to create sequence input, use sequence_input_layer instead of "
    "input_layer."
)


class _OfCategorical(DenseColumn, SequenceDenseColumn):
    """A dense column of a categorical one."""

    categorical_column: Any
    _kind = "embedding_column"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column._parse_example_spec

    def _transform_feature(self, inputs: LazyBuilder) -> Any:
        return inputs.get(self.categorical_column)

    def _check(self, sequence: bool) -> None:
        """Raise ValueError unless the categorical column is one of sequences, or is not."""
        if isinstance(self.categorical_column, SequenceCategoricalColumn) == sequence:
            return
        given = f"Given (type {type(self.categorical_column)}): {self.categorical_column}"
        if sequence:
            raise ValueError(
                f"In {self._kind}: {self.name}. categorical_column must be of type "
                "_SequenceCategoricalColumn to use sequence_input_layer. Suggested fix: Use one of "
                f"sequence_categorical_column_with_*. {given}"
            )
        raise ValueError(
            f"In {self._kind}: {self.name}. categorical_column must not be of type "
            f"_SequenceCategoricalColumn. {_USE} {given}"
        )

    def _dense(self, inputs: LazyBuilder, weight_collections: Any, trainable: Any) -> Tensor:
        raise NotImplementedError

    def _get_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        self._check(sequence=False)
        return self._dense(inputs, weight_collections, trainable)

    def _get_sequence_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> TensorSequenceLengthPair:
        self._check(sequence=True)
        dense = self._dense(inputs, weight_collections, trainable)
        ids = self.categorical_column._get_sparse_tensors(inputs).id_tensor
        return TensorSequenceLengthPair(dense, sequence_length(ids))


_EMBEDDING = "ckpt_to_load_from tensor_name_in_ckpt max_norm trainable use_safe_embedding_lookup"


class _Embedding(_OfCategorical):
    """The rows of a table that an example's ids name, combined."""

    def _weights(self, weight_collections: Any, trainable: Any) -> Any:
        """The table, a variable of the current scope."""
        return get_variable(
            "embedding_weights",
            shape=(self.categorical_column._num_buckets, self.dimension),
            dtype=float32,
            initializer=self.initializer,
            trainable=self.trainable and trainable,
            collections=weight_collections,
        )

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def _dense(self, inputs: LazyBuilder, weight_collections: Any, trainable: Any) -> Tensor:
        ids, weights = self.categorical_column._get_sparse_tensors(
            inputs, weight_collections, trainable
        )
        if weight_collections and GraphKeys.GLOBAL_VARIABLES not in weight_collections:
            weight_collections.append(GraphKeys.GLOBAL_VARIABLES)
        table = self._weights(weight_collections, trainable)
        if self.ckpt_to_load_from is not None:
            parts = list(table) if isinstance(table, PartitionedVariable) else table
            init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: parts})
        rank = ids.dense_shape.shape[0].value
        safe = self.use_safe_embedding_lookup or rank is None or rank > 2
        look_up = safe_embedding_lookup_sparse if safe else embedding_lookup_sparse
        return look_up(
            table, ids, weights, combiner=self.combiner, name=f"{self.name}_weights",
            max_norm=self.max_norm,
        )  # fmt: skip


class EmbeddingColumn(
    _Embedding,
    namedtuple(
        "EmbeddingColumn", f"categorical_column dimension combiner initializer {_EMBEDDING}"
    ),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_embedding"


class SharedEmbeddingColumn(
    _Embedding,
    namedtuple(
        "SharedEmbeddingColumn",
        "categorical_column dimension combiner initializer shared_embedding_collection_name "
        + _EMBEDDING,
    ),
):
    """An embedding whose table is the one variable in a collection."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def _var_scope_name(self) -> str:
        return self.shared_embedding_collection_name

    def _dense(self, inputs: LazyBuilder, weight_collections: Any, trainable: Any) -> Tensor:
        with scopes.name_scope(None, default_name=self.name):
            return super()._dense(inputs, weight_collections, trainable)

    def _weights(self, weight_collections: Any, trainable: Any) -> Any:
        own = self.shared_embedding_collection_name
        found = scopes.get_collection(own)
        if not found:
            table = super()._weights(weight_collections, trainable)
            scopes.add_to_collection(own, table)
            return table
        fixes = (
            "Suggested fix A: Choose a unique name for this collection. Suggested fix B: Do not add "
            "any variables to this collection. The feature_column library already adds a variable "
            "under the hood."
        )
        if len(found) > 1:
            raise ValueError(f"Collection {found} can only contain one variable. {fixes}")
        expected = (self.categorical_column._num_buckets, self.dimension)
        if found[0].shape.as_list() != list(expected):
            raise ValueError(
                f"Shared embedding collection {own} contains variable {found[0].name} of unexpected "
                f"shape {found[0].shape}. Expected shape is {expected}. {fixes}"
            )
        return found[0]


class IndicatorColumn(_OfCategorical, namedtuple("IndicatorColumn", "categorical_column")):
    __slots__ = ()
    _kind = "indicator_column"

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([1, self.categorical_column._num_buckets])

    def _transform_feature(self, inputs: LazyBuilder) -> Tensor:
        ids, weights = self.categorical_column._get_sparse_tensors(inputs)
        size = self._variable_shape[-1].value
        if weights is not None:
            merged = sparse_merge(sp_ids=ids, sp_values=weights, vocab_size=int(size))
            merged = sparse_slice(merged, [0, 0], merged.dense_shape)
            return array_gather.scatter_nd(merged.indices, merged.values, merged.dense_shape)
        dense = sparse_tensor_to_dense(ids, default_value=-1)
        hot = array_select.one_hot(dense, depth=size, on_value=1.0, off_value=0.0)
        return reduce.reduce_sum(hot, axis=[-2])

    def _dense(self, inputs: LazyBuilder, weight_collections: Any, trainable: Any) -> Tensor:
        tensor: Tensor = inputs.get(self)
        return tensor


# -- as programs make them -------------------------------------------------------------------------


def _same_for_all(shape: tuple[int, ...], value: Any) -> Any:
    return tuple(_same_for_all(shape[1:], value) for _ in range(shape[0])) if shape else value


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if nest.is_nested(value) else value


def _has_shape(value: Any, shape: tuple[int, ...]) -> bool:
    if nest.is_nested(value) != bool(shape):
        return False
    if not shape:
        return True
    return len(value) == shape[0] and all(_has_shape(v, shape[1:]) for v in value)


def _default(shape: tuple[int, ...], value: Any, dtype: DType, key: str) -> Any:
    """A numeric column's default value in the column's shape.

    Raises:
        ValueError: it has another shape.
        TypeError: its type does not suit `dtype`.
    """
    if value is None:
        return None
    if isinstance(value, int) or (isinstance(value, float) and dtype.is_floating):
        return _same_for_all(shape, value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if nest.is_nested(value):
        if not _has_shape(value, shape):
            raise ValueError(
                "The shape of default_value must be equal to given shape. "
                f"default_value: {value}, shape: {shape}, key: {key}"
            )
        numbers = nest.flatten(value)
        whole = all(isinstance(v, int) for v in numbers)
        if whole or (dtype.is_floating and any(isinstance(v, float) for v in numbers)):
            return _as_tuples(value)
    raise TypeError(
        "default_value must be compatible with dtype. "
        f"default_value: {value}, dtype: {dtype}, key: {key}"
    )


def numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: Any = float32,
    normalizer_fn: Any = None,
) -> NumericColumn:
    """A feature of numbers as it is, in float32.

    Args:
        shape: of one example's values.
        default_value: for examples without the feature when parsed; a number or of that shape.
        normalizer_fn: a function of the tensor, applied first.
    """
    shape = check_shape(shape, key)
    dtype = as_dtype(dtype)
    check_numeric(dtype, key)
    default_value = _default(shape, default_value, dtype, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    check_key(key)
    return NumericColumn(key, shape, default_value, dtype, normalizer_fn)


def bucketized_column(source_column: NumericColumn, boundaries: Any) -> BucketizedColumn:
    """The bucket of each number of a numeric column, as a one-hot code or as an id.

    Args:
        boundaries: rising numbers; a bucket holds its lower boundary.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(
            "source_column must be a column generated with numeric_column(). "
            f"Given: {source_column}"
        )
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    rising = isinstance(boundaries, (list, tuple)) and all(
        low < high for low, high in itertools.pairwise(boundaries)
    )
    if not rising:
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))


def _table_initializer(
    dimension: int, initializer: Any, ckpt_to_load_from: Any, tensor_name_in_ckpt: Any, where: str
) -> Any:
    """The initializer of an embedding; by default of deviation 1 / sqrt(dimension).

    Raises:
        ValueError: an argument is wrong.
    """
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError(
            "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
        )
    if initializer is not None and not callable(initializer):
        raise ValueError(f"initializer must be callable if specified.{where}")
    return initializer or TruncatedNormal(mean=0.0, stddev=1 / number.sqrt(dimension))


def embedding_column(
    categorical_column: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> EmbeddingColumn:
    """The rows of a trained table `embedding_weights` that a column's ids name, combined.

    Args:
        combiner: "mean", "sqrtn" or "sum".
        initializer: of the table; by default truncated normal of deviation 1 / sqrt(dimension).
        ckpt_to_load_from, tensor_name_in_ckpt: take the table from a checkpoint.
        max_norm: rows of a larger norm are scaled down to it.
        use_safe_embedding_lookup: allow examples without ids, and ids below 0.
    """
    where = f" Embedding of column_name: {getattr(categorical_column, 'name', None)}"
    initializer = _table_initializer(
        dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, where
    )
    return EmbeddingColumn(
        categorical_column, dimension, combiner, initializer, ckpt_to_load_from,
        tensor_name_in_ckpt, max_norm, trainable, use_safe_embedding_lookup,
    )  # fmt: skip


def _inner(column: Any) -> Any:
    while isinstance(column, (WeightedCategoricalColumn, SequenceCategoricalColumn)):
        column = column.categorical_column
    return column


def shared_embedding_columns(
    categorical_columns: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> list[SharedEmbeddingColumn]:
    """An embedding column for each categorical column, all with one table.

    Args:
        categorical_columns: of one type, with one number of buckets.
        shared_embedding_collection_name: the collection that holds the table, and its scope.

    Raises:
        ValueError: the columns do not go together.
    """
    initializer = _table_initializer(
        dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, ""
    )
    ordered = sorted(categorical_columns, key=lambda column: column.name)
    first = _inner(ordered[0])
    if not isinstance(first, CategoricalColumn):
        raise ValueError(
            "All categorical_columns must be subclasses of _CategoricalColumn. "
            f"Given: {first}, of type: {type(first)}"
        )
    for column in map(_inner, ordered[1:]):
        if not isinstance(column, type(first)):
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same type, or "
                "be weighted_categorical_column or sequence column of the same type. Given column: "
                f"{first} of type: {type(first)} does not match given column: {column} of type: "
                f"{type(column)}"
            )
        if column._num_buckets != first._num_buckets:
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same number "
                f"of buckets. Given column: {first} with buckets: {first._num_buckets} does  not "
                f"match column: {column} with buckets: {column._num_buckets}"
            )
    name = shared_embedding_collection_name
    name = name or "_".join([*(column.name for column in ordered), "shared_embedding"])
    return [
        SharedEmbeddingColumn(
            column, dimension, combiner, initializer, name, ckpt_to_load_from, tensor_name_in_ckpt,
            max_norm, trainable, use_safe_embedding_lookup,
        )
        for column in categorical_columns
    ]  # fmt: skip


def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """How often each id of a column stands in an example, or the sum of its weights."""
    if not isinstance(categorical_column, CategoricalColumn):
        raise ValueError(
            f"Unsupported input type. Input must be a CategoricalColumn. Given: {categorical_column}"
        )
    return IndicatorColumn(categorical_column)
