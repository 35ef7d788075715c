"""`keras.models`: models, and the files and configurations of Keras 1 and 2."""

from __future__ import annotations

import copy
import importlib
import json
import os
from typing import Any

from tf1x.core.errors import DataLossError, UnsupportedError
from tf1x.lib.keras import layers as period_layers
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import fill
from tf1x.lib.keras.period import Period

_keras: Any = genuine("models")

Model = _keras.Model
Sequential = _keras.Sequential
clone_model = _keras.clone_model
Input = period_layers.Input


# -- configurations ----------------------------------------------------------------------------

_MODELS = ("Sequential", "Model", "Functional")
_CONTAINERS = {"layers": list, "layer": dict, "cell": dict, "forward_layer": dict, "backward_layer": dict}  # fmt: skip
_MERGES = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}  # fmt: skip
_INITIALIZER_KEYS = ("dtype", "partition_info")


def today(config: Any) -> Any:
    """The configuration of a model or layer, of Keras 1, 2 or 3, as Keras 3 takes it."""
    config = copy.deepcopy(config)
    if config.get("module") or config.get("registered_name"):  # written by Keras 3
        return config
    kind, inner = config["class_name"], config["config"]
    if kind in _MODELS:
        if isinstance(inner, list):
            inner = {"name": "sequential", "layers": inner}
        inner["layers"] = _layers(inner["layers"], kind == "Sequential")
        config["class_name"] = "Sequential" if kind == "Sequential" else "Functional"
        config["config"] = inner
        return config
    return _layer(config)


def _layers(configs: list[Any], sequential: bool) -> list[Any]:
    found = []
    for position, config in enumerate(configs):
        inner = config["config"]
        shape = None
        if config["class_name"] not in (*_MODELS, "InputLayer") and isinstance(inner, dict):
            shape = inner.pop("batch_input_shape", None)
        if sequential and position == 0 and shape is not None:
            first = {"batch_shape": shape, "dtype": "float32", "name": f"{inner.get('name', 'layer')}_input"}  # fmt: skip
            found.append({"class_name": "InputLayer", "config": first})
        found.append(today(config))
    return found


def _layer(config: dict[str, Any]) -> dict[str, Any]:
    kind, inner = config["class_name"], dict(config["config"])
    if kind == "InputLayer":
        shape = inner.pop("batch_input_shape", None) or inner.get("batch_shape")
        inner = {"batch_shape": shape, "dtype": inner.get("dtype") or "float32",
                 "sparse": bool(inner.get("sparse")), "name": inner.get("name")}  # fmt: skip
    elif kind == "Lambda":
        inner = _lambda(inner)
    elif kind == "Merge":
        mode = inner["mode"]
        if mode not in _MERGES:
            raise UnsupportedError(
                f"a saved Merge layer with mode={mode!r}: build the model in code."
            )
        kind = _MERGES[mode]
        axis = {"axis": inner["concat_axis"]} if mode == "concat" else {}
        inner = {"name": inner["name"], **axis}
    for key, container in _CONTAINERS.items():
        if isinstance(inner.get(key), dict) and container is dict:
            inner[key] = _nested(inner[key])
    if isinstance(inner.get("cells"), list):
        inner["cells"] = [_nested(c) for c in inner["cells"]]
    inner = {k: _parts(v) for k, v in inner.items()}
    made = period_layers.objects().get(kind)
    if isinstance(made, Period):
        _, inner = made._translate((), inner)  # type: ignore[attr-defined]
        inner.pop("_after", None)
        if kind == "Embedding":
            inner.pop("input_shape", None)
        kind = made._genuine.__name__  # type: ignore[attr-defined]
        inner = _known(made._genuine, inner)  # type: ignore[attr-defined]
    return {**config, "class_name": kind, "config": inner}


def _nested(config: dict[str, Any]) -> dict[str, Any]:
    """A layer in a layer, which Keras 3 looks up by its module."""
    found = today(config)
    if "module" not in found and hasattr(genuine("layers"), found["class_name"]):
        found |= {"module": "keras.layers", "registered_name": None}
    return found


def _lambda(config: dict[str, Any]) -> dict[str, Any]:
    """A saved Lambda: its function by name; bytecode of another Python is not run."""
    if not isinstance(config["function"], str):
        raise UnsupportedError(
            f"the saved Lambda layer {config.get('name')!r} holds Python bytecode, which is not run: "
            "build the model in code and call model.load_weights on the file."
        )
    kept = ("name", "function", "arguments", "trainable", "dtype", "output_shape")
    found = {k: v for k, v in config.items() if k in kept and v is not None}
    if not isinstance(found.get("output_shape"), (list, tuple)):
        found.pop("output_shape", None)
    return found


def _parts(value: Any) -> Any:
    """Initializers and the like inside of a layer's configuration."""
    if isinstance(value, dict) and {"class_name", "config"} <= set(value) and "module" not in value:
        options = value["config"]
        if isinstance(options, dict) and value["class_name"] not in period_layers.objects():
            options = {k: v for k, v in options.items() if k not in _INITIALIZER_KEYS}
            if options.get("distribution") == "normal":
                options["distribution"] = "truncated_normal"
            if value["class_name"] in ("L1L2", "WeightRegularizer"):
                return {"class_name": "L1L2", "config": {k: float(options.get(k, 0.0)) for k in ("l1", "l2")}}  # fmt: skip
            return {"class_name": value["class_name"], "config": options}
    return value


_IN_EVERY_LAYER = ("name", "trainable", "dtype", "activity_regularizer", "input_shape")


