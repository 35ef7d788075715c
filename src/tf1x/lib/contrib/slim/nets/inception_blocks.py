"""What the Inception networks share: a network as a table of steps, and its defaults.

A step is the name of a pooling ("MaxPool_3a_3x3"), or a pair or triple (name, depth, options) of a
convolution; names give the kernel. A list of steps in parallel is concatenated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.framework.arg_scope import arg_scope
from tf1x.lib.contrib.layers.batch_normalization import batch_norm
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.dense import fully_connected
from tf1x.lib.contrib.layers.functions import dropout
from tf1x.lib.contrib.layers.pooling import avg_pool2d, max_pool2d
from tf1x.lib.initializers import TruncatedNormal
from tf1x.lib.regularizers import l2_regularizer, variance_scaling_initializer
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, nn
from tf1x.ops.array_moves import concat

Depth = Callable[[int], int]


def trunc_normal(stddev: float) -> Any:
    """A truncated normal initializer of mean 0."""
    return TruncatedNormal(0.0, stddev)


def scaled_depth(depth_multiplier: float, min_depth: int) -> Depth:
    """A function from a layer's depth to that of the network scaled in depth.

    Raises:
        ValueError: the multiplier is not above 0.
    """
    if depth_multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda depth: max(int(depth * depth_multiplier), min_depth)


def step(net: Any, what: Any, depth: Depth) -> Any:
    """One step, or several in parallel."""
    if isinstance(what, list):
        return concat([step(net, one, depth) for one in what], 3)
    name, *rest = (what,) if isinstance(what, str) else what
    options = dict(rest[1]) if len(rest) > 1 else {}
    if name.startswith(("MaxPool", "AvgPool")):
        pool = max_pool2d if name.startswith("Max") else avg_pool2d
        return pool(net, _kernel(name), scope=name, **(rest[0] if rest else {}))
    scope = name if name.startswith("Conv") else f"Conv2d_{name}"
    kernel = options.pop("kernel", None) or _kernel(name)
    return conv2d(net, depth(rest[0]), kernel, scope=scope, **options)


def _kernel(name: str) -> list[int]:
    return [int(size) for size in name.rpartition("_")[2].split("x")]


def mixed(net: Any, branches: Iterable[Iterable[Any]], depth: Depth) -> Any:
    """Branches of steps, each in a scope of its own, concatenated."""
    outputs = []
    for i, steps in enumerate(branches):
        with variable_scope(f"Branch_{i}"):
            branch = net
            for what in steps:
                branch = step(branch, what, depth)
            outputs.append(branch)
    return concat(outputs, 3)


def build(
    net: Any, table: dict[str, Any], depth: Depth, final_endpoint: str, points: dict[str, Any]
) -> Any:
    """Run through a table, name to step or branches, up to `final_endpoint`; fills `points`."""
    for name, content in table.items():
        if name.startswith("Mixed"):
            with variable_scope(name):
                net = mixed(net, content, depth)
        else:
            net = step(net, content, depth)
        points[name] = net
        if name == final_endpoint:
            break
    return net


def check_endpoint(points: dict[str, Any], final_endpoint: str) -> None:
    """Raise ValueError unless the network has this end point."""
    if final_endpoint not in points:
        raise ValueError(f"Unknown final endpoint {final_endpoint}")


def reduced_kernel(net: Any, kernel_size: tuple[int, int]) -> list[int]:
    """The kernel, no larger than the image where its size is known."""
    height, width = net.shape.as_list()[1:3]
    if height is None or width is None:
        return list(kernel_size)
    return [min(height, kernel_size[0]), min(width, kernel_size[1])]


def logits(
    net: Any,
    points: dict[str, Any],
    names: tuple[str, str, str],
    pooling: dict[str, Any],
    kernel: list[int],
    num_classes: int,
    keep_prob: Any,
    prediction_fn: Callable[..., Any],
    spatial_squeeze: bool,
    with_features: bool = False,
) -> Any:
    """The end of a network: the mean over the image, dropout, the logits and the predictions.

    Args:
        names: of the pooling, the dropout and the convolution.
        pooling: options of the pooling.
        with_features: keep what comes before the logits as the end point `PreLogits`.
    """
    pool_name, dropout_name, conv_name = names
    with variable_scope("Logits"):
        net = avg_pool2d(net, kernel, scope=pool_name, **pooling)
        net = dropout(net, keep_prob=keep_prob, scope=dropout_name)
        if with_features:
            points["PreLogits"] = net
        result = conv2d(
            net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope=conv_name
        )
        if spatial_squeeze:
            result = array.squeeze(result, [1, 2], name="SpatialSqueeze")
    points["Logits"] = result
    points["Predictions"] = prediction_fn(result, scope="Predictions")
    return result


def inception_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_var_collection: str = "moving_vars",
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    use_fused_batchnorm: bool = True,
    use_batch_norm: bool = True,
) -> Any:
    """The defaults of layers for the Inception networks.

    Args:
        batch_norm_var_collection: a collection for the moving averages.
    """
    params = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "updates_collections": updates_collections,
        "fused": use_fused_batchnorm,
        "variables_collections": {
            "beta": None,
            "gamma": None,
            "moving_mean": [batch_norm_var_collection],
            "moving_variance": [batch_norm_var_collection],
        },
    }
    with (
        arg_scope([conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay)),
        arg_scope(
            [conv2d], weights_initializer=variance_scaling_initializer(), activation_fn=nn.Relu,
            normalizer_fn=batch_norm if use_batch_norm else None,
            normalizer_params=params if use_batch_norm else {},
        ) as scope,
    ):  # fmt: skip
        return scope
