"""`tf.estimator.ModeKeys`."""

from __future__ import annotations


class ModeKeys:
    """What a model_fn is called for."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"
