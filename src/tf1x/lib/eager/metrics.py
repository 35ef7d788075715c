"""`tf.contrib.eager.metrics`: objects that add up over batches."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, float64
from tf1x.core.scopes import GraphKeys
from tf1x.lib import initializers
from tf1x.lib.train.checkpointable import Checkpointable
from tf1x.lib.variables import Variable, init_scope
from tf1x.ops import array, math
from tf1x.ops.grouping import group, tuple_
from tf1x.ops.reduce import argmax, reduce_sum


class Metric(Checkpointable):
    """Base of metrics: calling one adds a batch, `result()` gives the value so far.

    A subclass makes variables in `build` with `add_variable`, updates them in `call`, and computes
    in `result`. In a graph, `call` gives the ops that update, and `init_variables()` the op that
    has to run first.
    """

    def __init__(self, name: str | None = None, use_global_variables: bool = False) -> None:
        self._name = name or type(self).__name__
        self._built = False
        self._vars: list[Any] = []
        self._starts: list[Any] = []
        self._global = use_global_variables

    @property
    def name(self) -> str:
        return self._name

    @property
    def variables(self) -> list[Any]:
        """The metric's variables."""
        return list(self._vars)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch; returns what `call` returns."""
        if not self._built:
            with init_scope(), scopes.name_scope(self._name):
                self.build(*args, **kwargs)
            self._built = True
        return self.call(*args, **kwargs)

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Make the variables."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch."""
        raise NotImplementedError("Metrics must define a call() member function")

    def result(self) -> Any:
        """The value so far."""
        raise NotImplementedError("Metrics must define a result() member function")

    def value(self) -> Any:
        """The value so far."""
        return self.result()

    def add_variable(
        self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None
    ) -> Any:
        """Make a variable: zeros unless `initializer(shape, dtype)` says otherwise."""
        start = initializer or initializers.Zeros()
        size = [] if shape is None else shape
        kind = GraphKeys.GLOBAL_VARIABLES if self._global else GraphKeys.LOCAL_VARIABLES
        made = Variable(
            lambda: start(size, dtype=as_dtype(dtype or float64)),
            name=name,
            trainable=False,
            collections=[kind, GraphKeys.METRIC_VARIABLES],
            use_resource=True,
        )
        self._vars.append(made)
        self._starts.append((start, size))
        setattr(self, name, made)
        return made

    def init_variables(self) -> Any:
        """Start anew; in a graph, the op that does so."""
        if not scopes.executing_eagerly():
            return group(*[v.initializer for v in self._vars])
        for variable, (start, size) in zip(self._vars, self._starts, strict=True):
            variable.assign(start(size, dtype=variable.dtype))
        return None

    def aggregate(self, metrics: Any) -> None:
        """Add what other metrics of the same kind have counted."""
        for metric in metrics:
            if type(metric) is not type(self):
                raise TypeError(
                    f"All metrics must be the same type, {type(self)}; got {type(metric)}."
                )
            for own, other in zip(self._vars, metric._vars, strict=True):
                own.assign_add(other)


class Mean(Metric):
    """The mean of values, by weights."""

    def __init__(
        self, name: str | None = None, dtype: Any = float64, use_global_variables: bool = False
    ) -> None:
        super().__init__(name, use_global_variables)
        self.dtype = as_dtype(dtype)

    def build(self, *args: Any, **kwargs: Any) -> None:
        self.add_variable("numer", dtype=self.dtype)
        self.add_variable("denom", dtype=self.dtype)

    def call(self, values: Any, weights: Any = None) -> Any:
        """Add values; returns them (and the weights, if given)."""
        values = convert.to_tensor(values)
        return self._added(values, weights, [values])

    def _added(self, values: Any, weights: Any, given: list[Any]) -> Any:
        """`given` (and the weights, if there are any), once values have been added."""
        values = math.cast(values, self.dtype)
        factors = array.ones_like(values)
        if weights is not None:
            weights = convert.to_tensor(weights)
            factors = math.Mul(factors, math.cast(weights, self.dtype))
            given = [*given, weights]
        updates = [
            self.denom.assign_add(reduce_sum(factors)),
            self.numer.assign_add(reduce_sum(math.Mul(values, factors))),
        ]
        if not scopes.executing_eagerly():
            given = tuple_(given, control_inputs=[u.op for u in updates])
        return given[0] if len(given) == 1 else tuple(given)

    def result(self, write_summary: bool = True) -> Any:
        """The mean so far."""
        return math.RealDiv(self.numer, self.denom)


class Accuracy(Mean):
    """How often predictions equal labels."""

    def call(self, labels: Any, predictions: Any, weights: Any = None) -> Any:  # type: ignore[override]
        """Add a batch of labels and predictions, of one shape.

        Raises:
            ValueError: the shapes differ.
        """
        labels, predictions = convert.to_tensor(labels), convert.to_tensor(predictions)
        _same_shape(labels, predictions)
        return self._added(math.Equal(predictions, labels), weights, [labels, predictions])


class CategoricalAccuracy(Accuracy):
    """How often the largest prediction is where the one-hot label is."""

    def call(self, labels: Any, predictions: Any, weights: Any = None) -> Any:  # type: ignore[override]
        labels, predictions = convert.to_tensor(labels), convert.to_tensor(predictions)
        _same_shape(labels, predictions)
        return self._added(
            math.Equal(argmax(labels, -1), argmax(predictions, -1)), weights, [labels, predictions]
        )


class BinaryAccuracy(Accuracy):
    """How often probabilities lie on the side of `threshold` that the 0/1 labels say."""

    def __init__(self, threshold: float, name: str | None = None, dtype: Any = float64) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def call(self, labels: Any, predictions: Any, weights: Any = None) -> Any:  # type: ignore[override]
        labels, predictions = convert.to_tensor(labels), convert.to_tensor(predictions)
        _same_shape(labels, predictions)
        guesses = math.Greater(predictions, math.cast(self.threshold, predictions.dtype))
        truth = math.cast(labels, predictions.dtype) > math.cast(self.threshold, predictions.dtype)
        return self._added(math.Equal(guesses, truth), weights, [labels, predictions])


class SparseAccuracy(Accuracy):
    """How often the largest prediction is at the index that the label gives."""

    def call(self, labels: Any, predictions: Any, weights: Any = None) -> Any:  # type: ignore[override]
        labels, predictions = convert.to_tensor(labels), convert.to_tensor(predictions)
        found = argmax(predictions, -1)
        if labels.shape.ndims == predictions.shape.ndims:
            labels = array.squeeze(labels, [-1])
        return self._added(
            math.Equal(math.cast(found, labels.dtype), labels), weights, [labels, predictions]
        )


def _same_shape(labels: Any, predictions: Any) -> None:
    if not labels.shape.is_compatible_with(predictions.shape):
        raise ValueError(
            f"Shapes of labels and predictions are unequal: {labels.shape} {predictions.shape}"
        )
