"""`keras.initializers` with the defaults of Keras 2."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import fill
from tf1x.lib.keras.period import period

_keras: Any = genuine("initializers")
Initializer = _keras.Initializer


_DTYPE = ("dtype", "partition_info")


def _scaling(kwargs: dict[str, Any]) -> None:
    if kwargs.get("distribution") == "normal":
        kwargs["distribution"] = "truncated_normal"


for _name in (
    "Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal",
    "Identity", "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform",
    "LecunNormal",
):  # fmt: skip
    globals()[_name] = period(getattr(_keras, _name), ignored=_DTYPE)
VarianceScaling = period(_keras.VarianceScaling, ignored=_DTYPE, then=_scaling)

for _old, _new in {
    "zeros": "Zeros", "zero": "Zeros", "ones": "Ones", "one": "Ones", "constant": "Constant",
    "normal": "RandomNormal", "random_normal": "RandomNormal", "uniform": "RandomUniform",
    "random_uniform": "RandomUniform", "truncated_normal": "TruncatedNormal",
    "orthogonal": "Orthogonal", "identity": "Identity", "glorot_uniform": "GlorotUniform",
    "glorot_normal": "GlorotNormal", "he_uniform": "HeUniform", "he_normal": "HeNormal",
    "lecun_uniform": "LecunUniform", "lecun_normal": "LecunNormal",
}.items():  # fmt: skip
    globals()[_old] = globals()[_new]


def made(name: str, **options: Any) -> Any:
    """An initializer of a class."""
    return globals()[name](**options)


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration or an object means."""
    return _keras.get(identifier)


def serialize(initializer: Any) -> dict[str, Any]:
    """An initializer's configuration."""
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """An initializer from its configuration, of today or of the time."""
    if isinstance(config, dict) and config["class_name"] in globals():
        return globals()[config["class_name"]](**config["config"])
    return _keras.deserialize(config, custom_objects)


fill(globals(), _keras)
