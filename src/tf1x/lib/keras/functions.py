"""Keras's functions (losses, metrics, activations) where a program calls them on graph tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tf1x.lib.keras.bridge import holds_tensor

# Names of Keras 1 and 2 for losses and metrics.
OLD_NAMES = {
    "mse": "mean_squared_error", "MSE": "mean_squared_error",
    "mae": "mean_absolute_error", "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error", "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error",
    "kld": "kl_divergence", "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence", "logcosh": "log_cosh",
    "cosine": "cosine_similarity", "cosine_proximity": "cosine_similarity",
}  # fmt: skip


def on_either(function: Callable[..., Any], twin: Callable[..., Any] | None = None) -> Any:
    """Keras's function, which makes an op where it is given graph tensors.

    Args:
        twin: the function for graph tensors; by default an op that calls Keras's.
    """

    @functools.wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        if not (holds_tensor(args) or holds_tensor(kwargs)):
            return function(*args, **kwargs)
        if twin is not None:
            return twin(*args, **kwargs)
        from tf1x.lib.keras.graph_calls import call_function

        return call_function(function, args, kwargs)

    either._keras_own = function  # type: ignore[attr-defined]
    return either


def fill(namespace: dict[str, Any], module: ModuleType) -> None:
    """Put into a namespace what it lacks of a public module of Keras."""
    for name in dir(module):
        if not name.startswith("_"):
            namespace.setdefault(name, getattr(module, name))


def publish(namespace: dict[str, Any], module: ModuleType) -> None:
    """Put Keras's public functions, each as `on_either`, and classes into a namespace."""
    for name in dir(module):
        item = getattr(module, name)
        if name.startswith("_") or isinstance(item, ModuleType) or name in namespace:
            continue
        if isinstance(item, type) or name in ("get", "serialize", "deserialize"):
            namespace[name] = item
        elif callable(item):
            namespace[name] = on_either(item)
    for old, new in OLD_NAMES.items():
        if new in namespace:
            namespace.setdefault(old, namespace[new])
