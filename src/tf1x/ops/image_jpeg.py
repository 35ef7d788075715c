"""JPEG, by way of Pillow (libjpeg-turbo).

TensorFlow's default `dct_method` is libjpeg's fast integer transform; Pillow always takes the
accurate one. Everything else is the same library: with `dct_method="INTEGER_ACCURATE"` the pixels
are TensorFlow's, by default they differ a little (tests/ops/test_image_codecs.py measures it).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tf1x.core.errors import InvalidArgumentError, UnsupportedError

MAX_PIXELS = 1 << 29

Shape = tuple[int, int, int]


def invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def opened(data: bytes, kind: str) -> Any:
    """A file in memory as a Pillow image, of which only the head has been read.

    Raises:
        InvalidArgumentError: it is no such file, or larger than TensorFlow takes.
    """
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
    except Exception as error:  # Pillow raises nearly anything on damaged files
        raise invalid(f"Invalid {kind} data, size {len(data)}: {error}") from error
    if image.width * image.height >= MAX_PIXELS:
        raise invalid(f"{kind} size too large for int: {image.width} by {image.height}")
    return image


def pixels(image: Any, size: int, mode: str | None = None) -> np.ndarray:
    """The pixels of an image, [height, width, channels].

    Raises:
        InvalidArgumentError: the data ends too soon or is damaged.
    """
    try:
        array = np.array(image if mode in (None, image.mode) else image.convert(mode))
    except Exception as error:
        raise invalid(f"Invalid {image.format or 'image'} data, size {size}: {error}") from error
    return array[:, :, None] if array.ndim == 2 else array


def _scaled(image: Any, mode: str, ratio: int) -> None:
    """Let the decoder divide the size by `ratio` and, for "L", give the brightness alone."""
    image.draft(mode, (max(image.width // ratio, 1), max(image.height // ratio, 1)))


def decode(
    data: bytes,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    crop: Any = None,
) -> np.ndarray:
    """A JPEG file as uint8 [height, width, channels].

    Args:
        channels: 0 for the file's own, 1 for grey, 3 for RGB.
        ratio: by what the size is divided: 1, 2, 4 or 8.
        try_recover_truncated: fill up what is missing at the end rather than fail.
        crop: which window to take: y, x, height, width.

    Raises:
        InvalidArgumentError: the file is damaged, or the window does not lie inside.
        UnsupportedError: `fancy_upscaling=False`, which Pillow does not offer.
    """
    if channels not in (0, 1, 3):
        raise invalid("JPEG does not support 4 channels")
    if try_recover_truncated:
        data += b"\xff\xd9"
    image = opened(data, "JPEG")
    if image.width * image.height > 64 * 8 * len(data):  # an 8x8 block takes a bit at least
        raise invalid(f"Invalid JPEG data, size {len(data)}: too short for its dimensions.")
    if not fancy_upscaling and image.mode == "RGB" and channels != 1:
        raise UnsupportedError(
            "tf.image.decode_jpeg(fancy_upscaling=False) needs a decoder without chroma "
            "smoothing, which Pillow does not offer: leave fancy_upscaling at True."
        )
    width, height = -(-image.width // ratio), -(-image.height // ratio)
    _scaled(image, "L" if channels == 1 else image.mode, ratio)
    if image.mode == "CMYK":
        if channels == 1:
            raise invalid("jpeg::Uncompress failed. Invalid JPEG data or crop window.")
        inks = pixels(image, len(data)).astype(np.uint32)
        array = ((255 - inks[..., :3]) * (255 - inks[..., 3:]) // 255).astype(np.uint8)
    else:
        array = pixels(image, len(data))
    if array.shape[:2] != (height, width):  # too small for Pillow's choice of scale
        from PIL import Image

        small = Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array)
        array = pixels(small.resize((width, height), Image.Resampling.BOX), len(data))
    if channels == 3 and array.shape[-1] == 1:
        array = np.repeat(array, 3, axis=-1)
    return array if crop is None else _cropped(array, crop)


def _cropped(array: np.ndarray, window: Any) -> np.ndarray:
    if np.shape(window) != (4,):
        raise invalid(f"crop_size must have four elements {list(np.shape(window))}")
    y, x, height, width = (int(v) for v in window)
    fits = y + height <= array.shape[0] and x + width <= array.shape[1]
    if min(y, x) < 0 or min(height, width) <= 0 or not fits:
        raise invalid("jpeg::Uncompress failed. Invalid JPEG data or crop window.")
    return array[y : y + height, x : x + width].copy()


def shape(data: bytes) -> Shape:
    """Height, width and channels of a JPEG file, from its head."""
    image = opened(data, "JPEG")
    return image.height, image.width, len(image.getbands())


def encode(
    array: np.ndarray,
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
) -> bytes:
    """An image, uint8 [height, width, 1 or 3], as a JPEG file.

    Raises:
        InvalidArgumentError: another shape, or values that JPEG does not take.
    """
    from PIL import Image

    if array.ndim != 3:
        raise invalid(f"image must be 3-dimensional: {list(array.shape)}")
    wanted = {"": (1, 3), "grayscale": (1,), "rgb": (3,)}.get(format)
    if wanted is None:
        raise invalid(f"format must be '', grayscale or rgb, got {format}")
    if array.shape[2] not in wanted:
        raise invalid(
            f"image must have {' or '.join(map(str, wanted))} channels, got {array.shape[2]}"
        )
    if not 0 <= quality <= 100:
        raise invalid(f"quality must be in [0,100], got {quality}")
    if not 0 < max(array.shape[:2]) < 65536 or not array.size:
        raise invalid(f"JPEG takes 1 to 65535 rows and columns, got {list(array.shape)}")
    inches = 2.54 if density_unit == "cm" else 1.0
    file = io.BytesIO()
    extra = {"xmp": xmp_metadata.encode()} if xmp_metadata else {}
    Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(
        file,
        "JPEG",
        quality=max(quality, 1),
        progressive=progressive,
        optimize=optimize_size,
        subsampling=2 if chroma_downsampling and array.shape[2] == 3 else 0,
        dpi=(x_density * inches, y_density * inches),
        **extra,
    )
    return file.getvalue()
