"""Classes that take the arguments of Keras 1 and 2 and make the objects of Keras 3.

`period(Dense, renames={"output_dim": "units"})` is a class of the same name. Calling it translates
the arguments and makes a genuine Keras object; `isinstance` and `issubclass` ask the genuine class;
a class that a program derives from it is one of Keras's own, whose `__init__` translates as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

Translation = Callable[[tuple[Any, ...], dict[str, Any]], tuple[tuple[Any, ...], dict[str, Any]]]


class Period(type):
    """Metaclass of the translating classes."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if not cls._is_period():
            return super().__call__(*args, **kwargs)
        args, kwargs = cls._translate(args, kwargs)  # type: ignore[attr-defined]
        after = kwargs.pop("_after", None)
        made = cls._genuine(*args, **kwargs)  # type: ignore[attr-defined]
        if after is not None:
            after(made)
        return made

    def _is_period(cls) -> bool:
        return "_genuine" in cls.__dict__

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls._is_period():
            return isinstance(instance, cls._genuine)  # type: ignore[attr-defined]
        return super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: Any) -> bool:
        if cls._is_period():
            return issubclass(subclass, cls._genuine)  # type: ignore[attr-defined]
        return super().__subclasscheck__(subclass)


def period(
    genuine: type,
    translate: Translation | None = None,
    name: str | None = None,
    positional: str = "",
    **changes: Any,
) -> Any:
    """A class that translates arguments and makes instances of `genuine`.

    Args:
        translate: takes and returns positional and keyword arguments. A keyword argument `_after`
            that it returns is called with the object made.
        name: by default that of `genuine`.
        positional, changes: see `translation`.
    """
    work = translate or translation(genuine, positional=positional, **changes)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        args, kwargs = work(args, kwargs)
        after = kwargs.pop("_after", None)
        genuine.__init__(self, *args, **kwargs)
        if after is not None:
            after(self)

    return Period(
        name or genuine.__name__,
        (genuine,),
        {
            "__init__": init,
            "__doc__": genuine.__doc__,
            "__module__": genuine.__module__,
            "_genuine": genuine,
            "_translate": staticmethod(work),
        },
    )


def translation(
    genuine: Any,
    renames: dict[str, str] | None = None,
    defaults: dict[str, Any] | None = None,
    ignored: tuple[str, ...] = (),
    positional: str = "",
    then: Callable[[dict[str, Any]], None] | None = None,
) -> Translation:
    """How arguments of the time become those of `genuine`.

    Args:
        renames: old keyword names to new ones.
        defaults: where the default was another.
        ignored: accepted, and of no effect.
        positional: the old order of the positional arguments, where it was another (old or new
            names, separated by blanks).
        then: changes the keyword arguments in place, last.

    Raises (the translation, when it is called):
        TypeError: an argument is given under both names.
    """
    old_order = positional.split()
    known: list[str] = []

    def translate(
        args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        order = old_order
        if args and then is not None and not order:
            order = known or known.extend(_parameters(genuine)) or known
        if order:
            if len(args) > len(order):
                raise TypeError(
                    f"{genuine.__name__} takes {len(order)} positional arguments, got {len(args)}"
                )
            for name, value in zip(order, args, strict=False):
                if name in kwargs:
                    raise TypeError(f"{genuine.__name__} got two values for {name!r}")
                kwargs[name] = value
            args = ()
        for name in ignored:
            kwargs.pop(name, None)
        for old, new in (renames or {}).items():
            if old in kwargs:
                value = kwargs.pop(old)
                if new in kwargs:
                    raise TypeError(f"{genuine.__name__}: give {new!r} or {old!r}, not both.")
                kwargs[new] = value
        given = {*kwargs, *_parameters(genuine)[: len(args)]} if args and defaults else kwargs
        kwargs.update((k, v) for k, v in (defaults or {}).items() if k not in given)
        if then is not None:
            then(kwargs)
        return args, kwargs

    return translate


def _parameters(genuine: Any) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = inspect.signature(genuine.__init__).parameters.values()
    return [p.name for p in found if p.kind in kinds][1:]
