"""Inception V3 (Szegedy et al., 2015)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.framework.arg_scope import arg_scope
from tf1x.lib.contrib.layers.batch_normalization import batch_norm
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.functions import dropout, softmax
from tf1x.lib.contrib.layers.pooling import avg_pool2d, max_pool2d
from tf1x.lib.contrib.slim.nets import inception_blocks as blocks
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array

inception_v3_arg_scope = blocks.inception_arg_scope

_HALF = {"stride": 2}
_SMALLER = {"stride": 2, "padding": "VALID"}

_STEM: dict[str, Any] = {
    "Conv2d_1a_3x3": ("1a_3x3", 32, _HALF),
    "Conv2d_2a_3x3": ("2a_3x3", 32),
    "Conv2d_2b_3x3": ("2b_3x3", 64, {"padding": "SAME"}),
    "MaxPool_3a_3x3": ("MaxPool_3a_3x3", _HALF),
    "Conv2d_3b_1x1": ("3b_1x1", 80),
    "Conv2d_4a_3x3": ("4a_3x3", 192),
    "MaxPool_5a_3x3": ("MaxPool_5a_3x3", _HALF),
}


def _fives(pool: int, first: str = "0a_1x1", second: str = "0b_5x5") -> Any:
    return [
        [("0a_1x1", 64)],
        [(first, 48), (second, 64)],
        [("0a_1x1", 64), ("0b_3x3", 96), ("0c_3x3", 96)],
        ["AvgPool_0a_3x3", ("0b_1x1", pool)],
    ]


def _sevens(depth: int) -> Any:
    return [
        [("0a_1x1", 192)],
        [("0a_1x1", depth), ("0b_1x7", depth), ("0c_7x1", 192)],
        [
            ("0a_1x1", depth), ("0b_7x1", depth), ("0c_1x7", depth), ("0d_7x1", depth),
            ("0e_1x7", 192),
        ],
        ["AvgPool_0a_3x3", ("0b_1x1", 192)],
    ]  # fmt: skip


def _wide(tall: str) -> Any:
    return [
        [("0a_1x1", 320)],
        [("0a_1x1", 384), [("0b_1x3", 384), (tall, 384)]],
        [("0a_1x1", 448), ("0b_3x3", 384), [("0c_1x3", 384), ("0d_3x1", 384)]],
        ["AvgPool_0a_3x3", ("0b_1x1", 192)],
    ]


# Names that do not fit the kernels are slips that checkpoints keep.
_MIXED: dict[str, Any] = {
    "Mixed_5b": _fives(32),
    "Mixed_5c": _fives(64, "0b_1x1", "Conv_1_0c_5x5"),
    "Mixed_5d": _fives(64),
    "Mixed_6a": [
        [("1a_1x1", 384, {"kernel": [3, 3], **_SMALLER})],
        [("0a_1x1", 64), ("0b_3x3", 96), ("1a_1x1", 96, {"kernel": [3, 3], **_SMALLER})],
        [("MaxPool_1a_3x3", _SMALLER)],
    ],
    "Mixed_6b": _sevens(128),
    "Mixed_6c": _sevens(160),
    "Mixed_6d": _sevens(160),
    "Mixed_6e": _sevens(192),
    "Mixed_7a": [
        [("0a_1x1", 192), ("1a_3x3", 320, _SMALLER)],
        [("0a_1x1", 192), ("0b_1x7", 192), ("0c_7x1", 192), ("1a_3x3", 192, _SMALLER)],
        [("MaxPool_1a_3x3", _SMALLER)],
    ],
    "Mixed_7b": _wide("0b_3x1"),
    "Mixed_7c": _wide("0c_3x1"),
}


def inception_v3_base(
    inputs: Any,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """The network without its logits, and the outputs of its parts by name.

    Args:
        final_endpoint: the part to end with, e.g. "Conv2d_1a_3x3" or "Mixed_6e".
        min_depth, depth_multiplier: the number of channels of a layer is that of the original
            times the multiplier, and at least `min_depth`.

    Raises:
        ValueError: there is no such part, or the multiplier is not above 0.
    """
    depth = blocks.scaled_depth(depth_multiplier, min_depth)
    points: dict[str, Any] = {}
    layers = [conv2d, max_pool2d, avg_pool2d]
    with variable_scope(scope, "InceptionV3", [inputs]):
        with arg_scope(layers, stride=1, padding="VALID"):
            net = blocks.build(inputs, _STEM, depth, final_endpoint, points)
        if final_endpoint not in points:
            with arg_scope(layers, stride=1, padding="SAME"):
                net = blocks.build(net, _MIXED, depth, final_endpoint, points)
    blocks.check_endpoint(points, final_endpoint)
    return net, points


def inception_v3(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable[..., Any] = softmax,
    spatial_squeeze: bool = True,
    reuse: Any = None,
    scope: Any = "InceptionV3",
) -> tuple[Any, dict[str, Any]]:
    """Logits of images [batch, 299, 299, 3], and the outputs of all parts by name.

    Args:
        min_depth, depth_multiplier: see `inception_v3_base`.
        spatial_squeeze: drop the two dimensions of size 1 that are left of the image.
    """
    depth = blocks.scaled_depth(depth_multiplier, min_depth)
    with (
        variable_scope(scope, "InceptionV3", [inputs, num_classes], reuse=reuse) as scope,
        arg_scope([batch_norm, dropout], is_training=is_training),
    ):
        net, points = inception_v3_base(
            inputs, scope=scope, min_depth=min_depth, depth_multiplier=depth_multiplier
        )
        with (
            arg_scope([conv2d, max_pool2d, avg_pool2d], stride=1, padding="SAME"),
            variable_scope("AuxLogits"),
        ):
            aux = _auxiliary(points["Mixed_6e"], num_classes, depth)
            if spatial_squeeze:
                aux = array.squeeze(aux, [1, 2], name="SpatialSqueeze")
            points["AuxLogits"] = aux
        kernel = blocks.reduced_kernel(net, (8, 8))
        names = (f"AvgPool_1a_{kernel[0]}x{kernel[1]}", "Dropout_1b", "Conv2d_1c_1x1")
        result = blocks.logits(
            net, points, names, {"padding": "VALID"}, kernel, num_classes, dropout_keep_prob,
            prediction_fn, spatial_squeeze, with_features=True,
        )  # fmt: skip
        return result, points


def _auxiliary(net: Any, num_classes: int, depth: blocks.Depth) -> Any:
    """The logits of a second, shallower end, which helps training."""
    net = avg_pool2d(net, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
    net = conv2d(net, depth(128), [1, 1], scope="Conv2d_1b_1x1")
    kernel = blocks.reduced_kernel(net, (5, 5))
    net = conv2d(
        net, depth(768), kernel, weights_initializer=blocks.trunc_normal(0.01), padding="VALID",
        scope=f"Conv2d_2a_{kernel[0]}x{kernel[1]}",
    )  # fmt: skip
    return conv2d(
        net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
        weights_initializer=blocks.trunc_normal(0.001), scope="Conv2d_2b_1x1",
    )  # fmt: skip


inception_v3.default_image_size = 299  # type: ignore[attr-defined]
