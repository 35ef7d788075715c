"""The optimizers' updates: `Apply*` on whole variables, `SparseApply*` on some of their rows.

Each update is a function of the values of its variables, hyperparameters and gradient, written
once; it is declared on references and on resources, and with the rows of a sparse gradient in
place of whole variables. Several gradients of one row are applied one after the other, as
TensorFlow's CPU kernels do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from tf1x.core import errors
from tf1x.core.dtypes import INDICES, NUMBERS
from tf1x.ops import xp
from tf1x.ops.scatter import by_rows, check_indices
from tf1x.ops.state import same_shape, update

_LOCKING: dict[str, tuple[str, Any]] = {"use_locking": ("bool", False)}


def _apply(name: str, step: Callable[..., Any], variables: int = 1, grad: str = "grad") -> tuple[Any, Any]:
    """Declare `Apply<name>` and `ResourceApply<name>`; `step`'s parameters are the op's."""
    parameters = _positional(step)
    position = parameters.index(grad)

    def checked(values: tuple[Any, ...]) -> None:
        same_shape(values[0], values[position], f"var and {grad}")

    return update(
        f"Apply{name}",
        f"ResourceApply{name}",
        ", ".join(f"{p}: {'int64' if p == 'global_step' else 'T'}" for p in parameters),
        _with_signature(step, lambda values, flags: (checked(values), step(*values, **flags))[1]),
        tuple(parameters[:variables]),
        attrs=_LOCKING,
        output="out",
        like=grad,
        T=NUMBERS,
    )
