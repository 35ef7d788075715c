"""Brightness, contrast, hue and the like; the types that images come in."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, float16, float32, int32
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, array_moves, checks, image_color, math, random, reduce
from tf1x.ops.einsum import tensordot
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.image_geometry import checked_image, require
from tf1x.ops.math_functions import divide, floordiv, saturate_cast


@export("image.convert_image_dtype")
def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Tensor:
    """An image of another type, its values scaled: floats are in [0, 1], ints in [0, MAX].

    Args:
        saturate: keep values within the new type's range.

    Raises:
        AttributeError: a type is neither float nor integer.
    """
    image = convert.to_tensor(image, name="image")
    dtype, own = as_dtype(dtype), image.dtype.base_dtype
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    if not own.is_floating and not own.is_integer:
        raise AttributeError("image dtype must be either floating point or integer")
    if dtype == own:
        return array.identity(image, name=name)
    change = saturate_cast if saturate else math.cast
    with scopes.name_scope(name, "convert_image", [image]) as scope:
        if own.is_integer and dtype.is_integer:
            if own.max > dtype.max:
                scaled = floordiv(image, (own.max + 1) // (dtype.max + 1))
                return change(scaled, dtype, name=scope)
            return math.Mul(change(image, dtype), (dtype.max + 1) // (own.max + 1), name=scope)
        if own.is_floating and dtype.is_floating:
            return math.cast(image, dtype, name=scope)
        if own.is_integer:
            return math.Mul(math.cast(image, dtype), 1.0 / own.max, name=scope)
        return change(math.Mul(image, dtype.max + 0.5), dtype, name=scope)


def _as_float(image: Tensor) -> Tensor:
    if image.dtype.base_dtype in (float16, float32):
        return image
    return convert_image_dtype(image, float32)


@export("image.adjust_brightness")
def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """An image with `delta` added, in the scale of floats in [0, 1]; ints are kept in range."""
    with scopes.name_scope(None, "adjust_brightness", [image, delta]) as scope:
        image = convert.to_tensor(image, name="image")
        own = image.dtype.base_dtype
        wide = _as_float(image)
        adjusted = math.AddV2(wide, math.cast(delta, wide.dtype), name=scope)
        return convert_image_dtype(adjusted, own, saturate=True)


@export("image.adjust_contrast")
def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Each channel's distance from its mean over the image times `contrast_factor`."""
    with scopes.name_scope(None, "adjust_contrast", [images, contrast_factor]) as scope:
        images = convert.to_tensor(images, name="images")
        own = images.dtype.base_dtype
        adjusted = image_color.AdjustContrastv2(_as_float(images), contrast_factor, name=scope)
        return convert_image_dtype(adjusted, own, saturate=True)


@export("image.adjust_gamma")
def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * image ** gamma, for values in [0, 1].

    Raises:
        ValueError: gamma is negative.
    """
    with scopes.name_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = convert.to_tensor(image, name="image")
        own = image.dtype.base_dtype
        wide = _as_float(image)
        conditions = require(gamma >= 0, "Gamma should be a non-negative real number.")
        if conditions:
            gamma = with_dependencies(conditions, gamma)
        return convert_image_dtype(gain * wide**gamma, own, saturate=True)


@export("image.adjust_hue")
def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """RGB images with their hue, a circle of length 1, moved on by `delta`."""
    with scopes.name_scope(name, "adjust_hue", [image]):
        image = convert.to_tensor(image, name="image")
        own = image.dtype.base_dtype
        return convert_image_dtype(image_color.AdjustHue(_as_float(image), delta), own)


@export("image.adjust_saturation")
def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """RGB images with their saturation times `saturation_factor`."""
    with scopes.name_scope(name, "adjust_saturation", [image]):
        image = convert.to_tensor(image, name="image")
        own = image.dtype.base_dtype
        adjusted = image_color.AdjustSaturation(_as_float(image), saturation_factor)
        return convert_image_dtype(adjusted, own)


# -- by chance -----------------------------------------------------------------------------------


def _between(lower: float, upper: float, seed: int | None) -> Tensor:
    return random.random_uniform([], lower, upper, seed=seed)


def _check_range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


@export("image.random_brightness")
def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by a random amount in [-max_delta, max_delta)."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, _between(-max_delta, max_delta, seed))


@export("image.random_contrast")
def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_contrast` by a random factor in [lower, upper)."""
    _check_range(lower, upper)
    return adjust_contrast(image, _between(lower, upper, seed))


