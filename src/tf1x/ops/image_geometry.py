"""Images turned, flipped, cut and padded: `tf.image.flip_left_right` and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float64, int32
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, array_pad, array_slicing, checks, math, random
from tf1x.ops.control_flow import case, cond
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.math_functions import round_

# -- checks --------------------------------------------------------------------------------------


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor or a variable, rather than a Python value."""
    return isinstance(value, Tensor) or hasattr(value, "_as_graph_element")


def require(holds: Any, message: str) -> list[Operation]:
    """An `Assert` of a tensor; a Python value that does not hold raises ValueError."""
    if is_tensor(holds):
        return [checks.Assert(holds, [message])]
    if not holds:
        raise ValueError(message)
    return []


def check_image(image: Tensor) -> list[Operation]:
    """That the last three dimensions are there and none is zero; ops for what is not yet known."""
    if image.shape.ndims is not None and image.shape.ndims < 3:
        raise ValueError(f"'image' (shape {image.shape}) must be at least three-dimensional.")
    inner = image.shape.as_list()[-3:] if image.shape.ndims is not None else [None] * 3
    if 0 in inner:
        raise ValueError(f"inner 3 dims of 'image.shape' must be > 0: {image.shape}")
    if None not in inner:
        return []
    sizes = array_slicing.getitem(array.shape(image), slice(-3, None))
    return [
        checks.assert_positive(sizes, ["inner 3 dims of 'image.shape' must be > 0."]),
        checks.assert_greater_equal(
            array.rank(image), 3, message="'image' must be at least three-dimensional."
        ),
    ]


def checked_image(image: Tensor) -> Tensor:
    """`image`, once it is known to be one."""
    return with_dependencies(check_image(image), image)


def sizes_of(image: Tensor, rank: int) -> list[Any]:
    """The dimensions: ints where they are known, else scalar tensors."""
    if image.shape.is_fully_defined():
        return image.shape.as_list()
    static = image.shape.with_rank(rank).as_list()
    dynamic = array_moves.unstack(array.shape(image), rank)
    return [d if s is None else s for s, d in zip(static, dynamic, strict=True)]


def as_batch(image: Tensor) -> tuple[Tensor, bool]:
    """The image with a batch dimension, and whether it had one.

    Raises:
        ValueError: it has neither three nor four dimensions.
    """
    if image.shape.ndims == 4:
        return image, True
    if image.shape.ndims not in (None, 3):
        raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")
    unknown = image.shape.ndims is None
    image = array.expand_dims(image, 0)
    if unknown:
        image.set_shape([None] * 4)
    return image, False


def _by_rank(image: Tensor, of_image: Callable[[], Any], of_batch: Callable[[], Any]) -> Any:
    """`of_image()` or `of_batch()`, by the number of dimensions, known now or when it runs."""
    ndims = image.shape.ndims
    if ndims is None:
        return cond(math.Equal(array.rank(image), 3), of_image, of_batch)
    if ndims not in (3, 4):
        raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")
    return of_image() if ndims == 3 else of_batch()


# -- flips and turns -----------------------------------------------------------------------------


def _with_shape_of(image: Tensor, result: Tensor) -> Tensor:
    result.set_shape([None] * 3 if image.shape.ndims is None else image.shape)
    return result


def _random_flip(image: Any, axis: int, seed: int | None, name: str) -> Tensor:
    with scopes.name_scope(None, name, [image]) as scope:
        image = checked_image(convert.to_tensor(image, name="image"))

        def of_image() -> Tensor:
            draw = random.random_uniform([], minval=0, maxval=1.0, seed=seed)
            flipped = cond(
                math.Less(draw, 0.5),
                lambda: array_moves.reverse(image, [axis]),
                lambda: image,
                name=scope,
            )
            return _with_shape_of(image, flipped)

        def of_batch() -> Tensor:
            count = array_slicing.getitem(array.shape(image), 0)
            draw = random.random_uniform([count], minval=0, maxval=1.0, seed=seed)
            flips = round_(array.reshape(draw, [count, 1, 1, 1]))
            flips = math.cast(flips, image.dtype)
            flipped = array_moves.reverse(image, [axis + 1])
            return flips * flipped + (1 - flips) * image

        return _by_rank(image, of_image, of_batch)


@export("image.random_flip_left_right")
def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """An image, or each image of a batch, mirrored left to right with probability 1/2."""
    return _random_flip(image, 1, seed, "random_flip_left_right")


@export("image.random_flip_up_down")
def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """An image, or each image of a batch, turned upside down with probability 1/2."""
    return _random_flip(image, 0, seed, "random_flip_up_down")


