"""`tf.flags`, `tf.app.run`: absl's flags, with what TensorFlow 1 adds.

The flags are parsed when one is first read, so `tf.app.run()` is not needed; flags that nobody
defined are left to the program. `DEFINE_*` takes TensorFlow's older argument names too.

`absl.app` and `absl.logging` are not used: they define flags of their own (`--log_dir`,
`--verbosity`, ...), names that programs for TensorFlow 1.4 and earlier define themselves.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from absl import flags as _absl_flags

_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_HELP = ("--help", "-h", "--helpshort", "--helpfull")

# Flags belong to the module that defines them (for --help): never to this one.
_absl_flags.disclaim_key_flags()


class _Flags:
    """`tf.flags.FLAGS`: absl's, parsed at the first look at a flag."""

    def __init__(self, wrapped: _absl_flags.FlagValues) -> None:
        object.__setattr__(self, "_wrapped", wrapped)

    def _parse_flags(self, args: list[str] | None = None) -> None:
        """Parse `sys.argv` now, as programs for TensorFlow 1.4 and earlier ask for."""
        self(sys.argv if args is None else sys.argv[:1] + list(args), known_only=True)

    def __getattr__(self, name: str) -> Any:
        wrapped = self._wrapped
        if name in wrapped and not wrapped.is_parsed():
            self._parse_flags()
        return getattr(wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._wrapped, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._wrapped, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._wrapped(*args, **kwargs)

    def __getitem__(self, name: str) -> Any:
        return self._wrapped[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        self._wrapped[name] = flag

    def __contains__(self, name: str) -> bool:
        return name in self._wrapped

    def __iter__(self) -> Iterator[str]:
        return iter(self._wrapped)

    def __len__(self) -> int:
        return len(self._wrapped)

    def __dir__(self) -> list[str]:
        return dir(self._wrapped)

    def __repr__(self) -> str:
        return repr(self._wrapped)


FLAGS = _Flags(_absl_flags.FLAGS)


def _FlagValues() -> _Flags:
    """Flags of their own: tests of the time write `tf.flags.FLAGS = tf.flags._FlagValues()`."""
    return _Flags(_absl_flags.FlagValues())


def _define(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        kwargs = {_OLD_NAMES.get(key, key): value for key, value in kwargs.items()}
        kwargs.setdefault("flag_values", FLAGS._wrapped)
        return function(*args, **kwargs)

    return wrapper


for _name in dir(_absl_flags):
    if _name.startswith("DEFINE"):
        globals()[_name] = _define(getattr(_absl_flags, _name))


def __getattr__(name: str) -> Any:
    """Everything else is absl's own (`mark_flag_as_required`, the parsers, the errors)."""
    if name == "_global_parser":
        from tf1x.lib.global_parser import GlobalParser

        globals()[name] = GlobalParser()
        return globals()[name]
    return getattr(_absl_flags, name)


def run(main: Callable[[list[str]], Any] | None = None, argv: list[str] | None = None) -> None:
    """Parse the flags, call `main(argv)` with what is left of `argv`, and exit (`tf.app.run`).

    Args:
        main: by default the program's own function `main`.
        argv: by default `sys.argv`.
    """
    program = sys.modules["__main__"]
    main = main or program.main  # type: ignore[attr-defined]
    argv = list(sys.argv if argv is None else argv)
    if "help" not in FLAGS and any(option in argv[1:] for option in _HELP):
        print(f"{program.__doc__ or argv[0]}\nflags:\n{FLAGS.main_module_help()}")
        sys.exit(0)
    try:
        rest = FLAGS(argv, known_only=True)
    except _absl_flags.Error as error:
        sys.exit(f"{argv[0]}: {error}\n`--help` tells the flags.")
    sys.exit(main(rest))
