"""A variant of LeNet-5 for small images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.framework.arg_scope import arg_scope
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.dense import fully_connected
from tf1x.lib.contrib.layers.functions import dropout, flatten, softmax
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.initializers import TruncatedNormal
from tf1x.lib.regularizers import l2_regularizer
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import nn


def lenet_arg_scope(weight_decay: float = 0.0) -> Any:
    """The defaults of layers for `lenet`."""
    with arg_scope(
        [conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay),
        weights_initializer=TruncatedNormal(stddev=0.1), activation_fn=nn.Relu,
    ) as scope:  # fmt: skip
        return scope


def lenet(
    images: Any,
    num_classes: int | None = 10,
    is_training: Any = False,
    dropout_keep_prob: Any = 0.5,
    prediction_fn: Callable[..., Any] = softmax,
    scope: Any = "LeNet",
) -> tuple[Any, dict[str, Any]]:
    """Logits of images, e.g. [batch, 28, 28, 1], and the outputs of the layers by name.

    Args:
        num_classes: None or 0 for the features before the logits.
    """
    points: dict[str, Any] = {}
    with variable_scope(scope, "LeNet", [images]):
        net = points["conv1"] = conv2d(images, 32, [5, 5], scope="conv1")
        net = points["pool1"] = max_pool2d(net, [2, 2], 2, scope="pool1")
        net = points["conv2"] = conv2d(net, 64, [5, 5], scope="conv2")
        net = points["pool2"] = max_pool2d(net, [2, 2], 2, scope="pool2")
        net = points["Flatten"] = flatten(net)
        net = points["fc3"] = fully_connected(net, 1024, scope="fc3")
        if not num_classes:
            return net, points
        net = points["dropout3"] = dropout(
            net, dropout_keep_prob, is_training=is_training, scope="dropout3"
        )
        logits = points["Logits"] = fully_connected(
            net, num_classes, activation_fn=None, scope="fc4"
        )
    points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, points


lenet.default_image_size = 28  # type: ignore[attr-defined]
