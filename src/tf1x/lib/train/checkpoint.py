"""`tf.train.Checkpoint`: objects to checkpoint files and back, in TensorFlow's format."""

from __future__ import annotations

import os
import weakref
from typing import Any

import numpy as np

from tf1x.core import deferred, scopes
from tf1x.core.checkpoints.bundle_writer import BundleWriter
from tf1x.core.checkpoints.reading import open_checkpoint
from tf1x.core.dtypes import int64
from tf1x.core.errors import DataLossError
from tf1x.core.files import local_path
from tf1x.lib import logging
from tf1x.lib.train.checkpoint_management import write_checkpoint_state
from tf1x.lib.train.checkpointable import (
    OBJECT_GRAPH,
    VALUE,
    Checkpointable,
    ObjectGraph,
    dependencies,
    is_checkpointable,
)
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.variables import Variable, init_scope


class Checkpoint(Checkpointable):
    """Saves and restores objects: models, optimizers, variables, lists and dicts of those.

    Unlike `tf.train.Saver` it matches variables by the attributes that lead to them, not by their
    names, and restores variables that are made later as soon as there are.

    Args:
        **kwargs: the objects, under the names that they are saved by.

    Raises:
        ValueError: one of them cannot be saved.

    Example:
        >>> checkpoint = tf.train.Checkpoint(optimizer=optimizer, model=model)
        >>> path = checkpoint.save("/tmp/training/ckpt")
        >>> checkpoint.restore(tf.train.latest_checkpoint("/tmp/training")).assert_consumed()
    """

    def __init__(self, **kwargs: Any) -> None:
        for name, value in sorted(kwargs.items()):
            empty = isinstance(value, (list, dict)) and not value
            if not empty and not is_checkpointable(value):
                raise ValueError(
                    "`Checkpoint` was expecting a trackable object (an object derived from "
                    f"`TrackableBase`), got {value}. If you believe this object should be "
                    "trackable (i.e. it is part of the TensorFlow Python API and manages state), "
                    "please open an issue."
                )
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_save_counter", None)

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        found = [pair for pair in super()._checkpoint_dependencies if pair[0] != "_save_counter"]
        counter = self._save_counter
        return found if counter is None else [*found, ("save_counter", counter)]

    @property
    def save_counter(self) -> Any:
        """An int64 variable: how often `save` was called."""
        if self._save_counter is None:
            with init_scope(), scopes.name_scope(""):
                counter = Variable(
                    initial_value=0,
                    name="save_counter",
                    trainable=False,
                    dtype=int64,
                    use_resource=True,
                )
            self._save_counter = counter
        return self._save_counter

    # -- saving --------------------------------------------------------------------------------

    def write(self, file_prefix: Any, session: Any = None) -> str:
        """Write a checkpoint under exactly this name; returns it."""
        return save(self, os.fspath(file_prefix), session)

    def save(self, file_prefix: Any, session: Any = None) -> str:
        """Write a checkpoint under a name that ends in `-` and the count of saves; returns it.

        The file `checkpoint` of the folder then names it as the latest.

        Args:
            session: where the variables are, if TensorFlow does not execute eagerly; by default
                the default one.
        """
        path = self._save_numbered(os.fspath(file_prefix), session)
        folder = os.path.dirname(path)
        write_checkpoint_state(folder, path, [path], save_relative_paths=True)
        return path

    def _save_numbered(self, prefix: str, session: Any, number: int | None = None) -> str:
        session = _session(session)
        if session is not None and self._save_counter is None:
            session.run(self.save_counter.initializer)
        if number is None:
            number = int(_value(self.save_counter, session)) + 1
        _assign(self.save_counter, np.int64(number), session)
        return save(self, f"{prefix}-{number}", session)

    # -- restoring -----------------------------------------------------------------------------

    def restore(self, save_path: Any) -> Status:
        """Set the variables from a checkpoint: those that there are now, and later ones when they
        are made. In a graph, call `initialize_or_restore()` of what is returned.

        Args:
            save_path: as `save` returned it; None restores nothing.

        Raises:
            NotFoundError: there is no such checkpoint.
            DataLossError: it is damaged.
        """
        if save_path is None:
            return Status(None, self)
        self.save_counter  # noqa: B018 -- it is restored too
        restoration = Restoration(self, os.fspath(save_path))
        return Status(restoration, self)

    read = restore


