"""GraphDef protos from graphs and back (the messages come from the `tensorboard` package)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import dtypes, errors, opdef, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.func_graph import FuncAttr, FuncGraph, function_names
from tf1x.core.graph import Graph, Operation, Tensor
from tf1x.core.shapes import TensorShape

# versions.proto: the GraphDef version that TensorFlow 1.x writes; 2.21 reads it.
PRODUCER_VERSION = 27


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
    size = int(np.prod(shape, dtype=np.int64))
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
        named.update(zip(op.outputs, _output_names(op), strict=True))
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


def _output_names(op: Operation) -> list[str]:
    """An op's outputs as a function's nodes refer to them: node, argument, index."""
    names: list[str] = []
    parts = op.opdef.output_slices(op.attrs)
    for arg, part in zip(op.opdef.outputs, parts, strict=True):
        count = part.stop - part.start if isinstance(part, slice) else 1
        names += [f"{op.name}:{arg.name}:{i}" for i in range(count)]
    return names


class _Library:
    """The functions of a `GraphDef`, made anew for each node that calls them."""

    def __init__(self, protos: Any) -> None:
        self._protos = {p.signature.name: p for p in protos}

    def instantiate(
        self, graph: Graph, attrs: dict[str, Any], inputs: tuple[Tensor, ...]
    ) -> dict[str, Any]:
        """The attributes of a call with its functions made and their names put in."""
        return {key: self._replaced(graph, value, inputs) for key, value in attrs.items()}

    def _replaced(self, graph: Graph, value: Any, inputs: tuple[Tensor, ...]) -> Any:
        if isinstance(value, list):
            return [self._replaced(graph, item, inputs) for item in value]
        if not isinstance(value, FuncAttr) or value.name not in self._protos:
            return value
        return FuncAttr(self._made(graph, self._protos[value.name], inputs).name, value.attrs)

    def _made(self, graph: Graph, proto: Any, inputs: tuple[Tensor, ...]) -> FuncGraph:
        missing = sorted({n.op for n in proto.node_def if not opdef.is_registered(n.op)})
        if missing:
            raise errors.UnsupportedError(
                f"The function {proto.signature.name!r} has ops that tf1x does not have: "
                f"{', '.join(missing)}."
            )
        outermost, name = graph.outermost, proto.signature.name
        if name in outermost._functions:
            name = outermost.unique_function_name(name)
        function = FuncGraph(name, graph)
        outermost.add_function(function)
        passed = inputs[len(inputs) - len(proto.signature.input_arg) :]
        made: dict[str, Tensor] = {}
        with function.building():
            for arg, given in zip(proto.signature.input_arg, passed, strict=True):
                is_handle = given.dtype is dtypes.resource or given.dtype._is_ref_dtype
                made[arg.name] = function.parameter(
                    as_dtype(arg.type), TensorShape.of(None), bound=given if is_handle else None
                )
            ops: dict[str, Operation] = {}
            for node in _function_order(proto):
                ops[node.name] = self._node(function, node, made, ops)
            function.outputs = [made[proto.ret[out.name]] for out in proto.signature.output_arg]
        return function

    def _node(
        self, function: FuncGraph, node: Any, made: dict[str, Tensor], ops: dict[str, Operation]
    ) -> Operation:
        definition = opdef.get(node.op)
        inputs = tuple(made[item] for item in node.input if not item.startswith("^"))
        attrs = {key: attr_from_proto(value) for key, value in node.attr.items()}
        attrs = self.instantiate(function, _checked_attrs(definition, node.name, attrs), inputs)
        op = definition.node(inputs, attrs, f"{node.name}/", graph=function)
        op._add_control_inputs([ops[c[1:]] for c in node.input if c.startswith("^") and c[1:] in ops])  # fmt: skip
        made.update(zip(_output_names(op), op.outputs, strict=True))
        return op


def _function_order(proto: Any) -> list[Any]:
    """The nodes of a function after their inputs."""
    nodes = {node.name: node for node in proto.node_def}
    order: dict[str, Any] = {}

    def visit(node: Any) -> None:
        stack = [(node, iter(node.input))]
        seen = {node.name}
        while stack:
            current, inputs = stack[-1]
            for item in inputs:
                source = item.lstrip("^").partition(":")[0]
                if source in nodes and source not in order and source not in seen:
                    seen.add(source)
                    stack.append((nodes[source], iter(nodes[source].input)))
                    break
            else:
                order[current.name] = current
                stack.pop()

    for node in proto.node_def:
        if node.name not in order:
            visit(node)
    return list(order.values())


def import_graph_def(
    graph_def: Any,
    input_map: dict[str, Any] | None = None,
    return_elements: list[str] | None = None,
    name: str | None = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:
    """Add the nodes of a `GraphDef` to the default graph (`tf.import_graph_def`).

    Args:
        graph_def: the proto.
        input_map: names of tensors of `graph_def` to tensors of the graph that replace them.
        return_elements: names of the ops and tensors to return.
        name: prefix of the new names; "import" by default, "" for none.

    Raises:
        UnsupportedError: ops that tf1x does not have; the message names every one.
        ValueError: an input that is not in `graph_def`, or unknown attributes.
    """
    missing = sorted({n.op for n in graph_def.node if not opdef.is_registered(n.op)})
    if missing:
        raise errors.UnsupportedError(
            f"The graph has ops that tf1x does not have: {', '.join(missing)}."
        )
    graph = scopes.get_default_graph()
    mapped = {_tensor_name(key): value for key, value in (input_map or {}).items()}
    prefix = "import" if name is None else name
    made: dict[str, Operation] = {}
    library = _Library(graph_def.library.function)
    with graph.name_scope(prefix or None) as scope:
        if not prefix:
            scope = f"{graph.get_name_scope()}/" if graph.get_name_scope() else ""
        for node in _in_order(graph_def):
            made[node.name] = _import_node(graph, node, made, mapped, scope, library)
    unused = sorted(key for key in mapped if key not in _used(graph_def))
    if unused:
        raise ValueError(
            f"Attempted to map inputs that were not found in graph_def: [{', '.join(unused)}]"
        )
    if return_elements is None:
        return None
    return [_element(made, item) for item in return_elements]


def _tensor_name(name: str) -> str:
    return name if ":" in name or name.startswith("^") else f"{name}:0"


def _used(graph_def: Any) -> set[str]:
    names = {_tensor_name(item) for node in graph_def.node for item in node.input}
    return names | {f"{node.name}:0" for node in graph_def.node}


def _element(made: dict[str, Operation], name: str) -> Any:
    op_name, colon, index = name.partition(":")
    if op_name not in made:
        raise ValueError(f"Requested return_element {name!r} not found in graph_def.")
    return made[op_name].outputs[int(index)] if colon else made[op_name]


def _in_order(graph_def: Any) -> list[Any]:
    """Nodes after their inputs.

    Raises:
        ValueError: an input does not exist, or the graph has a cycle.
    """
    nodes = {node.name: node for node in graph_def.node}
    done: dict[str, bool] = {}
    order: list[Any] = []
    for root in graph_def.node:
        stack = [(root, iter(root.input))] if root.name not in done else []
        if stack:
            done[root.name] = False
        while stack:
            node, inputs = stack[-1]
            for item in inputs:
                source = item.lstrip("^").partition(":")[0]
                if source not in nodes:
                    raise ValueError(f"Node {node.name!r}: Unknown input node {item!r}")
                if source not in done:
                    done[source] = False
                    stack.append((nodes[source], iter(nodes[source].input)))
                    break
                if not done[source]:
                    raise ValueError(
                        f"Node {node.name!r}: the graph has a cycle through {source!r}."
                    )
            else:
                done[node.name] = True
                order.append(node)
                stack.pop()
    return order


def _import_node(
    graph: Graph,
    node: Any,
    made: dict[str, Operation],
    mapped: dict[str, Any],
    scope: str,
    library: _Library,
) -> Operation:
    definition = opdef.get(node.op)
    inputs: list[Tensor] = []
    controls: list[Operation] = []
    for item in node.input:
        if item.startswith("^"):
            controls.append(made[item[1:]])
            continue
        key = _tensor_name(item)
        op_name, _, index = key.partition(":")
        inputs.append(mapped[key] if key in mapped else made[op_name].outputs[int(index)])
    attrs = {key: attr_from_proto(value) for key, value in node.attr.items()}
    attrs = _checked_attrs(definition, node.name, attrs)
    attrs = library.instantiate(graph, attrs, tuple(inputs))
    op = definition.node(tuple(inputs), attrs, f"{scope}{node.name}/", graph=graph)
    op._add_control_inputs(controls)
    op.device = node.device
    return op


def _checked_attrs(definition: opdef.OpDef, name: str, attrs: dict[str, Any]) -> dict[str, Any]:
    args = (*definition.inputs, *definition.outputs)
    known = {a.type_attr for a in args} | {a.number_attr for a in args} | set(definition.attrs)
    unknown = sorted(key for key in attrs if key not in known and not key.startswith("_"))
    if unknown:
        raise ValueError(
            f"Node {name!r} ({definition.type}) has attributes that tf1x does not know: {', '.join(unknown)}."
        )
    for attr in definition.attrs.values():
        if attr.name in attrs:
            attrs[attr.name] = opdef.check_attr(definition.type, attr, attrs[attr.name])
        elif attr.required:
            raise ValueError(
                f"Node {name!r} ({definition.type}) lacks the attribute {attr.name!r}."
            )
        else:
            attrs[attr.name] = attr.default
    return attrs
