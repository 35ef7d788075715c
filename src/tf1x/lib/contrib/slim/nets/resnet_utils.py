"""Blocks of residual networks, with output strides that dilation replaces (He et al., Chen et al.)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope, arg_scope
from tf1x.lib.contrib.layers import utils
from tf1x.lib.contrib.layers.batch_normalization import batch_norm
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.functions import softmax
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.regularizers import l2_regularizer, variance_scaling_initializer
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import nn, reduce
from tf1x.ops.array_pad import pad


class Block(NamedTuple):
    """A block of residual units: its scope, the unit's function, and arguments for each unit."""

    scope: str
    unit_fn: Callable[..., Any]
    args: list[dict[str, Any]]


def bottleneck_block(
    unit_fn: Callable[..., Any], scope: str, base_depth: int, num_units: int, stride: int
) -> Block:
    """A block of bottleneck units of depth 4 x `base_depth`; the last unit has the stride."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth}
    units = [{**unit, "stride": 1}] * (num_units - 1)
    return Block(scope, unit_fn, [*units, {**unit, "stride": stride}])


def subsample(inputs: Any, factor: int, scope: str | None = None) -> Any:
    """Every `factor`-th pixel in both directions."""
    if factor == 1:
        return inputs
    return max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(
    inputs: Any, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: Any = None
) -> Any:
    """A convolution whose padding does not depend on the size of the image, as SAME does."""
    if stride == 1:
        return conv2d(
            inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope
        )
    total = (kernel_size - 1) * rate  # what the dilated kernel reaches beyond one pixel
    around = [total // 2, total - total // 2]
    inputs = pad(inputs, [[0, 0], around, around, [0, 0]])
    return conv2d(
        inputs, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope
    )


@add_arg_scope
def stack_blocks_dense(
    net: Any, blocks: list[Block], output_stride: int | None = None, outputs_collections: Any = None
) -> Any:
    """Blocks of units one after another.

    Args:
        output_stride: the largest total stride; units beyond it are dilated instead.

    Raises:
        ValueError: the strides do not reach `output_stride`.
    """
    current, rate = 1, 1
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as sc:
            for i, unit in enumerate(block.args, start=1):
                if output_stride is not None and current > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                stride = unit.get("stride", 1)
                with variable_scope(f"unit_{i}", values=[net]):
                    if output_stride is not None and current == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= stride
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        current *= stride
            net = utils.collect_named_outputs(outputs_collections, sc.name, net)
    if output_stride is not None and current != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
) -> Any:
    """The defaults of layers for residual networks."""
    params = {
        "decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "scale": batch_norm_scale,
        "updates_collections": GraphKeys.UPDATE_OPS,
    }  # fmt: skip
    with (
        arg_scope(
            [conv2d], weights_regularizer=l2_regularizer(weight_decay),
            weights_initializer=variance_scaling_initializer(), activation_fn=nn.Relu,
            normalizer_fn=batch_norm, normalizer_params=params,
        ),
        arg_scope([batch_norm], **params),
        arg_scope([max_pool2d], padding="SAME") as scope,
    ):  # fmt: skip
        return scope


def network(
    inputs: Any,
    blocks: list[Block],
    unit_fn: Callable[..., Any],
    preactivated: bool,
    num_classes: int | None,
    is_training: Any,
    global_pool: bool,
    output_stride: int | None,
    include_root_block: bool,
    reuse: Any,
    scope: Any,
    default_scope: str,
) -> tuple[Any, dict[str, Any]]:
    """A residual network: the root, the blocks, the mean over the image, and the logits."""
    with variable_scope(scope, default_scope, [inputs], reuse=reuse) as sc:
        collection = f"{sc.original_name_scope}_end_points"
        training = {} if is_training is None else {"is_training": is_training}
        with (
            arg_scope([conv2d, unit_fn, stack_blocks_dense], outputs_collections=collection),
            arg_scope([batch_norm], **training),
        ):
            net = inputs
            if include_root_block:
                if output_stride is not None:
                    if output_stride % 4:
                        raise ValueError("The output_stride needs to be a multiple of 4.")
                    output_stride //= 4
                # Before units that normalise first, the root does neither.
                plain = {"activation_fn": None, "normalizer_fn": None} if preactivated else {}
                with arg_scope([conv2d], **plain):
                    net = conv2d_same(net, 64, 7, stride=2, scope="conv1")
                net = max_pool2d(net, [3, 3], stride=2, scope="pool1")
            net = stack_blocks_dense(net, blocks, output_stride)
            if preactivated:
                net = batch_norm(net, activation_fn=nn.Relu, scope="postnorm")
            if global_pool:
                net = reduce.reduce_mean(net, [1, 2], True, name="pool5")
            if num_classes is not None:
                net = conv2d(
                    net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                    scope="logits",
                )  # fmt: skip
            end_points = utils.convert_collection_to_dict(collection)
            if num_classes is not None:
                end_points["predictions"] = softmax(net, scope="predictions")
            return net, end_points


def of_layers(
    name: str, family: Callable[..., Any], unit_fn: Callable[..., Any], units: tuple[int, ...]
) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """The network of four blocks with these numbers of units."""

    def resnet(
        inputs: Any,
        num_classes: int | None = None,
        is_training: Any = True,
        global_pool: bool = True,
        output_stride: int | None = None,
        reuse: Any = None,
        scope: Any = name,
    ) -> tuple[Any, dict[str, Any]]:
        depths, strides = (64, 128, 256, 512), (2, 2, 2, 1)
        blocks = [
            bottleneck_block(unit_fn, f"block{i}", depth, count, stride)
            for i, (depth, count, stride) in enumerate(
                zip(depths, units, strides, strict=True), start=1
            )
        ]
        return family(
            inputs, blocks, num_classes, is_training, global_pool, output_stride,
            include_root_block=True, reuse=reuse, scope=scope,
        )  # fmt: skip

    resnet.__name__ = resnet.__qualname__ = name
    resnet.__doc__ = (
        f"The network of {3 * sum(units) + 2} layers for images [batch, 224, 224, 3]; see "
        f"`{family.__name__}`."
    )
    resnet.default_image_size = family.default_image_size  # type: ignore[attr-defined]
    return resnet
