"""`keras.wrappers.scikit_learn`: a model as scikit-learn's estimator, as Keras 2 wrapped it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.lib.keras.utils import to_categorical


class BaseWrapper:
    """An estimator around a function that builds a compiled model.

    Args:
        build_fn: returns the model; a callable, or None where the subclass has `__call__`.
        sk_params: arguments of `build_fn`, and of the model's fit and predict.
    """

    _takes = ("batch_size", "epochs", "nb_epoch", "verbose", "callbacks", "validation_split",
              "validation_data", "shuffle", "class_weight", "sample_weight", "initial_epoch",
              "steps_per_epoch")  # fmt: skip

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any) -> None:
        self.build_fn, self.sk_params = build_fn, sk_params
        known = {*self._parameters(), *self._takes, "steps"}
        for name in sk_params:
            if name not in known:
                raise ValueError(f"{name} is not a legal parameter")

    def _function(self) -> Any:
        return self.__call__ if self.build_fn is None else self.build_fn  # type: ignore[operator]

    def _parameters(self) -> set[str]:
        return set(inspect.signature(self._function()).parameters)

    def get_params(self, deep: bool = True, **params: Any) -> dict[str, Any]:
        """The parameters, `build_fn` among them."""
        return {**copy.copy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Change parameters."""
        self.sk_params.update(params)
        return self

    def _chosen(self, names: Any, override: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in {**self.sk_params, **override}.items() if k in names}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Build the model anew and train it; returns the history."""
        self.model = self._function()(**self._chosen(self._parameters(), {}))
        loss = getattr(self.model.loss, "__name__", self.model.loss)
        if loss == "categorical_crossentropy" and np.ndim(y) != 2:
            y = to_categorical(y)
        return self.model.fit(x, y, **self._chosen(self._takes, kwargs))

    def _predict(self, x: Any, kwargs: dict[str, Any]) -> Any:
        return self.model.predict(x, **self._chosen(("batch_size", "verbose", "steps"), kwargs))

    def _evaluate(self, x: Any, y: Any, kwargs: dict[str, Any]) -> Any:
        names = ("batch_size", "verbose", "sample_weight", "steps")
        return self.model.evaluate(x, y, **self._chosen(names, kwargs))


class KerasClassifier(BaseWrapper):
    """A classifier."""

    _estimator_type = "classifier"

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Train on labels of any kind, or on one-hot rows."""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        else:
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The labels."""
        found = self._predict(x, kwargs)
        numbers = found.argmax(-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")
        return self.classes_[numbers]

    def predict_proba(self, x: Any, **kwargs: Any) -> Any:
        """The probabilities of all classes."""
        found = self._predict(x, kwargs)
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy.

        Raises:
            ValueError: the model was compiled without it.
        """
        y = np.searchsorted(self.classes_, y)
        if self.model.loss == "categorical_crossentropy" and np.ndim(y) != 2:
            y = to_categorical(y)
        results = self._evaluate(x, y, kwargs)
        for name, value in zip(self.model.metrics_names, np.atleast_1d(results), strict=False):
            if name in ("acc", "accuracy"):
                return float(value)
        raise ValueError('The model must be compiled with metrics=["accuracy"].')


class KerasRegressor(BaseWrapper):
    """A regressor."""

    _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The values."""
        return np.squeeze(self._predict(x, kwargs), axis=-1)

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Minus the loss."""
        loss = self._evaluate(x, y, kwargs)
        return -float(loss[0] if isinstance(loss, list) else loss)
