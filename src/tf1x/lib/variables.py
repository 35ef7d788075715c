"""`tf.Variable`, by reference (the default in TensorFlow 1) and as a resource."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.api import export
from tf1x.core import convert, opdef, recording, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.lib.initial_values import guarded
from tf1x.lib.variable_updates import VariableUpdates, scattered
from tf1x.ops import array, array_slicing, state  # noqa: F401  (installs an operator of Tensor)
from tf1x.ops.operators import take_operators
from tf1x.ops.scatter import ResourceGather, ResourceGatherNd


@export("VariableSynchronization")
class VariableSynchronization(enum.Enum):
    """When replicas of a variable are brought together (accepted)."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


@export("VariableAggregation")
class VariableAggregation(enum.Enum):
    """How replicas of a variable are brought together (accepted)."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3  # noqa: PIE796  (an older name)


@contextmanager
def init_scope() -> Iterator[None]:
    """Ops created inside wait for nothing and stand outside of branches and loop bodies.

    What initialises variables may not depend on a step. The name scope stays as it is.
    """
    graph = scopes.get_default_graph()
    outer = graph.outermost
    if outer is graph:
        with graph.control_dependencies(None):
            yield
        return
    scope = graph.get_name_scope()
    with (
        outer.as_default(),
        outer.control_dependencies(None),
        outer.name_scope(f"{scope}/" if scope else None),
    ):
        yield


class Reference:
    """A hashable stand-in for a variable (`Variable.ref`)."""

    __slots__ = ("_item",)

    def __init__(self, item: Any) -> None:
        self._item = item

    def deref(self) -> Any:
        """The variable."""
        return self._item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other._item is self._item

    def __hash__(self) -> int:
        return id(self._item)


class _Creation(type):
    """`tf.Variable(...)` makes a `RefVariable` or a `ResourceVariable`."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Variable and cls is not ResourceVariable:
            return super().__call__(*args, **kwargs)
        if cls is ResourceVariable:
            kwargs["use_resource"] = True
        kwargs = {**dict(zip(_PARAMETERS, args, strict=False)), **kwargs}
        if kwargs.get("variable_def") is not None:
            return Variable.from_proto(kwargs["variable_def"], kwargs.get("import_scope"))
        create: Callable[..., Any] = _create
        for creator in creators():
            create = _nested(creator, create)
        return create(**kwargs)


