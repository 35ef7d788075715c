"""What is "current" while a program builds its graph: the default graph, session and scopes.

Stacks are kept per thread, as TensorFlow's are.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tf1x.core.graph import Graph


class _Stack(threading.local):
    """A per-thread stack with a process-wide default for when it is empty."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    @contextmanager
    def pushed(self, item: Any) -> Iterator[Any]:
        self.items.append(item)
        try:
            yield item
        finally:
            # A session or graph may be left in another order than it was entered
            # (`InteractiveSession.close`), so remove this item wherever it stands.
            for i in range(len(self.items) - 1, -1, -1):
                if self.items[i] is item:
                    del self.items[i]
                    break


graphs = _Stack()
sessions = _Stack()

_global_graph: Graph | None = None
_graph_factory: Callable[[], Graph] | None = None


def set_graph_factory(factory: Callable[[], Graph]) -> None:
    """Tell how a new default graph is made (called once, by graph.py)."""
    global _graph_factory
    _graph_factory = factory


def get_default_graph() -> Graph:
    """The graph that new ops go to (`tf.get_default_graph`)."""
    if graphs.items:
        graph: Graph = graphs.items[-1]
        return graph
    global _global_graph
    if _global_graph is None:
        assert _graph_factory is not None
        _global_graph = _graph_factory()
    return _global_graph


def set_global_graph(graph: Graph | None) -> None:
    """Make a graph the default one wherever no other was entered; None: a new one, when needed."""
    global _global_graph
    _global_graph = graph


def get_global_graph() -> Graph | None:
    """The default graph where no other was entered; None if it was not needed yet."""
    return _global_graph


def executing_eagerly() -> bool:
    """Whether ops run as they are made (`tf.executing_eagerly`)."""
    return get_default_graph().is_eager


def reset_default_graph() -> None:
    """Forget the global default graph (`tf.reset_default_graph`).

    Raises:
        AssertionError: inside `with graph.as_default():`, where there is nothing to reset.
    """
    if graphs.items:
        raise AssertionError("Do not use tf.reset_default_graph() to clear nested graphs.")
    global _global_graph
    if _global_graph is None or not _global_graph.is_eager:
        _global_graph = None


def get_default_session() -> Any:
    """The innermost session entered by `with` or `as_default`, or None."""
    return sessions.items[-1] if sessions.items else None


def require_default_session(what: str) -> Any:
    """The default session.

    Raises:
        ValueError: there is none; the message says how to get one for `what`.
    """
    session = get_default_session()
    if session is None:
        raise ValueError(
            f"Cannot {what}: No default session is registered. "
            "Use `with sess.as_default()` or pass an explicit session."
        )
    return session


@contextmanager
def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None
) -> Iterator[str]:
    """Prefix the names of the ops created inside (`tf.name_scope`).

    Args:
        name: the scope's name; one that ends with "/" is re-entered as it is; None with a
            `default_name` takes that, made unique.
        default_name: the name where `name` is None.
        values: tensors whose graph is to be used; the default graph otherwise.

    Yields:
        The scope's full name, with a final "/" (or "" for the root).
    """
    graph = graph_of(values) if values else get_default_graph()
    with graph.as_default(), graph.name_scope(default_name if name is None else name) as scope:
        yield scope


@contextmanager
def scope_in(graph: Graph, name: str) -> Iterator[str]:
    """A name scope of a certain graph, which is the default one within."""
    with graph.as_default(), graph.name_scope(name) as scope:
        yield scope


def operator_scope(name: str, values: Any) -> AbstractContextManager[str]:
    """The name scope of a tensor's operator; while ops run as they are made none is needed."""
    if executing_eagerly():
        return nullcontext(name)
    return name_scope(None, name, values)


def graph_of(values: Any) -> Graph:
    """The graph of the first of `values` that has one, else the default graph.

    While a function is built, that is the default graph: it captures what stands around it.
    """
    default = get_default_graph()
    if default.is_function:
        return default
    for value in values:
        graph: Graph | None = getattr(value, "graph", None)
        if graph is not None and hasattr(graph, "unique_name"):
            if graph.is_eager and not default.is_eager:
                raise RuntimeError(
                    "Attempting to capture an EagerTensor without building a function: a tensor "
                    "that was computed eagerly is used in a graph. Give its `.numpy()`."
                )
            return graph
    return default


def control_dependencies(control_inputs: Any) -> Any:
    """`Graph.control_dependencies` of the default graph (`tf.control_dependencies`)."""
    return get_default_graph().control_dependencies(control_inputs)


def device(name: Any) -> Any:
    """`Graph.device` of the default graph (`tf.device`): recorded, not obeyed; XLA places."""
    return get_default_graph().device(name)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """`Graph.colocate_with` of the default graph (`tf.colocate_with`)."""
    return get_default_graph().colocate_with(op, ignore_existing)


def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """The name of an op or tensor ("^" and "loc:@" are kept in front) below a scope."""
    scope = (import_scope or "").rstrip("/")
    if not scope:
        return name
    return re.sub(r"([\^]|loc:@|^)(.*)", rf"\1{scope}/\2", name, count=1)


def strip_name_scope(name: str, export_scope: str | None) -> str:
    """The name of an op or tensor without the scope that it starts with."""
    scope = (export_scope or "").rstrip("/")
    if not scope:
        return name
    return re.sub(rf"([\^]|loc:@|^){re.escape(scope)}[/](.*)", r"\1\2", name, count=1)


def container(name: str) -> Any:
    """`Graph.container` of the default graph (`tf.container`)."""
    return get_default_graph().container(name)


def add_to_collection(name: str, value: Any) -> None:
    """Append a value to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Append a value to several collections of the default graph (names, or one name)."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """A copy of a collection of the default graph; with `scope`, the items whose names match it."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: str) -> list[Any]:
    """A collection of the default graph itself: changing the list changes the collection."""
    return get_default_graph().get_collection_ref(key)


class GraphKeys:
    """Names of the standard collections (`tf.GraphKeys`)."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    METRIC_VARIABLES = "metric_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    VARIABLES = GLOBAL_VARIABLES
    SUMMARIES = "summaries"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    CONCATENATED_VARIABLES = "concatenated_variables"
    SAVERS = "savers"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    SAVEABLE_OBJECTS = "saveable_objects"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SUMMARY_OP = "summary_op"
    GLOBAL_STEP = "global_step"
    EVAL_STEP = "eval_step"
    TRAIN_OP = "train_op"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"
    _SUMMARY_COLLECTION = "_SUMMARY_V2"
    _VARIABLE_COLLECTIONS = (
        GLOBAL_VARIABLES, LOCAL_VARIABLES, METRIC_VARIABLES, MODEL_VARIABLES,
        TRAINABLE_VARIABLES, MOVING_AVERAGE_VARIABLES, CONCATENATED_VARIABLES,
        TRAINABLE_VARIABLES,
    )  # fmt: skip
