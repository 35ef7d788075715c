"""Tensors as TensorFlow writes them: in `Assert`, `Print` and `tf.print`."""

from __future__ import annotations

from typing import Any

import numpy as np


def _float_text(value: float, digits: int, more: int, kind: Any) -> str:
    """The shorter of two precisions that reads back as the same number."""
    text = f"{value:.{digits}g}"
    if value == value and kind(text) != value:
        text = f"{value:.{more}g}"
    return text


def element_text(value: Any) -> str:
    """One element: bools as 0 and 1, floats in the fewest digits that tell them apart."""
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, np.complexfloating):
        return f"({element_text(value.real)},{element_text(value.imag)})"
    if isinstance(value, (float, np.float64)):
        return _float_text(float(value), 15, 17, np.float64)
    if isinstance(value, np.float32):
        return _float_text(float(value), 6, 9, np.float32)
    if np.issubdtype(np.asarray(value).dtype, np.integer):
        return str(int(value))
    return _float_text(float(value), 6, 9, np.float32)


def summary(array: Any, limit: int) -> str:
    """The first `limit` elements (-1: all), rows in brackets, "..." for the rest."""
    array = np.asarray(array)
    limit = array.size if limit < 0 else limit
    if not array.ndim:
        return element_text(array[()]) if limit > 0 else ""
    parts: list[str] = []
    left = [limit]
    _write_rows(array, left, parts, outermost=True)
    return "".join(parts) + ("..." if array.size > limit else "")


def _write_rows(array: Any, left: list[int], parts: list[str], outermost: bool) -> None:
    if left[0] <= 0:
        return
    if array.ndim == 1:
        for i, value in enumerate(array):
            if left[0] <= 0:
                if not outermost:
                    parts.append("...")
                return
            parts.append((" " if i else "") + element_text(value))
            left[0] -= 1
        return
    for row in array:
        if left[0] <= 0:
            return
        parts.append("[")
        _write_rows(row, left, parts, outermost=False)
        parts.append("]")


def edges(array: Any, ends: int) -> str:
    """The first and last `ends` elements of each dimension (-1: all), laid out as NumPy does."""
    return _edges(np.asarray(array), ends, 0)


def _edges(array: Any, ends: int, depth: int) -> str:
    if not array.ndim:
        value = array[()] if isinstance(array, np.ndarray) else array
        return f'"{element_text(value)}"' if isinstance(value, bytes) else element_text(value)
    gap = " " if array.ndim == 1 else "\n" * (array.ndim - 1) + " " * (depth + 1)
    size = len(array)
    ends = size if ends < 0 else ends
    first = [_edges(np.asarray(row), ends, depth + 1) for row in array[:ends]]
    last = [_edges(np.asarray(row), ends, depth + 1) for row in array[max(ends, size - ends) :]]
    return "[" + gap.join(first + (["..."] if size > 2 * ends else []) + last) + "]"
