"""`tf.Operation` and `tf.Tensor`: a node of a graph (graph.py) and what comes out of it.

What an op *does* is its `OpDef` (opdef.py); nothing here knows any op.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tf1x.core import scopes
from tf1x.core.dtypes import DType
from tf1x.core.shapes import TensorShape

if TYPE_CHECKING:
    from tf1x.core.graph import Graph
    from tf1x.core.opdef import OpDef

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_MAX_FRAMES = 12


class Frame(NamedTuple):
    """One line of the user's program that led to an op."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        import linecache

        code = linecache.getline(self.filename, self.lineno).strip()
        where = f'File "{self.filename}", line {self.lineno}, in {self.function}'
        return f"{where}\n    {code}" if code else where


def user_frames() -> tuple[Frame, ...]:
    """The caller's stack without tf1x's own frames, innermost first."""
    frames: list[Frame] = []
    frame = sys._getframe(1)
    while frame is not None and len(frames) < _MAX_FRAMES:  # type: ignore[redundant-expr]
        code = frame.f_code
        if not code.co_filename.startswith((_PACKAGE, "<frozen")):
            frames.append(Frame(code.co_filename, frame.f_lineno, code.co_name))
            if code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
                break  # the program; what lies below started it
        frame = frame.f_back  # type: ignore[assignment]
    return tuple(frames)


class Tensor:
    """One output of an operation (`tf.Tensor`): a handle, not a value.

    `session.run(tensor)` or `tensor.eval()` computes it. The arithmetic operators build new ops.

    Example:
        >>> t = tf.constant([[1.0, 2.0]]); t.name, t.dtype, t.shape
        ('Const:0', tf.float32, TensorShape([Dimension(1), Dimension(2)]))
    """

    # `__dict__`: programs hang attributes of their own on tensors, as TFLearn and Keras do.
    __slots__ = ("__dict__", "__weakref__", "_dtype", "_shape", "aliases", "op", "value_index")
    __array_priority__ = 100  # `ndarray + tensor` is the tensor's business

    def __init__(self, op: Operation, value_index: int, dtype: DType, shape: TensorShape) -> None:
        self.op = op
        self.value_index = value_index
        self._dtype = dtype
        self._shape = shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def graph(self) -> Graph:
        return self.op.graph

    @property
    def name(self) -> str:
        return f"{self.op.name}:{self.value_index}"

    @property
    def device(self) -> str:
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def get_shape(self) -> TensorShape:
        """The static shape: what is known of it before the graph runs."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Add to what is known of the static shape.

        Raises:
            ValueError: `shape` contradicts it.
        """
        self._shape = self._shape.merge_with(shape)

    def consumers(self) -> list[Operation]:
        """The ops that take this tensor as an input."""
        return list(self.graph._consumers_of(self))

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """`session.run(self, feed_dict)`, by default in the default session."""
        session = session or scopes.require_default_session("evaluate tensor using `eval()`")
        if self.graph is not session.graph:
            raise ValueError(
                "Cannot use the default session to evaluate tensor: the tensor's graph is "
                "different from the session's graph. Pass an explicit session to `eval(session=sess)`."
            )
        return session.run(self, feed_dict)

    def _as_node_def_input(self) -> str:
        return f"{self.op.name}:{self.value_index}" if self.value_index else self.op.name

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self._shape} dtype={self._dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self._shape.ndims is None else f", shape={self._shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self._dtype.name})'

    # `==` and `hash` are those of `object`: in TensorFlow 1, tensors compare by identity.

    def __bool__(self) -> bool:
        raise TypeError(
            "Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not None:` instead "
            "of `if t:` to test if a tensor is defined, and use TensorFlow ops such as tf.cond to "
            "execute subgraphs conditioned on the value of a tensor."
        )

    __nonzero__ = __bool__

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for symbolic tensors ({self.name}). Use `tf.shape`."
        )

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"Tensor objects are only iterable when eager execution is enabled ({self.name}). "
            "To iterate over this tensor use tf.map_fn, tf.unstack or tf.split."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array. Run it in a session."
        )

    @classmethod
    def _override_operator(cls, operator: str, function: Callable[..., Any]) -> None:
        """Give the class `__add__` and the like (done by ops/operators.py)."""
        setattr(cls, operator, function)


