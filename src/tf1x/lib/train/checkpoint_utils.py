"""Looking into checkpoints, and initialising variables from them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tf1x.core import scopes
from tf1x.core.checkpoints.reading import close_names, missing, open_checkpoint
from tf1x.core.dtypes import DType
from tf1x.core.files import local_path
from tf1x.lib import logging
from tf1x.lib.compat import as_text
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.train.checkpoint_management import latest_checkpoint
from tf1x.lib.train.saveables import op_list_to_dict, saveable_objects_for_op
from tf1x.lib.variable_scope import get_variable_store
from tf1x.lib.variables import Variable
from tf1x.ops.saving import RestoreV2

# -- looking into checkpoints ------------------------------------------------------------------


class CheckpointReader:
    """What is in a checkpoint (`tf.train.NewCheckpointReader`).

    Args:
        filepattern: its path, as `Saver.save` returns it.

    Raises:
        NotFoundError: there is none.
        DataLossError: it is damaged.
    """

    def __init__(self, filepattern: Any) -> None:
        self._reader = open_checkpoint(local_path(filepattern))

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shapes of all tensors by name."""
        return {name: list(self._reader.shape(name)) for name in self._reader.names()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The types of all tensors by name."""
        return {name: self._reader.dtype(name) for name in self._reader.names()}

    def has_tensor(self, tensor_str: Any) -> bool:
        """Whether there is a tensor of that name."""
        return self._reader.has(as_text(tensor_str))

    def get_tensor(self, tensor_str: Any) -> Any:
        """A tensor as a NumPy array (a scalar or bytes for rank 0).

        Raises:
            NotFoundError: there is none of that name; the message says what is close to it.
            DataLossError: the file is damaged.
        """
        name = as_text(tensor_str)
        if not self._reader.has(name):
            raise missing(self._reader, [name])
        array = self._reader.read(name)
        return array if array.ndim else array[()]

    def debug_string(self) -> bytes:
        """A line for each tensor: name, type, shape."""
        return self._reader.debug_string().encode("utf-8", "surrogateescape")


def _checkpoint_path(ckpt_dir_or_file: Any) -> str | None:
    path = as_text(os.fspath(ckpt_dir_or_file))
    return latest_checkpoint(path) if os.path.isdir(path) else path


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of a checkpoint, or of a folder's latest.

    Raises:
        ValueError: the folder has none.
    """
    path = _checkpoint_path(ckpt_dir_or_file)
    if path is None:
        raise ValueError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {ckpt_dir_or_file}"
        )
    return CheckpointReader(path)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The value that a checkpoint (or a folder's latest) has for a variable."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Names and shapes of what a checkpoint (or a folder's latest) has, sorted by name."""
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    return sorted(shapes.items())


# -- waiting for checkpoints -------------------------------------------------------------------


def wait_for_new_checkpoint(
    checkpoint_dir: Any,
    last_checkpoint: str | None = None,
    seconds_to_sleep: float = 1,
    timeout: float | None = None,
) -> str | None:
    """The path of a folder's latest checkpoint, once it is another than `last_checkpoint`.

    Args:
        timeout: after so many seconds, return None.
    """
    logging.info("Waiting for new checkpoint at %s", checkpoint_dir)
    end = None if timeout is None else time.time() + timeout
    while True:
        path = latest_checkpoint(checkpoint_dir)
        if path is not None and path != last_checkpoint:
            logging.info("Found new checkpoint at %s", path)
            return path
        if end is not None and time.time() + seconds_to_sleep > end:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: Any,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """The paths of a folder's checkpoints as they appear.

    Args:
        min_interval_secs: the least time from one to the next.
        timeout: the longest time to wait for one, in seconds; None waits for ever.
        timeout_fn: called when that has passed; the iteration ends where it says True.
    """
    path: str | None = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if found is not None:
            start = time.time()
            path = found
            yield found
            time.sleep(max(0.0, start + min_interval_secs - time.time()))
        elif timeout_fn is None:
            logging.info("Timed-out waiting for a checkpoint (without timeout_fn).")
            return
        if timeout_fn is not None and timeout_fn():
            logging.info("Done. No new checkpoints will be generated.")
            return


# -- initial values ----------------------------------------------------------------------------


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Let variables start from what a checkpoint has: their initialisers load it.

    Args:
        assignment_map: a dict (or pairs) from names in the checkpoint to variables, lists of the
            parts of one, or names of variables made by `tf.get_variable`. A name that ends in "/"
            stands for a scope: `{"old/": "new/"}` maps all variables of `new`, `{"/": "new/"}`
            takes them from the top, `{"/": "/"}` maps all to themselves.

    Raises:
        ValueError: the checkpoint lacks a name, or has it in another shape.
    """
    path = _checkpoint_path(ckpt_dir_or_file)
    reader = load_checkpoint(ckpt_dir_or_file)
    shapes = reader.get_variable_to_shape_map()
    pairs = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    store = get_variable_store()._vars
    for name, target in sorted(pairs, key=lambda pair: pair[0]):
        variable = target if _is_variable(target) else _by_name(store, target)
        if variable is None:
            _init_scope(path, shapes, store, name, target, ckpt_dir_or_file)
            continue
        if name not in shapes:
            raise ValueError(
                f"Tensor {name} is not found in {ckpt_dir_or_file} checkpoint {shapes}"
            )
        shape = variable.get_shape() if isinstance(variable, Variable) else None
        if shape is not None and not shape.is_compatible_with(shapes[name]):
            raise ValueError(
                f"Shape of variable {variable.name} ({shape}) doesn't match with shape of tensor "
                f"{name} ({shapes[name]}) from checkpoint reader."
            )
        _set_initializers(variable, path, name)


