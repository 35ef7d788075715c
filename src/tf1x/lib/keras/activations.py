"""`keras.activations`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras import functions
from tf1x.lib.keras.engine import genuine

_keras = genuine("activations")


def _hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5 between 0 and 1 (in Keras 3: x / 6 + 0.5)."""
    ops = genuine("ops")
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


# Configurations name it, and files with today's `hard_sigmoid` mean what they say.
_hard_sigmoid.__name__ = _hard_sigmoid.__qualname__ = "hard_sigmoid"
_hard_sigmoid.__module__ = "keras.src.activations.activations"

hard_sigmoid = functions.on_either(_hard_sigmoid)
functions.publish(globals(), _keras)


def get(identifier: Any) -> Any:
    """The activation that a name or function means; None: the identity."""
    if isinstance(identifier, str) and identifier in globals():
        return globals()[identifier]
    if identifier is None:
        return globals()["linear"]
    return identifier if callable(identifier) else _keras.get(identifier)


def serialize(activation: Any) -> Any:
    """The activation's name."""
    return getattr(activation, "__name__", activation)
