"""How alike images are, and where they change: `psnr`, `ssim`, gradients, `sobel_edges`."""

from __future__ import annotations

import math as numbers
from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, array_moves, array_pad, checks, complex_math, math, reduce
from tf1x.ops.conv_depthwise import depthwise_conv2d
from tf1x.ops.image_adjust import convert_image_dtype
from tf1x.ops.nn_functions import softmax


@export("image.total_variation")
def total_variation(images: Any, name: str | None = None) -> Tensor:
    """Sum of the absolute differences of neighbouring pixels: of an image, or of each of a batch."""
    with scopes.name_scope(name, "total_variation"):
        ndims = images.shape.ndims
        axes: list[int] | None
        if ndims == 3:
            down = images[1:, :, :] - images[:-1, :, :]
            right = images[:, 1:, :] - images[:, :-1, :]
            axes = None
        elif ndims == 4:
            down = images[:, 1:, :, :] - images[:, :-1, :, :]
            right = images[:, :, 1:, :] - images[:, :, :-1, :]
            axes = [1, 2, 3]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        absolute = complex_math.absolute
        return reduce.reduce_sum(absolute(down), axis=axes) + reduce.reduce_sum(
            absolute(right), axis=axes
        )


@export("image.image_gradients")
def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """Differences to the pixel below and to the right (zero at the edge) of a batch of images."""
    if image.shape.ndims != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.shape}."
        )
    shape = array.shape(image)
    batch, height, width, depth = array_moves.unstack(shape)
    down = image[:, 1:, :, :] - image[:, :-1, :, :]
    right = image[:, :, 1:, :] - image[:, :, :-1, :]
    edge = array_moves.stack([batch, 1, width, depth])
    down = array_moves.concat([down, array.zeros(edge, image.dtype)], 1)
    down = array.reshape(down, shape)
    edge = array_moves.stack([batch, height, 1, depth])
    right = array_moves.concat([right, array.zeros(edge, image.dtype)], 2)
    return down, array.reshape(right, shape)


