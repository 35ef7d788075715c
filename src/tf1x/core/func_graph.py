"""Functions: the branches and bodies of control flow, as graphs of their own.

While a branch is built, its `FuncGraph` is the default graph. An op in it that takes a tensor of
a surrounding graph captures it: the function gets one more argument (an `_Arg` op), and whoever
calls the function passes the tensor. Collections, seeds, devices and gradient overrides are those
of the surrounding graph, since in TensorFlow 1 a branch stands in the same graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import opdef, scopes
from tf1x.core.dtypes import DType
from tf1x.core.effect_order import EffectOrder
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape


class FuncAttr:
    """A function-valued attribute: an op type or a function of the library, with attributes."""

    __slots__ = ("attrs", "name")

    def __init__(self, name: str, attrs: dict[str, Any] | None = None) -> None:
        self.name = name
        self.attrs = attrs or {}

    def __repr__(self) -> str:
        return f"FuncAttr({self.name!r})"


def function_names(attrs: dict[str, Any]) -> list[str]:
    """The names of functions (or ops) among attributes, at any depth."""
    found: list[str] = []
    for value in attrs.values():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, FuncAttr):
                found += [item.name, *function_names(item.attrs)]
    return found


class FuncGraph(Graph):
    """A function: arguments, ops, outputs.

    Attributes:
        name: its name in the library of the outermost graph.
        outer: the graph that it was built in.
        args: the `_Arg` tensors, parameters first, then captures.
        outputs: tensors of this graph.
        captures: tensors of `outer` to the `_Arg` that stands for each.
        control_captures: ops of `outer` that the call has to wait for.
    """

    is_function = True
    # Whether random ops in it that have no seed of their own are counted from 0 (a dataset's).
    counts_seeds = False

    def __init__(self, name: str, outer: Graph, name_scope: str = "") -> None:
        super().__init__()
        self.name = name
        self.outer = outer
        self.args: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.captures: dict[Tensor, Tensor] = {}
        self.control_captures: dict[Operation, None] = {}
        self._bound: dict[Tensor, Tensor] = {}
        # In a function that Python calls, and in what it calls, effects keep their order.
        self.effects: EffectOrder | None = (
            EffectOrder() if getattr(outer, "effects", None) else None
        )
        self._name_stack = name_scope
        self._collections = outer._collections
        self._devices = list(outer._devices)
        self._containers = list(outer._containers)
        self._attr_scopes = list(outer._attr_scopes)
        self._gradient_overrides = outer._gradient_overrides
        self.seed = outer.seed
        self.python_functions = outer.python_functions

    @property
    def outermost(self) -> Graph:
        return self.outer.outermost

    @property
    def _last_id(self) -> int:
        return self.outer._last_id + len(self._ops)

    # -- arguments -----------------------------------------------------------------------------

    def parameter(self, dtype: DType, shape: TensorShape, bound: Tensor | None = None) -> Tensor:
        """A new argument.

        Args:
            bound: the outer tensor that is always passed for it; by it a reference or a handle
                is known as that of its variable.
        """
        index = len(self.args)
        definition = opdef.get("_Arg")
        attrs = {"T": dtype.base_dtype, "index": index}
        with self.control_dependencies(None):
            op = definition.node((), attrs, f"{self.name}_arg_{index}/", self, [shape])
        tensor = op.outputs[0]
        tensor._dtype = dtype
        self.args.append(tensor)
        if bound is not None:
            self.bind(tensor, bound)
        return tensor

    def bind(self, arg: Tensor, outer: Tensor) -> None:
        """Note that the call always passes `outer` for `arg`."""
        self._bound[arg] = outer

    def bound(self, arg: Tensor) -> Tensor | None:
        """The outer tensor that an argument stands for, or None."""
        return self._bound.get(arg)

    def capture(self, tensor: Tensor) -> Tensor:
        """The tensor of this graph that stands for a tensor of a surrounding graph.

        Raises:
            ValueError: the tensor belongs to no surrounding graph.
        """
        if tensor.op.graph is self:
            return tensor
        if tensor.op.graph is not self.outer:
            if not isinstance(self.outer, FuncGraph):
                raise ValueError(
                    f"{tensor} must be from the same graph as this op, or from one around it: it "
                    "was made in another graph, branch or loop body. Return it from there instead."
                )
            tensor = self.outer.capture(tensor)
        if tensor not in self.captures:
            self.captures[tensor] = self.parameter(tensor.dtype, tensor.shape, bound=tensor)
        return self.captures[tensor]

    # -- building ------------------------------------------------------------------------------

    def add_op(
        self,
        opdef: opdef.OpDef,
        inputs: tuple[Tensor, ...],
        dtypes: list[DType],
        attrs: dict[str, Any],
        name: str,
        shapes: list[TensorShape] | None = None,
    ) -> Operation:
        inputs = tuple([self.capture(t) for t in inputs])
        op = super().add_op(opdef, inputs, dtypes, attrs, name, shapes)
        if self.effects is not None:
            self.effects.note(op)
        return op

    def _control_op(self, item: Any) -> Operation | None:
        op = super()._control_op(item)
        if op is None or op.graph is self:
            return op
        outer: Any = op
        while outer.graph is not self.outer:  # noted by the function in whose graph it stands
            graph = self.outer
            while isinstance(graph, FuncGraph) and graph.outer is not outer.graph:
                graph = graph.outer
            if not isinstance(graph, FuncGraph):
                raise ValueError(f"{op} is not an element of this graph or one around it.")
            graph.control_captures[outer] = None
            return None
        self.control_captures[outer] = None
        return None

    def as_graph_element(
        self, item: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Tensor | Operation:
        try:
            return super().as_graph_element(item, allow_tensor, allow_operation)
        except (KeyError, ValueError) as error:
            try:
                return self.outer.as_graph_element(item, allow_tensor, allow_operation)
            except (KeyError, ValueError):
                raise error from None

    @contextmanager
    def building(self) -> Iterator[FuncGraph]:
        """Make this the default graph while the function's ops are created."""
        with self.as_default():
            yield self


