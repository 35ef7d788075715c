"""`tf.image.non_max_suppression`, `draw_bounding_boxes` and `sample_distorted_bounding_box`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.ops import image_boxes


@export("image.draw_bounding_boxes")
def draw_bounding_boxes(
    images: Any, boxes: Any, name: str | None = None, colors: Any = None
) -> Tensor:
    """Images [batch, height, width, channels] with boxes [batch, boxes, 4] drawn on them.

    Args:
        boxes: y1, x1, y2, x2 in [0, 1].
        colors: [colors, channels], taken in turn; by default ten of TensorFlow's.
    """
    result: Tensor
    if colors is None:
        result = image_boxes.DrawBoundingBoxes(images, boxes, name=name)
    else:
        result = image_boxes.DrawBoundingBoxesV2(images, boxes, colors, name=name)
    return result


@export("image.sample_distorted_bounding_box")
def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int | None = None,
    seed2: int | None = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:
    """A random box that covers enough of one of `bounding_boxes`: (begin, size, bboxes).

    `begin` and `size` are for `tf.slice`, `bboxes` [1, 1, 4] for `tf.image.draw_bounding_boxes`.

    Args:
        image_size: height, width and channels.
        bounding_boxes: [batch, boxes, 4]: y1, x1, y2, x2 in [0, 1].
        min_object_covered: which part of a box must be covered.
        aspect_ratio_range: of width to height, (0.75, 1.33) by default.
        area_range: as parts of the image, (0.05, 1) by default.
        max_attempts: after so many (100) the whole image is taken.
        use_image_if_no_bounding_boxes: take the whole image where there is no box.
    """
    given = {
        "seed": seed,
        "seed2": seed2,
        "aspect_ratio_range": aspect_ratio_range,
        "area_range": area_range,
        "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }
    attrs = {key: value for key, value in given.items() if value is not None}
    with scopes.name_scope(name, "sample_distorted_bounding_box"):
        return image_boxes.SampleDistortedBoundingBoxV2(
            image_size, bounding_boxes, min_object_covered, **attrs, name=name
        )


_NEVER = float("-inf")


def _thresholds(iou: Any, score: Any) -> tuple[Tensor, Tensor]:
    return (
        convert.to_tensor(iou, name="iou_threshold"),
        convert.to_tensor(score, name="score_threshold"),
    )


@export("image.non_max_suppression")
def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NEVER,
    name: str | None = None,
) -> Tensor:
    """Numbers of the boxes with the best scores, those left out that overlap a better one.

    Args:
        boxes: [boxes, 4]: y1, x1, y2, x2, any two opposite corners.
        scores: [boxes].
        max_output_size: how many at most.
        iou_threshold: which intersection over union is still allowed.
        score_threshold: boxes with no higher score are left out.
    """
    with scopes.name_scope(name, "non_max_suppression"):
        thresholds = _thresholds(iou_threshold, score_threshold)
        result: Tensor = image_boxes.NonMaxSuppressionV3(
            boxes, scores, max_output_size, *thresholds
        )
        return result


@export("image.non_max_suppression_padded")
def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NEVER,
    pad_to_max_output_size: bool = False,
    name: str | None = None,
) -> Any:
    """As `non_max_suppression`, filled up with zeros if wanted; and how many of them count."""
    with scopes.name_scope(name, "non_max_suppression_padded"):
        thresholds = _thresholds(iou_threshold, score_threshold)
        return image_boxes.NonMaxSuppressionV4(
            boxes,
            scores,
            max_output_size,
            *thresholds,
            pad_to_max_output_size=pad_to_max_output_size,
        )


@export("image.non_max_suppression_with_scores")
def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NEVER,
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Numbers and scores of the boxes kept; overlaps lower scores where `soft_nms_sigma` > 0."""
    with scopes.name_scope(name, "non_max_suppression_with_scores"):
        thresholds = _thresholds(iou_threshold, score_threshold)
        sigma = convert.to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        found = image_boxes.NonMaxSuppressionV5(boxes, scores, max_output_size, *thresholds, sigma)
        return found[0], found[1]


@export("image.non_max_suppression_overlaps")
def non_max_suppression_with_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = _NEVER,
    name: str | None = None,
) -> Tensor:
    """As `non_max_suppression`, with the overlaps given as [boxes, boxes]."""
    with scopes.name_scope(name, "non_max_suppression_overlaps"):
        threshold = convert.to_tensor(overlap_threshold, name="overlap_threshold")
        result: Tensor = image_boxes.NonMaxSuppressionWithOverlaps(
            overlaps, scores, max_output_size, threshold, score_threshold
        )
        return result
