"""The same layer several times: `repeat` and `stack`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert
from tf1x.lib.variable_scope import variable_scope


def repeat(
    inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Apply a layer `repetitions` times with the same arguments.

    Args:
        scope: "conv1" gives the scopes `conv1/conv1_1`, `conv1/conv1_2`, ...; by default the
            layer's name, in the scope `Repeat`.
    """
    return _chain(inputs, layer, [args] * repetitions, kwargs, "Repeat")


def stack(inputs: Any, layer: Callable[..., Any], stack_args: Any, **kwargs: Any) -> Any:
    """Apply a layer once for each of `stack_args`: its positional argument, or a list of them.

    Args:
        scope: "fc" gives the scopes `fc/fc_1`, `fc/fc_2`, ...; by default the layer's name, in the
            scope `Stack`.

    Raises:
        ValueError: `stack_args` is neither a list nor a tuple.
    """
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    arguments = [args if isinstance(args, (list, tuple)) else [args] for args in stack_args]
    return _chain(inputs, layer, arguments, kwargs, "Stack")


def _chain(
    inputs: Any,
    layer: Callable[..., Any],
    arguments: list[Any],
    kwargs: dict[str, Any],
    default: str,
) -> Any:
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, default, [inputs]):
        outputs = convert.to_tensor(inputs)
        name = scope or _layer_name(layer) or default.lower()
        for i, args in enumerate(arguments, start=1):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{name}_{i}"})
        return outputs


def _layer_name(layer: Any) -> str | None:
    """Its name, that of the function behind a `functools.partial`, or None."""
    name: str | None = getattr(layer, "__name__", None)
    return name or getattr(getattr(layer, "func", None), "__name__", None)
