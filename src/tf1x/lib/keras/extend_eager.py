"""Keras's classes in eager execution: what programs do with variables, optimizers and metrics.

A layer that is called on eager tensors runs as one op (graph_calls.py), which tapes note; its
weights have twins among the variables of eager execution (session.py). Here stands the rest:
arithmetic on weights, `apply_gradients` and `minimize`, results of metrics as tensors, and Keras
objects in `tf.train.Checkpoint`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp

from tf1x.core import convert, nest, scopes
from tf1x.core.operation import Tensor
from tf1x.core.references import as_variable
from tf1x.lib.keras import bridge
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.session import as_tensor, linked, mirror
from tf1x.lib.variables import Variable

_OPERATORS = (
    "abs", "add", "radd", "floordiv", "rfloordiv", "getitem", "matmul", "rmatmul", "mod", "rmod",
    "mul", "rmul", "neg", "pow", "rpow", "sub", "rsub", "truediv", "rtruediv",
)  # fmt: skip

_at_work = 0


@contextmanager
def _working() -> Iterator[None]:
    """Within, Keras computes with its variables; they are JAX's arrays to it."""
    global _at_work
    _at_work += 1
    try:
        yield
    finally:
        _at_work -= 1


def for_program() -> bool:
    """Whether it is the program that uses Keras's objects now, in eager execution."""
    if _at_work or not scopes.executing_eagerly() or bridge.current() is not None:
        return False
    module = importlib.import_module("keras.src.backend.common.stateless_scope")
    return not module.in_stateless_scope()


def install() -> None:
    """Extend the classes."""
    keras = genuine()
    for name in _OPERATORS:
        dunder = f"__{name}__"
        setattr(keras.Variable, dunder, _operator(dunder, getattr(keras.Variable, dunder)))
    optimizer = importlib.import_module("keras.src.optimizers.base_optimizer").BaseOptimizer
    optimizer.apply_gradients = _apply_gradients(optimizer.apply_gradients)
    optimizer.minimize = _minimize
    optimizer._checkpoint_dependencies = property(_of_optimizer)
    for kind in _subclasses(genuine("metrics").Metric):
        _resulting(kind)
    keras.Layer._checkpoint_dependencies = property(_of_layer)


def _operator(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    def operator(self: Any, *args: Any) -> Any:
        if any(bridge.is_graph_value(a) for a in args) or for_program():
            other = [as_tensor(a) if isinstance(a, type(self)) else a for a in args]
            return getattr(as_tensor(self), name)(*other)
        return own(self, *args)

    return operator


def _subclasses(kind: type) -> list[type]:
    return [kind, *(c for sub in kind.__subclasses__() for c in _subclasses(sub))]


def _resulting(kind: Any) -> None:
    """Let the results of a metric be tensors where a program asks for them."""
    if "result" not in vars(kind):
        return
    own = kind.result

    @functools.wraps(own)
    def result(self: Any) -> Any:
        program = for_program()
        with _working():
            found = own(self)
        if program and isinstance(found, jax.Array) and not isinstance(found, jax.core.Tracer):
            return convert.to_tensor(jax.device_get(found))
        return found

    kind.result = result


# -- optimizers ----------------------------------------------------------------------------------


def _apply_gradients(own: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    def apply_gradients(
        self: Any, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Change variables (of Keras, or `tf.Variable`s) by their gradients."""
        if not for_program():
            return own(self, grads_and_vars)
        pairs = [(_array(g), _variable(v)) for g, v in grads_and_vars]
        with _working():
            found = own(self, pairs)
        if global_step is not None:
            global_step.assign_add(1)
        return found

    return apply_gradients


def _array(grad: Any) -> Any:
    if grad is None or isinstance(grad, jax.Array):
        return grad
    tensor = convert.to_tensor(grad)
    return jnp.asarray(tensor.numpy() if isinstance(tensor, Tensor) else tensor)  # type: ignore[attr-defined]


def _variable(variable: Any) -> Any:
    return mirror(variable) if isinstance(variable, Variable) else variable


def _minimize(self: Any, loss: Any, var_list: Any = None, grad_loss: Any = None, **_: Any) -> Any:
    """A step down the gradients of a loss, a function of no arguments (eager execution).

    Args:
        var_list: the variables, or a function that gives them; by default all that are read.
    """
    from tf1x.lib.eager.tape import GradientTape

    with GradientTape() as tape:
        value = loss()
    if var_list is None:
        var_list = tape.watched_variables()
    chosen = nest.flatten(var_list() if callable(var_list) else var_list)
    grads = tape.gradient(value, chosen, grad_loss)
    return self.apply_gradients(zip(grads, chosen, strict=True))


# -- checkpoints ---------------------------------------------------------------------------------


def _of_layer(self: Any) -> list[tuple[str, Any]]:
    """Weights by name, layers of a model by number, and layers in attributes by these."""
    from tf1x.lib.keras.extend_layers import _is_programs

    found: dict[str, Any] = {}
    own = [*self._trainable_variables, *self._non_trainable_variables]
    for variable in own:
        found.setdefault(variable.name, as_variable(variable))
    if hasattr(self, "compile") and not _is_programs(type(self)):  # a model of given layers
        with_weights = [layer for layer in self.layers if layer.weights]
        found.update((f"layer_with_weights-{i}", layer) for i, layer in enumerate(with_weights))
        found.update((f"layer-{i}", layer) for i, layer in enumerate(self.layers))
    layer_class = genuine().Layer
    for name, value in vars(self).items():
        if name.startswith("_"):
            continue
        if isinstance(value, layer_class) or (
            isinstance(value, (list, tuple))
            and value
            and all(isinstance(v, layer_class) for v in value)
        ):
            found[name] = value
    return list(found.items())


def _of_optimizer(self: Any) -> list[tuple[str, Any]]:
    """The optimizer's own variables, by their paths."""
    return [(v.path.replace("/", "_"), linked(v)) for v in self.variables]