def _flip(image: Any, axis: int, name: str) -> Tensor:
    with scopes.name_scope(None, name, [image]):
        image = checked_image(convert.to_tensor(image, name="image"))
        return _by_rank(
            image,
            lambda: _with_shape_of(image, array_moves.reverse(image, [axis])),
            lambda: array_moves.reverse(image, [axis + 1]),
        )


@export("image.flip_left_right")
def flip_left_right(image: Any) -> Tensor:
    """An image, or a batch, mirrored left to right."""
    return _flip(image, 1, "flip_left_right")


@export("image.flip_up_down")
def flip_up_down(image: Any) -> Tensor:
    """An image, or a batch, upside down."""
    return _flip(image, 0, "flip_up_down")


@export("image.rot90")
def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """An image, or a batch, turned `k` times by a quarter, counter-clockwise."""
    with scopes.name_scope(name, "rot90", [image, k]) as scope:
        image = checked_image(convert.to_tensor(image, name="image"))
        k = convert.to_tensor(k, int32, name="k")
        k.shape.assert_has_rank(0)
        k = math.FloorMod(k, 4)

        def turned(first: int, order: list[int]) -> Tensor:
            result = case(
                [
                    (math.Equal(k, 1), lambda: transpose_(array_moves.reverse(image, [first + 1]))),
                    (math.Equal(k, 2), lambda: array_moves.reverse(image, [first, first + 1])),
                    (math.Equal(k, 3), lambda: array_moves.reverse(transpose_(image), [first + 1])),
                ],
                default=lambda: image,
                exclusive=True,
                name=scope,
            )
            known = image.shape.as_list() if image.shape.ndims is not None else [None] * len(order)
            known[first : first + 2] = [None, None]
            result.set_shape(known)
            return result

        def transpose_(x: Tensor) -> Tensor:
            order = [1, 0, 2] if image.shape.ndims in (None, 3) else [0, 2, 1, 3]
            return array_moves.transpose(x, order)

        return _by_rank(image, lambda: turned(0, [1, 0, 2]), lambda: turned(1, [0, 2, 1, 3]))


@export("image.transpose_image", "image.transpose")
def transpose(image: Any, name: str | None = None) -> Tensor:
    """An image, or a batch, with rows and columns exchanged."""
    with scopes.name_scope(name, "transpose", [image]):
        image = checked_image(convert.to_tensor(image, name="image"))
        label = name or "transpose"
        return _by_rank(
            image,
            lambda: array_moves.transpose(image, [1, 0, 2], name=label),
            lambda: array_moves.transpose(image, [0, 2, 1, 3], name=label),
        )


# -- cutting and padding -------------------------------------------------------------------------


@export("image.central_crop")
def central_crop(image: Any, central_fraction: Any) -> Tensor:
    """The middle of an image or batch, `central_fraction` of its height and width.

    Raises:
        ValueError: the fraction is not in (0, 1].
    """
    with scopes.name_scope(None, "central_crop", [image]):
        image = convert.to_tensor(image, name="image")
        fraction = central_fraction
        if is_tensor(fraction):
            fraction = constant_value(fraction)
        if fraction is not None:
            if not 0.0 < fraction <= 1.0:
                raise ValueError("central_fraction must be within (0, 1]")
            if fraction == 1.0:
                return image
        else:
            within = math.LogicalOr(central_fraction > 0.0, central_fraction <= 1.0)
            image = with_dependencies(
                require(within, "central_fraction must be within (0, 1]"), image
            )
        checked_image(image)
        rank = image.shape.ndims
        if rank not in (3, 4):
            raise ValueError(
                f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {rank}."
            )
        first = rank - 3
        starts, counts, known = [], [], []
        sizes = [
            (array_slicing.getitem(array.shape(image), i), True) if size is None else (size, False)
            for i, size in enumerate(image.shape.as_list()[first : first + 2], first)
        ]
        for size, dynamic in sizes:
            start: Any
            if dynamic or fraction is None:
                wide = math.cast(size, float64)
                part = wide * math.cast(central_fraction, float64)
                start = math.cast((wide - part) / 2, int32)
            else:
                start = int((float(size) - float(size) * fraction) / 2)
            starts.append(start)
            known.append(None if is_tensor(start) else size - start * 2)
        counts = [size - start * 2 for (size, _), start in zip(sizes, starts, strict=True)]
        begin = array_moves.stack([0] * first + [*starts, 0])
        size = array_moves.stack([-1] * first + [*counts, -1])
        result = array_slicing.slice_(image, begin, size)
        shape = image.shape.as_list()
        result.set_shape([*shape[:first], *known, shape[-1]])
        return result


