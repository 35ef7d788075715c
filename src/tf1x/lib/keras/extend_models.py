"""Keras's models and callbacks with the methods and names of Keras 1 and 2.

Keras's steps are compiled with JAX's 64-bit types enabled, as tf1x's segments are: the program's
functions inside of them may use int64. Keras's own arrays keep the 32 bits that it gives them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import math
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras.bridge import is_graph_value
from tf1x.lib.keras.engine import genuine

# How Keras 1 (and 2, for generators) called arguments of fit, evaluate and predict.
_RENAMED = {"nb_epoch": "epochs", "max_q_size": "max_queue_size", "nb_worker": "workers"}
_IGNORED = ("max_queue_size", "workers", "use_multiprocessing", "pickle_safe")
_SAMPLES = {"samples_per_epoch": "steps_per_epoch", "nb_val_samples": "validation_steps",
            "val_samples": "steps"}  # fmt: skip


def install() -> None:
    """Extend the classes."""
    model = genuine("models").Model
    source = importlib.import_module("keras.src.models")
    trainer = importlib.import_module("keras.src.backend.jax.trainer").JAXTrainer
    base = importlib.import_module("keras.src.trainers.trainer").Trainer
    base.compile = _compile(base.compile)
    for name, verbose in {"fit": 1, "evaluate": 1, "predict": 0}.items():
        setattr(trainer, name, _running(getattr(trainer, name), name, verbose))
    for name in ("train_on_batch", "test_on_batch", "predict_on_batch"):
        setattr(trainer, name, _on_batch(getattr(trainer, name), name))
    for name in ("fit", "evaluate", "predict"):
        setattr(model, f"{name}_generator", _generator(name))
    trainer.metrics_names = property(_metrics_names)
    model.predict_proba = lambda self, x, batch_size=32, verbose=0: self.predict(
        x, batch_size=batch_size, verbose=verbose
    )
    model.predict_classes = _predict_classes
    model.uses_learning_phase = property(lambda self: any(
        getattr(layer, "_call_has_training_arg", False) for layer in self.layers))  # fmt: skip
    model.state_updates = property(lambda self: self.updates)
    model.to_yaml = _to_yaml
    model.__new__ = staticmethod(_model_new(model.__new__))
    model.__init__ = _model_init(model.__init__)
    model.save = _save(model.save)
    model.load_weights = _load_weights(model.load_weights)
    model.save_weights = _save_weights(model.save_weights)
    functional, sequential = source.Functional, source.Sequential
    functional.__init__ = _functional_init(_model_init(functional.__init__))
    for kind in (functional, sequential):
        kind.input = property(lambda self: _one(self.inputs))
        kind.output = property(lambda self: _one(self.outputs))
    sequential.add = _add(sequential.add)
    sequential.model = property(lambda self: self)
    _extend_callbacks()


def _one(tensors: Any) -> Any:
    if tensors is None:
        raise AttributeError("The model has no input yet: give its first layer an input_shape.")
    return tensors[0] if len(tensors) == 1 else tensors


# -- making models -----------------------------------------------------------------------------


def _of_today(args: Any, kwargs: Any) -> Any:
    """`Model(input=, output=)` of Keras 1, `Model(inputs, outputs, name)`."""
    if {"input", "output"} <= set(kwargs):
        for old in ("input", "output"):
            kwargs[f"{old}s"] = kwargs.pop(old)
    if len(args) > 2:
        kwargs["name"], args = args[2], args[:2]
    return args, kwargs


def _model_new(original: Any) -> Any:
    @functools.wraps(original)
    def extended_new(cls: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = _of_today(args, kwargs)
        return original(cls, *args, **kwargs)

    return extended_new


def _model_init(original: Any) -> Any:
    @functools.wraps(original)
    def extended_init(self: Any, *args: Any, **kwargs: Any) -> None:
        args, kwargs = _of_today(args, kwargs)
        for value in (*args, *kwargs.values()):
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if is_graph_value(item):
                    raise UnsupportedError(
                        f"Model over the graph tensor {item!r}: a model is made of keras.Input and "
                        "layers. Put tf functions between them into a Lambda layer; call layers on "
                        "graph tensors without a Model."
                    )
        original(self, *args, **kwargs)

    return extended_init


def _functional_init(init: Any) -> Any:
    # With the parameters that Keras finds in the signature, to save them.
    @functools.wraps(init)
    def extended_init(
        self: Any, inputs: Any = None, outputs: Any = None, name: Any = None, **kwargs: Any
    ) -> None:
        if inputs is not None:
            kwargs["inputs"] = inputs
        if outputs is not None:
            kwargs["outputs"] = outputs
        init(self, name=name, **kwargs)

    return extended_init


def _add(original: Any) -> Any:
    @functools.wraps(original)
    def add(self: Any, layer: Any, rebuild: bool = True) -> Any:
        batch_shape = getattr(layer, "_tf1x_batch_shape", None)
        if batch_shape is not None and not self._layers:
            inputs = genuine("layers").InputLayer(batch_shape=batch_shape)
            original(self, inputs, rebuild=False)
            layer._input_shape_arg = None
        return original(self, layer, rebuild=rebuild)

    return add


# -- compiling ---------------------------------------------------------------------------------


def _compile(original: Any) -> Any:
    @functools.wraps(original)
    def compile(
        self: Any, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, *args: Any,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        order = ("loss_weights", "sample_weight_mode", "weighted_metrics", "target_tensors")
        kwargs.update(zip(order, args, strict=False))
        if kwargs.pop("target_tensors", None) is not None:
            raise UnsupportedError(
                "compile(target_tensors=...): pass the targets as arrays to fit, or train with a "
                "tf.train optimizer in a session."
            )
        for name in ("sample_weight_mode", "class_mode", "distribute", "options", "run_metadata"):
            kwargs.pop(name, None)
        if callable(loss) or isinstance(loss, str):
            loss = _loss(loss)
        elif isinstance(loss, dict):
            loss = {k: _loss(v) for k, v in loss.items()}
        elif isinstance(loss, (list, tuple)):
            loss = [_loss(v) for v in loss]
        original(
            self, optimizer=optimizer, loss=loss, metrics=_named_acc(metrics),
            **{k: _named_acc(v) if k == "weighted_metrics" else v for k, v in kwargs.items()},
        )  # fmt: skip
        self.__dict__["_tf1x_trainable"] = _trainable_state(self)

    return compile


def _loss(loss: Any) -> Any:
    from tf1x.lib.keras import losses

    if isinstance(loss, str):
        return losses.OLD_NAMES.get(loss, loss)
    return getattr(loss, "_keras_own", loss)


def _named_acc(metrics: Any) -> Any:
    """Metrics with accuracy under the name that it had: "acc"."""
    if isinstance(metrics, str):
        return "acc" if metrics == "accuracy" else metrics
    if isinstance(metrics, dict):
        return {k: _named_acc(v) for k, v in metrics.items()}
    if isinstance(metrics, (list, tuple)):
        return [_named_acc(m) for m in metrics]
    return getattr(metrics, "_keras_own", metrics)


def _metrics_names(self: Any) -> list[str]:
    names: list[str] = []
    for metric in self.metrics:
        if hasattr(metric, "_user_metrics"):  # what compile was given
            found = [m.name for m in metric.metrics]
            names += found or list(metric._user_metrics or [])
        else:
            names.append(metric.name)
    return names


# -- what was trainable at compile time --------------------------------------------------------


def _trainable_state(model: Any) -> list[tuple[Any, bool]]:
    layers = model._flatten_layers(include_self=True, recursive=True)
    return [(layer, layer._trainable) for layer in layers] + [
        (v, v._trainable) for v in model.variables
    ]


@contextlib.contextmanager
def _as_compiled(model: Any) -> Iterator[None]:
    """`trainable` as it was when the model was compiled: that is what Keras 1 and 2 trained."""
    compiled = model.__dict__.get("_tf1x_trainable") or []
    changed = [(item, flag, item._trainable) for item, flag in compiled if item._trainable != flag]
    for item, flag, _ in changed:
        object.__setattr__(item, "_trainable", flag)
    try:
        yield
    finally:
        for item, _, flag in changed:
            object.__setattr__(item, "_trainable", flag)


# -- running -----------------------------------------------------------------------------------


def _running(original: Any, name: str, verbose: int) -> Any:
    @functools.wraps(original)
    def run(self: Any, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        for old, new in _RENAMED.items():
            if old in kwargs:
                kwargs[new] = kwargs.pop(old)
        for ignored in _IGNORED:
            kwargs.pop(ignored, None)
        order = {
            "fit": ("y", "batch_size", "epochs", "verbose", "callbacks"),
            "evaluate": ("y", "batch_size", "verbose", "sample_weight"),
            "predict": ("batch_size", "verbose", "steps"),
        }[name]
        kwargs = {**dict(zip(order, args, strict=False)), **kwargs}
        kwargs.setdefault("verbose", verbose)
        if name == "fit" and isinstance(kwargs.get("validation_data"), list):
            kwargs["validation_data"] = tuple(kwargs["validation_data"])
        x = _data(x)
        if "validation_data" in kwargs:
            kwargs["validation_data"] = _data(kwargs["validation_data"])
        with _as_compiled(self), jax.enable_x64(True):
            result = original(self, x, **{k: _array(v) for k, v in kwargs.items()})
        if name == "fit":
            result.history = Logs(result.history)
        return result

    return run


def _array(value: Any) -> Any:
    return value.values if type(value).__module__.startswith("pandas.") else value


def _data(data: Any) -> Any:
    """Data as Keras 3 takes it: of a tf.data dataset or iterator, its batches."""
    if is_graph_value(data):
        raise UnsupportedError(
            "Keras's fit, evaluate and predict on graph tensors: pass arrays, a generator or a "
            "tf.data.Dataset, or train with a tf.train optimizer in a session."
        )
    if type(data).__module__.startswith(("tf1x.lib.data", "tf1x.lib.eager")):
        return _adapter(data) if hasattr(data, "_variant_tensor") else _batches(data)
    return data


def _adapter(dataset: Any) -> Any:
    """A dataset as Keras takes it: each epoch, or each run of several, begins with its first batch."""
    adapters = importlib.import_module("keras.src.trainers.data_adapters.data_adapter")
    tools = importlib.import_module("keras.src.trainers.data_adapters.data_adapter_utils")

    class Adapter(adapters.DataAdapter):  # type: ignore[misc, name-defined]
        num_batches = batch_size = partial_batch_size = None
        has_partial_batch = False

        def get_jax_iterator(self) -> Any:
            return tools.get_jax_iterator(_batches(dataset))

        def get_numpy_iterator(self) -> Any:
            return _batches(dataset)

    return Adapter()


def _batches(dataset: Any) -> Iterator[Any]:
    """What a dataset, or an iterator of one, gives, until it ends."""
    from tf1x.core import errors, nest, scopes
    from tf1x.runtime.session import Session

    if scopes.executing_eagerly():
        for element in dataset:
            yield nest.map_structure(lambda t: t.numpy(), element)
        return

    graph = nest.flatten(dataset._variant_tensor)[0].graph if hasattr(dataset, "_variant_tensor") else None  # fmt: skip
    iterator = dataset.make_one_shot_iterator() if hasattr(dataset, "make_one_shot_iterator") else dataset  # fmt: skip
    element = iterator.get_next()
    graph = graph or nest.flatten(element)[0].graph
    with Session(graph=graph) as session:
        while True:
            try:
                yield session.run(element)
            except errors.OutOfRangeError:
                return


def _on_batch(original: Any, name: str) -> Any:
    if name == "predict_on_batch":

        @functools.wraps(original)
        def predict(self: Any, x: Any) -> Any:
            with jax.enable_x64(True):
                return np.asarray(original(self, _array(x)))

        return predict

    @functools.wraps(original)
    def on_batch(self: Any, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step; the result is that of this batch alone, as it was in Keras 1 and 2."""
        if kwargs.pop("reset_metrics", True):
            self.reset_metrics()
        with _as_compiled(self), jax.enable_x64(True):
            return original(self, _array(x), _array(y), *args, **kwargs)

    return on_batch


