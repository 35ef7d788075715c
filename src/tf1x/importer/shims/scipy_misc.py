"""`scipy.misc`: its image functions (removed in SciPy 1.2 and 1.3), through Pillow.

What they return is what SciPy 1.1 returned: `bytescale` stretches other types than uint8 to the
range 0..255, `imresize` works on bytes and gives bytes.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np

from tf1x.importer.shims import module, note, patch

_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}


def bytescale(data: Any, cmin: Any = None, cmax: Any = None, high: int = 255, low: int = 0) -> Any:
    """`data` as uint8, stretched so that its range fills `low` to `high` (uint8 stays as it is).

    Raises:
        ValueError: `low` and `high` are not 0 <= low <= high <= 255, or cmax is below cmin.
    """
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError("`low` and `high` must satisfy 0 <= low <= high <= 255.")
    cmin = data.min() if cmin is None else cmin
    cmax = data.max() if cmax is None else cmax
    if cmax < cmin:
        raise ValueError("`cmax` should be larger than `cmin`.")
    scale = float(high - low) / ((float(cmax) - float(cmin)) or 1)
    scaled = (data - cmin) * scale + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: Any = None,
    cmax: Any = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Any:
    """A PIL image of a matrix (grey), or of an array with an axis of 3 (RGB) or 4 (RGBA) channels.

    Raises:
        ValueError: another shape.
    """
    from PIL import Image

    data = np.asarray(arr)
    if np.iscomplexobj(data):
        raise ValueError("Cannot convert a complex-valued array.")
    if data.ndim == 2:
        if mode == "F":
            return Image.fromarray(data.astype(np.float32))
        if mode == "I":
            return Image.fromarray(data.astype(np.int32))
        if mode == "1":
            return Image.fromarray(bytescale(data, cmin, cmax, high, low) > 127)
        image = Image.fromarray(bytescale(data, cmin, cmax, high, low))
        if pal is not None:
            image.putpalette(np.asarray(pal, np.uint8).tobytes())
        return image if mode in (None, "L", "P") else image.convert(mode)
    channels = [i for i, n in enumerate(data.shape) if n in (3, 4)]
    if data.ndim != 3 or not channels:
        raise ValueError("'arr' does not have a suitable array shape for any mode.")
    if channel_axis is None:  # the first axis of length 3, else of length 4
        channel_axis = next((i for i in channels if data.shape[i] == 3), channels[0])
    image = Image.fromarray(
        np.ascontiguousarray(np.moveaxis(bytescale(data, cmin, cmax, high, low), channel_axis, -1))
    )
    return image if mode in (None, image.mode) else image.convert(mode)


def fromimage(im: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """The array of a PIL image; `flatten` makes it grey, of float32."""
    if mode is not None:
        im = im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return np.array(im)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """The array of an image file."""
    from PIL import Image

    with Image.open(name) as image:
        return fromimage(image, flatten, mode)


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Write an array as an image file; the name's ending tells the format."""
    image = toimage(arr, channel_axis=2) if np.ndim(arr) == 3 else toimage(arr)
    image.save(name, format)


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> Any:
    """Another size: percent (int), fraction (float) or (height, width)."""
    image = toimage(arr, mode=mode)
    if np.issubdtype(np.asarray(size).dtype, np.signedinteger) and np.ndim(size) == 0:
        shape = tuple((np.array(image.size) * (size / 100.0)).astype(int))
    elif np.ndim(size) == 0:
        shape = tuple((np.array(image.size) * size).astype(int))
    else:
        shape = (int(size[1]), int(size[0]))
    return fromimage(image.resize(shape, resample=_FILTERS[interp]))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> Any:
    """Turned counter-clockwise by so many degrees, within the same size."""
    return fromimage(toimage(arr).rotate(angle, resample=_FILTERS[interp]))


def imshow(arr: Any) -> None:
    """Show an image in the system's viewer."""
    toimage(arr).show()


_IMAGES = {
    f.__name__: f
    for f in (bytescale, toimage, fromimage, imread, imsave, imresize, imrotate, imshow)
}
# name -> the module that has it now
_MOVED = {
    **dict.fromkeys(
        ("logsumexp", "comb", "factorial", "factorial2", "factorialk"), "scipy.special"
    ),
    **dict.fromkeys(("ascent", "face", "electrocardiogram"), "scipy.datasets"),
}


@module("scipy.misc")
def _scipy_misc(made: ModuleType) -> None:
    def lookup(name: str) -> Any:
        if name in _IMAGES:
            note(f"scipy.misc.{name} (removed from SciPy) works through Pillow")
            value: Any = _IMAGES[name]
        elif name in _MOVED:
            note(f"scipy.misc.{name} is {_MOVED[name]}.{name}")
            value = getattr(importlib.import_module(_MOVED[name]), name)
        else:
            raise AttributeError(
                f"module 'scipy.misc' has no attribute {name!r}; of what SciPy removed, tf1x has "
                f"{', '.join(sorted({*_IMAGES, *_MOVED}))}"
            )
        setattr(made, name, value)
        return value

    made.__getattr__ = lookup  # type: ignore[method-assign]


@module("scipy.misc.pilutil")
def _pilutil(made: ModuleType) -> None:
    note("scipy.misc.pilutil works through Pillow")
    made.__dict__.update(_IMAGES)


@patch("scipy")
def _scipy(scipy: ModuleType) -> None:
    """`import scipy; scipy.misc.imread(...)`, and NumPy's functions, which SciPy showed too."""
    from tf1x.importer.shims import add_attributes

    def found(name: str) -> Any:
        if name == "misc":
            return importlib.import_module("scipy.misc")
        if name not in ("array", "zeros", "ones", "arange", "mean", "sqrt", "exp", "log", "random"):
            raise AttributeError(name)
        note(f"scipy.{name} is np.{name}")
        return getattr(np, name)

    add_attributes(scipy, found)
