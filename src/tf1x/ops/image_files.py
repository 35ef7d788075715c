"""`tf.image.decode_image`, `encode_png` and JPEG at random quality."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, float32, int32, uint8, uint16
from tf1x.core.operation import Tensor
from tf1x.ops import image_codecs, math, random, strings
from tf1x.ops.image_adjust import convert_image_dtype
from tf1x.ops.image_geometry import is_tensor


@export("image.decode_image", "io.decode_image")
def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """A JPEG, PNG, GIF or BMP file as [height, width, channels]; a GIF has its frames in front.

    Args:
        channels: 0 or None for the file's own number, else 1, 3 or 4.
        dtype: uint8, or another type to which values are scaled (`convert_image_dtype`).
        expand_animations: False takes the first frame of a GIF, so that the rank is known.
    """
    with scopes.name_scope(name, "decode_image"):
        wanted = as_dtype(dtype)
        decoded = wanted if wanted in (float32, uint8, uint16) else uint16
        image = image_codecs.DecodeImage(
            contents,
            channels=channels or 0,
            expand_animations=expand_animations,
            dtype=decoded,
        )
        if decoded != wanted:
            image = convert_image_dtype(image, wanted)
        if not expand_animations:
            image.set_shape([None, None, channels or None])
        return image


@export("image.encode_png", "io.encode_png")
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """Images, uint8 or uint16 [..., height, width, 1 to 4], as PNG files.

    Args:
        compression: 0 (none) to 9, or -1 for the default.
    """
    result: Tensor = image_codecs.EncodePng(
        convert.to_tensor(image), compression=compression, name=name
    )
    return result


@export("image.is_jpeg", "io.is_jpeg")
def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether a string begins as JPEG files do."""
    with scopes.name_scope(name, "is_jpeg"):
        start = strings.Substr(contents, 0, 3)
        result: Tensor = math.Equal(start, b"\xff\xd8\xff", name=name)
        return result


@export("image.adjust_jpeg_quality")
def adjust_jpeg_quality(
    image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None
) -> Tensor:
    """An image, [height, width, 1 or 3], as it looks once written as a JPEG of a quality, 0 to 100."""
    with scopes.name_scope(name, "adjust_jpeg_quality", [image]):
        image = convert.to_tensor(image, name="image")
        channels = image.shape.as_list()[-1]
        own = image.dtype.base_dtype
        image = convert_image_dtype(image, uint8, saturate=True)
        if not is_tensor(jpeg_quality):
            jpeg_quality = convert.to_tensor(jpeg_quality, int32)
        file = image_codecs.EncodeJpegVariableQuality(image, jpeg_quality)
        image = image_codecs.DecodeJpeg(file, channels=channels, dct_method=dct_method)
        return convert_image_dtype(image, own, saturate=True)


@export("image.random_jpeg_quality")
def random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> Tensor:
    """`adjust_jpeg_quality` with a random quality in [min_jpeg_quality, max_jpeg_quality)."""
    if not (0 <= min_jpeg_quality <= 100 and 0 <= max_jpeg_quality <= 100):
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random.random_uniform([], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=int32)
    return adjust_jpeg_quality(image, quality)
