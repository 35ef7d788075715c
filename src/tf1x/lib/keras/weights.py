"""Weights in files: HDF5 of Keras 1, 2 and 3, and TensorFlow checkpoints."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.errors import DataLossError, UnsupportedError


def save(
    model: Any, filepath: Any, overwrite: bool, save_format: str | None, own: Callable[..., Any]
) -> None:
    """Write the weights of a model; see `Model.save_weights`."""
    path = os.fspath(filepath)
    if path.endswith(".weights.h5") and save_format is None:
        own(model, path, overwrite=overwrite)
        return
    hdf5 = save_format == "h5" or (
        save_format is None and path.endswith((".h5", ".hdf5", ".keras"))
    )
    if not overwrite and os.path.exists(path if hdf5 else f"{path}.index"):
        raise FileExistsError(f"{path} exists, and overwrite=False")
    if not hdf5:
        _save_checkpoint(model, path)
        return
    import h5py

    partial = f"{path}.{os.getpid()}.part"
    try:
        with h5py.File(partial, "w") as file:
            _to_group(file, model)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _to_group(group: Any, model: Any) -> None:
    """The layout of Keras 2: a group a layer, with the names in attributes."""
    group.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
    group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", b"2.2.4"
    for layer in model.layers:
        inside = group.create_group(layer.name)
        values = _weights(layer)
        names = [f"{v.path}:0".encode() for v in values]
        inside.attrs["weight_names"] = names
        for name, value in zip(names, values, strict=True):
            inside.create_dataset(name.decode(), data=np.asarray(value.numpy()))


def load(
    model: Any, filepath: Any, by_name: bool, skip_mismatch: bool, own: Callable[..., Any]
) -> None:
    """Read the weights of a model; see `Model.load_weights`."""
    path = os.fspath(filepath)
    if os.path.exists(f"{path}.index"):
        _load_checkpoint(model, path)
        return
    if not os.path.exists(path):
        raise OSError(f"No such file: {path}")
    import h5py

    if not h5py.is_hdf5(path):
        if path.endswith(".keras"):
            own(model, path)
            return
        raise DataLossError(None, None, f"{path} is not an HDF5 file (or it is damaged)")
    try:
        with h5py.File(path, "r") as file:
            group = file["model_weights"] if "layer_names" not in file.attrs and "model_weights" in file else file  # fmt: skip
            if not any(k.startswith("layer_names") for k in group.attrs):
                own(model, path)  # Keras 3's own layout
                return
            from_group(model, group, by_name, skip_mismatch)
    except (KeyError, OSError, RuntimeError) as error:
        raise DataLossError(None, None, f"{path} is damaged: {error}") from error


def _weights(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names; long ones were written in pieces (layer_names0, layer_names1, ...)."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    else:
        found = []
        while f"{attribute}{len(found)}" in group.attrs:
            found.append(group.attrs[f"{attribute}{len(found)}"])
        found = [name for piece in found for name in piece]
    return [n.decode() if isinstance(n, bytes) else str(n) for n in found]


def from_group(model: Any, group: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Give a model's layers the weights of an HDF5 group.

    Raises:
        ValueError: the file has other layers than the model, or weights of other shapes.
    """
    saved = {name: _names(group[name], "weight_names") for name in _names(group, "layer_names")}
    saved = {name: weights for name, weights in saved.items() if weights}
    wanted = [layer for layer in model.layers if _weights(layer)]
    if by_name:
        pairs = [(layer, layer.name) for layer in wanted if layer.name in saved]
    else:
        if len(saved) != len(wanted):
            raise ValueError(
                f"You are trying to load a weight file containing {len(saved)} layers into a model "
                f"with {len(wanted)} layers."
            )
        pairs = list(zip(wanted, saved, strict=True))
    old = _is_of_keras_1(group)
    for layer, name in pairs:
        values = [np.asarray(group[name][weight]) for weight in saved[name]]
        targets = _weights(layer)
        values = _of_today(layer, values, targets, old)
        shapes = [v.shape for v in values]
        if shapes != [tuple(t.shape) for t in targets]:
            if skip_mismatch:
                warnings.warn(f"The weights of layer {layer.name} do not fit and are left out.")
                continue
            raise ValueError(
                f"Layer {layer.name} has weights of shapes {[tuple(t.shape) for t in targets]}, the "
                f"file has {shapes} for it ({name})."
            )
        for target, value in zip(targets, values, strict=True):
            target.assign(value)


