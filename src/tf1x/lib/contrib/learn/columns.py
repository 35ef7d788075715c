"""Feature columns of the data itself: `tf.contrib.learn.infer_real_valued_columns_from_input`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.dtypes import as_dtype
from tf1x.core.graph import Graph
from tf1x.lib.contrib.layers.feature_column import real_valued_column
from tf1x.lib.contrib.layers.feature_column_ops import infer_real_valued_columns
from tf1x.lib.contrib.layers.feature_column_sparse import _Column


def infer_real_valued_columns_from_input_fn(input_fn: Callable[[], Any]) -> list[Any]:
    """A real-valued column for each feature that `input_fn` returns (in a graph of its own)."""
    with Graph().as_default():
        features, _ = input_fn()
        return infer_real_valued_columns(features)


def infer_real_valued_columns_from_input(x: Any) -> list[Any]:
    """A real-valued column for a matrix of examples (named ""), or for each of a dict of them.

    Raises:
        ValueError: something is not of numbers.
    """
    if isinstance(x, dict):
        return [_column(name, value) for name, value in x.items()]
    return [_column("", x)]


def _column(name: str, values: Any) -> Any:
    if not hasattr(values, "dtype") or not hasattr(values, "shape"):
        values = np.asarray(values)
    dtype = as_dtype(np.dtype(getattr(values, "dtype", np.float32)))
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(
            "Non integer or non floating types are not supported for auto detection. Please define "
            f"corresponding FeatureColumn for {name!r}, which has type {dtype}."
        )
    return real_valued_column(name, dimension=int(np.prod(values.shape[1:])), dtype=dtype)


def as_dict(features: Any) -> dict[str, Any]:
    """Features by name; a single tensor's name is empty."""
    return dict(features) if isinstance(features, dict) else {"": features}


def are_old(feature_columns: Any) -> bool:
    """Whether they are columns of tf.contrib.layers rather than of tf.feature_column.

    Raises:
        ValueError: there are both kinds.
    """
    old = [isinstance(column, _Column) for column in feature_columns]
    if any(old) and not all(old):
        raise ValueError("Columns of tf.contrib.layers and of tf.feature_column do not mix.")
    return any(old)
