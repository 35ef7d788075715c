"""`keras.preprocessing`."""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("image", "sequence", "text"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def legacy(name: str) -> Any:
    """What Keras 3 keeps of the old module."""
    from tf1x.lib.keras.engine import genuine

    genuine()
    return importlib.import_module(f"keras.src.legacy.preprocessing.{name}")