def _session(session: Any) -> Any:
    if scopes.executing_eagerly():
        return None
    return session or scopes.require_default_session("save or restore objects")


def _value(variable: Any, session: Any) -> Any:
    return variable.numpy() if session is None else session.run(variable)


def _assign(variable: Any, value: Any, session: Any) -> None:
    if session is None:
        variable.assign(value)
    else:
        variable.load(value, session)


def save(root: Any, path: str, session: Any = None) -> str:
    """Write the objects that `root` depends on."""
    session = _session(session)
    graph = ObjectGraph(root)
    pairs = graph.variables()
    if session is None:
        values = [variable.numpy() for _, variable in pairs]
    else:
        values = session.run([variable for _, variable in pairs])
    proto = np.array(graph.to_proto().SerializeToString(), object)
    with BundleWriter(local_path(path)) as writer:
        for (key, variable), value in sorted(
            zip(pairs, values, strict=True), key=lambda item: item[0][0]
        ):
            writer.add(key, value, variable.dtype.base_dtype)
        writer.add(OBJECT_GRAPH, proto)
    return path


class Restoration:
    """A checkpoint whose values go to the variables of an object as they are found.

    Attributes:
        matched: objects by the numbers of their nodes in the checkpoint.
    """

    def __init__(self, root: Any, path: str) -> None:
        self.path = path
        self._root = weakref.ref(root)
        self._reader = open_checkpoint(local_path(path))
        self.matched: dict[int, Any] = {}
        self._values: dict[int, Any] = {}
        self._by_name = not self._reader.has(OBJECT_GRAPH)
        self.nodes: list[Any] = [] if self._by_name else self._read_graph()
        if self.retry() and not self._by_name:
            deferred.wait(self.retry)

    def _read_graph(self) -> list[Any]:
        from google.protobuf.message import DecodeError

        from tf1x.core import messages

        data = self._reader.read(OBJECT_GRAPH).item()
        try:
            nodes = list(messages.TrackableObjectGraph.FromString(data).nodes)
        except (DecodeError, TypeError) as error:
            raise DataLossError(
                None, None, f"{self.path}: the object graph is damaged: {error}"
            ) from error
        references = [c.node_id for n in nodes for c in n.children]
        references += [i for n in nodes for s in n.slot_variables for i in (s.original_variable_node_id, s.slot_variable_node_id)]  # fmt: skip
        if not nodes or any(not 0 <= i < len(nodes) for i in references):
            raise DataLossError(None, None, f"{self.path}: the object graph names a node that it does not have.")  # fmt: skip
        return nodes

    def retry(self) -> bool:
        """Restore what has been made since; whether anything is left to wait for."""
        root = self._root()
        if root is None:
            return False
        if self._by_name:
            self._restore_names(root)
            return False
        self._walk(root)
        return len(self.matched) < len(self.nodes)

    def _walk(self, root: Any) -> None:
        found: dict[int, Any] = {0: root}
        queue = [0]
        while queue:
            number = queue.pop(0)
            children = dict(dependencies(found[number]))
            for reference in self.nodes[number].children:
                child = children.get(reference.local_name)
                if child is not None and reference.node_id not in found:
                    found[reference.node_id] = child
                    queue.append(reference.node_id)
        for number, item in list(found.items()):
            if not isinstance(item, Optimizer):
                continue
            for reference in self.nodes[number].slot_variables:
                original = found.get(reference.original_variable_node_id)
                slot = None if original is None else item.get_slot(original, reference.slot_name)
                if slot is not None:
                    found[reference.slot_variable_node_id] = slot
        for number, item in found.items():
            if number not in self.matched:
                self.matched[number] = item
                self._restore(number, item)

    def _restore(self, number: int, item: Any) -> None:
        if not isinstance(item, Variable):
            return
        for attribute in self.nodes[number].attributes:
            if attribute.name == VALUE:
                self._set(number, item, self._reader.read(attribute.checkpoint_key))

    def _set(self, number: int, variable: Any, value: Any) -> None:
        if not variable.shape.is_compatible_with(value.shape):
            raise ValueError(
                f"{self.path}: the value for {variable.name} has the shape {value.shape}, the "
                f"variable {variable.shape}."
            )
        if hasattr(variable, "numpy"):
            from tf1x.runtime import eager

            with eager.graph().as_default():
                variable.assign(value)
        else:
            self._values[number] = variable, value

    def _restore_names(self, root: Any) -> None:
        """A checkpoint of `tf.train.Saver`: by the variables' names."""
        for number, (_, variable) in enumerate(ObjectGraph(root).variables()):
            if self._reader.has(variable._shared_name):
                self.matched[number] = variable
                self._set(number, variable, self._reader.read(variable._shared_name))

    def run(self, session: Any) -> None:
        """In a graph: set the variables of a session."""
        self.retry()
        for variable, value in self._values.values():
            variable.load(value, session)

    # -- what is left --------------------------------------------------------------------------

    def unused(self) -> list[str]:
        """The keys in the checkpoint for which there is no object."""
        self.retry()
        return [
            attribute.checkpoint_key
            for number, node in enumerate(self.nodes)
            if number not in self.matched
            for attribute in node.attributes
        ]

    def missing(self, root: Any) -> list[Any]:
        """The variables that the checkpoint has nothing for."""
        self.retry()
        found = {id(item) for item in self.matched.values()}
        return [v for _, v in ObjectGraph(root).variables() if id(v) not in found]


