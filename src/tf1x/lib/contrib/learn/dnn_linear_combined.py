"""Wide and deep models: `tf.contrib.learn.DNNLinearCombinedClassifier` and kin."""

from __future__ import annotations

from typing import Any

from tf1x.core.scopes import GraphKeys, get_collection
from tf1x.lib.contrib.learn import columns as feature_columns_of
from tf1x.lib.contrib.learn.dnn import (
    LEARNING_RATE,
    Classifies,
    Regresses,
    network,
    refuse,
)
from tf1x.lib.contrib.learn.estimator import Estimator
from tf1x.lib.contrib.learn.heads import Head, multi_class_head, regression_head
from tf1x.lib.contrib.learn.linear import minimize, weighted_sum
from tf1x.lib.estimator.canned.dnn import input_partitioner, replicas, summarize
from tf1x.lib.estimator.canned.linear import learning_rate
from tf1x.lib.estimator.canned.optimizers import get_optimizer_instance
from tf1x.lib.partitioned import min_max_variable_partitioner
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.grouping import group
from tf1x.ops.nn import Relu


def combined_model_fn(
    features: Any, labels: Any, mode: Any, params: Any, config: Any = None
) -> Any:
    """The `ModelFnOps` of the sum of a network and a linear model, each with its optimizer."""
    features = feature_columns_of.as_dict(features)
    values = list(features.values())
    head = params["head"]
    linear_columns, dnn_columns = params["linear_feature_columns"], params["dnn_feature_columns"]
    parts = []
    if dnn_columns:
        if not params["dnn_hidden_units"]:
            raise ValueError(
                "dnn_hidden_units must be defined when dnn_feature_columns is specified."
            )
        partitioner = min_max_variable_partitioner(max_partitions=replicas(config))
        with variable_scope("dnn", values=values, partitioner=partitioner):
            logits = network(
                features, mode, head.logits_dimension, params["dnn_hidden_units"], dnn_columns,
                params["dnn_activation_fn"], params["dnn_dropout"], config,
            )  # fmt: skip
        parts.append(("dnn", logits))
    if linear_columns:
        with variable_scope(
            "linear", values=values, partitioner=input_partitioner(config)
        ) as scope:
            logits = weighted_sum(
                features, linear_columns, head.logits_dimension, params["joint_weights"], scope
            )
            summarize(logits, scope.name)
        parts.append(("linear", logits))
    logits = parts[0][1] if len(parts) == 1 else parts[0][1] + parts[1][1]

    def optimizer_of(kind: str) -> Any:
        if kind == "dnn":
            return get_optimizer_instance(params["dnn_optimizer"] or "Adagrad", LEARNING_RATE)
        rate = learning_rate(len(linear_columns))
        return get_optimizer_instance(params["linear_optimizer"] or "Ftrl", rate)

    def train_op_fn(loss: Any) -> Any:
        steps = []
        for i, (kind, _) in enumerate(parts):
            # Each part counts the global step, as TensorFlow's do unless told to fix it.
            counts = not (params["fix_global_step_increment_bug"] and i)
            options = {"global_step": get_global_step()} if counts else {}
            variables = get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=kind)
            steps.append(
                minimize(
                    loss, optimizer_of(kind), variables, params["gradient_clip_norm"], **options
                )
            )
        return group(*steps)

    return head.create_model_fn_ops(
        features=features, mode=mode, labels=labels, train_op_fn=train_op_fn, logits=logits
    )


class DNNLinearCombinedEstimator(Estimator):
    """A wide and deep model for any head.

    Args:
        head: a `Head`.
        linear_feature_columns, dnn_feature_columns: the inputs of the two parts; one may be empty.
        linear_optimizer, dnn_optimizer: by default Ftrl and Adagrad, see `LinearEstimator` and
            `DNNEstimator`.
        dnn_hidden_units, dnn_activation_fn, dnn_dropout, gradient_clip_norm: see `DNNEstimator`.
        fix_global_step_increment_bug: count one global step a training step, not one for each part.
    """

    def __init__(
        self,
        head: Head,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = Relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        fix_global_step_increment_bug: bool = False,
        input_layer_min_slice_size: Any = None,
    ) -> None:
        refuse(embedding_lr_multipliers=embedding_lr_multipliers)
        if not (linear_feature_columns or dnn_feature_columns):
            raise ValueError(
                "Either linear_feature_columns or dnn_feature_columns must be defined."
            )
        super().__init__(
            model_fn=combined_model_fn, model_dir=model_dir, config=config,
            params={
                "head": head,
                "linear_feature_columns": tuple(linear_feature_columns or ()),
                "linear_optimizer": linear_optimizer,
                "joint_weights": _joint_linear_weights,
                "dnn_feature_columns": tuple(dnn_feature_columns or ()),
                "dnn_optimizer": dnn_optimizer,
                "dnn_hidden_units": dnn_hidden_units,
                "dnn_activation_fn": dnn_activation_fn,
                "dnn_dropout": dnn_dropout,
                "gradient_clip_norm": gradient_clip_norm,
                "fix_global_step_increment_bug": fix_global_step_increment_bug,
            },
            feature_engineering_fn=feature_engineering_fn,
        )  # fmt: skip


class DNNLinearCombinedClassifier(Classifies, DNNLinearCombinedEstimator):
    """A wide and deep model that tells classes; see `DNNLinearCombinedEstimator`."""

    def __init__(
        self,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = Relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: Any = None,
        label_keys: Any = None,
        fix_global_step_increment_bug: bool = False,
    ) -> None:
        head = multi_class_head(
            n_classes, weight_column_name=weight_column_name,
            enable_centered_bias=enable_centered_bias, label_keys=label_keys,
        )  # fmt: skip
        super().__init__(
            head, model_dir, linear_feature_columns, linear_optimizer, _joint_linear_weights,
            dnn_feature_columns, dnn_optimizer, dnn_hidden_units, dnn_activation_fn, dnn_dropout,
            gradient_clip_norm, config, feature_engineering_fn, embedding_lr_multipliers,
            fix_global_step_increment_bug, input_layer_min_slice_size,
        )  # fmt: skip


class DNNLinearCombinedRegressor(Regresses, DNNLinearCombinedEstimator):
    """A wide and deep model that gives numbers; see `DNNLinearCombinedEstimator`."""

    def __init__(
        self,
        model_dir: Any = None,
        weight_column_name: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = Relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        label_dimension: int = 1,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: Any = None,
        fix_global_step_increment_bug: bool = False,
    ) -> None:
        head = regression_head(
            weight_column_name=weight_column_name, label_dimension=label_dimension,
            enable_centered_bias=enable_centered_bias,
        )  # fmt: skip
        super().__init__(
            head, model_dir, linear_feature_columns, linear_optimizer, _joint_linear_weights,
            dnn_feature_columns, dnn_optimizer, dnn_hidden_units, dnn_activation_fn, dnn_dropout,
            gradient_clip_norm, config, feature_engineering_fn, embedding_lr_multipliers,
            fix_global_step_increment_bug, input_layer_min_slice_size,
        )  # fmt: skip
