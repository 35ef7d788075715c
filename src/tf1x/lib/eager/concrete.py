"""A traced function for certain types of arguments: running it, and its derivative.

Executed eagerly, a function is planned and compiled as a session's run is. Under a tape it also
hands out those of its intermediate results that the way back needs; the way back is a function of
these, traced once.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.core import convert, opdef, recording, scopes
from tf1x.core.errors import UnsupportedError
from tf1x.core.func_graph import FuncGraph, after_effects
from tf1x.core.function_calls import call_node
from tf1x.core.graph import Graph
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.lib import gradients as walk
from tf1x.lib.eager.tape import Call
from tf1x.ops import composite
from tf1x.runtime import eager
from tf1x.runtime.eager_tensor import EagerTensor
from tf1x.runtime.execute import FunctionRunner

_numbers = itertools.count()  # a function may be traced while another one is


class FunctionGraph(FuncGraph):
    """The graph of a function that Python calls. Its random ops are counted from 0."""

    counts_seeds = True

    def __init__(self, name: str, outer: Graph) -> None:
        from tf1x.core.effect_order import EffectOrder

        super().__init__(f"{name}_{next(_numbers)}", outer)
        self.effects = EffectOrder()


class Accessed:
    """Notes which variables are read."""

    def __init__(self) -> None:
        self.variables: dict[int, Any] = {}

    def note(self, op: Any) -> None:
        pass

    def wants(self, graph: Any, inputs: Iterable[Tensor]) -> bool:
        return False

    def accessed(self, variable: Any) -> None:
        self.variables.setdefault(id(variable), variable)


def built(
    graph: FuncGraph, build: Callable[..., list[Tensor]], parameters: Iterable[tuple[Any, Any]]
) -> list[Any]:
    """Build a function in `graph`; returns the variables that it reads."""
    watcher = Accessed()
    with recording.paused(), graph.building():
        recording.push(watcher)
        outputs = build(*[graph.parameter(dtype, shape) for dtype, shape in parameters])
        if not outputs and graph.effects is not None and graph.effects.pending():
            outputs = [convert.constant(True)]  # something to wait for
        outputs = [graph.capture(t) for t in outputs]
        graph.outputs = after_effects(graph, outputs) if graph.effects is not None else outputs
    graph.outer.outermost.add_function(graph)
    return list(watcher.variables.values())


class Concrete:
    """A function on tensors.

    Args:
        graph: with its arguments and outputs.
        variables: those that it reads.
        captured: what is passed for the arguments after the parameters; by default what the graph
            captured.
        saved: further tensors of the graph that a call gives after the outputs.
    """

    def __init__(
        self,
        graph: FuncGraph,
        variables: list[Any],
        captured: list[Tensor] | None = None,
    ) -> None:
        self.graph = graph
        self.variables = variables
        self._captured = captured

    @property
    def captured(self) -> list[Tensor]:
        return list(self.graph.captures) if self._captured is None else self._captured

    def __call__(self, tensors: list[Tensor]) -> list[Tensor]:
        """The outputs."""
        for variable in self.variables:
            recording.accessed(variable)
        inputs = [*tensors, *self.captured]
        if not scopes.executing_eagerly():
            return list(call_node("StatefulPartitionedCall", self.graph, inputs).outputs)
        here = scopes.get_default_graph()
        tapes = [r for r in recording.active() if r.wants(here, inputs)]
        if len(tapes) > 1:
            return self._recomputed(inputs)
        return (
            self._recorded(inputs) if tapes else self._run(inputs, self.graph.outputs, self._runner)
        )

    # -- running -------------------------------------------------------------------------------

    @functools.cached_property
    def _runner(self) -> FunctionRunner:
        return FunctionRunner(eager.graph().session, self.graph)

    def _run(
        self, inputs: list[Tensor], outputs: list[Tensor], runner: FunctionRunner
    ) -> list[Tensor]:
        values = runner.call([t._value for t in inputs], {})  # type: ignore[attr-defined]
        origin = opdef.get("PartitionedCall"), self.graph.name, {"f": self.graph.name}
        found: list[Tensor] = []
        for i, (like, value) in enumerate(zip(outputs, values, strict=True)):
            tensor = EagerTensor(eager.graph(), origin, i, like.dtype.base_dtype)
            # What ran without compiling may be a NumPy scalar.
            tensor._value = np.asarray(value) if isinstance(value, np.generic) else value
            found.append(tensor)
        return found

    # -- derivatives ---------------------------------------------------------------------------

    def _recorded(self, inputs: list[Tensor]) -> list[Tensor]:
        derivative = self._derivative
        everything = self._run(inputs, derivative.all_outputs, derivative.runner)
        count = len(self.graph.outputs)
        outputs, saved = everything[:count], everything[count:]

        def backward(grads: list[Any]) -> list[Any]:
            return derivative.pulled_back(inputs, outputs, saved, grads)

        recording.note(Call(inputs, outputs, backward))
        return outputs

    @functools.cached_property
    def _derivative(self) -> _Derivative:
        return _Derivative(self)

    def _recomputed(self, inputs: list[Tensor]) -> list[Tensor]:
        """A call below several tapes: the way back computes everything anew from the inputs, and
        so can be differentiated itself."""
        for op in self.graph.get_operations():
            if "counter" in op.opdef.injected or (op.opdef.writes and not op.opdef.initializes):
                raise UnsupportedError(
                    f"Second derivatives through the function {self.graph.name!r}: its op "
                    f"{op.name!r} ({op.type}) is random or changes a variable, so it cannot be "
                    "computed twice. Call the Python function itself, without tf.function."
                )
        outputs = self._run(inputs, self.graph.outputs, self._runner)
        gradient = self._gradient_from_inputs
        starts = [i for i, t in enumerate(self.graph.outputs) if walk.differentiable_type(t.dtype)]

        def backward(grads: list[Any]) -> list[Any]:
            given = _dense([grads[i] for i in starts], [outputs[i] for i in starts])
            plain = [t for t in inputs if variable_key(t) is None]
            return gradient.unpacked(gradient.concrete([*plain, *given]), len(inputs))

        recording.note(Call(inputs, outputs, backward))
        return outputs

    @functools.cached_property
    def _gradient_from_inputs(self) -> _Gradient:
        args = self.graph.args
        places = [i for i, t in enumerate(args) if variable_key(t) is None]
        starts = [t for t in self.graph.outputs if walk.differentiable_type(t.dtype)]
        graph = FuncGraph(f"{self.graph.name}_grad_{next(_numbers)}", self.graph.outer)
        gradient = _Gradient()

        def build(*tensors: Tensor) -> list[Tensor]:
            passed = dict(zip(places, tensors, strict=False))
            inputs = [passed[i] if i in passed else _captured(graph, t) for i, t in enumerate(args)]
            outputs = inlined(self.graph, inputs)
            ys = [y for y in outputs if walk.differentiable_type(y.dtype)]
            return gradient.packed(ys, inputs, list(tensors[len(places) :]))

        types = [(args[i].dtype, args[i].shape) for i in places] + [
            (t.dtype, t.shape) for t in starts
        ]
        gradient.concrete = Concrete(graph, built(graph, build, types))
        return gradient


def _captured(graph: FuncGraph, arg: Tensor) -> Tensor:
    """In another function of the same surroundings, the variable's handle that `arg` stands for."""
    outer = arg.op.graph.bound(arg)  # type: ignore[attr-defined]
    assert outer is not None
    return graph.capture(outer)


