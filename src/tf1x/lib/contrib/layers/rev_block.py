"""Reversible residual layers (Gomez et al., 2017), and functions recomputed for their gradients.

TensorFlow saves memory here by computing activations a second time. These keep them: the numbers
are the same, and what is recomputed is XLA's choice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tf1x.lib.layers.base import Layer
from tf1x.lib.variable_scope import get_variable_scope, variable_scope

Function = Callable[..., Any]


class RevBlock(Layer):
    """Layers y1 = x1 + f(x2), y2 = x2 + g(y1); see `rev_block`."""

    def __init__(
        self,
        f: Function | list[Function],
        g: Function | list[Function],
        num_layers: int = 1,
        f_side_input: list[Any] | None = None,
        g_side_input: list[Any] | None = None,
        use_efficient_backprop: bool = True,
        name: str = "revblock",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.f = _in_scopes(f, num_layers, "f")
        self.g = _in_scopes(g, num_layers, "g")
        self.num_layers = num_layers
        self.f_side_input = f_side_input or []
        self.g_side_input = g_side_input or []

    def call(self, inputs: Any, forward: bool = True) -> tuple[Any, Any]:
        scope = get_variable_scope()
        before = {id(v) for v in scope.global_variables()}
        first, second = inputs
        outputs = self._forward(first, second) if forward else self._backward(first, second)
        trainable = {id(v) for v in scope.trainable_variables()}
        for variable in scope.global_variables():
            if id(variable) not in before:
                own = id(variable) in trainable
                (self._trainable_weights if own else self._non_trainable_weights).append(variable)
        return outputs

    def forward(self, x1: Any, x2: Any) -> Any:
        """The outputs (y1, y2) of the inputs."""
        return self.apply([x1, x2])

    def backward(self, y1: Any, y2: Any) -> Any:
        """The inputs (x1, x2) of the outputs."""
        return self.apply([y1, y2], forward=False)

    def _of_f(self, i: int, x: Any) -> Any:
        return self.f[i](x, self.f_side_input) if self.f_side_input else self.f[i](x)

    def _of_g(self, i: int, x: Any) -> Any:
        return self.g[i](x, self.g_side_input) if self.g_side_input else self.g[i](x)

    def _forward(self, x1: Any, x2: Any) -> tuple[Any, Any]:
        for i in range(self.num_layers):
            x1 = x1 + self._of_f(i, x2)
            x2 = x2 + self._of_g(i, x1)
        return x1, x2

    def _backward(self, y1: Any, y2: Any) -> tuple[Any, Any]:
        for i in reversed(range(self.num_layers)):
            y2 = y2 - self._of_g(i, y1)
            y1 = y1 - self._of_f(i, y2)
        return y1, y2


def _in_scopes(functions: Any, count: int, name: str) -> list[Function]:
    """One function a layer, each in the variable scope `revlayer_<i>/<name>`."""
    functions = functions if isinstance(functions, list) else [functions] * count
    assert len(functions) == count, f"{count} layers need as many functions {name}"

    def scoped(function: Function, scope: str) -> Function:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with variable_scope(scope):
                return function(*args, **kwargs)

        return call

    return [scoped(function, f"revlayer_{i}/{name}") for i, function in enumerate(functions)]


def rev_block(
    x1: Any,
    x2: Any,
    f: Function | list[Function],
    g: Function | list[Function],
    num_layers: int = 1,
    f_side_input: list[Any] | None = None,
    g_side_input: list[Any] | None = None,
    is_training: bool = True,
) -> Any:
    """Reversible residual layers: y1 = x1 + f(x2), y2 = x2 + g(y1).

    Args:
        f, g: functions of a tensor that keep its shape, or a list with one for each layer; their
            variables are in the scopes `revblock/revlayer_<i>/f` and `.../g`.
        f_side_input, g_side_input: tensors that the functions get as a list.
        is_training: accepted; see the module on what is recomputed.
    """
    block = RevBlock(
        f, g, num_layers, f_side_input, g_side_input, is_training,
        _reuse=get_variable_scope().reuse,
    )  # fmt: skip
    return block.forward(x1, x2)


def recompute_grad(
    fn: Function | None = None, use_data_dep: Any = None, tupleize_grads: bool = False
) -> Function:
    """A decorator, with or without arguments: the function as it is; see the module."""
    if fn is None:
        return recompute_grad

    @functools.wraps(fn)
    def wrapped(*args: Any) -> Any:
        return fn(*args)

    return wrapped
