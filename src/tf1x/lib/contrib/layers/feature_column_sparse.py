"""Sparse columns of TensorFlow 1.0: `tf.contrib.layers.sparse_column_with_hash_bucket` and kin."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from tf1x.core.dtypes import as_dtype, float32, int64, string
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib import vocabulary
from tf1x.lib.feature_column.base import (
    CategoricalColumn,
    FeatureColumn,
    IdWeightPair,
    LazyBuilder,
    check_string_or_int,
    to_sparse,
)
from tf1x.ops import math
from tf1x.ops.parsing_functions import VarLenFeature
from tf1x.ops.strings_hash import StringToHashBucketFast
from tf1x.ops.strings_numbers import AsString

_COMBINERS = ("mean", "sqrtn", "sum")


def _check_combiner(combiner: str, name: str) -> None:
    if combiner not in _COMBINERS:
        raise ValueError(
            f"Combiner must be one of 'mean', 'sqrtn' or 'sum'. combiner: {combiner}, "
            f"column_name: {name}"
        )


class _Column(FeatureColumn):
    """What the columns of this module have besides."""

    _not_in_key: tuple[str, ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """What `tf.parse_example` needs to know."""
        return self._parse_example_spec

    @property
    def key(self) -> str:
        """A text to sort by, without functions."""
        fields = self._asdict()  # type: ignore[attr-defined]
        kept = [f"{k}={v}" for k, v in fields.items() if k not in self._not_in_key]
        return f"{type(self).__name__}({', '.join(kept)})"

    def _linear_combiner(self) -> str:
        """How a linear model adds up several ids of an example."""
        return getattr(self, "combiner", "sum")


# -- sparse columns --------------------------------------------------------------------------------

_LookupConfig = namedtuple(
    "_LookupConfig", "vocabulary_file keys num_oov_buckets vocab_size default_value"
)


class _SparseColumn(
    _Column,
    CategoricalColumn,
    namedtuple(
        "_SparseColumn", "column_name is_integerized bucket_size lookup_config combiner dtype"
    ),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return self.column_name

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return {self.column_name: VarLenFeature(self.dtype)}

    @property
    def length(self) -> int:
        """The number of ids."""
        if self.bucket_size is not None:
            return self.bucket_size
        return self.lookup_config.vocab_size + self.lookup_config.num_oov_buckets

    @property
    def _num_buckets(self) -> int:
        return self.length

    def _ids(self, values: Tensor) -> Tensor:
        """The ids of the feature's values."""
        raise NotImplementedError

    def _transform_feature(self, inputs: LazyBuilder) -> SparseTensor:
        feature = to_sparse(inputs.get(self.column_name))
        return SparseTensor(feature.indices, self._ids(feature.values), feature.dense_shape)


class _SparseColumnIntegerized(_SparseColumn):
    __slots__ = ()

    def _ids(self, values: Tensor) -> Tensor:
        if not values.dtype.is_integer:
            raise ValueError(
                f"Input type is not an integer. column: {self.name} dtype: {values.dtype}"
            )
        ids: Tensor = math.FloorMod(values, self.bucket_size, name="mod")
        return ids


class _SparseColumnHashed(_SparseColumn):
    __slots__ = ()

    def _ids(self, values: Tensor) -> Tensor:
        words = AsString(values) if self.dtype.is_integer else values
        ids: Tensor = StringToHashBucketFast(words, num_buckets=self.bucket_size, name="lookup")
        return ids


class _SparseColumnKeys(_SparseColumn):
    __slots__ = ()

    def _ids(self, values: Tensor) -> Tensor:
        config = self.lookup_config
        table = vocabulary.index_table_from_tensor(
            vocabulary_list=config.keys, default_value=config.default_value, dtype=self.dtype,
            name="lookup",
        )  # fmt: skip
        ids: Tensor = table.lookup(_as_keys(values))
        return ids


class _SparseColumnVocabulary(_SparseColumn):
    __slots__ = ()

    def _ids(self, values: Tensor) -> Tensor:
        config = self.lookup_config
        table = vocabulary.index_table_from_file(
            vocabulary_file=config.vocabulary_file, num_oov_buckets=config.num_oov_buckets,
            vocab_size=config.vocab_size, default_value=config.default_value,
            key_dtype=self.dtype, name=f"{self.name}_lookup",
        )  # fmt: skip
        ids: Tensor = table.lookup(_as_keys(values))
        return ids


def _as_keys(values: Tensor) -> Tensor:
    whole: Tensor = math.cast(values, int64) if values.dtype.is_integer else values
    return whole


