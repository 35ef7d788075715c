"""What Keras 3's own classes learn when tf1x loads Keras. Everything is an addition: a call that is
valid in Keras 3 keeps its meaning.

- Layers and models take the arguments of Keras 1 and 2 and have the methods that they had
  (extend_layers.py, extend_models.py).
- Where Keras takes a function or its name, it takes the old names, and functions written with `tf`
  or `K`: these see graph tensors (bridge.py).
"""

from __future__ import annotations

import functools
import importlib
import random as python_random
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from tf1x.core import scopes
from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras.bridge import on_graph, once

_INITIALIZERS = {
    "uniform": ("RandomUniform", {}),
    "normal": ("RandomNormal", {}),
    "zero": ("Zeros", {}),
    "one": ("Ones", {}),
}


def install() -> None:
    """Extend the Keras that is loaded."""
    from tf1x.lib.keras import extend_eager, extend_layers, extend_models, graph_tensors

    source = importlib.import_module("keras.src")
    # Where `import tensorflow` means tf1x, Keras is not to take it for TensorFlow.
    importlib.import_module("keras.src.utils.module_utils").tensorflow._available = False
    _replace(source.activations, _activations)
    _replace(source.initializers, _initializers)
    _replace(source.regularizers, _functions)
    _replace(source.constraints, _functions)
    _replace(source.losses, _functions)
    _replace(source.metrics, _functions)
    _replace(source.optimizers, _optimizers)
    _seeds()
    _learning_rates()
    extend_layers.install()
    extend_models.install()
    graph_tensors.install()
    extend_eager.install()


def _replace(module: Any, make: Callable[[Any], Callable[[Any], Any]]) -> None:
    module.get = functools.wraps(module.get)(make(module.get))


def is_foreign(item: Any) -> bool:
    """Whether a callable is the program's or tf1x's, and not Keras's own."""
    kind = item if hasattr(item, "__qualname__") else type(item)
    return callable(item) and not str(getattr(kind, "__module__", "")).startswith("keras.")


def own(item: Any) -> Any:
    """Keras's own function behind one of our namespaces; anything else as it is."""
    return getattr(item, "_keras_own", item)


def _bridged(item: Any) -> Any:
    """The program's function where Keras calls one: it sees graph tensors."""
    if isinstance(item, type) or hasattr(item, "_tf1x_function") or not is_foreign(item):
        return item

    def function(*args: Any, **kwargs: Any) -> Any:
        return on_graph(item, args, kwargs)

    function.__name__ = getattr(item, "__name__", type(item).__name__)
    function.__qualname__ = function.__name__
    function.__module__ = getattr(item, "__module__", __name__)
    function._tf1x_function = item  # type: ignore[attr-defined]
    return function


