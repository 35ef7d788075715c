"""What a `Saver` saves: for each variable the tensors to write, and how they are put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import DType
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.variable_functions import assign
from tf1x.lib.variables import RefVariable, ResourceVariable, Variable
from tf1x.ops import array, state
from tf1x.ops.saving import DisableCopyOnRead

_REFERENCES = ("VariableV2", "Variable", "AutoReloadVariable", "VarHandleOp", "ReadVariableOp")


class SaveSpec:
    """A tensor under a name of the checkpoint.

    Args:
        tensor: the tensor, or a function that makes it when the ops that save are built.
        slice_spec: "" or which part of which larger tensor it is: `"4 2 0,2:0,2"`.
        dtype, device: needed where `tensor` is a function.
    """

    def __init__(
        self, tensor: Any, slice_spec: str, name: str, dtype: Any = None, device: Any = None
    ) -> None:
        if callable(tensor) and (dtype is None or device is None):
            raise AssertionError(
                "When passing a callable `tensor` to a SaveSpec, an explicit dtype and device must "
                "be provided."
            )
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        self.dtype: DType = dtype if callable(tensor) else tensor.dtype
        self.device: str = tensor.device if device is None else device

    @property
    def tensor(self) -> Any:
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Base of what can be saved and restored under a name.

    Args:
        op: what stands for it; no two in a saver have the same.
        specs: the tensors to write.
    """

    def __init__(self, op: Any, specs: list[SaveSpec], name: str) -> None:
        self.op = op
        self.specs = specs
        self.name = name

    @property
    def device(self) -> str:
        return self.specs[0].device

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        """An op that puts the tensors back; `restored_shapes` are to be given to them, or None."""
        raise ValueError("Calling an abstract method.")


class VariableSaveable(SaveableObject):
    """A reference variable, or a part of one."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        super().__init__(var, [SaveSpec(var, slice_spec, name, dtype=var.dtype)], name)

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        tensor = restored_tensors[0]
        if restored_shapes is not None:
            tensor = array.reshape(tensor, restored_shapes[0])
        known = self.op.get_shape().is_fully_defined()
        return assign(self.op, tensor, validate_shape=restored_shapes is None and known)


class ResourceVariableSaveable(SaveableObject):
    """A resource variable (given by the tensor that reads it), or a part of one."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        self._var_device = var.device
        self._var_shape = var.shape
        if isinstance(var, Tensor):
            self.handle_op = var.op.inputs[0]
            tensor: Any = var
        else:
            self.handle_op = var.handle
            tensor = _read_later(var)
        spec = SaveSpec(tensor, slice_spec, name, dtype=var.dtype, device=var.device)
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        tensor = restored_tensors[0]
        if restored_shapes is not None:
            tensor = array.reshape(tensor, restored_shapes[0])
        with scopes.device(self._var_device):
            tensor = array.Identity(tensor)
            if not self._var_shape.is_compatible_with(tensor.shape):
                raise ValueError(
                    f"Received incompatible tensor with shape {tensor.shape} when attempting to "
                    f"restore variable with shape {self._var_shape} and name {self.name}."
                )
            # TensorFlow does not validate: it takes a tensor of another shape in silence.
            return state.AssignVariableOp(
                self.handle_op, tensor, validate_shape=self._var_shape.is_fully_defined()
            )


def _read_later(var: ResourceVariable) -> Callable[[], Tensor]:
    def read() -> Tensor:
        with scopes.device(var.device):
            with scopes.name_scope("Read"):
                DisableCopyOnRead(var.handle)
                value = state.ReadVariableOp(var.handle, dtype=var.dtype)
            value = array.Identity(value)
            with scopes.device("/device:CPU:0"):
                copy: Tensor = array.Identity(value)
        return copy

    return read


def all_saveable_objects(scope: str | None = None) -> list[Any]:
    """The graph's global variables and other saveable objects."""
    found = scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, scope)
    return found + scopes.get_collection(GraphKeys.SAVEABLE_OBJECTS, scope)