class _Gradient:
    """Gradients as a function gives them: only those that there are, slices in parts."""

    concrete: Concrete

    def __init__(self) -> None:
        self._places: list[int] = []
        self._forms: list[Any] = []

    def packed(self, ys: list[Tensor], xs: list[Tensor], grad_ys: list[Tensor]) -> list[Tensor]:
        wanted = [i for i, x in enumerate(xs) if walk.differentiable_type(x.dtype)]
        grads = walk.gradients(ys, [xs[i] for i in wanted], grad_ys) if ys and wanted else []
        found = [(i, g) for i, g in zip(wanted, grads, strict=False) if g is not None]
        self._places = [i for i, _ in found]
        self._forms = [
            IndexedSlices(g.values, g.indices, g.dense_shape) if isinstance(g, IndexedSlices) else g
            for _, g in found
        ]
        return composite.flatten(self._forms)

    def unpacked(self, tensors: list[Tensor], count: int) -> list[Any]:
        grads: list[Any] = [None] * count
        if self._places:
            for place, grad in zip(self._places, composite.pack(self._forms, tensors), strict=True):
                grads[place] = grad
        return grads


class _View:
    """A function's arguments with other outputs."""

    def __init__(self, graph: FuncGraph, outputs: list[Tensor]) -> None:
        self.args, self.outputs = graph.args, outputs