def trace(
    function: Callable[..., Iterable[Tensor]],
    name: str,
    name_scope: str,
    parameters: Iterable[tuple[DType, TensorShape]] = (),
) -> FuncGraph:
    """The function that `function` builds when it is called with parameters of these types.

    Args:
        function: takes the parameters' tensors, returns the outputs (tensors of any graph).
        name: made unique in the outermost graph's library.
        name_scope: names of the ops inside start with it.
    """
    outer = scopes.get_default_graph()
    graph = FuncGraph(outer.outermost.unique_function_name(name), outer, name_scope)
    with graph.building():
        tensors = [graph.parameter(dtype, shape) for dtype, shape in parameters]
        outputs = function(*tensors)
        graph.outputs = [_value(graph, tensor) for tensor in outputs]
        if graph.effects is not None:
            graph.outputs = after_effects(graph, graph.outputs)
    outer.outermost.add_function(graph)
    return graph


def _value(graph: FuncGraph, tensor: Tensor) -> Tensor:
    """A tensor of the function; of a reference, the value."""
    if tensor.dtype._is_ref_dtype:
        value: Tensor = opdef.get("Identity").endpoint(tensor)
        return value
    return graph.capture(tensor)


def after_effects(graph: FuncGraph, outputs: list[Tensor]) -> list[Tensor]:
    """The outputs, available once all of the function's effects have happened."""
    assert graph.effects is not None
    pending = graph.effects.pending()
    if not pending:
        return outputs
    with graph.control_dependencies(pending):
        return [opdef.get("Identity").endpoint(t) for t in outputs]


def share_captures(functions: list[FuncGraph]) -> list[Tensor]:
    """Give all functions the same captures in the same order, after `parameters`; they are returned.

    So one list of inputs serves all branches of an `If`, and condition and body of a `While`.
    """
    union = list(dict.fromkeys(t for f in functions for t in f.captures))
    for function in functions:
        count = len(function.args) - len(function.captures)
        for tensor in union:
            function.capture(tensor)
        function.args = function.args[:count] + [function.captures[t] for t in union]
        for index, arg in enumerate(function.args):
            arg.op.attrs["index"] = index
    return union
