"""The gradient of a lowering: its pullback, by `jax.vjp` or by the op's own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.opdef import OpDef
from tf1x.ops import xp


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


def differentiable(definition: OpDef) -> bool:
    return not (definition.host or definition.injected or definition.writes)


def is_inexact(value: Any) -> bool:
    return bool(jnp.issubdtype(value.dtype, jnp.inexact))


def vjp(
    definition: OpDef, attrs: dict[str, Any], inputs: list[Any], count: int
) -> tuple[list[Any], Callable[[list[Any]], list[Any]]]:
    """An op's outputs, and its pullback: output cotangents to input cotangents.

    Inputs that are not floating or complex stay as they are (NumPy shapes and axes stay static)
    and get cotangents of zero, as do outputs of those types.
    """
    parts = definition.input_slices(attrs)
    keywords = definition.keywords(attrs)

    def lower(values: list[Any]) -> list[Any]:
        arguments = [list(values[p]) if isinstance(p, slice) else values[p] for p in parts]
        return flat_outputs(definition.lower(*arguments, **keywords), count)

    if definition.vjp is not None:
        rule = definition.vjp
        outputs = lower(inputs)

        def ruled(cotangents: list[Any]) -> list[Any]:
            given = rule(inputs, outputs, cotangents, attrs)
            return [zeros_like(x) if g is None else g for x, g in zip(inputs, given, strict=True)]

        return outputs, ruled

    active = [i for i, x in enumerate(inputs) if is_inexact(x)]

    def split(*chosen: Any) -> tuple[list[Any], list[Any]]:
        values = list(inputs)
        for i, x in zip(active, chosen, strict=True):
            values[i] = x
        outputs = lower(values)
        floats = [y for y in outputs if is_inexact(y)]
        return floats, outputs

    _, pull, outputs = jax.vjp(split, *(inputs[i] for i in active), has_aux=True)

    def pullback(cotangents: list[Any]) -> list[Any]:
        wanted = [conjugated(c) for y, c in zip(outputs, cotangents, strict=True) if is_inexact(y)]
        pulled = dict(zip(active, map(conjugated, pull(wanted)), strict=True))
        return [pulled[i] if i in pulled else zeros_like(x) for i, x in enumerate(inputs)]

    return outputs, pullback


def conjugated(value: Any) -> Any:
    """The conjugate of a complex gradient: TensorFlow's is that of JAX's."""
    return xp.conj(value) if np.dtype(value.dtype).kind == "c" else value


def zeros_like(value: Any) -> Any:
    return xp.zeros(np.shape(value), value.dtype)
