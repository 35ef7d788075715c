"""From features to the input of a network and to a linear model: `tf.feature_column.input_layer`."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.feature_column.base import (
    CategoricalColumn,
    DenseColumn,
    FeatureColumn,
    LazyBuilder,
    as_columns,
    check_batch_sizes,
)
from tf1x.lib.initializers import Zeros
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, array_moves, math_functions
from tf1x.ops.embedding import safe_embedding_lookup_sparse
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add
from tf1x.ops.sparse_functions import sparse_reshape


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """What `tf.parse_example` needs to read the features of these columns.

    Raises:
        ValueError: something is no column, or two columns want a feature in different forms.
    """
    spec: dict[str, Any] = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(
                f"All feature_columns must be _FeatureColumn instances. Given: {column}"
            )
        for key, value in column._parse_example_spec.items():
            if key in spec and spec[key] != value:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. "
                    f"Given {value} and {spec[key]}"
                )
            spec[key] = value
    return spec


def transform_features(features: dict[str, Any], feature_columns: Any) -> dict[Any, Any]:
    """What each column makes of the features."""
    columns = as_columns(feature_columns)
    made = {}
    with scopes.name_scope(None, "transform_features", [*features.values()]):
        builder = LazyBuilder(features)
        for column in sorted(columns, key=lambda column: column.name):
            with scopes.name_scope(None, default_name=column.name):
                made[column] = builder.get(column)
    return made


def _collections(weight_collections: Any) -> list[str]:
    given = list(weight_collections or [])
    own = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES)
    return given + [key for key in own if key not in given]


def _variables_below(scope: str) -> list[Any]:
    return scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)


def _as_matrix(column: Any, tensor: Tensor) -> Tensor:
    batch = array.shape(tensor)[0]
    return array.reshape(tensor, (batch, column._variable_shape.num_elements()))


def input_layer(
    features: dict[str, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
    cols_to_output_tensors: dict[Any, Any] | None = None,
    scope: Any = None,
) -> Tensor:
    """The values of dense columns beside one another, ordered by name: float32 [batch, size].

    Args:
        features: tensors by name.
        feature_columns: numeric, bucketized, indicator and embedding columns.
        weight_collections: further collections for the variables.
        cols_to_vars: filled with the variables of each column.
        cols_to_output_tensors: filled with the part of each column.
        scope: of the variables; by default `input_layer`, made unique.

    Raises:
        ValueError: a column that is not dense.
    """
    columns = as_columns(feature_columns)
    for column in columns:
        if not isinstance(column, DenseColumn):
            raise ValueError(
                "Items of feature_columns must be a _DenseColumn. You can wrap a categorical column "
                f"with an embedding_column or indicator_column. Given: {column}"
            )
    collections = _collections(weight_collections)
    with variable_scope(scope, default_name="input_layer", values=[*features.values()]):
        builder = LazyBuilder(features)
        outputs = []
        ordered = sorted(columns, key=lambda column: column.name)
        for column in ordered:
            with variable_scope(None, default_name=column._var_scope_name) as own:
                tensor = column._get_dense_tensor(
                    builder, weight_collections=collections, trainable=trainable
                )
                outputs.append(_as_matrix(column, tensor))
                if cols_to_vars is not None:
                    cols_to_vars[column] = _variables_below(own.name)
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = outputs[-1]
        check_batch_sizes(outputs, ordered)
        return array_moves.concat(outputs, 1)


# -- linear models ---------------------------------------------------------------------------------


def _weights(name: str, shape: list[int], collections: list[str], trainable: bool) -> Any:
    return get_variable(
        name, shape=shape, initializer=Zeros(), trainable=trainable, collections=collections
    )


def _weighted_sum(
    column: Any, builder: LazyBuilder, units: int, combiner: str, collections: Any, trainable: bool
) -> Tensor:
    """One column's part of a linear model, its weights in the current scope."""
    if isinstance(column, CategoricalColumn):
        weights = _weights("weights", [column._num_buckets, units], collections, trainable)
        ids, values = column._get_sparse_tensors(
            builder, weight_collections=collections, trainable=trainable
        )
        ids = sparse_reshape(ids, [array.shape(ids)[0], -1])
        if values is not None:
            values = sparse_reshape(values, [array.shape(values)[0], -1])
        return safe_embedding_lookup_sparse(
            weights, ids, sparse_weights=values, combiner=combiner, name="weighted_sum"
        )
    size = column._variable_shape.num_elements()
    weights = _weights("weights", [size, units], collections, trainable)
    tensor = column._get_dense_tensor(builder, weight_collections=collections, trainable=trainable)
    return matmul(_as_matrix(column, tensor), weights, name="weighted_sum")


def linear_model(
    features: dict[str, Any],
    feature_columns: Any,
    units: int = 1,
    sparse_combiner: str = "sum",
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
) -> Tensor:
    """The weighted sum of all columns and a bias: float32 [batch, units].

    Args:
        features: tensors by name.
        feature_columns: dense and categorical columns.
        sparse_combiner: how several ids of an example go together: "sum", "mean" or "sqrtn".
        cols_to_vars: filled with the variables of each column, and of "bias".

    Raises:
        ValueError: a column that is neither dense nor categorical.
    """
    columns = as_columns(feature_columns)
    for column in columns:
        if not isinstance(column, (DenseColumn, CategoricalColumn)):
            raise ValueError(
                "Items of feature_columns must be either a _DenseColumn or _CategoricalColumn. "
                f"Given: {column}"
            )
    collections = _collections(weight_collections)
    made: dict[Any, Any] = {} if cols_to_vars is None else cols_to_vars
    with variable_scope(None, "linear_model") as scope:
        pass
    # TensorFlow's model is a layer in a scope of its name: ops stand one scope deeper than variables.
    own = scope.name.rpartition("/")[2]
    with scopes.name_scope(own), variable_scope(own):
        builder = LazyBuilder(features)
        sums = []
        ordered = sorted(columns, key=lambda column: column.name)
        for column in ordered:
            with variable_scope(None, default_name=column._var_scope_name) as part:
                sums.append(
                    _weighted_sum(column, builder, units, sparse_combiner, collections, trainable)
                )
                made[column] = _variables_below(part.name)
        check_batch_sizes(sums, ordered)
        total = math_functions.add_n(sums, name="weighted_sum_no_bias")
        bias = _weights("bias_weights", [units], collections, trainable)
        made["bias"] = list(bias) if isinstance(bias, PartitionedVariable) else [bias]
        return bias_add(total, bias, name="weighted_sum")
