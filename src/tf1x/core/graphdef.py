"""GraphDef protos from graphs and back (the messages come from the `tensorboard` package)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tf1x.core import dtypes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.func_graph import FuncAttr, FuncGraph, function_names
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape

# versions.proto: the GraphDef version that TensorFlow 1.x writes; 2.21 reads it.
PRODUCER_VERSION = 27
_MOST_BYTES = 1 << 31  # of a message, and so of a tensor in one


# -- tensors -----------------------------------------------------------------------------------


def make_tensor_proto(
    values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False
) -> Any:
    """A `TensorProto` of `values` (`tf.make_tensor_proto`)."""
    from tensorboard.compat.proto import tensor_pb2

    from tf1x.core.convert import to_array

    array = to_array(values, dtype, shape)
    kind = as_dtype(dtype) if dtype is not None else as_dtype(array.dtype)
    proto = tensor_pb2.TensorProto(
        dtype=kind.base_dtype.as_datatype_enum, tensor_shape=TensorShape(array.shape).as_proto()
    )
    if kind.base_dtype is dtypes.string:
        proto.string_val.extend(array.reshape(-1).tolist())
    else:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
    return proto


_VALUE_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "uint8": "int_val",
    "int16": "int_val", "int8": "int_val", "uint16": "int_val", "int64": "int64_val",
    "bool": "bool_val", "uint32": "uint32_val", "uint64": "uint64_val", "qint8": "int_val",
    "quint8": "int_val", "qint32": "int_val",
}  # fmt: skip


def make_ndarray(proto: Any) -> np.ndarray[Any, Any]:
    """The array in a `TensorProto` (`tf.make_ndarray`).

    Raises:
        TypeError: a type that arrays cannot hold.
        ValueError: the content does not fill the shape.
    """
    kind = as_dtype(proto.dtype)
    shape = tuple(int(d.size) for d in proto.tensor_shape.dim)
    size = math.prod(shape)
    if min(shape, default=0) < 0 or size * kind.size > _MOST_BYTES:
        raise ValueError(f"A TensorProto has the shape {shape}, which no array has.")
    if kind is dtypes.string:
        values = np.empty(len(proto.string_val), object)
        values[:] = list(proto.string_val)
        return _fill(values, size).reshape(shape)
    if proto.tensor_content:
        flat = np.frombuffer(proto.tensor_content, kind.numpy_dtype)
        if flat.size != size:
            raise ValueError(f"A TensorProto of shape {shape} holds {flat.size} values.")
        return flat.copy().reshape(shape)
    if kind in (dtypes.float16, dtypes.bfloat16):
        flat = np.array(proto.half_val, np.uint16).view(kind.numpy_dtype)
    elif kind is dtypes.complex64:
        flat = np.array(proto.scomplex_val, np.float32).view(np.complex64)
    elif kind is dtypes.complex128:
        flat = np.array(proto.dcomplex_val, np.float64).view(np.complex128)
    elif kind.name in _VALUE_FIELDS:
        flat = np.array(getattr(proto, _VALUE_FIELDS[kind.name]), kind.numpy_dtype)
    else:
        raise TypeError(f"A TensorProto of type {kind.name} has no array form.")
    return _fill(flat, size).reshape(shape)


def _fill(flat: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """Protos leave out repetitions of the last value (of zero, where there is none at all)."""
    if flat.size >= size:
        return flat[:size]
    last = flat[-1] if flat.size else (b"" if flat.dtype == object else flat.dtype.type(0))
    if flat.size <= 1 and flat.dtype != object and size > 1 << 20:
        return np.broadcast_to(np.asarray(last, flat.dtype), (size,))  # takes no memory
    filled = np.empty(size, flat.dtype)
    filled[: flat.size] = flat
    filled[flat.size :] = last
    return filled


# -- attributes --------------------------------------------------------------------------------


def attr_to_proto(value: Any) -> Any:
    """An `AttrValue` of a Python value."""
    from tensorboard.compat.proto import attr_value_pb2

    proto = attr_value_pb2.AttrValue()
    if isinstance(value, bool):
        proto.b = value
    elif isinstance(value, (int, np.integer)):
        proto.i = int(value)
    elif isinstance(value, (float, np.floating)):
        proto.f = float(value)
    elif isinstance(value, (str, bytes)):
        proto.s = value.encode() if isinstance(value, str) else value
    elif isinstance(value, DType):
        proto.type = value.as_datatype_enum
    elif isinstance(value, TensorShape):
        proto.shape.CopyFrom(value.as_proto())
    elif isinstance(value, np.ndarray):
        proto.tensor.CopyFrom(make_tensor_proto(value))
    elif isinstance(value, FuncAttr):
        proto.func.CopyFrom(_func_to_proto(value))
    elif isinstance(value, (list, tuple)):
        _list_to_proto(value, proto.list)
    else:
        raise TypeError(f"{value!r} has no attribute form.")
    return proto


def _func_to_proto(value: FuncAttr) -> Any:
    from tensorboard.compat.proto import attr_value_pb2

    proto = attr_value_pb2.NameAttrList(name=value.name)
    for key, item in value.attrs.items():
        if item is not None:
            proto.attr[key].CopyFrom(attr_to_proto(item))
    return proto


def _list_to_proto(values: Any, proto: Any) -> None:
    proto.SetInParent()
    for value in values:
        if isinstance(value, bool):
            proto.b.append(value)
        elif isinstance(value, (int, np.integer)):
            proto.i.append(int(value))
        elif isinstance(value, float):
            proto.f.append(value)
        elif isinstance(value, (str, bytes)):
            proto.s.append(value.encode() if isinstance(value, str) else value)
        elif isinstance(value, DType):
            proto.type.append(value.as_datatype_enum)
        elif isinstance(value, TensorShape):
            proto.shape.add().CopyFrom(value.as_proto())
        elif isinstance(value, np.ndarray):
            proto.tensor.add().CopyFrom(make_tensor_proto(value))
        elif isinstance(value, FuncAttr):
            proto.func.add().CopyFrom(_func_to_proto(value))
        else:
            raise TypeError(f"{value!r} has no attribute form.")


def attr_from_proto(proto: Any) -> Any:
    """The Python value of an `AttrValue`."""
    kind = proto.WhichOneof("value")
    if kind in ("b", "i", "f", "s"):
        return getattr(proto, kind)
    if kind == "type":
        return as_dtype(proto.type)
    if kind == "shape":
        return TensorShape(proto.shape)
    if kind == "tensor":
        return make_ndarray(proto.tensor)
    if kind == "func":
        return _func_from_proto(proto.func)
    if kind == "list":
        return _list_from_proto(proto.list)
    return None


def _func_from_proto(proto: Any) -> FuncAttr:
    return FuncAttr(proto.name, {key: attr_from_proto(item) for key, item in proto.attr.items()})


def _list_from_proto(proto: Any) -> list[Any]:
    for name in ("s", "i", "f", "b"):
        if getattr(proto, name):
            return list(getattr(proto, name))
    if proto.type:
        return [as_dtype(item) for item in proto.type]
    if proto.shape:
        return [TensorShape(item) for item in proto.shape]
    if proto.tensor:
        return [make_ndarray(item) for item in proto.tensor]
    return [_func_from_proto(item) for item in proto.func]


# -- nodes and graphs --------------------------------------------------------------------------


def node_to_proto(op: Operation) -> Any:
    """The op as a `NodeDef`."""
    from tensorboard.compat.proto import node_def_pb2

    node = node_def_pb2.NodeDef(name=op.name, op=op.type, device=op.device)
    node.input.extend(t._as_node_def_input() for t in op.inputs)
    node.input.extend(f"^{c.name}" for c in op.control_inputs)
    for key, value in op.attrs.items():
        if value is not None:
            node.attr[key].CopyFrom(attr_to_proto(value))
    return node


def graph_to_proto(graph: Graph, from_version: int | None = None, add_shapes: bool = False) -> Any:
    """The graph as a `GraphDef`, in the order in which its ops were created."""
    from tensorboard.compat.proto import attr_value_pb2, graph_pb2

    proto = graph_pb2.GraphDef()
    proto.versions.producer = PRODUCER_VERSION
    for op in graph.get_operations()[from_version or 0 :]:
        node = proto.node.add()
        node.CopyFrom(node_to_proto(op))
        if add_shapes:
            shapes = attr_value_pb2.AttrValue()
            _list_to_proto([t.shape for t in op.outputs], shapes.list)
            node.attr["_output_shapes"].CopyFrom(shapes)
    for function in _called(graph, graph.get_operations()[from_version or 0 :]):
        proto.library.function.add().CopyFrom(function_to_proto(function))
    return proto


# -- functions ---------------------------------------------------------------------------------


def _called(graph: Graph, ops: Any) -> list[FuncGraph]:
    """The functions that the ops call, and those that these call, by name."""
    found: dict[str, FuncGraph] = {}
    stack = [ops]
    while stack:
        for op in stack.pop(0):
            for name in function_names(op.attrs):
                if name not in found and name in graph.outermost._functions:
                    found[name] = graph.function(name)
                    stack.append(found[name].get_operations())
    return [found[name] for name in sorted(found)]


def function_to_proto(function: FuncGraph) -> Any:
    """A function as a `FunctionDef`."""
    from tensorboard.compat.proto import function_pb2

    proto = function_pb2.FunctionDef()
    signature = proto.signature
    signature.name = function.name
    named: dict[Tensor, str] = {}
    for i, arg in enumerate(function.args):
        signature.input_arg.add(name=f"arg{i}", type=arg.dtype.as_datatype_enum)
        named[arg] = f"arg{i}"
    ops = [op for op in function.get_operations() if op.type != "_Arg"]
    signature.is_stateful = any(op.opdef.stateful or op.opdef.writes for op in ops)
    for op in ops:
        named.update(zip(op.outputs, output_names(op), strict=True))
    for op in ops:
        node = proto.node_def.add()
        node.CopyFrom(node_to_proto(op))
        node.input[:] = [named[t] for t in op.inputs] + [
            f"^{c.name}" for c in op.control_inputs if c.type != "_Arg"
        ]
    for i, tensor in enumerate(function.outputs):
        signature.output_arg.add(name=f"out{i}", type=tensor.dtype.as_datatype_enum)
        proto.ret[f"out{i}"] = named[tensor]
    return proto


def output_names(op: Operation) -> list[str]:
    """An op's outputs as a function's nodes refer to them: node, argument, index."""
    names: list[str] = []
    parts = op.opdef.output_slices(op.attrs)
    for arg, part in zip(op.opdef.outputs, parts, strict=True):
        count = part.stop - part.start if isinstance(part, slice) else 1
        names += [f"{op.name}:{arg.name}:{i}" for i in range(count)]
    return names
