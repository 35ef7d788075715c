"""Variables from checkpoints, as contrib.framework and slim load pre-trained models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.operation import Operation
from tf1x.lib import logging
from tf1x.lib.contrib.framework.variables import get_variable_full_name
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.train.checkpoint_utils import CheckpointReader
from tf1x.lib.train.saveables import op_list_to_dict
from tf1x.lib.train.saver import Saver
from tf1x.ops import array
from tf1x.ops.grouping import group


def assign_from_checkpoint(
    model_path: Any, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Operation, dict[Any, Any]]:
    """An op that gives variables the values of a checkpoint, and the feed_dict to run it with.

    Args:
        model_path: the checkpoint.
        var_list: variables, or a dict from names in the checkpoint to variables (or to lists of
            the parts of one).
        ignore_missing_vars: leave out those that the checkpoint lacks, with a warning.

    Raises:
        ValueError: the checkpoint lacks a variable, or has it in another shape.
    """
    reader = CheckpointReader(model_path)
    shapes = reader.get_variable_to_shape_map()
    feed_dict: dict[Any, Any] = {}
    updates = []
    for name, parts in _grouped(var_list).items():
        if name not in shapes:
            text = f"Checkpoint is missing variable [{name}]"
            if not ignore_missing_vars:
                raise ValueError(text)
            logging.warning(text)
            continue
        value = np.asarray(reader.get_tensor(name))
        for var in parts:
            fed = array.placeholder(
                var.dtype.base_dtype, var.get_shape(), name=f"placeholder/{var.op.name}"
            )
            updates.append(var.assign(fed))
            feed_dict[fed] = _part(value, var, name)
    return group(*updates), feed_dict


def _grouped(var_list: Any) -> dict[str, list[Any]]:
    if isinstance(var_list, dict):
        return {
            name: list(v) if isinstance(v, (list, tuple, PartitionedVariable)) else [v]
            for name, v in var_list.items()
        }
    groups: dict[str, list[Any]] = {}
    for var in var_list:
        for part in var if isinstance(var, PartitionedVariable) else [var]:
            groups.setdefault(get_variable_full_name(part), []).append(part)
    return groups


def _part(value: np.ndarray[Any, Any], var: Any, name: str) -> np.ndarray[Any, Any]:
    """What of a value belongs into a variable, which may be a part of a larger one."""
    info = var._get_save_slice_info()
    if info:
        bounds = zip(info.var_offset, info.var_shape, strict=True)
        value = value[tuple(slice(offset, offset + size) for offset, size in bounds)]
    shape = var.get_shape()
    if not shape.is_compatible_with(value.shape):
        if shape.num_elements() != value.size:
            raise ValueError(
                f"Total size of new array must be unchanged for {name} lh_shape: "
                f"[{value.shape}], rh_shape: [{shape}]"
            )
        value = value.reshape(shape.as_list())
    return value


def assign_from_checkpoint_fn(
    model_path: Any,
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Any], None] | None:
    """A function of a session that restores variables from a checkpoint; None if there are none.

    Args:
        var_list: variables, or a dict of them by the names that the checkpoint has.
        ignore_missing_vars: leave out those that the checkpoint lacks, with a warning.
        reshape_variables: a tensor of another shape with as many elements is reshaped.

    Raises:
        ValueError: `var_list` is empty.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        names = var_list if isinstance(var_list, dict) else op_list_to_dict(var_list, False)
        reader = CheckpointReader(model_path)
        present = {name: var for name, var in names.items() if reader.has_tensor(name)}
        for name in names.keys() - present.keys():
            logging.warning("Variable %s missing in checkpoint %s", name, model_path)
        var_list = present
    if not var_list:
        logging.warning("No Variables to restore")
        return None
    saver = Saver(var_list, reshape=reshape_variables, write_version=1)
    return lambda session: saver.restore(session, model_path)
