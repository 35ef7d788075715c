"""`tf.py_function`: Python code on eager tensors, differentiable, inside of graphs too."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.eager.tape import GradientTape
from tf1x.lib.gradients import registered
from tf1x.ops.script import py_func
from tf1x.runtime import eager

_numbers = itertools.count()


def py_function(
    func: Any = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """Call a Python function on eager tensors, when the graph runs or at once.

    Unlike with `tf.py_func`, gradients flow through: the function is called once more, under a
    tape, for each run of its gradient.

    Args:
        func: takes as many tensors as `inp` holds; returns what can be made tensors, or None.
        inp: tensors or variables.
        Tout: the type of the result, or the list of the results' types.

    Returns:
        A tensor, a list where `Tout` is one, or (for an empty list) the op.
    """
    if scopes.executing_eagerly():
        result = func(*[x if hasattr(x, "_reference") else convert.to_tensor(x) for x in inp])
        return _of_types(result, Tout)
    listed = isinstance(Tout, (list, tuple))
    types = [as_dtype(t) for t in (Tout if listed else [Tout])]

    def forward(*arrays: Any) -> list[Any]:
        with eager.graph().as_default():
            return _arrays(_of_types(func(*map(convert.to_tensor, arrays)), types))

    inputs = [convert.to_tensor(x) for x in inp]
    graph = scopes.get_default_graph()
    key = f"EagerPyFunc-{next(_numbers)}"
    registered[key] = _gradient(func, len(inputs), types)
    with graph.gradient_override_map({"PyFunc": key}):
        results = py_func(forward, inputs, types, name=name)
    return results if listed or not types else results[0]


def _of_types(result: Any, types: Any) -> Any:
    if isinstance(types, (list, tuple)):
        values = (
            list(result)
            if isinstance(result, (list, tuple))
            else []
            if result is None
            else [result]
        )
        return [convert.to_tensor(v, t) for v, t in zip(values, types, strict=True)]
    return convert.to_tensor(result, types)


def _arrays(tensors: Any) -> list[Any]:
    return [np.asarray(t) for t in tensors]


def _gradient(func: Callable[..., Any], count: int, types: list[Any]) -> Callable[..., Any]:
    """The gradient function of the op: it calls the function again, under a tape."""

    def backward(*arrays: Any) -> list[Any]:
        with eager.graph().as_default():
            values = [convert.to_tensor(x) for x in arrays[:count]]
            with GradientTape() as tape:
                tape.watch(values)
                results = _of_types(func(*values), types)
            starts = [convert.to_tensor(x) for x in arrays[count:]]
            found = tape.gradient(results, values, starts, unconnected_gradients="zero")
        return _arrays(found)

    def gradient(op: Operation, *grads: Any) -> list[Any]:
        wanted = [t.dtype.base_dtype for t in op.inputs]
        made: list[Tensor] = py_func(backward, [*op.inputs, *grads], wanted)
        return made

    return gradient
