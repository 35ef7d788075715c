"""Summaries: what event files hold, as serialized `Summary` messages.

The ops run in Python on concrete values; a summary is a scalar string. Event files are written by
lib/summary.
"""

from __future__ import annotations

import functools
import io
import struct
from typing import Any

import numpy as np

from tf1x.core import graphdef
from tf1x.core.dtypes import REALS, DType, float16, float32, float64, uint8
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import scalar

# -- messages ------------------------------------------------------------------------------------


def _fail(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _message() -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary()


def _serialized(summary: Any) -> Any:
    return np.array(summary.SerializeToString(), object)


def _dims(value: Any) -> str:
    return "[" + ",".join(map(str, np.shape(value))) + "]"


def _tag(tag: Any) -> str:
    """The text of a scalar string.

    Raises:
        InvalidArgumentError: it is not a scalar, or not UTF-8.
    """
    if np.ndim(tag):
        raise _fail(f"tag must be a scalar, not {_dims(tag)}")
    return _text(np.asarray(tag).item())


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _fail(f"A tag must be UTF-8 text: {data!r}") from error


def _numbered(tag: str, kind: str, limit: int, index: int) -> str:
    """The tag of one of several images or clips."""
    return f"{tag}/{kind}/{index}" if limit > 1 else f"{tag}/{kind}"


def _positive(name: str) -> Any:
    """The shape of a scalar, for an op whose attribute `name` is at least 1."""

    def rule(op: Operation) -> Any:
        if op.attrs[name] < 1:
            raise ValueError(
                f"Attr '{name}' of '{op.type}' Op passed {op.attrs[name]} less than minimum 1"
            )
        return [()]

    return rule


# -- numbers -------------------------------------------------------------------------------------


@op("tags: string, values: T -> summary: string", shape=scalar, grad=None, host=True, T=REALS)
def ScalarSummary(tags: Any, values: Any) -> Any:
    """A summary with one number for each tag; `tags` and `values` have the same shape."""
    if np.shape(tags) != np.shape(values):
        single = f" (tag '{_tag(tags)}')" if not np.ndim(tags) else ""
        raise _fail(
            f"tags and values are not the same shape: {_dims(tags)} != {_dims(values)}{single}"
        )
    summary = _message()
    for tag, value in zip(np.ravel(tags), np.ravel(values), strict=True):
        summary.value.add(tag=_text(tag), simple_value=float(value))
    return _serialized(summary)


@functools.cache
def _limits() -> np.ndarray[Any, Any]:
    """Upper limits of the buckets: each 10% above the one before, from 1e-12 to 1e20; mirrored."""
    positive, limit = [], 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(np.finfo(np.float64).max)
    return np.array([-x for x in reversed(positive)] + [0.0] + positive)


def histogram_proto(values: Any) -> Any:
    """The `HistogramProto` of an array, in TensorFlow's buckets; runs of empty ones are one.

    Sums are added up from the first value to the last, as TensorFlow does, so that they are the
    same to the last bit.
    """
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto

    flat = np.ravel(values).astype(np.float64)
    limits = _limits()
    proto = HistogramProto(min=limits[-1], max=limits[0])
    if flat.size:
        proto = HistogramProto(
            min=flat.min(),
            max=flat.max(),
            num=flat.size,
            sum=np.add.accumulate(flat)[-1],
            sum_squares=np.add.accumulate(flat * flat)[-1],
        )
    places = np.minimum(np.searchsorted(limits, flat, side="right"), limits.size - 1)
    counts = np.bincount(places, minlength=limits.size)
    filled = counts > 0
    # Of a run of empty buckets, the last stays.
    shown = filled | np.append(filled[1:], True)
    proto.bucket_limit.extend(limits[shown].tolist())
    proto.bucket.extend(counts[shown].tolist())
    return proto


@op(
    "tag: string, values: T -> summary: string",
    shape=scalar,
    grad=None,
    host=True,
    T=(REALS, float32),
)
def HistogramSummary(tag: Any, values: Any, *, op: Operation) -> Any:
    """A summary with the distribution of `values`, of any shape.

    Raises:
        InvalidArgumentError: a value is not finite.
    """
    text = _tag(tag)
    numbers = np.asarray(values, np.float64)
    if np.isnan(numbers).any():
        raise _fail(f"Nan in summary histogram for: {op.name}")
    if not np.isfinite(numbers).all():
        raise _fail(f"Infinity in Histogram for: {op.name}")
    summary = _message()
    summary.value.add(tag=text).histo.CopyFrom(histogram_proto(numbers))
    return _serialized(summary)


# -- images and sound ----------------------------------------------------------------------------


def _as_bytes(image: Any, bad_color: Any) -> Any:
    """An image of floats as uint8; pixels that are not finite get `bad_color`.

    Where no value is negative the largest becomes 255; otherwise 0 becomes 128, and the value
    farthest from it 1 or 255.
    """
    finite = np.isfinite(image).all(axis=-1)
    seen = image[finite]
    low, high = (np.float32(seen.min()), np.float32(seen.max())) if seen.size else (np.inf, -np.inf)
    most, span, offset = (max(-low, abs(high)), 127, 128) if low < 0 else (high, 255, 0)
    kind = image.dtype.type
    scale = kind(0 if most < 1e-6 else np.float32(span) / np.float32(most))
    result = np.empty(image.shape, np.uint8)
    result[finite] = (seen * scale + kind(offset)).astype(np.uint8)
    result[~finite] = bad_color[: image.shape[-1]]
    return result


def _png(pixels: Any) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


@op(
    "tag: string, tensor: T -> summary: string",
    shape=_positive("max_images"),
    grad=None,
    host=True,
    T=((uint8, float32, float16, float64), float32),
)
def ImageSummary(
    tag: Any,
    tensor: Any,
    *,
    max_images: int = 3,
    bad_color: np.ndarray = np.array([255, 0, 0, 255], np.uint8),  # noqa: B008
) -> Any:
    """A summary with up to `max_images` PNG images of a tensor [batch, height, width, channels].

    There are 1 (grey), 3 (RGB) or 4 (RGBA) channels. Floats are scaled, each image for itself.
    """
    text = _tag(tag)
    if np.ndim(tensor) != 4 or tensor.shape[3] not in (1, 3, 4):
        raise _fail(f"Tensor must be 4-D with last dim 1, 3, or 4, not {_dims(tensor)}")
    _, height, width, channels = tensor.shape
    if not tensor.size:
        raise _fail(
            f"input tensor must have non-zero dims. Found: [{', '.join(map(str, tensor.shape))}]."
        )
    if bad_color.dtype != np.uint8 or bad_color.ndim != 1 or bad_color.size < channels:
        raise _fail(f"bad_color must be a vector of at least {channels} uint8")
    summary = _message()
    for i, image in enumerate(tensor[:max_images]):
        pixels = image if image.dtype == np.uint8 else _as_bytes(image, bad_color)
        made = summary.value.add(tag=_numbered(text, "image", max_images, i)).image
        made.height, made.width, made.colorspace = height, width, channels
        made.encoded_image_string = _png(pixels)
    return _serialized(summary)


def _wav(clip: Any, rate: int) -> bytes:
    """[frames, channels] of floats in [-1, 1] as a WAV file of 16-bit samples."""
    scaled = clip.astype(np.float32) * np.float32(1 << 15)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    samples = np.nan_to_num(np.clip(rounded, -(1 << 15), (1 << 15) - 1)).astype("<i2").tobytes()
    channels = clip.shape[1]
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, channels,
        rate, rate * channels * 2, channels * 2, 16, b"data", len(samples),
    )  # fmt: skip
    return header + samples


