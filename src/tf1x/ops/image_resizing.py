"""`tf.image.resize_images` and the resizing functions by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32
from tf1x.core.operation import Tensor
from tf1x.core.static import constant_value_as_shape
from tf1x.ops import array, array_slicing, image_crop, image_resize, math
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.image_geometry import (
    as_batch,
    check_image,
    larger,
    pad_to_bounding_box,
    require,
    sizes_of,
)
from tf1x.ops.math_functions import round_


@export("image.ResizeMethod")
class ResizeMethod:
    """How `tf.image.resize_images` finds the pixels."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_METHODS: dict[Any, Callable[..., Tensor]] = {
    ResizeMethod.BILINEAR: image_resize.ResizeBilinear,
    "bilinear": image_resize.ResizeBilinear,
    ResizeMethod.NEAREST_NEIGHBOR: image_resize.ResizeNearestNeighbor,
    "nearest": image_resize.ResizeNearestNeighbor,
    ResizeMethod.BICUBIC: image_resize.ResizeBicubic,
    "bicubic": image_resize.ResizeBicubic,
    ResizeMethod.AREA: image_resize.ResizeArea,
    "area": image_resize.ResizeArea,
}


@export("image.resize_images", "image.resize")
def resize_images(
    images: Any,
    size: Any = None,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
    *old: Any,
    new_height: Any = None,
    new_width: Any = None,
) -> Tensor:
    """An image or a batch of images at another size, float32 (of its own type if unchanged).

    TensorFlow 0.x's `resize_images(images, new_height, new_width, method, align_corners)` is
    understood too.

    Args:
        images: [height, width, channels], or a batch of those.
        size: the new height and width.
        method: a `ResizeMethod`, or "bilinear", "nearest", "bicubic", "area".
        align_corners: whether the corner pixels keep their places.
        preserve_aspect_ratio: `size` is the largest size, and one side may become shorter.
    """
    if new_height is not None:
        size, new_height = [new_height, new_width], None
    elif isinstance(size, int) and not isinstance(method, str):
        rest = (align_corners, preserve_aspect_ratio, *old)
        size = [size, method]
        method = rest[0] if rest[0] is not False else ResizeMethod.BILINEAR
        align_corners, preserve_aspect_ratio = bool(rest[1]), False
    with scopes.name_scope(name, "resize", [images, size]):
        images = convert.to_tensor(images, name="images")
        if images.shape.ndims is None:
            raise ValueError("'images' contains no shape.")
        if images.shape.ndims not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        images, batched = as_batch(images)
        _, height, width, _ = images.shape.as_list()
        try:
            size = convert.to_tensor(size, int32, name="size")
        except (TypeError, ValueError) as error:
            raise ValueError("'size' must be a 1-D int32 Tensor") from error
        if not size.shape.is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        if preserve_aspect_ratio:
            size = _fitted(images, size)
        static = constant_value_as_shape(size)
        new = static.as_list() if static.ndims is not None else [None, None]
        if None not in new and new == [height, width]:
            return images if batched else array.squeeze(images, axis=[0])
        resizer = _METHODS.get(method)
        if resizer is None:
            raise ValueError(f"Resize method is not implemented: {method}")
        images = resizer(images, size, align_corners=align_corners)
        images.set_shape([None, *new, None])
        return images if batched else array.squeeze(images, axis=[0])


def _fitted(images: Tensor, size: Tensor) -> Tensor:
    """The largest size within `size` of the images' proportions."""
    _, height, width, _ = sizes_of(images, 4)
    by_height = math.cast(array_slicing.getitem(size, 0), float32) / math.cast(height, float32)
    by_width = math.cast(array_slicing.getitem(size, 1), float32) / math.cast(width, float32)
    factor = math.Minimum(by_height, by_width)
    new_height = math.cast(round_(factor * math.cast(height, float32)), int32)
    new_width = math.cast(round_(factor * math.cast(width, float32)), int32)
    return convert.to_tensor([new_height, new_width], int32, name="size")


@export("image.resize_image_with_pad")
def resize_image_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Tensor:
    """An image or batch brought into that size with its proportions kept, zeros around it."""
    with scopes.name_scope(None, "resize_image_with_pad", [image]):
        image, batched = as_batch(convert.to_tensor(image, name="image"))
        conditions = check_image(image)
        conditions += require(target_width > 0, "target_width must be > 0.")
        conditions += require(target_height > 0, "target_height must be > 0.")
        image = with_dependencies(conditions, image)
        _, height, width, _ = sizes_of(image, 4)
        old_height, old_width = math.cast(height, float32), math.cast(width, float32)
        tall, wide = math.cast(target_height, float32), math.cast(target_width, float32)
        ratio = larger(old_width / wide, old_height / tall)
        new_height, new_width = old_height / ratio, old_width / ratio
        rows = math.cast(math.Floor(new_height), int32)
        columns = math.cast(math.Floor(new_width), int32)
        rows_left, columns_left = (tall - new_height) / 2, (wide - new_width) / 2
        above, beside = math.Floor(rows_left), math.Floor(columns_left)
        above = larger(0, math.cast(above, int32))
        beside = larger(0, math.cast(beside, int32))
        resized = resize_images(image, [rows, columns], method, align_corners=align_corners)
        padded = pad_to_bounding_box(resized, above, beside, target_height, target_width)
        sizes_of(padded, 4)
        return padded if batched else array.squeeze(padded, axis=[0])


def _resizer(node: Callable[..., Tensor], public: str) -> Callable[..., Tensor]:
    def resize(
        images: Any,
        size: Any,
        align_corners: bool = False,
        name: str | None = None,
        half_pixel_centers: bool = False,
    ) -> Tensor:
        return node(
            images,
            size,
            align_corners=align_corners,
            half_pixel_centers=half_pixel_centers,
            name=name,
        )

    resize.__name__ = resize.__qualname__ = public
    resize.__doc__ = node.__doc__
    return export(f"image.{public}")(resize)


resize_bilinear = _resizer(image_resize.ResizeBilinear, "resize_bilinear")
resize_bicubic = _resizer(image_resize.ResizeBicubic, "resize_bicubic")
resize_nearest_neighbor = _resizer(image_resize.ResizeNearestNeighbor, "resize_nearest_neighbor")


@export("image.resize_area")
def resize_area(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None
) -> Tensor:
    """Images [batch, height, width, channels] at another size, each pixel the mean of its area."""
    result: Tensor = image_resize.ResizeArea(images, size, align_corners=align_corners, name=name)
    return result


@export("image.crop_and_resize")
def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """Boxes of images, each brought to one size; see `image_crop.CropAndResize`."""
    if box_indices is not None:
        if box_ind is not None:
            raise ValueError("Cannot specify both 'box_ind' and 'box_indices'.")
        box_ind = box_indices
    result: Tensor = image_crop.CropAndResize(
        image,
        boxes,
        box_ind,
        crop_size,
        method=method,
        extrapolation_value=extrapolation_value,
        name=name,
    )
    return result
