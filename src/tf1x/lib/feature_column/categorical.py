"""Categorical columns: features as ids, by vocabulary, hash or themselves, weighted or crossed."""

from __future__ import annotations

import logging
from collections import namedtuple
from typing import Any

import numpy as np

from tf1x.core.dtypes import as_dtype, float32, int64, string
from tf1x.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from tf1x.lib import gfile, vocabulary
from tf1x.lib.feature_column.base import (
    CategoricalColumn,
    FeatureColumn,
    IdWeightPair,
    LazyBuilder,
    check_dtypes,
    check_key,
    check_string_or_int,
    to_sparse,
)
from tf1x.lib.variables import init_scope
from tf1x.ops import array, array_select, math
from tf1x.ops.feature_crosses import sparse_cross_hashed
from tf1x.ops.parsing_functions import VarLenFeature
from tf1x.ops.strings_hash import StringToHashBucketFast
from tf1x.ops.strings_numbers import AsString


class _KeyedColumn(CategoricalColumn):
    """A column of the feature `key`, of type `dtype`."""

    key: str
    dtype: Any

    @property
    def name(self) -> str:
        return self.key

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}


class HashedCategoricalColumn(
    _KeyedColumn, namedtuple("HashedCategoricalColumn", "key hash_bucket_size dtype")
):
    __slots__ = ()

    def _transform_feature(self, inputs: LazyBuilder) -> SparseTensor:
        feature = to_sparse(inputs.get(self.key))
        check_dtypes(self, feature.dtype)
        words = feature.values if self.dtype == string else AsString(feature.values)
        ids = StringToHashBucketFast(words, num_buckets=self.hash_bucket_size, name="lookup")
        return SparseTensor(feature.indices, ids, feature.dense_shape)

    @property
    def _num_buckets(self) -> int:
        return self.hash_bucket_size


class _VocabularyColumn(_KeyedColumn):
    """A column whose ids are places in a vocabulary."""

    def _table(self, key_dtype: Any, name: str) -> Any:
        raise NotImplementedError

    def _transform_feature(self, inputs: LazyBuilder) -> SparseTensor:
        feature: Any = to_sparse(inputs.get(self.key))
        check_dtypes(self, feature.dtype)
        key_dtype = self.dtype
        if feature.dtype.is_integer:
            key_dtype = int64
            feature = math.cast(feature, int64)
        with init_scope():
            table = self._table(key_dtype, f"{self.key}_lookup")
        return table.lookup(feature)


class VocabularyFileCategoricalColumn(
    _VocabularyColumn,
    namedtuple(
        "VocabularyFileCategoricalColumn",
        "key vocabulary_file vocabulary_size num_oov_buckets dtype default_value",
    ),
):
    __slots__ = ()

    def _table(self, key_dtype: Any, name: str) -> Any:
        return vocabulary.index_table_from_file(
            vocabulary_file=self.vocabulary_file,
            num_oov_buckets=self.num_oov_buckets,
            vocab_size=self.vocabulary_size,
            default_value=self.default_value,
            key_dtype=key_dtype,
            name=name,
        )

    @property
    def _num_buckets(self) -> int:
        return self.vocabulary_size + self.num_oov_buckets


class VocabularyListCategoricalColumn(
    _VocabularyColumn,
    namedtuple(
        "VocabularyListCategoricalColumn",
        "key vocabulary_list dtype default_value num_oov_buckets",
    ),
):
    __slots__ = ()

    def _table(self, key_dtype: Any, name: str) -> Any:
        return vocabulary.index_table_from_tensor(
            vocabulary_list=self.vocabulary_list,
            default_value=self.default_value,
            num_oov_buckets=self.num_oov_buckets,
            dtype=key_dtype,
            name=name,
        )

    @property
    def _num_buckets(self) -> int:
        return len(self.vocabulary_list) + self.num_oov_buckets


class IdentityCategoricalColumn(
    CategoricalColumn,
    namedtuple("IdentityCategoricalColumn", "key number_buckets default_value"),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return self.key

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(int64)}

    def _transform_feature(self, inputs: LazyBuilder) -> SparseTensor:
        feature = to_sparse(inputs.get(self.key))
        if not feature.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {feature.dtype}")
        values = feature.values
        if values.dtype != int64:
            values = math.cast(values, int64, name="values")
        if self.default_value is not None:
            values = math.cast(feature.values, int64, name="values")
            count = math.cast(self.number_buckets, int64, name="num_buckets")
            zero = math.cast(0, int64, name="zero")
            outside = math.LogicalOr(values < zero, values >= count, name="out_of_range")
            shape = array.shape(values)
            default = math.cast(self.default_value, int64)
            defaults = array.Fill(shape, default, name="default_values")
            values = array_select.where_v2(outside, defaults, values)
        return SparseTensor(feature.indices, values, feature.dense_shape)

    @property
    def _num_buckets(self) -> int:
        return self.number_buckets


