"""`tf.Graph`: the program as data, made of operations and tensors (operation.py).

A graph only grows: an op never changes once made, but for the back edges of imported loops.
What an op *does* is its `OpDef` (opdef.py); nothing here knows any op.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tf1x.core import recording, scopes
from tf1x.core.dtypes import DType
from tf1x.core.operation import Operation, Tensor, merge_devices
from tf1x.core.shapes import TensorShape

if TYPE_CHECKING:
    from tf1x.core.opdef import OpDef

_VALID_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_VALID_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\\/>-]*$")


class _Controls:
    """One `with control_dependencies(...)`: its ops, and the ops created under it."""

    def __init__(self, control_inputs: list[Operation]) -> None:
        self.control_inputs = control_inputs
        self.seen: set[Operation] = set()


class Graph:
    """A TensorFlow computation as a graph (`tf.Graph`).

    Example:
        >>> g = tf.Graph()
        >>> with g.as_default():
        ...     c = tf.constant(30.0)
        >>> c.graph is g, g.get_tensor_by_name("Const:0") is c
        (True, True)
    """

    is_function = False
    # Whether ops run as they are made (runtime/eager.py).
    is_eager = False

    def __init__(self) -> None:
        self._ops: list[Operation] = []
        self._functions: dict[str, Any] = {}
        self._by_name: dict[str, Operation] = {}
        self._names_in_use: dict[str, int] = {}
        self._name_stack = ""
        self._controls: list[_Controls] = []
        self._devices: list[Any] = []
        self._colocation: list[Operation] = []
        self._containers: list[str] = [""]
        self._attr_scopes: list[dict[str, Any]] = []
        self._gradient_overrides: dict[str, str] = {}
        self._collections: dict[str, list[Any]] = {}
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Any] = set()
        self._finalized = False
        self._mutations = 0
        # Tensors to the ops that take them: of how many ops, and after which mutation.
        self._consumers: dict[Tensor, list[Operation]] = {}
        self._consumers_known = (0, 0)
        self.seed: int | None = None
        # TensorFlow 2.21's rule for default op seeds counts them here (see ops/seeds.py).
        self.seed_counter = 0
        # Keeps alive what `PyFunc` nodes call (ops/script.py).
        self.python_functions: list[Any] = []

    # -- building ------------------------------------------------------------------------------

    def add_op(
        self,
        opdef: OpDef,
        inputs: tuple[Tensor, ...],
        dtypes: list[DType],
        attrs: dict[str, Any],
        name: str,
        shapes: list[TensorShape] | None = None,
    ) -> Operation:
        """Add an op. A `name` that ends with "/" is taken as it is, any other made unique.

        Raises:
            RuntimeError: the graph is finalized.
            ValueError: an input stands in another graph, or its shapes do not fit the op.
        """
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        if not name.endswith("/") and not _VALID_OP_NAME.match(name):
            raise ValueError(f"'{name}' is not a valid node name")
        for tensor in inputs:
            if tensor.op.graph is not self:
                raise ValueError(
                    f"{tensor} must be from the same graph as the op {name!r} ({opdef.type})."
                )
        node_name = name[:-1] if name.endswith("/") else self.unique_name(name)
        if self._attr_scopes:
            attrs = {**attrs, **{k: v for scope in self._attr_scopes for k, v in scope.items()}}
        if self._colocation:
            groups = sorted({g for op in self._colocation for g in op.colocation_groups()})
            attrs = {**attrs, "_class": groups}
        if opdef.type in self._gradient_overrides:
            attrs = {**attrs, "_gradient_op_type": self._gradient_overrides[opdef.type]}
        op = Operation(self, opdef, node_name, inputs, attrs, self._controls_for(inputs))
        if shapes is None:
            shapes = opdef.infer_shapes(op)
        op.outputs = [
            Tensor(op, i, dtype, shape)
            for i, (dtype, shape) in enumerate(zip(dtypes, shapes, strict=True))
        ]
        self._ops.append(op)
        self._by_name[node_name] = op
        for controls in self._controls:
            controls.seen.add(op)
        if recording.active():
            recording.note(op)
        return op

    def create_op(
        self,
        op_type: str,
        inputs: Any,
        dtypes: Any = None,
        input_types: Any = None,
        name: str | None = None,
        attrs: dict[str, Any] | None = None,
        op_def: Any = None,
        compute_shapes: bool = True,
        compute_device: bool = True,
    ) -> Operation:
        """Create an op of a registered type from tensors and Python attribute values."""
        from tf1x.core import opdef

        definition = opdef.get(op_type)
        values = {key: opdef.from_attr_value(value) for key, value in (attrs or {}).items()}
        return definition.node(tuple(inputs), values, name or op_type, graph=self)

    def _controls_for(self, inputs: tuple[Tensor, ...]) -> list[Operation]:
        if not self._controls:
            return []
        input_ops = {t.op for t in inputs}
        found: dict[Operation, None] = {}
        for controls in self._controls:
            # An input made under the same `with` already waits for its ops.
            if not (input_ops & controls.seen):
                found.update((c, None) for c in controls.control_inputs if c not in input_ops)
        return list(found)

    def _device_for(self, op: Operation) -> str:
        if self._colocation:
            return self._colocation[-1].device
        device = ""
        for item in self._devices:
            chosen = item(op) if callable(item) else item
            device = merge_devices(device, chosen)
        return device

    def _consumers_of(self, tensor: Tensor) -> list[Operation]:
        """The ops that take `tensor`, each once, in order of creation."""
        count, mutations = self._consumers_known
        if mutations != self._mutations:
            self._consumers.clear()
            count = 0
        for op in self._ops[count:]:
            for taken in dict.fromkeys(op.inputs):
                self._consumers.setdefault(taken, []).append(op)
        self._consumers_known = (len(self._ops), self._mutations)
        return self._consumers.get(tensor, [])

    # -- names ---------------------------------------------------------------------------------

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """`name` in the current name scope, with `_1`, `_2`, ... where it is taken.

        Names that differ by case alone count as the same, as in TensorFlow.
        """
        if self._name_stack:
            name = f"{self._name_stack}/{name}"
        key = name.lower()
        count = self._names_in_use.get(key, 0)
        if mark_as_used:
            self._names_in_use[key] = count + 1
        if not count:
            return name
        unique = f"{key}_{count}"
        while unique in self._names_in_use:
            count += 1
            unique = f"{key}_{count}"
        if mark_as_used:
            self._names_in_use[unique] = 1
        return f"{name}_{count}"

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Prefix the names of the ops created inside; see `tf.name_scope`."""
        if name:
            if isinstance(name, bytes):
                name = name.decode()
            valid = _VALID_SCOPE_NAME if self._name_stack else _VALID_OP_NAME
            if not valid.match(name):
                raise ValueError(f"'{name}' is not a valid scope name")
        old = self._name_stack
        if not name:
            new = ""
        elif name.endswith("/"):
            new = name[:-1]
        else:
            new = self.unique_name(name)
        self._name_stack = new
        try:
            yield f"{new}/" if new else ""
        finally:
            self._name_stack = old

    def get_name_scope(self) -> str:
        return self._name_stack

    # -- scopes --------------------------------------------------------------------------------

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Make this the default graph within the `with` block."""
        with scopes.graphs.pushed(self):
            yield self

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Ops created inside run after all of `control_inputs`; None lifts the outer ones.

        Args:
            control_inputs: a list of operations, tensors, variables or IndexedSlices, or None.
        """
        saved = self._controls
        if control_inputs is None:
            self._controls = []
        else:
            ops = [self._control_op(item) for item in control_inputs]
            here = [op for op in dict.fromkeys(ops) if op is not None]
            self._controls = [*saved, _Controls(here)]
        try:
            yield
        finally:
            self._controls = saved

    def _control_op(self, item: Any) -> Operation | None:
        """The op to wait for; None where it stands in a graph around this one (func_graph.py)."""
        slices = hasattr(item, "values") and hasattr(item, "indices")
        if slices or (hasattr(item, "handle") and hasattr(item, "op")):
            item = item.op  # of a resource variable the handle or the update, not a read
        element = self.as_graph_element(item)
        return element.op if isinstance(element, Tensor) else element

    @contextmanager
    def device(self, name: Any) -> Iterator[None]:
        """Record a device for the ops created inside: a string, a function of an op, or None."""
        saved = self._devices
        self._devices = [] if name is None else [*saved, name]
        try:
            yield
        finally:
            self._devices = saved

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Record that the ops created inside belong beside `op`; None lifts it."""
        saved, saved_devices = self._colocation, self._devices
        kept = [] if ignore_existing else saved
        beside = None if op is None else self._control_op(op)
        self._colocation = [] if op is None else kept if beside is None else [*kept, beside]
        try:
            yield
        finally:
            self._colocation, self._devices = saved, saved_devices

    @contextmanager
    def container(self, name: str) -> Iterator[str]:
        """Put the resources created inside into the named container."""
        self._containers.append(name)
        try:
            yield name
        finally:
            self._containers.pop()

    @property
    def _container(self) -> str:
        return self._containers[-1]

    @contextmanager
    def _attr_scope(self, attrs: dict[str, Any]) -> Iterator[None]:
        self._attr_scopes.append(attrs)
        try:
            yield
        finally:
            self._attr_scopes.pop()

    @contextmanager
    def _kernel_label_map(self, labels: dict[str, str]) -> Iterator[None]:
        yield  # labels choose between TensorFlow's kernels; there is one lowering here

    @contextmanager
    def gradient_override_map(self, overrides: dict[str, str]) -> Iterator[None]:
        """Use gradients registered under other names for the ops created inside.

        Args:
            overrides: op type to the name given to `tf.RegisterGradient`.
        """
        saved = self._gradient_overrides
        self._gradient_overrides = {**saved, **overrides}
        try:
            yield
        finally:
            self._gradient_overrides = saved

    # -- functions -----------------------------------------------------------------------------

    @property
    def outermost(self) -> Graph:
        """The graph around all functions; itself where it is no function."""
        return self

    def unique_function_name(self, name: str) -> str:
        count = len(self._functions)
        while f"{name}_{count}" in self._functions:
            count += 1
        return f"{name}_{count}"

    def add_function(self, function: Any) -> None:
        """Enter a `FuncGraph` in the library."""
        self._functions[function.name] = function

    def function(self, name: str) -> Any:
        """The `FuncGraph` of that name in the library.

        Raises:
            KeyError: there is none.
        """
        return self.outermost._functions[name]

    # -- looking things up ---------------------------------------------------------------------

    def get_operations(self) -> list[Operation]:
        return list(self._ops)

    def get_operation_by_name(self, name: str) -> Operation:
        element = self.as_graph_element(name, allow_tensor=False)
        assert isinstance(element, Operation)
        return element

    def get_tensor_by_name(self, name: str) -> Tensor:
        element = self.as_graph_element(name, allow_operation=False)
        assert isinstance(element, Tensor)
        return element

    def as_graph_element(
        self, item: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Tensor | Operation:
        """The tensor or operation that `item` is, converts to, or names.

        Raises:
            KeyError: no such name in this graph.
            ValueError: a malformed name, or an element of another graph.
            TypeError: neither a name nor convertible.
        """
        if hasattr(item, "_as_graph_element") and not isinstance(item, (Tensor, Operation)):
            item = item._as_graph_element()
        if isinstance(item, bytes):
            item = item.decode()
        wanted = " or a ".join(
            kind for kind, ok in (("Tensor", allow_tensor), ("Operation", allow_operation)) if ok
        )
        if isinstance(item, str):
            return self._by_element_name(item, allow_tensor, allow_operation)
        if isinstance(item, (Tensor, Operation)):
            if item.graph is not self:
                raise ValueError(f"{item} is not an element of this graph.")
            if isinstance(item, Tensor) if allow_tensor else isinstance(item, Operation):
                return item
            if allow_operation and isinstance(item, Operation):
                return item
        raise TypeError(f"Can not convert a {type(item).__name__} into a {wanted}.")

    def _by_element_name(
        self, name: str, allow_tensor: bool, allow_operation: bool
    ) -> Tensor | Operation:
        op_name, colon, index = name.rpartition(":")
        if colon and allow_tensor:
            if not index.isdigit():
                raise ValueError(
                    f"The name {name!r} looks like a (invalid) tensor name: use '<op_name>:<index>'."
                )
            op = self._by_name.get(op_name)
            if op is None:
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. "
                    f"The operation, {op_name!r}, does not exist in the graph."
                )
            if int(index) >= len(op.outputs):
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. The operation, "
                    f"{op_name!r}, exists but only has {len(op.outputs)} outputs."
                )
            return op.outputs[int(index)]
        if colon:
            raise ValueError(f"The name {name!r} appears to refer to a Tensor, not an Operation.")
        if not allow_operation:
            raise ValueError(
                f"The name {name!r} refers to an Operation, not a Tensor. "
                f"Tensor names must be of the form '<op_name>:<output_index>'."
            )
        if name not in self._by_name:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return self._by_name[name]

    # -- collections ---------------------------------------------------------------------------

    def add_to_collection(self, name: str, value: Any) -> None:
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        for name in (names,) if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """The items of a collection, or those whose names match the regular expression `scope`."""
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        matches = re.compile(scope).match
        return [item for item in items if hasattr(item, "name") and matches(item.name)]

    def get_collection_ref(self, name: str) -> list[Any]:
        return self._collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[str]:
        return list(self._collections)

    @property
    def collections(self) -> list[str]:
        return self.get_all_collection_keys()

    def clear_collection(self, name: str) -> None:
        self._check_not_finalized()
        self._collections.pop(name, None)

    # -- state ---------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Grows with every op that is added."""
        return len(self._ops)

    @property
    def _last_id(self) -> int:
        return len(self._ops)

    @property
    def finalized(self) -> bool:
        return self._finalized

    def finalize(self) -> None:
        """Forbid any further change."""
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    def _check_not_finalized(self) -> None:
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def prevent_feeding(self, tensor: Tensor) -> None:
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Any) -> bool:
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Any) -> None:
        self._unfetchable.add(op)

    def is_fetchable(self, item: Any) -> bool:
        return (item.op if isinstance(item, Tensor) else item) not in self._unfetchable

    # -- protos ----------------------------------------------------------------------------------

    def node_def_of(self, op: Operation) -> Any:
        from tf1x.core import graphdef

        return graphdef.node_to_proto(op)

    def as_graph_def(
        self, from_version: int | None = None, add_shapes: bool = False, **_unused: Any
    ) -> Any:
        """The graph as a `GraphDef` proto; ops made after `from_version` where that is given."""
        from tf1x.core import graphdef

        return graphdef.graph_to_proto(self, from_version, add_shapes)


scopes.set_graph_factory(Graph)
