"""GIF and BMP files, as TensorFlow's decoders read them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tf1x.ops.image_jpeg import MAX_PIXELS, invalid, opened, pixels

# -- GIF -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Frame:
    """One image of a GIF: where it lies, its colours, and its compressed data."""

    left: int
    top: int
    width: int
    height: int
    colors: bytes
    transparent: int | None
    interlaced: bool
    data: bytes

    def indices(self) -> np.ndarray:
        """The numbers of the colours, [height, width]: Pillow reads the frame as a file of its own."""
        bits = max((len(self.colors) // 3 - 1).bit_length(), 1)
        head = struct.pack("<6sHHBBB", b"GIF89a", self.width, self.height, 0xF0 + bits - 1, 0, 0)
        flags = 0x40 if self.interlaced else 0
        frame = struct.pack("<BHHHHB", 0x2C, 0, 0, self.width, self.height, flags)
        file = head + self.colors.ljust(3 << bits, b"\0") + frame + self.data + b";"
        return pixels(opened(file, "GIF"), len(self.data))[..., 0]


def _blocks_end(data: bytes, position: int) -> int:
    """Where a sequence of sub-blocks ends; raises IndexError where the file ends before."""
    while data[position]:
        position += 1 + data[position]
    return position + 1


def _frames(data: bytes, position: int, colors: bytes) -> Iterator[_Frame]:
    """The frames of a GIF from `position` on, up to its end."""
    transparent: int | None = None
    while data[position] != 0x3B:
        if data[position] == 0x21:
            if data[position + 1] == 0xF9 and data[position + 2] == 4:
                transparent = data[position + 6] if data[position + 3] & 1 else None
            position = _blocks_end(data, position + 2)
        elif data[position] == 0x2C:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, position + 1)
            position += 10
            own = colors
            if flags & 0x80:
                size = 3 << ((flags & 7) + 1)
                own = data[position : position + size]
                position += size
            end = _blocks_end(data, position + 1)
            content = data[position:end]
            yield _Frame(left, top, width, height, own, transparent, bool(flags & 0x40), content)
            transparent, position = None, end
        else:
            raise IndexError


def decode_gif(data: bytes, all_frames: bool = True) -> np.ndarray:
    """A GIF file as uint8 [frames, height, width, 3].

    As TensorFlow does it: transparent pixels, and those outside of a frame, are those of the
    frame before (black in the first), whatever the file says about disposal.

    Raises:
        InvalidArgumentError: it has no complete frame, or is too large.
    """
    frames: list[_Frame] = []
    try:
        width, height, flags = struct.unpack_from("<HHB", data, 6)
        size = 3 << ((flags & 7) + 1) if flags & 0x80 else 0
        for frame in _frames(data, 13 + size, data[13 : 13 + size]):
            frames.append(frame)
            if not all_frames:
                break
    except (IndexError, struct.error):
        pass  # the frames before the damage count
    if not frames or not width or not height:
        raise invalid(f"Invalid GIF data (size {len(data)}), gif file does not contain any image")
    if len(frames) * width * height * 3 >= MAX_PIXELS:
        raise invalid(f"GIF too large: {len(frames)} frames of {width} by {height}")
    result = np.zeros((len(frames), height, width, 3), np.uint8)
    for k, frame in enumerate(frames):
        if k:
            result[k] = result[k - 1]
        _draw(result[k], frame, len(data))
    return result


def _draw(canvas: np.ndarray, frame: _Frame, size: int) -> None:
    if frame.width * frame.height >= MAX_PIXELS or not frame.colors:
        raise invalid(f"Invalid GIF data (size {size}), missing color map or frame too large")
    target = canvas[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    if not frame.width or not frame.height:
        return
    indices = frame.indices()[: target.shape[0], : target.shape[1]]
    colors = np.frombuffer(frame.colors, np.uint8).reshape(-1, 3)
    drawn = np.ones(indices.shape, bool)
    if frame.transparent is not None:
        drawn = indices != frame.transparent
    if (indices[drawn] >= len(colors)).any():
        raise invalid(
            f"Invalid GIF data (size {size}), found color index {int(indices[drawn].max())} "
            f"outside of color map range {len(colors)}"
        )
    target[drawn] = colors[indices[drawn]]


# -- BMP -----------------------------------------------------------------------------------------


def decode_bmp(data: bytes, channels: int = 0) -> np.ndarray:
    """A BMP file of 8 (grey), 24 or 32 bits a pixel as uint8 [height, width, channels].

    Raises:
        InvalidArgumentError: it is of another kind, or not of the size that its head says.
    """
    if len(data) < 32:
        raise invalid(
            "Incomplete bmp content, requires at least 32 bytes to find the header size, width, "
            f"height, and bpp, got {len(data)} bytes"
        )
    start, _, width, height, _, bits = struct.unpack_from("<iIiiHh", data, 10)
    own = bits // 8
    if own not in (1, 3, 4):
        raise invalid(f"Number of channels inherent in the image must be 1, 3 or 4, was {own}")
    if channels == 1:
        raise invalid("`channels` must be 0, 3 or 4 for BMP, but got 1")
    if width <= 0:
        raise invalid("Width must be positive")
    if not height:
        raise invalid("Height must be nonzero")
    if start < 0:
        raise invalid("header size must be nonnegative")
    rows, row_size = abs(height), (own * width + 3) // 4 * 4
    needed = start + (rows - 1) * row_size + width * own
    if len(data) < needed:
        raise invalid(
            f"Incomplete bmp content, requires at least {needed} bytes, got {len(data)} bytes"
        )
    content = data[start : start + row_size * rows].ljust(row_size * rows, b"\0")
    lines = np.frombuffer(content, np.uint8).reshape(rows, row_size)
    array = lines[:, : own * width].reshape(rows, width, own)
    array = array if height < 0 else array[::-1]
    if own > 1:
        array = np.concatenate([array[..., 2::-1], array[..., 3:]], axis=2)
    wanted = channels or own
    if wanted > own and own == 1:
        array = np.repeat(array, 3, axis=2)
    if wanted == 4 and array.shape[2] == 3:
        opaque = np.full((rows, width, 1), 255, np.uint8)
        array = np.concatenate([array, opaque], axis=2)
    return np.ascontiguousarray(array[..., :wanted])