def _sparse(
    kind: type[_SparseColumn], name: str, combiner: str, dtype: Any,
    bucket_size: Any = None, lookup_config: Any = None,
) -> Any:  # fmt: skip
    dtype = as_dtype(dtype)
    check_string_or_int(dtype, f"column_name: {name}")
    _check_combiner(combiner, name)
    if bucket_size is not None and bucket_size < 1:
        raise ValueError(
            f"bucket_size must be at least 1. bucket_size: {bucket_size}, column_name: {name}"
        )
    integerized = kind is _SparseColumnIntegerized
    if integerized and not dtype.is_integer:
        raise ValueError(
            "dtype must be an integer if is_integerized is True. "
            f"dtype: {dtype}, column_name: {name}."
        )
    size = None if bucket_size is None else int(bucket_size)
    return kind(name, integerized, size, lookup_config, combiner, dtype)


def sparse_column_with_integerized_feature(
    column_name: str, bucket_size: int, combiner: str = "sum", dtype: Any = int64
) -> _SparseColumnIntegerized:
    """Ids that are the feature's own integers, modulo `bucket_size`.

    Args:
        combiner: how a linear model adds up several ids: "sum", "mean" or "sqrtn".
    """
    column: _SparseColumnIntegerized = _sparse(
        _SparseColumnIntegerized, column_name, combiner, dtype, bucket_size
    )
    return column


def sparse_column_with_hash_bucket(
    column_name: str,
    hash_bucket_size: int,
    combiner: str = "sum",
    dtype: Any = string,
    hash_keys: Any = None,
) -> _SparseColumnHashed:
    """Ids that are hashes of strings or integers, modulo `hash_bucket_size`.

    Raises:
        UnsupportedError: `hash_keys` are given; only a single hash is supported.
    """
    if hash_keys:
        raise UnsupportedError(
            "sparse_column_with_hash_bucket has a single hash in tf1x; leave hash_keys out."
        )
    column: _SparseColumnHashed = _sparse(
        _SparseColumnHashed, column_name, combiner, dtype, hash_bucket_size
    )
    return column


def sparse_column_with_keys(
    column_name: str,
    keys: Any,
    default_value: int = -1,
    combiner: str = "sum",
    dtype: Any = string,
) -> _SparseColumnKeys:
    """Ids that are places in a list of strings or integers; others get `default_value`."""
    keys = tuple(keys)
    config = _LookupConfig(None, keys, 0, len(keys), default_value)
    column: _SparseColumnKeys = _sparse(
        _SparseColumnKeys, column_name, combiner, dtype, None, config
    )
    return column


def sparse_column_with_vocabulary_file(
    column_name: str,
    vocabulary_file: str,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    combiner: str = "sum",
    dtype: Any = string,
) -> _SparseColumnVocabulary:
    """Ids that are line numbers in a file; `vocab_size` must be given."""
    if vocab_size is None:
        raise ValueError(f"vocab_size must be defined. column_name: {column_name}")
    config = _LookupConfig(vocabulary_file, None, num_oov_buckets, vocab_size, default_value)
    column: _SparseColumnVocabulary = _sparse(
        _SparseColumnVocabulary, column_name, combiner, dtype, None, config
    )
    return column


class _WeightedSparseColumn(
    _Column,
    CategoricalColumn,
    namedtuple("_WeightedSparseColumn", "sparse_id_column weight_column_name dtype"),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_weighted_by_{self.weight_column_name}"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        spec = self.sparse_id_column._parse_example_spec
        if self.weight_column_name in spec:
            raise ValueError(f"Parse config {spec[self.weight_column_name]} already exists.")
        return {**spec, self.weight_column_name: VarLenFeature(self.dtype)}

    @property
    def length(self) -> int:
        return self.sparse_id_column.length

    _num_buckets = length

    def _linear_combiner(self) -> str:
        return self.sparse_id_column.combiner

    def _transform_feature(self, inputs: LazyBuilder) -> tuple[SparseTensor, SparseTensor]:
        weights: Any = to_sparse(inputs.get(self.weight_column_name))
        if weights.dtype != float32:
            weights = math.cast(weights, float32)
        return inputs.get(self.sparse_id_column), weights

    def _get_sparse_tensors(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        return IdWeightPair(*inputs.get(self))


def weighted_sparse_column(
    sparse_id_column: Any, weight_column_name: str, dtype: Any = float32
) -> _WeightedSparseColumn:
    """The ids of a sparse column, with the weights that another feature gives for each of them."""
    dtype = as_dtype(dtype)
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(
            f"dtype is not convertible to float. dtype: {dtype}, column: {sparse_id_column.name}"
        )
    return _WeightedSparseColumn(sparse_id_column, weight_column_name, dtype)