def saveable_objects_for_op(op: Any, name: Any) -> Iterator[SaveableObject]:
    """The saveable objects of a variable, a list of the parts of one, or a tensor of one.

    Raises:
        TypeError: it is none of these, or the name is no text.
        ValueError: the parts are not those of one variable.
    """
    if not isinstance(name, str):
        raise TypeError(
            "names_to_saveables must be a dict mapping string names to trackable operations. "
            f"Name is not a string: {name}"
        )
    if isinstance(op, SaveableObject):
        yield op
    elif isinstance(op, (list, tuple, PartitionedVariable)):
        yield from _parts(list(op), name)
    elif isinstance(op, ResourceVariable):
        yield ResourceVariableSaveable(op._graph_element, "", name)
    else:
        tensor = convert.to_tensor(op, as_ref=True)
        if tensor.op.type not in _REFERENCES:
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to Tensors/Variables. "
                f"Not a variable: {tensor}"
            )
        kind = VariableSaveable if tensor.dtype._is_ref_dtype else ResourceVariableSaveable
        yield kind(tensor, "", name)


def _parts(items: list[Any], name: str) -> Iterator[SaveableObject]:
    whole = None
    for item in items:
        if isinstance(item, SaveableObject):
            yield item
            continue
        if not isinstance(item, Variable):
            raise ValueError(f"Slices must all be Variables: {item}")
        info = item._get_save_slice_info()
        if not info:
            raise ValueError(f"Slices must all be slices: {item}")
        if whole is None:
            whole = info.full_name
        elif whole != info.full_name:
            raise ValueError(
                f"Slices must all be from the same tensor: {whole} != {info.full_name}"
            )
        kind = VariableSaveable if isinstance(item, RefVariable) else ResourceVariableSaveable
        yield kind(item, info.spec, name)


def op_list_to_dict(op_list: Any, convert_variable_to_tensor: bool = True) -> dict[str, Any]:
    """The variables of a list (tuple, set) by the names that a checkpoint has for them.

    Raises:
        TypeError: it is no list, or something in it no variable.
        ValueError: two have the same name.
    """
    if not isinstance(op_list, (list, tuple, set)):
        raise TypeError(f"Variables to save should be passed in a dict or a list. Got {op_list}")
    found: dict[str, Any] = {}
    items = [x for item in op_list for x in _flat(item)]
    for var in sorted(items, key=lambda item: item.name):
        if isinstance(var, SaveableObject):
            found[var.name] = var
            continue
        part = var._get_save_slice_info() if isinstance(var, Variable) else None
        if part:
            parts = found.setdefault(part.full_name, [])
            if not isinstance(parts, list):
                raise ValueError(
                    f"Mixing slices and non-slices with the same name: {part.full_name}"
                )
            parts.append(var)
            continue
        name = var.name
        if not isinstance(var, PartitionedVariable):
            tensor = _tensor_of(var)
            name = (
                tensor.op.inputs[0].op.name
                if tensor.op.type == "ReadVariableOp"
                else tensor.op.name
            )
            var = tensor if convert_variable_to_tensor else var
        if name in found:
            raise ValueError(f"At least two variables have the same name: {name}")
        found[name] = var
    return found


def _flat(item: Any) -> list[Any]:
    return [item] if isinstance(item, PartitionedVariable) else nest.flatten(item)


def _tensor_of(var: Any) -> Tensor:
    if isinstance(var, ResourceVariable):
        return var._graph_element
    tensor = convert.to_tensor(var, as_ref=True)
    if tensor.op.type not in _REFERENCES:
        raise TypeError(f"Variable to save is not a Variable: {tensor}")
    return tensor


def validate_and_slice_inputs(names_to_saveables: dict[str, Any]) -> list[SaveableObject]:
    """The saveable objects of variables by name, in the order of the names.

    Raises:
        ValueError: a variable has two names.
    """
    found: list[SaveableObject] = []
    seen: set[int] = set()
    try:
        ordered = sorted(names_to_saveables.items(), key=lambda pair: pair[0])
    except TypeError:
        ordered = list(names_to_saveables.items())
    for name, op in ordered:
        for saveable in saveable_objects_for_op(op, name):
            if saveable.op is not None and id(saveable.op) in seen:
                raise ValueError(
                    f"The same saveable will be restored with two names: {saveable.name}"
                )
            found.append(saveable)
            seen.add(id(saveable.op))
    return found
