"""tf.contrib.metrics: those of tf.metrics with predictions first, and its own against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.lib.compare import assert_close

_RANDOM = np.random.RandomState(13)
Batches = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def _new_graph() -> Any:
    with tf.Graph().as_default():
        yield


def _over(metric: Any, batches: Batches) -> list[tuple[Any, Any]]:
    """(update, value after it) for each batch of `metric(*placeholders)`."""
    given = [tf.placeholder(tf.as_dtype(np.asarray(x).dtype), np.shape(x)) for x in batches[0]]
    value, update = metric(*given)
    found = []
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for batch in batches:
            feed = dict(zip(given, batch, strict=True))
            found.append((session.run(update, feed), session.run(value)))
    return found


def _variables() -> list[str]:
    return [v.name for v in tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)]


def _flags() -> Batches:
    return [(_RANDOM.rand(5, 2) > 0.5, _RANDOM.rand(5, 2) > 0.5) for _ in range(3)]


def _numbers() -> Batches:
    return [tuple(_RANDOM.randn(2, 6).astype(np.float32)) for _ in range(3)]


def _probabilities() -> Batches:
    return [(_RANDOM.rand(9).astype(np.float32), _RANDOM.rand(9) > 0.5) for _ in range(3)]


def _scores() -> Batches:
    return [
        (_RANDOM.rand(5, 6).astype(np.float32), _RANDOM.randint(0, 6, (5, 2)).astype(np.int64))
        for _ in range(3)
    ]


# The old name: (the new name, further arguments, batches of predictions and labels).
SWAPPED: dict[str, tuple[str, tuple[Any, ...], Any]] = {
    "streaming_accuracy": ("accuracy", (), _flags),
    "streaming_precision": ("precision", (), _flags),
    "streaming_recall": ("recall", (), _flags),
    "streaming_true_positives": ("true_positives", (), _flags),
    "streaming_false_positives": ("false_positives", (), _flags),
    "streaming_mean_iou": ("mean_iou", (2,), _flags),
    "streaming_mean_absolute_error": ("mean_absolute_error", (), _numbers),
    "streaming_root_mean_squared_error": ("root_mean_squared_error", (), _numbers),
    "streaming_mean_cosine_distance": ("mean_cosine_distance", (0,), _numbers),
    "streaming_auc": ("auc", (), _probabilities),
    "streaming_recall_at_thresholds": ("recall_at_thresholds", ([0.3, 0.6],), _probabilities),
    "streaming_sensitivity_at_specificity": (
        "sensitivity_at_specificity",
        (0.6,),
        _probabilities,
    ),
    "streaming_sparse_recall_at_k": ("recall_at_k", (2,), _scores),
    "streaming_sparse_precision_at_k": ("precision_at_k", (2,), _scores),
    "streaming_sparse_average_precision_at_k": ("average_precision_at_k", (2,), _scores),
}


@pytest.mark.parametrize("name", SWAPPED)
def test_predictions_come_first(name: str) -> None:
    new_name, more, make = SWAPPED[name]
    old, new = getattr(tf.contrib.metrics, name), getattr(tf.metrics, new_name)
    batches = make()
    found = _over(lambda p, y: old(p, y, *more), batches)
    names = _variables()
    by_keyword = _over(lambda p, y: old(predictions=p, labels=y, **_keywords(new, more)), batches)
    assert names
    with tf.Graph().as_default():
        wanted = _over(lambda p, y: new(y, p, *more), batches)
        assert _variables() == names
    assert_close(found, wanted, rtol=0, atol=0)
    assert_close(by_keyword, wanted, rtol=0, atol=0)


def _keywords(function: Any, values: tuple[Any, ...]) -> dict[str, Any]:
    """The arguments after labels and predictions, by name."""
    names = function.__code__.co_varnames[2:]
    return dict(zip(names, values, strict=False))


def test_means() -> None:
    batches = [(x,) for x, _ in _numbers()]
    found = _over(lambda x: tf.contrib.metrics.streaming_mean(x), batches)
    every = np.concatenate([x for (x,) in batches])
    np.testing.assert_allclose(found[-1], [every.mean()] * 2, rtol=1e-5)
    found = _over(lambda x: tf.contrib.slim.metrics.streaming_percentage_less(x, 0.2), batches)
    np.testing.assert_allclose(found[-1], [(every < 0.2).mean()] * 2, rtol=1e-6)
    assert _variables() == [
        "mean/total:0",
        "mean/count:0",
        "percentage_below_threshold/total:0",
        "percentage_below_threshold/count:0",
    ]


def test_recall_at_k() -> None:
    batches = [(scores, labels[:, 0]) for scores, labels in _scores()]
    found = _over(lambda p, y: tf.contrib.metrics.streaming_recall_at_k(p, y, 2), batches)
    hits = [
        y in np.argsort(-p)[:2]
        for scores, labels in batches
        for p, y in zip(scores, labels, strict=True)
    ]
    np.testing.assert_allclose(found[-1], [np.mean(hits)] * 2, rtol=1e-6)
    assert _variables() == ["recall_at_2/total:0", "recall_at_2/count:0"]


@pytest.mark.parametrize("weighted", [False, True])
def test_covariance_and_correlation(weighted: bool) -> None:
    batches = [(*pair, _RANDOM.randint(0, 4, 6).astype(np.float32)) for pair in _numbers()]

    def metric(function: Any) -> Any:
        return lambda p, y, w: function(p, y, w if weighted else None)

    x, y, times = (np.concatenate(parts).astype(np.float64) for parts in zip(*batches, strict=True))
    if weighted:
        x, y = np.repeat(x, times.astype(int)), np.repeat(y, times.astype(int))
    found = _over(metric(tf.contrib.metrics.streaming_covariance), batches)
    np.testing.assert_allclose(found[-1], [np.cov(x, y)[0, 1]] * 2, rtol=1e-4)
    names = ("count", "mean_prediction", "mean_label", "comoment")
    assert _variables() == [f"covariance/{name}:0" for name in names]
    found = _over(metric(tf.contrib.metrics.streaming_pearson_correlation), batches)
    np.testing.assert_allclose(found[-1], [np.corrcoef(x, y)[0, 1]] * 2, rtol=1e-4)
    assert "pearson_r/variance_labels/comoment:0" in _variables()


def test_covariance_of_one_element_is_nan() -> None:
    one = [(np.float32([1.0]), np.float32([2.0]))]
    assert np.isnan(_over(tf.contrib.metrics.streaming_covariance, one)).all()


def test_rates() -> None:
    batches = _flags()
    predictions, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    found = _over(tf.contrib.metrics.streaming_false_positive_rate, batches)
    np.testing.assert_allclose(found[-1], [predictions[~labels].mean()] * 2, rtol=1e-6)
    found = _over(tf.contrib.metrics.streaming_false_negative_rate, batches)
    np.testing.assert_allclose(found[-1], [(~predictions)[labels].mean()] * 2, rtol=1e-6)
    assert _variables() == [
        f"false_{word}_rate/{part}/count:0"
        for word, parts in (
            ("positive", ("false_positives", "true_negatives")),
            ("negative", ("false_negatives", "true_positives")),
        )
        for part in parts
    ]


def test_rates_at_thresholds() -> None:
    batches, thresholds = _probabilities(), [0.2, 0.7]
    p, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    positive = p[:, None] > thresholds
    for word, wanted in (
        ("positive", positive[~labels].mean(0)),
        ("negative", (~positive)[labels].mean(0)),
    ):
        function = getattr(tf.contrib.metrics, f"streaming_false_{word}_rate_at_thresholds")
        found = _over(lambda p, y, f=function: f(p, y, thresholds), batches)
        np.testing.assert_allclose(found[-1], [wanted] * 2, rtol=1e-5, atol=1e-6)


def test_f1_score() -> None:
    batches = [(labels, p) for p, labels in _probabilities()]
    found = _over(tf.contrib.metrics.f1_score, batches)
    labels, p = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    best = 0.0
    for threshold in np.linspace(0, 1, 200):
        positive = p > threshold
        hits = (positive & labels).sum()
        best = max(best, 2 * hits / max(positive.sum() + labels.sum(), 1))
    np.testing.assert_allclose(found[-1], [best] * 2, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_cohen_kappa(weighted: bool) -> None:
    batches = [
        (*_RANDOM.randint(0, 3, (2, 8)), (_RANDOM.randint(0, 3, 8) / 2).astype(np.float32))
        for _ in range(3)
    ]
    found = _over(
        lambda y, p, w: tf.contrib.metrics.cohen_kappa(y, p, 3, w if weighted else None), batches
    )
    labels, predictions, weights = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    table = np.zeros((3, 3))
    np.add.at(table, (labels, predictions), weights if weighted else 1)
    agreed, chance = np.trace(table), (table.sum(0) * table.sum(1)).sum() / table.sum()
    wanted = (agreed - chance) / (table.sum() - chance)
    np.testing.assert_allclose(found[-1], [wanted] * 2, rtol=1e-6)
    assert _variables() == [f"cohen_kappa/{part}:0" for part in ("po", "pe_row", "pe_col")]
    with pytest.raises(ValueError, match="num_classes"):
        tf.contrib.metrics.cohen_kappa([0], [0], 1)


def test_count() -> None:
    batches = [(x, np.float32([0, 1, 2, 0, 1, 0.5])) for x, _ in _numbers()]
    assert _over(lambda x, w: tf.contrib.metrics.count(x), batches)[-1] == (18.0, 18.0)
    assert _over(tf.contrib.metrics.count, batches)[-1] == (13.5, 13.5)


def test_accuracy_of_a_batch() -> None:
    accuracy = tf.contrib.metrics.accuracy
    weighted = accuracy([1, 2, 3], [1, 2, 0], tf.constant([1.0, 0.5, 2.0]))
    with tf.Session() as session:
        values = session.run([accuracy([1, 2, 3], [1, 2, 0]), accuracy(["a"], ["b"]), weighted])
    np.testing.assert_allclose(values, [2 / 3, 0, 1.5 / 3.5], rtol=1e-6)
    with pytest.raises(ValueError, match="Labels should"):
        accuracy([1.0], [1.0])
    with pytest.raises(ValueError, match="should match"):
        accuracy([1.0], [1])


def test_aggregation() -> None:
    pairs = {"a": (1, 2), "b": (3, 4)}
    assert tf.contrib.metrics.aggregate_metric_map(pairs) == ({"a": 1, "b": 3}, {"a": 2, "b": 4})
    assert tf.contrib.metrics.aggregate_metrics(*pairs.values()) == ([1, 3], [2, 4])
    with pytest.raises(ValueError, match="at least one"):
        tf.contrib.metrics.aggregate_metrics()


def test_sets_and_confusion_matrix() -> None:
    size = tf.contrib.metrics.set_size(tf.contrib.metrics.set_union([[1, 2]], [[2, 3]]))
    matrix = tf.contrib.metrics.confusion_matrix([0, 1], [1, 1])
    with tf.Session() as session:
        sizes, table = session.run([size, matrix])
    np.testing.assert_array_equal(sizes, [3])
    np.testing.assert_array_equal(table, [[0, 1], [0, 1]])


def test_given_classes() -> None:
    batches = [
        (np.argsort(-scores)[:, :2].astype(np.int64), labels) for scores, labels in _scores()
    ]
    found = _over(tf.contrib.metrics.streaming_sparse_precision_at_top_k, batches)
    hits = [
        len(set(p) & set(y)) for top, labels in batches for p, y in zip(top, labels, strict=True)
    ]
    np.testing.assert_allclose(found[-1], [np.mean(hits) / 2] * 2, rtol=1e-6)
    found = _over(lambda p, y: tf.contrib.metrics.sparse_recall_at_top_k(y, p), batches)
    number = [len(set(y)) for _, labels in batches for y in labels]
    np.testing.assert_allclose(found[-1], [np.sum(hits) / np.sum(number)] * 2, rtol=1e-6)
    assert np.isfinite(
        _over(tf.contrib.metrics.streaming_sparse_average_precision_at_top_k, batches)[-1]
    ).all()
