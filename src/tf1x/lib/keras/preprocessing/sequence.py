"""`keras.preprocessing.sequence`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tf1x.lib.keras.preprocessing import legacy


def __getattr__(name: str) -> Any:
    if name in ("TimeseriesGenerator", "make_sampling_table", "skipgrams"):
        return getattr(legacy("sequence"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pad_sequences(
    sequences: Sequence[Any], maxlen: int | None = None, dtype: Any = "int32",
    padding: str = "pre", truncating: str = "pre", value: Any = 0.0,
) -> Any:  # fmt: skip
    """Lists of different lengths as the rows of an array.

    Args:
        maxlen: the length of the rows; by default that of the longest list.
        padding, truncating: "pre" or "post": where values are added or cut off.
        value: what is added.

    Raises:
        ValueError: an item is no list, or an unknown option.
    """
    for name, given in {"padding": padding, "truncating": truncating}.items():
        if given not in ("pre", "post"):
            raise ValueError(f"{name.capitalize()} type {given!r} not understood")
    rows = []
    for item in sequences:
        if not hasattr(item, "__len__"):
            raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {item}")
        rows.append(item)
    length = max(map(len, rows), default=0) if maxlen is None else maxlen
    sample = next((np.asarray(row).shape[1:] for row in rows if len(row)), ())
    kind = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
    if isinstance(value, str) and kind.kind not in "OSU":
        raise ValueError(f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}")
    padded = np.full((len(rows), length, *sample), value, kind)
    for place, row in zip(padded, rows, strict=True):
        kept = np.asarray(row[-length:] if truncating == "pre" else row[:length], kind) if length else []  # fmt: skip
        if len(kept):
            if np.shape(kept)[1:] != sample:
                raise ValueError(
                    f"Shape of sample {np.shape(kept)[1:]} of sequence is different from expected "
                    f"shape {sample}"
                )
            place[slice(len(kept)) if padding == "post" else slice(-len(kept), None)] = kept
    return padded


def _remove_long_seq(maxlen: int, seq: Any, label: Any) -> tuple[list[Any], list[Any]]:
    """The sequences shorter than `maxlen`, and their labels."""
    kept = [(s, y) for s, y in zip(seq, label, strict=True) if len(s) < maxlen]
    return [s for s, _ in kept], [y for _, y in kept]
