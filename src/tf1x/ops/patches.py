"""Patches of images and volumes, laid out along the channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tf1x.api import export, renamed
from tf1x.core.dtypes import COMPLEX, REALS, bool_
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import xp
from tf1x.ops.shape_rules import dims, product, with_rank
from tf1x.ops.windows import PADDINGS, check_padding, output_size, slots, window


def _reach(size: int, rate: int) -> int:
    """The extent of `size` elements that are `rate` apart."""
    return (size - 1) * rate + 1


def _patch_shape(op: Operation) -> Any:
    sizes, strides = op.attrs["ksizes"], op.attrs["strides"]
    rank = len(sizes)
    rates = op.attrs.get("rates", [1] * rank)
    expected = 4 if op.type == "ExtractImagePatches" else 5
    for name, given in (("ksizes", sizes), ("strides", strides), ("rates", rates)):
        if len(given) != expected:
            raise ValueError(
                f"{op.type} requires the {name} attribute to contain {expected} values, but got: {len(given)}"
            )
        if given[0] != 1 or given[-1] != 1:
            raise ValueError(f"{op.type} supports {name} across space only, not {list(given)}")
    check_padding(op.type, op.attrs["padding"], PADDINGS[:2])
    lengths = with_rank(dims(op), rank)
    spatial = [
        output_size(lengths[i], _reach(sizes[i], rates[i]), strides[i], op.attrs["padding"])
        for i in range(1, rank - 1)
    ]
    return [(lengths[0], *spatial, product([lengths[-1], *sizes]))]


def _patches(
    x: Any, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str
) -> Any:
    rank = x.ndim
    for axis in range(rank - 2, 0, -1):
        reach = _reach(sizes[axis], rates[axis])
        along = window(axis, x.shape[axis], reach, strides[axis], padding)
        chosen = slots(x, along, np.zeros((), x.dtype))[:: rates[axis]]
        x = xp.stack(chosen, axis=axis + 1)
    spatial = range(1, 2 * rank - 4, 2)
    x = xp.transpose(x, (0, *spatial, *(i + 1 for i in spatial), 2 * rank - 3))
    return xp.reshape(x, (*x.shape[: rank - 1], int(np.prod(x.shape[rank - 1 :]))))


@op("images: T -> patches: T", T=(*REALS, *COMPLEX, bool_), shape=_patch_shape, exact=True)
def ExtractImagePatches(
    images: Any, *, ksizes: list[int], strides: list[int], rates: list[int], padding: str
) -> Any:
    """Patches of a batch of images (NHWC), each flattened into the channels of one pixel.

    Args:
        ksizes, strides, rates: size and distance of the patches, and the distance of the pixels
            within a patch, as [1, rows, columns, 1].
        padding: "VALID" (patches inside only) or "SAME" (zeros around).
    """
    return _patches(images, ksizes, strides, rates, padding)


@op(
    "input: T -> patches: T",
    T=REALS,
    shape=_patch_shape,
    exact=True,
    export=("extract_volume_patches",),
)
def ExtractVolumePatches(input: Any, *, ksizes: list[int], strides: list[int], padding: str) -> Any:
    """Patches of a batch of volumes (NDHWC), each flattened into the channels of one cell."""
    return _patches(input, ksizes, strides, [1] * 5, padding)


@export("image.extract_image_patches", "extract_image_patches")
@renamed(sizes="ksizes")
def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Patches of a batch of images (NHWC), each flattened into the channels of one pixel.

    Args:
        ksizes, strides, rates: size and distance of the patches, and the distance of the pixels
            within a patch, as [1, rows, columns, 1].
        padding: "VALID" or "SAME".
    """
    found: Tensor = ExtractImagePatches(
        images, ksizes=ksizes, strides=strides, rates=rates, padding=padding, name=name
    )
    return found


@export("image.extract_patches")
def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """`extract_image_patches` under TensorFlow 2's name."""
    return extract_image_patches(images, sizes, strides, rates, padding, name)
