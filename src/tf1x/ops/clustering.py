"""Clusters of points: `NearestNeighbors`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value
from tf1x.ops import xp


def _shapes(op: Operation) -> list[Any]:
    points, centers = op.inputs[0].shape.with_rank(2), op.inputs[1].shape.with_rank(2)
    points.dims[1].assert_is_compatible_with(centers.dims[1])
    wanted, there = constant_value(op.inputs[2]), centers.dims[0].value
    count = None if wanted is None or there is None else min(int(wanted), there)
    return [(points.dims[0].value, count)] * 2


@op(
    "points: float32, centers: float32, k: int64 "
    "-> nearest_center_indices: int64, nearest_center_distances: float32",
    shape=_shapes,
    grad=None,
)
def NearestNeighbors(points: Any, centers: Any, k: Any) -> tuple[Any, Any]:
    """Of each point, [n, d], the `k` nearest of the centers, [m, d], the nearest first.

    Returns:
        Their numbers and their squared Euclidean distances, [n, min(k, m)] each. Of centers that
        are equally near the first comes first.
    """
    count = min(int(xp.static(k)), centers.shape[0])
    products = xp.matmul(points, xp.transpose(centers))
    norms = xp.sum(points * points, axis=1)[:, None] + xp.sum(centers * centers, axis=1)[None, :]
    distances = xp.maximum(norms - np.float32(2) * products, np.float32(0))
    order = xp.argsort(distances, axis=1, stable=True)[:, :count]
    return order.astype(np.int64), xp.take_along_axis(distances, order, axis=1)
