"""`keras.metrics`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras import functions
from tf1x.lib.keras.engine import genuine

functions.publish(globals(), genuine("metrics"))


def get(identifier: Any) -> Any:
    """The metric that a name, a configuration or a function means."""
    if isinstance(identifier, str):
        identifier = functions.OLD_NAMES.get(identifier, identifier)
        if identifier in globals():
            return globals()[identifier]
    return identifier if callable(identifier) else genuine("metrics").get(identifier)


def serialize(metric: Any) -> Any:
    """The metric's name."""
    return metric.__name__
