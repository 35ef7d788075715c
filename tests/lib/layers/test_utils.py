"""What layers share: the functions of `tensorflow.python.layers.utils` give what TensorFlow's give."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from tensorflow.python.layers import utils as theirs

import tf1x
from tests.lib.layers.same import plain
from tf1x.lib.layers import utils as ours

CALLS: list[tuple[str, tuple[Any, ...]]] = [
    *[("convert_data_format", (form, ndim)) for form in ("channels_last", "channels_first", "NHWC") for ndim in (2, 3, 4, 5)],
    *[("normalize_tuple", (value, 2, "strides")) for value in (3, (1, 2), [1, 2], (1, 2, 3), None, ("a", 1), "ab")],
    *[("normalize_data_format", (value,)) for value in ("channels_last", "CHANNELS_FIRST", "NHWC")],
    *[("normalize_padding", (value,)) for value in ("valid", "SAME", "full")],
    *[("conv_output_length", (*lengths, padding, stride)) for padding in ("same", "valid", "full")
      for lengths in ((7, 3), (8, 2), (None, 3)) for stride in (1, 2)],
    ("conv_output_length", (9, 3, "valid", 1, 2)),
    *[("conv_input_length", (*lengths, padding, stride)) for padding in ("same", "valid", "full")
      for lengths in ((7, 3), (8, 2), (None, 3)) for stride in (1, 2)],
    *[("deconv_output_length", (*lengths, padding, stride)) for padding in ("same", "valid", "full")
      for lengths in ((7, 3), (8, 2), (None, 3)) for stride in (1, 2, 4)],
    *[("constant_value", (pred,)) for pred in (True, False, 1, 0)],
]  # fmt: skip


def _outcome(module: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    try:
        return getattr(module, name)(*arguments)
    except ValueError as error:
        return plain(error)


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_same_as_tensorflow(number: int) -> None:
    name, arguments = CALLS[number]
    assert _outcome(ours, name, arguments) == _outcome(theirs, name, arguments)


def test_a_condition_that_is_known_builds_no_branch() -> None:
    with tf1x.Graph().as_default() as graph:
        assert ours.smart_cond(True, lambda: 1, lambda: 2) == 1
        assert ours.smart_cond(tf1x.constant(False), lambda: 1, lambda: 2) == 2
        assert ours.constant_value(tf1x.placeholder(tf1x.bool, [])) is None
        assert {op.type for op in graph.get_operations()} == {"Const", "Placeholder"}


def test_functions_have_the_arguments_of_their_layer() -> None:
    layers = tf1x.layers
    names = list(inspect.signature(layers.conv2d).parameters)
    assert names[:4] == ["inputs", "filters", "kernel_size", "strides"]
    assert names[-2:] == ["name", "reuse"]
    assert list(inspect.signature(layers.max_pooling2d).parameters) == [
        "inputs", "pool_size", "strides", "padding", "data_format", "name",
    ]  # fmt: skip
    assert layers.conv2d.__name__ == "conv2d"
    assert "images" in layers.conv2d.__doc__
