"""VGG networks of 11, 16 and 19 layers (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.layers.compose import repeat
from tf1x.lib.contrib.layers.convolution import conv2d
from tf1x.lib.contrib.layers.pooling import max_pool2d
from tf1x.lib.contrib.slim.nets import plain
from tf1x.lib.initializers import Zeros


def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The defaults of layers for the VGG networks."""
    return plain.default_arg_scope(weight_decay, Zeros(), pool_valid=False)


def _vgg(name: str, repetitions: tuple[int, ...]) -> Callable[..., tuple[Any, dict[str, Any]]]:
    def features(net: Any) -> Any:
        depths = (64, 128, 256, 512, 512)
        for i, (count, depth) in enumerate(zip(repetitions, depths, strict=True), start=1):
            net = repeat(net, count, conv2d, depth, [3, 3], scope=f"conv{i}")
            net = max_pool2d(net, [2, 2], scope=f"pool{i}")
        return net

    def vgg(
        inputs: Any,
        num_classes: int = 1000,
        is_training: Any = True,
        dropout_keep_prob: Any = 0.5,
        spatial_squeeze: bool = True,
        scope: Any = name,
    ) -> tuple[Any, dict[str, Any]]:
        return plain.network(
            inputs, features, (4096, 4096, 7), {}, {}, num_classes, is_training,
            dropout_keep_prob, spatial_squeeze, scope, name,
        )  # fmt: skip

    vgg.__name__ = vgg.__qualname__ = name
    vgg.__doc__ = (
        f"Logits of images [batch, 224, 224, 3] by {sum(repetitions) + 3} layers, and the outputs of "
        "all layers by name.\n\nArgs:\n    spatial_squeeze: drop the two dimensions of size 1 that "
        "are left of the image."
    )
    vgg.default_image_size = 224  # type: ignore[attr-defined]
    return vgg


vgg_a = _vgg("vgg_a", (1, 1, 2, 2, 2))
vgg_16 = vgg_d = _vgg("vgg_16", (2, 2, 3, 3, 3))
vgg_19 = vgg_e = _vgg("vgg_19", (2, 2, 4, 4, 4))
