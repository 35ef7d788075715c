"""`tf.layers`: neural network layers as functions and classes. Loaded at first use."""

from __future__ import annotations

from tf1x.api import lazy

_PLACES = {
    "base": "InputSpec Layer",
    "core": "Dense Dropout Flatten dense dropout flatten",
    "convolutional": (
        "Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose SeparableConv1D SeparableConv2D conv1d conv2d "
        "conv2d_transpose conv3d conv3d_transpose separable_conv1d separable_conv2d"
    ),
    "pooling": (
        "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D "
        "average_pooling1d average_pooling2d average_pooling3d max_pooling1d max_pooling2d max_pooling3d"
    ),
    "normalization": "BatchNormalization batch_normalization",
}

for _module, _names in _PLACES.items():
    lazy(f"tf1x.lib.layers.{_module}", *(f"layers.{name}" for name in _names.split()))
