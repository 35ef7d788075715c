"""The feature columns of TensorFlow 1.0: `tf.contrib.layers.real_valued_column` and kin.

They speak the language of `tf1x.lib.feature_column`, so that one cache of transformed features
serves both. Sorted by `key`, which starts with the name of the class.
"""

from __future__ import annotations

import math as number
from collections import namedtuple
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import as_dtype, float32, int64
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.contrib.framework.variables import model_variable
from tf1x.lib.contrib.layers.feature_column_sparse import (
    _Column,
    _SparseColumn,
    _WeightedSparseColumn,
)
from tf1x.lib.feature_column.base import (
    CategoricalColumn,
    DenseColumn,
    IdWeightPair,
    LazyBuilder,
    to_sparse,
)
from tf1x.lib.initializers import TruncatedNormal
from tf1x.lib.train.checkpoint_utils import init_from_checkpoint
from tf1x.ops import array, array_gather, array_moves, array_select, math, reduce
from tf1x.ops.embedding import safe_embedding_lookup_sparse
from tf1x.ops.feature_crosses import Bucketize, sparse_cross_hashed
from tf1x.ops.parsing_functions import FixedLenFeature, VarLenFeature
from tf1x.ops.sparse_functions import (
    sparse_merge,
    sparse_placeholder,
    sparse_slice,
    sparse_tensor_to_dense,
)

SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY = 0xDECAFCAFFE

# -- numbers ---------------------------------------------------------------------------------------


class _RealValuedColumn(
    _Column,
    DenseColumn,
    namedtuple("_RealValuedColumn", "column_name dimension default_value dtype normalizer"),
):
    __slots__ = ()
    _not_in_key = ("normalizer",)

    @property
    def name(self) -> str:
        return self.column_name

    @property
    def normalizer_fn(self) -> Any:
        return self.normalizer

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        default = None if self.default_value is None else list(self.default_value)
        return {self.column_name: FixedLenFeature([self.dimension], self.dtype, default)}

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def _transform_feature(self, inputs: LazyBuilder) -> Tensor:
        feature = inputs.get(self.column_name)
        if self.normalizer is not None:
            feature = self.normalizer(feature)
        feature = math.cast(feature, float32)
        if isinstance(feature, SparseTensor):
            default = 0.0 if self.default_value is None else float(self.default_value[0])
            feature = sparse_tensor_to_dense(feature, default_value=default)
        tensor: Tensor = feature
        return tensor


def real_valued_column(
    column_name: str,
    dimension: int = 1,
    default_value: Any = None,
    dtype: Any = float32,
    normalizer: Any = None,
) -> _RealValuedColumn:
    """A feature of `dimension` numbers an example, as they are.

    Args:
        default_value: a number, or a list of `dimension` numbers, for examples without the feature.
        normalizer: a function of the tensor, applied first.

    Raises:
        TypeError, ValueError: an argument is wrong.
    """
    where = f"column_name: {column_name}"
    dtype = as_dtype(dtype)
    if not isinstance(dimension, int):
        raise TypeError(f"dimension must be an integer. dimension: {dimension}, {where}")
    if dimension < 1:
        raise ValueError(f"dimension must be greater than 0. dimension: {dimension}, {where}")
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, {where}")
    if default_value is not None:
        many = isinstance(default_value, (list, tuple))
        values = list(default_value) if many else [default_value] * dimension
        if len(values) != dimension:
            raise ValueError(
                "The length of default_value must be equal to dimension. "
                f"default_value: {default_value}, dimension: {dimension}, {where}"
            )
        kinds: Any = int if dtype.is_integer else (int, float)
        if not all(isinstance(v, kinds) for v in values):
            raise TypeError(
                "default_value must be compatible with dtype. "
                f"default_value: {default_value}, dtype: {dtype}, {where}"
            )
        default_value = tuple(v if dtype.is_integer else float(v) for v in values)
    if normalizer is not None and not callable(normalizer):
        raise TypeError(f"normalizer must be a function: {normalizer}, {where}")
    return _RealValuedColumn(column_name, dimension, default_value, dtype, normalizer)


