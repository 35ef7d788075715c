"""Linear models: `tf.estimator.LinearClassifier`, `LinearRegressor`, `LinearEstimator`."""

from __future__ import annotations

import math as number
from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import float32, int64
from tf1x.core.operation import Tensor
from tf1x.lib.estimator.canned.classification import classifier_head
from tf1x.lib.estimator.canned.dnn import check_features, input_partitioner
from tf1x.lib.estimator.canned.head import Head
from tf1x.lib.estimator.canned.optimizers import get_optimizer_instance
from tf1x.lib.estimator.canned.regression import RegressionHead
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.feature_column.layers import linear_model
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.train.ftrl import FtrlOptimizer
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, math, math_functions
from tf1x.ops.nn_functions import zero_fraction
from tf1x.ops.summary_functions import histogram, scalar

_LEARNING_RATE = 0.2


def learning_rate(columns: int, most: float = _LEARNING_RATE) -> float:
    """The default rate of a linear model with so many columns."""
    return min(most, 1.0 / number.sqrt(columns))


def _fraction_of_zeros(variables: list[Any]) -> Tensor:
    """How much of all variables together is zero."""
    with scopes.name_scope("zero_fraction"):
        sizes = [math.cast(array.size(v, out_type=int64), float32) for v in variables]
        zeros = [zero_fraction(v) * size for v, size in zip(variables, sizes, strict=True)]
        total = math_functions.add_n(zeros) / math_functions.add_n(sizes)
        return array.identity(total, name="zero_fraction_or_nan")


def linear_logit_fn_builder(
    units: int, feature_columns: Any, sparse_combiner: str = "sum"
) -> Callable[..., Tensor]:
    """A function `(features)` that gives the logits of a linear model, in the current scope."""

    def linear_logit_fn(features: Any) -> Tensor:
        made: dict[Any, Any] = {}
        logits = linear_model(
            features, feature_columns, units=units, sparse_combiner=sparse_combiner,
            cols_to_vars=made,
        )  # fmt: skip
        bias = made.pop("bias")
        if units > 1:
            histogram("bias", bias)
        else:
            scalar("bias", bias[0][0])
        weights = [variable for column in made.values() for variable in column]
        scalar("fraction_of_zero_weights", _fraction_of_zeros(weights))
        return logits

    return linear_logit_fn


def linear_model_fn(
    features: Any,
    labels: Any,
    mode: Any,
    head: Head,
    feature_columns: Any,
    optimizer: Any,
    partitioner: Any,
    config: Any,
    sparse_combiner: str,
) -> Any:
    """The `EstimatorSpec` of a linear model."""
    check_features(features)
    partitioner = partitioner or input_partitioner(config)
    with variable_scope("linear", values=[*features.values()], partitioner=partitioner):
        build = linear_logit_fn_builder(head.logits_dimension, feature_columns, sparse_combiner)
        logits = build(features=features)
        default = FtrlOptimizer(learning_rate=learning_rate(len(feature_columns)))
        optimizer = get_optimizer_instance(optimizer or default, learning_rate=_LEARNING_RATE)
        return head.create_estimator_spec(
            features=features, mode=mode, labels=labels, optimizer=optimizer, logits=logits
        )


class _Linear(Estimator):
    """An estimator whose model is linear."""

    def __init__(
        self, head: Head, feature_columns: Any, model_dir: Any, config: Any, warm_start_from: Any,
        **model: Any,
    ) -> None:  # fmt: skip
        columns = tuple(feature_columns or ())

        def model_fn(features: Any, labels: Any, mode: Any, config: Any) -> Any:
            return linear_model_fn(
                features, labels, mode, head, feature_columns=columns, config=config, **model
            )

        super().__init__(
            model_fn=model_fn, model_dir=model_dir, config=config, warm_start_from=warm_start_from
        )


class LinearClassifier(_Linear):
    """A linear model that tells classes: logistic or softmax regression.

    Args:
        feature_columns: dense and categorical columns.
        n_classes: 2 or more.
        weight_column: a feature's name, or a numeric column: weights of the examples' losses.
        label_vocabulary: the names of the classes; labels then are strings, else ids.
        optimizer: "Adagrad", "Adam", "Ftrl", "RMSProp", "SGD" (rate 0.2), an optimizer, or a
            function that returns one.
        partitioner: of the variables.
        loss_reduction: how the losses of a batch become one; by default their sum.
        sparse_combiner: how several ids of an example go together.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = classifier_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(
            head, feature_columns, model_dir, config, warm_start_from,
            optimizer=optimizer, partitioner=partitioner, sparse_combiner=sparse_combiner,
        )  # fmt: skip


class LinearRegressor(_Linear):
    """A linear model that gives numbers.

    Args:
        label_dimension: how many numbers an example has.
        Others: see `LinearClassifier`.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        super().__init__(
            head, feature_columns, model_dir, config, warm_start_from,
            optimizer=optimizer, partitioner=partitioner, sparse_combiner=sparse_combiner,
        )  # fmt: skip


class LinearEstimator(_Linear):
    """A linear model for any head; see `LinearClassifier`."""

    def __init__(
        self,
        head: Head,
        feature_columns: Any,
        model_dir: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        sparse_combiner: str = "sum",
        warm_start_from: Any = None,
    ) -> None:
        super().__init__(
            head, feature_columns, model_dir, config, warm_start_from,
            optimizer=optimizer, partitioner=partitioner, sparse_combiner=sparse_combiner,
        )  # fmt: skip
