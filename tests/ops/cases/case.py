"""One row of the case table: an op with inputs and attributes, and how exactly it is compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Var:
    """An input that is a variable with this value, by reference or (`resource=True`) by handle."""

    value: Any
    resource: bool = False


@dataclass(frozen=True)
class Const:
    """An input that stands in the graph as a constant: axes, shapes, paddings, counts."""

    value: Any


@dataclass(frozen=True)
class Case:
    """An op as it is used.

    Attributes:
        op: the op type.
        inputs: arrays (fed through placeholders), `Const`, `Var`, or lists of those for list
            inputs. Float arrays stand for float32 and are tried in float64 as well.
        attrs: attributes.
        grad: whether the gradient is compared too (float inputs, float outputs).
        dtypes: which float types are tried.
        rtol, atol: for float32; float64 uses `rtol64`.
        runs: how many runs of one session are compared (random ops: 3).
        oracle: False where TensorFlow cannot run the op; `why` says why.
        data_dependent: the output's shape depends on the data, so the rule cannot give it.
        program: for an op that cannot be called with arrays alone: builds outputs (tensors) from
            the inputs and attributes, with nodes of that op among what it builds.
    """

    op: str
    inputs: Sequence[Any] = ()
    attrs: dict[str, Any] = field(default_factory=dict)
    grad: bool = True
    dtypes: tuple[str, ...] = ("float32", "float64")
    rtol: float = 1e-5
    atol: float = 1e-6
    rtol64: float = 1e-10
    atol64: float = 1e-12
    runs: int = 1
    oracle: bool = True
    why: str = ""
    data_dependent: bool = False
    note: str = ""
    program: Callable[..., Any] | None = None

    def __str__(self) -> str:
        parts = [self.op, self.note] if self.note else [self.op]
        return "-".join(parts)


def floats(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Distinct floats without ties, in [low, high), fixed by `seed`."""
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def ints(
    *shape: int, seed: int = 0, low: int = -5, high: int = 6, dtype: str = "int32"
) -> np.ndarray:
    return np.random.RandomState(seed).randint(low, high, shape).astype(dtype)


def bools(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).rand(*shape) > 0.5


def complexes(*shape: int, seed: int = 0) -> np.ndarray:
    """Complex numbers with parts in [-2, 2)."""
    return (floats(*shape, seed=seed) + 1j * floats(*shape, seed=seed + 100)).astype(np.complex64)
