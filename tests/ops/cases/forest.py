"""Cases of ops/forest.py: a tree that takes a batch or two, in one run."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, floats
from tf1x.core import forest_messages
from tf1x.ops import forest

_PLAIN: dict[str, Any] = {
    "grad": False,
    "dtypes": ("float32",),
    "data_dependent": True,
    "oracle": False,
    "why": "TensorFlow has these ops until 1.15, in contrib",
}


def _params(**options: Any) -> bytes:
    message = forest_messages.TensorForestParams(
        max_nodes=7, num_outputs=2, num_features=3, checkpoint_stats=True, **options
    )
    message.num_splits_to_consider.constant_value = 4
    message.split_after_samples.constant_value = 6
    return message.SerializeToString()


def _grown(data: Any, labels: Any, regression: bool = False) -> list[Any]:
    """Three steps of a tree, what it then predicts, and copies made from its messages."""
    params = _params(is_regression=regression, inference_tree_paths=True)
    spec = "dense: [{name: x original_type: 0 size: 3}]"
    tree = forest.DecisionTreeResourceHandleOp(shared_name="tree")
    stats = forest.FertileStatsResourceHandleOp(shared_name="stats")
    last: Any = tf.group(
        forest.CreateTreeVariable(tree, "", params=params),
        forest.CreateFertileStatsVariable(stats, "", params=params),
    )
    inputs = (data, np.int64([]), np.float32([]), np.int64([]))
    found: list[Any] = []
    for _ in range(3):
        with tf.control_dependencies([last]):
            leaves = forest.TraverseTreeV4(tree, *inputs, input_spec=spec, params=params)
            update = forest.UpdateModelV4(tree, leaves, labels, np.float32([]), params=params)
        with tf.control_dependencies([update]):
            finished = forest.ProcessInputV4(
                tree, stats, *inputs, labels, np.float32([]), leaves, random_seed=5,
                input_spec=spec, params=params,
            )  # fmt: skip
            last = forest.GrowTreeV4(tree, stats, finished, params=params)
        found += [leaves, finished]
    with tf.control_dependencies([last]):
        copies = tf.group(
            forest.TreeDeserialize(tree, forest.TreeSerialize(tree), params=params),
            forest.FertileStatsDeserialize(
                stats, forest.FertileStatsSerialize(stats, params=params), params=params
            ),
        )
    with tf.control_dependencies([copies]):
        return [
            *found,
            *forest.TreePredictionsV4(tree, *inputs, input_spec=spec, params=params),
            forest.TreeSize(tree),
            forest.FeatureUsageCounts(tree, params=params),
            forest.TreeIsInitializedOp(tree),
            forest.FertileStatsIsInitializedOp(stats),
            forest.FertileStatsSerialize(stats, params=params),
        ]


_DATA = floats(30, 3, seed=1)
_CLASSES = (_DATA[:, 0] > 0).astype(np.float32)

CASES = [
    *(
        Case(op, (_DATA, _CLASSES), program=_grown, **_PLAIN)
        for op in (
            "CreateFertileStatsVariable",
            "CreateTreeVariable",
            "DecisionTreeResourceHandleOp",
            "FeatureUsageCounts",
            "FertileStatsDeserialize",
            "FertileStatsIsInitializedOp",
            "FertileStatsResourceHandleOp",
            "FertileStatsSerialize",
            "GrowTreeV4",
            "ProcessInputV4",
            "TraverseTreeV4",
            "TreeDeserialize",
            "TreeIsInitializedOp",
            "TreePredictionsV4",
            "TreeSerialize",
            "TreeSize",
            "UpdateModelV4",
        )
    ),
    Case(
        "ProcessInputV4",
        (_DATA, floats(30, 2, seed=2)),
        {"regression": True},
        program=_grown,
        note="regression",
        **_PLAIN,
    ),
]
