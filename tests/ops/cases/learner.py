"""Cases of ops/learner.py: a learner that takes a few batches, in one run."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, floats
from tf1x.core.learner_messages import LearnerConfig
from tf1x.ops import learner

_PLAIN: dict[str, Any] = {
    "grad": False,
    "dtypes": ("float32",),
    "data_dependent": True,
    "oracle": False,
    "why": "an op of our own: TensorFlow 1.15 has many in its place, in contrib",
}


def _config() -> bytes:
    config = LearnerConfig(
        num_classes=2,
        multi_class_strategy=LearnerConfig.TREE_PER_CLASS,
        growing_mode=LearnerConfig.LAYER_BY_LAYER,
        pruning_mode=LearnerConfig.POST_PRUNE,
    )
    config.constraints.max_tree_depth = 2
    config.learning_rate_tuner.fixed.learning_rate = 0.5
    config.regularization.l2 = 0.01
    serialized: bytes = config.SerializeToString()
    return serialized


def _learned(data: Any, targets: Any) -> list[Any]:
    """Four steps towards targets, what is then predicted, and a copy made from the message."""
    handle = learner.BoostedLearnerHandle(shared_name="learner")
    last: Any = learner.BoostedLearnerCreate(handle, 0, "", logits_dimension=1)
    given = {"learner_config": _config()}
    found: list[Any] = []
    for _ in range(4):
        with tf.control_dependencies([last]):
            logits, nodes = learner.BoostedLearnerPredict(
                handle, data, logits_dimension=1, training=True, **given
            )
        last = learner.BoostedLearnerTrain(
            handle, data, nodes, logits - targets, tf.ones_like(targets), 20, center_bias=False,
            **given,
        )  # fmt: skip
        found += [logits, nodes]
    with tf.control_dependencies([last]):
        stamp, config = learner.BoostedLearnerSerialize(handle)
    copy = learner.BoostedLearnerDeserialize(handle, stamp, config, logits_dimension=1)
    with tf.control_dependencies([copy]):
        logits, nodes = learner.BoostedLearnerPredict(
            handle, data, logits_dimension=1, training=False, **given
        )
        stats = learner.BoostedLearnerStats(handle)
        return [*found, logits, *stats, stamp, learner.BoostedLearnerIsInitialized(handle)]


_DATA = floats(30, 3, seed=1)
_TARGETS = (_DATA[:, :1] > 0).astype(np.float32)

CASES = [
    Case(f"BoostedLearner{op}", (_DATA, _TARGETS), program=_learned, **_PLAIN)
    for op in (
        "Create",
        "Deserialize",
        "Handle",
        "IsInitialized",
        "Predict",
        "Serialize",
        "Stats",
        "Train",
    )
]
