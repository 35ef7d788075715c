"""Bounding boxes: drawn, sampled, and thinned out where they overlap."""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np

from tf1x.core.dtypes import as_dtype, float16, float32
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value
from tf1x.ops import philox, xp
from tf1x.ops.shape_rules import dims, merge_dim, with_rank

# -- drawing -------------------------------------------------------------------------------------

_COLORS = np.float32(
    [
        [1, 1, 0, 1],  # yellow
        [0, 0, 1, 1],  # blue
        [1, 0, 0, 1],  # red
        [0, 1, 0, 1],  # lime
        [0.5, 0, 0.5, 1],  # purple
        [0.5, 0.5, 0, 1],  # olive
        [0.5, 0, 0, 1],  # maroon
        [0, 0, 0.5, 1],  # navy blue
        [0, 1, 1, 1],  # aqua
        [1, 0, 1, 1],  # fuchsia
    ]
)


def _canvas(op: Operation) -> Any:
    images, boxes = with_rank(dims(op), 4), with_rank(dims(op, 1), 3)
    merge_dim(images[0], boxes[0])
    merge_dim(boxes[2], 4)
    return [images]


def _draw(images: Any, boxes: Any, colors: Any = None) -> Any:
    height, width, depth = images.shape[1:]
    if depth not in (1, 3, 4):
        raise ValueError("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    if colors is None or not np.size(colors):
        colors = _COLORS if depth > 1 else np.ones_like(_COLORS)
    elif colors.shape[1] < depth:
        raise ValueError(
            f"colors must have equal or more channels than the image provided: {list(colors.shape)}"
        )
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for i in range(boxes.shape[1]):
        box = boxes[:, i, :, None, None]
        top, left, bottom, right = (
            xp.trunc(box[:, k] * np.float32(size - 1)).astype(np.int64)
            for k, size in enumerate((height, width, height, width))
        )
        across = (columns >= left) & (columns <= right)
        along = (rows >= top) & (rows <= bottom)
        edge = (((rows == top) | (rows == bottom)) & across) | (
            ((columns == left) | (columns == right)) & along
        )
        edge = edge & (top <= bottom) & (left <= right)
        color = colors[i % colors.shape[0], :depth].astype(images.dtype)
        images = xp.where(edge[..., None], color, images)
    return images


@op(
    "images: T, boxes: float32 -> output: T",
    T=((float32, float16), float32),
    shape=_canvas,
    grad=None,
)
def DrawBoundingBoxes(images: Any, boxes: Any) -> Any:
    """Images [batch, height, width, channels] with boxes [batch, boxes, 4] drawn on them.

    A box is y1, x1, y2, x2 in [0, 1]; each is one pixel wide and takes the next of ten colours.
    """
    return _draw(images, boxes)


@op(
    "images: T, boxes: float32, colors: float32 -> output: T",
    T=((float32, float16), float32),
    shape=_canvas,
    grad=None,
)
def DrawBoundingBoxesV2(images: Any, boxes: Any, colors: Any) -> Any:
    """As `DrawBoundingBoxes`, in the given colours [colors, channels]."""
    return _draw(images, boxes, colors)


# -- sampling ------------------------------------------------------------------------------------

_SAMPLED = tuple(map(as_dtype, ("uint8", "int8", "int16", "int32", "int64")))
_SEEDS: dict[str, tuple[str, Any]] = {"seed": ("int", 0), "seed2": ("int", 0)}


class _Words:
    """32-bit random words one after another, as TensorFlow's SimplePhilox takes them."""

    def __init__(self, key: Any, start: Any, blocks: int) -> None:
        self._key, self._start, self._blocks = key, start, blocks
        self._words: list[int] = []

    def _next(self) -> int:
        if not self._words:
            found = np.asarray(philox.words(*self._key, self._start, self._blocks))
            self._start = np.uint64(self._start) + np.uint64(self._blocks)
            self._words = found.reshape(-1)[::-1].tolist()
        return self._words.pop()

    def unit(self) -> np.float32:
        """A float32 in [0, 1)."""
        bits = np.uint32(self._next() & 0x7FFFFF | 0x3F800000)
        return np.float32(bits.view(np.float32) - np.float32(1))

    def below(self, limit: int) -> int:
        """An int in [0, limit)."""
        if limit & (limit - 1) == 0:
            return self._next() & (limit - 1)
        remainder = 0xFFFFFFFF % limit + 1
        while (word := self._next()) < remainder:
            pass
        return word % limit


def _rounded(value: Any) -> int:
    return int(np.rint(np.float32(value)))


def _random_crop(
    width: int, height: int, areas: Any, ratio: np.float32, words: _Words
) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of a crop with that ratio of width to height."""
    if width <= 0 or height <= 0 or areas[0] > areas[1]:
        return None
    smallest, largest = (a * np.float32(width) * np.float32(height) for a in areas)
    tall = _rounded(np.sqrt(smallest / ratio))
    tallest = _rounded(np.sqrt(largest / ratio))
    if _rounded(np.float32(tallest) * ratio) > width:
        tallest = int((width + 0.5 - float(np.float32(1e-7))) / float(ratio))
        if _rounded(np.float32(tallest) * ratio) > width:
            tallest -= 1
    tallest = min(tallest, height)
    tall = min(tall, tallest)
    if tall < tallest:
        tall += words.below(tallest - tall + 1)
    wide = _rounded(np.float32(tall) * ratio)
    if wide * tall < smallest:
        tall += 1
        wide = _rounded(np.float32(tall) * ratio)
    if wide * tall > largest:
        tall -= 1
        wide = _rounded(np.float32(tall) * ratio)
    fits = smallest <= wide * tall <= largest and 0 < wide <= width and 0 < tall <= height
    if not fits:
        return None
    top = words.below(height - tall) if tall < height else 0
    left = words.below(width - wide) if wide < width else 0
    return left, top, left + wide, top + tall


def _covers(crop: tuple[int, int, int, int], boxes: Any, least: np.float32) -> bool:
    """Whether the crop holds at least that part of one of the boxes."""
    for left, top, right, bottom in boxes:
        area = (right - left) * (bottom - top)
        if area < 1:
            continue
        wide = min(right, crop[2]) - max(left, crop[0])
        tall = min(bottom, crop[3]) - max(top, crop[1])
        shared = wide * tall if wide >= 0 and tall >= 0 else 0
        if np.float32(shared) / np.float32(area) >= least:
            return True
    return False


def _sample(
    image_size: Any,
    bounding_boxes: Any,
    min_object_covered: Any,
    *,
    aspect_ratio_range: list[float] = (0.75, 1.33),  # type: ignore[assignment]
    area_range: list[float] = (0.05, 1.0),  # type: ignore[assignment]
    max_attempts: int = 100,
    use_image_if_no_bounding_boxes: bool = False,
    counter: Any,
) -> Any:
    """A random box that covers enough of one of the given boxes, as begin and size for `tf.slice`.

    Args:
        image_size: height, width and channels.
        bounding_boxes: [batch, boxes, 4]: y1, x1, y2, x2 in [0, 1].
        min_object_covered: what part of a box is enough.
        aspect_ratio_range, area_range: from where ratio (width / height) and part of the image's
            area are drawn.
        max_attempts: after so many the whole image is taken.
        use_image_if_no_bounding_boxes: take the whole image as the box where there is none.
    """
    height, width = (int(v) for v in np.asarray(image_size)[:2])
    boxes = np.asarray(bounding_boxes, np.float32).reshape(-1, 4)
    least = np.float32(min_object_covered)
    areas, ratios = np.float32(area_range), np.float32(aspect_ratio_range)
    for ok, message in (
        (len(areas) == 2, "Area range field must specify 2 dimensions"),
        (len(ratios) == 2, "Aspect ratio range field must specify 2 dimensions"),
        ((ratios > 0).all(), f"Aspect ratio range must be non-negative: {list(ratios)}"),
        ((areas > 0).all(), f"Area range must be non-negative: {list(areas)}"),
        ((areas <= 1).all(), f"Area range must be less then or equal to 1.0: {list(areas)}"),
        (max_attempts > 0, f"Max attempts must be non-negative: {max_attempts}"),
        (least >= 0, f"Min object covered must be non-negative: {least}"),
        (
            ((boxes >= 0) & (boxes <= 1)).all(),
            f"All bounding box coordinates must be in [0.0, 1.0]: {boxes.tolist()}",
        ),
        (
            len(boxes) or use_image_if_no_bounding_boxes,
            "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes "
            "if you wish to not provide any bounding boxes.",
        ),
    ):
        if not ok:
            raise InvalidArgumentError(None, None, message)
    whole = (0, 0, width, height)
    sizes = np.float32([width, height, width, height])
    objects = (boxes[:, [1, 0, 3, 2]] * sizes).astype(np.int32).tolist() or [whole]
    words = _Words(counter.key, counter.take(max_attempts), max_attempts)
    chosen = whole
    for _ in range(max_attempts):
        ratio = words.unit() * (ratios[1] - ratios[0]) + ratios[0]
        crop = _random_crop(width, height, areas, ratio, words)
        if crop is not None and _covers(crop, objects, least):
            chosen = crop
            break
    left, top, right, bottom = chosen
    kind = np.asarray(image_size).dtype
    return (
        np.array([top, left, 0]).astype(kind),
        np.array([bottom - top, right - left, -1]).astype(kind),
        (np.float32([top, left, bottom, right]) / sizes[[1, 0, 1, 0]]).reshape(1, 1, 4),
    )


def _sampled_shapes(op: Operation) -> Any:
    merge_dim(with_rank(dims(op), 1)[0], 3)
    merge_dim(with_rank(dims(op, 1), 3)[2], 4)
    return [(3,), (3,), (1, 1, 4)]


SampleDistortedBoundingBoxV2 = op(
    "image_size: T, bounding_boxes: float32, min_object_covered: float32 "
    "-> begin: T, size: T, bboxes: float32",
    type="SampleDistortedBoundingBoxV2",
    T=_SAMPLED,
    shape=_sampled_shapes,
    grad=None,
    host=True,
    stateful=True,
    attrs=_SEEDS,
)(_sample)


@op(
    "image_size: T, bounding_boxes: float32 -> begin: T, size: T, bboxes: float32",
    T=_SAMPLED,
    shape=_sampled_shapes,
    grad=None,
    host=True,
    stateful=True,
    attrs=_SEEDS,
)
def SampleDistortedBoundingBox(
    image_size: Any,
    bounding_boxes: Any,
    *,
    min_object_covered: float = 0.1,
    aspect_ratio_range: list[float] = (0.75, 1.33),  # type: ignore[assignment]
    area_range: list[float] = (0.05, 1.0),  # type: ignore[assignment]
    max_attempts: int = 100,
    use_image_if_no_bounding_boxes: bool = False,
    counter: Any,
) -> Any:
    """As `SampleDistortedBoundingBoxV2`, with `min_object_covered` an attribute."""
    return _sample(
        image_size,
        bounding_boxes,
        min_object_covered,
        aspect_ratio_range=aspect_ratio_range,
        area_range=area_range,
        max_attempts=max_attempts,
        use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
        counter=counter,
    )


# -- suppressing what overlaps -------------------------------------------------------------------


def _overlaps(boxes: np.ndarray, one: int, others: list[int]) -> np.ndarray:
    """Intersection over union of a box with others; corners may be in any order."""
    low = np.minimum(boxes[:, :2], boxes[:, 2:])
    high = np.maximum(boxes[:, :2], boxes[:, 2:])
    area = np.prod(high - low, axis=1)
    shared = np.minimum(high[one], high[others]) - np.maximum(low[one], low[others])
    shared = np.prod(np.maximum(shared, 0), axis=1)
    with np.errstate(all="ignore"):
        found = shared / (area[one] + area[others] - shared)
    return np.where((area[one] <= 0) | (area[others] <= 0), np.float32(0), found)


def _suppress(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    threshold: Any,
    least: Any = -np.inf,
    sigma: Any = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and scores of the boxes kept, best first.

    Args:
        overlaps: of a box with a list of boxes.
        threshold: a box that overlaps a better one by more than this is dropped; with `sigma`
            its score is lowered instead.
        least: boxes with no higher score are not looked at.
    """
    threshold, sigma = float(threshold), float(sigma)
    limit = min(int(max_output_size), len(scores))
    queue = [(-float(s), i, 0) for i, s in enumerate(scores) if s > least]
    heapq.heapify(queue)
    kept: list[int] = []
    kept_scores: list[float] = []
    scale = -0.5 / sigma if sigma > 0 else 0.0
    while queue and len(kept) < limit:
        negative, box, seen = heapq.heappop(queue)
        score = original = np.float32(-negative)
        dropped = False
        # The best of those already chosen come last.
        for similarity in overlaps(box, kept[seen:][::-1]) if seen < len(kept) else ():
            if sigma <= 0 and similarity > threshold:
                dropped = True
                break
            weight = math.exp(scale * float(similarity) ** 2) if similarity <= threshold else 0.0
            score = np.float32(score * np.float32(weight))
            if score <= least:
                break
        if dropped:
            continue
        if score == original:
            kept.append(box)
            kept_scores.append(float(score))
        elif score > least:
            heapq.heappush(queue, (-float(score), box, len(kept)))
    return np.array(kept, np.int32), np.array(kept_scores, np.float32)


def _boxes_and_scores(boxes: Any, scores: Any) -> tuple[np.ndarray, np.ndarray]:
    boxes, scores = (xp.static(v).astype(np.float32) for v in (boxes, scores))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must have 4 columns, got {list(boxes.shape)}")
    if scores.shape != boxes.shape[:1]:
        raise ValueError(f"scores has incompatible shape {list(scores.shape)}")
    return boxes, scores


def _check_threshold(threshold: Any, name: str = "iou_threshold") -> np.ndarray:
    value = xp.static(threshold)
    if not 0 <= value <= 1:
        raise InvalidArgumentError(None, None, f"{name} must be in [0, 1]")
    return value


def _thin_out(
    boxes: Any, scores: Any, count: Any, threshold: Any, least: Any = -np.inf, sigma: Any = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    boxes, scores = _boxes_and_scores(boxes, scores)
    count = xp.static(count)
    if count < 0:
        raise InvalidArgumentError(None, None, "max_output_size must be non-negative")
    return _suppress(
        lambda one, others: _overlaps(boxes, one, others),
        scores,
        count,
        _check_threshold(threshold),
        xp.static(least),
        xp.static(sigma),
    )


def _selected(op: Operation) -> Any:
    boxes, scores = with_rank(dims(op), 2), with_rank(dims(op, 1), 1)
    merge_dim(boxes[0], scores[0])
    if not op.type.endswith("Overlaps"):
        merge_dim(boxes[1], 4)
    count = None
    if op.attrs.get("pad_to_max_output_size"):
        known = constant_value(op.inputs[2])
        count = None if known is None else int(known)
    return [(count,), (), ()][: len(op.opdef.outputs)]


_HALF_OR_SINGLE = ((float32, float16), float32)
_BOXES = "boxes: T, scores: T, max_output_size: int32"


@op(
    "boxes: float32, scores: float32, max_output_size: int32 -> selected_indices: int32",
    shape=_selected,
    grad=None,
)
def NonMaxSuppression(
    boxes: Any, scores: Any, max_output_size: Any, *, iou_threshold: float = 0.5
) -> Any:
    """Numbers of the boxes with the best scores, those left out that overlap a better one.

    Args:
        boxes: [boxes, 4]: y1, x1, y2, x2, any two opposite corners.
        scores: [boxes].
        max_output_size: how many at most.
        iou_threshold: which intersection over union is still allowed.
    """
    return _thin_out(boxes, scores, max_output_size, iou_threshold)[0]


@op(
    f"{_BOXES}, iou_threshold: T_threshold -> selected_indices: int32",
    T=_HALF_OR_SINGLE,
    T_threshold=_HALF_OR_SINGLE,
    shape=_selected,
    grad=None,
)
def NonMaxSuppressionV2(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any) -> Any:
    """As `NonMaxSuppression`."""
    return _thin_out(boxes, scores, max_output_size, iou_threshold)[0]


@op(
    f"{_BOXES}, iou_threshold: T_threshold, score_threshold: T_threshold -> selected_indices: int32",
    T=_HALF_OR_SINGLE,
    T_threshold=_HALF_OR_SINGLE,
    shape=_selected,
    grad=None,
)
def NonMaxSuppressionV3(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any, score_threshold: Any
) -> Any:
    """As `NonMaxSuppression`, of the boxes with scores above a threshold."""
    return _thin_out(boxes, scores, max_output_size, iou_threshold, score_threshold)[0]


def _padded(values: np.ndarray, count: Any, pad: bool) -> np.ndarray:
    return np.pad(values, (0, int(xp.static(count)) - len(values))) if pad else values


@op(
    f"{_BOXES}, iou_threshold: T_threshold, score_threshold: T_threshold "
    "-> selected_indices: int32, valid_outputs: int32",
    T=_HALF_OR_SINGLE,
    T_threshold=_HALF_OR_SINGLE,
    shape=_selected,
    grad=None,
)
def NonMaxSuppressionV4(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any,
    score_threshold: Any,
    *,
    pad_to_max_output_size: bool = False,
) -> Any:
    """As `NonMaxSuppressionV3`, filled up with zeros if wanted; and how many count."""
    found, _ = _thin_out(boxes, scores, max_output_size, iou_threshold, score_threshold)
    return _padded(found, max_output_size, pad_to_max_output_size), np.int32(len(found))


def _selected_with_scores(op: Operation) -> Any:
    chosen = _selected(op)[0]
    return [chosen, chosen, ()]


@op(
    f"{_BOXES}, iou_threshold: T, score_threshold: T, soft_nms_sigma: T "
    "-> selected_indices: int32, selected_scores: T, valid_outputs: int32",
    T=_HALF_OR_SINGLE,
    shape=_selected_with_scores,
    grad=None,
)
def NonMaxSuppressionV5(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any,
    score_threshold: Any,
    soft_nms_sigma: Any,
    *,
    pad_to_max_output_size: bool = False,
) -> Any:
    """As `NonMaxSuppressionV4`, with scores; overlaps lower them where `soft_nms_sigma` > 0."""
    found, best = _thin_out(
        boxes, scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma
    )
    pad = pad_to_max_output_size
    kept = _padded(best.astype(scores.dtype), max_output_size, pad)
    return _padded(found, max_output_size, pad), kept, np.int32(len(found))


@op(
    "overlaps: float32, scores: float32, max_output_size: int32, overlap_threshold: float32, "
    "score_threshold: float32 -> selected_indices: int32",
    shape=_selected,
    grad=None,
)
def NonMaxSuppressionWithOverlaps(
    overlaps: Any, scores: Any, max_output_size: Any, overlap_threshold: Any, score_threshold: Any
) -> Any:
    """As `NonMaxSuppressionV3`, with the overlaps given as [boxes, boxes]."""
    table = xp.static(overlaps)
    return _suppress(
        lambda one, others: table[one, others],
        xp.static(scores),
        xp.static(max_output_size),
        xp.static(overlap_threshold),
        xp.static(score_threshold),
    )[0]
