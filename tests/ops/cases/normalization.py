"""Cases of ops/normalization.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats

_X = floats(2, 4, 3, 5)
_CUBE = floats(2, 3, 2, 4, 3)
_OUT = np.float32(floats(2, 4, 3, 5, seed=1) / 3)
_LRN = {"depth_radius": 1, "bias": 0.5, "alpha": 0.3, "beta": 0.75}
_HALF = {"dtypes": ("float32",), "rtol": 2e-3, "atol": 2e-3}


def _vectors(size: int) -> list[np.ndarray]:
    """Scale, offset, mean and variance."""
    mean, scale, offset = (floats(size, seed=seed) for seed in (2, 3, 4))
    return [scale, offset, mean, np.abs(floats(size, seed=5)) + 0.5]


def _both_ways(op: str, x: np.ndarray, channels: int, note: str, **attrs: Any) -> list[Case]:
    """Training and inference. Reserved outputs have no gradient, so it is not compared here."""
    more: dict[str, Any] = {"dtypes": ("float32",), "grad": False}
    return [
        Case(
            op,
            (x, *_vectors(channels)),
            {"is_training": training, **attrs},
            note=f"{note} {training}",
            **more,
        )
        for training in (True, False)
    ]


def _gradient(version: str, x: np.ndarray, note: str, **attrs: Any) -> list[Case]:
    scale, _, mean, variance = _vectors(
        x.shape[1 if attrs.get("data_format", "").startswith("NC") else -1]
    )
    third = (np.float32([]),) if version == "V3" else ()
    inputs = (floats(*x.shape, seed=6), x, scale, mean, variance, *third)
    return [
        Case(
            f"FusedBatchNormGrad{version}",
            inputs,
            {"is_training": training, **attrs},
            dtypes=("float32",),
            grad=False,
            note=f"{note} {training}",
        )
        for training in (True, False)
    ]


_MOMENTS = _vectors(5)
_GLOBAL = (_X, _MOMENTS[2], _MOMENTS[3], _MOMENTS[1], _MOMENTS[0])
_GLOBAL_ATTRS = {"variance_epsilon": 0.01, "scale_after_normalization": True}
_REMOVED = "TensorFlow refuses the op in graphs of version 9 and later"

CASES = [
    Case("LRN", (_X,), dtypes=("float32",)),
    Case("LRN", (_X,), _LRN, dtypes=("float32",), note="attributes"),
    Case("LRN", (_X,), {"beta": 0.6}, dtypes=("float32",), note="a power"),
    Case("LRN", (_X,), {"depth_radius": 0}, dtypes=("float32",), note="alone"),
    Case("LRN", (_X.astype(np.float16),), _LRN, note="float16", **_HALF),
    Case("LRNGrad", (_OUT, _X, _OUT), _LRN, dtypes=("float32",), grad=False),
    *_both_ways("FusedBatchNorm", _X, 5, "V1"),
    *_both_ways("FusedBatchNormV2", _X, 5, "V2", epsilon=0.1),
    *_both_ways("FusedBatchNormV3", _X, 5, "V3"),
    *_both_ways("FusedBatchNormV3", _X, 4, "NCHW", data_format="NCHW"),
    *(
        replace(case, oracle=case.attrs["is_training"], why="TensorFlow gives no moments of volumes back when it does not train")
        for layout in ("NDHWC", "NCDHW")
        for case in _both_ways("FusedBatchNormV3", _CUBE, 3, layout, data_format=layout)
    ),
    *_both_ways("FusedBatchNormV3", _X[:1, :1, :1], 5, "one pixel"),
    Case("FusedBatchNormV3", (_X, *_vectors(5)), {"exponential_avg_factor": 0.3}, dtypes=("float32",), grad=False, note="moving"),
    Case("FusedBatchNormV3", (_X.astype(np.float16), *_vectors(5)), grad=False, note="float16", **_HALF),
    Case("FusedBatchNormV3", (_X + 1000, *_vectors(5)), dtypes=("float32",), grad=False, rtol=1e-3, atol=2e-4, note="far from zero"),
    *_gradient("", _X, "V1"),
    *_gradient("V2", _X, "V2", epsilon=0.1),
    *_gradient("V3", _X, "V3"),
    *_gradient("V3", _X, "NCHW", data_format="NCHW"),
    *_gradient("V3", _CUBE, "NDHWC", data_format="NDHWC"),
    Case("BatchNormWithGlobalNormalization", _GLOBAL, _GLOBAL_ATTRS, oracle=False, why=_REMOVED),
    Case(
        "BatchNormWithGlobalNormalizationGrad",
        (_X, _MOMENTS[2], _MOMENTS[3], _MOMENTS[0], _OUT),
        _GLOBAL_ATTRS,
        oracle=False,
        why=_REMOVED,
    ),
]  # fmt: skip