@export("image.sobel_edges")
def sobel_edges(image: Any) -> Tensor:
    """Sobel's estimate of the gradient: [batch, height, width, channels, 2], down and right."""
    static, shape = image.shape, array.shape(image)
    kernels = np.transpose(
        [[[-1, -2, -1], [0, 0, 0], [1, 2, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]], (1, 2, 0)
    )
    filters = array.constant(np.expand_dims(kernels, -2), dtype=image.dtype)
    filters = array_moves.Tile(filters, [1, 1, shape[-1], 1], name="sobel_filters")
    padded = array_pad.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    output = depthwise_conv2d(padded, filters, [1, 1, 1, 1], "VALID")
    output = array.reshape(output, array_moves.concat([shape, [2]], 0))
    output.set_shape(static.concatenate([2]))
    return output


# -- likeness ------------------------------------------------------------------------------------


def _check_alike(a: Tensor, b: Tensor) -> list[Operation]:
    """That both are images of one size, and their batches fit.

    Raises:
        ValueError: they are known not to.
    """
    first, second = a.shape.with_rank_at_least(3), b.shape.with_rank_at_least(3)
    if first.ndims is not None and second.ndims is not None:
        ours, theirs = first.as_list(), second.as_list()
        inner = zip(ours[-3:], theirs[-3:], strict=True)
        outer = zip(ours[-4::-1], theirs[-4::-1], strict=False)
        fit = all(None in pair or pair[0] == pair[1] for pair in inner)
        if not fit or any(None not in p and p[0] != p[1] and 1 not in p for p in outer):
            raise ValueError(f"Two images are not compatible: {first} and {second}")
    x, y = array.ShapeN([a, b])
    return [
        checks.Assert(math.GreaterEqual(array.size(x), 3), [x, y], summarize=10),
        checks.Assert(reduce.reduce_all(math.Equal(x[-3:], y[-3:])), [x, y], summarize=10),
    ]


@export("image.psnr")
def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """Peak signal-to-noise ratio in decibels of two batches of images, [batch].

    Args:
        max_val: the largest value that the images can have.
    """
    with scopes.name_scope(name, "PSNR", [a, b]):
        largest = math.cast(max_val, a.dtype)
        largest = convert_image_dtype(largest, float32)
        a = convert_image_dtype(a, float32)
        b = convert_image_dtype(b, float32)
        error = reduce.reduce_mean(math.SquaredDifference(a, b), [-3, -2, -1])
        ratio = math.Sub(
            20 * math.Log(largest) / math.Log(10.0),
            np.float32(10 / numbers.log(10)) * math.Log(error),
            name="psnr",
        )
        with scopes.control_dependencies(_check_alike(a, b)):
            return array.identity(ratio)


def _gauss(size: Tensor, sigma: Tensor) -> Tensor:
    size, sigma = convert.to_tensor(size, int32), convert.to_tensor(sigma)
    places = math.cast(array.range_(size), sigma.dtype)
    places -= math.cast(size - 1, sigma.dtype) / 2.0
    bell = math.Square(places)
    bell *= -0.5 / math.Square(sigma)
    bell = array.reshape(bell, shape=[1, -1]) + array.reshape(bell, shape=[-1, 1])
    bell = softmax(array.reshape(bell, shape=[1, -1]))
    return array.reshape(bell, shape=[size, size, 1, 1])


def _ssim_by_channel(
    a: Tensor,
    b: Tensor,
    max_val: Any,
    filter_size: int,
    filter_sigma: float,
    k1: float,
    k2: float,
    index_map: bool,
) -> Tensor:
    size = array.constant(filter_size, dtype=int32)
    sigma = array.constant(filter_sigma, dtype=a.dtype)
    x, y = array.ShapeN([a, b])
    conditions = [
        checks.Assert(
            reduce.reduce_all(math.GreaterEqual(shape[-3:-1], size)), [shape, size], summarize=8
        )
        for shape in (x, y)
    ]
    with scopes.control_dependencies(conditions):
        a = array.identity(a)
    kernel = _gauss(size, sigma)
    kernel = array_moves.Tile(kernel, [1, 1, x[-1], 1])

    def local(values: Tensor) -> Tensor:
        shape = array.shape(values)
        flat = array.reshape(values, shape=array_moves.concat([[-1], shape[-3:]], 0))
        means = depthwise_conv2d(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        whole = array_moves.concat([shape[:-3], array.shape(means)[1:]], 0)
        return array.reshape(means, whole)

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_a, mean_b = local(a), local(b)
    product = mean_a * mean_b * 2.0
    squares = math.Square(mean_a) + math.Square(mean_b)
    luminance = (product + c1) / (squares + c1)
    products = local(a * b) * 2.0
    power = local(math.Square(a) + math.Square(b))
    c2 = c2 * 1.0
    structure = (products - product + c2) / (power - squares + c2)
    if index_map:
        return luminance * structure
    axes = array.constant([-3, -2], dtype=int32)
    found = reduce.reduce_mean(luminance * structure, axes)
    reduce.reduce_mean(structure, axes)
    return found


@export("image.ssim")
def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Tensor:
    """Structural similarity of two batches of images, in (-1, 1], one value for each pair.

    Args:
        max_val: the largest value that the images can have.
        filter_size, filter_sigma: of the Gaussian window.
        k1, k2: small constants that keep divisions stable.
        return_index_map: give a value for each place instead of the mean.

    Raises:
        ValueError: the shapes do not fit together.
    """
    with scopes.name_scope(None, "SSIM", [img1, img2]):
        a, b = convert.to_tensor(img1, name="img1"), convert.to_tensor(img2, name="img2")
        with scopes.control_dependencies(_check_alike(a, b)):
            a = array.identity(a)
        largest = math.cast(max_val, a.dtype)
        largest = convert_image_dtype(largest, float32)
        a = convert_image_dtype(a, float32)
        b = convert_image_dtype(b, float32)
        by_channel = _ssim_by_channel(
            a, b, largest, filter_size, filter_sigma, k1, k2, return_index_map
        )
        return reduce.reduce_mean(by_channel, [-1])
