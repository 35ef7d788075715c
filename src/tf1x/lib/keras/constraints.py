"""`keras.constraints`, with the old names of arguments and classes."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import fill
from tf1x.lib.keras.period import period

_keras: Any = genuine("constraints")
Constraint = _keras.Constraint

MaxNorm = period(_keras.MaxNorm, renames={"m": "max_value"})
MinMaxNorm = period(_keras.MinMaxNorm, renames={"low": "min_value", "high": "max_value"})
max_norm = maxnorm = MaxNorm
min_max_norm = MinMaxNorm


nonneg, non_neg, unitnorm, unit_norm = (
    _keras.NonNeg,
    _keras.NonNeg,
    _keras.UnitNorm,
    _keras.UnitNorm,
)


def serialize(constraint: Any) -> dict[str, Any]:
    """A constraint's configuration."""
    return {"class_name": type(constraint).__name__, "config": constraint.get_config()}


fill(globals(), _keras)