def _is_variable(item: Any) -> bool:
    if isinstance(item, list):
        return all(isinstance(v, Variable) for v in item)
    return isinstance(item, (Variable, PartitionedVariable))


def _by_name(store: dict[str, Any], name: str) -> Any:
    """A variable, the parts of a partitioned one, or None."""
    if name in store:
        return store[name]
    parts = []
    while f"{name}/part_{len(parts)}" in store:
        parts.append(store[f"{name}/part_{len(parts)}"])
    return parts or None


def _init_scope(
    path: Any, shapes: dict[str, Any], store: dict[str, Any], name: str, target: str, given: Any
) -> None:
    """All variables of the scope `target` from those of the checkpoint's scope `name`."""
    scope = target.rpartition("/")[0]
    if not name.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only {name}. "
            "Should be 'scope/': 'other_scope/'."
        )
    inside = {n.partition("/part_")[0] for n in store if not scope or n.startswith(f"{scope}/")}
    for variable in sorted(inside):
        # As TensorFlow has it: the name below the scope, its slash kept where `target` is "/".
        full = variable[len(scope) :]
        if target != "/":
            full = full[1:]
        if name != "/":
            full = name + full
        full = full.removesuffix("/")
        if full not in shapes:
            close = close_names(full, list(shapes))
            hint = f"; close to it: {', '.join(close)}" if close else ""
            raise ValueError(
                f"Tensor {full} ({variable[len(scope) + 1 :]} in {name}) is not found in {given} "
                f"checkpoint{hint}"
            )
        _set_initializers(_by_name(store, variable), path, full)


def _set_initializers(variable: Any, path: Any, name: str) -> None:
    if isinstance(variable, Variable):
        _set_initializer(variable, path, name, "")
        return
    whole = None
    for part in variable:
        info = part._get_save_slice_info()
        if whole is None:
            whole = info.full_name
        elif whole != info.full_name:
            raise ValueError(
                f"Slices must all be from the same tensor: {whole} != {info.full_name}"
            )
        _set_initializer(part, path, name, info.spec)


def _set_initializer(variable: Any, path: Any, name: str, spec: str) -> None:
    with scopes.device(variable.device), scopes.device("/cpu:0"):
        (restored,) = RestoreV2(
            path, [name], [spec], dtypes=[variable.dtype.base_dtype], name="checkpoint_initializer"
        )
        ((own_name, op),) = op_list_to_dict([variable]).items()
        (saveable,) = saveable_objects_for_op(op, own_name)
    assigned = saveable.restore([restored], None)
    variable._initializer_op = getattr(assigned, "op", assigned)
    restored.set_shape(variable.shape)
    variable._initial_value = restored


# -- printing ----------------------------------------------------------------------------------


def print_tensors_in_checkpoint_file(
    file_name: Any,
    tensor_name: str | None,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Print what is in a checkpoint (`tensorflow.python.tools.inspect_checkpoint`).

    Args:
        tensor_name: print this one; None or "" for all.
        all_tensors: print all values; without it and without a name, only names, types and shapes.
        all_tensor_names: print all names.
        count_exclude_pattern: leave tensors that match out of the number of parameters.
    """
    import re

    reader = CheckpointReader(as_text(os.fspath(file_name)))
    shapes = reader.get_variable_to_shape_map()
    types = reader.get_variable_to_dtype_map()
    if all_tensors or all_tensor_names:
        for name in sorted(shapes):
            print(f"tensor: {name} ({types[name].name}) {shapes[name]}")
            if all_tensors:
                print(reader.get_tensor(name))
    elif tensor_name:
        value = reader.get_tensor(tensor_name)
        print(f"tensor: {tensor_name} ({types[tensor_name].name}) {shapes[tensor_name]}")
        print(value)
    else:
        print(reader.debug_string().decode("utf-8", "replace"))
    counted = [
        int(np.prod(shape))
        for name, shape in shapes.items()
        if not count_exclude_pattern or not re.match(count_exclude_pattern, name)
    ]
    print(f"# Total number of params: {sum(counted)}")
