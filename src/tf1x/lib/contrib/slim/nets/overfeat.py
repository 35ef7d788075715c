"""OverFeat, the fast model (Sermanet et al., 2014)."""

from __future__ import annotations

from typing import Any

from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.contrib.slim.nets import plain
from tf1x.lib.initializers import Constant, TruncatedNormal, Zeros


def overfeat_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The defaults of layers for `overfeat`."""
    return plain.default_arg_scope(weight_decay, Zeros(), pool_valid=True)


def _features(net: Any) -> Any:
    net = conv2d(net, 64, [11, 11], 4, padding="VALID", scope="conv1")
    net = max_pool2d(net, [2, 2], scope="pool1")
    net = conv2d(net, 256, [5, 5], padding="VALID", scope="conv2")
    net = max_pool2d(net, [2, 2], scope="pool2")
    net = conv2d(net, 512, [3, 3], scope="conv3")
    net = conv2d(net, 1024, [3, 3], scope="conv4")
    net = conv2d(net, 1024, [3, 3], scope="conv5")
    return max_pool2d(net, [2, 2], scope="pool5")


def overfeat(
    inputs: Any,
    num_classes: int = 1000,
    is_training: Any = True,
    dropout_keep_prob: Any = 0.5,
    spatial_squeeze: bool = True,
    scope: Any = "overfeat",
) -> tuple[Any, dict[str, Any]]:
    """Logits of images [batch, 231, 231, 3], and the outputs of all layers by name.

    Args:
        spatial_squeeze: drop the two dimensions of size 1 that are left of the image.
    """
    initializers = {
        "weights_initializer": TruncatedNormal(0.0, 0.005),
        "biases_initializer": Constant(0.1),
    }
    return plain.network(
        inputs, _features, (3072, 4096, 6), initializers, {"biases_initializer": Zeros()},
        num_classes, is_training, dropout_keep_prob, spatial_squeeze, scope, "overfeat",
    )  # fmt: skip


overfeat.default_image_size = 231  # type: ignore[attr-defined]
