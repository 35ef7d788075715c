"""Inception V1, GoogLeNet (Szegedy et al., 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.framework.arg_scope import arg_scope
from tf1x.lib.contrib.layers.batch_normalization import batch_norm
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.dense import fully_connected
from tf1x.lib.contrib.layers.functions import dropout, softmax
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.contrib.slim.nets import inception_blocks as blocks
from tf1x.lib.variable_scope import variable_scope

_HALF = {"stride": 2}


def _mixed(
    one: int, three: tuple[int, int], five: tuple[int, int], pool: int, second: str = "0b_3x3"
) -> Any:
    return [
        [("0a_1x1", one)],
        [("0a_1x1", three[0]), ("0b_3x3", three[1])],
        [("0a_1x1", five[0]), (second, five[1])],
        ["MaxPool_0a_3x3", ("0b_1x1", pool)],
    ]


_TABLE: dict[str, Any] = {
    "Conv2d_1a_7x7": ("1a_7x7", 64, _HALF),
    "MaxPool_2a_3x3": ("MaxPool_2a_3x3", _HALF),
    "Conv2d_2b_1x1": ("2b_1x1", 64),
    "Conv2d_2c_3x3": ("2c_3x3", 192),
    "MaxPool_3a_3x3": ("MaxPool_3a_3x3", _HALF),
    "Mixed_3b": _mixed(64, (96, 128), (16, 32), 32),
    "Mixed_3c": _mixed(128, (128, 192), (32, 96), 64),
    "MaxPool_4a_3x3": ("MaxPool_4a_3x3", _HALF),
    "Mixed_4b": _mixed(192, (96, 208), (16, 48), 64),
    "Mixed_4c": _mixed(160, (112, 224), (24, 64), 64),
    "Mixed_4d": _mixed(128, (128, 256), (24, 64), 64),
    "Mixed_4e": _mixed(112, (144, 288), (32, 64), 64),
    "Mixed_4f": _mixed(256, (160, 320), (32, 128), 128),
    "MaxPool_5a_2x2": ("MaxPool_5a_2x2", _HALF),
    # The name of the third branch's second convolution is a slip that checkpoints keep.
    "Mixed_5b": _mixed(256, (160, 320), (32, 128), 128, "0a_3x3"),
    "Mixed_5c": _mixed(384, (192, 384), (48, 128), 128),
}


def inception_v1_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_var_collection: str = "moving_vars",
) -> Any:
    """The defaults of layers for `inception_v1`."""
    return blocks.inception_arg_scope(
        weight_decay, batch_norm_var_collection, use_batch_norm=use_batch_norm
    )


def inception_v1_base(
    inputs: Any, final_endpoint: str = "Mixed_5c", scope: Any = "InceptionV1"
) -> tuple[Any, dict[str, Any]]:
    """The network without its logits, and the outputs of its parts by name.

    Args:
        final_endpoint: the part to end with, e.g. "Conv2d_1a_7x7" or "Mixed_4b".

    Raises:
        ValueError: there is no such part.
    """
    points: dict[str, Any] = {}
    with (
        variable_scope(scope, "InceptionV1", [inputs]),
        arg_scope([conv2d, fully_connected], weights_initializer=blocks.trunc_normal(0.01)),
        arg_scope([conv2d, max_pool2d], stride=1, padding="SAME"),
    ):
        net = blocks.build(inputs, _TABLE, lambda depth: depth, final_endpoint, points)
    blocks.check_endpoint(points, final_endpoint)
    return net, points


def inception_v1(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    prediction_fn: Callable[..., Any] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV1",
) -> tuple[Any, dict[str, Any]]:
    """Logits of images [batch, 224, 224, 3], and the outputs of all parts by name.

    Args:
        spatial_squeeze: drop the two dimensions of size 1 that are left of the image.
    """
    with (
        variable_scope(scope, "InceptionV1", [inputs, num_classes], reuse=reuse) as scope,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, points = inception_v1_base(inputs, scope=scope)
        result = blocks.logits(
            net, points, ("MaxPool_0a_7x7", "Dropout_0b", "Conv2d_0c_1x1"), {"stride": 1}, [7, 7],
            num_classes, dropout_keep_prob, prediction_fn, spatial_squeeze,
        )  # fmt: skip
        return result, points


inception_v1.default_image_size = 224  # type: ignore[attr-defined]