class Operation:
    """A node of the graph (`tf.Operation`).

    Attributes:
        name, type, graph, inputs, outputs, control_inputs: as in TensorFlow.
        attrs: attribute values as Python objects; `get_attr` gives them as TensorFlow would.
        traceback: the user's lines that created it, innermost first.
        forward: for a gradient node, the op that it differentiates; None once one of the two has
            been given other inputs.
    """

    __slots__ = (
        "__dict__", "__weakref__", "_forward", "_id", "attrs", "control_inputs", "device", "graph",
        "inputs", "name", "opdef", "outputs", "traceback", "type",
    )  # fmt: skip

    def __init__(
        self,
        graph: Graph,
        opdef: OpDef,
        name: str,
        inputs: tuple[Tensor, ...],
        attrs: dict[str, Any],
        control_inputs: list[Operation],
    ) -> None:
        self.graph = graph
        self.opdef = opdef
        self.type = opdef.type
        self.name = name
        self.inputs = inputs
        self.attrs = attrs
        self.control_inputs = control_inputs
        self.device = ""  # for functions that choose devices
        self.device = graph._device_for(self)
        self.traceback = user_frames()
        self._forward: Operation | None = None
        self.outputs: list[Tensor] = []
        self._id = len(graph._ops) + 1

    @property
    def forward(self) -> Operation | None:
        forward = self._forward
        if forward is None or self.inputs[: len(forward.inputs)] != forward.inputs:
            return None
        return forward

    @forward.setter
    def forward(self, op: Operation | None) -> None:
        self._forward = op

    # TensorFlow's private names, which programs that rewire graphs use.

    @property
    def _inputs(self) -> tuple[Tensor, ...]:
        return self.inputs

    @property
    def _outputs(self) -> list[Tensor]:
        return self.outputs

    @property
    def _control_inputs(self) -> list[Operation]:
        return self.control_inputs

    def _set_device(self, device: Any) -> None:
        self.device = merge_devices("", device)

    def get_attr(self, name: str) -> Any:
        """The attribute's value; strings as bytes, as TensorFlow gives them.

        Raises:
            ValueError: the op has no such attribute.
        """
        if name not in self.attrs:
            raise ValueError(f"Operation {self.name!r} has no attr named {name!r}.")
        value = self.attrs[name]
        return value.encode() if isinstance(value, str) else value

    def _set_attr(self, name: str, value: Any) -> None:
        self.attrs[name] = value

    @property
    def node_def(self) -> Any:
        """The op as a `NodeDef` proto."""
        return self.graph.node_def_of(self)

    @property
    def op_def(self) -> OpDef:
        return self.opdef

    def values(self) -> tuple[Tensor, ...]:
        return tuple(self.outputs)

    def colocation_groups(self) -> list[bytes]:
        groups = self.attrs.get("_class")
        return list(groups) if groups else [b"loc:@" + self.name.encode()]

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """`session.run(self, feed_dict)`, by default in the default session."""
        session = session or scopes.require_default_session("execute operation using `run()`")
        if self.graph is not session.graph:
            raise ValueError(
                "Cannot use the default session to execute operation: the operation's graph is "
                "different from the session's graph. Pass an explicit session to `run(session=sess)`."
            )
        session.run(self, feed_dict)

    def _add_control_input(self, op: Operation) -> None:
        if op not in self.control_inputs:
            self.control_inputs.append(op)
            self.graph._mutations += 1

    def _add_control_inputs(self, ops: Iterable[Operation]) -> None:
        for op in ops:
            self._add_control_input(op)

    def _remove_control_inputs(self, ops: Iterable[Operation]) -> None:
        gone = set(ops)
        self.control_inputs = [op for op in self.control_inputs if op not in gone]
        self.graph._mutations += 1

    def _update_input(self, index: int, tensor: Tensor) -> None:
        self.inputs = (*self.inputs[:index], tensor, *self.inputs[index + 1 :])
        self.graph._mutations += 1

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"

    def __str__(self) -> str:
        return f"name: {self.name!r} op: {self.type!r}"


def merge_devices(outer: str, inner: Any) -> str:
    """`inner` over `outer`, field by field ("/job:a/task:0" with "/gpu:1")."""
    if inner is None:
        return outer
    fields: dict[str, str] = {}
    for spec in (outer, str(inner)):
        for part in spec.split("/"):
            if not part:
                continue
            kind, _, rest = part.partition(":")
            if kind.lower() in ("cpu", "gpu", "tpu"):
                kind, rest = "device", f"{kind.upper()}:{rest or 0}"
            fields[kind] = rest
    return "".join(
        f"/{kind}:{fields[kind]}" for kind in ("job", "replica", "task", "device") if kind in fields
    )
