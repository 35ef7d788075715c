"""Cases of ops/image_boxes.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats

_BOXES = np.float32(
    [[0.1, 0.2, 0.8, 0.9], [-0.3, 0.1, 0.5, 1.4], [0.6, 0.6, 0.2, 0.9], [1.1, 1.2, 1.5, 1.6]]
)
_DRAWN = np.stack([_BOXES, _BOXES[::-1]])
_SINGLE: dict[str, Any] = {"dtypes": ("float32",)}


def _sizes(height: int, width: int, dtype: str = "int32") -> np.ndarray:
    return np.array([height, width, 3], dtype)


_OBJECTS = np.float32([[[0.1, 0.2, 0.6, 0.7], [0.3, 0.1, 0.9, 0.5]]])
_SEEDS = {"seed": 3, "seed2": 7}


def _crowd(count: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    corner, size = rng.rand(count, 2), rng.rand(count, 2)
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    boxes[3] = boxes[3][[2, 3, 0, 1]]
    scores = rng.rand(count).astype(np.float32)
    scores[5] = scores[4]
    return boxes, scores


_CROWD = _crowd()
_COUNT = Const(np.int32(6))


def _thin(op: str, *more: Any, note: str = "", **attrs: Any) -> Case:
    thresholds = [Const(np.float32(v)) for v in more]
    inputs = (*_CROWD, _COUNT, *thresholds)
    padded = bool(attrs.get("pad_to_max_output_size"))
    return Case(op, inputs, attrs, data_dependent=not padded, note=note, grad=False, **_SINGLE)


CASES = [
    *(
        Case("DrawBoundingBoxes", (floats(2, 9, 12, c), _DRAWN), note=f"{c} channels", **_SINGLE)
        for c in (1, 3, 4)
    ),
    Case(
        "DrawBoundingBoxesV2",
        (floats(2, 9, 12, 3), _DRAWN, floats(3, 4, seed=1)),
        note="colours",
        grad=False,
        **_SINGLE,
    ),
    Case(
        "SampleDistortedBoundingBoxV2",
        (_sizes(40, 60), _OBJECTS, np.float32(0.3)),
        _SEEDS,
        runs=4,
        **_SINGLE,
    ),
    Case(
        "SampleDistortedBoundingBoxV2",
        (_sizes(299, 299, "int64"), _OBJECTS, np.float32(0.9)),
        {**_SEEDS, "area_range": [0.2, 0.7], "aspect_ratio_range": [0.5, 2.0], "max_attempts": 20},
        runs=4,
        note="narrow",
        **_SINGLE,
    ),
    Case(
        "SampleDistortedBoundingBoxV2",
        (_sizes(50, 30), np.zeros((1, 0, 4), np.float32), np.float32(0.1)),
        {**_SEEDS, "use_image_if_no_bounding_boxes": True},
        runs=4,
        note="no boxes",
        **_SINGLE,
    ),
    Case(
        "SampleDistortedBoundingBox",
        (_sizes(40, 60), _OBJECTS),
        {**_SEEDS, "min_object_covered": 0.5},
        runs=3,
        **_SINGLE,
    ),
    Case(
        "NonMaxSuppression",
        (*_CROWD, _COUNT),
        {"iou_threshold": 0.3},
        data_dependent=True,
        grad=False,
        **_SINGLE,
    ),
    _thin("NonMaxSuppressionV2", 0.3),
    _thin("NonMaxSuppressionV3", 0.3, 0.4),
    _thin("NonMaxSuppressionV3", 0.0, -np.inf, note="no overlap"),
    _thin("NonMaxSuppressionV4", 0.1, 0.2),
    _thin("NonMaxSuppressionV4", 0.1, 0.2, note="padded", pad_to_max_output_size=True),
    _thin("NonMaxSuppressionV5", 0.5, 0.1, 0.0),
    _thin("NonMaxSuppressionV5", 1.0, 0.05, 0.5, note="soft"),
    Case(
        "NonMaxSuppressionWithOverlaps",
        (
            np.float32(np.random.RandomState(1).rand(12, 12)),
            _CROWD[1],
            _COUNT,
            Const(np.float32(0.6)),
            Const(np.float32(0.1)),
        ),
        data_dependent=True,
        grad=False,
        **_SINGLE,
    ),
]
