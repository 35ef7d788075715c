"""Inception V2 (Ioffe and Szegedy, 2015)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.framework.arg_scope import arg_scope
from tf1x.lib.contrib.layers.batch_normalization import batch_norm
from tf1x.lib.contrib.layers.convolution import conv2d, separable_conv2d
from tf1x.lib.contrib.layers.functions import dropout, softmax
from tf1x.lib.contrib.layers.pooling import avg_pool2d, max_pool2d
from tf1x.lib.contrib.slim.nets import inception_blocks as blocks
from tf1x.lib.variable_scope import variable_scope

inception_v2_arg_scope = blocks.inception_arg_scope

_HALF = {"stride": 2}
_NARROW = {"weights_initializer": blocks.trunc_normal(0.09)}
_WIDE = {"weights_initializer": blocks.trunc_normal(0.1)}


def _mixed(
    one: int, three: tuple[int, int], double: tuple[int, int], pool: int, kind: str = "Avg"
) -> Any:
    return [
        [("0a_1x1", one)],
        [("0a_1x1", three[0], _NARROW), ("0b_3x3", three[1])],
        [("0a_1x1", double[0], _NARROW), ("0b_3x3", double[1]), ("0c_3x3", double[1])],
        [f"{kind}Pool_0a_3x3", ("0b_1x1", pool, _WIDE)],
    ]


def _halved(three: tuple[int, int], double: tuple[int, int]) -> Any:
    return [
        [("0a_1x1", three[0], _NARROW), ("1a_3x3", three[1], _HALF)],
        [("0a_1x1", double[0], _NARROW), ("0b_3x3", double[1]), ("1a_3x3", double[1], _HALF)],
        [("MaxPool_1a_3x3", _HALF)],
    ]


_TABLE: dict[str, Any] = {
    "MaxPool_2a_3x3": ("MaxPool_2a_3x3", _HALF),
    "Conv2d_2b_1x1": ("2b_1x1", 64, _WIDE),
    "Conv2d_2c_3x3": ("2c_3x3", 192),
    "MaxPool_3a_3x3": ("MaxPool_3a_3x3", _HALF),
    "Mixed_3b": _mixed(64, (64, 64), (64, 96), 32),
    "Mixed_3c": _mixed(64, (64, 96), (64, 96), 64),
    "Mixed_4a": _halved((128, 160), (64, 96)),
    "Mixed_4b": _mixed(224, (64, 96), (96, 128), 128),
    "Mixed_4c": _mixed(192, (96, 128), (96, 128), 128),
    "Mixed_4d": _mixed(160, (128, 160), (128, 160), 96),
    "Mixed_4e": _mixed(96, (128, 192), (160, 192), 96),
    "Mixed_5a": _halved((128, 192), (192, 256)),
    "Mixed_5b": _mixed(352, (192, 320), (160, 224), 128),
    "Mixed_5c": _mixed(352, (192, 320), (192, 224), 128, "Max"),
}


def inception_v2_base(
    inputs: Any,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """The network without its logits, and the outputs of its parts by name.

    Args:
        final_endpoint: the part to end with, e.g. "Conv2d_1a_7x7" or "Mixed_4b".
        min_depth, depth_multiplier: the number of channels of a layer is that of the original
            times the multiplier, and at least `min_depth`.

    Raises:
        ValueError: there is no such part, or the multiplier is not above 0.
    """
    depth = blocks.scaled_depth(depth_multiplier, min_depth)
    points: dict[str, Any] = {}
    with (
        variable_scope(scope, "InceptionV2", [inputs]),
        arg_scope([conv2d, max_pool2d, avg_pool2d, separable_conv2d], stride=1, padding="SAME"),
    ):
        net = separable_conv2d(
            inputs, depth(64), [7, 7], depth_multiplier=min(int(depth(64) / 3), 8), stride=2,
            weights_initializer=blocks.trunc_normal(1.0), scope="Conv2d_1a_7x7",
        )  # fmt: skip
        points["Conv2d_1a_7x7"] = net
        if final_endpoint != "Conv2d_1a_7x7":
            net = blocks.build(net, _TABLE, depth, final_endpoint, points)
    blocks.check_endpoint(points, final_endpoint)
    return net, points


def inception_v2(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., Any] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV2",
) -> tuple[Any, dict[str, Any]]:
    """Logits of images [batch, 224, 224, 3], and the outputs of all parts by name.

    Args:
        min_depth, depth_multiplier: see `inception_v2_base`.
        spatial_squeeze: drop the two dimensions of size 1 that are left of the image.
    """
    with (
        variable_scope(scope, "InceptionV2", [inputs, num_classes], reuse=reuse) as scope,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, points = inception_v2_base(
            inputs, scope=scope, min_depth=min_depth, depth_multiplier=depth_multiplier
        )
        kernel = blocks.reduced_kernel(net, (7, 7))
        names = (f"AvgPool_1a_{kernel[0]}x{kernel[1]}", "Dropout_1b", "Conv2d_1c_1x1")
        result = blocks.logits(
            net, points, names, {"padding": "VALID"}, kernel, num_classes, dropout_keep_prob,
            prediction_fn, spatial_squeeze,
        )  # fmt: skip
        return result, points


inception_v2.default_image_size = 224  # type: ignore[attr-defined]
