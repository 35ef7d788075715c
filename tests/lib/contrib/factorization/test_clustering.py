"""k-means against the same steps in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.lib.contrib.factorization.clustering import COSINE_DISTANCE, KMeans

_POINTS = np.random.RandomState(0).randn(40, 3).astype(np.float32) + np.repeat(
    np.float32([[0, 0, 5], [5, 0, 0]]), 20, axis=0
)
_CENTERS = np.float32([[1, 0, 3], [3, 1, 1], [0, 2, 2]])


def _unit(x: Any) -> Any:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _distances(x: Any, centers: Any) -> Any:
    return ((x[:, None] - centers[None]) ** 2).sum(-1)


def _run(steps: int, **options: Any) -> tuple[list[Any], Any]:
    """What each step gives, and the centers at the end."""
    with tf.Graph().as_default(), tf.Session() as session:
        kmeans = KMeans(tf.constant(_POINTS), 3, **{"initial_clusters": _CENTERS, **options})
        every, nearest, scores, ready, centers, init, train = kmeans.training_graph()
        session.run(tf.global_variables_initializer())
        assert not session.run(ready)
        session.run(init)
        assert session.run(ready)
        session.run(init)  # nothing more to do
        found = [session.run([every[0], nearest[0], scores[0], train])[:3] for _ in range(steps)]
        return found, session.run(centers)


@pytest.mark.parametrize("metric", ["squared_euclidean", "cosine"])
def test_whole_batches(metric: str) -> None:
    found, last = _run(4, distance_metric=metric)
    points, centers = _POINTS, _CENTERS
    if metric == COSINE_DISTANCE:
        points, centers = _unit(points), _unit(centers)
    for every, nearest, scores in found:
        wanted = _distances(points, centers)
        if metric == COSINE_DISTANCE:
            wanted = 1 - points @ centers.T
        np.testing.assert_allclose(every, wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(nearest, wanted.argmin(1))
        np.testing.assert_allclose(scores, wanted.min(1), rtol=1e-4, atol=1e-5)
        centers = np.stack(
            [points[nearest == i].sum(0) / ((nearest == i).sum() + 1e-6) for i in range(3)]
        )
        if metric == COSINE_DISTANCE:
            centers = _unit(centers)
    np.testing.assert_allclose(last, centers, rtol=1e-4)


def test_mini_batches() -> None:
    found, last = _run(5, use_mini_batch=True)
    centers, counts = _CENTERS.copy(), np.ones(3)
    for _, nearest, _ in found:
        for i in np.unique(nearest):
            own = _POINTS[nearest == i]
            counts[i] += len(own)
            centers[i] += (own.sum(0) - len(own) * centers[i]) / counts[i]
    np.testing.assert_allclose(last, centers, rtol=1e-4)


def test_several_mini_batches_an_iteration() -> None:
    """The centers in use are replaced after three steps, and the counts start again."""
    found, _ = _run(8, use_mini_batch=True, mini_batch_steps_per_iteration=3)
    scores = [f[2].sum() for f in found]
    assert scores[0] == scores[1] == scores[2] == scores[3] > scores[4] == scores[5] == scores[6]
    assert scores[7] < scores[6]


def test_random_centers_are_those_of_the_seed() -> None:
    _, centers = _run(0, initial_clusters="random", random_seed=7)
    with tf.Graph().as_default(), tf.Session() as session:
        chosen = session.run(
            tf.random_uniform([3], maxval=tf.constant(40, tf.int64), seed=7, dtype=tf.int64)
        )
    np.testing.assert_array_equal(centers, _POINTS[chosen])


def test_what_is_refused() -> None:
    for name in ("kmeans_plus_plus", "kmc2"):
        with pytest.raises(tf.errors.UnimplementedError, match=name):
            KMeans(tf.constant(_POINTS), 3, initial_clusters=name)
    with pytest.raises(ValueError, match="distance"):
        KMeans(tf.constant(_POINTS), 3, distance_metric="manhattan")
    with pytest.raises(ValueError, match="initialization"):
        KMeans(tf.constant(_POINTS), 3, initial_clusters="other")
