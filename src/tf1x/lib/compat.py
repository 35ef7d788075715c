"""`tf.compat`: strings as bytes or text, and the switches between TensorFlow's versions.

`tf.compat.v1` is the public tree itself (see `tf1x.api.build`).
"""

from __future__ import annotations

import numbers
import os
from typing import Any

import numpy as np

from tf1x.api import define, export
from tf1x.core.shapes import Dimension, TensorShape

define((bytes, str), "compat.bytes_or_text_types")
define((numbers.Integral, np.integer), "compat.integral_types")
define((numbers.Real, np.integer, np.floating), "compat.real_types")
define((numbers.Complex, np.number), "compat.complex_types")


@export("compat.as_bytes")
def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """`bytes_or_text` as bytes.

    Raises:
        TypeError: it is neither bytes nor text.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@export("compat.as_text", "compat.as_str")
def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """`bytes_or_text` as text.

    Raises:
        TypeError: it is neither bytes nor text.
    """
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


as_str = as_text


@export("compat.as_str_any")
def as_str_any(value: Any) -> str:
    """Bytes decoded, anything else through `str`."""
    return as_text(value) if isinstance(value, bytes) else str(value)


@export("compat.path_to_str")
def path_to_str(path: Any) -> Any:
    """A path object as text; other values as they are."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


@export("compat.dimension_value", "dimension_value")
def dimension_value(dimension: Any) -> int | None:
    """The size of a `Dimension` (None when unknown); other values as they are."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


@export("compat.dimension_at_index", "dimension_at_index")
def dimension_at_index(shape: TensorShape, index: int) -> Dimension:
    """The dimension at an index, unknown when the rank is."""
    return Dimension(None) if shape.ndims is None else shape.dims[index]


def _already_so() -> None:
    """Nothing to do: a graph program of TensorFlow 1 is what tf1x runs."""


define(
    _already_so, "disable_v2_behavior", "disable_eager_execution", "disable_v2_tensorshape",
    "disable_tensor_equality",
    "enable_control_flow_v2", "disable_control_flow_v2",
)  # fmt: skip
