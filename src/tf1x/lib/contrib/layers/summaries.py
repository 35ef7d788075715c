"""Summaries of tensors, activations and collections, by their kind and shape."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from tf1x import api
from tf1x.core import scopes
from tf1x.core.dtypes import bool_, float32, string
from tf1x.core.scopes import GraphKeys
from tf1x.ops import math, reduce


def available() -> bool:
    """Whether there is `tf.summary`."""
    return "summary.scalar" in api.names()


def _public(path: str) -> Callable[..., Any]:
    found = api.symbols().get(path)
    return found if found is not None else api.missing(path)  # type: ignore[no-any-return]


def scalar(tag: str, tensor: Any) -> Any:
    """`tf.summary.scalar`."""
    return _public("summary.scalar")(tag, tensor)


def histogram(tag: str, tensor: Any) -> Any:
    """`tf.summary.histogram`."""
    return _public("summary.histogram")(tag, tensor)


def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """A scalar summary of a scalar, a histogram of another tensor; None for strings and bools.

    Args:
        tag: by default the tensor's name and `_summary`.
    """
    if tensor.dtype.is_compatible_with(string) or tensor.dtype.base_dtype == bool_:
        return None
    make = scalar if tensor.get_shape().ndims == 0 else histogram
    return make(tag or f"{tensor.op.name}_summary", tensor)


def summarize_activation(op: Any) -> Any:
    """A histogram of an activation; of relu, relu6 and softplus also the fraction of zeros.

    Of relu6, the fraction of sixes too.
    """
    kind, name = op.op.type, op.op.name

    def fraction(compare: Callable[..., Any], bound: float, tag: str) -> None:
        features = op.op.inputs[0]
        hits = compare(features, math.cast(bound, features.dtype))
        scalar(f"{name}/{tag}", reduce.reduce_mean(math.cast(hits, float32)))

    if kind in ("Relu", "Softplus", "Relu6"):
        fraction(math.Less, 0.0, "zeros")
    if kind == "Relu6":
        fraction(math.Greater, 6.0, "sixes")
    return histogram(f"{name}/activation", op)


def summarize_tensors(tensors: Any, summarizer: Callable[[Any], Any] = summarize_tensor) -> Any:
    """The summaries of several tensors."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(
    collection: str,
    name_filter: str | None = None,
    summarizer: Callable[[Any], Any] = summarize_tensor,
) -> Any:
    """The summaries of a collection, or of those items whose names match a regular expression."""
    found = scopes.get_collection(collection)
    chosen = [x for x in found if name_filter is None or re.match(name_filter, x.op.name)]
    return summarize_tensors(chosen, summarizer)


summarize_variables = functools.partial(summarize_collection, GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, GraphKeys.BIASES)
summarize_activations = functools.partial(
    summarize_collection, GraphKeys.ACTIVATIONS, summarizer=summarize_activation
)
