"""`tf.train.Saver` and `tfe.Saver` while TensorFlow executes eagerly: variables by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tf1x.core.checkpoints.bundle_writer import BundleWriter
from tf1x.core.checkpoints.reading import missing, open_checkpoint
from tf1x.core.files import local_path
from tf1x.lib.compat import as_text
from tf1x.lib.train.saver import Saver
from tf1x.lib.variables import Variable, creators
from tf1x.runtime import eager


class EagerSaver(Saver):
    """A `Saver` without ops: it reads and writes the variables themselves.

    Args:
        var_list: variables, or a dict of them by the names that they get in the files.

    Raises:
        RuntimeError: no `var_list`: eager variables stand in no collection.
    """

    def build(self) -> None:
        """Note the variables by name."""
        from tensorboard.compat.proto.saver_pb2 import SaverDef

        if self._is_built:
            return
        if self._var_list is None:
            raise RuntimeError(
                "When eager execution is enabled, `var_list` must specify a list or dict of "
                "variables to save"
            )
        self._is_built, self._is_empty = True, not self._var_list
        self._variables = _by_name(self._var_list)
        self.saver_def = SaverDef(
            max_to_keep=self._max_to_keep or 0,
            keep_checkpoint_every_n_hours=self._keep_checkpoint_every_n_hours,
            version=self._write_version,
        )

    def _check_saver_def(self) -> None:
        pass

    def save(
        self, sess: Any = None, save_path: Any = None, global_step: Any = None, **options: Any
    ) -> Any:  # type: ignore[override]
        """Write a checkpoint; `sess` is not looked at."""
        if hasattr(global_step, "numpy"):
            global_step = int(global_step.numpy())
        options["write_meta_graph"] = False
        return super().save(eager.graph().session, save_path, global_step, **options)

    def _write(self, sess: Any, save_path: str, checkpoint_file: str) -> str:
        with BundleWriter(local_path(checkpoint_file)) as writer:
            for name, variable in sorted(self._variables.items()):
                writer.add(name, variable.numpy(), variable.dtype.base_dtype)
        return checkpoint_file

    def restore(self, sess: Any, save_path: Any) -> None:
        """Give the variables the values of a checkpoint; `sess` is not looked at."""
        reader = open_checkpoint(local_path(as_text(os.fspath(save_path))))
        absent = [name for name in self._variables if not reader.has(name)]
        if absent:
            raise missing(reader, absent)
        for name, variable in self._variables.items():
            variable.assign(reader.read(name))


def _by_name(var_list: Any) -> dict[str, Any]:
    if isinstance(var_list, Mapping):
        return dict(var_list)
    found: dict[str, Any] = {}
    for variable in var_list:
        if not isinstance(variable, Variable):
            raise TypeError(f"Variable to save is not a Variable: {variable}")
        if variable._shared_name in found:
            raise ValueError(f"At least two variables have the same name: {variable._shared_name}")
        found[variable._shared_name] = variable
    return found


class NamedSaver:
    """`tfe.Saver`: `save(file_prefix)`, `restore(file_prefix)`."""

    def __init__(self, var_list: Any) -> None:
        self._saver = EagerSaver(var_list)

    def save(self, file_prefix: Any, global_step: Any = None) -> Any:
        """Write a checkpoint; returns its path."""
        return self._saver.save(None, file_prefix, global_step)

    def restore(self, file_prefix: Any) -> None:
        """Give the variables the values of a checkpoint."""
        self._saver.restore(None, file_prefix)


@contextmanager
def restore_variables_on_create(save_path: Any, map_func: Any = None) -> Iterator[None]:
    """Within, new variables start with the values that a checkpoint has under their names.

    Args:
        save_path: the checkpoint; None restores nothing.
        map_func: from a variable's name to that in the checkpoint.

    Raises (where a variable is made):
        NotFoundError: the checkpoint has none of the name.
    """
    if save_path is None:
        yield
        return
    reader = open_checkpoint(local_path(as_text(os.fspath(save_path))))

    def restored(next_creator: Any, **kwargs: Any) -> Any:
        made = next_creator(**kwargs)
        name = made._shared_name if map_func is None else map_func(made._shared_name)
        if not reader.has(name):
            raise missing(reader, [name])
        made.assign(reader.read(name))
        return made

    stack = creators()
    stack.append(restored)
    try:
        yield
    finally:
        stack.remove(restored)