def _nested(creator: Callable[..., Any], inner: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **kwargs: creator(inner, **kwargs)


def creators() -> list[Callable[..., Any]]:
    """The functions of `tf.variable_creator_scope` in the default graph, outermost first."""
    return scopes.get_default_graph().get_collection_ref("__variable_creators")


_PARAMETERS = (
    "initial_value", "trainable", "collections", "validate_shape", "caching_device", "name",
    "variable_def", "dtype", "expected_shape", "import_scope", "constraint", "use_resource",
    "synchronization", "aggregation", "shape",
)  # fmt: skip


def _create(*, use_resource: bool | None = None, **kwargs: Any) -> Variable:
    if use_resource is None:
        from tf1x.lib import variable_scope

        use_resource = variable_scope.default_use_resource()
    made: Variable = type.__call__(_kind(use_resource), **kwargs)
    return made


def _kind(use_resource: bool) -> type[Variable]:
    if scopes.get_default_graph().outermost.is_eager:
        from tf1x.lib.eager.variable import EagerVariable

        return EagerVariable
    return ResourceVariable if use_resource else RefVariable


@export("Variable")
class Variable(VariableUpdates, metaclass=_Creation):
    """State that a session keeps between runs (`tf.Variable`).

    It must be initialised before it is read: `sess.run(tf.global_variables_initializer())`.

    Args:
        initial_value: a tensor, a value that converts to one, or a function without arguments
            that returns one.
        trainable: whether it joins the collection that optimizers train by default.
        collections: the graph collections to join, by default [GraphKeys.GLOBAL_VARIABLES].
        validate_shape: if false, the shape is not fixed by the initial value.
        caching_device: where reads are to be cached; recorded only.
        name: by default "Variable", made unique.
        dtype: the type to convert the initial value to.
        constraint: a function of the value, applied by optimizers after each update.
        use_resource: a resource variable rather than a reference one; by default what the
            variable scope says.
        shape: the static shape where it is to be less specific than that of the initial value.
        variable_def, import_scope: a `VariableDef` in place of all the rest (`from_proto`).
        expected_shape, synchronization, aggregation: accepted.

    Raises:
        ValueError: no initial value, or one whose shape is not known.

    Example:
        >>> w = tf.Variable(tf.zeros([2, 3]), name="w")
        >>> w.name, w.shape
        ('w:0', TensorShape([Dimension(2), Dimension(3)]))
    """

    __array_priority__ = 100  # `ndarray + variable` is the variable's business

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: str | None = None,
        constraint: Callable[..., Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError(
                f"collections argument to Variable constructor must be a list, tuple, or set. "
                f"Got {collections} of type {type(collections)}"
            )
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        if trainable is None:
            trainable = synchronization is not VariableSynchronization.ON_READ
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        self._trainable = bool(trainable)
        self._synchronization = synchronization or VariableSynchronization.AUTO
        self._aggregation = aggregation or VariableAggregation.NONE
        self._constraint = constraint
        self._caching_device = caching_device
        self._validate_shape = validate_shape
        self._save_slice_info: Any = None
        values = [] if callable(initial_value) else [initial_value]
        if getattr(getattr(initial_value, "graph", None), "is_function", False):
            raise ValueError(
                f"Initializer for variable {name or 'Variable'} is from inside a control-flow "
                "construct, a loop or conditional. When creating a variable inside a loop or "
                "conditional, use a lambda as the initializer."
            )
        with init_scope(), scopes.name_scope(name, "Variable", values) as scope:
            self._build(initial_value, dtype, shape, scope)
            scopes.add_to_collections(list(collections), self)

    def _build(self, initial_value: Any, dtype: Any, shape: Any, scope: str) -> None:
        """Add the variable's ops; `scope` is its name with a final "/"."""
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def _initial_tensor(self, initial_value: Any, dtype: Any, op_name: str) -> Tensor:
        """The initial value in `Initializer/`, colocated with the variable that is yet to come."""
        graph = scopes.get_default_graph()
        beside = {"_class": [b"loc:@" + op_name.encode()]}
        with graph._attr_scope(beside), scopes.name_scope("Initializer"), scopes.device(None):
            value = initial_value() if callable(initial_value) else initial_value
            return convert.to_tensor(value, dtype, name="initial_value")

    # -- reading -------------------------------------------------------------------------------

    def value(self) -> Tensor:
        """The variable's value as a tensor."""
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def read_value(self) -> Tensor:
        """The value, read by a new op and so after the current control dependencies."""
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def initialized_value(self) -> Tensor:
        """The value if there is one, else the initial value: what other variables may start from."""
        with init_scope():
            kind = (
                state.InitializedValue
                if self.dtype._is_ref_dtype
                else state.ResourceInitializedValue
            )
            made: Tensor = kind(self._reference(), self._initial_value, name="initialized_value")
            return made

    def eval(self, session: Any = None) -> Any:
        """The value in a session, by default the default one."""
        return self._as_graph_element().eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Set the value in a session without adding an op to the graph."""
        session = session or scopes.require_default_session("load a variable")
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def _as_graph_element(self) -> Tensor:
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    def _reference(self) -> Tensor:
        """What ops that change the variable take: a reference, or the resource handle."""
        raise AssertionError("a Variable is a RefVariable or a ResourceVariable")

    # -- properties ----------------------------------------------------------------------------

    _initial_value: Tensor
    _initializer_op: Operation

    @property
    def name(self) -> str:
        return self._reference().name

    @property
    def _shared_name(self) -> str:
        return self.name.rpartition(":")[0]

    @property
    def op(self) -> Operation:
        """The op that stands for the variable."""
        return self._reference().op

    @property
    def graph(self) -> Graph:
        return self._reference().graph

    @property
    def device(self) -> str:
        return self._reference().device

    @property
    def dtype(self) -> DType:
        return self._reference().dtype

    @property
    def shape(self) -> TensorShape:
        return self._reference().shape

    def get_shape(self) -> TensorShape:
        """The static shape."""
        return self.shape

    @property
    def initializer(self) -> Operation:
        """The op that gives the variable its initial value."""
        return self._initializer_op

    @property
    def initial_value(self) -> Tensor:
        return self._initial_value

    @property
    def constraint(self) -> Callable[..., Any] | None:
        return self._constraint

    @property
    def trainable(self) -> bool:
        return self._trainable

    @property
    def synchronization(self) -> Any:
        return self._synchronization

    @property
    def aggregation(self) -> Any:
        return self._aggregation

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The variable as a `VariableDef`; None where it is not in `export_scope`."""
        from tf1x.lib import variable_protos

        return variable_protos.to_proto(self, export_scope)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
        """The variable of a `VariableDef` whose ops stand in the default graph."""
        from tf1x.lib import variable_protos

        return variable_protos.from_proto(variable_def, import_scope)

    def _set_save_slice_info(self, info: Any) -> None:
        self._save_slice_info = info

    def _get_save_slice_info(self) -> Any:
        return self._save_slice_info

    def ref(self) -> Reference:
        """A hashable reference to this object; `.deref()` gives it back."""
        return Reference(self)

    experimental_ref = ref

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")


class RefVariable(Variable):
    """A variable whose ops take a reference to it: TensorFlow 1's default."""

    def _build(self, initial_value: Any, dtype: Any, shape: Any, scope: str) -> None:
        op_name = scope[:-1]
        if callable(initial_value):
            self._initial_value = self._initial_tensor(initial_value, dtype, op_name)
            with scopes.get_default_graph()._attr_scope({"_class": [b"loc:@" + op_name.encode()]}):
                self._variable = self._variable_op(shape, scope)
        else:
            self._initial_value = convert.to_tensor(initial_value, dtype, name="initial_value")
            self._variable = self._variable_op(shape, scope)
        if self._validate_shape and not self._initial_value.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {self._initial_value}")
        first = guarded(op_name, self._initial_value)
        self._initializer_op = state.Assign(
            self._variable, first, validate_shape=self._validate_shape
        ).op
        if self._caching_device is None:
            with scopes.colocate_with(self._variable.op):
                self._snapshot: Tensor = array.Identity(self._variable, name="read")
        else:
            with scopes.device(self._caching_device):
                self._snapshot = array.Identity(self._variable, name="read")

    def _variable_op(self, shape: Any, scope: str) -> Tensor:
        if shape is None:
            shape = self._initial_value.shape if self._validate_shape else TensorShape(None)
        made: Tensor = state.VariableV2(
            shape=shape, dtype=self._initial_value.dtype.base_dtype, name=scope
        )
        return made

    def value(self) -> Tensor:
        return self._snapshot

    def read_value(self) -> Tensor:
        read: Tensor = array.Identity(self._variable, name="read")
        return read

    def _ref(self) -> Tensor:
        return self._variable

    def _reference(self) -> Tensor:
        return self._variable

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def set_shape(self, shape: Any) -> None:
        """Add to what is known of the static shape."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    def _updated(
        self, kind: str, value: Any, use_locking: bool, name: str | None, read_value: bool
    ) -> Any:
        updated = opdef.get(kind).endpoint(
            self._variable, value, use_locking=use_locking, name=name
        )
        return updated if read_value else updated.op

    def _scattered(
        self, kind: str, indices: Any, updates: Any, use_locking: bool, name: str | None
    ) -> Any:
        return scattered(kind, self._variable, indices, updates, use_locking, name)


class ResourceVariable(Variable):
    """A variable behind a handle, read by ops of its own (`use_resource=True`)."""

    def _build(self, initial_value: Any, dtype: Any, shape: Any, scope: str) -> None:
        op_name = scope[:-1]
        first = self._initial_value = self._initial_tensor(initial_value, dtype, op_name)
        self._set_type(first, shape)
        with scopes.get_default_graph()._attr_scope({"_class": [b"loc:@" + op_name.encode()]}):
            self.handle: Tensor = state.VarHandleOp(
                shape=self._shape, dtype=self._dtype, shared_name=op_name, name=scope
            )
        with scopes.name_scope("IsInitialized"):
            state.VarIsInitializedOp(self.handle)
        device = self.handle.device
        with (
            scopes.name_scope("Assign") as assign,
            scopes.colocate_with(None, True),
            scopes.device(device),
        ):
            self._initializer_op = state.AssignVariableOp(
                self.handle, guarded(op_name, first), name=assign
            )
        with scopes.name_scope("Read"):
            with scopes.device(device):
                self._graph_element: Tensor = state.ReadVariableOp(self.handle, dtype=self._dtype)
            self._cached_value: Tensor | None = None
            if self._caching_device is not None:
                with scopes.colocate_with(None, True), scopes.device(self._caching_device):
                    self._cached_value = array.Identity(self._graph_element)

    def _set_type(self, first: Tensor, shape: Any) -> None:
        """Take dtype and shape from the initial value, or the shape given."""
        if shape is not None and not first.shape.is_compatible_with(shape):
            raise ValueError(
                f"In this `tf.Variable` creation, the initial value's shape ({first.shape}) is not "
                f"compatible with the explicitly supplied `shape` argument ({shape})."
            )
        self._shape = first.shape if shape is None else TensorShape(shape)
        self._dtype = first.dtype.base_dtype

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Add to what is known of the static shape."""
        self._shape = self._shape.merge_with(shape)

    @property
    def create(self) -> Operation:
        return self._initializer_op

    def _reference(self) -> Tensor:
        return self.handle

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Whether a session has a value for the variable."""
        found: Tensor = state.VarIsInitializedOp(self.handle, name=name)
        return found

    def value(self) -> Tensor:
        if self._cached_value is not None:
            return self._cached_value
        with scopes.colocate_with(None, ignore_existing=True):
            return self._read()

    def _read(self) -> Tensor:
        recording.accessed(self)
        read: Tensor = state.ReadVariableOp(self.handle, dtype=self._dtype)
        return read

    def read_value(self) -> Tensor:
        with scopes.name_scope("Read"):
            value = self._read()
        read: Tensor = array.Identity(value)
        return read

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows `indices`, without reading the whole variable."""
        recording.accessed(self)
        with scopes.name_scope(name, "Gather") as scope:
            rows: Tensor = ResourceGather(self.handle, indices, dtype=self._dtype, name=scope)
        return rows

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The slices at `indices[..., :]`."""
        recording.accessed(self)
        with scopes.name_scope(name, "GatherNd") as scope:
            found = ResourceGatherNd(self.handle, indices, dtype=self._dtype, name=scope)
        result: Tensor = array.Identity(found)
        return result

    def _updated(
        self, kind: str, value: Any, use_locking: bool, name: str | None, read_value: bool
    ) -> Any:
        value = convert.to_tensor(value, self._dtype)
        if kind == "Assign":
            if not self._shape.is_compatible_with(value.shape):
                raise ValueError(
                    f"Cannot assign value to variable '{self.name}': Shape mismatch. The variable shape "
                    f"{self._shape}, and the assigned value shape {value.shape} are incompatible."
                )
            validate = self._validate_shape and self._shape.is_fully_defined()
            updated = state.AssignVariableOp(self.handle, value, validate_shape=validate, name=name)
        else:
            updated = opdef.get(f"{kind}VariableOp").endpoint(self.handle, value, name=name)
        return self._lazy_read(updated) if read_value else updated

    def _lazy_read(self, op: Operation) -> _UpdatedVariable:
        return _UpdatedVariable(self, op)

    def _scattered(
        self, kind: str, indices: Any, updates: Any, use_locking: bool, name: str | None
    ) -> Any:
        return scattered(kind, self, indices, updates, None, name)


class _UpdatedVariable(ResourceVariable):
    """A resource variable as it is after an update."""

    def __init__(self, variable: ResourceVariable, update: Operation) -> None:
        self.__dict__.update(variable.__dict__)
        self._cached_value = None
        self._update = update
        self._graph_element = self._read()

    def _read(self) -> Tensor:
        with scopes.control_dependencies([self._update]):
            read: Tensor = state.ReadVariableOp(self.handle, dtype=self._dtype)
        return read

    @property
    def name(self) -> str:
        return self._update.name

    @property
    def op(self) -> Operation:
        return self._update

    def value(self) -> Tensor:
        return self._read()

    def read_value(self) -> Tensor:
        return self._read()

    def _updated(self, *args: Any) -> Any:
        with scopes.control_dependencies([self._update]):
            return super()._updated(*args)

    def _scattered(self, *args: Any) -> Any:
        with scopes.control_dependencies([self._update]):
            return super()._scattered(*args)


# -- conversion and operators ----------------------------------------------------------------------


def _to_tensor(
    variable: Variable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    if dtype is not None and not as_dtype(dtype).is_compatible_with(variable.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{as_dtype(dtype).name}' for variable of type "
            f"'{variable.dtype.name}' (Variable: {variable})."
        )
    return variable._reference() if as_ref else variable.value()


convert.register_tensor_conversion_function(Variable, _to_tensor)

take_operators(Variable, lambda variable: variable.value())


def _no_in_place(name: str, instead: str) -> None:
    def refuse(self: Variable, other: Any) -> Any:
        raise RuntimeError(
            f"`variable {name} value` with `tf.Variable`s is not supported. Use {instead} to modify the "
            "variable, or `out = variable + value` and the like for a new tensor."
        )

    setattr(ResourceVariable, {"+=": "__iadd__", "-=": "__isub__", "*=": "__imul__"}[name], refuse)


_no_in_place("+=", "`variable.assign_add(value)`")
_no_in_place("-=", "`variable.assign_sub(value)`")
_no_in_place("*=", "`variable.assign(variable * value)`")
