"""Image files to tensors and back: JPEG, PNG, GIF, BMP."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import INDICES, DType, float32, int32, uint8, uint16
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import dims, product, with_rank

_JPEG_ATTRS: dict[str, tuple[str, Any]] = {
    "acceptable_fraction": ("float", 1.0),
    "dct_method": ("str", ""),
}


def _bytes(contents: Any) -> bytes:
    from tf1x.ops.image_jpeg import invalid

    array = np.asarray(contents)
    if array.ndim:
        raise invalid(f"`contents` must be scalar but got shape{list(array.shape)}")
    data: bytes = array.item()
    if not data:
        raise invalid("Input is empty.")
    return data


def _image_shape(channels: int | None = None) -> Any:
    def rule(op: Operation) -> Any:
        with_rank(dims(op), 0)
        return [(None, None, channels or op.attrs.get("channels") or None)]

    return rule


def _scaled(array: np.ndarray, dtype: Any) -> np.ndarray:
    """8-bit pixels in the type asked for."""
    if dtype == np.uint16:
        return array.astype(np.uint16) * np.uint16(256)
    return array.astype(np.float32) * np.float32(1 / 255) if dtype == np.float32 else array


def _decoded(
    op_type: str,
    contents: Any,
    channels: int = 0,
    dtype: Any = np.uint8,
    crop: Any = None,
    animated: bool = True,
    **jpeg_options: Any,
) -> np.ndarray:
    """What the decoding ops share: all of them look at the content, not at their names."""
    from tf1x.ops import image_gif, image_jpeg, image_png
    from tf1x.ops.image_jpeg import invalid

    data = _bytes(contents)
    if channels not in (0, 1, 3, 4):
        raise invalid(f"`channels` must be 0, 1, 3 or 4 but got {channels}")
    found = next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)
    if found is None:
        raise invalid(
            "Unknown image file format. One of JPEG, JPEG XL, PNG, GIF, BMP, WebP required."
        )
    if op_type == "DecodeAndCropJpeg" and found != "JPEG":
        raise invalid(f"DecodeAndCropJpeg operation can run on JPEG only, but detected {found}.")
    if op_type not in (_BMP_OPS if found == "BMP" else _OTHER_OPS):
        raise invalid(
            f"Trying to decode {found} format using {op_type} op. Use "
            f"`decode_{found.lower()}` or `decode_image` instead."
        )
    if found == "BMP":
        return _scaled(image_gif.decode_bmp(data, channels), dtype)
    if found == "GIF":
        return _scaled(_gif(op_type, data, channels, animated), dtype)
    if found == "JPEG":
        array = _scaled(image_jpeg.decode(data, channels, crop=crop, **jpeg_options), dtype)
    elif dtype == np.float32:
        array = image_png.decode(data, channels, np.uint16).astype(np.float32)
        array *= np.float32(1 / 65535)
    else:
        array = image_png.decode(data, channels, dtype)
    return array[None] if op_type == "DecodeGif" else array


_BMP_OPS = ("DecodeBmp", "DecodeImage")
_OTHER_OPS = ("DecodeJpeg", "DecodeAndCropJpeg", "DecodePng", "DecodeGif", "DecodeImage")
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
)


def _gif(op_type: str, data: bytes, channels: int, animated: bool) -> np.ndarray:
    from tf1x.ops.image_gif import decode_gif
    from tf1x.ops.image_jpeg import invalid

    if channels not in (0, 3):
        raise invalid(f"channels must be 0 or 3 for GIF, got {channels}")
    frames = decode_gif(data, animated)
    if op_type in ("DecodePng", "DecodeJpeg"):
        if len(frames) > 1:
            raise invalid(
                f"Got {len(frames)} frames, but animated gifs can only be decoded by "
                "tf.io.decode_gif or tf.io.decode_image"
            )
        return frames[0]
    return frames if animated else frames[0]


def _jpeg_op(name: str, signature: str, doc: str) -> Any:
    def lower(
        contents: Any,
        *crop: Any,
        channels: int = 0,
        ratio: int = 1,
        fancy_upscaling: bool = True,
        try_recover_truncated: bool = False,
    ) -> Any:
        from tf1x.ops.image_jpeg import invalid

        if ratio not in (1, 2, 4, 8):
            raise invalid(f"ratio must be 1, 2, 4, or 8, got {ratio}")
        return _decoded(
            name,
            contents,
            channels,
            crop=crop[0] if crop else None,
            ratio=ratio,
            fancy_upscaling=fancy_upscaling,
            try_recover_truncated=try_recover_truncated,
        )

    lower.__doc__ = doc
    return op(
        signature,
        type=name,
        shape=_image_shape(),
        grad=None,
        host=True,
        blocking=True,
        attrs=_JPEG_ATTRS,
    )(lower)


DecodeJpeg = _jpeg_op(
    "DecodeJpeg",
    "contents: string -> image: uint8",
    "A JPEG (or PNG, or GIF of one frame) as uint8 [height, width, channels]; see `image_jpeg`.",
)
DecodeAndCropJpeg = _jpeg_op(
    "DecodeAndCropJpeg",
    "contents: string, crop_window: int32 -> image: uint8",
    "A window (y, x, height, width) of a JPEG as uint8 [height, width, channels].",
)


@op(
    "contents: string -> image: dtype",
    dtype=((uint8, uint16), uint8),
    shape=_image_shape(),
    grad=None,
    host=True,
    blocking=True,
)
def DecodePng(contents: Any, *, channels: int = 0, dtype: DType) -> Any:
    """A PNG (or JPEG, or GIF of one frame) as [height, width, channels]."""
    return _decoded("DecodePng", contents, channels, dtype.as_numpy_dtype)


@op(
    "contents: string -> image: uint8",
    shape=lambda op: [(None, None, None, 3)],
    grad=None,
    host=True,
    blocking=True,
)
def DecodeGif(contents: Any) -> Any:
    """A GIF as uint8 [frames, height, width, 3]."""
    return _decoded("DecodeGif", contents, 3)


@op("contents: string -> image: uint8", shape=_image_shape(), grad=None, host=True, blocking=True)
def DecodeBmp(contents: Any, *, channels: int = 0) -> Any:
    """A BMP of 8, 24 or 32 bits as uint8 [height, width, channels]."""
    return _decoded("DecodeBmp", contents, channels)


@op(
    "contents: string -> image: dtype",
    dtype=((uint8, uint16, float32), uint8),
    shape=lambda op: [None],
    grad=None,
    host=True,
    blocking=True,
)
def DecodeImage(
    contents: Any, *, channels: int = 0, dtype: DType, expand_animations: bool = True
) -> Any:
    """A JPEG, PNG or BMP as [height, width, channels]; a GIF with its frames in front."""
    return _decoded(
        "DecodeImage", contents, channels, dtype.as_numpy_dtype, animated=expand_animations
    )


@op(
    "contents: string -> image_shape: output_type",
    output_type=(INDICES, int32),
    shape=lambda op: [(3,)],
    grad=None,
    host=True,
)
def ExtractJpegShape(contents: Any, *, output_type: DType) -> Any:
    """Height, width and channels of a JPEG, without decoding it."""
    from tf1x.ops import image_jpeg

    return np.array(image_jpeg.shape(_bytes(contents)), output_type.as_numpy_dtype)


def _one_image(op: Operation) -> Any:
    with_rank(dims(op), 3)
    return [()]


def _string(data: bytes) -> np.ndarray:
    return np.array(data, object)


@op("image: uint8 -> contents: string", shape=_one_image, grad=None, host=True, blocking=True)
def EncodeJpeg(
    image: Any,
    *,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
) -> Any:
    """An image, [height, width, 1 or 3], as a JPEG file."""
    from tf1x.ops import image_jpeg

    return _string(
        image_jpeg.encode(
            np.asarray(image),
            format=format,
            quality=quality,
            progressive=progressive,
            optimize_size=optimize_size,
            chroma_downsampling=chroma_downsampling,
            density_unit=density_unit,
            x_density=x_density,
            y_density=y_density,
            xmp_metadata=xmp_metadata,
        )
    )


@op(
    "images: uint8, quality: int32 -> contents: string",
    shape=_one_image,
    grad=None,
    host=True,
    blocking=True,
)
def EncodeJpegVariableQuality(images: Any, quality: Any) -> Any:
    """An image as a JPEG file of a quality, 0 to 100, that is a tensor."""
    from tf1x.ops import image_jpeg

    return _string(image_jpeg.encode(np.asarray(images), quality=int(quality)))


def _images_in_front(op: Operation) -> Any:
    shape = dims(op)
    return [None if shape is None else shape[:-3]]


@op(
    "image: T -> contents: string",
    T=((uint8, uint16), uint8),
    shape=_images_in_front,
    grad=None,
    host=True,
    blocking=True,
)
def EncodePng(image: Any, *, compression: int = -1) -> Any:
    """Images, [..., height, width, 1 to 4], each as a PNG file."""
    from tf1x.ops import image_png

    array = np.asarray(image)
    if array.ndim < 3:
        raise ValueError(f"image must be at least rank 3, got {list(array.shape)}")
    files = np.empty(int(product(array.shape[:-3]) or 0), object)
    for i, one in enumerate(array.reshape(-1, *array.shape[-3:])):
        files[i] = image_png.encode(one, compression)
    return files.reshape(array.shape[:-3])
