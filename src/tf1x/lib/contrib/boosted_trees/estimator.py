"""`tf.contrib.boosted_trees.estimator_batch.estimator`: gradient boosting as estimators."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.boosted_trees.model import model_builder
from tf1x.lib.contrib.learn.estimator import Estimator
from tf1x.lib.contrib.learn.heads import MultiClassHead, multi_class_head, regression_head
from tf1x.ops import array, nn_functions, reduce
from tf1x.ops.array_select import one_hot

__all__ = [
    "GradientBoostedDecisionTreeClassifier",
    "GradientBoostedDecisionTreeEstimator",
    "GradientBoostedDecisionTreeRegressor",
]


class _MaxEntropyHead(MultiClassHead):
    """Softmax cross entropy of ops that can be differentiated twice, as TensorFlow's learner does."""

    def _losses(self, labels: Tensor, logits: Tensor) -> Tensor:
        wanted = one_hot(array.squeeze(labels, axis=[-1]), self.logits_dimension)
        chances = nn_functions.log_softmax(logits)
        losses: Tensor = -reduce.reduce_sum(wanted * chances, axis=1, keepdims=True)
        return losses


class GradientBoostedDecisionTreeEstimator(Estimator):
    """Gradient boosting of a head's loss.

    Args:
        learner_config: a `learner_pb2.LearnerConfig`; its fields that are not set get defaults.
        examples_per_layer: how many examples are seen for a layer, or a function of the layer's
            number.
        head: of `tf.contrib.learn`.
        num_trees: training stops when there are as many.
        feature_columns: dense columns; by default all features, which then are float32.
        weight_column_name: a feature with a weight for each example's loss.
        logits_modifier_function: of logits, features and mode: gives the logits that the head gets.
        center_bias: a first tree, of one leaf, stands for the labels' mean.
    """

    def __init__(
        self,
        learner_config: Any,
        examples_per_layer: Any,
        head: Any,
        num_trees: int | None = None,
        feature_columns: Any = None,
        weight_column_name: str | None = None,
        model_dir: Any = None,
        config: Any = None,
        feature_engineering_fn: Any = None,
        logits_modifier_function: Any = None,
        center_bias: bool = True,
    ) -> None:
        super().__init__(
            model_fn=model_builder,
            params={
                "head": head,
                "feature_columns": feature_columns,
                "learner_config": learner_config,
                "num_trees": num_trees,
                "weight_column_name": weight_column_name,
                "examples_per_layer": examples_per_layer,
                "center_bias": center_bias,
                "logits_modifier_function": logits_modifier_function,
            },
            model_dir=model_dir,
            config=config,
            feature_engineering_fn=feature_engineering_fn,
        )


class GradientBoostedDecisionTreeClassifier(GradientBoostedDecisionTreeEstimator):
    """Gradient boosting for classes; see `GradientBoostedDecisionTreeEstimator`.

    Args:
        n_classes: how many classes; `learner_config.num_classes` is set to it.
        label_keys: the names of the classes; labels then are strings.

    Raises:
        ValueError: the configuration has another number of classes.
    """

    def __init__(
        self,
        learner_config: Any,
        examples_per_layer: Any,
        n_classes: int = 2,
        num_trees: int | None = None,
        feature_columns: Any = None,
        weight_column_name: str | None = None,
        model_dir: Any = None,
        config: Any = None,
        label_keys: Any = None,
        feature_engineering_fn: Any = None,
        logits_modifier_function: Any = None,
        center_bias: bool = True,
    ) -> None:
        if n_classes > 2:
            head: Any = _MaxEntropyHead(
                n_classes, label_keys, weight_column_name=weight_column_name
            )
        else:
            head = multi_class_head(
                n_classes, weight_column_name=weight_column_name, label_keys=label_keys
            )
        if learner_config.num_classes == 0:
            learner_config.num_classes = n_classes
        elif learner_config.num_classes != n_classes:
            raise ValueError(
                f"n_classes ({n_classes}) doesn't match learner_config "
                f"({learner_config.num_classes})."
            )
        super().__init__(
            learner_config, examples_per_layer, head, num_trees, feature_columns,
            weight_column_name, model_dir, config, feature_engineering_fn,
            logits_modifier_function, center_bias,
        )  # fmt: skip


class GradientBoostedDecisionTreeRegressor(GradientBoostedDecisionTreeEstimator):
    """Gradient boosting of squared errors; see `GradientBoostedDecisionTreeEstimator`.

    Args:
        label_dimension: how many numbers a label has.
        label_name: where labels are a dict, which one it is.
    """

    def __init__(
        self,
        learner_config: Any,
        examples_per_layer: Any,
        label_dimension: int = 1,
        num_trees: int | None = None,
        feature_columns: Any = None,
        label_name: str | None = None,
        weight_column_name: str | None = None,
        model_dir: Any = None,
        config: Any = None,
        feature_engineering_fn: Any = None,
        logits_modifier_function: Any = None,
        center_bias: bool = True,
    ) -> None:
        head = regression_head(
            label_name=label_name, label_dimension=label_dimension,
            weight_column_name=weight_column_name,
        )  # fmt: skip
        learner_config.num_classes = 2 if label_dimension == 1 else label_dimension
        super().__init__(
            learner_config, examples_per_layer, head, num_trees, feature_columns,
            weight_column_name, model_dir, config, feature_engineering_fn,
            logits_modifier_function, center_bias,
        )  # fmt: skip