def _functions(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def found(identifier: Any) -> Any:
        identifier = own(identifier)
        made = get(identifier)
        kept = not isinstance(identifier, str) and _is_keras_object(made)
        return made if kept or made is None else _bridged(made)

    return found


def _is_keras_object(item: Any) -> bool:
    """Of a class that derives from one of Keras's (its methods are bridged where they need be)."""
    return any(c.__module__.startswith("keras.") for c in type(item).__mro__) or isinstance(
        item, type
    )


def _activations(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    names: dict[Any, str] = {}

    def found(identifier: Any) -> Any:
        identifier = own(identifier)
        if not names:
            from tf1x import api

            table = api.symbols()
            for name, ours in {
                "relu": "nn.relu", "relu6": "nn.relu6", "elu": "nn.elu", "selu": "nn.selu",
                "softmax": "nn.softmax", "softplus": "nn.softplus", "softsign": "nn.softsign",
                "sigmoid": "nn.sigmoid", "tanh": "nn.tanh", "linear": "identity",
                "log_softmax": "nn.log_softmax", "leaky_relu": "nn.leaky_relu",
            }.items():  # fmt: skip
                names[table[ours]] = name
        if callable(identifier) and getattr(identifier, "__hash__", None):
            identifier = names.get(identifier, identifier)
        if identifier == "hard_sigmoid":
            from tf1x.lib.keras.activations import hard_sigmoid

            return own(hard_sigmoid)
        made = get(identifier)
        return made if made is None or _is_layer(made) else _bridged(made)

    return found


def _is_layer(item: Any) -> bool:
    return hasattr(item, "_inbound_nodes")


def _initializers(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def found(identifier: Any) -> Any:
        if isinstance(identifier, str) and identifier in _INITIALIZERS:
            from tf1x.lib.keras.initializers import made

            name, options = _INITIALIZERS[identifier]
            return made(name, **options)
        if isinstance(identifier, dict) and identifier.get("class_name") in _CONFIGS:
            _CONFIGS[identifier["class_name"]](identifier["config"])
        item = get(own(identifier))
        if item is None or _is_keras_object(item) or not callable(item):
            return item
        return _Initializer(item)

    return found


def _old_config(config: dict[str, Any]) -> None:
    """Configurations of the time name a type that initializers take at the call today."""
    config.pop("dtype", None)
    if config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"


_CONFIGS: dict[str, Callable[[dict[str, Any]], None]] = dict.fromkeys(
    ("VarianceScaling", "RandomUniform", "RandomNormal", "TruncatedNormal", "Zeros", "Ones",
     "Constant", "Orthogonal", "Identity", "GlorotUniform", "GlorotNormal"),
    _old_config,
)  # fmt: skip


class _Initializer:
    """An initializer of tf1x or of the program: its values are computed once, in a graph."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return once(self.function, tuple(shape), dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        return dict(self.function.get_config())


def _optimizers(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def found(identifier: Any) -> Any:
        from tf1x.lib.keras import optimizers

        return optimizers.found(identifier, get)

    return found


def _seeds() -> None:
    """Seeds that the program does not give follow `tf.set_random_seed`, else NumPy's generator.

    So did Keras on TensorFlow; Keras 3 takes them from Python's.
    """
    generator = importlib.import_module("keras.src.random.seed_generator")
    given: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def make_default_seed() -> int:
        graph = scopes.get_default_graph().outermost
        if graph.seed is None:
            return int(np.random.randint(1, 10**9))
        count = given[graph] = given.get(graph, 0) + 1
        return python_random.Random(f"{graph.seed}/{count}").randint(1, 10**9)

    generator.make_default_seed = make_default_seed
    for name in ("initializers.random_initializers", "random"):
        module = importlib.import_module(f"keras.src.{name}")
        for holder in (module, getattr(module, "random", None)):
            if hasattr(holder, "make_default_seed"):
                holder.make_default_seed = make_default_seed


def _learning_rates() -> None:
    """`decay=` as Keras 2 had it: the rate divided by 1 + decay * (steps so far)."""
    base = importlib.import_module("keras.src.optimizers.base_optimizer").BaseOptimizer
    current = base._get_current_learning_rate
    ops = importlib.import_module("keras.src.ops")

    def _get_current_learning_rate(self: Any) -> Any:
        rate = current(self)
        if not self._tf1x_decay:
            return rate
        steps = ops.cast(self._iterations, "float32")
        return ops.convert_to_tensor(rate) / (1.0 + self._tf1x_decay * steps)

    init, config = base.__init__, base.get_config

    @functools.wraps(init)
    def extended_init(self: Any, *args: Any, decay: Any = None, **kwargs: Any) -> None:
        object.__setattr__(self, "_tf1x_decay", float(decay or 0.0))
        init(self, *args, **kwargs)

    @functools.wraps(config)
    def get_config(self: Any) -> dict[str, Any]:
        return {**config(self), **({"decay": self._tf1x_decay} if self._tf1x_decay else {})}

    base.__init__, base.get_config = extended_init, get_config
    base._get_current_learning_rate = _get_current_learning_rate
    # The variable behind the rate, which programs read and set: `K.set_value(optimizer.lr, 0.1)`.
    base.lr = property(
        lambda self: self._learning_rate,
        lambda self, value: setattr(self, "learning_rate", value),
    )
    base.decay = property(lambda self: self._tf1x_decay)
    base.get_updates = _no_updates


def _no_updates(self: Any, *args: Any, **kwargs: Any) -> Any:
    raise UnsupportedError(
        "optimizer.get_updates: Keras's optimizers add no ops to a graph. Use a tf.train optimizer "
        "on graph tensors, or model.compile and model.train_on_batch."
    )
