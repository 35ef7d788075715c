"""Cases of ops/training.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Var, floats

_VAR = floats(4, 3)
_GRAD = floats(4, 3, seed=1)
_ROW_GRADS = floats(3, 3, seed=2)


def _positive(seed: int) -> np.ndarray:
    return floats(4, 3, seed=seed, low=0.1, high=2.0)


def _f(value: float) -> np.ndarray:
    return np.float32(value)


# For each update: its further variables, then its other inputs in order, "grad" for the gradient.
_STEP = np.int64(3)
_INPUTS: dict[str, tuple[list[np.ndarray], list[Any]]] = {
    "GradientDescent": ([], [_f(0.1), "grad"]),
    "Momentum": ([floats(4, 3, seed=3)], [_f(0.1), "grad", _f(0.9)]),
    "Adam": (
        [floats(4, 3, seed=3), _positive(4)],
        [_f(0.81), _f(0.99), _f(0.1), _f(0.9), _f(0.999), _f(1e-3), "grad"],
    ),
    "AdaMax": (
        [floats(4, 3, seed=3), _positive(4)],
        [_f(0.81), _f(0.1), _f(0.9), _f(0.999), _f(1e-3), "grad"],
    ),
    "RMSProp": (
        [_positive(3), floats(4, 3, seed=4)],
        [_f(0.1), _f(0.9), _f(0.8), _f(1e-3), "grad"],
    ),
    "CenteredRMSProp": (
        [floats(4, 3, seed=3, low=0.0, high=0.1), _positive(4), floats(4, 3, seed=5)],
        [_f(0.1), _f(0.9), _f(0.8), _f(1e-3), "grad"],
    ),
    "Adagrad": ([_positive(3)], [_f(0.1), "grad"]),
    "AdagradV2": ([_positive(3)], [_f(0.1), _f(0.01), "grad"]),
    "AdagradDA": (
        [floats(4, 3, seed=3), _positive(4)],
        ["grad", _f(0.1), _f(0.2), _f(0.01), _STEP],
    ),
    "Adadelta": ([_positive(3), _positive(4)], [_f(0.1), _f(0.9), _f(1e-3), "grad"]),
    "AddSign": ([floats(4, 3, seed=3)], [_f(0.1), _f(1.0), _f(0.9), _f(0.8), "grad"]),
    "PowerSign": ([floats(4, 3, seed=3)], [_f(0.1), _f(1.0), _f(0.9), _f(0.8), "grad"]),
    "ProximalGradientDescent": ([], [_f(0.1), _f(0.2), _f(0.3), "grad"]),
    "ProximalAdagrad": ([_positive(3)], [_f(0.1), _f(0.2), _f(0.3), "grad"]),
    "Ftrl": (
        [_positive(3), floats(4, 3, seed=4)],
        ["grad", _f(0.1), _f(0.2), _f(0.3), _f(-0.5)],
    ),
    "FtrlV2": (
        [_positive(3), floats(4, 3, seed=4)],
        ["grad", _f(0.1), _f(0.2), _f(0.3), _f(0.05), _f(-0.5)],
    ),
}
_SPARSE = (
    "Momentum", "RMSProp", "CenteredRMSProp", "Adagrad", "AdagradV2", "AdagradDA", "Adadelta",
    "ProximalGradientDescent", "ProximalAdagrad", "Ftrl", "FtrlV2",
)  # fmt: skip


def _replaced(inputs: list[Any], old: float, new: float) -> list[Any]:
    return [_f(new) if isinstance(x, np.float32) and x == _f(old) else x for x in inputs]


def _cases(name: str, others: list[Any], sparse: bool, **options: Any) -> list[Case]:
    variables = [_VAR, *_INPUTS[name][0]]
    rows = options.pop("rows", np.int32([2, 0, 3]))
    inputs: list[Any] = []
    for item in others:
        if isinstance(item, str):
            inputs += [_ROW_GRADS, rows] if sparse else [_GRAD]
        else:
            inputs.append(item)
    found = []
    for resource in (False, True):
        prefix = ("Resource" if resource else "") + ("SparseApply" if sparse else "Apply")
        given = [*(Var(v, resource) for v in variables), *inputs]
        found.append(Case(prefix + name, given, **options))
    return found


def _all(name: str, sparse: bool) -> list[Case]:
    others = _INPUTS[name][1]
    found = _cases(name, others, sparse)
    if sparse:
        found += _cases(name, others, sparse, rows=np.int32([1, 3, 1]), note="a row twice")
        found += _cases(name, others, sparse, rows=np.int64([1, 1, 1]), note="int64")
    if name in ("Momentum", "Adam"):
        found += _cases(name, others, sparse, attrs={"use_nesterov": True}, note="nesterov")
    if name in ("Adagrad", "AdagradV2"):
        found += _cases(name, others, sparse, attrs={"update_slots": False}, note="fixed slots")
    if name in ("Ftrl", "FtrlV2"):
        found += _cases(name, _replaced(others, -0.5, -0.3), sparse, note="power")
        found += _cases(name, others, sparse, attrs={"multiply_linear_by_lr": True}, note="by lr")
    if name.startswith("Proximal") or name == "AdagradDA":
        found += _cases(name, _replaced(others, 0.2, 0.0), sparse, note="no l1")
    return found


CASES = [
    *(case for name in _INPUTS for case in _all(name, sparse=False)),
    *(case for name in _SPARSE for case in _all(name, sparse=True)),
]
