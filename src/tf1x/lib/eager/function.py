"""`tf.function` and `tfe.defun`: Python functions as compiled graphs."""

from __future__ import annotations

import functools
import inspect
import re
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import convert, nest, scopes
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.eager.concrete import Concrete, FunctionGraph, built
from tf1x.lib.eager.tensor_spec import TensorSpec
from tf1x.ops import composite


class Traced:
    """What a trace for one signature gave: the function on tensors, and the form of its result."""

    def __init__(self, concrete: Concrete, structure: Any, count: int) -> None:
        self.concrete = concrete
        self._structure = structure
        self._count = count

    @property
    def graph(self) -> Any:
        """The function's graph."""
        return self.concrete.graph

    @property
    def name(self) -> str:
        return self.concrete.graph.name

    @property
    def inputs(self) -> list[Tensor]:
        return list(self.concrete.graph.args)

    @property
    def outputs(self) -> list[Tensor]:
        return list(self.concrete.graph.outputs)

    @property
    def variables(self) -> list[Any]:
        return list(self.concrete.variables)

    trainable_variables = property(lambda self: [v for v in self.variables if v.trainable])

    @property
    def structured_outputs(self) -> Any:
        return self._structure

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it with tensors of the types that it was traced for."""
        given = nest.flatten((list(args), kwargs))
        tensors = [convert.to_tensor(x) for x in composite.flatten(given)]
        return self.call(tensors[: len(self.inputs) - len(self.concrete.captured)])

    def call(self, tensors: list[Tensor]) -> Any:
        outputs = self.concrete(tensors)[: self._count]
        leaves = [None if x is None else x for x in nest.flatten(self._structure)]
        present = [x for x in leaves if x is not None]
        found = iter(nest.flatten([composite.pack(present, outputs)]) if present else [])
        values = [None if x is None else next(found) for x in leaves]
        if not nest.is_nested(self._structure):
            return values[0]
        return nest.pack_sequence_as(self._structure, values)


class Function:
    """A function whose calls run as compiled graphs, one for each signature of its arguments.

    Tensors and arrays are arguments of the graph; other Python values are part of the signature.
    Variables and tensors from outside are captured by reference. Ops with effects run in the
    order of the program.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        name: str | None = None,
        input_signature: Any = None,
        autograph: bool = True,
    ) -> None:
        if input_signature is not None and not isinstance(input_signature, (list, tuple)):
            raise TypeError(
                f"input_signature must be either a tuple or a list, got {type(input_signature)}"
            )
        self._function = python_function
        self._name = re.sub(r"\W", "", name or getattr(python_function, "__name__", "") or "function") or "function"  # fmt: skip
        self._input_signature = None if input_signature is None else tuple(input_signature)
        self._autograph = autograph
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()
        self._traces: dict[Any, Traced] = {}
        try:
            self._signature: inspect.Signature | None = inspect.signature(python_function)
        except (TypeError, ValueError):
            self._signature = None
        functools.update_wrapper(self, python_function, updated=())

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function itself."""
        return self._function

    @property
    def input_signature(self) -> Any:
        return self._input_signature

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The function as a method."""
        if instance is None:
            return self
        try:
            found = self._bound.get(instance)
        except TypeError:  # the instance cannot be hashed
            return self._like(self._function.__get__(instance))
        if found is None:
            reference = weakref.ref(instance)

            @functools.wraps(self._function)
            def method(*args: Any, **kwargs: Any) -> Any:
                return self._traceable(reference(), *args, **kwargs)

            found = self._like(method)
            found._signature = _without_self(self._signature)
            self._bound[instance] = found
        return found

    def _like(self, function: Callable[..., Any]) -> Function:
        return Function(function, self._name, self._input_signature, self._autograph)

    @functools.cached_property
    def _traceable(self) -> Callable[..., Any]:
        """The Python function, its control flow converted."""
        if not self._autograph:
            return self._function
        from tf1x.lib.autograph import converted

        return converted(self._function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result, of the structure that the Python function returns.

        Raises:
            ValueError: the arguments do not fit `input_signature`.
        """
        traced, tensors = self._traced(args, kwargs)
        return traced.call(tensors)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Traced:
        """The trace for these arguments; `tf.TensorSpec` stands for any tensor of its kind."""
        if not args and not kwargs and self._input_signature is not None:
            args = self._input_signature
        return self._traced(args, kwargs)[0]

    def _traced(self, args: Any, kwargs: Any) -> tuple[Traced, list[Tensor]]:
        arguments = self._canonical(args, kwargs)
        tensors: list[Any] = []
        specs: list[Any] = []
        leaves: list[Any] = []
        for value in nest.flatten(arguments):
            if isinstance(value, (Tensor, np.ndarray, np.generic)):
                value = convert.to_tensor(value)
            parts = composite.flatten(value) if composite.is_composite(value) else [value]
            if isinstance(value, TensorSpec) or isinstance(parts[0], Tensor):
                leaves.append((value, len(parts)))
                tensors += parts
                specs += [(t.dtype.base_dtype, t.shape) for t in parts]
            else:
                leaves.append((value, None))
        graph = scopes.get_default_graph()
        types = () if self._input_signature else tuple((d, s.tuple) for d, s in specs)
        key = graph, _structure_key(arguments), tuple(_leaf_key(*x) for x in leaves), types
        found = self._traces.get(key)
        if found is None:
            found = self._traces[key] = self._trace(graph, arguments, leaves, specs)
        return found, tensors

    def _canonical(self, args: Any, kwargs: Any) -> Any:
        """All arguments in the order of the signature, defaults among them."""
        if self._signature is not None:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        if self._input_signature is None:
            return [list(args), dict(kwargs)]
        if len(args) != len(self._input_signature) or kwargs:
            raise ValueError(
                f"Structure of Python function inputs does not match input_signature:\n  inputs: "
                f"{args}\n  input_signature: {self._input_signature}"
            )
        return [[_fitted(x, spec) for x, spec in zip(args, self._input_signature, strict=True)], {}]

    def _trace(self, graph: Graph, arguments: Any, leaves: list[Any], specs: list[Any]) -> Traced:
        from tf1x.lib.autograph import called

        if self._input_signature is not None:
            wanted = nest.flatten(list(self._input_signature))
            specs = [(s.dtype, s.shape) for s in wanted]
        result: list[Any] = []

        def build(*tensors: Tensor) -> list[Tensor]:
            remaining = list(tensors)
            values = []
            for value, count in leaves:
                if count is None:
                    values.append(value)
                    continue
                parts, remaining[:] = remaining[:count], remaining[count:]
                is_composite = composite.is_composite(value)
                values.append(composite.pack(value, parts) if is_composite else parts[0])
            args, kwargs = nest.pack_sequence_as(arguments, values)
            returned = called(self._traceable, args, kwargs)
            structure = nest.map_structure(_result, returned) if nest.is_nested(returned) else _result(returned)  # fmt: skip
            result.append(structure)
            return composite.flatten([x for x in nest.flatten(structure) if x is not None])

        function = FunctionGraph(f"__inference_{self._name}", graph)
        variables = built(function, build, specs)
        count = len(composite.flatten([x for x in nest.flatten(result[0]) if x is not None]))
        return Traced(Concrete(function, variables), result[0], count)


def _without_self(signature: inspect.Signature | None) -> inspect.Signature | None:
    if signature is None:
        return None
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _result(value: Any) -> Any:
    """What a function returns, as something with a value; operations and None are None."""
    if value is None or isinstance(value, Operation):
        return None
    return value if composite.is_composite(value) else convert.to_tensor(value)


def _fitted(value: Any, spec: Any) -> Any:
    """An argument as the tensors that a signature wants."""
    if nest.is_nested(spec):
        leaves = [_fitted(x, s) for x, s in zip(_items(value), _items(spec), strict=True)]
        return nest.pack_sequence_as(
            nest.map_structure(lambda _: None, value), nest.flatten(leaves)
        )
    if isinstance(value, TensorSpec):
        return value  # type: ignore[return-value]
    tensor = convert.to_tensor(value, spec.dtype)
    if not spec.is_compatible_with(tensor):
        raise ValueError(
            f"Python inputs incompatible with input_signature: got a tensor of shape "
            f"{tensor.shape} and type {tensor.dtype.name} for {spec}."
        )
    return tensor


def _items(value: Any) -> list[Any]:
    return [value[k] for k in sorted(value)] if isinstance(value, dict) else list(value)


def _structure_key(structure: Any) -> Any:
    if isinstance(structure, dict):
        return tuple((k, _structure_key(structure[k])) for k in sorted(structure))
    if nest.is_nested(structure):
        return type(structure), tuple(_structure_key(item) for item in structure)
    return None


def _leaf_key(value: Any, count: int | None) -> Any:
    if count is not None:
        return type(value).__name__, count
    try:
        hash(value)
    except TypeError:
        return "id", id(value)
    return type(value), value


# -- the public names ------------------------------------------------------------------------------


def function(
    func: Any = None,
    input_signature: Any = None,
    autograph: bool = True,
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,
    experimental_compile: Any = None,
    experimental_implements: Any = None,
    **_hints: Any,
) -> Any:
    """Compile a Python function into graphs, one for each signature of its arguments.

    It is a decorator, with or without arguments. The function's Python code runs once for each
    signature; `if`, `while`, `for`, `and`, `or`, `not` and `assert` on tensors become ops
    (`tf.autograph`).

    Args:
        input_signature: a list of `tf.TensorSpec`: one graph for all tensors that fit.
        autograph: False: the function's control flow stays Python's own.
        The others are accepted.

    Example:
        >>> @tf.function
        ... def f(x):
        ...     return x * w
    """

    def decorate(inner: Callable[..., Any]) -> Function:
        return Function(inner, input_signature=input_signature, autograph=autograph)

    return decorate if func is None else decorate(func)


def defun(
    func: Any = None,
    input_signature: Any = None,
    autograph: bool = True,
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,
) -> Any:
    """The name of `tf.function` in `tf.contrib.eager`."""
    return function(func, input_signature, autograph)


def make_defun_op(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Traced:
    """The graph of a function for certain arguments."""
    return Function(func).get_concrete_function(*args, **kwargs)
