"""A user's function of an element, as a function of the graph."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tf1x.core import opdef, scopes
from tf1x.core.dtypes import bool_, resource, variant
from tf1x.core.func_graph import FuncAttr, FuncGraph
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.data import structure
from tf1x.lib.data.structure import DatasetSpec, Spec


class DatasetFunction(FuncGraph):
    """A function that a dataset calls. Its random ops are numbered from 0, as TensorFlow does."""

    counts_seeds = True

    @property
    def _last_id(self) -> int:
        return len(self._ops)


class Traced:
    """The function that calling `function` with elements of a dataset builds.

    Python's control flow on tensors becomes ops (`tf.autograph`), as in TensorFlow 1.15.

    Attributes:
        spec: of the result.
        captures: tensors of the graph around that it uses.
    """

    def __init__(
        self, function: Callable[..., Any], spec: Any, transformation: str, unpack: bool = True
    ) -> None:
        from tf1x.lib.autograph import called, converted

        name = getattr(function, "__name__", None) or type(function).__name__
        name = re.sub(r"[^A-Za-z0-9_]", "", name) or "function"
        outer = scopes.get_default_graph()
        label = outer.outermost.unique_function_name(f"{transformation}_{name}")
        self.graph = graph = DatasetFunction(label, outer)
        with graph.building():
            flat = [graph.parameter(t, s) for t, s in _parameters(spec)]
            element = structure.from_tensors(spec, flat)
            arguments = element if unpack and type(element) is tuple else (element,)
            result = called(converted(function, warns=False), arguments, {})
            if isinstance(result, list):
                result = tuple(result)
            self.result = structure.converted(result)
            self.spec = structure.spec_of(self.result)
            graph.outputs = _waiting(graph, structure.to_tensors(self.spec, self.result))
        outer.outermost.add_function(graph)

    @property
    def attr(self) -> FuncAttr:
        """The function as an attribute."""
        return FuncAttr(self.graph.name)

    @property
    def captures(self) -> list[Tensor]:
        return list(self.graph.captures)

    def waited_for(self) -> Any:
        """A scope whose ops wait for what the function's ops shall wait for."""
        return scopes.control_dependencies(list(self.graph.control_captures))


def _parameters(spec: Any) -> list[Any]:
    return [leaf.flat for leaf in structure.flatten(spec)]


def _waiting(graph: FuncGraph, outputs: list[Tensor]) -> list[Tensor]:
    """The outputs, once all ops with effects (printing, assertions, Python functions) have run."""
    outputs = [graph.capture(t) for t in outputs]
    effects = [op for op in graph.get_operations() if _has_effect(op)]
    needed = _needed(graph, outputs)
    missed = [op for op in effects if op not in needed]
    if not missed:
        return outputs
    identity = opdef.get("Identity").endpoint
    with scopes.control_dependencies(missed):
        return [identity(t) for t in outputs]


def _has_effect(op: Operation) -> bool:
    definition = op.opdef
    if not (definition.stateful or definition.writes) or "counter" in definition.injected:
        return False
    return not any(t.dtype in (variant, resource) for t in op.outputs)


def _needed(graph: Graph, outputs: list[Tensor]) -> set[Operation]:
    stack = [t.op for t in outputs]
    found: set[Operation] = set()
    while stack:
        op = stack.pop()
        if op not in found and op.graph is graph:
            found.add(op)
            stack += [t.op for t in op.inputs] + op.control_inputs
    return found


# -- functions of a certain kind ------------------------------------------------------------------


def dataset_spec(function: Traced) -> Any:
    if not isinstance(function.spec, DatasetSpec):
        raise TypeError("`map_func` must return a `Dataset` object.")
    return function.spec.element


def traced_predicate(predicate: Callable[..., Any], spec: Any, name: str) -> Traced:
    function = Traced(predicate, spec, name)
    result = function.spec
    if type(result) is not Spec or result.dtype is not bool_ or result.shape.ndims not in (0, None):
        raise ValueError(f"`predicate` must return a scalar boolean tensor, but it returns {result!r}.")  # fmt: skip
    return function


def traced_with_state(
    trace: Callable[[Any], Traced],
    spec: Any,
    state_of: Callable[[Any], Any] = lambda result: result[0],
) -> tuple[Traced, Any]:
    """A traced function of a state, and what is known of the state in all steps.

    Raises:
        TypeError: the new state is of another type.
    """
    while True:
        function = trace(spec)
        found = state_of(function.spec)
        for have, want in zip(structure.flatten(found), structure.flatten(spec), strict=True):
            if have.dtype is not want.dtype:
                raise TypeError(
                    f"The element types for the new state must match the initial state. Expected "
                    f"{structure.types_of(spec)}; got {structure.types_of(found)}."
                )
        common = structure.map_leaves(Spec.common, spec, found)
        if structure.flat_shapes(common) == structure.flat_shapes(spec):
            return function, spec
        spec = common


# -- the pipeline as a function without arguments ------------------------------------------------


def by_value(tensor: Tensor, name: str) -> FuncGraph:
    """A function that computes `tensor` from copies of all ops that it needs.

    Raises:
        ValueError: it depends on a placeholder, a variable or another op with state.
    """
    outer = tensor.graph
    graph = FuncGraph(outer.outermost.unique_function_name(name), outer)
    needed = sorted(_needed(outer, [tensor]), key=lambda op: op._id)
    copies: dict[Tensor, Tensor] = {}
    made: dict[Operation, Operation] = {}
    with graph.building():
        for op in needed:
            _check_copyable(op)
            with graph.control_dependencies([made[c] for c in op.control_inputs if c in made]):
                copy = graph.add_op(
                    op.opdef,
                    tuple(copies[t] for t in op.inputs),
                    [t.dtype for t in op.outputs],
                    {k: v for k, v in op.attrs.items() if k != "_class"},
                    f"{op.name}/",
                    [t.shape for t in op.outputs],
                )
            made[op] = copy
            copies.update(zip(op.outputs, copy.outputs, strict=True))
        graph.outputs = [copies[tensor]]
    outer.outermost.add_function(graph)
    return graph


def _check_copyable(op: Operation) -> None:
    if op.type.startswith("Placeholder") and op.type != "PlaceholderWithDefault":
        raise ValueError(
            f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value. "
            "Use make_initializable_iterator() and feed it when the initializer runs."
        )
    held = any(t.dtype is resource or t.dtype._is_ref_dtype for t in op.outputs)
    if held or (_has_effect(op) and op.type not in ("Assert", "PyFunc")):
        raise ValueError(
            f"Cannot capture a stateful node (name:{op.name}, type:{op.type}) by value. "
            "Use make_initializable_iterator() instead."
        )
