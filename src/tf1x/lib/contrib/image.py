"""`tf.contrib.image`: images rotated, moved and transformed."""

from __future__ import annotations

from typing import Any

from tf1x.api import define, export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_moves, elementary, math, matmul
from tf1x.ops.image_transform import (
    ImageProjectiveTransformV2,
    flat_transforms_to_matrices,
    matrices_to_flat_transforms,
)

define(flat_transforms_to_matrices, "contrib.image.flat_transforms_to_matrices")
define(matrices_to_flat_transforms, "contrib.image.matrices_to_flat_transforms")


def _sizes(images: Tensor) -> list[Any]:
    """Height and width of an image [h, w], [h, w, c] or a batch."""
    first = 1 if images.shape.ndims == 4 else 0
    shape = array.shape(images)
    return [math.cast(shape[first + i], float32) for i in range(2)]


def _rows(columns: list[Tensor]) -> Tensor:
    return array_moves.stack(columns, axis=1)


@export("contrib.image.angles_to_projective_transforms")
def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Tensor:
    """Transforms [n, 8] that rotate images of that size about their centre by angles in radians."""
    with scopes.name_scope(name, "angles_to_projective_transforms"):
        angle = array.reshape(convert.to_tensor(angles, float32, name="angles"), [-1])
        cos, sin = elementary.Cos(angle), elementary.Sin(angle)
        across, down = image_width - 1, image_height - 1
        x_offset = (across - (cos * across - sin * down)) / 2.0
        y_offset = (down - (sin * across + cos * down)) / 2.0
        zeros = array.zeros_like(angle)
        return _rows([cos, -sin, x_offset, sin, cos, y_offset, zeros, zeros])


@export("contrib.image.translations_to_projective_transforms")
def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Tensor:
    """Transforms [n, 8] that move images by (dx, dy) pixels to the right and down."""
    with scopes.name_scope(name, "translations_to_projective_transforms"):
        moves = array.reshape(convert.to_tensor(translations, float32), [-1, 2])
        dx, dy = moves[:, 0], moves[:, 1]
        ones, zeros = array.ones_like(dx), array.zeros_like(dx)
        return _rows([ones, zeros, -dx, zeros, ones, -dy, zeros, zeros])


@export("contrib.image.compose_transforms")
def compose_transforms(*transforms: Any) -> Tensor:
    """One transform [n, 8] that does what several do, one after the other."""
    if not transforms:
        raise ValueError("compose_transforms needs at least one transform.")
    result = flat_transforms_to_matrices(transforms[0])
    for other in transforms[1:]:
        result = matmul.matmul(result, flat_transforms_to_matrices(other))
    return matrices_to_flat_transforms(result)


@export("contrib.image.transform")
def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """Images whose pixel (x, y) is that at the place to which a transform takes (x, y).

    Args:
        images: [height, width], [height, width, channels], or a batch of the latter.
        transforms: [8], or [batch, 8]; see `image_transform.ImageProjectiveTransformV2`.
        interpolation: "NEAREST" or "BILINEAR".
        output_shape: height and width of the result, by default those of the images.
    """
    with scopes.name_scope(name, "transform"):
        images = convert.to_tensor(images, name="images")
        moves = convert.to_tensor(transforms, float32, name="transforms")
        if moves.shape.ndims == 1:
            moves = moves[None]
        ndims = images.shape.ndims
        if ndims not in (2, 3, 4):
            raise TypeError("Images should have rank between 2 and 4.")
        batch = images[None, :, :, None] if ndims == 2 else images[None] if ndims == 3 else images
        size = array.shape(batch)[1:3] if output_shape is None else output_shape
        found = ImageProjectiveTransformV2(batch, moves, size, interpolation=interpolation)
        result: Tensor = found[0, :, :, 0] if ndims == 2 else found[0] if ndims == 3 else found
        return result


@export("contrib.image.rotate")
def rotate(
    images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Tensor:
    """Images rotated counter-clockwise about their centres by angles in radians.

    Args:
        images: [height, width], [height, width, channels], or a batch of the latter.
        angles: a scalar, or one for each image of a batch.
    """
    with scopes.name_scope(name, "rotate"):
        images = convert.to_tensor(images)
        height, width = _sizes(images)
        moves = angles_to_projective_transforms(angles, height, width)
        return transform(images, moves, interpolation)


@export("contrib.image.translate")
def translate(
    images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Tensor:
    """Images moved by (dx, dy) pixels, [2] or [batch, 2]; what comes in is 0."""
    with scopes.name_scope(name, "translate"):
        moves = translations_to_projective_transforms(translations)
        return transform(images, moves, interpolation)
