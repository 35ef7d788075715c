"""Heads of classifiers: two classes, many, and several classes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int64, string
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib import vocabulary
from tf1x.lib.estimator.canned.head import (
    DEFAULT_SERVING_SIGNATURE_DEF_KEY,
    Head,
    LossSpec,
    Metrics,
    check_dense_labels,
    check_range,
)
from tf1x.lib.estimator.canned.keys import (
    CLASSIFY_SERVING_KEY,
    PREDICT_SERVING_KEY,
    REGRESS_SERVING_KEY,
    MetricKeys,
    PredictionKeys,
)
from tf1x.lib.estimator.export_outputs import (
    ClassificationOutput,
    PredictOutput,
    RegressionOutput,
)
from tf1x.lib.losses.functions import sigmoid_cross_entropy, sparse_softmax_cross_entropy
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.metrics.averages import accuracy, mean
from tf1x.lib.metrics.counts import precision, recall
from tf1x.lib.metrics.thresholds import auc, precision_at_thresholds, recall_at_thresholds
from tf1x.lib.weights_broadcast import broadcast_weights
from tf1x.ops import array, array_moves, array_slicing, math, math_functions, nn_functions, reduce
from tf1x.ops.cross_entropy import sigmoid_cross_entropy_with_logits
from tf1x.ops.reduce import argmax
from tf1x.ops.sparse_functions import sparse_to_indicator
from tf1x.ops.strings_numbers import AsString

# -- class names and metrics -----------------------------------------------------------------------


def _for_each_example(values: Any, like: Tensor) -> Tensor:
    """A vector as the row of every example."""
    batch = array.shape(like)[0]
    row = array.expand_dims(values, axis=0)
    tiled: Tensor = array_moves.Tile(row, [batch, 1])
    return tiled


def _class_names(count: int, names: Any) -> Any:
    return list(names) if names else AsString(array.range_(count))


def _output(scores: Tensor, count: int, names: Any) -> ClassificationOutput:
    classes = _for_each_example(_class_names(count, names), scores)
    return ClassificationOutput(scores=scores, classes=classes)


def _mean(values: Tensor, weights: Any, name: str) -> Any:
    """The weighted mean of numbers, their weights broadcast."""
    with scopes.name_scope(name, None, [values, weights]) as scope:
        values = math.cast(values, float32)
        if weights is not None:
            weights = broadcast_weights(weights, values)
        return mean(values, weights=weights, name=scope)


def _area(labels: Tensor, scores: Tensor, weights: Any, name: str, curve: str = "ROC") -> Any:
    with scopes.name_scope(name, None, [scores, labels, weights]) as scope:
        if weights is not None:
            weights = broadcast_weights(weights, scores)
        return auc(labels=labels, predictions=scores, weights=weights, curve=curve, name=scope)


def _at_threshold(
    key: Callable[[str], str], labels: Tensor, scores: Tensor, weights: Any, threshold: float
) -> Metrics:
    """Accuracy, precision and recall if scores from `threshold` on count as positive."""
    found: Metrics = {}
    name = MetricKeys.ACCURACY_AT_THRESHOLD % threshold
    with scopes.name_scope(name, None, [scores, labels, weights]) as scope:
        positive = math.cast(math.GreaterEqual(scores, threshold), float32)
        found[key(name)] = accuracy(labels, positive, weights=weights, name=scope)
    for name, metric in (
        (MetricKeys.PRECISION_AT_THRESHOLD % threshold, precision_at_thresholds),
        (MetricKeys.RECALL_AT_THRESHOLD % threshold, recall_at_thresholds),
    ):
        with scopes.name_scope(name, None, [scores, labels, weights]) as scope:
            pair = metric(labels, scores, thresholds=(threshold,), weights=weights, name=scope)
            found[key(name)] = tuple(array.squeeze(value) for value in pair)
    return found


def _checked_vocabulary(names: Any) -> Any:
    if names is not None and not isinstance(names, (list, tuple)):
        raise ValueError(f"label_vocabulary should be a list or a tuple. Given type: {type(names)}")
    return names


def _checked_thresholds(thresholds: Any) -> tuple[float, ...]:
    for threshold in thresholds or ():
        if not 0.0 < threshold < 1.0:
            raise ValueError(f"thresholds not in (0, 1): {threshold}.")
    return tuple(thresholds or ())


class _ClassHead(Head):
    """One class of several.

    Args:
        label_vocabulary: the names of the classes; labels then are strings.
        Others: see `Head`.
    """

    _label_vocabulary: Any = None

    @property
    def _n_classes(self) -> int:
        raise NotImplementedError

    def _class_table(self) -> Any:
        return vocabulary.index_table_from_tensor(
            vocabulary_list=tuple(self._label_vocabulary), name="class_id_lookup"
        )

    def _named(self, class_ids: Tensor) -> Tensor:
        """The names of the classes: those of the vocabulary, or the ids as strings."""
        if self._label_vocabulary:
            table = vocabulary.index_to_string_table_from_tensor(
                vocabulary_list=self._label_vocabulary, name="class_string_lookup"
            )
            found: Tensor = table.lookup(class_ids)
            return found
        text: Tensor = AsString(class_ids, name="str_classes")
        return text

    def _chosen(self, logits: Tensor) -> dict[str, Tensor]:
        """The class of the largest logit, and all classes beside one another."""
        class_ids = argmax(logits, axis=-1, name=PredictionKeys.CLASS_IDS)
        class_ids = array.expand_dims(class_ids, axis=-1)
        count = self._n_classes
        return {
            PredictionKeys.CLASS_IDS: class_ids,
            PredictionKeys.CLASSES: self._named(class_ids),
            PredictionKeys.ALL_CLASS_IDS: _for_each_example(array.range_(count), logits),
            PredictionKeys.ALL_CLASSES: _for_each_example(
                _class_names(count, self._label_vocabulary), logits
            ),
        }

    def _export_outputs(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        output = _output(
            predictions[PredictionKeys.PROBABILITIES], self._n_classes, self._label_vocabulary
        )
        return {
            DEFAULT_SERVING_SIGNATURE_DEF_KEY: output,
            CLASSIFY_SERVING_KEY: output,
            PREDICT_SERVING_KEY: PredictOutput(predictions),
        }


class MultiClassHead(_ClassHead):
    """One of three or more classes: softmax cross entropy.

    Args:
        n_classes: at least 3.
        label_vocabulary: the names of the classes; labels then are strings, else ids.
        Others: see `Head`.
    """

    def __init__(
        self,
        n_classes: int,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        loss_fn: Any = None,
        name: str | None = None,
    ) -> None:
        self._label_vocabulary = _checked_vocabulary(label_vocabulary)
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        if n_classes is None:
            raise ValueError("n_classes cannot be None")
        if n_classes <= 2:
            raise ValueError(f"n_classes must be > 2: {n_classes}.")
        self._count = n_classes

    @property
    def _n_classes(self) -> int:
        return self._count

    @property
    def logits_dimension(self) -> int:
        return self._count

    def _labels(self, labels: Any, logits: Tensor) -> Tensor:
        labels = check_dense_labels(labels, logits, 1)
        if self._label_vocabulary is None:
            if not labels.dtype.is_integer:
                raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
            ids = labels
        else:
            if labels.dtype != string:
                raise ValueError(
                    "Labels dtype should be string if there is a vocabulary. Instead got "
                    f"{labels.dtype}"
                )
            ids = self._class_table().lookup(labels)
        return check_range(ids, self._count)

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        each = sparse_softmax_cross_entropy(labels, logits, reduction=Reduction.NONE)
        return array.expand_dims(each, axis=-1)

    def predictions(self, logits: Any) -> dict[str, Tensor]:
        return {
            PredictionKeys.LOGITS: logits,
            PredictionKeys.PROBABILITIES: nn_functions.softmax(
                logits, name=PredictionKeys.PROBABILITIES
            ),
            **self._chosen(logits),
        }

    def _metrics(self, predictions: dict[str, Tensor], loss: LossSpec) -> Metrics:
        keys, labels, weights = MetricKeys, loss.processed_labels, loss.weights
        classes = predictions[PredictionKeys.CLASS_IDS]
        return {
            self._key(keys.LOSS_MEAN): mean(
                loss.unreduced_loss, weights=weights, name=keys.LOSS_MEAN
            ),
            self._key(keys.ACCURACY): accuracy(
                labels, classes, weights=weights, name=keys.ACCURACY
            ),
        }


class BinaryClassHead(_ClassHead):
    """One of two classes, or a number in [0, 1]: the logistic loss of one logit.

    Args:
        thresholds: of probabilities at which further metrics are taken.
        label_vocabulary: the names of the two classes; labels then are strings.
        Others: see `Head`.
    """

    def __init__(
        self,
        weight_column: Any = None,
        thresholds: Any = None,
        label_vocabulary: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        loss_fn: Any = None,
        name: str | None = None,
    ) -> None:
        self._thresholds = _checked_thresholds(thresholds)
        self._label_vocabulary = _checked_vocabulary(label_vocabulary)
        super().__init__(weight_column, loss_reduction, loss_fn, name)

    @property
    def _n_classes(self) -> int:
        return 2

    @property
    def logits_dimension(self) -> int:
        return 1

    def _labels(self, labels: Any, logits: Tensor) -> Tensor:
        labels = check_dense_labels(labels, logits, 1)
        if self._label_vocabulary is not None:
            labels = self._class_table().lookup(labels)
        return check_range(math.cast(labels, float32), 2)

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        return sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def predictions(self, logits: Any) -> dict[str, Tensor]:
        logistic = math_functions.sigmoid(logits, name=PredictionKeys.LOGISTIC)
        both = array_moves.concat(
            (array.zeros_like(logits), logits), axis=-1, name="two_class_logits"
        )
        return {
            PredictionKeys.LOGITS: logits,
            PredictionKeys.LOGISTIC: logistic,
            PredictionKeys.PROBABILITIES: nn_functions.softmax(
                both, name=PredictionKeys.PROBABILITIES
            ),
            **self._chosen(both),
        }

    def _export_outputs(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        regression = RegressionOutput(value=predictions[PredictionKeys.LOGISTIC])
        return {**super()._export_outputs(predictions), REGRESS_SERVING_KEY: regression}

    def _metrics(self, predictions: dict[str, Tensor], loss: LossSpec) -> Metrics:
        keys, labels, weights = MetricKeys, loss.processed_labels, loss.weights
        logistic = predictions[PredictionKeys.LOGISTIC]
        classes = predictions[PredictionKeys.CLASS_IDS]
        labels_mean = _mean(labels, weights, keys.LABEL_MEAN)
        with scopes.name_scope(None, "accuracy_baseline", list(labels_mean)):
            baseline = tuple(
                math.Maximum(value, 1 - value, name=name)
                for value, name in zip(labels_mean, ("value", "update_op"), strict=True)
            )
        found = {
            keys.LOSS_MEAN: mean(loss.unreduced_loss, weights=weights, name=keys.LOSS_MEAN),
            keys.ACCURACY: accuracy(labels, classes, weights=weights, name=keys.ACCURACY),
            keys.PRECISION: precision(labels, classes, weights=weights, name=keys.PRECISION),
            keys.RECALL: recall(labels, classes, weights=weights, name=keys.RECALL),
            keys.PREDICTION_MEAN: _mean(logistic, weights, keys.PREDICTION_MEAN),
            keys.LABEL_MEAN: labels_mean,
            keys.ACCURACY_BASELINE: baseline,
            keys.AUC: _area(labels, logistic, weights, keys.AUC),
            keys.AUC_PR: _area(labels, logistic, weights, keys.AUC_PR, curve="PR"),
        }
        found = {self._key(key): value for key, value in found.items()}
        for threshold in self._thresholds:
            found |= _at_threshold(self._key, labels, logistic, weights, threshold)
        return found


class MultiLabelHead(Head):
    """Any of several classes at once: a logistic loss for each, their mean.

    Args:
        n_classes: at least 2.
        thresholds: of probabilities at which further metrics are taken.
        label_vocabulary: the names of the classes; sparse labels then are strings.
        classes_for_class_based_metrics: ids or names of classes with metrics of their own.
        Others: see `Head`.

    Labels are indicators [batch, n_classes], or a SparseTensor of ids or names.
    """

    def __init__(
        self,
        n_classes: int,
        weight_column: Any = None,
        thresholds: Any = None,
        label_vocabulary: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        loss_fn: Any = None,
        classes_for_class_based_metrics: Any = None,
        name: str | None = None,
    ) -> None:
        if n_classes is None or n_classes < 2:
            raise ValueError(
                f"n_classes must be > 1 for multi-label classification. Given: {n_classes}"
            )
        self._thresholds = _checked_thresholds(thresholds)
        self._label_vocabulary = _checked_vocabulary(label_vocabulary)
        if label_vocabulary is not None and len(label_vocabulary) != n_classes:
            raise ValueError(
                f"Length of label_vocabulary must be n_classes ({n_classes}). "
                f"Given: {len(label_vocabulary)}"
            )
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        self._count = n_classes
        self._classes = tuple(self._class_id(c) for c in classes_for_class_based_metrics or ())

    def _class_id(self, chosen: Any) -> int:
        if isinstance(chosen, str):
            if not self._label_vocabulary:
                raise ValueError(
                    "label_vocabulary must be provided when classes_for_class_based_metrics are "
                    "strings."
                )
            return self._label_vocabulary.index(chosen)
        if not 0 <= chosen < self._count:
            raise ValueError(
                "All classes_for_class_based_metrics must be in range "
                f"[0, {self._count - 1}]. Given: {chosen}"
            )
        return int(chosen)

    @property
    def logits_dimension(self) -> int:
        return self._count

    def _labels(self, labels: Any, logits: Tensor) -> Tensor:
        if isinstance(labels, SparseTensor):
            labels = math.cast(sparse_to_indicator(self._ids(labels), self._count), int64)
        elif labels is not None:
            rule = "labels must be an integer indicator Tensor with values in [0, 1]"
            labels = check_range(convert.to_tensor(labels), 2, message=rule)
        return check_dense_labels(labels, logits, self._count)

    def _ids(self, labels: SparseTensor) -> SparseTensor:
        if labels.dtype == string:
            if not self._label_vocabulary:
                raise ValueError("Labels of strings need a label_vocabulary.")
            table = vocabulary.index_table_from_tensor(
                vocabulary_list=tuple(self._label_vocabulary), name="class_id_lookup"
            )
            values = table.lookup(labels.values)
        else:
            if not labels.dtype.is_integer:
                raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
            rule = f"labels must be an integer SparseTensor with values in [0, {self._count})"
            values = check_range(labels.values, self._count, message=rule)
        return SparseTensor(labels.indices, values, labels.dense_shape)

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        each = sigmoid_cross_entropy(labels, logits, reduction=Reduction.NONE)
        return reduce.reduce_mean(each, axis=-1, keepdims=True)

    def predictions(self, logits: Any) -> dict[str, Tensor]:
        names = _class_names(self._count, self._label_vocabulary)
        return {
            PredictionKeys.LOGITS: logits,
            PredictionKeys.PROBABILITIES: math_functions.sigmoid(
                logits, name=PredictionKeys.PROBABILITIES
            ),
            PredictionKeys.CLASSES: _for_each_example(names, logits),
        }

    def _export_outputs(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        scores = predictions[PredictionKeys.PROBABILITIES]
        output = _output(scores, self._count, self._label_vocabulary)
        return {
            DEFAULT_SERVING_SIGNATURE_DEF_KEY: output,
            CLASSIFY_SERVING_KEY: output,
            PREDICT_SERVING_KEY: PredictOutput(predictions),
        }

    def _metrics(self, predictions: dict[str, Tensor], loss: LossSpec) -> Metrics:
        keys, labels, weights = MetricKeys, loss.processed_labels, loss.weights
        scores = predictions[PredictionKeys.PROBABILITIES]
        found = {
            keys.LOSS_MEAN: mean(loss.unreduced_loss, weights=weights, name=keys.LOSS_MEAN),
            keys.AUC: _area(labels, scores, weights, keys.AUC),
            keys.AUC_PR: _area(labels, scores, weights, keys.AUC_PR, curve="PR"),
        }
        for chosen in self._classes:
            own_scores, own_labels = (
                array_slicing.slice_(x, [0, chosen], [-1, 1]) for x in (scores, labels)
            )
            if self._label_vocabulary is None:
                which: Any = chosen
                patterns = (
                    keys.PROBABILITY_MEAN_AT_CLASS, keys.AUC_AT_CLASS, keys.AUC_PR_AT_CLASS
                )  # fmt: skip
            else:
                which = self._label_vocabulary[chosen]
                patterns = keys.PROBABILITY_MEAN_AT_NAME, keys.AUC_AT_NAME, keys.AUC_PR_AT_NAME
            average, roc, pr = (pattern % which for pattern in patterns)
            found[average] = _mean(own_scores, weights, average)
            found[roc] = _area(own_labels, own_scores, weights, roc)
            found[pr] = _area(own_labels, own_scores, weights, pr, curve="PR")
        found = {self._key(key): value for key, value in found.items()}
        for threshold in self._thresholds:
            found |= _at_threshold(self._key, labels, scores, weights, threshold)
        return found


def classifier_head(
    n_classes: int, weight_column: Any, label_vocabulary: Any, loss_reduction: str
) -> Head:
    """The head of two classes, or of more."""
    if n_classes == 2:
        return BinaryClassHead(
            weight_column, label_vocabulary=label_vocabulary, loss_reduction=loss_reduction
        )
    return MultiClassHead(
        n_classes, weight_column, label_vocabulary=label_vocabulary, loss_reduction=loss_reduction
    )


# The functions of tf.contrib.estimator.
binary_classification_head = BinaryClassHead
multi_class_head = MultiClassHead
multi_label_head = MultiLabelHead