def _generator(name: str) -> Any:
    """`fit_generator` and its like: `fit` of today takes generators."""
    order = {
        "fit": ("steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data",
                "validation_steps", "class_weight"),
        "evaluate": ("steps",),
        "predict": ("steps",),
    }[name]  # fmt: skip

    def run(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs = {**dict(zip(order, args, strict=False)), **kwargs}
        kwargs.pop("wait_time", None)
        for old, new in _SAMPLES.items():  # Keras 1 counted samples
            if old in kwargs:
                samples = kwargs.pop(old)
                source = kwargs["validation_data"] if new == "validation_steps" else generator
                size, again = _batch_size(source)
                if new == "validation_steps":
                    kwargs["validation_data"] = again
                else:
                    generator = again
                if size:
                    kwargs[new] = math.ceil(samples / size)
        if name != "fit":
            kwargs["steps"] = kwargs.get("steps")
        if name == "fit" and not kwargs.get("shuffle", True):
            kwargs["shuffle"] = False
        elif not hasattr(generator, "__getitem__"):
            kwargs.pop("shuffle", None)
        return getattr(self, name)(generator, **kwargs)

    run.__name__ = run.__qualname__ = f"{name}_generator"
    run.__doc__ = f"`{name}` over what a generator or Sequence yields (Keras 1 and 2)."
    return run


def _batch_size(source: Any) -> tuple[int, Any]:
    """How many rows the first batch of a generator has, and the generator as it was."""
    if isinstance(source, (tuple, list)) or hasattr(source, "__getitem__"):
        return 0, source
    first = next(source)
    rows = first[0] if isinstance(first, tuple) else first
    while isinstance(rows, (list, dict)):
        rows = next(iter(rows.values() if isinstance(rows, dict) else rows))

    def again() -> Iterator[Any]:  # Keras knows generators alone
        yield first
        yield from source

    return len(rows), again()


def _predict_classes(self: Any, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
    """The number of the most probable class; for one output, whether it is above one half."""
    found = self.predict(x, batch_size=batch_size, verbose=verbose)
    return np.argmax(found, axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")


# -- files -------------------------------------------------------------------------------------


def _to_yaml(self: Any, **kwargs: Any) -> str:
    """The architecture as YAML (JSON is a part of it)."""
    import yaml

    return yaml.safe_dump(json.loads(self.to_json()), default_flow_style=False)


def _save(original: Any) -> Any:
    @functools.wraps(original)
    def save(
        self: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Write architecture, weights and optimizer to an HDF5 file, whatever its name ends in."""
        from tf1x.lib.keras import models

        models.save_model(self, filepath, overwrite, include_optimizer)

    save._keras_own = original  # type: ignore[attr-defined]
    return save


def _save_weights(original: Any) -> Any:
    @functools.wraps(original)
    def save_weights(
        self: Any, filepath: Any, overwrite: bool = True, save_format: str | None = None,
    ) -> None:  # fmt: skip
        """Write the weights: HDF5 for `.h5`, `.hdf5`, `.keras`; else a TensorFlow checkpoint."""
        from tf1x.lib.keras import weights

        weights.save(self, filepath, overwrite, save_format, original)

    return save_weights


def _load_weights(original: Any) -> Any:
    @functools.wraps(original)
    def load_weights(
        self: Any, filepath: Any, by_name: bool = False, skip_mismatch: bool = False,
    ) -> None:  # fmt: skip
        """Read the weights that `save_weights` or `save` wrote, here or in Keras 1 and 2."""
        from tf1x.lib.keras import weights

        weights.load(self, filepath, by_name, skip_mismatch, original)

    return load_weights


# -- logs and callbacks ------------------------------------------------------------------------


class Logs(dict):
    """Results by name, where accuracy answers to "acc" (the name it is kept under) and "accuracy"."""

    @staticmethod
    def _other(key: Any) -> Any:
        if not isinstance(key, str):
            return key
        long = key.replace("accuracy", "acc")
        if long != key:
            return long
        return key[: -len("acc")] + "accuracy" if key.endswith("acc") else key

    def __missing__(self, key: Any) -> Any:
        other = self._other(key)
        if other != key and dict.__contains__(self, other):
            return self[other]
        raise KeyError(key)

    def __contains__(self, key: Any) -> bool:
        return dict.__contains__(self, key) or dict.__contains__(self, self._other(key))

    def get(self, key: Any, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default


def _extend_callbacks() -> None:
    """Callbacks are given `Logs`."""
    utils = importlib.import_module("keras.src.utils.python_utils")
    plain = utils.pythonify_logs
    utils.pythonify_logs = functools.wraps(plain)(lambda logs: Logs(plain(logs)))
