"""`tf.estimator.export`: what a served model receives, and signatures of what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core import dtypes, nest
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib import logging
from tf1x.lib.estimator.export_outputs import (
    ClassificationOutput,
    EvalOutput,
    ExportOutput,
    PredictOutput,
    RegressionOutput,
    TrainOutput,
)
from tf1x.lib.estimator.util import parse_input_fn_result
from tf1x.lib.saved_model import signature_constants, signatures
from tf1x.ops.array import placeholder

__all__ = [
    "ClassificationOutput",
    "EvalOutput",
    "ExportOutput",
    "PredictOutput",
    "RegressionOutput",
    "ServingInputReceiver",
    "SupervisedInputReceiver",
    "TensorServingInputReceiver",
    "TrainOutput",
]

# What a tensor that is given without a name is called.
SINGLE_NAMES = {
    "feature": "feature",
    "label": "label",
    "receiver_tensor": "input",
    "receiver_tensors_alternative": "input",
}


def _checked(tensors: Any, what: str, numbers: bool = False) -> dict[Any, Any]:
    """The tensors by name.

    Raises:
        ValueError: None, a name that is no string (or number), a value that is no tensor.
    """
    if tensors is None:
        raise ValueError(f"{what}s must be defined.")
    if not isinstance(tensors, dict):
        tensors = {SINGLE_NAMES[what]: tensors}
    for name, tensor in tensors.items():
        if not isinstance(name, (str, int) if numbers else str):
            kinds = "strings or ints" if numbers else "strings"
            raise ValueError(f"{what} keys must be {kinds}: {name}.")
        _check_tensor(tensor, f"{what} {name}")
    return tensors


def _check_tensor(tensor: Any, what: str) -> None:
    if not isinstance(tensor, (Tensor, SparseTensor)):
        raise ValueError(f"{what} must be a Tensor or SparseTensor.")


class _Receiver(NamedTuple):
    features: Any
    receiver_tensors: Any
    receiver_tensors_alternatives: Any


class ServingInputReceiver(_Receiver):
    """What a `serving_input_receiver_fn` returns.

    Args:
        features: handed to the model_fn: a tensor or a dict of them.
        receiver_tensors: what requests feed, usually placeholders; one alone is called "input".
        receiver_tensors_alternatives: other tensors that may be fed instead, dicts by name.
    """

    __slots__ = ()

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> ServingInputReceiver:
        features = _checked(features, "feature", numbers=True)
        receiver_tensors = _checked(receiver_tensors, "receiver_tensor")
        alternatives = receiver_tensors_alternatives
        if alternatives is not None:
            if not isinstance(alternatives, dict):
                raise ValueError(f"receiver_tensors_alternatives must be a dict: {alternatives}.")
            alternatives = {
                name: _checked(tensors, "receiver_tensors_alternative")
                for name, tensors in alternatives.items()
            }
        return super().__new__(cls, features, receiver_tensors, alternatives)


class TensorServingInputReceiver(_Receiver):
    """As `ServingInputReceiver`, for a model_fn whose features are one tensor, not a dict."""

    __slots__ = ()

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> TensorServingInputReceiver:
        if features is None:
            raise ValueError("features must be defined.")
        _check_tensor(features, "feature")
        checked = ServingInputReceiver(features, receiver_tensors, receiver_tensors_alternatives)
        return super().__new__(cls, features, *checked[1:])


class _Supervised(NamedTuple):
    features: Any
    labels: Any
    receiver_tensors: Any


class SupervisedInputReceiver(_Supervised):
    """What a receiver function for training or evaluation returns: features and labels."""

    __slots__ = ()

    def __new__(cls, features: Any, labels: Any, receiver_tensors: Any) -> SupervisedInputReceiver:
        _checked(features, "feature", numbers=True)
        _checked(labels, "label", numbers=True)
        return super().__new__(cls, features, labels, _checked(receiver_tensors, "receiver_tensor"))


# -- functions that make them ------------------------------------------------------------------


def build_parsing_serving_input_receiver_fn(
    feature_spec: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """A function for requests of serialized `tf.Example`s.

    Args:
        feature_spec: how to parse them, as for `tf.parse_example`.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        from tf1x.ops.parsing_functions import parse_example

        serialized = placeholder(
            dtypes.string, shape=[default_batch_size], name="input_example_tensor"
        )
        return ServingInputReceiver(
            parse_example(serialized, feature_spec), {"examples": serialized}
        )

    return serving_input_receiver_fn


def _placeholder_like(tensor: Any, batch_size: int | None) -> Tensor:
    shape = TensorShape([batch_size]).concatenate(tensor.get_shape()[1:])
    made: Tensor = placeholder(tensor.dtype.base_dtype, shape=shape, name=tensor.op.name)
    return made


def _placeholders_like(
    tensors: Any, batch_size: int | None, name: str
) -> tuple[Any, dict[str, Any]]:
    """Placeholders in the form of `tensors`, and by name."""
    if isinstance(tensors, dict):
        made = {key: _placeholder_like(t, batch_size) for key, t in tensors.items()}
        return made, made
    single = _placeholder_like(tensors, batch_size)
    return single, {name: single}


