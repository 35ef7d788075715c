"""The command line: `tf1x run`, `tf1x check`, `tf1x inspect`, `tf1x ops`."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from tf1x import api
from tf1x.core import opdef
from tf1x.core.opdef import OpDef
from tf1x.core.signature import Arg

_DESCRIPTION = """\
Runs TensorFlow 1 programs, unmodified, on JAX/XLA.

  tf1x run train.py --epochs 3     a script; what follows it are its own arguments
  tf1x run -m package.train        a module, as `python -m` runs it
  tf1x run course.ipynb            a notebook's code cells, in order
  tf1x check CODE                  what of a code base tf1x does not cover, without running it
  tf1x inspect model.ckpt-1000     what is in a checkpoint, graph, SavedModel, event or record file
  tf1x board logs                  TensorBoard over a folder of event files
  tf1x ops                         the ops that there are
  tf1x ops tf.matmul               one of them: arguments, gradient, where it is declared

In the program, `import tensorflow as tf` and its submodules are served by tf1x, in that process
only; an installed TensorFlow is left alone. In a notebook server, `import tf1x.install` as the
first cell does the same. New programs may write `import tf1x as tf`."""

_ENVIRONMENT = """\
environment:
  TF1X_CACHE=FOLDER     where compiled programs are kept (~/.cache/tf1x); `off`: nowhere
  TF1X_DATA=FOLDER      data sets, e.g. mnist.npz
  TF1X_NATIVE=0         without the C++ kernels (FOLDER: where they are kept, ~/.cache/tf1x/native)
  TF1X_RELEASE=1.0      the checks of that release; what 1.15 refuses, older ones may have run
  TF1X_SEEDS=tf2        default op seeds as TensorFlow 2 counts them, not as 1.x did
  TF1X_TRACEBACK=full   the same as --full-traceback"""

_RUN = """\
Runs a program with `import tensorflow` served by tf1x. Options come before the program; all that
follows belongs to it. The program's exit status is passed on; an uncaught error gives 1.

