"""Columns of sequences, and their input layer: `tf.contrib.feature_column`."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import as_dtype, float32, int64, string
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.feature_column import categorical
from tf1x.lib.feature_column.base import (
    CategoricalColumn,
    IdWeightPair,
    LazyBuilder,
    SequenceDenseColumn,
    TensorSequenceLengthPair,
    as_columns,
    check_batch_sizes,
    check_numeric,
    check_shape,
)
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, array_moves, checks, math, reduce, segment
from tf1x.ops.array_slicing import getitem
from tf1x.ops.parsing_functions import VarLenFeature
from tf1x.ops.sparse_functions import sparse_reshape, sparse_tensor_to_dense


def sequence_length(ids: SparseTensor, num_elements: int = 1) -> Tensor:
    """For each example how many steps it has: int64 [batch].

    Args:
        num_elements: how many values along dimension 1 make a step.
    """
    with scopes.name_scope(None, "sequence_length") as scope:
        rows = getitem(ids.indices, (slice(None), 0))
        columns = getitem(ids.indices, (slice(None), 1))
        columns += array.ones_like(columns)
        lengths = segment.SegmentMax(columns, rows)
        lengths = math.cast(math.Ceil(lengths / num_elements), int64)
        missing = array.shape(ids)[:1] - array.shape(lengths)[:1]
        padding = array.zeros(missing, dtype=lengths.dtype)
        return array_moves.concat([lengths, padding], axis=0, name=scope)


class SequenceCategoricalColumn(
    CategoricalColumn, namedtuple("SequenceCategoricalColumn", "categorical_column")
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return self.categorical_column.name

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column._parse_example_spec

    def _transform_feature(self, inputs: LazyBuilder) -> Any:
        return self.categorical_column._transform_feature(inputs)

    @property
    def _num_buckets(self) -> int:
        return self.categorical_column._num_buckets

    def _get_sparse_tensors(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        """Ids [batch, time, ids of a step]."""
        ids, weights = self.categorical_column._get_sparse_tensors(inputs)
        shape = array.shape(ids)
        steps = [shape[0], shape[1], reduce.reduce_prod(shape[2:])]
        ids = sparse_reshape(ids, steps)
        if weights is not None:
            weights = sparse_reshape(weights, steps)
        return IdWeightPair(ids, weights)


class SequenceNumericColumn(
    SequenceDenseColumn,
    namedtuple("SequenceNumericColumn", "key shape default_value dtype normalizer_fn"),
):
    __slots__ = ()

    @property
    def name(self) -> str:
        return self.key

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    def _transform_feature(self, inputs: LazyBuilder) -> Any:
        feature = inputs.get(self.key)
        return feature if self.normalizer_fn is None else self.normalizer_fn(feature)

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)

    variable_shape = _variable_shape

    def _get_sequence_dense_tensor(
        self, inputs: LazyBuilder, weight_collections: Any = None, trainable: Any = None
    ) -> TensorSequenceLengthPair:
        feature = inputs.get(self)
        dense = sparse_tensor_to_dense(feature, default_value=self.default_value)
        batch = array.shape(dense)[:1]
        shape = array_moves.concat([batch, [-1], list(self.shape)], axis=0)
        dense = array.reshape(dense, shape)
        size = self._variable_shape.num_elements() if feature.shape.ndims == 2 else 1
        return TensorSequenceLengthPair(dense, sequence_length(feature, num_elements=size))


# -- as programs make them -------------------------------------------------------------------------


def sequence_categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> SequenceCategoricalColumn:
    """Sequences of ids; see `categorical_column_with_identity`."""
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_identity(key, num_buckets, default_value)
    )


def sequence_categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = string
) -> SequenceCategoricalColumn:
    """Sequences of hashes; see `categorical_column_with_hash_bucket`."""
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_hash_bucket(key, hash_bucket_size, dtype)
    )


def sequence_categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: int | None = None,
    num_oov_buckets: int = 0,
    default_value: int | None = None,
    dtype: Any = string,
) -> SequenceCategoricalColumn:
    """Sequences of line numbers; see `categorical_column_with_vocabulary_file`."""
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_vocabulary_file(
            key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
        )
    )


def sequence_categorical_column_with_vocabulary_list(
    key: str,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: int = -1,
    num_oov_buckets: int = 0,
) -> SequenceCategoricalColumn:
    """Sequences of places in a list; see `categorical_column_with_vocabulary_list`."""
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_vocabulary_list(
            key, vocabulary_list, dtype, default_value, num_oov_buckets
        )
    )


def sequence_numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: Any = float32,
    normalizer_fn: Any = None,
) -> SequenceNumericColumn:
    """Sequences of numbers, from a SparseTensor.

    Args:
        shape: of one step.
        default_value: what shorter sequences are filled with.
        normalizer_fn: a function of the SparseTensor, applied first.
    """
    shape = check_shape(shape, key)
    dtype = as_dtype(dtype)
    check_numeric(dtype, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    return SequenceNumericColumn(key, shape, default_value, dtype, normalizer_fn)


# -- layers ----------------------------------------------------------------------------------------


def sequence_input_layer(
    features: dict[str, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
) -> tuple[Tensor, Tensor]:
    """The input [batch, time, depth] of a recurrent network, and the lengths [batch].

    Args:
        feature_columns: `sequence_numeric_column`s, and embeddings and indicators of sequence columns.

    Raises:
        ValueError: another kind of column.
    """
    columns = as_columns(feature_columns)
    for column in columns:
        if not isinstance(column, SequenceDenseColumn):
            raise ValueError(
                "All feature_columns must be of type _SequenceDenseColumn. You can wrap a "
                "sequence_categorical_column with an embedding_column or indicator_column. "
                f"Given (type {type(column)}): {column}"
            )
    collections = [*(weight_collections or [])]
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES):
        if key not in collections:
            collections.append(key)
    with variable_scope(None, default_name="sequence_input_layer", values=[*features.values()]):
        builder = LazyBuilder(features)
        tensors, lengths = [], []
        ordered = sorted(columns, key=lambda column: column.name)
        for column in ordered:
            with variable_scope(None, default_name=column._var_scope_name):
                dense, length = column._get_sequence_dense_tensor(
                    builder, weight_collections=collections, trainable=trainable
                )
                depth = column._variable_shape.num_elements()
                shape = array.shape(dense)
                tensors.append(array.reshape(dense, [shape[0], shape[1], depth]))
                lengths.append(length)
        check_batch_sizes(tensors, ordered)
        check_batch_sizes(lengths, ordered)
        length = _all_equal(lengths)
        return array_moves.concat(tensors, -1), length


def _all_equal(tensors: list[Tensor]) -> Tensor:
    with scopes.name_scope(None, "assert_all_equal", tensors):
        if len(tensors) == 1:
            return tensors[0]
        same = [checks.assert_equal(tensors[0], other) for other in tensors[1:]]
        with scopes.control_dependencies(same):
            return array.identity(tensors[0])


def concatenate_context_input(context_input: Any, sequence_input: Any) -> Tensor:
    """A context [batch, c] behind each step of a sequence [batch, time, d]: [batch, time, d + c]."""
    found = array.shape(sequence_input)
    conditions = [
        checks.assert_rank(sequence_input, 3, message="sequence_input must have rank 3", data=[found]),
        checks.assert_type(
            sequence_input, float32,
            message=f"sequence_input must have dtype float32; got {sequence_input.dtype}.",
        ),
        checks.assert_rank(
            context_input, 2, message="context_input must have rank 2",
            data=[array.shape(context_input)],
        ),
        checks.assert_type(
            context_input, float32,
            message=f"context_input must have dtype float32; got {context_input.dtype}.",
        ),
    ]  # fmt: skip
    with scopes.control_dependencies(conditions):
        length = array.shape(sequence_input)[1]
        repeats = array_moves.concat([[1], [length], [1]], 0)
        tiled = array_moves.Tile(array.expand_dims(context_input, 1), repeats)
    return array_moves.concat([sequence_input, tiled], 2)