def _audio(tag: Any, tensor: Any, sample_rate: float, max_outputs: int) -> Any:
    """A summary with up to `max_outputs` WAV clips of a tensor [batch, frames(, channels)].

    `sample_rate` is in hertz; values are in [-1, 1].
    """
    text = _tag(tag)
    if np.ndim(tensor) not in (2, 3):
        raise _fail(f"Tensor must be 3-D or 2-D, got: {_dims(tensor)}")
    if not sample_rate > 0:
        raise _fail("sample_rate must be > 0")
    summary = _message()
    for i, clip in enumerate(tensor[:max_outputs]):
        frames = clip.reshape(len(clip), -1) if clip.ndim == 1 else clip
        if not frames.shape[1]:
            raise _fail("num_channels should not be 0")
        made = summary.value.add(tag=_numbered(text, "audio", max_outputs, i)).audio
        made.sample_rate = sample_rate
        made.length_frames, made.num_channels = frames.shape
        made.encoded_audio_string = _wav(frames, int(sample_rate))
        made.content_type = "audio/wav"
    return _serialized(summary)


@op(
    "tag: string, tensor: float32, sample_rate: float32 -> summary: string",
    shape=_positive("max_outputs"),
    grad=None,
    host=True,
)
def AudioSummaryV2(tag: Any, tensor: Any, sample_rate: Any, *, max_outputs: int = 3) -> Any:
    if np.ndim(sample_rate):
        raise _fail(f"sample_rate must be a scalar, not {_dims(sample_rate)}")
    return _audio(tag, tensor, float(sample_rate), max_outputs)


