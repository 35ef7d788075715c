"""`tf.train.warm_start`: start variables from those of another model's checkpoint."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.errors import UnsupportedError
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.train.checkpoint_utils import init_from_checkpoint
from tf1x.lib.train.saveables import op_list_to_dict
from tf1x.lib.variables import Variable


def warm_start(
    ckpt_to_initialize_from: Any,
    vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: dict[str, Any] | None = None,
    var_name_to_prev_var_name: dict[str, str] | None = None,
) -> None:
    """Let variables start from a checkpoint.

    Args:
        ckpt_to_initialize_from: a checkpoint, or a folder whose latest is taken.
        vars_to_warm_start: a regular expression for trainable variables, a list of those for all
            variables, or a list of variables.
        var_name_to_prev_var_name: names in the checkpoint where they differ.

    Raises:
        ValueError: the checkpoint lacks a variable, or a name in the dict is not used.
        UnsupportedError: `var_name_to_vocab_info` is given.
    """
    if var_name_to_vocab_info:
        raise UnsupportedError(
            "tf.train.warm_start: tf1x does not remap vocabularies (var_name_to_vocab_info). Load "
            "the table with tf.train.load_variable, reorder its rows and assign them."
        )
    renames = dict(var_name_to_prev_var_name or {})
    pairs = []
    for name, parts in _grouped(vars_to_warm_start).items():
        pairs.append((renames.pop(name, name), parts[0] if len(parts) == 1 else parts))
    if renames:
        raise ValueError(
            "You provided the following variables in var_name_to_prev_var_name that were not used: "
            f"{sorted(renames)}.  Perhaps you misspelled them?"
        )
    init_from_checkpoint(ckpt_to_initialize_from, pairs)
    logging.info("Warm-started %d variables.", len(pairs))


def _grouped(wanted: Any) -> dict[str, list[Any]]:
    """The variables by name, the parts of a partitioned one together."""
    if wanted is None or isinstance(wanted, str):
        found = scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES, wanted)
    elif isinstance(wanted, list) and all(isinstance(v, str) for v in wanted):
        found = [
            v for scope in wanted for v in scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, scope)
        ]
    elif isinstance(wanted, list) and all(isinstance(v, Variable) for v in wanted):
        found = wanted
    else:
        raise ValueError(
            f"`vars_to_warm_start` must be a string, or a list of strings or of variables; got {wanted}"
        )
    groups: dict[str, list[Any]] = {}
    for variable in found:
        (name,) = op_list_to_dict([variable])
        groups.setdefault(name, []).append(variable)
    return groups
