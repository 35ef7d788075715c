"""The gradient of a lowering: its pullback, by `jax.vjp` or by the op's own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.opdef import OpDef
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue

# Takes an op's inputs; gives its outputs, and a pytree of what else it computed (new values of
# variables, say).
Lowering = Callable[[list[Any]], tuple[list[Any], Any]]
Rule = Callable[[list[Any], list[Any], list[Any]], list[Any]]
Pullback = Callable[[list[Any]], list[Any]]


def flat_outputs(result: Any, count: int) -> list[Any]:
    """A lowering's result as a flat list; list outputs are spliced in."""
    if result is None:
        return []
    if not isinstance(result, (tuple, list)):
        return [result]
    flat: list[Any] = []
    for item in result:
        if isinstance(item, (list, tuple)):
            flat += item
        else:
            flat.append(item)
    return flat


def plain(definition: OpDef, attrs: dict[str, Any], count: int) -> Lowering:
    """The lowering of an op that is a pure function of its inputs."""
    parts = definition.input_slices(attrs)
    keywords = definition.keywords(attrs)

    def lower(values: list[Any]) -> tuple[list[Any], Any]:
        arguments = [list(values[p]) if isinstance(p, slice) else values[p] for p in parts]
        return flat_outputs(definition.lower(*arguments, **keywords), count), ()

    return lower


def differentiable(definition: OpDef) -> bool:
    pure = not definition.injected or definition.calls_functions
    return pure and not (definition.host or definition.writes)


def leaf(value: Any) -> Any:
    """What of a value can have a derivative: the array, a list's buffer, or None."""
    if isinstance(value, ListValue):
        value = value.buffer
    if value is None or not hasattr(value, "dtype"):
        return None
    return value if jnp.issubdtype(value.dtype, jnp.inexact) else None


def _with_leaf(value: Any, changed: Any) -> Any:
    return value.with_buffer(changed) if isinstance(value, ListValue) else changed


def vjp(
    lower: Lowering, inputs: list[Any], rule: Rule | None = None
) -> tuple[list[Any], Any, Pullback]:
    """Outputs and effects of a lowering, and its pullback: output to input cotangents.

    Inputs that are not floating or complex stay as they are (NumPy shapes and axes stay static)
    and get cotangents of zero, as do outputs of those types.
    """
    if rule is not None:
        outputs, effects = lower(inputs)

        def ruled(cotangents: list[Any]) -> list[Any]:
            given = rule(inputs, outputs, cotangents)
            return [zeros_like(x) if g is None else g for x, g in zip(inputs, given, strict=True)]

        return outputs, effects, ruled

    active = [i for i, x in enumerate(inputs) if leaf(x) is not None]

    def split(*chosen: Any) -> tuple[list[Any], Any]:
        values = list(inputs)
        for i, x in zip(active, chosen, strict=True):
            values[i] = _with_leaf(values[i], x)
        outputs, effects = lower(values)
        leaves = [leaf(y) for y in outputs]
        return [y for y in leaves if y is not None], (outputs, effects)

    _, pull, (outputs, effects) = jax.vjp(split, *(leaf(inputs[i]) for i in active), has_aux=True)

    def pullback(cotangents: list[Any]) -> list[Any]:
        wanted = [
            conjugated(_cotangent(y, c))
            for y, c in zip(outputs, cotangents, strict=True)
            if leaf(y) is not None
        ]
        pulled = dict(zip(active, map(conjugated, pull(wanted)), strict=True))
        return [
            _with_leaf(x, pulled[i]) if i in pulled else zeros_like(x) for i, x in enumerate(inputs)
        ]

    return outputs, effects, pullback


def _cotangent(output: Any, given: Any) -> Any:
    """A given gradient as an array of the output's shape; lists that nothing reads give zeros."""
    if not isinstance(output, ListValue):
        return given
    found = given.buffer if isinstance(given, ListValue) else None
    if found is None:
        return jnp.zeros(output.buffer.shape, output.buffer.dtype)
    if found.shape[0] != output.buffer.shape[0]:
        found = given.resized(output.capacity).buffer
    return found


def conjugated(value: Any) -> Any:
    """The conjugate of a complex gradient: TensorFlow's is that of JAX's."""
    return xp.conj(value) if np.dtype(value.dtype).kind == "c" else value


def zeros_like(value: Any) -> Any:
    if value is None:  # a variable's handle
        return None
    if isinstance(value, ListValue):
        return value.zeros_like()
    return xp.zeros(np.shape(value), value.dtype)


def custom(lower: Lowering, inputs: list[Any], rule: Rule) -> list[Any]:
    """Outputs of a lowering, differentiated by `rule` wherever JAX differentiates them."""
    # Integers too: JAX calls `backward` when the values that a closure holds are gone.
    active = [i for i, x in enumerate(inputs) if xp.is_jax(x)]

    def filled(chosen: tuple[Any, ...]) -> list[Any]:
        values = list(inputs)
        for i, x in zip(active, chosen, strict=True):
            values[i] = x
        return values

    def forward(*chosen: Any) -> Any:
        with xp.collecting_checks() as checks:
            outputs, _ = lower(filled(chosen))
        return (outputs, xp.Flags(checks.combined())), (chosen, outputs)

    def backward(saved: Any, cotangents: Any) -> Any:
        chosen, outputs = saved
        values = filled(chosen)
        given = [
            zeros_like(y) if leaf(y) is None else conjugated(c)
            for y, c in zip(outputs, cotangents[0], strict=True)
        ]
        with xp.collecting_checks():  # nobody can be told from here; `forward` checked the inputs
            found = rule(values, outputs, given)
        return tuple(_input_cotangent(values[i], found[i]) for i in active)

    function = jax.custom_vjp(lambda *chosen: forward(*chosen)[0])
    function.defvjp(forward, backward)
    outputs: list[Any]
    outputs, checks = function(*(inputs[i] for i in active))
    xp.flag(checks.flags)
    return outputs


def _input_cotangent(value: Any, found: Any) -> Any:
    if leaf(value) is None:
        return None
    return jnp.zeros_like(value) if found is None else conjugated(jnp.asarray(found))


def stopped(values: list[Any]) -> list[Any]:
    """Values through which no gradient flows."""
    return [jax.lax.stop_gradient(x) if xp.is_jax(x) else x for x in values]
