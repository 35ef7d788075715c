"""Residual networks (He et al., 2015)."""

from __future__ import annotations

from typing import Any

from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import utils
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.slim.nets import resnet_utils
from tf1x.lib.contrib.slim.nets.resnet_utils import resnet_arg_scope as resnet_arg_scope
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import nn


@add_arg_scope
def bottleneck(
    inputs: Any,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """A residual unit: convolutions of size 1, 3 and 1, added to the inputs, then relu."""
    with variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == utils.last_dimension(inputs.shape, min_rank=4):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(
                inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut"
            )
        residual = conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = resnet_utils.conv2d_same(
            residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2"
        )
        residual = conv2d(residual, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        output = nn.Relu(shortcut + residual)
        return utils.collect_named_outputs(outputs_collections, sc.name, output)


def resnet_v1_block(scope: str, base_depth: int, num_units: int, stride: int) -> Any:
    """A block for `resnet_v1`; its last unit has the stride."""
    return resnet_utils.bottleneck_block(bottleneck, scope, base_depth, num_units, stride)


def resnet_v1(
    inputs: Any,
    blocks: Any,
    num_classes: int | None = None,
    is_training: Any = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    reuse: Any = None,
    scope: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """A residual network of the given blocks, and the outputs of its parts by name.

    Args:
        num_classes: None for features without logits.
        is_training: of batch normalisation; None for what the arg_scope says.
        global_pool: take the mean over the image.
        output_stride: the largest ratio of the sizes of image and features; further strides become
            dilations.
        include_root_block: begin with a convolution of size 7 and pooling.
    """
    return resnet_utils.network(
        inputs, blocks, bottleneck, False, num_classes, is_training, global_pool, output_stride,
        include_root_block, reuse, scope, "resnet_v1",
    )  # fmt: skip


resnet_v1.default_image_size = 224  # type: ignore[attr-defined]

resnet_v1_50 = resnet_utils.of_layers("resnet_v1_50", resnet_v1, bottleneck, (3, 4, 6, 3))
resnet_v1_101 = resnet_utils.of_layers("resnet_v1_101", resnet_v1, bottleneck, (3, 4, 23, 3))
resnet_v1_152 = resnet_utils.of_layers("resnet_v1_152", resnet_v1, bottleneck, (3, 8, 36, 3))
resnet_v1_200 = resnet_utils.of_layers("resnet_v1_200", resnet_v1, bottleneck, (3, 24, 36, 3))
