"""Residual networks whose units normalise first (He et al., 2016)."""

from __future__ import annotations

from typing import Any

from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import utils
from tf1x.lib.contrib.layers.batch_normalization import batch_norm
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
    """A residual unit: batch norm and relu, convolutions of size 1, 3 and 1, added to the inputs."""
    with variable_scope(scope, "bottleneck_v2", [inputs]) as sc:
        preact = batch_norm(inputs, activation_fn=nn.Relu, scope="preact")
        linear = {"normalizer_fn": None, "activation_fn": None}
        if depth == utils.last_dimension(inputs.shape, min_rank=4):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = conv2d(preact, depth, [1, 1], stride=stride, scope="shortcut", **linear)
        residual = conv2d(preact, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = resnet_utils.conv2d_same(
            residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2"
        )
        residual = conv2d(residual, depth, [1, 1], stride=1, scope="conv3", **linear)
        output = shortcut + residual
        return utils.collect_named_outputs(outputs_collections, sc.name, output)


def resnet_v2_block(scope: str, base_depth: int, num_units: int, stride: int) -> Any:
    """A block for `resnet_v2`; its last unit has the stride."""
    return resnet_utils.bottleneck_block(bottleneck, scope, base_depth, num_units, stride)


def resnet_v2(
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
    """A residual network of the given blocks; the arguments are those of `resnet_v1.resnet_v1`."""
    return resnet_utils.network(
        inputs, blocks, bottleneck, True, num_classes, is_training, global_pool, output_stride,
        include_root_block, reuse, scope, "resnet_v2",
    )  # fmt: skip


resnet_v2.default_image_size = 224  # type: ignore[attr-defined]

resnet_v2_50 = resnet_utils.of_layers("resnet_v2_50", resnet_v2, bottleneck, (3, 4, 6, 3))
resnet_v2_101 = resnet_utils.of_layers("resnet_v2_101", resnet_v2, bottleneck, (3, 4, 23, 3))
resnet_v2_152 = resnet_utils.of_layers("resnet_v2_152", resnet_v2, bottleneck, (3, 8, 36, 3))
resnet_v2_200 = resnet_utils.of_layers("resnet_v2_200", resnet_v2, bottleneck, (3, 24, 36, 3))
