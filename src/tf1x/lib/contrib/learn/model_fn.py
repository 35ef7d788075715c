"""What a model_fn of `tf.contrib.learn` is called for and returns: `ModeKeys`, `ModelFnOps`."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1x.core import convert
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.estimator.export_outputs import (
    ClassificationOutput,
    ExportOutput,
    PredictOutput,
    RegressionOutput,
)
from tf1x.lib.estimator.model_fn import EstimatorSpec
from tf1x.lib.saved_model import signature_constants
from tf1x.ops.array import Reshape


class ModeKeys:
    """What a model_fn is called for."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"

    @classmethod
    def validate(cls, key: str) -> None:
        """Check that `key` is one of the modes.

        Raises:
            ValueError
        """
        if key not in (cls.TRAIN, cls.EVAL, cls.INFER):
            raise ValueError(f"Invalid mode {key}.")


class ProblemType:
    """What kind of answer a model gives; decides on the signature of an export."""

    UNSPECIFIED = 0
    CLASSIFICATION = 1
    LINEAR_REGRESSION = 2
    LOGISTIC_REGRESSION = 3


class _Fields(NamedTuple):
    predictions: Any
    loss: Any
    train_op: Any
    eval_metric_ops: Any
    output_alternatives: Any
    training_chief_hooks: Any
    training_hooks: Any
    scaffold: Any
    mode: Any


class ModelFnOps(_Fields):
    """The ops of a model, for one mode.

    Args:
        mode: one of `ModeKeys`.
        predictions: a tensor, a list or a dict of them.
        loss: a scalar, needed to train and evaluate.
        train_op: a training step, needed to train.
        eval_metric_ops: metrics by name, each a (value, update_op).
        output_alternatives: for exports: by name, a pair of a `ProblemType` and a dict of tensors.
        training_chief_hooks, training_hooks: `SessionRunHook`s.
        scaffold: a `tf.train.Scaffold`.

    Raises:
        ValueError: what the mode needs is missing.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: Any,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: Any = None,
        output_alternatives: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
    ) -> ModelFnOps:
        ModeKeys.validate(mode)
        if train_op is None and mode == ModeKeys.TRAIN:
            raise ValueError("Missing train_op.")
        if loss is None:
            if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
                raise ValueError("Missing loss.")
        else:
            loss = convert.to_tensor(loss)
            if not loss.get_shape().is_compatible_with(TensorShape([])):
                if loss.get_shape().num_elements() not in (None, 1):
                    raise ValueError("Loss must be scalar.")
                loss = Reshape(loss, [])
        if predictions is None:
            if mode in (ModeKeys.INFER, ModeKeys.EVAL):
                raise ValueError("Missing predictions.")
        elif isinstance(predictions, dict):
            predictions = {key: _tensor(value) for key, value in predictions.items()}
        elif isinstance(predictions, (list, tuple)):
            predictions = [_tensor(value) for value in predictions]
        else:
            predictions = _tensor(predictions)
        return super().__new__(
            cls,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops={} if eval_metric_ops is None else eval_metric_ops,
            output_alternatives=output_alternatives,
            training_chief_hooks=list(training_chief_hooks or []),
            training_hooks=list(training_hooks or []),
            scaffold=scaffold,
            mode=mode,
        )

    def estimator_spec(
        self, default_serving_output_alternative_key: str | None = None
    ) -> EstimatorSpec:
        """The same as an `EstimatorSpec` of `tf.estimator`.

        Args:
            default_serving_output_alternative_key: which of the alternatives is the default.

        Raises:
            ValueError: there are several, and none is named the default.
        """
        return EstimatorSpec(
            mode=self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=_core_metrics(self.eval_metric_ops),
            export_outputs=self._export_outputs(default_serving_output_alternative_key),
            training_chief_hooks=self.training_chief_hooks,
            training_hooks=self.training_hooks,
            scaffold=self.scaffold,
        )

    def _export_outputs(self, default_key: str | None) -> dict[str, ExportOutput] | None:
        alternatives = self.output_alternatives
        if not alternatives:
            return None
        made = {str(key): _export_output(*pair) for key, pair in alternatives.items()}
        if default_key is None and len(alternatives) > 1:
            raise ValueError(
                "default_serving_output_alternative_key is needed: there are several output "
                f"alternatives, {sorted(made)}."
            )
        chosen = default_key if default_key is not None else next(iter(alternatives))
        if chosen not in alternatives:
            raise ValueError(f"Requested default_output_alternative {chosen!r} is not there: {sorted(made)}.")  # fmt: skip
        made[signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY] = made[str(chosen)]
        return made


def _tensor(value: Any) -> Any:
    return value if isinstance(value, (Tensor, SparseTensor)) else convert.to_tensor(value)


def _core_metrics(metrics: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) for key, value in metrics.items()}


def _export_output(problem_type: int, tensors: Any) -> ExportOutput:
    """The export of the tensors of one alternative, by the kind of problem."""
    from tf1x.lib.contrib.learn.keys import PredictionKey

    named = tensors if isinstance(tensors, dict) else {PredictionKey.GENERIC: tensors}
    if problem_type == ProblemType.CLASSIFICATION:
        classes = named.get(PredictionKey.CLASSES)
        if classes is not None and classes.dtype.name != "string":
            from tf1x.ops.strings_numbers import AsString

            classes = AsString(classes)
        return ClassificationOutput(named.get(PredictionKey.PROBABILITIES), classes)
    if problem_type in (ProblemType.LINEAR_REGRESSION, ProblemType.LOGISTIC_REGRESSION):
        value = named.get(PredictionKey.SCORES)
        return RegressionOutput(next(iter(named.values())) if value is None else value)
    return PredictOutput(named)