def build_raw_serving_input_receiver_fn(
    features: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """A function for requests of tensors.

    Args:
        features: tensors like those of one batch; their first axis is replaced.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        made, named = _placeholders_like(features, default_batch_size, "input")
        return ServingInputReceiver(made, named)

    return serving_input_receiver_fn


def build_raw_supervised_input_receiver_fn(
    features: Any, labels: Any, default_batch_size: int | None = None
) -> Callable[[], SupervisedInputReceiver]:
    """The same with labels, for graphs that train or evaluate.

    Raises:
        ValueError: a feature and a label have the same name.
    """
    names = [set(t) if isinstance(t, dict) else {n} for t, n in ((features, "input"), (labels, "label"))]  # fmt: skip
    both = names[0] & names[1]
    if both:
        raise ValueError(
            f"Features and labels must have distinct keys. Found overlapping keys: {both}"
        )

    def supervised_input_receiver_fn() -> SupervisedInputReceiver:
        made, named = _placeholders_like(features, default_batch_size, "input")
        made_labels, named_labels = _placeholders_like(labels, default_batch_size, "label")
        return SupervisedInputReceiver(made, made_labels, {**named, **named_labels})

    return supervised_input_receiver_fn


def build_supervised_input_receiver_fn_from_input_fn(
    input_fn: Callable[..., Any], **input_fn_args: Any
) -> Callable[[], SupervisedInputReceiver]:
    """The same, with what an input_fn returns as the model."""
    with Graph().as_default():
        features, labels, _ = parse_input_fn_result(input_fn(**input_fn_args))
    return build_raw_supervised_input_receiver_fn(features, labels)


# -- signatures --------------------------------------------------------------------------------

_METHODS = {
    signature_constants.CLASSIFY_METHOD_NAME: "Classify",
    signature_constants.REGRESS_METHOD_NAME: "Regress",
    signature_constants.PREDICT_METHOD_NAME: "Predict",
    TrainOutput.method_name: "Train",
    EvalOutput.method_name: "Eval",
}


def build_all_signature_defs(
    receiver_tensors: Any,
    export_outputs: dict[str, ExportOutput],
    receiver_tensors_alternatives: Any = None,
    serving_only: bool = True,
) -> dict[str, Any]:
    """Signatures by name: one for each output, and one for it with each alternative of the input.

    What cannot be served (an input that does not fit, an output that needs more than the request
    feeds) is left out, and the log says why.

    Raises:
        ValueError: `export_outputs` is no dict.
    """
    if not isinstance(export_outputs, dict):
        raise ValueError(f"`export_outputs` must be a dict. Received {export_outputs}.")
    made: dict[str, Any] = {}
    excluded: dict[str, str] = {}
    inputs = {"": receiver_tensors}
    inputs |= {f"{name or 'None'}:": t for name, t in (receiver_tensors_alternatives or {}).items()}
    for prefix, tensors in inputs.items():
        named = tensors if isinstance(tensors, dict) else {"input": tensors}
        for key, output in export_outputs.items():
            name = f"{prefix}{key or 'None'}"
            try:
                signature = output.as_signature_def(named)
                _check_servable(named, signature)
            except ValueError as error:
                excluded[name] = str(error)
            else:
                made[name] = signature
    _log_signatures(made, excluded)
    if serving_only:
        made = {key: value for key, value in made.items() if signatures.is_valid_signature(value)}
    return made


def _check_servable(receiver_tensors: dict[str, Any], signature: Any) -> None:
    """Check that the outputs need no placeholder that the signature does not feed.

    Raises:
        ValueError
    """
    fed = [t for tensor in receiver_tensors.values() for t in _plain(tensor)]
    if not fed:
        return
    graph = fed[0].graph
    seen = {t.op for t in fed}
    for key, info in signature.outputs.items():
        stack = [t.op for t in _plain(signatures.get_tensor_from_tensor_info(info, graph))]
        while stack:
            op = stack.pop()
            if op in seen:
                continue
            seen.add(op)
            if op.type == "Placeholder":
                raise ValueError(
                    f"The signature's input tensors {[t.name for t in fed]} are insufficient to "
                    f"compute its output {key!r}, which depends on `{op.name}` too."
                )
            stack += [t.op for t in op.inputs]
            stack += op.control_inputs


def _plain(tensor: Any) -> list[Any]:
    if isinstance(tensor, SparseTensor):
        return [tensor.indices, tensor.values, tensor.dense_shape]
    return nest.flatten(tensor)


def _log_signatures(made: dict[str, Any], excluded: dict[str, str]) -> None:
    by_method: dict[str, list[str]] = {method: [] for method in _METHODS}
    for name, signature in made.items():
        by_method.setdefault(signature.method_name, []).append(name)
    for method, names in by_method.items():
        logging.info(
            "Signatures INCLUDED in export for %s: %s", _METHODS.get(method, method), names or None
        )
    if excluded:
        logging.info(
            "Signatures EXCLUDED from export because they cannot be be served via TensorFlow "
            "Serving APIs:"
        )
        for name, why in excluded.items():
            logging.info("'%s' : %s", name, why)
    if not made:
        logging.warning("Export includes no signatures!")
    elif signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY not in made:
        logging.warning("Export includes no default signature!")
