"""Linear models: `tf.contrib.learn.LinearClassifier`, `LinearRegressor`, `LinearEstimator`."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys, get_collection
from tf1x.lib.contrib.layers.feature_column_ops import (
    joint_weighted_sum_from_feature_columns,
    weighted_sum_from_feature_columns,
)
from tf1x.lib.contrib.learn import columns as feature_columns_of
from tf1x.lib.contrib.learn.dnn import Classifies, Regresses
from tf1x.lib.contrib.learn.estimator import Estimator
from tf1x.lib.contrib.learn.heads import Head, multi_class_head, regression_head
from tf1x.lib.estimator.canned.dnn import input_partitioner
from tf1x.lib.estimator.canned.linear import learning_rate
from tf1x.lib.estimator.canned.optimizers import get_optimizer_instance
from tf1x.lib.feature_column.layers import linear_model
from tf1x.lib.gradients import gradients
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.clip import clip_by_global_norm


def weighted_sum(
    features: dict[str, Any], columns: Any, units: int, joint: bool, scope: Any
) -> Tensor:
    """The logits of a linear model, its variables in the scope `linear`."""
    if not feature_columns_of.are_old(columns):
        return linear_model(features, columns, units=units, weight_collections=["linear"])
    build = joint_weighted_sum_from_feature_columns if joint else weighted_sum_from_feature_columns
    logits, _, _ = build(
        columns_to_tensors=features, feature_columns=columns, num_outputs=units,
        weight_collections=["linear"], scope=scope,
    )  # fmt: skip
    return logits


def minimize(
    loss: Any, optimizer: Any, variables: Any, clip_norm: float | None, **options: Any
) -> Any:
    """The op of a training step, the gradients clipped by their global norm."""
    found = gradients(loss, variables)
    if clip_norm:
        found, _ = clip_by_global_norm(found, clip_norm)
    return optimizer.apply_gradients(zip(found, variables, strict=True), **options)


def linear_model_fn(features: Any, labels: Any, mode: Any, params: Any, config: Any = None) -> Any:
    """The `ModelFnOps` of a linear model."""
    features = feature_columns_of.as_dict(features)
    head, columns = params["head"], params["feature_columns"]
    with variable_scope(
        "linear", values=list(features.values()), partitioner=input_partitioner(config)
    ) as scope:
        logits = weighted_sum(
            features, columns, head.logits_dimension, params["joint_weights"], scope
        )

        def train_op_fn(loss: Any) -> Any:
            optimizer = get_optimizer_instance(
                params["optimizer"] or "Ftrl", learning_rate(len(columns))
            )
            variables = get_collection(GraphKeys.TRAINABLE_VARIABLES, scope="linear")
            return minimize(
                loss, optimizer, variables, params["gradient_clip_norm"],
                global_step=get_global_step(),
            )  # fmt: skip

        return head.create_model_fn_ops(
            features=features, mode=mode, labels=labels, train_op_fn=train_op_fn, logits=logits
        )


class LinearEstimator(Estimator):
    """A linear model for any head.

    Args:
        feature_columns: columns of tf.contrib.layers or of tf.feature_column.
        head: a `Head`.
        optimizer: an optimizer, a name, or a function that returns one; by default Ftrl with a rate
            of 0.2, or 1 / sqrt(columns) if that is less.
        gradient_clip_norm: the largest global norm of the gradients.
        _joint_weights: one variable for all (sparse) columns.
        feature_engineering_fn: a function (features, labels) that gives them changed.
    """

    def __init__(
        self,
        feature_columns: Any,
        head: Head,
        model_dir: Any = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        _joint_weights: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
    ) -> None:
        super().__init__(
            model_fn=linear_model_fn, model_dir=model_dir, config=config,
            params={
                "head": head,
                "feature_columns": tuple(feature_columns or ()),
                "optimizer": optimizer,
                "gradient_clip_norm": gradient_clip_norm,
                "joint_weights": _joint_weights,
            },
            feature_engineering_fn=feature_engineering_fn,
        )  # fmt: skip


class LinearClassifier(Classifies, LinearEstimator):
    """A linear model that tells classes: logistic or softmax regression.

    Args:
        n_classes: 2 or more; labels are ids.
        weight_column_name: a feature with a weight for each example's loss.
        label_keys: the names of the classes; labels then are strings.
        Others: see `LinearEstimator`.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        _joint_weight: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        label_keys: Any = None,
    ) -> None:
        head = multi_class_head(
            n_classes, weight_column_name=weight_column_name,
            enable_centered_bias=enable_centered_bias, label_keys=label_keys,
        )  # fmt: skip
        super().__init__(
            feature_columns, head, model_dir, optimizer, gradient_clip_norm, _joint_weight, config,
            feature_engineering_fn,
        )  # fmt: skip


class LinearRegressor(Regresses, LinearEstimator):
    """A linear model that gives numbers; see `LinearClassifier`."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        label_dimension: int = 1,
        _joint_weights: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
    ) -> None:
        head = regression_head(
            weight_column_name=weight_column_name, label_dimension=label_dimension,
            enable_centered_bias=enable_centered_bias,
        )  # fmt: skip
        super().__init__(
            feature_columns, head, model_dir, optimizer, gradient_clip_norm, _joint_weights, config,
            feature_engineering_fn,
        )  # fmt: skip