def _known(genuine_class: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that the layer has no more (`implementation`, `data_format` of Flatten)."""
    import inspect

    names: set[str] = set()
    for ancestor in genuine_class.__mro__:
        if ancestor.__module__.startswith("keras.src.layers") and "__init__" in vars(ancestor):
            names |= set(inspect.signature(ancestor.__init__).parameters)
    return {k: v for k, v in config.items() if k in names or k in _IN_EVERY_LAYER}


def from_configuration(config: Any, custom_objects: Any = None) -> Any:
    """A model or layer from a configuration, of today or of the time.

    Raises:
        UnsupportedError: it holds a function as bytecode, or a layer that is no more.
    """
    saving = importlib.import_module("keras.src.legacy.saving.saving_utils")
    config = today(config)
    if "module" in config:
        return genuine("saving").deserialize_keras_object(config, custom_objects)
    return saving.model_from_config(config, custom_objects=dict(custom_objects or {}))


model_from_config = from_configuration


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model of a `to_json` of Keras 1, 2 or 3 (without weights)."""
    return from_configuration(json.loads(json_string), custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: Any = None) -> Any:
    """The model of a `to_yaml` (without weights); Python objects in the YAML are not made."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    for tag, make in {
        "tag:yaml.org,2002:python/tuple": lambda loader, node: tuple(
            loader.construct_sequence(node, deep=True)
        ),
        "tag:yaml.org,2002:python/unicode": lambda loader, node: loader.construct_scalar(node),
    }.items():
        Loader.add_constructor(tag, make)
    return from_configuration(yaml.load(yaml_string, Loader), custom_objects)


# -- files -------------------------------------------------------------------------------------


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any
) -> None:
    """Write a model with weights and optimizer: HDF5, or Keras 3's own format for `.keras`."""
    path = os.fspath(filepath)
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite=False")
    if kwargs.pop("save_format", None) == "tf":
        raise UnsupportedError(
            "save_model(save_format='tf'): write HDF5 (a name that ends in .h5), or call the model "
            "on a placeholder and export that with tf.saved_model.simple_save."
        )
    if path.endswith(".keras"):
        type(model).save._keras_own(model, path, overwrite=True)
        return
    legacy = importlib.import_module("keras.src.legacy.saving.legacy_h5_format")
    partial = f"{path}.{os.getpid()}.part"
    try:
        legacy.save_model_to_hdf5(model, partial, True, include_optimizer)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True) -> Any:
    """The model in a file of Keras 1, 2 (HDF5) or 3, with its optimizer's state.

    Args:
        custom_objects: layers and functions of the program by name.
        compile: whether to compile it as it was.

    Raises:
        OSError: there is no such file.
        DataLossError: it is damaged, or no model.
    """
    import h5py

    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise OSError(f"No such file: {path}")
    if not h5py.is_hdf5(path):
        if path.endswith(".keras"):
            return _keras.load_model(path, custom_objects=custom_objects, compile=compile)
        raise DataLossError(None, None, f"{path} is not an HDF5 file (or it is damaged)")
    try:
        with h5py.File(path, "r") as file:
            return _load(file, path, custom_objects, compile)
    except (KeyError, OSError, json.JSONDecodeError, RuntimeError) as error:
        raise DataLossError(None, None, f"{path} is no Keras model, or damaged: {error}") from error


def _load(file: Any, path: str, custom_objects: Any, compile: bool) -> Any:
    from tf1x.lib.keras import weights

    config = _attribute(file, "model_config")
    if config is None:
        raise DataLossError(
            None, None,
            f"{path} holds no model, perhaps weights alone: build the model and call load_weights.",
        )  # fmt: skip
    model = from_configuration(config, custom_objects)
    group = file["model_weights"]
    weights.from_group(model, group)
    training = _attribute(file, "training_config")
    if compile and training is not None:
        _compile(model, training, custom_objects)
        if "optimizer_weights" in file:
            weights.optimizer_from_group(model, file["optimizer_weights"])
    return model


def _attribute(file: Any, name: str) -> Any:
    text = file.attrs.get(name)
    if text is None:
        return None
    return json.loads(text.decode() if isinstance(text, bytes) else text)


def _compile(model: Any, training: dict[str, Any], custom_objects: Any) -> None:
    from tf1x.lib.keras import optimizers

    optimizer = optimizers.deserialize(training["optimizer_config"], custom_objects)
    named = dict(custom_objects or {})
    model.compile(
        optimizer=optimizer,
        loss=_named(training.get("loss"), named),
        metrics=_named(training.get("metrics") or None, named),
        loss_weights=training.get("loss_weights"),
    )


def _named(value: Any, custom_objects: dict[str, Any]) -> Any:
    """Losses or metrics as they are saved: names, or names with options."""
    if isinstance(value, str):
        return custom_objects.get(value, value)
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        if isinstance(inner, str):
            return custom_objects.get(inner, inner)
        if value["class_name"] == "MeanMetricWrapper" or "fn" in (inner or {}):
            return custom_objects.get(inner["fn"], inner.get("fn"))
        modules = (genuine("losses"), genuine("metrics"))
        kind = custom_objects.get(value["class_name"]) or next(
            getattr(m, value["class_name"]) for m in modules if hasattr(m, value["class_name"])
        )
        return kind(**{k: v for k, v in inner.items() if k in ("name", "from_logits", "dtype")})
    if isinstance(value, dict):
        return {k: _named(v, custom_objects) for k, v in value.items()}
    if isinstance(value, list):
        found = [_named(v, custom_objects) for v in value]
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found
    return value


fill(globals(), _keras)
