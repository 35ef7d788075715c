"""`tf.estimator.export`: what of a model's predictions becomes which signature of a SavedModel."""

from __future__ import annotations

import abc
from typing import Any

from tf1x.core import dtypes
from tf1x.core.operation import Tensor
from tf1x.lib.saved_model import signature_constants, signatures

TRAIN_METHOD_NAME = "tensorflow/supervised/training"
EVAL_METHOD_NAME = "tensorflow/supervised/eval"


class ExportOutput(metaclass=abc.ABCMeta):
    """Outputs that can become a `SignatureDef`."""

    @abc.abstractmethod
    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        """The signature from the tensors that a request feeds.

        Raises:
            ValueError: they do not fit this kind of signature.
        """


def _checked_outputs(outputs: Any, default_name: str, what: str | None = None) -> dict[str, Any]:
    if not isinstance(outputs, dict):
        outputs = {default_name: outputs}
    checked = {}
    for key, value in outputs.items():
        name = "/".join(key) if isinstance(key, tuple) else key
        if not isinstance(name, str):
            raise ValueError(f"{what or default_name} output key must be a string; got {name}.")
        if not isinstance(value, Tensor):
            raise ValueError(f"{what or default_name} output value must be a Tensor; got {value}.")
        checked[name] = value
    return checked


def _examples(receiver_tensors: dict[str, Any], kind: str) -> Any:
    """The one string tensor that classification and regression requests feed."""
    tensors = list(receiver_tensors.values())
    if len(tensors) != 1 or dtypes.as_dtype(tensors[0].dtype).base_dtype != dtypes.string:
        raise ValueError(
            f"{kind} signatures take a single string tensor, serialized examples: have the "
            "serving_input_receiver_fn make one string placeholder and parse it with "
            f"tf.parse_example. Received: {receiver_tensors}"
        )
    return tensors[0]


class ClassificationOutput(ExportOutput):
    """Scores (floats) and/or class names (strings), for the classification API.

    Raises:
        ValueError: neither is given, or one has another type.
    """

    def __init__(self, scores: Any = None, classes: Any = None) -> None:
        if scores is not None and not _is_floating(scores):
            raise ValueError(f"Classification scores must be a float32 Tensor; got {scores}")
        if classes is not None and not (
            isinstance(classes, Tensor) and classes.dtype.base_dtype == dtypes.string
        ):
            raise ValueError(f"Classification classes must be a string Tensor; got {classes}")
        if scores is None and classes is None:
            raise ValueError(
                "Cannot create a ClassificationOutput with empty arguments. At least one of `scores` "
                "and `classes` must be defined."
            )
        self._scores = scores
        self._classes = classes

    @property
    def scores(self) -> Any:
        return self._scores

    @property
    def classes(self) -> Any:
        return self._classes

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        examples = _examples(receiver_tensors, "Classification")
        return signatures.classification_signature_def(examples, self.classes, self.scores)


class RegressionOutput(ExportOutput):
    """Values (floats), for the regression API."""

    def __init__(self, value: Any) -> None:
        if not _is_floating(value):
            raise ValueError(f"Regression output value must be a float32 Tensor; got {value}")
        self._value = value

    @property
    def value(self) -> Any:
        return self._value

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        examples = _examples(receiver_tensors, "Regression")
        return signatures.regression_signature_def(examples, self.value)


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype.base_dtype.is_floating


class PredictOutput(ExportOutput):
    """Any tensors by name (a single one is called "output"), for the prediction API."""

    def __init__(self, outputs: Any) -> None:
        self._outputs = _checked_outputs(outputs, "output", "Prediction")

    @property
    def outputs(self) -> dict[str, Any]:
        return self._outputs

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        return signatures.predict_signature_def(receiver_tensors, self.outputs)


class _SupervisedOutput(ExportOutput):
    """Loss, predictions and metrics of a graph exported for training or evaluation."""

    method_name = ""

    def __init__(self, loss: Any = None, predictions: Any = None, metrics: Any = None) -> None:
        self._outputs: dict[str, Any] = {}
        for name, given in (("loss", loss), ("predictions", predictions)):
            if given is not None:
                for key, value in _checked_outputs(given, name).items():
                    full = key if key.split("/")[0] == name else f"{name}/{key}"
                    self._outputs[full] = value
        for key, (value, update) in (metrics or {}).items():
            name = "/".join(key) if isinstance(key, tuple) else key
            name = name if name.split("/")[0] == "metrics" else f"metrics/{name}"
            self._outputs[f"{name}/value"] = value
            self._outputs[f"{name}/update_op"] = (
                update if isinstance(update, Tensor) else update.outputs[0]
            )

    def as_signature_def(self, receiver_tensors: dict[str, Any]) -> Any:
        info = signatures.build_tensor_info
        return signatures.build_signature_def(
            {key: info(tensor) for key, tensor in receiver_tensors.items()},
            {key: info(tensor) for key, tensor in self._outputs.items()},
            self.method_name,
        )


class TrainOutput(_SupervisedOutput):
    """What a graph exported for training gives."""

    method_name = TRAIN_METHOD_NAME


class EvalOutput(_SupervisedOutput):
    """What a graph exported for evaluation gives."""

    method_name = EVAL_METHOD_NAME


def get_export_outputs(export_outputs: Any, predictions: Any) -> dict[str, ExportOutput]:
    """The outputs by the names of their signatures, with one under the default name.

    Raises:
        TypeError: no dict of `ExportOutput`s.
        ValueError: several, none of which is the default.
    """
    default = signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    if export_outputs is None:
        export_outputs = {default: PredictOutput(predictions)}
    if not isinstance(export_outputs, dict):
        raise TypeError(f"`export_outputs` must be dict, received: {export_outputs}.")
    if not all(isinstance(output, ExportOutput) for output in export_outputs.values()):
        raise TypeError(
            f"Values in `export_outputs` must be ExportOutput objects, received: {export_outputs}."
        )
    if len(export_outputs) == 1:
        ((_, only),) = export_outputs.items()
        export_outputs.setdefault(default, only)
    elif export_outputs and default not in export_outputs:
        raise ValueError(
            "Multiple `export_outputs` were provided, but none of them are specified as the default. "
            f"Use {default!r} as the name of one."
        )
    return export_outputs
