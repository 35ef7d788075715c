"""`tf.image`: the functions built from several ops, against TensorFlow; the codecs' limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops import both
from tests.ops.cases.image_codecs import GIF, JPEG, PNG, picture

_BYTES = picture(9, 12)
_UNIT = (_BYTES / np.float32(255)).astype(np.float32)
_BATCH = np.stack([_UNIT, _UNIT[::-1] * np.float32(0.5)])


def _fed(tf: Any, value: np.ndarray, shape: Any = None) -> Any:
    """A tensor whose shape is not known when the graph is built."""
    return tf.placeholder_with_default(value, shape)


# Name, program, and whether the graphs are compared node by node (not where `cond` makes them:
# TensorFlow 2.21 still builds Switch and Merge in its 1.x form).
_PROGRAMS: list[tuple[str, Any, bool]] = [
    ("flip", lambda t: t.image.flip_left_right(_UNIT), True),
    ("flip bytes", lambda t: t.image.flip_up_down(_BYTES), True),
    ("flip batch", lambda t: t.image.flip_left_right(_BATCH), True),
    ("flip open", lambda t: t.image.flip_up_down(_fed(t, _UNIT, [None, None, 3])), True),
    ("flip unknown", lambda t: t.image.flip_left_right(_fed(t, _UNIT)), False),
    ("random flip", lambda t: t.image.random_flip_left_right(_UNIT, seed=3), False),
    ("random flips", lambda t: t.image.random_flip_up_down(_BATCH, seed=3), True),
    ("rot90", lambda t: [t.image.rot90(_UNIT, k) for k in range(5)], False),
    ("rot90 batch", lambda t: t.image.rot90(_BATCH, 3), False),
    ("transpose", lambda t: t.image.transpose_image(_UNIT), True),
    ("transpose batch", lambda t: t.image.transpose(_BATCH), True),
    ("central crop", lambda t: t.image.central_crop(_UNIT, 0.5), True),
    ("central crop batch", lambda t: t.image.central_crop(_BATCH, 0.7), True),
    ("central crop open", lambda t: t.image.central_crop(_fed(t, _UNIT, [None, 12, 3]), 0.6), True),
    ("pad", lambda t: t.image.pad_to_bounding_box(_UNIT, 2, 3, 15, 16), True),
    ("pad batch", lambda t: t.image.pad_to_bounding_box(_BATCH, 0, 0, 9, 13), True),
    (
        "pad open",
        lambda t: t.image.pad_to_bounding_box(_fed(t, _UNIT, [None, None, 3]), 1, 1, 12, 14),
        True,
    ),
    ("crop", lambda t: t.image.crop_to_bounding_box(_UNIT, 2, 3, 4, 5), True),
    (
        "crop open",
        lambda t: t.image.crop_to_bounding_box(_fed(t, _UNIT, [None, None, 3]), 1, 1, 5, 5),
        True,
    ),
    ("crop or pad", lambda t: t.image.resize_image_with_crop_or_pad(_UNIT, 5, 20), True),
    (
        "crop or pad open",
        lambda t: t.image.resize_image_with_crop_or_pad(_fed(t, _UNIT, [None, None, 3]), 12, 7),
        True,
    ),
    ("random crop", lambda t: t.random_crop(_UNIT, [4, 5, 3], seed=2), True),
    *[
        (
            f"resize {method} {align}",
            lambda t, m=method, a=align: t.image.resize_images(_BYTES, [5, 17], m, a),
            True,
        )
        for method in range(4)
        for align in (False, True)
    ],
    ("resize same", lambda t: t.image.resize_images(_UNIT, [9, 12]), True),
    (
        "resize in proportion",
        lambda t: t.image.resize_images(_BATCH, [20, 15], preserve_aspect_ratio=True),
        True,
    ),
    ("resize by name", lambda t: t.image.resize_bilinear(_BATCH, [4, 4], name="small"), True),
    ("resize bicubic", lambda t: t.image.resize_bicubic(_BATCH, [4, 20], align_corners=True), True),
    ("resize nearest", lambda t: t.image.resize_nearest_neighbor(_BATCH, [4, 20]), True),
    ("resize area", lambda t: t.image.resize_area(_BATCH, [4, 5]), True),
    ("resize and pad", lambda t: t.image.resize_image_with_pad(_UNIT, 20, 15), False),
    (
        "crop and resize",
        lambda t: t.image.crop_and_resize(_BATCH, [[0.1, 0.1, 0.9, 0.8]], [1], [3, 4]),
        True,
    ),
    ("to float", lambda t: t.image.convert_image_dtype(_BYTES, t.float32), True),
    ("to bytes", lambda t: t.image.convert_image_dtype(_UNIT * 1.2, t.uint8, saturate=True), True),
    ("to uint16", lambda t: t.image.convert_image_dtype(_BYTES, t.uint16), True),
    ("to int8", lambda t: t.image.convert_image_dtype(_BYTES, t.int8), True),
    ("to half", lambda t: t.image.convert_image_dtype(_UNIT, t.float16, name="half"), True),
    ("brightness", lambda t: t.image.adjust_brightness(_UNIT, 0.1), True),
    ("brightness of bytes", lambda t: t.image.adjust_brightness(_BYTES, 0.3), True),
    ("contrast", lambda t: t.image.adjust_contrast(_UNIT, 2.0), True),
    ("contrast of bytes", lambda t: t.image.adjust_contrast(_BYTES, 0.5), True),
    ("gamma", lambda t: t.image.adjust_gamma(_UNIT, 2.0, 0.5), True),
    ("hue", lambda t: t.image.adjust_hue(_UNIT, 0.2), True),
    ("hue of bytes", lambda t: t.image.adjust_hue(_BYTES, -0.2), True),
    ("saturation", lambda t: t.image.adjust_saturation(_UNIT, 0.3), True),
    ("random brightness", lambda t: t.image.random_brightness(_UNIT, 0.3, seed=1), True),
    ("random contrast", lambda t: t.image.random_contrast(_UNIT, 0.3, 1.7, seed=1), True),
    ("random hue", lambda t: t.image.random_hue(_UNIT, 0.3, seed=1), True),
    ("random saturation", lambda t: t.image.random_saturation(_UNIT, 0.3, 1.7, seed=1), True),
    ("grey", lambda t: t.image.rgb_to_grayscale(_UNIT), True),
    ("grey of bytes", lambda t: t.image.rgb_to_grayscale(_BYTES), True),
    ("rgb", lambda t: t.image.grayscale_to_rgb(t.constant(_UNIT[..., :1])), True),
    ("hsv", lambda t: t.image.hsv_to_rgb(t.image.rgb_to_hsv(_UNIT)), True),
    ("yiq", lambda t: t.image.yiq_to_rgb(t.image.rgb_to_yiq(_UNIT)), True),
    ("yuv", lambda t: t.image.yuv_to_rgb(t.image.rgb_to_yuv(_BATCH)), True),
    ("standardization", lambda t: t.image.per_image_standardization(_BYTES), True),
    ("standardization of one colour", lambda t: t.image.per_image_standardization(_UNIT * 0), True),
    ("total variation", lambda t: t.image.total_variation(t.constant(_UNIT)), True),
    ("total variations", lambda t: t.image.total_variation(t.constant(_BATCH)), True),
    ("gradients", lambda t: t.image.image_gradients(t.constant(_BATCH)), True),
    ("sobel", lambda t: t.image.sobel_edges(t.constant(_BATCH)), True),
    ("psnr", lambda t: t.image.psnr(t.constant(_BATCH), t.constant(_BATCH * 0.9), 1.0), True),
    (
        "ssim",
        lambda t: t.image.ssim(
            t.constant(_BATCH), t.constant(_BATCH[::-1].copy()), 1.0, filter_size=5
        ),
        True,
    ),
    (
        "boxes",
        lambda t: t.image.draw_bounding_boxes(_BATCH, np.float32([[[0.1, 0.1, 0.8, 0.9]]] * 2)),
        True,
    ),
    (
        "suppression",
        lambda t: t.image.non_max_suppression(
            np.float32([[0, 0, 1, 1], [0, 0, 0.9, 1], [0, 0.7, 1, 2]]), [0.5, 0.9, 0.4], 2
        ),
        True,
    ),
    (
        "distorted box",
        lambda t: t.image.sample_distorted_bounding_box(
            [40, 60, 3], np.float32([[[0.1, 0.1, 0.8, 0.9]]]), seed=4, seed2=5, area_range=[0.2, 1]
        ),
        True,
    ),
    ("decode", lambda t: t.image.decode_image(PNG), True),
    ("decode to half", lambda t: t.image.decode_image(PNG, dtype=t.float16), True),
    ("decode first frame", lambda t: t.image.decode_image(GIF, expand_animations=False), True),
    ("encode", lambda t: t.image.decode_png(t.image.encode_png(_BYTES)), True),
    ("is jpeg", lambda t: [t.image.is_jpeg(f) for f in (JPEG, PNG)], True),
]


@pytest.mark.parametrize(
    ("program", "nodes"), [p[1:] for p in _PROGRAMS], ids=[p[0] for p in _PROGRAMS]
)
def test_the_same_as_tensorflow(program: Any, nodes: bool) -> None:
    both.assert_same(program, nodes, rtol=1e-4)


@pytest.mark.parametrize(
    "program",
    [
        lambda t: t.image.flip_left_right(_UNIT[0]),
        lambda t: t.image.crop_to_bounding_box(_UNIT, 5, 0, 6, 4),
        lambda t: t.image.pad_to_bounding_box(_UNIT, 0, 0, 5, 20),
        lambda t: t.image.central_crop(_UNIT, 1.5),
        lambda t: t.image.resize_images(_UNIT, [3]),
        lambda t: t.image.resize_images(_UNIT[0], [3, 3]),
        lambda t: t.image.grayscale_to_rgb(t.constant(_UNIT)),
        lambda t: t.image.random_hue(_UNIT, 0.9),
        lambda t: t.image.random_contrast(_UNIT, 0.9, 0.1),
        lambda t: t.image.decode_jpeg(b""),
        lambda t: t.image.decode_png(b"no image"),
        lambda t: t.image.decode_jpeg(JPEG[:300]),
        lambda t: t.image.decode_png(PNG[:300]),
        lambda t: t.image.decode_gif(GIF[:60]),
        lambda t: t.image.decode_jpeg(GIF),
        lambda t: t.image.decode_and_crop_jpeg(PNG, [0, 0, 1, 1]),
        lambda t: t.image.crop_and_resize(_BATCH, [[0.0, 0.0, 1.0, 1.0]], [2], [3, 4]),
    ],
)
def test_errors_are_of_tensorflows_class(program: Any) -> None:
    from tests.oracle import tf1

    assert both.error_of(tf1x, program)[0] == both.error_of(tf1, program)[0]


def test_names_of_earlier_versions() -> None:
    image = tf1x.image.per_image_whitening(_BYTES)
    small = tf1x.image.resize_images(_BYTES, 4, 5, tf1x.image.ResizeMethod.NEAREST_NEIGHBOR)
    with tf1x.Session() as session:
        whitened, resized = session.run([image, small])
    assert abs(whitened.mean()) < 1e-5
    assert abs(whitened.std() - 1) < 1e-5
    assert resized.shape == (4, 5, 3)
    assert resized.dtype == np.uint8


def test_the_fast_transform_of_jpeg_is_near() -> None:
    """TensorFlow's default `dct_method` is libjpeg's fast one, which Pillow does not offer."""
    ours, theirs = (
        both.run(tf, lambda t: t.image.decode_jpeg(JPEG))[1][0].astype(int)
        for tf in (tf1x, _tensorflow())
    )
    difference = np.abs(ours - theirs)
    assert difference.max() <= 6
    assert difference.mean() < 1.5


def _tensorflow() -> Any:
    from tests.oracle import tf1

    return tf1


def test_a_decompression_bomb_is_refused() -> None:
    """A file that says it is huge: the error comes before any memory is taken."""
    from tf1x.ops import image_gif, image_jpeg, image_png

    size = (60000).to_bytes(4, "big") * 2
    png = PNG[:16] + size + PNG[24:]
    gif = GIF[:6] + b"\xff\xff\xff\xff" + GIF[10:]
    start = JPEG.index(b"\xff\xc0") + 5
    jpeg = JPEG[:start] + b"\xff\xff\xff\xff" + JPEG[start + 4 :]
    for decode, data in (
        (image_png.decode, png),
        (image_gif.decode_gif, gif),
        (image_jpeg.decode, jpeg),
    ):
        with pytest.raises(tf1x.errors.InvalidArgumentError):
            decode(data)


def test_sixteen_bit_colour_with_every_filter() -> None:
    """Pillow has no 16-bit colour: this is read and written here."""
    from tf1x.ops import image_png

    image = picture(20, 24, 4).astype(np.uint16) * 257 + 3
    for channels in (2, 3, 4):
        part = image[..., :channels]
        data = image_png.encode(part)
        np.testing.assert_array_equal(image_png.decode(data, 0, np.uint16), part)
        np.testing.assert_array_equal(image_png.decode(data, 0, np.uint8), part >> 8)