# -- weights of Keras 1, and of CuDNN layers -----------------------------------------------------


def _is_of_keras_1(group: Any) -> bool:
    """Whether Keras 1 wrote a group of weights: it named no version, or its own."""
    version = group.attrs.get("keras_version", b"1")
    return (version.decode() if isinstance(version, bytes) else str(version)).startswith("1")


def _of_today(layer: Any, values: list[Any], targets: list[Any], old: bool) -> list[Any]:
    """The weights of a layer as it has them today, from those of Keras 1 (`old`) or 2."""
    kind = type(layer).__name__
    if kind == "Bidirectional":
        half, count = len(values) // 2, len(layer.forward_layer.weights)
        parts = (layer.forward_layer, values[:half]), (layer.backward_layer, values[half:])
        if half and count:
            return [
                v for part, given in parts for v in _of_today(part, given, targets[:count], old)
            ]
    if kind == "TimeDistributed":
        return _of_today(layer.layer, values, targets, old)
    if old and values and kind.startswith("Conv"):
        values = _convolution_of_keras_1(layer, kind, values)
    if kind == "LSTM" and len(values) == 12:
        return _gates(values, (0, 2, 1, 3))  # Keras 1 kept i, c, f, o one by one
    if kind == "GRU" and len(values) == 9:
        return _gates(values, (0, 1, 2))
    if kind in ("LSTM", "GRU") and len(values) == 3 and len(targets) == 3:
        units = values[1].shape[0]
        gates = 4 if kind == "LSTM" else 3
        cudnn = values[2].shape == (2 * gates * units,)
        if cudnn:
            return _from_cudnn(values, gates)
    return values


def _convolution_of_keras_1(layer: Any, kind: str, values: list[Any]) -> list[Any]:
    """Kernels with their dimensions in today's order, height and width first."""
    first = getattr(layer, "data_format", "") == "channels_first"
    kernel = values[0]
    if kind == "Conv1D":
        if kernel.shape[:2] != (layer.kernel_size[0], 1) or kernel.shape[3] != layer.filters:
            kernel = kernel.transpose(2, 3, 1, 0)  # Keras 1.0 and 1.1
        kernel = kernel[:, 0]
    elif kind == "Conv2D" and first:
        kernel = kernel.transpose(2, 3, 1, 0)
    elif kind == "Conv2DTranspose":
        kernel = kernel.transpose((2, 3, 0, 1) if first else (0, 1, 3, 2))
    elif kind == "Conv3D" and first:
        kernel = kernel.transpose(2, 3, 4, 1, 0)
    elif kind == "ConvLSTM2D" and len(values) == 12:
        values = _gates(values, (0, 2, 1, 3))
        kernel = values[0]
        if first:
            kernel, values[1] = (v.transpose(2, 3, 1, 0) for v in values[:2])
    return [kernel, *values[1:]]


def _gates(values: list[Any], order: tuple[int, ...]) -> list[Any]:
    """Kernel, recurrent kernel and bias of gates kept one by one."""
    return [np.concatenate([values[3 * gate + part] for gate in order], axis=-1) for part in range(3)]  # fmt: skip


