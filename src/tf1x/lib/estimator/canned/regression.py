"""Heads of regressors: squared error, Poisson and logistic regression."""

from __future__ import annotations

from typing import Any

from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.lib.estimator.canned.head import (
    DEFAULT_SERVING_SIGNATURE_DEF_KEY,
    Head,
    LossSpec,
    Metrics,
    check_dense_labels,
    check_range,
)
from tf1x.lib.estimator.canned.keys import (
    PREDICT_SERVING_KEY,
    REGRESS_SERVING_KEY,
    MetricKeys,
    PredictionKeys,
)
from tf1x.lib.estimator.export_outputs import PredictOutput, RegressionOutput
from tf1x.lib.losses.functions import mean_squared_error
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.metrics.averages import mean
from tf1x.lib.weights_broadcast import broadcast_weights
from tf1x.ops import elementary, math
from tf1x.ops.cross_entropy import log_poisson_loss, sigmoid_cross_entropy_with_logits
from tf1x.ops.math_functions import sigmoid


class RegressionHead(Head):
    """Numbers: the squared error of each.

    Args:
        label_dimension: how many numbers an example has.
        loss_fn: see `Head`; it returns [batch, label_dimension].
        inverse_link_fn: makes predictions of logits; by default they are the same.
        Others: see `Head`.
    """

    _per_logit_weights = True

    def __init__(
        self,
        label_dimension: int = 1,
        weight_column: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        loss_fn: Any = None,
        inverse_link_fn: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        if label_dimension < 1:
            raise ValueError(f"Invalid label_dimension {label_dimension}.")
        self._dimension = label_dimension
        self._inverse_link_fn = inverse_link_fn

    @property
    def logits_dimension(self) -> int:
        return self._dimension

    @property
    def _loss_dimension(self) -> int:
        return self._dimension

    def _labels(self, labels: Any, logits: Tensor) -> Tensor:
        return math.cast(check_dense_labels(labels, logits, self._dimension), float32)

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        return mean_squared_error(labels, logits, reduction=Reduction.NONE)

    def predictions(self, logits: Any) -> dict[str, Tensor]:
        if self._inverse_link_fn is None:
            return {PredictionKeys.PREDICTIONS: logits}
        return {
            PredictionKeys.PREDICTIONS: self._inverse_link_fn(logits),
            PredictionKeys.LOGITS: logits,
        }

    def _export_outputs(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        output = RegressionOutput(value=predictions[PredictionKeys.PREDICTIONS])
        return {
            DEFAULT_SERVING_SIGNATURE_DEF_KEY: output,
            REGRESS_SERVING_KEY: output,
            PREDICT_SERVING_KEY: PredictOutput(predictions),
        }

    def _metrics(self, predictions: dict[str, Tensor], loss: LossSpec) -> Metrics:
        keys, weights = MetricKeys, loss.weights
        predicted = math.cast(predictions[PredictionKeys.PREDICTIONS], float32)
        of_predictions = broadcast_weights(weights, predicted)
        return {
            self._key(keys.LOSS_MEAN): mean(loss.unreduced_loss, weights=weights),
            self._key(keys.PREDICTION_MEAN): mean(
                predicted, weights=of_predictions, name=keys.PREDICTION_MEAN
            ),
            self._key(keys.LABEL_MEAN): mean(loss.processed_labels, weights=weights),
        }


class PoissonRegressionHead(RegressionHead):
    """Counts: the negative log likelihood of a Poisson distribution whose log mean is the logit.

    Args:
        compute_full_loss: with the term of the labels alone, by Stirling's approximation.
        Others: see `RegressionHead`.
    """

    def __init__(
        self,
        label_dimension: int = 1,
        weight_column: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        compute_full_loss: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(
            label_dimension,
            weight_column,
            loss_reduction,
            inverse_link_fn=elementary.Exp,
            name=name,
        )
        self._compute_full_loss = compute_full_loss

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        return log_poisson_loss(labels, logits, compute_full_loss=self._compute_full_loss)


class LogisticRegressionHead(RegressionHead):
    """Numbers in [0, 1]: the logistic loss."""

    def __init__(
        self,
        weight_column: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = None,
    ) -> None:
        super().__init__(1, weight_column, loss_reduction, inverse_link_fn=sigmoid, name=name)

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        labels = check_range(labels, 2, message="Labels must be in range [0, 1]")
        return sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


# -- the functions of tf.contrib.estimator ---------------------------------------------------------


def regression_head(
    weight_column: Any = None,
    label_dimension: int = 1,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    loss_fn: Any = None,
    inverse_link_fn: Any = None,
    name: str | None = None,
) -> RegressionHead:
    """A `RegressionHead`."""
    return RegressionHead(
        label_dimension, weight_column, loss_reduction, loss_fn, inverse_link_fn, name
    )


def poisson_regression_head(
    weight_column: Any = None,
    label_dimension: int = 1,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    compute_full_loss: bool = True,
    name: str | None = None,
) -> PoissonRegressionHead:
    """A `PoissonRegressionHead`."""
    return PoissonRegressionHead(
        label_dimension, weight_column, loss_reduction, compute_full_loss, name
    )


logistic_regression_head = LogisticRegressionHead
