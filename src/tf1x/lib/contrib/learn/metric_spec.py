"""`tf.contrib.learn.MetricSpec`: a metric of named predictions and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.estimator.util import fn_args

_LABELS = ("labels", "label", "targets", "target")
_WEIGHTS = ("weights", "weight")


class MetricSpec:
    """Which of an estimator's predictions, labels and weights a metric is computed from.

    Args:
        metric_fn: a function of predictions, labels and weights, e.g. one of `tf.metrics`; what its
            arguments are called says which is which, else predictions come first.
        prediction_key, label_key: of a dict; may be left out where there is one.
        weight_key: a feature that holds weights.
    """

    def __init__(
        self,
        metric_fn: Callable[..., Any],
        prediction_key: str | None = None,
        label_key: str | None = None,
        weight_key: str | None = None,
    ) -> None:
        self._metric_fn = metric_fn
        self._prediction_key = prediction_key
        self._label_key = label_key
        self._weight_key = weight_key

    @property
    def metric_fn(self) -> Callable[..., Any]:
        return self._metric_fn

    @property
    def prediction_key(self) -> str | None:
        return self._prediction_key

    @property
    def label_key(self) -> str | None:
        return self._label_key

    @property
    def weight_key(self) -> str | None:
        return self._weight_key

    def create_metric_ops(self, inputs: Any, labels: Any, predictions: Any) -> Any:
        """What the metric returns: a value and an update_op.

        Raises:
            ValueError: a key is missing where there is a dict, or not known.
        """
        found = _part(predictions, self._prediction_key, "prediction_key")
        truth = _part(labels, self._label_key, "label_key")
        weights = None
        if self._weight_key is not None:
            weights = _part(inputs, self._weight_key, "weight_key")
        names = fn_args(self._metric_fn)
        label_name = next((name for name in _LABELS if name in names), None)
        weight_name = next((name for name in _WEIGHTS if name in names), "weights")
        given = {} if weights is None else {weight_name: weights}
        if label_name is None:
            return self._metric_fn(found, truth, **given)
        if truth is not None:
            given[label_name] = truth
        if "predictions" in names:
            return self._metric_fn(predictions=found, **given)
        return self._metric_fn(found, **given)


def _part(values: Any, key: str | None, what: str) -> Any:
    if not isinstance(values, dict):
        if key is not None and values is not None:
            raise ValueError(f"MetricSpec with {what}={key!r} needs a dict, got {values}.")
        return values
    if key is None:
        if len(values) != 1:
            raise ValueError(f"MetricSpec without {what} needs one value, got {sorted(values)}.")
        return next(iter(values.values()))
    if key not in values:
        raise ValueError(f"MetricSpec with {what}={key!r}: there is only {sorted(values)}.")
    return values[key]