class _Derivative:
    """The way back of a function, and the results of the way there that it needs.

    Attributes:
        all_outputs: of the way there: the function's outputs, then what is saved.
        runner: of the way there.
    """

    def __init__(self, concrete: Concrete) -> None:
        forward = concrete.graph
        self._starts = [
            i for i, t in enumerate(forward.outputs) if walk.differentiable_type(t.dtype)
        ]
        backward = FuncGraph(f"{forward.name}_backward_{next(_numbers)}", forward)
        self._gradient = gradient = _Gradient()
        ys = [forward.outputs[i] for i in self._starts]

        def build(*grads: Tensor) -> list[Tensor]:
            return gradient.packed(ys, list(forward.args), list(grads))

        built(backward, build, [(y.dtype, y.shape) for y in ys])
        self._backward = FunctionRunner(eager.graph().session, backward)
        self._graph = backward
        self._captures = list(backward.captures)
        self._count = len(forward.args)
        places = {t: i for i, t in enumerate(forward.args)}
        saved = [t for t in self._captures if t not in places and variable_key(t) is None]
        self._saved = {t: i for i, t in enumerate(saved)}
        self._args = places
        self.all_outputs = [*forward.outputs, *saved]
        self.runner = FunctionRunner(eager.graph().session, _View(forward, self.all_outputs))  # type: ignore[arg-type]

    def pulled_back(
        self, inputs: list[Tensor], outputs: list[Tensor], saved: list[Tensor], grads: list[Any]
    ) -> list[Any]:
        """The gradients of the inputs."""
        values = _dense([grads[i] for i in self._starts], [outputs[i] for i in self._starts])
        for tensor in self._captures:
            if tensor in self._saved:
                values.append(saved[self._saved[tensor]])
            elif tensor in self._args:
                values.append(inputs[self._args[tensor]])
            else:  # a handle that the function made of a variable's
                values.append(tensor)
        run = Concrete(self._graph, [])
        found = run._run(values, self._graph.outputs, self._backward)
        return self._gradient.unpacked(found, self._count)


def _dense(grads: list[Any], like: list[Tensor]) -> list[Any]:
    return [convert.to_tensor(walk._zeros_if_none(g, t)) for g, t in zip(grads, like, strict=True)]


def inlined(function: FuncGraph, inputs: list[Tensor]) -> list[Tensor]:
    """The outputs of a function, by copies of its ops in the default graph."""
    graph = scopes.get_default_graph()
    copies: dict[Tensor, Tensor] = dict(zip(function.args, inputs, strict=True))
    made: dict[Operation, Operation] = {}
    for op in function.get_operations():
        if op.type == "_Arg":
            continue
        with graph.control_dependencies([made[c] for c in op.control_inputs if c in made]):
            copy = graph.add_op(
                op.opdef,
                tuple(copies.get(t, t) for t in op.inputs),
                [t.dtype for t in op.outputs],
                {k: v for k, v in op.attrs.items() if k != "_class"},
                op.name,
                [t.shape for t in op.outputs],
            )
        copy.forward = made.get(op.forward, op.forward) if op.forward is not None else None
        made[op] = copy
        copies.update(zip(op.outputs, copy.outputs, strict=True))
    return [copies.get(t, t) for t in function.outputs]
