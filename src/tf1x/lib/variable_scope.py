"""`tf.variable_scope` and `tf.get_variable`: variables by name, shared where the program says so.

The variables of `get_variable` and the current scope belong to the graph; the scope also to the
thread, as in TensorFlow.
"""

from __future__ import annotations

import copy
import enum
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tf1x.api import define, export
from tf1x.core import scopes
from tf1x.core.dtypes import float32
from tf1x.core.scopes import GraphKeys
from tf1x.lib.variable_store import VariableStore


class _Reuse(enum.Enum):
    AUTO_REUSE = 1


AUTO_REUSE = _Reuse.AUTO_REUSE
define(AUTO_REUSE, "AUTO_REUSE")

_STORE_KEY = "__variable_store"
_SCOPES_KEY = "__variable_scope"


class _Settings:
    use_resource = False


_settings = _Settings()


@export("enable_resource_variables")
def enable_resource_variables() -> None:
    """Make resource variables the default from now on."""
    _settings.use_resource = True


@export("disable_resource_variables")
def disable_resource_variables() -> None:
    """Make reference variables the default again."""
    _settings.use_resource = False


@export("resource_variables_enabled")
def resource_variables_enabled() -> bool:
    """Whether resource variables are the default."""
    return _settings.use_resource


def default_use_resource() -> bool:
    """What `tf.Variable` makes where the program does not say."""
    chosen = get_variable_scope().use_resource
    return _settings.use_resource if chosen is None else bool(chosen)


@export("no_regularizer")
def no_regularizer(_: Any) -> None:
    """Use this as a regularizer to switch that of the enclosing scope off."""


@export("VariableScope")
class VariableScope:
    """Defaults for `get_variable`: a prefix of names, reuse, initializer and so on."""

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: bool | None = None,
        constraint: Any = None,
    ) -> None:
        self._name = name
        self._reuse = reuse
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    @property
    def name(self) -> str:
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that was opened when this scope was first entered."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        return self._reuse

    @property
    def initializer(self) -> Any:
        return self._initializer

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def use_resource(self) -> bool | None:
        return self._use_resource

    @property
    def regularizer(self) -> Any:
        return self._regularizer

    @property
    def caching_device(self) -> Any:
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        return self._partitioner

    @property
    def custom_getter(self) -> Any:
        return self._custom_getter

    @property
    def constraint(self) -> Any:
        return self._constraint

    def reuse_variables(self) -> None:
        """From now on only get variables that exist."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        self._custom_getter = custom_getter

    def get_collection(self, name: str) -> list[Any]:
        """The items of a collection whose names start with this scope's."""
        return scopes.get_collection(name, f"{self._name}/" if self._name else "")

    def trainable_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(self, var_store: VariableStore, name: str, **options: Any) -> Any:
        """Get or create a variable in `var_store`; see `tf.get_variable`."""
        for option in (
            "regularizer",
            "caching_device",
            "partitioner",
            "custom_getter",
            "reuse",
            "use_resource",
        ):
            if options.get(option) is None:
                options[option] = getattr(self, f"_{option}")
        full_name = f"{self._name}/{name}" if self._name else name
        # Variables come from the variable scope, not from the name scope.
        with scopes.name_scope(""):
            _check_initial_type(options.get("initializer"), options.get("dtype"))
            for option in ("initializer", "constraint", "dtype"):
                if options.get(option) is None:
                    options[option] = getattr(self, f"_{option}")
            return var_store.get_variable(full_name, **options)


def _check_initial_type(initializer: Any, dtype: Any) -> None:
    from tf1x.core.convert import to_tensor
    from tf1x.core.dtypes import as_dtype

    if dtype is None or initializer is None or callable(initializer):
        return
    given = to_tensor(initializer).dtype.base_dtype
    if given is not as_dtype(dtype).base_dtype:
        raise ValueError(
            f"Initializer type '{given.name}' and explicit dtype '{as_dtype(dtype).name}' don't match."
        )


class _ScopeStore(threading.local):
    """The current scope of a graph in a thread, and how often each scope name was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.counts: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_below(self, name: str) -> None:
        """Forget the scopes inside `name`, so that a second visit gives the same names."""
        for key in self.counts:
            if key.startswith(f"{name}/"):
                self.counts[key] = 0


def _scope_store() -> _ScopeStore:
    found = scopes.get_collection_ref(_SCOPES_KEY)
    if not found:
        found.append(_ScopeStore())
    store: _ScopeStore = found[0]
    return store


def get_variable_store() -> VariableStore:
    """The default graph's variables by name."""
    found = scopes.get_collection_ref(_STORE_KEY)
    if not found:
        found.append(VariableStore(keeps=not scopes.get_default_graph().outermost.is_eager))
    store: VariableStore = found[0]
    return store


@export("get_variable_scope")
def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _scope_store().current


_OPTIONS = (
    "initializer", "regularizer", "caching_device", "partitioner", "custom_getter", "dtype",
    "use_resource", "constraint",
)  # fmt: skip


@contextmanager
def pure_variable_scope(
    name_or_scope: Any, reuse: Any = None, old_name_scope: str | None = None, **options: Any
) -> Iterator[VariableScope]:
    """A variable scope without a name scope."""
    store = _scope_store()
    old = store.current
    again = isinstance(name_or_scope, VariableScope)
    base = name_or_scope if again else old
    scope = copy.copy(base)
    scope._reuse = reuse or base.reuse
    scope._constraint = None  # alone of all defaults, it is not inherited
    if not again:
        scope._name = f"{old.name}/{name_or_scope}" if old.name else name_or_scope
        scope._name_scope = name_or_scope if old_name_scope is None else old_name_scope
    for option, value in options.items():
        if value is not None:
            nested = option == "custom_getter"
            setattr(
                scope, f"_{option}", _nested_getter(value, base.custom_getter) if nested else value
            )
    store.open(scope.name)
    counts = dict(store.counts)
    store.current = scope
    try:
        yield scope
    finally:
        if store.current is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        if again:
            store.counts = counts
        else:
            store.close_below(scope.name)
        store.current = old


