"""`tf.contrib.training.HParams`: a program's hyperparameters by name, with types."""

from __future__ import annotations

import json
import numbers
import re
from typing import Any

from tf1x.api import export

# One setting of `parse`: name=value, name[index]=value or name=[value, value, ...]; as in
# TensorFlow a value of the first two forms ends at a comma.
_SETTING = re.compile(
    r"""\s*(?P<name>[a-zA-Z][\w.]*)\s*(?:\[\s*(?P<index>\d+)\s*\])?\s*=\s*
        (?:\[(?P<list>[^\]]*)\]|(?P<value>[^,\[]*))\s*(?:,|$)""",
    re.VERBOSE,
)


@export("contrib.training.HParams")
class HParams:
    """Hyperparameters (`tf.contrib.training.HParams`): attributes whose types stay what they are.

    Example:
        >>> hparams = tf.contrib.training.HParams(learning_rate=0.1, layers=[128, 128])
        >>> hparams.parse("learning_rate=0.3,layers=[64,32]")
        >>> hparams.learning_rate
        0.3
    """

    def __init__(self, model_structure: Any = None, **kwargs: Any) -> None:
        self._types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Add one; the value, or the first element of a list, gives its type.

        Raises:
            ValueError: the name is taken or reserved, or the value an empty list.
        """
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        is_list = isinstance(value, (list, tuple))
        if is_list and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._types[name] = (type(value[0] if is_list else value), is_list)
        setattr(self, name, list(value) if is_list else value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Give one that exists a value, which is cast to its type.

        Raises:
            KeyError: there is none of that name.
            ValueError: the value does not fit, or is a list where there was none, or the reverse.
        """
        kind, is_list = self._type(name)
        if is_list != isinstance(value, list):
            raise ValueError(
                f"Must pass {'a list' if is_list else 'no list'} for the parameter: {name}."
            )
        cast = [_cast(name, kind, v) for v in value] if is_list else _cast(name, kind, value)
        setattr(self, name, cast)

    def _type(self, name: str) -> tuple[type, bool]:
        if name not in self._types:
            raise KeyError(f"Unknown hyperparameter: {name}. There are: {', '.join(self._types)}")
        return self._types[name]

    def del_hparam(self, name: str) -> None:
        """Remove one, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._types[name]

    def parse(self, values: str) -> HParams:
        """Set those that a string names: `"a=1,b=[1,2],c[0]=3"`.

        Raises:
            ValueError: an unknown name, a value that does not fit, or a malformed string.
        """
        position, new, elements = 0, {}, {}
        while position < len(values):
            found = _SETTING.match(values, position)
            if not found:
                raise ValueError(f"Malformed hyperparameter value: {values[position:]}")
            position = found.end()
            name = found["name"]
            if name not in self._types:
                raise ValueError(f"Unknown hyperparameter type for {name}")
            kind, is_list = self._types[name]
            if name in new or (name, found["index"]) in elements:
                raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
            if found["index"] is not None:
                if not is_list or found["list"] is not None:
                    raise ValueError(f"Cannot set an element of {name!r} in {values}")
                elements[name, found["index"]] = _parsed(name, kind, found["value"])
            elif found["list"] is not None:
                items = [x for x in re.split(r"[,\s]+", found["list"].strip()) if x]
                new[name] = [_parsed(name, kind, item) for item in items]
            else:
                one = _parsed(name, kind, found["value"])
                new[name] = [one] if is_list else one
        self.override_from_dict(new)
        for (name, index), value in elements.items():
            items = getattr(self, name)
            items += [None] * (int(index) + 1 - len(items))
            items[int(index)] = value
        return self

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Set those that a dictionary names (see `set_hparam`)."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json: str) -> HParams:
        """Set those that a JSON object names."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """All values as a JSON object (functions, which JSON does not know, are left out)."""
        values = {k: v for k, v in self.values().items() if not callable(v)}
        return json.dumps(values, indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._types}

    def get(self, key: str, default: Any = None) -> Any:
        """A value, or `default` where there is none.

        Raises:
            ValueError: `default` is not of the parameter's type.
        """
        if key not in self._types:
            return default
        if default is not None:
            kind, is_list = self._types[key]
            if is_list != isinstance(default, list):
                raise ValueError(f"The default of {key} must be {'a' if is_list else 'no'} list.")
            for value in default if is_list else [default]:
                _cast(key, kind, value)
        return getattr(self, key)

    def get_model_structure(self) -> Any:
        return self._model_structure

    def set_model_structure(self, model_structure: Any) -> None:
        self._model_structure = model_structure

    def __contains__(self, key: str) -> bool:
        return key in self._types

    def __str__(self) -> str:
        return str(sorted(self.values().items()))

    def __repr__(self) -> str:
        return f"HParams({str(self)[1:-1]})"


def _parsed(name: str, kind: type, text: str) -> Any:
    text = text.strip()
    if kind is bool:
        if text not in ("true", "True", "false", "False", "0", "1"):
            raise ValueError(f"Could not parse hparam value for {name}: {text!r} is no boolean")
        return text in ("true", "True", "1")
    if kind is type(None):
        kind = str
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(
            f"Could not parse hparam value for {name}: {text!r} as {kind.__name__}"
        ) from error


def _cast(name: str, kind: type, value: Any) -> Any:
    """`value` as the parameter's type, where nothing is lost by it."""
    if value is None or kind is type(None) or (isinstance(value, kind) and kind is not int):
        return value
    if kind is int and isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    fits = {
        str: isinstance(value, (str, bytes)),
        bool: isinstance(value, bool),
        float: isinstance(value, numbers.Number) and not isinstance(value, bool),
    }.get(kind, kind is not int and callable(kind))
    if not fits:
        raise ValueError(
            f"Could not cast hparam '{name}' of type '{kind.__name__}' from value {value!r}"
        )
    return kind(value) if kind in (float, int) else value
