"""`tensorflow.python.framework.function`: functions of tensors of given types."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.custom_gradient import custom_gradient


class Defun:
    """Decorator: a Python function of tensors of these types, built anew in the graph for each call.

    TensorFlow kept one copy in a library of functions; what comes out is the same.

    Args:
        input_types: the arguments' types; without any, arguments are taken as they are.
        func_name: the scope of the nodes; by default the function's name.
        python_grad_func: `f(op, *grads)` gives the gradients of `op.inputs`.
        grad_func: a function of the arguments, then the gradients of the results, that does so.
        shape_func: `f(op)` gives the shapes of the results.
        kwargs: noinline, compiled, out_names, ...: accepted, XLA compiles what it sees.
    """

    def __init__(self, *input_types: Any, **kwargs: Any) -> None:
        self._input_types = [as_dtype(t) for t in input_types]
        self._options = kwargs

    def __call__(self, func: Callable[..., Any]) -> DefinedFunction:
        return DefinedFunction(func, self._input_types, **self._options)


class DefinedFunction:
    """What `Defun` makes of a function."""

    def __init__(
        self,
        func: Callable[..., Any],
        input_types: Sequence[DType],
        func_name: str | None = None,
        grad_func: Callable[..., Any] | None = None,
        python_grad_func: Callable[..., Any] | None = None,
        shape_func: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if grad_func is not None and python_grad_func is not None:
            raise ValueError("Gradient defined twice for function")
        self._func = func
        self.declared_input_types = list(input_types)
        self.name = func_name or re.sub(r"\W", "", getattr(func, "__name__", "")) or "function"
        self.grad_func_name = getattr(grad_func, "name", None)
        self.python_grad_func = python_grad_func
        self._grad_func = grad_func
        self._shape_func = shape_func

    def __call__(self, *args: Any, name: str | None = None, **kwargs: Any) -> Any:
        """The function's results for some tensors.

        Raises:
            ValueError: another number of arguments than types.
        """
        if self.declared_input_types and len(args) != len(self.declared_input_types):
            raise ValueError(
                f"Expected number of arguments: {len(self.declared_input_types)}, received: {len(args)}"
            )
        with scopes.name_scope(name, self.name):
            types = self.declared_input_types or [None] * len(args)
            tensors = [convert.to_tensor(a, t) for a, t in zip(args, types, strict=True)]
            found = self._with_gradient(tensors)
        if self._shape_func is not None:
            outputs = found if isinstance(found, (list, tuple)) else [found]
            for output, shape in zip(outputs, self._shape_func(_as_op(tensors)), strict=True):
                output.set_shape(shape)
        return found

    def _with_gradient(self, tensors: list[Tensor]) -> Any:
        if self._grad_func is None and self.python_grad_func is None:
            return self._called(*tensors)

        @custom_gradient
        def function(*inputs: Any) -> Any:
            def gradient(*grads: Any) -> Any:
                if self.python_grad_func is not None:
                    return self.python_grad_func(_as_op(inputs), *grads)
                assert self._grad_func is not None
                return self._grad_func(*inputs, *grads)

            return self._called(*inputs), gradient

        return function(*tensors)

    def _called(self, *inputs: Any) -> Any:
        found = self._func(*inputs)
        if found is None:  # a function for its effects
            return scopes.get_default_graph().get_operations()[-1]
        if isinstance(found, (list, tuple)):
            return [x if isinstance(x, Operation) else convert.to_tensor(x) for x in found]
        return found if isinstance(found, Operation) else convert.to_tensor(found)


def _as_op(inputs: Sequence[Any]) -> Any:
    """What a gradient or shape function asks an op for."""
    return SimpleNamespace(inputs=list(inputs))