@export("image.random_hue")
def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by a random amount in [-max_delta, max_delta); at most 0.5."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, _between(-max_delta, max_delta, seed))


@export("image.random_saturation")
def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_saturation` by a random factor in [lower, upper)."""
    _check_range(lower, upper)
    return adjust_saturation(image, _between(lower, upper, seed))


# -- colour spaces -------------------------------------------------------------------------------


@export("image.rgb_to_grayscale")
def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """The brightness of RGB images [..., 3] as [..., 1], in their own type."""
    with scopes.name_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = convert.to_tensor(images, name="images")
        own = images.dtype.base_dtype
        wide = convert_image_dtype(images, float32)
        grey = tensordot(wide, [0.2989, 0.5870, 0.1140], [-1, -1])
        return convert_image_dtype(array.expand_dims(grey, -1), own, name=scope)


def _check_grey(image: Tensor) -> list[Operation]:
    shape = image.shape
    if shape.ndims is not None and shape.ndims < 2:
        raise ValueError(f"A grayscale image (shape {shape}) must be at least two-dimensional.")
    message = "Last dimension of a grayscale image should be size 1."
    if shape.is_fully_defined():
        if shape.as_list()[-1] != 1:
            raise ValueError(message)
        return []
    return [
        checks.assert_equal(array.shape(image)[-1], 1, message=message),
        checks.assert_greater_equal(
            array.rank(image), 3, message="A grayscale image must be at least two-dimensional."
        ),
    ]


@export("image.grayscale_to_rgb")
def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Grey images [..., 1] as RGB [..., 3].

    Raises:
        ValueError: the last dimension is not 1.
    """
    with scopes.name_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = convert.to_tensor(images, name="images")
        images = with_dependencies(_check_grey(images), images)
        before = array.expand_dims(array.rank(images) - 1, 0)
        ones = [array.ones(before, dtype=int32), array.expand_dims(3, 0)]
        rgb = array_moves.Tile(images, array_moves.concat(ones, 0), name=scope)
        if images.shape.ndims is not None:
            rgb.set_shape([*images.shape.as_list()[:-1], 3])
        return rgb


_SPACES = {
    "rgb_to_yiq": [
        [0.299, 0.59590059, 0.2115],
        [0.587, -0.27455667, -0.52273617],
        [0.114, -0.32134392, 0.31119955],
    ],
    "yiq_to_rgb": [
        [1, 1, 1],
        [0.95598634, -0.27201283, -1.10674021],
        [0.6208248, -0.64720424, 1.70423049],
    ],
    "rgb_to_yuv": [
        [0.299, -0.14714119, 0.61497538],
        [0.587, -0.28886916, -0.51496512],
        [0.114, 0.43601035, -0.10001026],
    ],
    "yuv_to_rgb": [
        [1, 1, 1],
        [0, -0.394642334, 2.03206185],
        [1.13988303, -0.58062185, 0],
    ],
}


def _space(public: str) -> Any:
    source, _, target = public.upper().partition("_TO_")

    def change(images: Any) -> Tensor:
        images = convert.to_tensor(images, name="images")
        kernel = convert.to_tensor(_SPACES[public], images.dtype, name="kernel")
        return tensordot(images, kernel, axes=[[images.shape.ndims - 1], [0]])

    change.__name__ = change.__qualname__ = public
    change.__doc__ = f"{target} of {source} images [..., 3] of floats."
    return export(f"image.{public}")(change)


rgb_to_yiq, yiq_to_rgb, rgb_to_yuv, yuv_to_rgb = map(_space, _SPACES)


@export("image.per_image_standardization", "image.per_image_whitening")
def per_image_standardization(image: Any) -> Tensor:
    """An image, or each of a batch, with mean 0 and deviation 1, float32.

    The deviation counts as at least 1/sqrt(number of values), so that even images do no harm.
    """
    with scopes.name_scope(None, "per_image_standardization", [image]) as scope:
        image = checked_image(convert.to_tensor(image, name="image"))
        image = math.cast(image, float32)
        count = reduce.reduce_prod(array.shape(image)[-3:])
        mean = reduce.reduce_mean(image, axis=[-1, -2, -3], keepdims=True)
        deviation = reduce.reduce_std(image, axis=[-1, -2, -3], keepdims=True)
        least = math.Rsqrt(math.cast(count, float32))
        adjusted = math.Maximum(deviation, least)
        return divide(image - mean, adjusted, name=scope)
