"""Wide and deep models: `tf.estimator.DNNLinearCombinedClassifier` and kin."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.estimator.canned.classification import classifier_head
from tf1x.lib.estimator.canned.dnn import (
    check_features,
    dnn_logit_fn_builder,
    input_partitioner,
    replicas,
    summarize,
)
from tf1x.lib.estimator.canned.head import Head
from tf1x.lib.estimator.canned.linear import learning_rate, linear_logit_fn_builder
from tf1x.lib.estimator.canned.optimizers import get_optimizer_instance
from tf1x.lib.estimator.canned.regression import RegressionHead
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.partitioned import min_max_variable_partitioner
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.grouping import group
from tf1x.ops.nn import Relu

_DNN_LEARNING_RATE = 0.001
_LINEAR_LEARNING_RATE = 0.005


def combined_model_fn(
    features: Any,
    labels: Any,
    mode: Any,
    head: Head,
    config: Any,
    linear_feature_columns: Any = None,
    linear_optimizer: Any = "Ftrl",
    dnn_feature_columns: Any = None,
    dnn_optimizer: Any = "Adagrad",
    dnn_hidden_units: Any = None,
    dnn_activation_fn: Any = Relu,
    dnn_dropout: float | None = None,
    input_layer_partitioner: Any = None,
    batch_norm: bool = False,
    linear_sparse_combiner: str = "sum",
) -> Any:
    """The `EstimatorSpec` of the sum of a network and a linear model, each with its optimizer."""
    check_features(features)
    inputs = [*features.values()]
    of_inputs = input_layer_partitioner or input_partitioner(config)
    parts: list[tuple[Any, Any, str]] = []  # logits, optimizer, scope
    if dnn_feature_columns:
        optimizer = get_optimizer_instance(dnn_optimizer, learning_rate=_DNN_LEARNING_RATE)
        if not dnn_hidden_units:
            raise ValueError(
                "dnn_hidden_units must be defined when dnn_feature_columns is specified."
            )
        partitioner = min_max_variable_partitioner(max_partitions=replicas(config))
        with variable_scope("dnn", values=inputs, partitioner=partitioner) as scope:
            build = dnn_logit_fn_builder(
                head.logits_dimension, dnn_hidden_units, dnn_feature_columns, dnn_activation_fn,
                dnn_dropout, of_inputs, batch_norm,
            )  # fmt: skip
            parts.append((build(features=features, mode=mode), optimizer, scope.name))
    if linear_feature_columns:
        rate = learning_rate(len(linear_feature_columns), _LINEAR_LEARNING_RATE)
        optimizer = get_optimizer_instance(linear_optimizer, learning_rate=rate)
        with variable_scope("linear", values=inputs, partitioner=of_inputs) as scope:
            build = linear_logit_fn_builder(
                head.logits_dimension, linear_feature_columns, linear_sparse_combiner
            )
            logits = build(features=features)
            summarize(logits, scope.name)
            parts.append((logits, optimizer, scope.name))
    logits = parts[0][0] + parts[1][0] if len(parts) == 2 else parts[0][0]

    def train_op_fn(loss: Any) -> Any:
        steps = [
            optimizer.minimize(
                loss, var_list=scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=scope)
            )
            for _, optimizer, scope in parts
        ]
        with scopes.control_dependencies([group(*steps)]):
            return get_global_step().assign_add(1).op

    return head.create_estimator_spec(
        features=features, mode=mode, labels=labels, train_op_fn=train_op_fn, logits=logits
    )


class _Combined(Estimator):
    """An estimator whose model is the sum of a network and a linear model."""

    def __init__(
        self, head: Head, model_dir: Any, config: Any, warm_start_from: Any, **model: Any
    ) -> None:
        for kind in ("linear", "dnn"):
            columns = model[f"{kind}_feature_columns"]
            model[f"{kind}_feature_columns"] = tuple(columns or ())
        if not (model["linear_feature_columns"] or model["dnn_feature_columns"]):
            raise ValueError(
                "Either linear_feature_columns or dnn_feature_columns must be defined."
            )

        def model_fn(features: Any, labels: Any, mode: Any, config: Any) -> Any:
            return combined_model_fn(features, labels, mode, head, config, **model)

        super().__init__(
            model_fn=model_fn, model_dir=model_dir, config=config, warm_start_from=warm_start_from
        )


class DNNLinearCombinedClassifier(_Combined):
    """A wide and deep model that tells classes.

    Args:
        linear_feature_columns, dnn_feature_columns: the inputs of the two parts; one may be empty.
        linear_optimizer, dnn_optimizer: see `DNNClassifier`; rates of 0.005 at most, and 0.001.
        dnn_hidden_units, dnn_activation_fn, dnn_dropout, batch_norm: see `DNNClassifier`.
        linear_sparse_combiner: see `LinearClassifier`.
        Others: see `DNNClassifier`.
    """

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = Relu,
        dnn_dropout: float | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            classifier_head(n_classes, weight_column, label_vocabulary, loss_reduction),
            model_dir, config, warm_start_from,
            linear_feature_columns=linear_feature_columns, linear_optimizer=linear_optimizer,
            dnn_feature_columns=dnn_feature_columns, dnn_optimizer=dnn_optimizer,
            dnn_hidden_units=dnn_hidden_units, dnn_activation_fn=dnn_activation_fn,
            dnn_dropout=dnn_dropout, input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm, linear_sparse_combiner=linear_sparse_combiner,
        )  # fmt: skip


class DNNLinearCombinedRegressor(_Combined):
    """A wide and deep model that gives numbers; see `DNNLinearCombinedClassifier`."""

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = Relu,
        dnn_dropout: float | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            RegressionHead(label_dimension, weight_column, loss_reduction),
            model_dir, config, warm_start_from,
            linear_feature_columns=linear_feature_columns, linear_optimizer=linear_optimizer,
            dnn_feature_columns=dnn_feature_columns, dnn_optimizer=dnn_optimizer,
            dnn_hidden_units=dnn_hidden_units, dnn_activation_fn=dnn_activation_fn,
            dnn_dropout=dnn_dropout, input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm, linear_sparse_combiner=linear_sparse_combiner,
        )  # fmt: skip


class DNNLinearCombinedEstimator(_Combined):
    """A wide and deep model for any head; see `DNNLinearCombinedClassifier`."""

    def __init__(
        self,
        head: Head,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = Relu,
        dnn_dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            head, model_dir, config, None,
            linear_feature_columns=linear_feature_columns, linear_optimizer=linear_optimizer,
            dnn_feature_columns=dnn_feature_columns, dnn_optimizer=dnn_optimizer,
            dnn_hidden_units=dnn_hidden_units, dnn_activation_fn=dnn_activation_fn,
            dnn_dropout=dnn_dropout, input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm, linear_sparse_combiner=linear_sparse_combiner,
        )  # fmt: skip
