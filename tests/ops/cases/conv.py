"""Cases of ops/conv.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_CHANNELS_FIRST = "TensorFlow convolves channels-first images on GPUs only; see test_conv.py"
_SUMS = {"rtol": 1e-4, "atol": 1e-5}  # sums of some hundred products, in another order


def _attrs(
    stride: int | tuple[int, int] = 1,
    padding: str | list[int] = "SAME",
    dilation: int | tuple[int, int] = 1,
) -> dict[str, Any]:
    strides, dilations = (v if isinstance(v, tuple) else (v, v) for v in (stride, dilation))
    attrs: dict[str, Any] = {"strides": [1, *strides, 1]}
    if isinstance(padding, list):
        attrs |= {"padding": "EXPLICIT", "explicit_paddings": [0, 0, *padding, 0, 0]}
    else:
        attrs["padding"] = padding
    if dilations != (1, 1):
        attrs["dilations"] = [1, *dilations, 1]
    return attrs


def _family(
    kind: str,
    note: str,
    x: np.ndarray,
    w: np.ndarray,
    out: tuple[int, ...],
    attrs: dict[str, Any],
    **more: Any,
) -> list[Case]:
    """Forward and both backward ops, with a result of shape `out`."""
    version = "V2" if kind == "Conv3D" else ""
    g = floats(*out, seed=9)
    more = _SUMS | more
    return [
        Case(kind, (x, w), attrs, note=note, **more),
        Case(f"{kind}BackpropInput{version}", (Const(np.int32(x.shape)), w, g), attrs, note=note, **more),
        Case(f"{kind}BackpropFilter{version}", (x, Const(np.int32(w.shape)), g), attrs, note=note, **more),
    ]  # fmt: skip


def _images(
    note: str,
    x: tuple[int, ...],
    w: tuple[int, ...],
    sizes: tuple[int, int],
    attrs: dict[str, Any],
    **more: Any,
) -> list[Case]:
    out = (x[0], *sizes, w[-1])
    return _family("Conv2D", note, floats(*x), floats(*w, seed=1), out, attrs, **more)


def _depthwise(
    note: str,
    x: tuple[int, ...],
    w: tuple[int, ...],
    sizes: tuple[int, int],
    attrs: dict[str, Any],
    **more: Any,
) -> list[Case]:
    out = (x[0], *sizes, w[-1] * w[-2])
    name = "DepthwiseConv2dNative"
    return _family(name, note, floats(*x), floats(*w, seed=1), out, attrs, **more)


def _volumes(
    note: str,
    x: tuple[int, ...],
    w: tuple[int, ...],
    sizes: tuple[int, int, int],
    attrs: dict[str, Any],
    **more: Any,
) -> list[Case]:
    out = (x[0], *sizes, w[-1])
    return _family("Conv3D", note, floats(*x), floats(*w, seed=1), out, attrs, **more)


def _attrs_3d(stride: int = 1, padding: str = "SAME") -> dict[str, Any]:
    return {"strides": [1, *[stride] * 3, 1], "padding": padding}


def _channels_first(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


_FIRST = {"strides": [1, 1, 2, 1], "padding": "SAME", "data_format": "NCHW"}
_FIRST_3D = {"strides": [1, 1, 2, 1, 1], "padding": "SAME", "data_format": "NCDHW"}
_NOT_THERE = {"oracle": False, "why": _CHANNELS_FIRST}

CASES = [
    *_images("3x3", (2, 7, 6, 3), (3, 3, 3, 4), (7, 6), _attrs()),
    *_images("valid", (2, 7, 6, 3), (3, 2, 3, 4), (5, 5), _attrs(1, "VALID")),
    *_images("stride 2", (2, 7, 6, 3), (3, 3, 3, 4), (4, 3), _attrs(2)),
    *_images("valid, stride 2", (2, 8, 7, 3), (3, 2, 3, 4), (3, 3), _attrs(2, "VALID")),
    *_images("stride 3 of 2", (1, 7, 8, 2), (2, 2, 2, 3), (3, 3), _attrs(3)),
    *_images("even kernel", (2, 5, 6, 1), (4, 2, 1, 3), (5, 6), _attrs()),
    *_images("1x1", (2, 4, 5, 3), (1, 1, 3, 4), (4, 5), _attrs(1, "VALID")),
    *_images("1x1, stride 2", (2, 4, 5, 3), (1, 1, 3, 4), (2, 3), _attrs(2)),
    *_images("explicit", (2, 5, 4, 2), (3, 3, 2, 3), (6, 5), _attrs(1, [1, 2, 0, 3])),
    *_images("5x5 of 3x3", (2, 3, 3, 2), (5, 5, 2, 3), (3, 3), _attrs()),
    *_images("image as kernel", (3, 4, 5, 2), (4, 5, 2, 3), (1, 1), _attrs(1, "VALID")),
    *_images("wide", (2, 1, 9, 3), (1, 3, 3, 4), (1, 5), _attrs((1, 2))),
    # As many channels out as in: TensorFlow 2.21 gives an empty result the input's channels.
    *_images("no batch", (0, 4, 5, 3), (3, 3, 3, 3), (4, 5), _attrs()),
    *_images("many pixels", (5, 24, 25, 2), (3, 3, 2, 3), (24, 25), _attrs(), **_SUMS),
    *_images("dilated", (2, 9, 8, 2), (3, 3, 2, 3), (9, 8), _attrs(1, "SAME", (2, 3)), dtypes=("float32",)),
    *_images("dilated, valid", (2, 9, 8, 2), (3, 2, 2, 3), (5, 6), _attrs(1, "VALID", 2), dtypes=("float32",)),
    *_images("patches", (101, 40, 40, 8), (3, 3, 8, 2), (40, 40), _attrs(), dtypes=("float32",), rtol=1e-3, atol=5e-3),
    Case("Conv2D", (floats(2, 7, 6, 4), floats(3, 3, 2, 6, seed=1)), _attrs(), grad=False, note="groups", **_SUMS),
    Case("Conv2D", (ints(2, 4, 5, 3), ints(2, 2, 3, 2, seed=1)), _attrs(), note="int32"),
    Case("Conv2DBackpropInput", (Const(np.int32([2, 4, 5, 3])), ints(2, 2, 3, 2), ints(2, 4, 5, 2, seed=1)), _attrs(), note="int32", oracle=False, why="TensorFlow's kernel of int32 is not made for CPU"),
    *_family("Conv2D", "NCHW", _channels_first(floats(2, 7, 6, 3)), floats(3, 3, 3, 4, seed=1), (2, 4, 4, 6), _FIRST, **_NOT_THERE),
    *_depthwise("3x3", (2, 7, 6, 3), (3, 3, 3, 1), (7, 6), _attrs()),
    *_depthwise("multiplier", (2, 7, 6, 3), (3, 3, 3, 2), (7, 6), _attrs()),
    *_depthwise("valid, stride 2", (2, 7, 8, 2), (3, 2, 2, 2), (3, 4), _attrs(2, "VALID")),
    *_depthwise("explicit", (2, 5, 4, 2), (3, 3, 2, 1), (6, 5), _attrs(1, [1, 2, 0, 3])),
    *_depthwise("no batch", (0, 4, 5, 3), (3, 3, 3, 1), (4, 5), _attrs(), oracle=False, why="TensorFlow's gradient of the filter is memory that nobody wrote"),
    *_depthwise("dilated", (2, 9, 8, 2), (3, 3, 2, 2), (9, 8), _attrs(1, "SAME", (2, 3)), oracle=False, why="TensorFlow's CPU kernels leave the dilation out; see test_conv.py"),
    *_family("DepthwiseConv2dNative", "NCHW", _channels_first(floats(2, 7, 6, 3)), floats(3, 3, 3, 2, seed=1), (2, 6, 4, 6), _FIRST, **_NOT_THERE),
    *_volumes("3x3x3", (2, 4, 5, 3, 2), (3, 3, 3, 2, 3), (4, 5, 3), _attrs_3d()),
    *_volumes("valid, stride 2", (2, 5, 4, 6, 2), (2, 3, 3, 2, 3), (2, 1, 2), _attrs_3d(2, "VALID")),
    *_volumes("1x1x1", (2, 2, 3, 2, 3), (1, 1, 1, 3, 2), (2, 3, 2), _attrs_3d()),
    *_volumes("no batch", (0, 4, 5, 3, 2), (3, 3, 3, 2, 2), (4, 5, 3), _attrs_3d()),
    *_family("Conv3D", "NCDHW", _channels_first(floats(2, 4, 5, 3, 2)), floats(3, 3, 3, 2, 3, seed=1), (2, 3, 2, 5, 3), _FIRST_3D, **_NOT_THERE),
    Case("Conv3DBackpropInputV2", (Const(np.int64([2, 4, 5, 3, 2])), floats(3, 3, 3, 2, 3), floats(2, 4, 5, 3, 3, seed=1)), _attrs_3d() | {"dilations": [1] * 5}, note="int64 sizes", **_SUMS),
]  # fmt: skip