What other libraries had when TensorFlow 1 was current and have no more (np.float, np.load of
pickles, scipy.misc.imread, gym's four-value step, time.clock, sklearn.cross_validation, ...) is
supplied, and each such use named on standard error, unless --no-shims is given.

  tf1x run train.py --epochs 3
  tf1x run --full-traceback train.py
  tf1x run --py2 train.py          Python 2 as well: print "cost", cost
  tf1x run -m package.train --epochs 3
  tf1x run course.ipynb            IPython magics and !commands are skipped, with a note"""


_CHECK = """\
Reads scripts, packages and notebooks (Python 2 too) without running them, and tells with file and
line
- which TensorFlow symbols they use that tf1x does not have, and keywords that a function does
  not take;
- which packages they import that are not installed here, and what is gone from those that are;
- what the period shims of `tf1x run` will supply.

The exit status is 0 if nothing is missing, else 1. Names are followed through imports and
aliases; what is looked up at run time (getattr) is not guessed, and the methods of a value are
known only where the program makes it by calling a class (saver = tf.train.Saver()). Where the
program catches the ImportError or asks for a version, what is missing does not count.

  tf1x check train.py
  tf1x check ~/code/project ~/notebooks/course.ipynb
  tf1x check --json . > report.json"""


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "tf1x", description=_DESCRIPTION, epilog=_ENVIRONMENT, formatter_class=formatter
    )
    parser.add_argument("--version", action="store_true", help="versions of tf1x, JAX and Python")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser(
        "run", help="run a script, module or notebook",
        description=_RUN, epilog=_ENVIRONMENT, formatter_class=formatter,
    )  # fmt: skip
    run.add_argument(
        "-m", dest="is_module", action="store_true", help="the program is a module's name"
    )
    run.add_argument(
        "--full-traceback", action="store_true", help="keep tf1x's own lines in tracebacks"
    )
    run.add_argument(
        "--no-shims", action="store_true",
        help="without what NumPy, SciPy, gym, ... had at the time (np.float, scipy.misc.imread)",
    )  # fmt: skip
    run.add_argument(
        "--py2", action="store_true", help="translate Python 2 (print statements, ...) in memory"
    )
    run.add_argument(
        "--bf16", action="store_true",
        help="products of matrices and convolutions take float32 operands rounded to bfloat16 and "
        "sum in float32: faster on most GPUs and TPUs, slower on most CPUs",
    )  # fmt: skip
    run.add_argument("program", metavar="SCRIPT", help="a script, notebook (.ipynb) or module")
    run.add_argument(
        "arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the program's own"
    )

    check = commands.add_parser(
        "check", help="what of a code base tf1x does not cover, without running it",
        description=_CHECK, formatter_class=formatter,
    )  # fmt: skip
    check.add_argument("paths", metavar="PATH", nargs="+", help="a script, notebook or folder")
    check.add_argument("--json", action="store_true", help="print JSON, with every place")
    check.add_argument("--all", action="store_true", help="print every place, not the first ones")

    ops = commands.add_parser(
        "ops", help="the ops that there are, or one of them", formatter_class=formatter,
        description="Lists the ops, or says of one where it is declared and what it takes.\n\n"
        "  tf1x ops\n  tf1x ops MatMul\n  tf1x ops tf.nn.relu",
    )  # fmt: skip
    ops.add_argument("name", metavar="NAME", nargs="?", help="an op type or a public name")

    board = commands.add_parser(
        "board", help="TensorBoard over a folder of event files", formatter_class=formatter,
        description="Starts TensorBoard over a folder (and those in it) and prints its address; Ctrl+C\n"
        "ends it. Options of TensorBoard's own may follow.\n\n"
        "  tf1x board logs\n  tf1x board logs --port 6007",
    )  # fmt: skip
    board.add_argument("folder", metavar="DIR", help="where a program's FileWriter writes")
    board.add_argument(
        "arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="TensorBoard's options"
    )

    inspected = commands.add_parser(
        "inspect", help="what is in a checkpoint, graph, SavedModel, event or record file",
        formatter_class=formatter,
        description="Tells what a file holds; of a checkpoint's tensor or a graph's node, all of it.\n\n"
        "  tf1x inspect logs/model.ckpt-1000\n  tf1x inspect logs/model.ckpt-1000 dense/kernel\n"
        "  tf1x inspect export/1",
    )  # fmt: skip
    inspected.add_argument("file", metavar="FILE", help="a file, a checkpoint's prefix or a folder")
    inspected.add_argument("name", metavar="NAME", nargs="?", help="of a tensor or node in it")
    return parser


def _round_products() -> None:
    """Products in bfloat16, those of the C++ kernels not excepted: without them."""
    from tf1x.runtime.precision import Products, set_products

    os.environ["TF1X_NATIVE"] = "0"
    set_products(Products.REDUCED)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; ends by SystemExit unless all went well."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.version:
        print(_versions())
    elif options.command == "run":
        from tf1x.importer import program

        if options.bf16:
            _round_products()
        sys.exit(
            program.run(
                options.program,
                options.arguments,
                options.is_module,
                options.full_traceback,
                shims=not options.no_shims or options.py2,
                py2=options.py2,
            )
        )
    elif options.command == "board":
        from tf1x.lib.summary import board

        sys.exit(board.run(options.folder, options.arguments))
    elif options.command in ("ops", "inspect", "check"):
        try:
            if options.command == "check":
                from tf1x.check import report

                status = report.run(options.paths, options.json, options.all)
            elif options.command == "inspect":
                from tf1x import inspect_file

                status = inspect_file.run(options.file, options.name)
            else:
                status = _show_op(options.name) if options.name else _list_ops()
            sys.stdout.flush()
        except BrokenPipeError:  # `tf1x ops | head`: the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 0
        sys.exit(status)
    else:
        parser.print_help()


def _versions() -> str:
    from importlib.metadata import version

    from tf1x import _version
    from tf1x.lib.platform import VERSION

    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"tf1x {_version.__version__} (TensorFlow {VERSION}), "
        f"JAX {version('jax')}, NumPy {version('numpy')}, Python {python}"
    )


# -- tf1x ops ----------------------------------------------------------------------------------


def _list_ops() -> int:
    ops = opdef.all_ops()
    rows = [("OP", "GRADIENT", "ARGUMENTS", "NAMES")]
    for name in sorted(ops):
        op = ops[name]
        names = " ".join("tf." + n for n in op.exports)
        rows.append((name, _gradient_kind(op), textwrap.shorten(_signature(op), 70), names))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        print("  ".join(cells).rstrip())
    print(f"\n{len(ops)} ops. `tf1x ops NAME` tells more of one.")
    return 0


def _show_op(name: str) -> int:
    public = name.removeprefix("tf.")
    item = api.symbols().get(public)
    op = getattr(item, "opdef", None) or opdef.all_ops().get(name)
    if op is not None:
        _describe_op(op)
    elif callable(item):
        _describe_function(public, item)
    else:
        print(f"tf1x: {_unknown(public)}", file=sys.stderr)
        return 1
    return 0


def _describe_op(op: OpDef) -> None:
    print(f"{op.type}: {_signature(op)}")
    if op.doc:
        print(f"\n{inspect.cleandoc(op.doc)}\n")
    for name, (allowed, default) in op.types.items():
        types = "any type" if allowed is None else ", ".join(d.name for d in allowed)
        print(f"  {name} is {types}" + (f"; by default {default.name}" if default else ""))
    for attr in op.attrs.values():
        if attr.name not in op.types:
            print(f"  {attr.name}: {attr.kind}" + ("" if attr.required else f" = {attr.default!r}"))
    traits = [t for t in ("host", "blocking", "stateful", "initializes", "exact") if getattr(op, t)]
    if op.writes:
        traits.append(f"writes {', '.join(op.writes)}")
    print(f"  declared in  {_place(op.lower)}")
    print(f"  gradient     {_gradient(op)}")
    print(f"  public names {', '.join('tf.' + n for n in op.exports) or 'none'}")
    if traits:
        print(f"  traits       {', '.join(traits)}")


def _describe_function(name: str, item: Any) -> None:
    try:
        signature = str(inspect.signature(item))
    except (TypeError, ValueError):
        signature = "(...)"
    print(f"tf.{name}{signature}")
    if item.__doc__:
        print(f"\n{inspect.cleandoc(item.__doc__)}\n")
    print(f"  declared in  {_place(inspect.unwrap(item))} (built from ops)")


def _unknown(name: str) -> str:
    known = {*api.symbols(), *opdef.all_ops()}
    close = api.close_names(name, known)
    hint = f" Close to it: {', '.join(close)}." if close else " `tf1x ops` lists all."
    return f"there is no op or function {name!r}.{hint}"


def _signature(op: OpDef) -> str:
    inputs, outputs = (", ".join(map(_argument, args)) for args in (op.inputs, op.outputs))
    return f"{inputs} -> {outputs}".strip()


def _argument(arg: Arg) -> str:
    kind = arg.type_attr or (arg.dtype.name if arg.dtype else "?")
    if arg.is_type_list:
        kind = f"*{kind}"
    elif arg.number_attr:
        kind = f"{arg.number_attr}*{kind}"
    return f"{arg.name}: Ref({kind})" if arg.is_ref else f"{arg.name}: {kind}"


def _gradient_kind(op: OpDef) -> str:
    if op.grad is None:
        return "none"
    if callable(op.grad):
        return "ops"
    return "rule" if op.vjp else "jax.vjp"


def _gradient(op: OpDef) -> str:
    kind = _gradient_kind(op)
    if kind == "none":
        return "none: tf.gradients gives None"
    if callable(op.grad):
        return f"built from ops by {_place(op.grad)}"
    if op.vjp:
        return f"a rule of its own: {_place(op.vjp)}"
    return "jax.vjp of the computation"


def _place(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    if code is not None:
        return f"{os.path.relpath(code.co_filename)}:{code.co_firstlineno}"
    try:
        path, line = inspect.getsourcefile(function), inspect.getsourcelines(function)[1]
    except (TypeError, OSError):
        return str(getattr(function, "__module__", "?"))
    return f"{os.path.relpath(path or '?')}:{line}"
