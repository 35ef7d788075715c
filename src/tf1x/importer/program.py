"""Running a program with `import tensorflow` served by tf1x (`tf1x run`)."""

from __future__ import annotations

import difflib
import gc
import importlib.util
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

from tf1x.importer import hook, notebook, old_source, tracebacks
from tf1x.importer import shims as period
from tf1x.runtime import cache


class ProgramError(Exception):
    """The program cannot be started; the message says why and what to do."""


def run(
    program: str,
    arguments: list[str],
    is_module: bool = False,
    full_traceback: bool = False,
    shims: bool = True,
    py2: bool = False,
) -> int:
    """Run a script, notebook or module in this process.

    Args:
        program: a path, or a module's name.
        arguments: the program's own, for `sys.argv`.
        full_traceback: keep tf1x's own frames, as `TF1X_TRACEBACK=full` does.
        shims: give the program what other libraries had at the time (`tf1x.importer.shims`).
        py2: translate Python 2 in memory; with shims only.

    Returns:
        The exit status: 0, or 1 after an uncaught error, which is printed.

    Raises:
        SystemExit: the program's own.
    """
    full = full_traceback or os.environ.get("TF1X_TRACEBACK") == "full"
    try:
        start = _prepare_module(program) if is_module else _prepare_path(program, shims, py2)
    except ProgramError as error:
        print(f"tf1x: {error}", file=sys.stderr)
        return 1
    cache.quiet()
    cache.enable()
    hook.install()
    if shims:
        period.install()
        old_source.install(py2)
    sys.argv = [program, *arguments]
    gc.freeze()  # JAX's and our own modules: at the end of the process alone they take 0.3 s
    try:
        start()
    except Exception as error:
        _report(error, full)
        return 1
    except KeyboardInterrupt as error:
        _report(error, full)
        return 130
    return 0


def _report(error: BaseException, full: bool) -> None:
    sys.stdout.flush()
    if sys.excepthook is not sys.__excepthook__:  # the program's own
        sys.excepthook(type(error), error, error.__traceback__)
    else:
        print(tracebacks.text(error, full), file=sys.stderr, end="")


def _prepare_path(program: str, shims: bool, py2: bool) -> Callable[[], object]:
    path = Path(program)
    if not path.exists():
        raise ProgramError(_missing_file(path))
    if path.is_dir() and not (path / "__main__.py").exists():
        raise ProgramError(f"{program} is a folder without a __main__.py: name a script in it.")
    _set_first_path(str(path.resolve() if path.is_dir() else path.resolve().parent))
    if path.suffix == ".ipynb":
        return lambda: notebook.run(path, *([old_source.rewritten] if shims else []))
    if not shims:
        return lambda: runpy.run_path(program, run_name="__main__")
    script = os.path.join(program, "__main__.py") if path.is_dir() else program
    return lambda: old_source.run_path(script, py2)


def _missing_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no file {str(path)!r}: its folder does not exist either."
    scripts = [f.name for f in folder.iterdir() if f.suffix in (".py", ".ipynb")]
    close = difflib.get_close_matches(path.name, scripts, 3, 0.5)
    hint = f" Close to it: {', '.join(str(folder / name) for name in close)}." if close else ""
    return f"there is no file {str(path)!r} (here is {os.getcwd()}).{hint}"


def _prepare_module(name: str) -> Callable[[], object]:
    _set_first_path(os.getcwd())
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a package above it
        found = None
    if found is None:
        raise ProgramError(
            f"there is no module {name!r} here ({os.getcwd()}) or among the installed ones; "
            "for a file, write its path without -m."
        )
    return lambda: runpy.run_module(name, run_name="__main__", alter_sys=True)


def _set_first_path(folder: str) -> None:
    """Where the program's own modules are found: in place of the command's folder."""
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.path.insert(0, folder)
