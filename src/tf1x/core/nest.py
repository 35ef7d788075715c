"""Nested structures, as `tensorflow.python.util.nest` treats them.

Lists, tuples, named tuples, dicts (by sorted key) and views of dicts (`weights.values()`, in the
dict's own order) are structure; everything else is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MappingView
from typing import Any


def is_nested(value: Any) -> bool:
    """Whether `value` is structure (`nest.is_sequence`)."""
    return isinstance(value, (list, tuple, Mapping, MappingView))


is_sequence = is_nested


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        return iter([value[key] for key in sorted(value)])
    return iter(value)


def flatten(structure: Any) -> list[Any]:
    """The leaves, in order; a leaf itself gives a list of one."""
    if not is_nested(structure):
        return [structure]
    return [leaf for item in _items(structure) for leaf in flatten(item)]


def _rebuild(like: Any, items: list[Any]) -> Any:
    """A structure of the type of `like` around `items`."""
    if isinstance(like, Mapping):
        by_key = dict(zip(sorted(like), items, strict=True))
        kind: Any = type(like)
        try:
            return kind((key, by_key[key]) for key in like)
        except TypeError:
            return {key: by_key[key] for key in like}
    if _is_namedtuple(like):
        return type(like)(*items)
    if isinstance(like, MappingView):
        return items
    return type(like)(items)


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """`flat_sequence` in the form of `structure`.

    Raises:
        ValueError: the counts differ.
    """
    flat = list(flat_sequence)
    count = len(flatten(structure))
    if count != len(flat):
        raise ValueError(
            f"Could not pack sequence: the structure has {count} elements, but flat_sequence had {len(flat)}."
        )
    leaves = iter(flat)

    def build(part: Any) -> Any:
        if not is_nested(part):
            return next(leaves)
        return _rebuild(part, [build(item) for item in _items(part)])

    return build(structure)


def map_structure(func: Callable[..., Any], *structures: Any, **kwargs: Any) -> Any:
    """Apply `func` leaf by leaf to structures of one form.

    Raises:
        ValueError, TypeError: the structures differ.
    """
    check_types = kwargs.pop("check_types", True)
    if kwargs:
        raise ValueError(f"map_structure takes no arguments {sorted(kwargs)}.")
    if not structures:
        raise ValueError("Must provide at least one structure")
    for other in structures[1:]:
        assert_same_structure(structures[0], other, check_types=check_types)
    flat = zip(*(flatten(s) for s in structures), strict=True)
    return pack_sequence_as(structures[0], [func(*leaves) for leaves in flat])


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True) -> None:
    """Raise unless both have the same form.

    Raises:
        ValueError: different nesting or counts.
        TypeError: different types of container, where `check_types`.
    """
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(
            f"The two structures don't have the same nested structure: {nest1!r} and {nest2!r}."
        )
    if not is_nested(nest1):
        return
    if check_types and _kind(nest1) is not _kind(nest2):
        raise TypeError(
            f"The two structures don't have the same sequence type: {type(nest1)} and {type(nest2)}."
        )
    if isinstance(nest1, Mapping) and set(nest1) != set(nest2):
        raise ValueError(
            f"The two structures don't have the same keys: {sorted(nest1)} and {sorted(nest2)}."
        )
    if len(nest1) != len(nest2):
        raise ValueError(
            f"The two structures don't have the same number of elements: {nest1!r} and {nest2!r}."
        )
    for a, b in zip(_items(nest1), _items(nest2), strict=True):
        assert_same_structure(a, b, check_types)


def _kind(value: Any) -> Any:
    return Mapping if isinstance(value, Mapping) else type(value)


def flatten_up_to(shallow: Any, structure: Any) -> list[Any]:
    """Flatten `structure` no deeper than `shallow` goes."""
    if not is_nested(shallow):
        return [structure]
    if not is_nested(structure) or len(structure) != len(shallow):
        raise ValueError(f"{structure!r} does not have the form of {shallow!r} at its top.")
    parts = zip(_items(shallow), _items(structure), strict=True)
    return [leaf for a, b in parts for leaf in flatten_up_to(a, b)]


def assert_shallow_structure(shallow: Any, structure: Any) -> None:
    """Raise ValueError unless `structure` has the form of `shallow` at its top."""
    flatten_up_to(shallow, structure)


def map_structure_up_to(shallow: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Apply `func` to the parts of `structures` at the leaves of `shallow`."""
    flat = zip(*(flatten_up_to(shallow, s) for s in structures), strict=True)
    return pack_sequence_as(shallow, [func(*parts) for parts in flat])


def flatten_dict_items(dictionary: Mapping[Any, Any]) -> dict[Any, Any]:
    """Pairs of nested keys and values as a flat dict.

    Raises:
        ValueError: a key occurs twice, or key and value differ in form.
    """
    flat: dict[Any, Any] = {}
    for key, value in dictionary.items():
        if is_nested(key):
            assert_same_structure(key, value, check_types=False)
            pairs = zip(flatten(key), flatten(value), strict=True)
        else:
            pairs = zip([key], [value], strict=True)
        for k, v in pairs:
            if k in flat:
                raise ValueError(f"Could not flatten dictionary: the key {k} is not unique.")
            flat[k] = v
    return flat
