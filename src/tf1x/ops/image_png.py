"""PNG: Pillow reads the common kinds; 16-bit colour, which it lacks, and writing are done here."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from tf1x.ops.image_jpeg import MAX_PIXELS, invalid, opened, pixels

_MAGIC = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a colour type
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of a number of channels
_WEIGHTS = (9797, 19234, 3737)  # of red, green and blue in grey, times 2**15, as libpng has them
_IDAT_SIZE = 8192
_MAX_RATIO = 1032  # deflate packs no byte tighter


def decode(data: bytes, channels: int = 0, dtype: Any = np.uint8) -> np.ndarray:
    """A PNG file as uint8 or uint16 [height, width, channels].

    Args:
        channels: 0 for the file's own; 1, 2, 3 or 4 for grey, grey and alpha, RGB, RGBA.

    Raises:
        InvalidArgumentError: the file is damaged or too large.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise invalid("Invalid PNG. Failed to initialize decoder.")
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if color not in _CHANNELS or depth not in (1, 2, 4, 8, 16) or not width or not height:
        raise invalid("Invalid PNG. Failed to initialize decoder.")
    if max(width, height) >= 1 << 27 or width * height >= MAX_PIXELS:
        raise invalid(f"PNG size too large for int: {width} by {height}")
    if width * height * depth * _CHANNELS[color] // 8 > _MAX_RATIO * len(data):
        raise invalid(f"Invalid PNG data, size {len(data)}: too short for its dimensions.")
    if depth == 16 and color != _GREY:
        array = _wide(data, width, height, color, bool(interlaced), channels)
    else:
        array = _by_pillow(data, color, channels)
    array = _with_channels(array, channels, (1 << depth) - 1)
    if array.dtype == np.uint16 and dtype == np.uint8:
        return (array >> 8).astype(np.uint8)
    if array.dtype == np.uint8 and dtype == np.uint16:
        return array.astype(np.uint16) * np.uint16(257)
    return array


def _by_pillow(data: bytes, color: int, channels: int) -> np.ndarray:
    image = opened(data, "PNG")
    try:
        image.load()
    except Exception as error:
        raise invalid(f"Invalid PNG data, size {len(data)}: {error}") from error
    transparent = "transparency" in image.info
    if color == _PALETTE:
        wants_alpha = transparent and channels % 2 == 0
        return pixels(image, len(data), "RGBA" if wants_alpha else "RGB")
    if transparent and channels in (2, 4) and image.mode in ("1", "L", "RGB"):
        return pixels(image, len(data), "RGBA" if image.mode == "RGB" else "LA")
    if image.mode in ("I", "I;16", "I;16B"):
        return pixels(image, len(data)).astype(np.uint16)
    return pixels(image, len(data), "L" if image.mode == "1" else None)


def _with_channels(array: np.ndarray, channels: int, opaque: int) -> np.ndarray:
    """Grey to colour and back, alpha added or dropped.

    TensorFlow takes the largest value of the file's own depth for `opaque`: 1 for one bit.
    """
    own = array.shape[2]
    if channels in (0, own):
        return array
    color, alpha = (array[..., :-1], array[..., -1:]) if own % 2 == 0 else (array, None)
    if channels < 3 and color.shape[2] == 3:
        red, green, blue = (color[..., i : i + 1].astype(np.int64) for i in range(3))
        total = _WEIGHTS[0] * red + _WEIGHTS[1] * green + _WEIGHTS[2] * blue
        half = 16384 if array.dtype == np.uint16 else 0
        color = ((total + half) >> 15).astype(array.dtype)
    elif channels >= 3 and color.shape[2] == 1:
        color = np.repeat(color, 3, axis=2)
    if channels % 2:
        return color
    if alpha is None:
        alpha = np.full(color.shape[:2] + (1,), opaque, array.dtype)
    return np.concatenate([color, alpha], axis=2)


# -- 16-bit colour -------------------------------------------------------------------------------


def _chunks(data: bytes) -> Any:
    """Kind and content of the chunks up to IEND.

    Raises:
        InvalidArgumentError: the file ends before, or a checksum is wrong.
    """
    position = len(_MAGIC)
    while position + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        end = position + 8 + size
        if end + 4 > len(data):
            break
        if struct.unpack_from(">I", data, end)[0] != zlib.crc32(data[position + 4 : end]):
            raise invalid(f"Invalid PNG data, size {len(data)}: checksum of {kind!r}.")
        yield kind, data[position + 8 : end]
        if kind == b"IEND":
            return
        position = end + 4
    raise invalid(f"Invalid PNG data, size {len(data)}: it ends before its end.")


