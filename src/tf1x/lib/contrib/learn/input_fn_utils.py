"""`tf.contrib.learn.utils`: what a served model of contrib.learn receives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core.dtypes import string
from tf1x.core.shapes import TensorShape
from tf1x.ops.array import placeholder


class InputFnOps(NamedTuple):
    """Features, labels (None in serving) and what requests feed, by name."""

    features: Any
    labels: Any
    default_inputs: Any


def build_parsing_serving_input_fn(
    feature_spec: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], InputFnOps]:
    """A function for requests of serialized `tf.Example`s.

    Args:
        feature_spec: how to parse them, as for `tf.parse_example`.
    """

    def input_fn() -> InputFnOps:
        from tf1x.ops.parsing_functions import parse_example

        serialized = placeholder(string, shape=[default_batch_size], name="input_example_tensor")
        features = parse_example(serialized, feature_spec)
        return InputFnOps(features, None, {"examples": serialized})

    return input_fn


def build_default_serving_input_fn(
    features: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], InputFnOps]:
    """A function for requests of tensors like those of `features`."""

    def input_fn() -> InputFnOps:
        made = {}
        for name, tensor in features.items():
            shape = TensorShape([default_batch_size]).concatenate(tensor.get_shape()[1:])
            made[name] = placeholder(tensor.dtype.base_dtype, shape=shape, name=tensor.op.name)
        return InputFnOps(made, None, made)

    return input_fn
