"""Optimizers as canned estimators take them: by name, as an object, or as a function that makes one."""

from __future__ import annotations

from typing import Any

from tf1x.lib.train.adagrad import AdagradOptimizer
from tf1x.lib.train.adam import AdamOptimizer
from tf1x.lib.train.ftrl import FtrlOptimizer
from tf1x.lib.train.gradient_descent import GradientDescentOptimizer
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.train.rmsprop import RMSPropOptimizer

_BY_NAME = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}


def get_optimizer_instance(given: Any, learning_rate: float | None = None) -> Optimizer:
    """The optimizer.

    Args:
        given: a name (which takes `learning_rate`), an optimizer, or a function that returns one.

    Raises:
        ValueError: an unknown name, or no optimizer.
    """
    if isinstance(given, str):
        if given not in _BY_NAME:
            raise ValueError(
                f"Unsupported optimizer name: {given}. Supported names are: {tuple(sorted(_BY_NAME))}"
            )
        if not learning_rate:
            raise ValueError("learning_rate must be specified when opt is string.")
        return _BY_NAME[given](learning_rate=learning_rate)
    if callable(given):
        given = given()
    if not isinstance(given, Optimizer):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {given}")
    return given
