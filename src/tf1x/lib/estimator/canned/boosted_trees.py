"""`tf.estimator.BoostedTreesClassifier` and kin, which tf1x does not have."""

from __future__ import annotations

from typing import Any

from tf1x.core.errors import UnsupportedError


def _unsupported(name: str, instead: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"tf.estimator.{name}: tf1x does not train boosted trees (TensorFlow does it in kernels of "
            f"its own). Use {instead}, or a DNN estimator."
        )

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raises UnsupportedError: {name} is not there."
    return refuse


BoostedTreesClassifier = _unsupported(
    "BoostedTreesClassifier", "sklearn.ensemble.HistGradientBoostingClassifier"
)
BoostedTreesRegressor = _unsupported(
    "BoostedTreesRegressor", "sklearn.ensemble.HistGradientBoostingRegressor"
)
BoostedTreesEstimator = _unsupported(
    "BoostedTreesEstimator", "sklearn.ensemble.HistGradientBoostingClassifier"
)
