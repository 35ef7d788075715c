"""Objects as graphs: what a checkpoint by objects saves, and under which keys.

An object depends on others by local names: a `Checkpoint` on its attributes, a layer on its
weights, an optimizer on its own variables, a list on its items. The tree of shortest paths gives
each variable its key in the checkpoint (`layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE`); the graph
itself is stored beside the values, so that a later program finds its objects in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tf1x.core import deferred, scopes
from tf1x.core.references import as_variable, variable_key
from tf1x.lib.layers.base import Layer
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.variables import Variable

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "VARIABLE_VALUE"


class Checkpointable:
    """Base of objects whose attributes a checkpoint saves (`tf.contrib.checkpoint.Checkpointable`).

    Attributes that are no checkpointable objects (numbers, strings, functions) are left out.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        deferred.objects_changed()

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        found = []
        for name, value in vars(self).items():
            if isinstance(value, NoDependency):
                continue
            if is_checkpointable(value):
                found.append((name, value))
        return found


class NoDependency:
    """Wraps a value that is not to be saved with the object it becomes an attribute of."""

    def __init__(self, value: Any) -> None:
        self.value = value


def is_checkpointable(value: Any) -> bool:
    """Whether a checkpoint can depend on a value."""
    value = as_variable(value)
    if isinstance(value, (Variable, Layer, Optimizer)) or hasattr(
        value, "_checkpoint_dependencies"
    ):
        return True
    if isinstance(value, Mapping):
        return any(isinstance(k, str) and is_checkpointable(v) for k, v in value.items())
    return isinstance(value, (list, tuple)) and any(map(is_checkpointable, value))


def dependencies(item: Any) -> list[tuple[str, Any]]:
    """The objects that an object depends on, by local name."""
    if isinstance(item, Variable):
        return []
    if isinstance(item, Optimizer):
        graph = scopes.get_default_graph().outermost
        own = {name: v for (name, where), v in item._non_slot_dict.items() if where is graph}
        return sorted(own.items())
    if isinstance(item, Layer):
        return list(_of_layer(item))
    if isinstance(item, Mapping):
        return [(k, v) for k, v in item.items() if isinstance(k, str) and is_checkpointable(v)]
    if isinstance(item, (list, tuple)):
        return [(str(i), v) for i, v in enumerate(item) if is_checkpointable(v)]
    return [
        (d.name, d.ref) if hasattr(d, "ref") and hasattr(d, "name") else tuple(d)
        for d in item._checkpoint_dependencies
    ]


def _of_layer(layer: Layer) -> Iterator[tuple[str, Any]]:
    """Weights by the names that `add_weight` was given; cells of cells; layers in attributes."""
    yield from layer._named_weights.items()
    names = set(layer._named_weights)
    for name, value in vars(layer).items():
        if name == "_cells":
            yield from ((f"cell-{i}", cell) for i, cell in enumerate(value))
        elif name == "_cell":
            yield "cell", value
        elif name == "_tracked":
            yield from ((f"layer-{i}", part) for i, part in enumerate(value))
        elif name not in _INTERNAL and name not in names and _is_part(value):
            yield name, value


_INTERNAL = frozenset({"_named_weights", "_trainable_weights", "_non_trainable_weights", "_nodes"})


def _is_part(value: Any) -> bool:
    """Whether an attribute of a layer is something with variables of its own."""
    if isinstance(value, Variable) or not is_checkpointable(value):
        return False
    if not isinstance(value, (list, tuple, Mapping)):
        return True
    items = value.values() if isinstance(value, Mapping) else value
    return not all(isinstance(v, Variable) for v in items)


def escaped(name: str) -> str:
    """A local name as part of a key."""
    return name.replace(".", "..").replace("/", ".S")


class ObjectGraph:
    """The objects that a root depends on, breadth first.

    Attributes:
        objects: all, the root first; slot variables of optimizers last.
        paths: the start of each object's keys.
        children: for each object, local names and numbers of its dependencies.
        slots: by the number of an optimizer: (number of a variable, slot name, number of the slot).
    """

    def __init__(self, root: Any) -> None:
        self.objects: list[Any] = [root]
        self.paths: list[str] = [""]
        self.children: list[list[tuple[str, int]]] = []
        self.slots: dict[int, list[tuple[int, str, int]]] = {}
        numbers = {_identity(root): 0}
        at = 0
        while at < len(self.objects):
            found = []
            for name, child in dependencies(self.objects[at]):
                key = _identity(child)
                if key not in numbers:
                    numbers[key] = len(self.objects)
                    self.objects.append(child)
                    prefix = f"{self.paths[at]}/" if self.paths[at] else ""
                    self.paths.append(prefix + escaped(name))
                found.append((name, numbers[key]))
            self.children.append(found)
            at += 1
        self._add_slots()

    def _add_slots(self) -> None:
        count = len(self.objects)
        for number in range(count):
            optimizer = self.objects[number]
            if not isinstance(optimizer, Optimizer):
                continue
            for name in optimizer.get_slot_names():
                for original in range(count):
                    variable = self.objects[original]
                    slot = (
                        optimizer.get_slot(variable, name)
                        if isinstance(variable, Variable)
                        else None
                    )
                    if slot is None:
                        continue
                    self.slots.setdefault(number, []).append((original, name, len(self.objects)))
                    self.objects.append(slot)
                    self.children.append([])
                    self.paths.append(
                        f"{self.paths[original]}/.OPTIMIZER_SLOT/{self.paths[number]}/{escaped(name)}"
                    )

    def variables(self) -> list[tuple[str, Any]]:
        """Keys and variables."""
        return [
            (f"{path}/.ATTRIBUTES/{VALUE}", item)
            for path, item in zip(self.paths, self.objects, strict=True)
            if isinstance(item, Variable)
        ]

    def to_proto(self) -> Any:
        """The graph as a `TrackableObjectGraph` message."""
        from tf1x.core import messages

        proto = messages.TrackableObjectGraph()
        for number, item in enumerate(self.objects):
            node = proto.nodes.add()
            for name, child in self.children[number]:
                node.children.add(node_id=child, local_name=name)
            for original, name, slot in self.slots.get(number, ()):
                node.slot_variables.add(
                    original_variable_node_id=original, slot_name=name, slot_variable_node_id=slot
                )
            if isinstance(item, Variable):
                node.attributes.add(
                    name=VALUE,
                    full_name=item._shared_name,
                    checkpoint_key=f"{self.paths[number]}/.ATTRIBUTES/{VALUE}",
                )
            node.has_checkpoint_values.value = True
        return proto


def _identity(item: Any) -> Any:
    """What two names of one object have in common."""
    if isinstance(item, Variable):
        return variable_key(item._reference()), id(item.graph)
    return id(item)
