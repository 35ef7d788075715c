"""Builds the graph of a case in tf1x, and runs it in tf1x and in TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, Const, Var
from tf1x.core import opdef
from tf1x.core.convert import to_array
from tf1x.core.operation import Tensor
from tf1x.ops import array, state
from tf1x.runtime.session import Session


@dataclass
class Built:
    """The graph of a case.

    Attributes:
        feeds: placeholder to value.
        outputs: the op's outputs, then the values of its variables after it.
        init: ops that give the variables their values.
        floats: the placeholders that gradients are taken for.
    """

    graph: Any
    feeds: dict[Tensor, Any] = field(default_factory=dict)
    outputs: list[Tensor] = field(default_factory=list)
    op: Any = None
    init: list[Any] = field(default_factory=list)
    floats: list[Tensor] = field(default_factory=list)

    @property
    def named_feeds(self) -> dict[str, Any]:
        return {t.name: v for t, v in self.feeds.items()}

    def run(self, runs: int = 1) -> list[list[np.ndarray]]:
        with Session(graph=self.graph) as session:
            session.run(self.init)
            return [session.run([self.op, *self.outputs], self.feeds)[1:] for _ in range(runs)]


def as_type(value: Any, dtype: str) -> Any:
    """Float arrays in the type under test; everything else as it is."""
    if isinstance(value, (list, tuple)):
        return [as_type(v, dtype) for v in value]
    if isinstance(value, Var):
        return Var(as_type(value.value, dtype), value.resource)
    if isinstance(value, Const):
        return Const(as_type(to_array(value.value), dtype))  # Python ints are int32
    result = np.asarray(value)
    if result.dtype == np.float32:
        return result.astype(dtype)
    if result.dtype == np.complex64 and dtype == "float64":
        return result.astype(np.complex128)
    return result


def attributes(case: Case, dtype: str) -> dict[str, Any]:
    """The case's attributes, with float32 among them in the type under test."""
    return {k: dtype if isinstance(v, str) and v == "float32" else v for k, v in case.attrs.items()}


def build(case: Case, dtype: str, unknown_shapes: bool = False) -> Built:
    """The case's graph; `unknown_shapes` leaves the placeholders' dimensions open."""
    built = Built(tf.Graph())
    variables: list[tuple[Any, Var]] = []

    def make(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [make(v) for v in value]
        if isinstance(value, Const):
            return tf.constant(value.value)
        if isinstance(value, Var):
            made = _variable(value, built)
            variables.append((made, value))
            return made
        shape = [None] * value.ndim if unknown_shapes else value.shape
        tensor = array.placeholder(tf.as_dtype(value.dtype), shape)
        built.feeds[tensor] = value
        if value.dtype.kind in "fc":
            built.floats.append(tensor)
        return tensor

    with built.graph.as_default():
        inputs = [make(as_type(v, dtype)) for v in case.inputs]
        _call(case, dtype, inputs, built)
        with built.graph.control_dependencies([built.op]):
            built.outputs += [_read(made, var) for made, var in variables]
    return built


def _call(case: Case, dtype: str, inputs: list[Any], built: Built) -> None:
    """Build what the case is about."""
    definition = opdef.get(case.op)
    if case.program is not None:
        result = case.program(*inputs, **attributes(case, dtype))
        built.outputs = list(result) if isinstance(result, (list, tuple)) else [result]
        built.op = built.outputs[0].op
        library = built.graph._functions.values()
        ops = [op for graph in (built.graph, *library) for op in graph.get_operations()]
        assert case.op in {op.type for op in ops}
        return
    result = definition.endpoint(*inputs, **attributes(case, dtype), name="tested")
    built.op = built.graph.get_operation_by_name("tested") if definition.outputs else result
    built.outputs = [t for t in built.op.outputs if not t.dtype._is_ref_dtype]


class Computed:
    """A case's graph and its values in tf1x, made once for all properties that look at them."""

    _cache: dict[tuple[int, str], Computed] = {}

    def __init__(self, case: Case, dtype: str) -> None:
        self.built = build(case, dtype)
        self.values = self.built.run(case.runs)

    @classmethod
    def of(cls, case: Case, dtype: str) -> Computed:
        key = id(case), dtype
        if key not in cls._cache:
            cls._cache[key] = cls(case, dtype)
        return cls._cache[key]


def _variable(var: Var, built: Built) -> Any:
    value = np.asarray(var.value)
    dtype = tf.as_dtype(value.dtype)
    if var.resource:
        # TensorFlow takes all handles without a shared name for one variable.
        name = f"variable_{len(built.init)}"
        handle = state.VarHandleOp(shape=value.shape, dtype=dtype, shared_name=name)
        built.init.append(state.AssignVariableOp(handle, tf.constant(value)))
        return handle
    ref = state.VariableV2(shape=value.shape, dtype=dtype)
    built.init.append(state.Assign(ref, value).op)
    return ref


def _read(made: Any, var: Var) -> Any:
    if var.resource:
        return state.ReadVariableOp(made, dtype=tf.as_dtype(np.asarray(var.value).dtype))
    return array.Identity(made)


def run_in_tensorflow(built: Built, runs: int = 1) -> list[list[np.ndarray]]:
    """The same GraphDef executed by TensorFlow."""
    from tests.oracle import tf1

    graph = tf1.Graph()
    with graph.as_default():
        tf1.import_graph_def(_converted(built.graph.as_graph_def()), name="")
        with tf1.Session(graph=graph) as session:
            session.run([op.name for op in built.init])
            names = [t.name for t in built.outputs]
            return [
                session.run([built.op.name, *names], built.named_feeds)[1:] for _ in range(runs)
            ]


def gradients_in_tensorflow(built: Built, ys: list[Any], grads: list[Any]) -> list[Any]:
    """TensorFlow's own gradients on the same GraphDef; None where it has none."""
    from tests.oracle import tf1

    graph = tf1.Graph()
    with graph.as_default():
        tf1.import_graph_def(_converted(built.graph.as_graph_def()), name="")
        xs = [graph.get_tensor_by_name(t.name) for t in built.floats]
        found = tf1.gradients([graph.get_tensor_by_name(y.name) for y in ys], xs, list(grads))
        dense = [None if g is None else tf1.convert_to_tensor(g) for g in found]
        with tf1.Session(graph=graph) as session:
            session.run([op.name for op in built.init])
            return _run_present(session, dense, built.named_feeds)


def gradients_in_tf1x(built: Built, ys: list[Any], grads: list[Any]) -> list[Any]:
    with built.graph.as_default():
        found = tf.gradients(ys, built.floats, list(grads))
        dense = [None if g is None else tf.convert_to_tensor(g) for g in found]
    with Session(graph=built.graph) as session:
        session.run(built.init)
        return _run_present(session, dense, built.feeds)


def _run_present(session: Any, tensors: list[Any], feeds: Any) -> list[Any]:
    values = iter(session.run([t for t in tensors if t is not None], feeds))
    return [None if t is None else next(values) for t in tensors]


def _converted(graph_def: Any) -> Any:
    """The proto as TensorFlow's own class: the messages are the same, the Python classes differ."""
    from tests.oracle import tf1

    return tf1.GraphDef.FromString(graph_def.SerializeToString())
