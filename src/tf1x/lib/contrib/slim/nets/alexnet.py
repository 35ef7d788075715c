"""AlexNet, version 2 (Krizhevsky, 2014, one column of it)."""

from __future__ import annotations

from typing import Any

from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.contrib.slim.nets import plain
from tf1x.lib.initializers import Constant, TruncatedNormal, Zeros


def trunc_normal(stddev: float) -> Any:
    """A truncated normal initializer of mean 0."""
    return TruncatedNormal(0.0, stddev)


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The defaults of layers for `alexnet_v2`."""
    return plain.default_arg_scope(weight_decay, Constant(0.1), pool_valid=True)


def _features(net: Any) -> Any:
    net = conv2d(net, 64, [11, 11], 4, padding="VALID", scope="conv1")
    net = max_pool2d(net, [3, 3], 2, scope="pool1")
    net = conv2d(net, 192, [5, 5], scope="conv2")
    net = max_pool2d(net, [3, 3], 2, scope="pool2")
    net = conv2d(net, 384, [3, 3], scope="conv3")
    net = conv2d(net, 384, [3, 3], scope="conv4")
    net = conv2d(net, 256, [3, 3], scope="conv5")
    return max_pool2d(net, [3, 3], 2, scope="pool5")


def alexnet_v2(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "alexnet_v2",
) -> tuple[Any, dict[str, Any]]:
    """Logits of images [batch, 224, 224, 3], and the outputs of all layers by name.

    Args:
        spatial_squeeze: drop the two dimensions of size 1 that are left of the image.
    """
    fc = {"weights_initializer": trunc_normal(0.005), "biases_initializer": Constant(0.1)}
    return plain.network(
        inputs, _features, (4096, 4096, 5), fc, {"biases_initializer": Zeros()}, num_classes,
        is_training, dropout_keep_prob, spatial_squeeze, scope, "alexnet_v2",
    )  # fmt: skip


alexnet_v2.default_image_size = 224  # type: ignore[attr-defined]