class _BucketizedColumn(
    _Column,
    DenseColumn,
    CategoricalColumn,
    namedtuple("_BucketizedColumn", "source_column boundaries"),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.source_column._parse_example_spec

    @property
    def length(self) -> int:
        """The number of buckets."""
        return len(self.boundaries) + 1

    @property
    def _num_buckets(self) -> int:
        return self.length * self.source_column.dimension

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([self._num_buckets])

    def _transform_feature(self, inputs: LazyBuilder) -> Tensor:
        buckets: Tensor = Bucketize(
            inputs.get(self.source_column), boundaries=self.boundaries, name="bucketize"
        )
        return buckets

    def _get_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        ids = math.cast(inputs.get(self), int64)
        hot = array_select.one_hot(ids, self.length, 1.0, 0.0, name="one_hot")
        return array.reshape(hot, [-1, self._num_buckets], name="reshape")

    def _get_sparse_tensors(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        """The buckets of all numbers of an example, each number with ids of its own."""
        buckets = inputs.get(self)
        size = self.source_column.dimension
        batch = array.shape(buckets, name="shape")[0]
        each = array.expand_dims(array.range_(0, batch), 1, name="expand_dims")
        rows = array.reshape(array_moves.Tile(each, [1, size]), [-1])
        columns = array_moves.Tile(array.range_(0, size), [batch])
        ids = array.reshape(buckets, [-1]) + self.length * columns
        places = math.cast(array_moves.transpose(array_moves.stack((rows, columns))), int64)
        shape = math.cast(array_moves.stack([batch, size]), int64)
        return IdWeightPair(SparseTensor(places, math.cast(ids, int64), shape), None)


def bucketized_column(source_column: Any, boundaries: Any) -> _BucketizedColumn:
    """The bucket of each number of a real-valued column, as a one-hot code or as an id.

    Args:
        boundaries: rising numbers; equal ones count once.
    """
    if not isinstance(source_column, _RealValuedColumn):
        raise TypeError(
            f"source_column must be an instance of _RealValuedColumn. source_column: {source_column}"
        )
    if not isinstance(boundaries, (list, tuple)) or not boundaries:
        raise ValueError(f"boundaries must be a non-empty list or tuple. boundaries: {boundaries}")
    if list(boundaries) != sorted(boundaries):
        raise ValueError(f"boundaries must be a sorted list. boundaries: {boundaries}")
    return _BucketizedColumn(source_column, tuple(dict.fromkeys(boundaries)))


# -- crosses ---------------------------------------------------------------------------------------


class _CrossedColumn(
    _Column,
    CategoricalColumn,
    namedtuple(
        "_CrossedColumn",
        "columns hash_bucket_size hash_key combiner ckpt_to_load_from tensor_name_in_ckpt",
    ),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return "_X_".join(sorted(column.name for column in self.columns))

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for column in self.columns:
            spec |= column._parse_example_spec
        return spec

    @property
    def length(self) -> int:
        return self.hash_bucket_size

    _num_buckets = length

    def _leaves(self) -> list[Any]:
        """The columns, those of crosses in place of the crosses, by name."""
        found: list[Any] = []
        for column in self.columns:
            found += column._leaves() if isinstance(column, _CrossedColumn) else [column]
        return sorted(found, key=lambda column: column.name)

    def _transform_feature(self, inputs: LazyBuilder) -> SparseTensor:
        tensors = []
        for column in self._leaves():
            if isinstance(column, _BucketizedColumn):
                tensors.append(column._get_sparse_tensors(inputs).id_tensor)
            else:  # a sparse column's own values
                tensors.append(to_sparse(inputs.get(column.column_name)))
        return sparse_cross_hashed(
            tensors, num_buckets=self.hash_bucket_size, hash_key=self.hash_key, name="cross"
        )


def crossed_column(
    columns: Any,
    hash_bucket_size: int,
    combiner: str = "sum",
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    hash_key: int | None = None,
) -> _CrossedColumn:
    """Ids that are hashes of all combinations of the values of sparse or bucketized columns.

    Args:
        hash_key: where the hash starts. By default `SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY`; here
            TensorFlow 1 used another hash by default, so ids differ from those of its checkpoints.
    """
    for column in columns:
        if not isinstance(column, (_SparseColumn, _CrossedColumn, _BucketizedColumn)):
            raise TypeError(
                "columns must be a set of _SparseColumn, _CrossedColumn, or _BucketizedColumn "
                f"instances. (column {column} is a {type(column).__name__})"
            )
    if len(columns) < 2:
        raise ValueError(f"columns must contain at least 2 elements. columns: {columns}")
    if hash_bucket_size < 2:
        raise ValueError(
            f"hash_bucket_size must be at least 2. hash_bucket_size: {hash_bucket_size}"
        )
    _check_checkpoint(ckpt_to_load_from, tensor_name_in_ckpt)
    return _CrossedColumn(
        tuple(sorted(columns, key=lambda column: column.name)), int(hash_bucket_size), hash_key,
        combiner, ckpt_to_load_from, tensor_name_in_ckpt,
    )  # fmt: skip


def _check_checkpoint(path: Any, tensor_name: Any) -> None:
    if (path is None) != (tensor_name is None):
        raise ValueError(
            "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
        )


# -- dense columns of sparse ones ------------------------------------------------------------------


class _OneHotColumn(_Column, DenseColumn, namedtuple("_OneHotColumn", "sparse_id_column")):
    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_one_hot"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.sparse_id_column._parse_example_spec

    @property
    def length(self) -> int:
        return self.sparse_id_column.length

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([self.length])

    def _transform_feature(self, inputs: LazyBuilder) -> Tensor:
        ids, weights = self.sparse_id_column._get_sparse_tensors(inputs)
        if weights is not None:
            merged = sparse_merge(sp_ids=ids, sp_values=weights, vocab_size=self.length)
            merged = sparse_slice(merged, [0, 0], merged.dense_shape)
            return array_gather.scatter_nd(merged.indices, merged.values, merged.dense_shape)
        dense = sparse_tensor_to_dense(ids, default_value=-1)
        hot = array_select.one_hot(dense, depth=self.length, on_value=1.0, off_value=0.0)
        total = reduce.reduce_sum(hot, axis=[-2])
        total.set_shape([None, self.length])
        return total


def one_hot_column(sparse_id_column: Any) -> _OneHotColumn:
    """How often each id of a sparse column stands in an example, or the sum of its weights."""
    return _OneHotColumn(sparse_id_column)


class _EmbeddingColumn(
    _Column,
    DenseColumn,
    namedtuple(
        "_EmbeddingColumn",
        "sparse_id_column dimension combiner initializer ckpt_to_load_from tensor_name_in_ckpt "
        "shared_embedding_name shared_vocab_size max_norm trainable",
    ),
):
    __slots__ = ()
    _not_in_key = ("initializer",)

    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_embedding"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.sparse_id_column._parse_example_spec

    @property
    def length(self) -> int:
        """The number of rows."""
        return self.shared_vocab_size or self.sparse_id_column.length

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def _transform_feature(self, inputs: LazyBuilder) -> Any:
        return inputs.get(self.sparse_id_column)

    def _table(self, weight_collections: Any, trainable: Any) -> Any:
        name = self.shared_embedding_name
        shared = name and f"SHARED_EMBEDDING_COLLECTION_{name}"
        found = scopes.get_collection(shared) if shared else []
        if found:
            return found[0]
        table = model_variable(
            name or "weights",
            shape=[self.length, self.dimension],
            dtype=float32,
            initializer=self.initializer,
            trainable=bool(trainable and self.trainable),
            collections=weight_collections,
        )
        if shared:
            scopes.add_to_collection(shared, table)
        return table

    def _get_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        ids, weights = self.sparse_id_column._get_sparse_tensors(inputs)
        table = self._table(weight_collections, trainable)
        if self.ckpt_to_load_from is not None:
            init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: table})
        return safe_embedding_lookup_sparse(
            table, ids, sparse_weights=weights, combiner=self.combiner,
            name=f"{self.name}weights", max_norm=self.max_norm,
        )  # fmt: skip


def _initializer(initializer: Any, column: Any) -> Any:
    if initializer is not None and not callable(initializer):
        raise ValueError(
            f"initializer must be callable if specified. Embedding of column_name: {column.name}"
        )
    return initializer or TruncatedNormal(mean=0.0, stddev=1 / number.sqrt(column.length))


def embedding_column(
    sparse_id_column: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> _EmbeddingColumn:
    """The rows of a trained table that a sparse column's ids name, combined.

    Args:
        combiner: "mean", "sqrtn" or "sum".
        initializer: of the table; by default truncated normal of deviation 1 / sqrt(ids).
        max_norm: rows of a larger norm are scaled down to it.
    """
    _check_checkpoint(ckpt_to_load_from, tensor_name_in_ckpt)
    return _EmbeddingColumn(
        sparse_id_column, dimension, combiner, _initializer(initializer, sparse_id_column),
        ckpt_to_load_from, tensor_name_in_ckpt, None, None, max_norm, trainable,
    )  # fmt: skip


def shared_embedding_columns(
    sparse_id_columns: Any,
    dimension: int,
    combiner: str = "mean",
    shared_embedding_name: str | None = None,
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> tuple[_EmbeddingColumn, ...]:
    """An embedding column for each sparse column, all with one table.

    Raises:
        TypeError: no sequence of sparse columns.
        ValueError: none, or columns of different numbers of ids.
    """
    if not isinstance(sparse_id_columns, (list, tuple)):
        raise TypeError(
            "sparse_id_columns must be a non-string sequence (ex: list or tuple) instead of type "
            f"{type(sparse_id_columns)}."
        )
    if not sparse_id_columns:
        raise ValueError("The input sparse_id_columns should have at least one element.")
    for column in sparse_id_columns:
        if not isinstance(column, (_SparseColumn, _WeightedSparseColumn)):
            raise TypeError(
                f"Elements of sparse_id_columns must be _SparseColumn, but{column} is not."
            )
    if len({column.length for column in sparse_id_columns}) > 1:
        raise ValueError("The input sparse id columns are not compatible.")
    _check_checkpoint(ckpt_to_load_from, tensor_name_in_ckpt)
    name = shared_embedding_name
    if not name and len(sparse_id_columns) > 1:
        names = sorted(column.name for column in sparse_id_columns)
        others = [f"plus_{len(names) - 3}_others"] if len(names) > 3 else []
        name = "_".join([*names[:3], *others, "shared_embedding"])
    size = sparse_id_columns[0].length
    made = _initializer(initializer, sparse_id_columns[0])
    return tuple(
        _EmbeddingColumn(
            column, dimension, combiner, made, ckpt_to_load_from, tensor_name_in_ckpt, name, size,
            max_norm, trainable,
        )
        for column in sparse_id_columns
    )  # fmt: skip


def create_feature_spec_for_parsing(feature_columns: Any) -> dict[str, Any]:
    """What `tf.parse_example` needs to read the features of these columns."""
    spec: dict[str, Any] = {}
    for column in feature_columns:
        spec |= column._parse_example_spec
    return spec


def make_place_holder_tensors_for_base_features(feature_columns: Any) -> dict[str, Any]:
    """A placeholder for each feature of the columns, by the feature's name."""
    made: dict[str, Any] = {}
    for key, feature in create_feature_spec_for_parsing(feature_columns).items():
        if isinstance(feature, VarLenFeature):
            made[key] = sparse_placeholder(feature.dtype)
        else:
            made[key] = array.placeholder(
                feature.dtype, [None, *feature.shape], f"Placeholder_{key}"
            )
    return made