def _nested_getter(custom_getter: Callable[..., Any], old_getter: Any) -> Callable[..., Any]:
    """`custom_getter` around the getter of the enclosing scope."""
    if old_getter is None:
        return custom_getter

    def wrapped(getter: Any, *args: Any, **kwargs: Any) -> Any:
        return custom_getter(lambda *a, **k: old_getter(getter, *a, **k), *args, **kwargs)

    return wrapped


def _unique_scope_name(prefix: str) -> str:
    store = _scope_store()
    name = f"{store.current.name}/{prefix}" if store.current.name else prefix
    if not store.counts.get(name):
        return prefix
    index = 1
    while store.counts.get(f"{name}_{index}"):
        index += 1
    return f"{prefix}_{index}"


@export("variable_scope")
class variable_scope:  # noqa: N801  (TensorFlow's name)
    """Prefix the names of `get_variable`'s variables, and set its defaults.

    Args:
        name_or_scope: a name, or a `VariableScope` to enter again.
        default_name: the name where `name_or_scope` is None, made unique.
        values: tensors whose graph is to be used.
        initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource,
            constraint: defaults for `get_variable` inside.
        reuse: True to get existing variables only, `tf.AUTO_REUSE` to create those that are
            missing; None or False to inherit.
        auxiliary_name_scope: if false, no name scope is opened.

    Example:
        >>> with tf.variable_scope("layer"):
        ...     w = tf.get_variable("w", [2, 3])
        >>> with tf.variable_scope("layer", reuse=True):
        ...     tf.get_variable("w") is w
        True
    """

    def __init__(
        self,
        name_or_scope: Any,
        default_name: str | None = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse not in (True, False, None, AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}"
            )
        if name_or_scope is not None and not isinstance(name_or_scope, (VariableScope, str)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._graph = scopes.graph_of(values or [])
        self._reuse = reuse or None
        self._auxiliary = auxiliary_name_scope
        given = (initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource, constraint)  # fmt: skip
        self._options = dict(zip(_OPTIONS, given, strict=True))
        self._stacks: list[ExitStack] = []

    def __enter__(self) -> VariableScope:
        with ExitStack() as stack:
            stack.enter_context(self._graph.as_default())
            scope = self._enter(stack)
            self._stacks.append(stack.pop_all())
        return scope

    def _enter(self, stack: ExitStack) -> VariableScope:
        chosen = self._name_or_scope
        if chosen is None:
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            opened = stack.enter_context(self._name_scope(str(self._default_name)))
            name = _unique_scope_name(str(self._default_name))
            return stack.enter_context(pure_variable_scope(name, None, opened, **self._options))
        last = chosen if isinstance(chosen, str) else chosen.name.split("/")[-1]
        opened = None
        if last or not self._auxiliary:
            opened = stack.enter_context(self._name_scope(last))
        if not isinstance(chosen, str):
            opened = chosen.original_name_scope
        return stack.enter_context(
            pure_variable_scope(chosen, self._reuse, opened, **self._options)
        )

    def _name_scope(self, name: str) -> Any:
        if self._auxiliary:
            return scopes.name_scope(name)
        current = self._graph.get_name_scope()
        return scopes.name_scope(f"{current}/" if current else "")

    def __exit__(self, *exc_info: Any) -> Any:
        return self._stacks.pop().__exit__(*exc_info)


@export("variable_op_scope")
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, **options: Any
) -> Any:
    """The old form of `tf.variable_scope(name, default_name, values)`."""
    return variable_scope(name_or_scope, default_name, values, **options)


@export("get_variable")
def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Any:
    """The variable of this name in the current variable scope, created where reuse allows.

    Args:
        name: the variable's name; that of the variable scope is put before it.
        shape: required for a new variable unless `initializer` is a tensor or value.
        dtype: by default that of the scope (float32).
        initializer: a function of shape and dtype, or a tensor; Glorot's uniform distribution by
            default for floats, zeros for integers.
        regularizer: a function of the variable; its result joins
            `GraphKeys.REGULARIZATION_LOSSES`.
        partitioner: a function of shape and dtype that says into how many parts to split each
            dimension; the result is then a `PartitionedVariable`.
        custom_getter: a function that is called with the true getter and these arguments.
        trainable, collections, caching_device, validate_shape, use_resource, constraint: as those
            of `tf.Variable`.

    Raises:
        ValueError: the variable exists and reuse is not set, or does not exist and it is; another
            shape or type than the existing variable has; a new variable without a shape.
    """
    return get_variable_scope().get_variable(
        get_variable_store(), name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
        trainable=trainable, collections=collections, caching_device=caching_device, partitioner=partitioner,
        validate_shape=validate_shape, use_resource=use_resource, custom_getter=custom_getter,
        constraint=constraint, synchronization=synchronization, aggregation=aggregation,
    )  # fmt: skip


@export("get_local_variable")
def get_local_variable(
    name: str, shape: Any = None, dtype: Any = None, *args: Any, **kwargs: Any
) -> Any:
    """As `get_variable`, for a variable that is neither trained nor saved."""
    positions = ("initializer", "regularizer", "trainable", "collections")
    kwargs.update(zip(positions, args, strict=False))
    kwargs["trainable"] = False
    kwargs["collections"] = [*(kwargs.get("collections") or []), GraphKeys.LOCAL_VARIABLES]
    return get_variable(name, shape, dtype, **kwargs)
