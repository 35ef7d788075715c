"""From features to input layers and linear models: `tf.contrib.layers.input_from_feature_columns`."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from tf1x.lib.contrib.framework.variables import model_variable
from tf1x.lib.contrib.layers.feature_column import (
    create_feature_spec_for_parsing,
    real_valued_column,
)
from tf1x.lib.feature_column.base import CategoricalColumn, DenseColumn, LazyBuilder
from tf1x.lib.initializers import Zeros
from tf1x.lib.train.checkpoint_utils import init_from_checkpoint
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, array_moves, math_functions, parsing_functions
from tf1x.ops.embedding import safe_embedding_lookup_sparse
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add


def check_feature_columns(feature_columns: Any) -> None:
    """Raise ValueError for none, and for two columns of one key."""
    if feature_columns is None:
        raise ValueError("Features must be defined. Please check your feature_columns.")
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    seen = set()
    for column in feature_columns:
        if column.key in seen:
            raise ValueError(f"Duplicate feature column key found: {column.key}")
        seen.add(column.key)


def _ordered(feature_columns: Any) -> list[Any]:
    check_feature_columns(feature_columns)
    return sorted(feature_columns, key=lambda column: column.key)


def _collections(weight_collections: Any) -> list[str] | None:
    if not weight_collections:
        return None
    return list(dict.fromkeys([*weight_collections, GraphKeys.GLOBAL_VARIABLES]))


def _flat(tensor: Tensor, column: Any) -> Tensor:
    """All values of an example in one row, their number known."""
    if tensor.shape.ndims == 2:
        if tensor.shape[1].value is None and column._variable_shape.is_fully_defined():
            tensor.set_shape([None, column._variable_shape.num_elements()])
        return tensor
    dims = tensor.shape.as_list()[1:] if tensor.shape.ndims else [None]
    size = column._variable_shape.num_elements()
    if None not in dims:
        size = 1
        for dim in dims:
            size *= dim
    return array.reshape(tensor, [-1, size])


def input_from_feature_columns(
    columns_to_tensors: dict[Any, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    cols_to_outs: dict[Any, Any] | None = None,
) -> Tensor:
    """The values of dense columns beside one another, ordered by `key`: float32 [batch, size].

    Args:
        columns_to_tensors: features by name.
        weight_collections: collections for the variables.
        scope: of the variables; by default `input_from_feature_columns`, made unique.
        cols_to_outs: filled with the part of each column.

    Raises:
        ValueError: a column that a network cannot take.
    """
    ordered = _ordered(feature_columns)
    collections = _collections(weight_collections)
    values = list(columns_to_tensors.values())
    with variable_scope(scope, default_name="input_from_feature_columns", values=values):
        builder = LazyBuilder(columns_to_tensors)
        outputs = []
        for column in ordered:
            if not isinstance(column, DenseColumn):
                raise ValueError(
                    f"Error creating input layer for column: {column.name}.\n"
                    f"{type(column).__name__} is not supported in DNN. Please use embedding_column "
                    f"or one_hot_column. column: {column}"
                )
            with variable_scope(None, default_name=column.name, values=values):
                tensor = column._get_dense_tensor(builder, collections, trainable)
                outputs.append(_flat(tensor, column))
                if cols_to_outs is not None:
                    cols_to_outs[column] = outputs[-1]
        return array_moves.concat(outputs, 1)


def weighted_sum_from_feature_columns(
    columns_to_tensors: dict[Any, Any],
    feature_columns: Any,
    num_outputs: int,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> tuple[Tensor, dict[Any, list[Any]], Any]:
    """A linear model of all columns.

    Args:
        columns_to_tensors: features by name.
        feature_columns: dense and sparse columns.
        scope: of the variables; by default `weighted_sum_from_feature_columns`, made unique.

    Returns:
        the sums [batch, num_outputs], the variables by column, and the bias.
    """
    ordered = _ordered(feature_columns)
    collections = _collections(weight_collections)
    values = list(columns_to_tensors.values())
    made: dict[Any, list[Any]] = {}
    with variable_scope(scope, default_name="weighted_sum_from_feature_columns", values=values):
        builder = LazyBuilder(columns_to_tensors)
        sums = []
        for column in ordered:
            with variable_scope(None, default_name=column.name, values=values):
                part, weights = _weighted(column, builder, num_outputs, collections, trainable)
                sums.append(array.reshape(part, [-1, num_outputs]))
                made[column] = [weights]
        bias = model_variable(
            "bias_weight", shape=[num_outputs], initializer=Zeros(), trainable=trainable,
            collections=collections,
        )  # fmt: skip
        return bias_add(math_functions.add_n(sums), bias), made, bias


def _weighted(
    column: Any, builder: LazyBuilder, num_outputs: int, collections: Any, trainable: bool
) -> tuple[Tensor, Any]:
    """One column's part of a linear model, and its variable."""
    options: dict[str, Any] = {
        "initializer": Zeros(), "trainable": trainable, "collections": collections
    }  # fmt: skip
    if isinstance(column, CategoricalColumn):
        weights = model_variable("weights", shape=[column._num_buckets, num_outputs], **options)
        if getattr(column, "ckpt_to_load_from", None) is not None:
            init_from_checkpoint(column.ckpt_to_load_from, {column.tensor_name_in_ckpt: weights})
        ids, values = column._get_sparse_tensors(builder)
        combiner = column._linear_combiner()
        name = f"{column.name}_weights"
        found = safe_embedding_lookup_sparse(
            weights, ids, sparse_weights=values, combiner=combiner, name=name
        )
        return found, weights
    tensor = _flat(column._get_dense_tensor(builder, collections, trainable), column)
    weights = model_variable("weight", shape=[tensor.shape[1], num_outputs], **options)
    return matmul(tensor, weights, name="matmul"), weights


