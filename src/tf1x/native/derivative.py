"""Kernels that take their derivative from the same function as XLA's code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def differentiable(kernel: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """`kernel` with the derivative of `plain`, the same function as XLA's code."""
    function: Any = jax.custom_vjp(kernel)
    function.defvjp(
        lambda *args: (function(*args), args),  # it may be differentiated again
        lambda args, g: jax.vjp(plain, *args)[1](g),
    )
    return function  # type: ignore[no-any-return]
