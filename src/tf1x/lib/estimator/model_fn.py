"""`tf.estimator.EstimatorSpec`: what a model_fn returns."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1x.core import nest, scopes
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib import logging
from tf1x.lib.estimator.export_outputs import get_export_outputs
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.estimator.util import fn_args, known_arguments
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.train.session_run_hook import SessionRunHook
from tf1x.lib.variables import Variable
from tf1x.ops.array import Reshape

__all__ = ["EstimatorSpec", "ModeKeys"]

LOSS_METRIC_KEY = "loss"
AVERAGE_LOSS_METRIC_KEY = "average_loss"

_TENSORS = (Tensor, SparseTensor, IndexedSlices, Variable)
_MODEL_FN_ARGUMENTS = {"features", "labels", "mode", "params", "self", "config"}


class _Fields(NamedTuple):
    mode: Any
    predictions: Any
    loss: Any
    train_op: Any
    eval_metric_ops: Any
    export_outputs: Any
    training_chief_hooks: Any
    training_hooks: Any
    scaffold: Any
    evaluation_hooks: Any
    prediction_hooks: Any


class EstimatorSpec(_Fields):
    """The ops and hooks of a model, for one mode.

    Args:
        mode: one of `ModeKeys`.
        predictions: a tensor, or a dict of them; needed to predict.
        loss: a scalar; needed to train and evaluate.
        train_op: an op or tensor whose run is a training step; needed to train.
        eval_metric_ops: a dict of metrics by name, each a (value, update_op).
        export_outputs: a dict of `ExportOutput`s by the names of signatures; by default all
            predictions as one `PredictOutput`.
        training_chief_hooks, training_hooks, evaluation_hooks, prediction_hooks: `SessionRunHook`s.
        scaffold: a `tf.train.Scaffold`.

    Raises:
        ValueError: what the mode needs is missing, the loss is no scalar, or something belongs to
            another graph than the default graph.
        TypeError: something has a wrong type.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: Any,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: Any = None,
        export_outputs: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> EstimatorSpec:
        train_op = checked_train_op(train_op, mode)
        loss = checked_loss(loss, mode)
        predictions = checked_predictions(predictions, mode)
        if mode == ModeKeys.PREDICT:
            export_outputs = get_export_outputs(export_outputs, predictions)
        scaffold = Scaffold() if scaffold is None else scaffold
        if not isinstance(scaffold, Scaffold):
            raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
        return super().__new__(
            cls,
            mode=mode,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops=_checked_metrics(eval_metric_ops),
            export_outputs=export_outputs,
            training_chief_hooks=checked_hooks(training_chief_hooks),
            training_hooks=checked_hooks(training_hooks),
            scaffold=scaffold,
            evaluation_hooks=checked_hooks(evaluation_hooks),
            prediction_hooks=checked_hooks(prediction_hooks),
        )

    def _replace(self, **kwds: Any) -> EstimatorSpec:  # type: ignore[override]
        """A copy with other fields; the mode stays."""
        if kwds.get("mode", self.mode) != self.mode:
            raise ValueError("mode of EstimatorSpec cannot be changed.")
        return EstimatorSpec(**{**self._asdict(), **kwds})


def checked_train_op(train_op: Any, mode: Any) -> Any:
    if train_op is None:
        if mode == ModeKeys.TRAIN:
            raise ValueError("Missing train_op.")
        return None
    if not isinstance(train_op, (Operation, *_TENSORS)):
        raise TypeError(f"train_op must be Operation or Tensor, given: {train_op}")
    if isinstance(train_op, Variable):
        train_op = train_op.op
    _check_graph(train_op, "train_op", train_op)
    return train_op


def checked_loss(loss: Any, mode: Any) -> Any:
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError("Missing loss.")
        return None
    loss = _checked_tensor(loss, "loss")
    shape = loss.get_shape()
    if shape.num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    if not shape.is_compatible_with(TensorShape([])):
        loss = Reshape(loss, [])
    _check_graph(loss, "loss", loss)
    return loss


def checked_predictions(predictions: Any, mode: Any) -> Any:
    if predictions is None:
        if mode == ModeKeys.PREDICT:
            raise ValueError("Missing predictions.")
        return {}
    if not isinstance(predictions, dict):
        _checked_tensor(predictions, "predictions")
        _check_graph(predictions, "prediction values", predictions)
        return predictions
    for key, value in predictions.items():
        _checked_tensor(value, f"predictions[{key}]")
        _check_graph(value, "prediction values", value, key)
    return dict(predictions)


def checked_hooks(hooks: Any) -> tuple[SessionRunHook, ...]:
    hooks = tuple(hooks or ())
    for hook in hooks:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
    return hooks


def _checked_metrics(metrics: Any) -> dict[str, Any]:
    if metrics is None:
        return {}
    if not isinstance(metrics, dict):
        raise TypeError(f"eval_metric_ops must be a dict, given: {metrics}")
    for key, value in metrics.items():
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError(
                "Values of eval_metric_ops must be (metric_value, update_op) tuples, given: "
                f"{value} for key: {key}"
            )
        for item in nest.flatten(value):
            _check_graph(item, "eval_metric_ops", item, key)
    return metrics


def _checked_tensor(value: Any, name: str) -> Any:
    if not isinstance(value, _TENSORS):
        raise TypeError(f"{name} must be Tensor, given: {value}")
    return value


def _check_graph(value: Any, what: str, named: Any, key: Any = None) -> None:
    if value.graph is not scopes.get_default_graph():
        name = named.name if key is None else f"{key}: {named.name}"
        raise ValueError(
            f'{what} with "{name}" must be from the default graph: the one that is current when '
            "`model_fn` is called, each time anew."
        )


def verify_model_fn_args(model_fn: Any, params: Any) -> None:
    """Check the names of a model_fn's arguments.

    Raises:
        ValueError: `features` is missing, or `params` where they are given, or there are others.
    """
    names = set(fn_args(model_fn))
    if "features" not in names:
        raise ValueError(f"model_fn ({model_fn}) must include features argument.")
    if params is not None and "params" not in names:
        raise ValueError(
            f"model_fn ({model_fn}) does not include params argument, but params ({params}) is "
            "passed to Estimator."
        )
    if params is None and "params" in names:
        logging.warning(
            "Estimator's model_fn (%s) includes params argument, but params are not passed to "
            "Estimator.",
            model_fn,
        )
    others = sorted(names - _MODEL_FN_ARGUMENTS)
    if others:
        raise ValueError(f"model_fn ({model_fn}) has following not expected args: {others}")


def call_logit_fn(logit_fn: Any, features: Any, mode: Any, params: Any, config: Any) -> Any:
    """The logits of `logit_fn(features, ...)`: a tensor or a dict of tensors.

    Raises:
        ValueError: it returned something else.
    """
    given = known_arguments(logit_fn, mode=mode, params=params, config=config)
    logits = logit_fn(features=features, **given)
    if isinstance(logits, Tensor) or (
        isinstance(logits, dict)
        and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in logits.items())
    ):
        return logits
    raise ValueError(
        "logit_fn should return a Tensor or a dictionary mapping strings to Tensors.  logit_fn "
        f"returned: {logits}"
    )
