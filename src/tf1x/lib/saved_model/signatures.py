"""`tf.saved_model.signature_def_utils` and `tf.saved_model.utils`: what a model takes and gives."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, dtypes, scopes
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.saved_model import signature_constants as names


def build_tensor_info(tensor: Any) -> Any:
    """The `TensorInfo` of a tensor or SparseTensor: name, type and shape."""
    from tensorboard.compat.proto import meta_graph_pb2

    if isinstance(tensor, SparseTensor):
        sparse = meta_graph_pb2.TensorInfo.CooSparse(
            values_tensor_name=tensor.values.name,
            indices_tensor_name=tensor.indices.name,
            dense_shape_tensor_name=tensor.dense_shape.name,
        )
        made = meta_graph_pb2.TensorInfo(coo_sparse=sparse)
    else:
        made = meta_graph_pb2.TensorInfo(name=tensor.name)
    made.dtype = dtypes.as_dtype(tensor.dtype).base_dtype.as_datatype_enum
    made.tensor_shape.CopyFrom(tensor.get_shape().as_proto())
    return made


def get_tensor_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """The tensor or SparseTensor that a `TensorInfo` names."""
    graph = graph or scopes.get_default_graph()

    def named(name: str) -> Tensor:
        return graph.get_tensor_by_name(scopes.prepend_name_scope(name, import_scope))

    if tensor_info.WhichOneof("encoding") == "coo_sparse":
        sparse = tensor_info.coo_sparse
        return SparseTensor(
            named(sparse.indices_tensor_name),
            named(sparse.values_tensor_name),
            named(sparse.dense_shape_tensor_name),
        )
    return named(tensor_info.name)


def get_element_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """The tensor or op that a `TensorInfo` names."""
    graph = graph or scopes.get_default_graph()
    return graph.as_graph_element(scopes.prepend_name_scope(tensor_info.name, import_scope))


def build_signature_def(
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    method_name: str | None = None,
    defaults: dict[str, Any] | None = None,
) -> Any:
    """A `SignatureDef` of `TensorInfo`s by name."""
    from tensorboard.compat.proto import meta_graph_pb2

    made = meta_graph_pb2.SignatureDef(method_name=method_name or "")
    for given, target in ((inputs, made.inputs), (outputs, made.outputs)):
        for key, info in (given or {}).items():
            target[key].CopyFrom(info)
    for key, value in (defaults or {}).items():
        from tf1x.core.graphdef import make_tensor_proto

        made.defaults[key].CopyFrom(make_tensor_proto(value))
    return made


def _infos(tensors: dict[str, Any], what: str) -> dict[str, Any]:
    if not tensors:
        raise ValueError(f"{what} cannot be None or empty.")
    return {key: build_tensor_info(_tensor(t)) for key, t in tensors.items()}


def _tensor(value: Any) -> Any:
    return value if isinstance(value, SparseTensor) else convert.to_tensor(value)


def predict_signature_def(inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    """The signature of a prediction from tensors by name.

    Raises:
        ValueError: no inputs or no outputs.
    """
    return build_signature_def(
        _infos(inputs, "Prediction inputs"),
        _infos(outputs, "Prediction outputs"),
        names.PREDICT_METHOD_NAME,
    )


def _strings(tensor: Any, what: str) -> Any:
    return _typed(tensor, dtypes.string, what)


def _typed(tensor: Any, dtype: dtypes.DType, what: str) -> Any:
    info = build_tensor_info(tensor)
    if info.dtype != dtype.as_datatype_enum:
        raise ValueError(f"{what} must be tensors of type {dtype.name}, not {tensor.dtype.name}.")
    return info


def regression_signature_def(examples: Any, predictions: Any) -> Any:
    """The signature of a regression: serialized examples in, float32 predictions out.

    Raises:
        ValueError: None, or tensors of other types.
    """
    if examples is None or predictions is None:
        raise ValueError("Regression `examples` and `predictions` cannot be None.")
    return build_signature_def(
        {names.REGRESS_INPUTS: _strings(_checked(examples, "examples"), "Regression input")},
        {names.REGRESS_OUTPUTS: _typed(convert.to_tensor(predictions), dtypes.float32, "Regression output")},
        names.REGRESS_METHOD_NAME,
    )  # fmt: skip


def _checked(tensor: Any, what: str) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"Expected `{what}` to be of type Tensor; got {type(tensor).__name__}.")
    return tensor


def classification_signature_def(examples: Any, classes: Any, scores: Any) -> Any:
    """The signature of a classification: serialized examples in, string classes and scores out.

    Raises:
        ValueError: neither classes nor scores, or tensors of other types.
    """
    if examples is None:
        raise ValueError("Classification `examples` cannot be None.")
    if classes is None and scores is None:
        raise ValueError("Classification `classes` and `scores` cannot both be None.")
    outputs = {}
    if classes is not None:
        outputs[names.CLASSIFY_OUTPUT_CLASSES] = _strings(convert.to_tensor(classes), "Classes")
    if scores is not None:
        scores = convert.to_tensor(scores)
        outputs[names.CLASSIFY_OUTPUT_SCORES] = _typed(scores, dtypes.float32, "Scores")
    inputs = {names.CLASSIFY_INPUTS: _strings(_checked(examples, "examples"), "Examples")}
    return build_signature_def(inputs, outputs, names.CLASSIFY_METHOD_NAME)


def is_valid_signature(signature_def: Any) -> bool:
    """Whether TensorFlow Serving can serve a signature."""
    kinds = {name: info.dtype for name, info in signature_def.inputs.items()}
    outputs = {name: info.dtype for name, info in signature_def.outputs.items()}
    method = signature_def.method_name
    if method == names.PREDICT_METHOD_NAME:
        return bool(kinds and outputs)
    strings, floats = dtypes.string.as_datatype_enum, dtypes.float32.as_datatype_enum
    if method == names.REGRESS_METHOD_NAME:
        return kinds == {names.REGRESS_INPUTS: strings} and outputs == {names.REGRESS_OUTPUTS: floats}  # fmt: skip
    allowed = {names.CLASSIFY_OUTPUT_CLASSES: strings, names.CLASSIFY_OUTPUT_SCORES: floats}
    return (
        method == names.CLASSIFY_METHOD_NAME
        and kinds == {names.CLASSIFY_INPUTS: strings}
        and bool(outputs)
        and all(allowed.get(name) == dtype for name, dtype in outputs.items())
    )
