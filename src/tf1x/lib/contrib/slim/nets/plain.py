"""What the networks of one chain of convolutions share: `alexnet`, `overfeat`, `vgg`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.framework.arg_scope import arg_scope
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.dense import fully_connected
from tf1x.lib.contrib.layers.functions import dropout
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.contrib.layers.utils import convert_collection_to_dict
from tf1x.lib.regularizers import l2_regularizer
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, nn


def default_arg_scope(weight_decay: float, biases_initializer: Any, pool_valid: bool) -> Any:
    """Relu, L2 regularisation, and padding SAME for convolutions."""
    with arg_scope(
        [conv2d, fully_connected], activation_fn=nn.Relu, biases_initializer=biases_initializer,
        weights_regularizer=l2_regularizer(weight_decay),
    ), arg_scope([conv2d], padding="SAME") as scope:  # fmt: skip
        if not pool_valid:
            return scope
        with arg_scope([max_pool2d], padding="VALID") as scope:
            return scope


def network(
    inputs: Any,
    features: Callable[[Any], Any],
    fully: tuple[int, int, int],
    fc_options: dict[str, Any],
    fc8_options: dict[str, Any],
    num_classes: int,
    is_training: Any,
    keep_prob: Any,
    spatial_squeeze: bool,
    scope: Any,
    default_scope: str,
) -> tuple[Any, dict[str, Any]]:
    """`features(inputs)`, then three layers fc6 to fc8 as convolutions.

    Args:
        fully: units of fc6 and fc7, and the size of the images that fc6 takes in.
    """
    with variable_scope(scope, default_scope, [inputs]) as sc:
        collection = f"{sc.original_name_scope}_end_points"
        with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=collection):
            net = features(inputs)
            with arg_scope([conv2d], **fc_options):
                units6, units7, size = fully
                net = conv2d(net, units6, [size, size], padding="VALID", scope="fc6")
                net = dropout(net, keep_prob, is_training=is_training, scope="dropout6")
                net = conv2d(net, units7, [1, 1], scope="fc7")
                net = dropout(net, keep_prob, is_training=is_training, scope="dropout7")
                net = conv2d(
                    net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8",
                    **fc8_options,
                )  # fmt: skip
            end_points = convert_collection_to_dict(collection)
            if spatial_squeeze:
                net = array.squeeze(net, [1, 2], name="fc8/squeezed")
                end_points[f"{sc.name}/fc8"] = net
            return net, end_points
