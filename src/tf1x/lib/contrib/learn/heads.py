"""What `tf.contrib.learn`'s estimators are trained for: losses, metrics and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, string
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor
from tf1x.lib import vocabulary
from tf1x.lib.contrib.learn.keys import MetricKey, PredictionKey
from tf1x.lib.contrib.learn.model_fn import ModeKeys, ModelFnOps, ProblemType
from tf1x.lib.losses.collect import add_loss
from tf1x.lib.metrics.averages import accuracy, mean
from tf1x.lib.metrics.thresholds import auc, precision_at_thresholds, recall_at_thresholds
from tf1x.ops import array, array_moves, math, math_functions, nn_functions, reduce
from tf1x.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from tf1x.ops.grouping import no_op
from tf1x.ops.reduce import argmax
from tf1x.ops.summary_functions import scalar

Metrics = dict[str, Any]


class Head:
    """A model's end: `create_model_fn_ops` makes of logits what a model_fn returns.

    Args:
        weight_column_name: a feature with a weight for each example's loss.
        label_name: where labels are a dict, which one it is.
        head_name: added to the names of metrics and summaries.

    Raises:
        UnsupportedError: `enable_centered_bias` is set.
    """

    problem_type: Any = None

    def __init__(
        self,
        logits_dimension: int,
        label_name: str | None = None,
        weight_column_name: str | None = None,
        enable_centered_bias: bool = False,
        head_name: str | None = None,
    ) -> None:
        if enable_centered_bias:
            raise UnsupportedError(
                "tf1x has no centered bias in tf.contrib.learn's estimators; leave "
                "enable_centered_bias out (the models have biases of their own)."
            )
        self._logits_dimension = logits_dimension
        self._label_name = label_name
        self._weight_column_name = weight_column_name
        self.head_name = head_name

    @property
    def logits_dimension(self) -> int:
        return self._logits_dimension

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        raise NotImplementedError

    def _losses(self, labels: Tensor, logits: Tensor) -> Tensor:
        """The loss of each example, [batch, n]."""
        raise NotImplementedError

    def _labels(self, labels: Tensor) -> Tensor:
        """Labels as the loss wants them."""
        raise NotImplementedError

    def _metrics(self, labels: Tensor, predictions: dict[str, Tensor], weights: Any) -> Metrics:
        raise NotImplementedError

    def _key(self, key: str) -> str:
        return f"{key}/{self.head_name}" if self.head_name else key

    def create_model_fn_ops(
        self,
        features: Any,
        mode: Any,
        labels: Any = None,
        train_op_fn: Callable[[Any], Any] | None = None,
        logits: Any = None,
        logits_input: Any = None,
        scope: Any = None,
    ) -> ModelFnOps:
        """What a model_fn returns.

        Args:
            train_op_fn: a function of the loss that returns an op.
            logits: [batch, logits_dimension].

        Raises:
            ValueError: no logits, or in training no `train_op_fn`.
        """
        if logits is None:
            raise ValueError("logits must be given; logits_input is not supported.")
        with scopes.name_scope(self.head_name or "head"):
            logits = _checked_logits(logits, self._logits_dimension)
            with scopes.name_scope("predictions"):
                predictions = self._predictions(logits)
            loss = train_op = None
            metrics: Metrics | None = None
            if mode != ModeKeys.INFER:
                if isinstance(labels, dict):
                    labels = labels[self._label_name]
                if labels is None:
                    raise ValueError("labels must not be None in training and evaluation.")
                labels = self._labels(convert.to_tensor(labels))
                weights = self._weights(features)
                loss, weighted_mean = _mean_loss(self._losses(labels, logits), weights)
                add_loss(loss)
                if mode == ModeKeys.EVAL:
                    with scopes.name_scope("metrics"):
                        metrics = {self._key(MetricKey.LOSS): mean(weighted_mean)}
                        found = self._metrics(labels, predictions, weights)
                        metrics |= {self._key(k): v for k, v in found.items()}
                else:
                    if train_op_fn is None:
                        raise ValueError("train_op_fn can not be None in TRAIN mode")
                    train_op = train_op_fn(loss)
        if mode == ModeKeys.TRAIN:
            with scopes.name_scope(""):
                scalar(self._key(MetricKey.LOSS), loss)
        return ModelFnOps(
            mode=mode,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops=metrics,
            output_alternatives={self.head_name: (self.problem_type, predictions)},
        )

    def _weights(self, features: Any) -> Tensor | None:
        if self._weight_column_name is None:
            return None
        return array.reshape(math.cast(features[self._weight_column_name], float32), [-1, 1])


def _checked_logits(logits: Any, dimension: int) -> Tensor:
    logits = convert.to_tensor(logits)
    static = logits.shape
    if static.ndims is not None and static[-1].value not in (None, dimension):
        raise ValueError(
            f"logits must have {dimension} values for each example, their shape is {static}"
        )
    return logits


def _mean_loss(losses: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """The mean of the (weighted) losses, and their sum divided by that of the weights."""
    with scopes.name_scope("loss"):
        if weights is None:
            loss = reduce.reduce_mean(losses)
            return loss, loss
        weighted = losses * weights
        total = reduce.reduce_sum(weights * array.ones_like(losses))
        return reduce.reduce_mean(weighted), reduce.reduce_sum(weighted) / total


def _as_column(labels: Tensor, dimension: int = 1) -> Tensor:
    """Labels [batch] as [batch, 1], others as they are.

    Raises:
        ValueError: the last dimension is another.
    """
    if labels.shape.ndims == 1:
        labels = array.expand_dims(labels, -1)
    if labels.shape.ndims is not None and labels.shape[-1].value not in (None, dimension):
        raise ValueError(
            f"labels must have shape [batch] or [batch, {dimension}], they have {labels.shape}"
        )
    return labels


class _ClassHead(Head):
    """One class of several; labels are ids, or with `label_keys` strings."""

    problem_type = ProblemType.CLASSIFICATION

    def __init__(self, n_classes: int, label_keys: Any, **options: Any) -> None:
        super().__init__(1 if n_classes == 2 else n_classes, **options)
        self._label_keys = label_keys
        if label_keys is not None and len(label_keys) != n_classes:
            raise ValueError(f"Length of label_keys must equal n_classes: {n_classes}.")

    def _labels(self, labels: Tensor) -> Tensor:
        labels = _as_column(labels)
        if self._label_keys is not None:
            if labels.dtype != string:
                raise ValueError(f"With label_keys labels must be strings, not {labels.dtype}.")
            table = vocabulary.index_table_from_tensor(
                tuple(self._label_keys), name="label_id_lookup"
            )
            labels = table.lookup(labels)
        return labels

    def _named(self, classes: Tensor) -> Tensor:
        if self._label_keys is None:
            return classes
        table = vocabulary.index_to_string_table_from_tensor(
            tuple(self._label_keys), name="class_string_lookup"
        )
        named: Tensor = table.lookup(classes)
        return named


class MultiClassHead(_ClassHead):
    """One of three or more classes: softmax cross entropy."""

    def _losses(self, labels: Tensor, logits: Tensor) -> Tensor:
        labels = array.squeeze(labels, axis=[-1])
        losses = sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        return array.expand_dims(losses, -1)

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        return {
            PredictionKey.LOGITS: logits,
            PredictionKey.PROBABILITIES: nn_functions.softmax(
                logits, name=PredictionKey.PROBABILITIES
            ),
            PredictionKey.CLASSES: self._named(argmax(logits, 1, name=PredictionKey.CLASSES)),
        }

    def _metrics(self, labels: Tensor, predictions: dict[str, Tensor], weights: Any) -> Metrics:
        classes = argmax(predictions[PredictionKey.LOGITS], 1)
        classes = array.expand_dims(classes, -1)
        return {MetricKey.ACCURACY: accuracy(labels, classes, weights=weights)}


class BinaryClassHead(_ClassHead):
    """One of two classes: the logistic loss of one logit."""

    def __init__(self, label_keys: Any, thresholds: Any = None, **options: Any) -> None:
        super().__init__(2, label_keys, **options)
        self._thresholds = list(thresholds or [0.5])

    def _labels(self, labels: Tensor) -> Tensor:
        return math.cast(super()._labels(labels), float32)

    def _losses(self, labels: Tensor, logits: Tensor) -> Tensor:
        return sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        both = array_moves.concat([array.zeros_like(logits), logits], 1, name="two_class_logits")
        return {
            PredictionKey.LOGITS: logits,
            PredictionKey.LOGISTIC: math_functions.sigmoid(logits, name=PredictionKey.LOGISTIC),
            PredictionKey.PROBABILITIES: nn_functions.softmax(
                both, name=PredictionKey.PROBABILITIES
            ),
            PredictionKey.CLASSES: self._named(argmax(both, 1, name=PredictionKey.CLASSES)),
        }

    def _metrics(self, labels: Tensor, predictions: dict[str, Tensor], weights: Any) -> Metrics:
        keys, logistic = MetricKey, predictions[PredictionKey.LOGISTIC]
        logits = predictions[PredictionKey.LOGITS]
        classes = math.cast(math.Greater(logits, 0.0), float32)
        found = {
            keys.ACCURACY: accuracy(labels, classes, weights=weights),
            keys.PREDICTION_MEAN: mean(logistic, weights=weights),
            keys.LABEL_MEAN: mean(labels, weights=weights),
            keys.ACCURACY_BASELINE: mean(labels, weights=weights),
            keys.AUC: auc(labels, logistic, weights=weights),
            keys.AUC_PR: auc(labels, logistic, weights=weights, curve="PR"),
        }
        for threshold in self._thresholds:
            positive = math.cast(math.GreaterEqual(logistic, threshold), float32)
            found[keys.ACCURACY_MEAN % threshold] = accuracy(labels, positive, weights=weights)
            for key, metric in (
                (keys.PRECISION_MEAN, precision_at_thresholds),
                (keys.RECALL_MEAN, recall_at_thresholds),
            ):
                pair = metric(labels, logistic, thresholds=(threshold,), weights=weights)
                found[key % threshold] = tuple(array.squeeze(value) for value in pair)
        return found


class RegressionHead(Head):
    """Numbers: the squared error."""

    problem_type = ProblemType.LINEAR_REGRESSION

    def __init__(self, label_dimension: int = 1, link_fn: Any = None, **options: Any) -> None:
        super().__init__(label_dimension, **options)
        self._link_fn = link_fn

    def _labels(self, labels: Tensor) -> Tensor:
        return math.cast(_as_column(labels, self._logits_dimension), float32)

    def _losses(self, labels: Tensor, logits: Tensor) -> Tensor:
        return math.Square(logits - labels)

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        scores = logits if self._link_fn is None else self._link_fn(logits)
        if self._logits_dimension == 1:
            scores = array.squeeze(scores, axis=(1,), name=PredictionKey.SCORES)
        return {PredictionKey.SCORES: scores}

    def _metrics(self, labels: Tensor, predictions: dict[str, Tensor], weights: Any) -> Metrics:
        return {}


# -- as programs make them -------------------------------------------------------------------------


def multi_class_head(
    n_classes: int,
    label_name: str | None = None,
    weight_column_name: str | None = None,
    enable_centered_bias: bool = False,
    head_name: str | None = None,
    thresholds: Any = None,
    metric_class_ids: Any = None,
    loss_fn: Any = None,
    label_keys: Any = None,
) -> Head:
    """The head of two classes, or of more.

    Raises:
        ValueError: less than two classes.
        UnsupportedError: `metric_class_ids` or `loss_fn` is given.
    """
    if n_classes is None or n_classes < 2:
        raise ValueError("n_classes must be > 1 for classification. Given: " + str(n_classes))
    for name, given in (("metric_class_ids", metric_class_ids), ("loss_fn", loss_fn)):
        if given is not None:
            raise UnsupportedError(
                f"tf1x has no {name} in tf.contrib.learn.multi_class_head; leave it out, or use "
                "tf.estimator with tf.contrib.estimator.multi_class_head."
            )
    options: dict[str, Any] = {
        "label_name": label_name,
        "weight_column_name": weight_column_name,
        "enable_centered_bias": enable_centered_bias,
        "head_name": head_name,
    }
    if n_classes == 2:
        return BinaryClassHead(label_keys, thresholds, **options)
    if thresholds:
        raise ValueError("thresholds are for two classes only.")
    return MultiClassHead(n_classes, label_keys, **options)


def regression_head(
    label_name: str | None = None,
    weight_column_name: str | None = None,
    label_dimension: int = 1,
    enable_centered_bias: bool = False,
    head_name: str | None = None,
    link_fn: Any = None,
) -> RegressionHead:
    """The head of a regression by squared errors."""
    return RegressionHead(
        label_dimension, link_fn, label_name=label_name, weight_column_name=weight_column_name,
        enable_centered_bias=enable_centered_bias, head_name=head_name,
    )  # fmt: skip


def no_op_train_fn(loss: Any) -> Any:
    """A `train_op_fn` that trains nothing."""
    return no_op()