def joint_weighted_sum_from_feature_columns(
    columns_to_tensors: dict[Any, Any],
    feature_columns: Any,
    num_outputs: int,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> tuple[Tensor, dict[Any, list[Any]], Any]:
    """As `weighted_sum_from_feature_columns`, with one variable for all sparse columns."""
    ordered = _ordered(feature_columns)
    collections = _collections(weight_collections)
    values = list(columns_to_tensors.values())
    with variable_scope(
        scope, default_name="joint_weighted_sum_from_feature_columns", values=values
    ):
        builder = LazyBuilder(columns_to_tensors)
        for column in ordered:
            if not isinstance(column, CategoricalColumn):
                raise NotImplementedError(f"Real-valued columns are not supported. {column.name}")
        total = sum(column._num_buckets for column in ordered)
        options = {"initializer": Zeros(), "trainable": trainable, "collections": collections}
        weights = model_variable("weights", shape=[total, num_outputs], **options)
        sums, start = [], 0
        for column in ordered:
            ids, of_ids = column._get_sparse_tensors(builder)
            moved = SparseTensor(ids.indices, ids.values + start, ids.dense_shape)
            combiner = column._linear_combiner()
            sums.append(
                safe_embedding_lookup_sparse(
                    weights, moved, sparse_weights=of_ids, combiner=combiner
                )
            )
            start += column._num_buckets
        bias = model_variable("bias_weight", shape=[num_outputs], **options)
        made = {column: [weights] for column in ordered}
        return bias_add(math_functions.add_n(sums), bias), made, bias


def parse_feature_columns_from_examples(
    serialized: Any, feature_columns: Any, name: str | None = None, example_names: Any = None
) -> dict[Any, Any]:
    """The features of serialized `Example`s by name, and what the columns make of them by column."""
    ordered = _ordered(feature_columns)
    spec = create_feature_spec_for_parsing(ordered)
    parsed: dict[Any, Any] = parsing_functions.parse_example(
        serialized, spec, name=name, example_names=example_names
    )
    builder = LazyBuilder(parsed)
    return {**parsed, **{column: builder.get(column) for column in ordered}}


def infer_real_valued_columns(features: Any) -> list[Any]:
    """A real-valued column for each feature, or for a single tensor one whose name is empty.

    Raises:
        ValueError: a feature is sparse, or not of numbers.
    """
    if not isinstance(features, dict):
        return [_column_for("", features)]
    return [_column_for(name, tensor) for name, tensor in features.items()]


def _column_for(name: str, tensor: Any) -> Any:
    tensor = convert_to_tensor_or_sparse_tensor(tensor)
    advice = f"Please define corresponding FeatureColumn for tensor {name} {tensor}."
    if isinstance(tensor, SparseTensor):
        raise ValueError(f"SparseTensor is not supported for auto detection. {advice}")
    if not (tensor.dtype.is_integer or tensor.dtype.is_floating):
        raise ValueError(
            f"Non integer or non floating types are not supported for auto detection. {advice}"
        )
    size = 1
    for dim in tensor.shape.as_list()[1:]:
        size *= dim
    return real_valued_column(name, dimension=size, dtype=tensor.dtype.base_dtype)