class Status:
    """What `Checkpoint.restore` returns: assertions about it, and (in a graph) the doing of it."""

    def __init__(self, restoration: Restoration | None, root: Any) -> None:
        self._restoration = restoration
        self._root = root

    def _required(self) -> Restoration:
        if self._restoration is None:
            raise AssertionError(
                "No checkpoint specified (save_path=None); nothing is being restored."
            )
        return self._restoration

    def assert_consumed(self) -> Status:
        """Every value in the checkpoint has a variable, every variable a value.

        Raises:
            AssertionError: not so; the message says which.
        """
        self.assert_existing_objects_matched()
        unused = self._required().unused()
        if unused:
            raise AssertionError(f"Unresolved object in checkpoint: {', '.join(unused)}")
        return self

    def assert_existing_objects_matched(self) -> Status:
        """Every variable that there is has a value in the checkpoint.

        Raises:
            AssertionError: not so; the message says which.
        """
        missing = self._required().missing(self._root)
        if missing:
            raise AssertionError(
                "Object not assigned a value from checkpoint: " + ", ".join(v.name for v in missing)
            )
        return self

    def assert_nontrivial_match(self) -> Status:
        """Something beside the root object was matched.

        Raises:
            AssertionError: nothing was.
        """
        if len(self._required().matched) < 2:
            raise AssertionError("Nothing except the root object matched a checkpointed value.")
        return self

    def expect_partial(self) -> Status:
        """Accepted: nothing is said of values that are not used."""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """In a graph: set the variables of a session, by default the default one."""
        session = _session(session)
        if session is not None:
            self._required().run(session)

    def initialize_or_restore(self, session: Any = None) -> None:
        """In a graph: initialise the variables, then set those that the checkpoint has."""
        session = _session(session)
        if session is None:
            return
        variables = [v for _, v in ObjectGraph(self._root).variables()]
        session.run([v.initializer for v in variables])
        if self._restoration is None:
            logging.info("No checkpoint: variables have their initial values.")
        else:
            self._restoration.run(session)