def _from_cudnn(values: list[Any], gates: int) -> list[Any]:
    """The weights of CuDNNLSTM or CuDNNGRU (transposed gates, two biases) for LSTM or GRU."""
    kernel = [k.T.reshape(k.shape, order="F") for k in np.hsplit(values[0], gates)]
    recurrent = [k.T for k in np.hsplit(values[1], gates)]
    biases = values[2].reshape(2, -1)
    bias = biases.sum(axis=0) if gates == 4 else biases
    return [np.hstack(kernel), np.hstack(recurrent), bias]


# -- optimizers --------------------------------------------------------------------------------

# The lists of slots of Keras 3's optimizers in the order in which Keras 2 wrote them.
_SLOTS = {
    "SGD": ("momentums",), "Adam": ("_momentums", "_velocities"), "Adamax": ("_m", "_u"),
    "Nadam": ("_momentums", "_velocities"), "RMSprop": ("_velocities", "_momentums"),
    "Adagrad": ("_accumulators",), "Adadelta": ("_accumulated_grads", "_accumulated_delta_vars"),
}  # fmt: skip


def optimizer_from_group(model: Any, group: Any) -> None:
    """Give a compiled model's optimizer the state in an HDF5 file; what does not fit is left out."""
    names = _names(group, "weight_names")
    values = [np.asarray(group[name]) for name in names]
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    if len(values) == len(optimizer.variables) and all(
        v.shape == tuple(t.shape) for v, t in zip(values, optimizer.variables, strict=True)
    ):  # written by Keras 3
        for target, value in zip(optimizer.variables, values, strict=True):
            target.assign(value)
        return
    scalars = [v for v in values if v.shape == () and v.dtype.kind in "iu"]
    slots = [v for v in values if v.shape != () or v.dtype.kind == "f"]
    targets: list[Any] = []
    for name in _SLOTS.get(type(optimizer).__name__, ()):
        targets += getattr(optimizer, name, None) or []
    if [v.shape for v in slots[: len(targets)]] != [tuple(t.shape) for t in targets]:
        warnings.warn("The optimizer's saved state does not fit: it starts afresh.")
        return
    for target, value in zip(targets, slots, strict=False):
        target.assign(value)
    if scalars:
        optimizer._iterations.assign(scalars[0])


# -- TensorFlow checkpoints ----------------------------------------------------------------------


def _checkpoint_names(model: Any) -> dict[str, Any]:
    """Names as object-based checkpoints of TensorFlow have them, for layers of weights."""
    found: dict[str, Any] = {}
    number = 0
    for layer in model.layers:
        variables = _weights(layer)
        if not variables:
            continue
        for variable in variables:
            key = f"layer_with_weights-{number}/{variable.name}/.ATTRIBUTES/VARIABLE_VALUE"
            if key in found:  # layers in layers
                key = f"layer_with_weights-{number}/{variable.path}/.ATTRIBUTES/VARIABLE_VALUE"
            found[key] = variable
        number += 1
    return found


def _save_checkpoint(model: Any, prefix: str) -> None:
    from tf1x.core.checkpoints.bundle_writer import BundleWriter
    from tf1x.lib.train.checkpoint_management import write_checkpoint_state

    os.makedirs(os.path.dirname(os.path.abspath(prefix)), exist_ok=True)
    with BundleWriter(prefix) as writer:
        for name, variable in sorted(_checkpoint_names(model).items()):
            writer.add(name, variable.numpy())
    write_checkpoint_state(os.path.dirname(prefix) or ".", prefix)


def _load_checkpoint(model: Any, prefix: str) -> None:
    """Raises UnsupportedError where the checkpoint was not written from such a model."""
    from tf1x.lib.train.checkpoint_utils import load_checkpoint

    reader = load_checkpoint(prefix)
    names = _checkpoint_names(model)
    missing = [name for name in names if not reader.has_tensor(name)]
    if missing:
        raise UnsupportedError(
            f"{prefix} has no {missing[0]}: it was written from another model, or by tf.train.Saver "
            "(restore it with a Saver in a session)."
        )
    for name, variable in names.items():
        variable.assign(reader.get_tensor(name))
