"""Cases of ops/image_codecs.py: files made here by Pillow, decoded by both."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from tests.ops.cases.case import Case, Const


def picture(height: int = 23, width: int = 31, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Waves with a little noise, uint8 [height, width, channels]."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (5 + k) + k + seed) * np.cos(y / (7 - k)) for k in range(channels)]
    noise = np.random.RandomState(seed).randn(height, width, channels)
    return np.clip(127 + 100 * np.stack(waves, -1) + 6 * noise, 0, 255).astype(np.uint8)


def file(image: Any, kind: str, **options: Any) -> bytes:
    """An image, an array or Pillow's, as a file."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


RGB, GREY, RGBA = picture(), picture(channels=1), picture(channels=4)
FRAMES = [Image.fromarray(picture(seed=i)).quantize(30) for i in range(3)]
JPEG = file(RGB, "JPEG", quality=90)
PNG = file(RGB, "PNG")
GIF = file(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:], transparency=5)
ONE_FRAME = file(FRAMES[0], "GIF")
BMP = file(RGB, "BMP")
PALETTE = Image.fromarray(RGB).quantize(17)
_ACCURATE = {"dct_method": "INTEGER_ACCURATE"}
_JPEGS = [
    ("rgb", JPEG, {}),
    ("grey of rgb", JPEG, {"channels": 1}),
    ("half", JPEG, {"ratio": 2}),
    ("quarter", JPEG, {"ratio": 4}),
    ("eighth", JPEG, {"ratio": 8}),
    ("progressive", file(RGB, "JPEG", progressive=True, subsampling=0), {}),
    ("grey", file(GREY, "JPEG"), {}),
    ("rgb of grey", file(GREY, "JPEG"), {"channels": 3}),
    ("cmyk", file(Image.fromarray(RGB).convert("CMYK"), "JPEG"), {}),
    ("png", PNG, {}),
    ("gif", ONE_FRAME, {}),
]
_PNGS = [
    ("rgb", PNG),
    ("grey", file(GREY, "PNG")),
    ("rgba", file(RGBA, "PNG")),
    ("grey and alpha", file(Image.fromarray(RGBA).convert("LA"), "PNG")),
    ("palette", file(PALETTE, "PNG")),
    ("transparent palette", file(PALETTE, "PNG", transparency=3)),
    ("four colors", file(Image.fromarray(RGB).quantize(3), "PNG")),
    ("one bit", file(Image.fromarray(GREY[..., 0]).convert("1"), "PNG")),
    ("one colour transparent", file(RGB, "PNG", transparency=tuple(map(int, RGB[0, 0])))),
    ("16 bits", file(Image.fromarray(GREY[..., 0].astype(np.uint16) * 201), "PNG")),
]
_KINDS = [("JPEG", file(GREY, "JPEG")), ("PNG", PNG), ("GIF", GIF), ("BMP", BMP)]
_WIDE = RGBA.astype(np.uint16) * 201


def _in_one_file(*options: Any) -> list[Case]:
    return [
        Case("DecodePng", (Const(f),), {"channels": c, "dtype": d}, data_dependent=True, note=note)
        for note, f in _PNGS
        for c, d in options
    ]


CASES = [
    *(
        Case(
            "DecodeJpeg",
            (Const(data),),
            {**_ACCURATE, **options},
            data_dependent=True,
            note=note,
        )
        for note, data, options in _JPEGS
    ),
    Case(
        "DecodeAndCropJpeg",
        (Const(JPEG), Const([3, 7, 10, 12])),
        _ACCURATE,
        data_dependent=True,
    ),
    *_in_one_file((0, "uint8"), (1, "uint8"), (3, "uint16"), (4, "uint8")),
    Case("DecodeGif", (Const(GIF),), data_dependent=True),
    Case("DecodeGif", (Const(PNG),), data_dependent=True, note="png"),
    Case("DecodeBmp", (Const(BMP),), data_dependent=True),
    Case("DecodeBmp", (Const(BMP),), {"channels": 4}, data_dependent=True, note="alpha"),
    Case("DecodeBmp", (Const(file(RGBA, "BMP")),), data_dependent=True, note="rgba"),
    Case("DecodeBmp", (Const(file(GREY, "BMP")),), data_dependent=True, note="grey"),
    *(
        Case(
            "DecodeImage",
            (Const(data),),
            {"dtype": dtype},
            data_dependent=True,
            dtypes=("float32",),
            note=f"{kind} {dtype}",
        )
        for kind, data in _KINDS[1:]
        for dtype in ("uint8", "uint16", "float32")
    ),
    Case(
        "DecodeImage",
        (Const(GIF),),
        {"expand_animations": False},
        data_dependent=True,
        note="first frame",
    ),
    Case("ExtractJpegShape", (Const(JPEG),)),
    Case("ExtractJpegShape", (Const(file(GREY, "JPEG")),), {"output_type": "int64"}, note="grey"),
    Case("EncodeJpeg", (RGB,)),
    Case("EncodeJpeg", (GREY,), {"quality": 60, "x_density": 72}, note="grey"),
    Case(
        "EncodeJpeg",
        (RGB,),
        {"progressive": True, "optimize_size": True, "chroma_downsampling": False, "quality": 20},
        note="progressive",
    ),
    Case("EncodeJpegVariableQuality", (RGB, np.int32(35))),
    *(Case("EncodePng", (picture(channels=c),), note=f"{c} channels") for c in (1, 2, 3, 4)),
    *(Case("EncodePng", (_WIDE[..., :c],), note=f"{c} channels of 16 bits") for c in (1, 3)),
    Case("EncodePng", (picture(200, 150),), {"compression": 9}, note="large"),
    Case("EncodePng", (np.stack([RGB, RGB]),), note="batch"),
]