@export("image.pad_to_bounding_box")
def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """An image or batch with zeros around it.

    Args:
        offset_height, offset_width: rows above and columns left of it.
        target_height, target_width: size of the result.

    Raises:
        ValueError: it does not fit in.
    """
    with scopes.name_scope(None, "pad_to_bounding_box", [image]):
        image, batched = as_batch(convert.to_tensor(image, name="image"))
        batch, height, width, depth = sizes_of(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        conditions = check_image(image)
        conditions += require(offset_height >= 0, "offset_height must be >= 0")
        conditions += require(offset_width >= 0, "offset_width must be >= 0")
        conditions += require(right >= 0, "width must be <= target - offset")
        conditions += require(below >= 0, "height must be <= target - offset")
        image = with_dependencies(conditions, image)
        widths = [0, 0, offset_height, below, offset_width, right, 0, 0]
        paddings = array.reshape(array_moves.stack(widths), [4, 2])
        padded = array_pad.pad(image, paddings)
        padded.set_shape(_static([batch, target_height, target_width, depth]))
        return padded if batched else array.squeeze(padded, axis=[0])


def _static(sizes: list[Any]) -> list[Any]:
    return [None if is_tensor(size) else size for size in sizes]


@export("image.crop_to_bounding_box")
def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """A window of an image or batch: its upper left corner and its size.

    Raises:
        ValueError: the window does not lie inside.
    """
    with scopes.name_scope(None, "crop_to_bounding_box", [image]):
        image, batched = as_batch(convert.to_tensor(image, name="image"))
        conditions = check_image(image)
        batch, height, width, depth = sizes_of(image, 4)
        conditions += require(offset_width >= 0, "offset_width must be >= 0.")
        conditions += require(offset_height >= 0, "offset_height must be >= 0.")
        conditions += require(target_width > 0, "target_width must be > 0.")
        conditions += require(target_height > 0, "target_height must be > 0.")
        fits = width >= target_width + offset_width
        conditions += require(fits, "width must be >= target + offset.")
        fits = height >= target_height + offset_height
        conditions += require(fits, "height must be >= target + offset.")
        image = with_dependencies(conditions, image)
        begin = array_moves.stack([0, offset_height, offset_width, 0])
        images = array_slicing.getitem(array.shape(image), 0)
        channels = array_slicing.getitem(array.shape(image), 3)
        size = array_moves.stack([images, target_height, target_width, channels])
        cropped = array_slicing.slice_(image, begin, size)
        cropped.set_shape(_static([batch, target_height, target_width, depth]))
        return cropped if batched else array.squeeze(cropped, axis=[0])


def larger(x: Any, y: Any) -> Any:
    return math.Maximum(x, y) if is_tensor(x) or is_tensor(y) else max(x, y)


def _smaller(x: Any, y: Any) -> Any:
    return math.Minimum(x, y) if is_tensor(x) or is_tensor(y) else min(x, y)


def _same(x: Any, y: Any) -> Any:
    return math.Equal(x, y) if is_tensor(x) or is_tensor(y) else x == y


@export("image.resize_image_with_crop_or_pad", "image.resize_with_crop_or_pad")
def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """The middle of an image or batch at that size, with zeros around it where it is smaller."""
    with scopes.name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, batched = as_batch(convert.to_tensor(image, name="image"))
        conditions = check_image(image)
        conditions += require(target_width > 0, "target_width must be > 0.")
        conditions += require(target_height > 0, "target_height must be > 0.")
        image = with_dependencies(conditions, image)
        if is_tensor(target_height):
            target_height = with_dependencies(conditions, target_height)
        if is_tensor(target_width):
            target_width = with_dependencies(conditions, target_width)
        _, height, width, _ = sizes_of(image, 4)
        wider = target_width - width
        cut_left, pad_left = larger(-wider // 2, 0), larger(wider // 2, 0)
        taller = target_height - height
        cut_top, pad_top = larger(-taller // 2, 0), larger(taller // 2, 0)
        cropped = crop_to_bounding_box(
            image, cut_top, cut_left, _smaller(target_height, height), _smaller(target_width, width)
        )
        resized = pad_to_bounding_box(cropped, pad_top, pad_left, target_height, target_width)
        _, new_height, new_width, _ = sizes_of(resized, 4)
        conditions = require(_same(new_height, target_height), "resized height is not correct.")
        conditions += require(_same(new_width, target_width), "resized width is not correct.")
        resized = with_dependencies(conditions, resized)
        return resized if batched else array.squeeze(resized, axis=[0])
