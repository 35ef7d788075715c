"""`keras.losses` and `keras.objectives`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras import functions
from tf1x.lib.keras.engine import genuine

OLD_NAMES = functions.OLD_NAMES

functions.publish(globals(), genuine("losses"))


def get(identifier: Any) -> Any:
    """The loss function that a name, a configuration or a function means."""
    if isinstance(identifier, str):
        identifier = OLD_NAMES.get(identifier, identifier)
        return globals()[identifier] if identifier in globals() else genuine("losses").get(identifier)  # fmt: skip
    return identifier if callable(identifier) else genuine("losses").get(identifier)


def serialize(loss: Any) -> Any:
    """The loss's name."""
    return loss.__name__
