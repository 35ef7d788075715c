"""`tf.custom_gradient` and `tf.hessians`."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, errors, nest, scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.lib import gradients as backward
from tf1x.ops import array, array_moves

_counter = itertools.count(1)


@export("custom_gradient")
def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a function that brings its own gradient.

    `f(*args)` returns `(result, grad_fn)`; `grad_fn(*d_result)` returns the gradients of the
    args. Where `f` uses variables, `grad_fn` also takes `variables=` and returns a pair: the
    gradients of the args, and those of the variables.

    Raises (when the function is called):
        TypeError: `f` uses trainable variables and `grad_fn` takes no `variables`.
        ValueError: keyword arguments, or a wrong number of gradients.

    Example:
        >>> @tf.custom_gradient
        ... def log1pexp(x):
        ...     e = tf.exp(x)
        ...     return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if scopes.executing_eagerly():
            from tf1x.lib.eager.custom_gradient import call

            return call(f, args, kwargs)
        if kwargs:
            raise ValueError("A function with a custom gradient takes positional arguments only.")
        inputs = [array.identity(convert.to_tensor(x)) for x in args]
        result, grad_fn = f(*inputs)
        outputs = [convert.to_tensor(x) for x in nest.flatten(result)]
        variables = _variables_between(outputs, inputs)
        name = f"CustomGradient-{next(_counter)}"

        @backward.RegisterGradient(name)
        def _gradient(op: Operation, *grads: Any) -> list[Any]:
            given = grads[: len(outputs)]
            found = _call(grad_fn, given, variables, len(inputs))
            return [None] * len(outputs) + found

        graph = scopes.get_default_graph()
        reads = [v.value() for v in variables]
        with graph.gradient_override_map({"IdentityN": name}):
            tensors = array.IdentityN([*outputs, *inputs, *reads])
        return nest.pack_sequence_as(result, tensors[: len(outputs)])

    return decorated


def _call(grad_fn: Any, grads: Any, variables: list[Any], count: int) -> list[Any]:
    if not variables:
        found = grad_fn(*grads)
        weights: list[Any] = []
    else:
        parameters = inspect.signature(grad_fn).parameters.values()
        if not any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters):
            names = ", ".join(v.name for v in variables)
            raise TypeError(
                f"The function uses the variables {names}; its grad_fn must take `variables=` "
                "and return (gradients of the arguments, gradients of the variables)."
            )
        found, weights = grad_fn(*grads, variables=variables)
    args = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(args) != count:
        raise ValueError(f"The grad_fn gave {len(args)} gradients for {count} arguments.")
    return args + list(weights)


def _variables_between(outputs: list[Tensor], inputs: list[Tensor]) -> list[Any]:
    """Trainable variables that `outputs` read without going through `inputs`."""
    stack = [t.op for t in outputs]
    stop = {t.op for t in inputs}
    seen: set[Operation] = set()
    while stack:
        op = stack.pop()
        if op not in seen and op not in stop:
            seen.add(op)
            stack += [t.op for t in op.inputs]
    trainable = scopes.get_collection(scopes.GraphKeys.TRAINABLE_VARIABLES)
    return [v for v in trainable if v.op in seen]


@export("hessians")
def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
) -> list[Tensor]:
    """Second derivatives of the sum of `ys` by each x: shape `x.shape + x.shape`.

    One row an element of x is built, so the size of x must be known from its static shape.

    Raises:
        UnsupportedError: the static shape of an x is not fully known.
    """
    xs = xs if isinstance(xs, (list, tuple)) else [xs]
    found = []
    with scopes.name_scope(name):
        for x, slope in zip(xs, backward.gradients(ys, list(xs)), strict=True):
            shape = x.get_shape()
            if not shape.is_fully_defined():
                raise errors.UnsupportedError(
                    f"tf.hessians needs the static shape of {x.name}, which is {shape}: set_shape it."
                )
            flat = array.reshape(slope, [-1])
            rows = [
                backward.gradients(flat[i], x, unconnected_gradients="zero")[0]
                for i in range(shape.num_elements())
            ]
            found.append(array.reshape(array_moves.stack(rows), shape.as_list() * 2))
    return found
