"""The namespace that is NumPy's for concrete values and JAX's for traced ones."""

import builtins

import numpy as np

from tf1x.ops import xp


def test_its_functions_do_not_hide_pythons_in_the_module() -> None:
    shared = {name for name in np.__all__ if hasattr(builtins, name) and getattr(xp, name)}
    assert {"any", "all", "abs", "max", "sum"} <= shared
    assert not shared & set(vars(xp))


def test_only_what_was_noted_is_kept() -> None:
    value, old = object(), object()
    checks = xp.Checks()
    assert xp.any([1])
    assert not checks.keep(value, old)
    checks.note_kept([value], [old])
    assert checks.keep(value, old)
    assert not checks.keep(old, value)
    checks.failed.append((None, True))
    assert not checks.keep(value, old)  # the check came after the update
