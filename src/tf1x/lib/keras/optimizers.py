"""`keras.optimizers`: `Adam(lr=0.001, decay=1e-6)`, and the optimizers of `tf.train` for `compile`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import fill
from tf1x.lib.keras.period import period

_keras: Any = genuine("optimizers")

Optimizer = _keras.Optimizer
schedules = _keras.schedules


def _then(kwargs: dict[str, Any]) -> None:
    kwargs.pop("schedule_decay", None)  # Keras 3 has the formula of the default
    if kwargs.get("epsilon", 0) is None:
        del kwargs["epsilon"]
    for name in ("clipnorm", "clipvalue", "decay"):
        if kwargs.get(name, 1) is None:
            del kwargs[name]
    rate = kwargs.get("learning_rate")
    if rate is not None and not callable(rate) and not hasattr(rate, "get_config"):
        kwargs["learning_rate"] = float(rate)


def _exact_rms(kind: type) -> type:
    """RMSprop as it was: epsilon is added to the root, not below it."""
    ops = genuine("ops")

    class RMSprop(kind):  # type: ignore[misc, valid-type]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            rate = ops.cast(learning_rate, variable.dtype)
            gradient = ops.cast(gradient, variable.dtype)
            index = self._get_variable_index(variable)
            squares = self._velocities[index]
            self.assign(squares, self.rho * squares + (1 - self.rho) * ops.square(gradient))
            spread = squares
            if self.centered:
                mean = self._average_gradients[index]
                self.assign(mean, self.rho * mean + (1 - self.rho) * gradient)
                spread = squares - ops.square(mean)
            step = rate * gradient / (ops.sqrt(spread) + self.epsilon)
            if self.momentum > 0:
                momentum = self._momentums[index]
                self.assign(momentum, self.momentum * momentum + step)
                step = momentum.value
            self.assign_sub(variable, step)

    return _as_keras(RMSprop, kind)


def _exact_adagrad(kind: type) -> type:
    ops = genuine("ops")

    class Adagrad(kind):  # type: ignore[misc, valid-type]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            rate = ops.cast(learning_rate, variable.dtype)
            gradient = ops.cast(gradient, variable.dtype)
            sums = self._accumulators[self._get_variable_index(variable)]
            self.assign_add(sums, ops.square(gradient))
            self.assign_sub(variable, rate * gradient / (ops.sqrt(sums) + self.epsilon))

    return _as_keras(Adagrad, kind)


def _as_keras(kind: Any, genuine_class: Any) -> Any:
    """A class that files know by the name of Keras's own."""
    kind.__module__, kind.__qualname__ = genuine_class.__module__, genuine_class.__name__
    kind.__doc__ = genuine_class.__doc__
    return kind


_ARGUMENTS = {"lr": "learning_rate"}
SGD = period(_keras.SGD, renames=_ARGUMENTS, defaults={"learning_rate": 0.01},
             positional="learning_rate momentum decay nesterov", then=_then)  # fmt: skip
Adam = period(_keras.Adam, renames=_ARGUMENTS,
              positional="learning_rate beta_1 beta_2 epsilon decay amsgrad", then=_then)  # fmt: skip
Adamax = period(_keras.Adamax, renames=_ARGUMENTS, defaults={"learning_rate": 0.002},
                positional="learning_rate beta_1 beta_2 epsilon decay", then=_then)  # fmt: skip
Nadam = period(_keras.Nadam, renames=_ARGUMENTS, defaults={"learning_rate": 0.002},
               positional="learning_rate beta_1 beta_2 epsilon schedule_decay", then=_then)  # fmt: skip
RMSprop = period(_exact_rms(_keras.RMSprop), renames=_ARGUMENTS,
                 positional="learning_rate rho epsilon decay", then=_then)  # fmt: skip
Adagrad = period(
    _exact_adagrad(_keras.Adagrad), renames=_ARGUMENTS,
    defaults={"learning_rate": 0.01, "initial_accumulator_value": 0.0},
    positional="learning_rate epsilon decay", then=_then,
)  # fmt: skip
Adadelta = period(_keras.Adadelta, renames=_ARGUMENTS, defaults={"learning_rate": 1.0},
                  positional="learning_rate rho epsilon decay", then=_then)  # fmt: skip
Ftrl = period(_keras.Ftrl, renames=_ARGUMENTS, then=_then)

sgd, adam, adamax, nadam = SGD, Adam, Adamax, Nadam
rmsprop, adagrad, adadelta = RMSprop, Adagrad, Adadelta
_BY_NAME = {
    "sgd": SGD, "adam": Adam, "adamax": Adamax, "nadam": Nadam, "rmsprop": RMSprop,
    "adagrad": Adagrad, "adadelta": Adadelta, "ftrl": Ftrl,
}  # fmt: skip