class WeightedCategoricalColumn(
    CategoricalColumn,
    namedtuple("WeightedCategoricalColumn", "categorical_column weight_feature_key dtype"),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        spec = self.categorical_column._parse_example_spec
        if self.weight_feature_key in spec:
            raise ValueError(
                f"Parse config {spec[self.weight_feature_key]} already exists for "
                f"{self.weight_feature_key}."
            )
        return {**spec, self.weight_feature_key: VarLenFeature(self.dtype)}

    @property
    def _num_buckets(self) -> int:
        return self.categorical_column._num_buckets

    def _transform_feature(self, inputs: LazyBuilder) -> tuple[SparseTensor, SparseTensor]:
        weights: Any = inputs.get(self.weight_feature_key)
        weights = convert_to_tensor_or_sparse_tensor(weights)
        if self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        weights = to_sparse(weights, ignore_value=0.0)
        if not weights.dtype.is_floating:
            weights = math.cast(weights, float32)
        return inputs.get(self.categorical_column), weights

    def _get_sparse_tensors(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        return IdWeightPair(*inputs.get(self))


class CrossedColumn(
    CategoricalColumn, namedtuple("CrossedColumn", "keys hash_bucket_size hash_key")
):
    __slots__ = ()

    def _leaves(self) -> list[Any]:
        """The keys, those of crosses in place of the crosses."""
        found: list[Any] = []
        for key in self.keys:
            found += key._leaves() if isinstance(key, CrossedColumn) else [key]
        return found

    @property
    def name(self) -> str:
        names = [k if isinstance(k, str) else k.name for k in self._leaves()]
        return "_X_".join(sorted(names))

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for key in self.keys:
            column = isinstance(key, FeatureColumn)
            spec |= key._parse_example_spec if column else {key: VarLenFeature(string)}
        return spec

    def _transform_feature(self, inputs: LazyBuilder) -> SparseTensor:
        tensors = []
        for key in self._leaves():
            if isinstance(key, str):
                tensors.append(inputs.get(key))
                continue
            ids, weights = key._get_sparse_tensors(inputs)
            if weights is not None:
                raise ValueError(
                    "crossed_column does not support weight_tensor, but the given column populates "
                    f"weight_tensor. Given column: {key.name}"
                )
            tensors.append(ids)
        return sparse_cross_hashed(
            tensors, num_buckets=self.hash_bucket_size, hash_key=self.hash_key
        )

    @property
    def _num_buckets(self) -> int:
        return self.hash_bucket_size


# -- as programs make them -------------------------------------------------------------------------


def categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = string
) -> HashedCategoricalColumn:
    """Ids that are hashes of strings or integers, modulo `hash_bucket_size`.

    Args:
        key: of the feature; "" and -1 in dense features are missing values.
    """
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(
            f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}"
        )
    check_key(key)
    dtype = as_dtype(dtype)
    check_string_or_int(dtype, f"column_name: {key}")
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


def _check_out_of_vocabulary(num_oov_buckets: int | None, default_given: bool, key: str) -> None:
    if not num_oov_buckets:
        return
    if default_given:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
    if num_oov_buckets < 0:
        raise ValueError(f"Invalid num_oov_buckets {num_oov_buckets} in {key}.")


def categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: int | None = None,
    num_oov_buckets: int = 0,
    default_value: int | None = None,
    dtype: Any = string,
) -> VocabularyFileCategoricalColumn:
    """Ids that are line numbers in a file.

    Args:
        vocabulary_size: how many of its lines count; by default all.
        num_oov_buckets: into how many ids more other values are hashed.
        default_value: the id of other values where there are no such buckets; by default -1.
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        if not gfile.file_exists(vocabulary_file):
            raise ValueError(f"vocabulary_file in {key} does not exist.")
        with gfile.GFile(vocabulary_file, mode="rb") as lines:
            vocabulary_size = sum(1 for _ in lines)
        logging.getLogger("tensorflow").info(
            "vocabulary_size = %d in %s is inferred from the number of elements in the "
            "vocabulary_file %s.", vocabulary_size, key, vocabulary_file,
        )  # fmt: skip
    if vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}.")
    _check_out_of_vocabulary(num_oov_buckets, default_value is not None, key)
    dtype = as_dtype(dtype)
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyFileCategoricalColumn(
        key, vocabulary_file, vocabulary_size, num_oov_buckets or 0, dtype,
        -1 if default_value is None else default_value,
    )  # fmt: skip


def categorical_column_with_vocabulary_list(
    key: str,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: int = -1,
    num_oov_buckets: int = 0,
) -> VocabularyListCategoricalColumn:
    """Ids that are places in a list of strings or integers.

    Args:
        num_oov_buckets: into how many ids more other values are hashed.
        default_value: the id of other values where there are no such buckets.
    """
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(vocabulary_list)) != len(vocabulary_list):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    own = as_dtype(np.array(vocabulary_list).dtype)
    _check_out_of_vocabulary(num_oov_buckets, default_value != -1, key)
    check_string_or_int(own, f"column_name: {key} vocabulary")
    dtype = own if dtype is None else as_dtype(dtype)
    if dtype.is_integer != own.is_integer:
        raise ValueError(
            f"dtype {dtype} and vocabulary dtype {own} do not match, column_name: {key}"
        )
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyListCategoricalColumn(
        key, tuple(vocabulary_list), dtype, default_value, num_oov_buckets
    )


def categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> IdentityCategoricalColumn:
    """Ids that are the feature's own integers, in [0, num_buckets).

    Args:
        default_value: the id of others; None: they are an error when run.
    """
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(
            f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}"
        )
    check_key(key)
    return IdentityCategoricalColumn(key, num_buckets, default_value)


def weighted_categorical_column(
    categorical_column: Any, weight_feature_key: str, dtype: Any = float32
) -> WeightedCategoricalColumn:
    """The ids of a column, with the weights that another feature gives for each of them."""
    dtype = None if dtype is None else as_dtype(dtype)
    if dtype is None or not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype {dtype} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """Ids that are hashes of all combinations of several features' values.

    Args:
        keys: names of features of strings or integers, and categorical columns other than hashed.
        hash_key: where the hash starts.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, (str, CategoricalColumn)):
            raise ValueError(
                "Unsupported key type. All keys must be either string, or categorical column "
                f"except HashedCategoricalColumn. Given: {key}"
            )
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError(
                "categorical_column_with_hash_bucket is not supported for crossing. Hashing before "
                "crossing will increase probability of collision. Instead, use the feature name as "
                f"a string. Given: {key}"
            )
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)
