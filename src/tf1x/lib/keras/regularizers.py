"""`keras.regularizers`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import fill

_keras: Any = genuine("regularizers")
Regularizer, L1L2 = _keras.Regularizer, _keras.L1L2


def l1(l: float = 0.01) -> Any:  # noqa: E741 -- Keras's name
    """`l` times the sum of absolute values."""
    return L1L2(l1=l)


def l2(l: float = 0.01) -> Any:  # noqa: E741
    """`l` times the sum of squares."""
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> Any:
    """Both."""
    return L1L2(l1=l1, l2=l2)


l1l2 = WeightRegularizer = l1_l2


def serialize(regularizer: Any) -> dict[str, Any]:
    """A regularizer's configuration."""
    return {"class_name": type(regularizer).__name__, "config": regularizer.get_config()}


fill(globals(), _keras)