def found(identifier: Any, otherwise: Callable[[Any], Any]) -> Any:
    """The optimizer that a name, a configuration or an optimizer of `tf.train` means."""
    if isinstance(identifier, str) and identifier.lower() in _BY_NAME:
        return _BY_NAME[identifier.lower()]()
    if isinstance(identifier, dict) and str(identifier.get("class_name")).lower() in _BY_NAME:
        return deserialize(identifier)
    if type(identifier).__module__.startswith("tf1x."):
        return of_tf_train(identifier)
    return otherwise(identifier)


def get(identifier: Any) -> Any:
    """The optimizer that a name, configuration or object means."""
    return genuine("optimizers").get(identifier)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """An optimizer from its configuration, of today or of the time."""
    name = str(config["class_name"]).rpartition(">")[2]
    kind = (custom_objects or {}).get(name) or _BY_NAME.get(name.lower())
    options = dict(config["config"])
    if kind is None:
        return _keras.deserialize(config, custom_objects)
    if kind is Nadam:
        options.pop("schedule_decay", None)
    known = {"name", "lr", "learning_rate", "decay", "momentum", "nesterov", "beta_1", "beta_2",
             "epsilon", "amsgrad", "rho", "centered", "initial_accumulator_value", "clipnorm",
             "clipvalue", "global_clipnorm", "weight_decay", "learning_rate_power",
             "l1_regularization_strength", "l2_regularization_strength", "beta"}  # fmt: skip
    if name.lower() in _BY_NAME:
        options = {k: v for k, v in options.items() if k in known and v is not None}
        if isinstance(options.get("learning_rate"), dict):
            schedule = options["learning_rate"]
            kind_of = getattr(schedules, schedule["class_name"])
            options["learning_rate"] = kind_of.from_config(schedule["config"])
        return kind(**options)
    return kind.from_config(options)


def serialize(optimizer: Any) -> dict[str, Any]:
    """An optimizer's configuration."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


# -- optimizers of tf.train --------------------------------------------------------------------


def _from_ones(kind: type) -> type:
    """`tf.train`'s RMSProp: the mean of squares starts at one, epsilon stands below the root."""
    ops = genuine("ops")

    class RMSprop(kind):  # type: ignore[misc, valid-type]
        def build(self, variables: Any) -> None:
            fresh = not self.built
            super().build(variables)
            for squares in self._velocities if fresh else ():
                squares.assign(ops.ones(squares.shape, squares.dtype))

    return _as_keras(RMSprop, kind)


# Class: Keras's, and our attributes by its arguments.
_TF_TRAIN: dict[str, tuple[Any, dict[str, tuple[str, ...]]]] = {
    "GradientDescentOptimizer": (SGD, {"learning_rate": ("_learning_rate",)}),
    "MomentumOptimizer": (SGD, {
        "learning_rate": ("_learning_rate",), "momentum": ("_momentum",),
        "nesterov": ("_use_nesterov",),
    }),
    "AdamOptimizer": (Adam, {
        "learning_rate": ("_lr", "_learning_rate"), "beta_1": ("_beta1",), "beta_2": ("_beta2",),
        "epsilon": ("_epsilon",),
    }),
    "RMSPropOptimizer": (_from_ones(_keras.RMSprop), {
        "learning_rate": ("_learning_rate",), "rho": ("_decay",), "momentum": ("_momentum",),
        "epsilon": ("_epsilon",), "centered": ("_centered",),
    }),
    "AdagradOptimizer": (functools.partial(Adagrad, epsilon=0.0), {
        "learning_rate": ("_learning_rate",),
        "initial_accumulator_value": ("_initial_accumulator_value",),
    }),
    "AdadeltaOptimizer": (_keras.Adadelta, {
        "learning_rate": ("_lr", "_learning_rate"), "rho": ("_rho",), "epsilon": ("_epsilon",),
    }),
}  # fmt: skip


def of_tf_train(optimizer: Any) -> Any:
    """Keras's optimizer that does what an optimizer of `tf.train` does.

    Raises:
        UnsupportedError: Keras has no such optimizer, or the learning rate is a tensor.
    """
    name = type(optimizer).__name__
    if name not in _TF_TRAIN:
        raise UnsupportedError(
            f"model.compile with tf.train.{name}: use one of keras.optimizers, or train in a session."
        )
    kind, attributes = _TF_TRAIN[name]
    options = {}
    for argument, places in attributes.items():
        value = next(v for p in places if (v := getattr(optimizer, p, None)) is not None)
        if not isinstance(value, (bool, int, float)) and not hasattr(value, "__float__"):
            raise UnsupportedError(
                f"model.compile with tf.train.{name} whose {argument} is a tensor: give a number, "
                "and change it by keras.callbacks.LearningRateScheduler."
            )
        options[argument] = value
    return kind(**options)


class TFOptimizer:
    """`keras.optimizers.TFOptimizer(tf.train...)` of Keras 2."""

    def __new__(cls, optimizer: Any) -> Any:
        return of_tf_train(optimizer)


fill(globals(), _keras)