def _wide(
    data: bytes, width: int, height: int, color: int, interlaced: bool, channels: int
) -> np.ndarray:
    """16-bit grey with alpha, RGB or RGBA."""
    depth = _CHANNELS[color]
    packed, key = [], None
    for kind, content in _chunks(data):
        if kind == b"IDAT":
            packed.append(content)
        elif kind == b"tRNS" and color == 2 and len(content) == 6:
            key = np.frombuffer(content, ">u2")
    # Adam7: origin and step of the passes
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]  # fmt: skip
    image = np.zeros((height, width, depth), np.uint16)
    parts = [image[y::dy, x::dx] for y, x, dy, dx in passes]
    total = sum(p.shape[0] * (1 + 2 * depth * p.shape[1]) for p in parts if p.size)
    try:
        raw = zlib.decompressobj().decompress(b"".join(packed), total)
    except zlib.error as error:
        raise invalid(f"Invalid PNG data, size {len(data)}: {error}") from error
    if len(raw) < total:
        raise invalid(f"Invalid PNG data, size {len(data)}: not enough image data.")
    position = 0
    for part in parts:
        if part.size:
            size = part.shape[0] * (1 + 2 * depth * part.shape[1])
            lines = np.frombuffer(raw, np.uint8, size, position).reshape(part.shape[0], -1)
            part[...] = _unfiltered(lines, 2 * depth).view(">u2").reshape(part.shape)
            position += size
    if key is not None and channels in (2, 4):
        alpha = np.where((image == key).all(axis=2, keepdims=True), 0, 65535).astype(np.uint16)
        image = np.concatenate([image, alpha], axis=2)
    return image


def _unfiltered(lines: np.ndarray, step: int) -> np.ndarray:
    """The bytes of scan lines, each with its filter in front; `step` bytes a pixel."""
    above = np.zeros(lines.shape[1] - 1, np.uint8)
    result = np.empty((lines.shape[0], lines.shape[1] - 1), np.uint8)
    for y, line in enumerate(lines):
        kind, row = line[0], line[1:]
        if kind == 1:
            row = np.cumsum(row.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            row = row + above
        elif kind in (3, 4):
            row = _predicted(row.tolist(), above.tolist(), step, _mean if kind == 3 else _paeth)
        elif kind:
            raise invalid(f"Invalid PNG data: unknown filter {kind}.")
        result[y] = above = row
    return result


def _predicted(row: list[int], above: list[int], step: int, predict: Any) -> np.ndarray:
    left, corner = [0] * step, [0] * step
    for i, value in enumerate(row):
        a, b, c = left[i % step], above[i], corner[i % step]
        row[i] = left[i % step] = (value + predict(a, b, c)) & 255
        corner[i % step] = b
    return np.array(row, np.uint8)


def _mean(a: int, b: int, c: int) -> int:
    return (a + b) >> 1


def _paeth(a: int, b: int, c: int) -> int:
    near_a, near_b, near_c = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    if near_a <= near_b and near_a <= near_c:
        return a
    return b if near_b <= near_c else c


# -- writing -------------------------------------------------------------------------------------


def encode(array: np.ndarray, compression: int = -1) -> bytes:
    """An image, uint8 or uint16 [height, width, 1 to 4], as a PNG file.

    Args:
        compression: 0 (none) to 9, -1 for zlib's default.

    Raises:
        InvalidArgumentError: another shape, or an empty image.
    """
    if array.ndim != 3 or array.shape[2] not in _COLOR_TYPES:
        raise invalid(f"image must have 1, 2, 3, or 4 channels, got {list(array.shape)}")
    if not array.size:
        raise invalid(f"image must not be empty, got {list(array.shape)}")
    height, width, depth = array.shape
    bits = 8 * array.dtype.itemsize
    lines = np.ascontiguousarray(array.astype(array.dtype.newbyteorder(">"))).view(np.uint8)
    filtered = _filtered(lines.reshape(height, -1), depth * array.dtype.itemsize)
    # As libpng does for filtered lines; so the file is TensorFlow's byte for byte.
    packer = zlib.compressobj(compression, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    content = packer.compress(filtered.tobytes()) + packer.flush()
    content = _small_window(content, filtered.size)
    head = struct.pack(">IIBBBBB", width, height, bits, _COLOR_TYPES[depth], 0, 0, 0)
    parts = [content[i : i + _IDAT_SIZE] for i in range(0, len(content), _IDAT_SIZE)]
    chunks = [_chunk(b"IHDR", head), *(_chunk(b"IDAT", part) for part in parts)]
    return b"".join([_MAGIC, *chunks, _chunk(b"IEND", b"")])


def _small_window(packed: bytes, size: int) -> bytes:
    """zlib's head saying that the reader needs no larger window than the data has bytes."""
    bits = 7
    while bits > 0 and size <= 1 << (bits + 7):
        bits -= 1
    first, second = 8 | bits << 4, packed[1] & 0xE0
    return bytes([first, second + 31 - ((first << 8) + second) % 31]) + packed[2:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _filtered(lines: np.ndarray, step: int) -> np.ndarray:
    """Each line by the filter that leaves the smallest differences, its number in front."""
    wide = lines.astype(np.int16)
    a = np.pad(wide, ((0, 0), (step, 0)))[:, :-step]
    b = np.pad(wide, ((1, 0), (0, 0)))[:-1]
    c = np.pad(wide, ((1, 0), (step, 0)))[:-1, :-step]
    near_a, near_b, near_c = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    paeth = np.where((near_a <= near_b) & (near_a <= near_c), a, np.where(near_b <= near_c, b, c))
    choices = np.stack([wide, wide - a, wide - b, wide - ((a + b) >> 1), wide - paeth])
    choices = choices.astype(np.uint8)
    costs = np.minimum(choices, 256 - choices.astype(np.int16)).sum(axis=2)
    best = costs.argmin(axis=0)
    chosen = choices[best, np.arange(len(lines))]
    return np.concatenate([best[:, None].astype(np.uint8), chosen], axis=1)
