"""Cases of ops/pool.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_X = floats(2, 7, 6, 3)
_TIED = ints(2, 7, 6, 3, low=0, high=3).astype(np.float32)  # many equal maxima, as after a relu
_CUBE = floats(2, 5, 4, 6, 2)
_TIED_CUBE = ints(2, 5, 4, 6, 2, low=0, high=3).astype(np.float32)
_3D: dict[str, Any] = {"dtypes": ("float32",)}  # TensorFlow has no pooling of volumes in float64
_ON_GPU = "TensorFlow has channels-first pooling on GPUs only"


def _attrs(size: int, stride: int, padding: str = "SAME", **more: Any) -> dict[str, Any]:
    return {
        "ksize": [1, size, size, 1],
        "strides": [1, stride, stride, 1],
        "padding": padding,
        **more,
    }


def _attrs_3d(size: int, stride: int, padding: str = "SAME") -> dict[str, Any]:
    return {"ksize": [1, *[size] * 3, 1], "strides": [1, *[stride] * 3, 1], "padding": padding}


_WINDOWS = {
    "2x2 SAME": _attrs(2, 2),
    "2x2 VALID": _attrs(2, 2, "VALID"),
    "3x3/2 SAME": _attrs(3, 2),
    "3x3/2 VALID": _attrs(3, 2, "VALID"),
    "3x3/1 SAME": _attrs(3, 1),
    "5x5/2 SAME": _attrs(5, 2),
    "1x1/2": _attrs(1, 2),
    "2x2/3": _attrs(2, 3),
    "over rows": {"ksize": [1, 7, 1, 1], "strides": [1, 1, 1, 1], "padding": "VALID"},
    "2x3/1x2": {"ksize": [1, 2, 3, 1], "strides": [1, 1, 2, 1], "padding": "SAME"},
}
_CHANNELS_FIRST = {
    "ksize": [1, 1, 2, 3],
    "strides": [1, 1, 2, 2],
    "padding": "SAME",
    "data_format": "NCHW",
}
_BY = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
_BY_INPUTS = [Const(np.int32(_BY["ksize"])), Const(np.int32(_BY["strides"]))]
_EXPLICIT = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 0, 0, 2, 0, 0]}
_LONG = floats(2, 12, 11, 2)


def _maxima(x: np.ndarray, attrs: dict[str, Any]) -> np.ndarray:
    """The maxima of the windows, computed plainly."""
    spans = []
    for length, size, stride in zip(x.shape, attrs["ksize"], attrs["strides"], strict=True):
        same = attrs["padding"] == "SAME"
        count = -(-length // stride) if same else (length - size) // stride + 1
        before = max((count - 1) * stride + size - length, 0) // 2 if same else 0
        starts = [i * stride - before for i in range(count)]
        spans.append([slice(max(a, 0), min(a + size, length)) for a in starts])
    result = np.empty([len(s) for s in spans], x.dtype)
    for index in np.ndindex(*result.shape):
        result[index] = x[tuple(s[i] for s, i in zip(spans, index, strict=True))].max()
    return result


def _gradients(op: str, x: np.ndarray, attrs: dict[str, Any], note: str, **more: Any) -> list[Case]:
    """The gradient op of a maximum, and the gradient of that."""
    y = _maxima(x, attrs)
    grad = floats(*y.shape, seed=5)
    return [
        Case(f"{op}Grad", (x, y, grad), attrs, note=note, **more),
        Case(f"{op}GradGrad", (x, y, floats(*x.shape, seed=6)), attrs, note=note, **more),
    ]


CASES = [
    *(Case("MaxPool", (_X,), attrs, note=note) for note, attrs in _WINDOWS.items()),
    *(Case("MaxPool", (_TIED,), attrs, note=f"ties {note}") for note, attrs in _WINDOWS.items()),
    Case("MaxPool", (_X,), {**_attrs(3, 2), **_EXPLICIT}, note="explicit"),
    Case("MaxPool", (_TIED,), {**_attrs(3, 1), **_EXPLICIT}, note="explicit ties"),
    Case("MaxPool", (_LONG,), _attrs(9, 9), note="long SAME"),
    Case("MaxPool", (ints(2, 12, 11, 2, high=2).astype(np.float32),), _attrs(10, 10, "VALID"), note="long ties"),
    Case("MaxPool", (ints(2, 4, 4, 3),), _attrs(2, 2), note="int32"),
    Case("MaxPool", (ints(2, 4, 4, 3, low=0, high=200, dtype="uint8"),), _attrs(3, 2), note="uint8"),
    Case("MaxPool", (floats(0, 4, 4, 3),), _attrs(2, 2), grad=False, note="empty"),
    Case("MaxPool", (_X,), {"ksize": [1, 1, 1, 3], "strides": [1, 1, 1, 3], "padding": "VALID"}, grad=False, note="channels"),
    Case("MaxPool", (np.float32([np.nan, 1, 2, np.nan, -np.inf, -np.inf]).reshape(1, 1, 6, 1),), _attrs(2, 2), grad=False, dtypes=("float32",), note="nan"),
    Case("MaxPool", (_X,), _CHANNELS_FIRST, oracle=False, why=_ON_GPU, note="NCHW"),
    *(case for note in ("2x2 SAME", "3x3/2 VALID", "5x5/2 SAME", "2x2/3") for case in _gradients("MaxPool", _TIED, _WINDOWS[note], note)),
    *_gradients("MaxPool", _X, _CHANNELS_FIRST, "NCHW", oracle=False, why=_ON_GPU),
    Case("MaxPoolV2", (_X, *_BY_INPUTS), {"padding": "SAME"}),
    Case("MaxPoolGradV2", (_TIED, _maxima(_TIED, _BY), floats(2, 4, 3, 3), *_BY_INPUTS), {"padding": "SAME"}),
    Case("MaxPoolGradGradV2", (_TIED, _maxima(_TIED, _BY), _X, *_BY_INPUTS), {"padding": "SAME"}, grad=False),
    Case("MaxPool3D", (_CUBE,), _attrs_3d(2, 2), **_3D),
    Case("MaxPool3D", (_TIED_CUBE,), _attrs_3d(2, 2), note="ties", **_3D),
    Case("MaxPool3D", (_TIED_CUBE,), _attrs_3d(3, 2), note="3/2 ties", **_3D),
    Case("MaxPool3D", (_TIED_CUBE,), _attrs_3d(3, 1, "VALID"), note="3/1 VALID", **_3D),
    *_gradients("MaxPool3D", _CUBE, _attrs_3d(2, 2), "2/2", **_3D),
    *_gradients("MaxPool3D", _CUBE, _attrs_3d(3, 2, "VALID"), "3/2", **_3D),
    Case("MaxPoolWithArgmax", (_X,), _attrs(2, 2)),
    Case("MaxPoolWithArgmax", (_TIED,), {**_attrs(3, 2), "Targmax": "int32"}, grad=False, note="ties int32"),
    Case("MaxPoolWithArgmax", (_TIED,), _attrs(3, 2), note="ties"),
    Case("MaxPoolWithArgmax", (_TIED,), {**_attrs(3, 1, "VALID"), "include_batch_in_index": True}, note="batch"),
    Case("MaxPoolGradWithArgmax", (_X, floats(2, 4, 3, 3), ints(2, 4, 3, 3, low=0, high=126, dtype="int64")), _attrs(2, 2), grad=False),
    Case(
        "MaxPoolGradWithArgmax",
        (_X, floats(2, 1, 2, 3), ints(2, 1, 2, 3, low=0, high=126)),
        {**_attrs(2, 2), "include_batch_in_index": True},
        oracle=False,
        why="TensorFlow wants each image's indices within that image",
        note="batch",
    ),
    Case(
        "MaxPoolGradGradWithArgmax",
        (_X, _X, ints(2, 1, 2, 3, low=0, high=126)),
        _attrs(2, 2),
        oracle=False,
        why="TensorFlow has it on GPUs only",
    ),
    *(Case("AvgPool", (_X,), attrs, note=note) for note, attrs in _WINDOWS.items()),
    Case("AvgPool", (_LONG,), _attrs(9, 9), note="long"),
    Case("AvgPool", (_X.astype(np.float16),), _attrs(3, 2), dtypes=("float32",), rtol=5e-3, atol=2e-3, note="float16"),
    Case("AvgPool", (_X,), _CHANNELS_FIRST, oracle=False, why=_ON_GPU, note="NCHW"),
    *(
        Case("AvgPoolGrad", (Const(np.int32([2, 7, 6, 3])), floats(*_maxima(_X, attrs).shape)), attrs, note=note)
        for note, attrs in _WINDOWS.items()
    ),
    Case("AvgPool3D", (_CUBE,), _attrs_3d(2, 2), **_3D),
    Case("AvgPool3D", (_CUBE,), _attrs_3d(3, 2, "VALID"), note="VALID", **_3D),
    Case("AvgPool3DGrad", (Const(np.int32([2, 5, 4, 6, 2])), floats(2, 3, 2, 3, 2)), _attrs_3d(3, 2), **_3D),
]  # fmt: skip