AudioSummaryV2.opdef.doc = _audio.__doc__


@op(
    "tag: string, tensor: float32 -> summary: string",
    shape=_positive("max_outputs"),
    grad=None,
    host=True,
)
def AudioSummary(tag: Any, tensor: Any, *, sample_rate: float, max_outputs: int = 3) -> Any:
    """The older form of `AudioSummaryV2`, with a fixed `sample_rate`."""
    return _audio(tag, tensor, sample_rate, max_outputs)


# -- tensors and sets of summaries ---------------------------------------------------------------


@op(
    "tensor: T -> summary: string",
    shape=scalar,
    grad=None,
    host=True,
    attrs={"description": ("str", ""), "labels": ("list[str]", []), "display_name": ("str", "")},
)
def TensorSummary(tensor: Any, *, T: DType, op: Operation) -> Any:
    """A summary with a tensor of any type and shape, under the op's own name."""
    summary = _message()
    summary.value.add(node_name=op.name).tensor.CopyFrom(graphdef.make_tensor_proto(tensor, T))
    return _serialized(summary)


@op(
    "tag: string, tensor: T, serialized_summary_metadata: string -> summary: string",
    shape=scalar,
    grad=None,
    host=True,
)
def TensorSummaryV2(tag: Any, tensor: Any, serialized_summary_metadata: Any, *, T: DType) -> Any:
    """A summary with a tensor of any type and shape, and a `SummaryMetadata` that says for whom."""
    from google.protobuf.message import DecodeError

    summary = _message()
    value = summary.value.add(tag=_tag(tag))
    value.tensor.CopyFrom(graphdef.make_tensor_proto(tensor, T))
    try:
        value.metadata.ParseFromString(np.asarray(serialized_summary_metadata).item())
    except DecodeError as error:
        raise _fail("Could not parse the serialized SummaryMetadata") from error
    return _serialized(summary)


@op("inputs: N*string -> summary: string", shape=scalar, grad=None, host=True)
def MergeSummary(inputs: list[Any]) -> Any:
    """One summary with the values of all.

    Raises:
        InvalidArgumentError: two values have the same tag, or an input is no summary.
    """
    from google.protobuf.message import DecodeError

    merged, tags = _message(), set()
    for data in (item for array in inputs for item in np.ravel(array)):
        summary = _message()
        try:
            summary.ParseFromString(data)
        except DecodeError as error:
            raise _fail("Could not parse one of the summary inputs") from error
        for value in summary.value:
            if value.tag and value.tag in tags:
                raise _fail(f"Duplicate tag {value.tag} found in summary inputs ")
            tags.add(value.tag)
        merged.MergeFrom(summary)
    return _serialized(merged)
