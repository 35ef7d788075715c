"""`tf.train.Saver`: variables to checkpoint files and back."""

from __future__ import annotations

import numbers
import os
import time
from typing import Any

import numpy as np

from tf1x.core import errors, scopes
from tf1x.core.scopes import GraphKeys, prepend_name_scope, strip_name_scope
from tf1x.lib import logging
from tf1x.lib.compat import as_text
from tf1x.lib.train import training_util
from tf1x.lib.train.checkpoint_management import (
    V2,
    checkpoint_exists,
    get_checkpoint_mtimes,
    meta_graph_filename,
    remove_checkpoint,
    write_checkpoint_state,
)
from tf1x.lib.train.saveables import all_saveable_objects
from tf1x.lib.train.saver_builder import BulkSaverBuilder
from tf1x.runtime.session import BaseSession


class Saver:
    """Saves a graph's variables to files and restores them.

    The ops that do so are added to the graph when the saver is made, under `save/`.

    Args:
        var_list: variables, or a dict of them by the names that they get in the files; None for
            all variables of the graph.
        reshape: restored tensors are given the shapes of their variables.
        sharded: one data file for each device that has variables.
        max_to_keep: how many checkpoints to keep; None or 0 for all.
        keep_checkpoint_every_n_hours: of those that would be deleted, keep one in so many hours.
        name: the scope of the ops, by default "save".
        restore_sequentially: accepted; one op restores all.
        saver_def: a `SaverDef` that names ops which the graph has already.
        builder: a `BaseSaverBuilder` that makes the ops.
        defer_build: the ops are made by `build()` only.
        allow_empty: a graph without variables is no error; nothing is saved then.
        write_version: `tf.train.SaverDef.V2` or `V1`.
        pad_step_number: eight digits for the step in file names, so that they sort.
        save_relative_paths: the file `checkpoint` gets paths relative to its own folder.
        filename: the path to save to and restore from when the ops are run without one.

    Raises:
        ValueError: no variables, or two of one name.
        TypeError: something in `var_list` is no variable.

    Example:
        >>> saver = tf.train.Saver(max_to_keep=3)
        >>> path = saver.save(sess, "/tmp/model.ckpt", global_step=100)
        >>> saver.restore(sess, path)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Saver:
        if cls is Saver and scopes.executing_eagerly():
            from tf1x.lib.eager.saver import EagerSaver

            return super().__new__(EagerSaver)
        return super().__new__(cls)

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set "
                "defer_build=False or var_list=None."
            )
        self._var_list = var_list
        self._reshape = reshape
        self._sharded = sharded
        self._max_to_keep = max_to_keep
        self._keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self._name = name
        self._restore_sequentially = restore_sequentially
        self.saver_def = saver_def
        self._builder = builder
        self._is_built = False
        self._allow_empty = allow_empty
        self._is_empty: bool | None = None
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._filename = filename
        # Paths and times, oldest first.
        self._last_checkpoints: list[tuple[str, float]] = []
        self._to_be_deleted: list[tuple[str, float]] = []
        self._next_checkpoint_time = float("inf")
        if not defer_build:
            self.build()
        if self.saver_def is not None:
            self._check_saver_def()
            self._write_version = self.saver_def.version

    # -- the ops -------------------------------------------------------------------------------

    def build(self) -> None:
        """Make the ops, once."""
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if self._var_list is None:
                self._var_list = all_saveable_objects()
            if not self._var_list:
                if not self._allow_empty:
                    raise ValueError("No variables to save")
                self._is_empty = True
                return
            self._is_empty = False
            builder = self._builder or BulkSaverBuilder(self._write_version)
            self._builder = builder
            self.saver_def = builder.build(
                self._var_list,
                reshape=self._reshape,
                sharded=self._sharded,
                max_to_keep=self._max_to_keep,
                keep_checkpoint_every_n_hours=self._keep_checkpoint_every_n_hours,
                name=self._name,
                restore_sequentially=self._restore_sequentially,
                filename=self._filename,
            )
        elif self._name:  # with a saver_def: the scope that the graph was imported to
            for field in _NAMES:
                scoped = prepend_name_scope(getattr(self.saver_def, field), self._name)
                setattr(self.saver_def, field, scoped)
        self._check_saver_def()
        hours = self.saver_def.keep_checkpoint_every_n_hours
        self._next_checkpoint_time = time.time() + hours * 3600

    def _check_saver_def(self) -> None:
        definition = self.saver_def
        if not hasattr(definition, "save_tensor_name"):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {definition}")
        for field in ("save_tensor_name", "restore_op_name"):
            if not getattr(definition, field):
                raise ValueError(f"saver_def must specify the {field}: {definition}")

    def as_saver_def(self) -> Any:
        """The `SaverDef`: the names of the ops, and how many checkpoints to keep."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The `SaverDef`, with names relative to a scope; None where the ops are not in it."""
        if export_scope is None:
            return self.saver_def
        if not all(getattr(self.saver_def, f).startswith(export_scope) for f in _NAMES):
            return None
        found = type(self.saver_def)()
        found.CopyFrom(self.saver_def)
        for field in _NAMES:
            setattr(found, field, strip_name_scope(getattr(found, field), export_scope))
        return found

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """The saver that a `SaverDef` describes; its ops stand in the graph, below a scope."""
        return Saver(saver_def=saver_def, name=import_scope)

    # -- which checkpoints there are -----------------------------------------------------------

    @property
    def last_checkpoints(self) -> list[str]:
        """Paths of the checkpoints that are kept, oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Say which checkpoints there are; these are never deleted for their age."""
        self.set_last_checkpoints_with_time([(path, np.inf) for path in last_checkpoints])

    def set_last_checkpoints_with_time(
        self, last_checkpoints_with_time: list[tuple[str, float]]
    ) -> None:
        """Say which checkpoints there are, and when each was written (seconds since 1970)."""
        assert isinstance(last_checkpoints_with_time, list)
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths: list[str]) -> None:
        """Go on with checkpoints of an earlier process; those that are gone are left out."""
        found = []
        for path in checkpoint_paths:
            times = get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    def _record(self, path: str) -> None:
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [pair for pair in self._last_checkpoints if pair[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._to_be_deleted.append(self._last_checkpoints.pop(0))

    def _delete_old(self, meta_graph_suffix: str) -> None:
        if not self._to_be_deleted:
            return
        path, written = self._to_be_deleted.pop(0)
        if written > self._next_checkpoint_time:
            self._next_checkpoint_time += self.saver_def.keep_checkpoint_every_n_hours * 3600
            return
        try:
            remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except errors.OpError as error:
            logging.warning("Ignoring: %s", str(error))

    # -- saving and restoring ------------------------------------------------------------------

    def save(
        self,
        sess: Any,
        save_path: Any,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Write a checkpoint.

        Args:
            save_path: the start of the file names.
            global_step: a number or a tensor; `-` and the number are added to the names.
            latest_filename: the file that lists the checkpoints, by default "checkpoint".
            meta_graph_suffix: the ending of the MetaGraph's file.
            write_meta_graph: write the graph too, as a MetaGraph.
            write_state: keep the list of checkpoints, and delete old ones.
            strip_default_attrs: leave attributes with their default values out of the MetaGraph.

        Returns:
            the path to restore from, or None where there is nothing to save.

        Raises:
            TypeError: `sess` is no session.
            ValueError: the checkpoint would overwrite the list, or its folder cannot be made.
            FailedPreconditionError: a variable has no value.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        if not isinstance(sess, BaseSession):
            raise TypeError(f"'sess' must be a Session; {sess}")
        latest_filename = latest_filename or "checkpoint"
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        save_path = as_text(os.fspath(save_path))
        checkpoint_file = save_path
        if global_step is not None:
            if not isinstance(global_step, (numbers.Integral, np.integer)):
                global_step = training_util.global_step(sess, global_step)
            digits = "08d" if self._pad_step_number else "d"
            checkpoint_file = f"{save_path}-{int(global_step):{digits}}"
        elif os.path.basename(save_path) == latest_filename and not self._sharded:
            raise ValueError(
                f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{save_path}'"
            )
        path = None
        if not self._is_empty:
            path = self._write(sess, save_path, checkpoint_file)
            if write_state:
                self._record(path)
                write_checkpoint_state(
                    os.path.dirname(save_path),
                    path,
                    self.last_checkpoints,
                    latest_filename,
                    self._save_relative_paths,
                )
                self._delete_old(meta_graph_suffix)
        if write_meta_graph:
            with sess.graph.as_default():
                self.export_meta_graph(
                    meta_graph_filename(checkpoint_file, meta_graph_suffix),
                    strip_default_attrs=strip_default_attrs,
                    save_debug_info=save_debug_info,
                )
        return path

    def _write(self, sess: Any, save_path: str, checkpoint_file: str) -> str:
        try:
            names = self.saver_def
            path = sess.run(names.save_tensor_name, {names.filename_tensor_name: checkpoint_file})
        except (errors.FailedPreconditionError, errors.NotFoundError) as error:
            folder = os.path.dirname(save_path)
            if folder and not os.path.isdir(folder):
                raise ValueError(
                    f"Parent directory of {save_path} doesn't exist, can't save."
                ) from error
            raise
        return as_text(path)

    def export_meta_graph(
        self,
        filename: Any = None,
        collection_list: Any = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """The default graph with its collections and this saver, written to a file if one is named.

        Returns:
            the `MetaGraphDef`.
        """
        from tf1x.lib.train.meta_graph import export_meta_graph

        return export_meta_graph(
            filename=filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )

    def restore(self, sess: Any, save_path: Any) -> None:
        """Give the variables the values that a checkpoint has; they need no initialiser then.

        Args:
            save_path: what `save` returned, or `tf.train.latest_checkpoint(folder)`.

        Raises:
            ValueError: there is no such checkpoint.
            NotFoundError: it lacks variables; the message says which, and what is close to them.
            InvalidArgumentError: a variable has another shape or type in it.
            DataLossError: it is damaged; the message says where. In all cases the variables are
                as they were.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        save_path = as_text(os.fspath(save_path))
        if not checkpoint_exists(save_path):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {save_path}")
        logging.info("Restoring parameters from %s", save_path)
        names = self.saver_def
        try:
            sess.run(names.restore_op_name, {names.filename_tensor_name: save_path})
        except errors.NotFoundError as error:
            raise _explained(error, "a Variable name or other graph key that is missing") from error
        except errors.InvalidArgumentError as error:
            raise _explained(error, "a mismatch between the current graph and the graph") from error


_NAMES = ("filename_tensor_name", "save_tensor_name", "restore_op_name")


def _explained(error: errors.OpError, what: str) -> errors.OpError:
    return type(error)(
        error.node_def,
        error.op,
        f"Restoring from checkpoint failed. This is most likely due to {what} from the checkpoint. "
        "Please ensure that you have not altered the graph expected based on the checkpoint. "
        f"Original error:\n\n{error.message}",
    )


def get_saver_or_default() -> Saver:
    """The saver of the collection SAVERS, or a new one for all variables, which is put there.

    Raises:
        RuntimeError: there are several.
    """
    savers = scopes.get_collection(GraphKeys.SAVERS)
    if len(savers) > 1:
        raise RuntimeError(
            f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to "
            "use by passing it to the constructor."
        )
    if savers:
        found: Saver = savers[0]
        return found
    saver = Saver(sharded=True, allow_empty=True)
    scopes.add_to_collection(GraphKeys.SAVERS, saver)
    return saver
