"""`tf1x run`, `tf1x ops`: each command in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.processes import python, tf1x


def run(folder: Path, source: str, *arguments: str, **environment: str) -> CompletedProcess[str]:
    (folder / "program.py").write_text(source)
    return tf1x("run", "program.py", *arguments, cwd=folder, **environment)


def test_run_passes_arguments_and_exit_status(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "beside.py").write_text("value = 5\n")
    (folder / "program.py").write_text(
        "import sys, beside\n"
        "import tensorflow as tf\n"
        "x = tf.placeholder(tf.float32, [None])\n"
        "with tf.Session() as sess:\n"
        "    print(__name__, sys.argv, sys.path[0], beside.value, sess.run(x * 2, {x: [1, 2]}))\n"
        "sys.exit(7)\n"
    )
    done = tf1x("run", "scripts/program.py", "-m", "--", "--full-traceback", "x", cwd=tmp_path)
    argv = ["scripts/program.py", "-m", "--", "--full-traceback", "x"]
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.strip() == f"__main__ {argv} {folder} 5 [2. 4.]"


def test_run_module(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "train.py").write_text(
        "import sys, tensorflow\nprint(__name__, __package__, sys.argv[1:], tensorflow.__version__)\n"
    )
    done = tf1x("run", "-m", "package.train", "--epochs", "3", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "__main__ package ['--epochs', '3'] 1.15.0"


CELLS = [
    "%matplotlib inline\nimport tensorflow as tf\n!pip install it's\nx = tf.constant(3.0)\n'%d items' % 3",
    "%%time\ny = ('%d'\n     % 4)\nprint(y)",
    "%%bash\nrm everything",
    "with tf.Session() as s:\n    v = s.run(x)\nv",
    "tf?\nfiles = !ls\n%time print('timed')\n'not shown';",
    "def f():\n    return v / None\nf()",
    "print('never')",
]


@pytest.mark.parametrize("version", [3, 4])
def test_run_notebook(tmp_path: Path, version: int) -> None:
    key = "source" if version == 4 else "input"
    cells = [{"cell_type": "markdown", "source": ["# Title"]}]
    cells += [{"cell_type": "code", key: cell.splitlines(keepends=True)} for cell in CELLS]
    book = {"cells": cells} if version == 4 else {"worksheets": [{"cells": cells}]}
    (tmp_path / "book.ipynb").write_text(json.dumps({**book, "nbformat": version}))

    done = tf1x("run", "book.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["'3 items'", "4", "np.float32(3.0)", "timed"]
    notes = [line for line in done.stderr.splitlines() if line.startswith("tf1x: skipped")]
    assert sorted(note.partition("cell ")[2] for note in notes) == [
        "1, line 1: %matplotlib inline",
        "1, line 3: !pip install it's",
        "2, line 1: %%time",
        "3, line 1: %%bash",
        "5, line 1: tf?",
        "5, line 2: files = !ls",
    ]
    assert 'File "book.ipynb, cell 6", line 2, in f\n    return v / None' in done.stderr


def test_what_is_no_notebook(tmp_path: Path) -> None:
    (tmp_path / "book.ipynb").write_text("print('a script')")
    done = tf1x("run", "book.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert "book.ipynb is not a Jupyter notebook" in done.stderr


def test_missing_programs(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    for arguments, expected in (
        (["trian.py"], "there is no file 'trian.py'"),
        (["no/train.py"], "its folder does not exist either"),
        (["-m", "train_it"], "there is no module 'train_it'"),
        (["."], "a folder without a __main__.py"),
    ):
        done = tf1x("run", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert expected in done.stderr
        assert "Traceback" not in done.stderr
    assert "Close to it: train.py" in tf1x("run", "trian.py", cwd=tmp_path).stderr


def test_syntax_error(tmp_path: Path) -> None:
    done = run(tmp_path, "import tensorflow as tf\nprint 'two'\n")
    assert done.returncode == 1
    assert done.stderr.startswith("  File \"program.py\", line 2\n    print 'two'\n")
    assert "looks like Python 2" in done.stderr


def test_unknown_symbol(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "import tensorflow as tf\n\n\ndef loss(x):\n    return tf.reduce_meen(x)\n\n\nloss(1.0)\n",
    )
    assert done.returncode == 1
    assert "tf1x has no tf.reduce_meen." in done.stderr
    assert 'File "program.py", line 5, in loss\n    return tf.reduce_meen(x)' in done.stderr
    assert "Close to it: tf.reduce_mean" in done.stderr
    assert "tf1x/" not in done.stderr


DIVISION = """
import tensorflow as tf

def model(x):
    return tf.floordiv(7, x)

x = tf.placeholder(tf.int32)
y = model(x)
with tf.Session() as sess:
    sess.run(y, {x: 0})
"""


def test_runtime_error_shows_the_programs_lines_only(tmp_path: Path) -> None:
    done = run(tmp_path, DIVISION)
    assert done.returncode == 1
    assert "InvalidArgumentError: Integer division by zero" in done.stderr
    assert 'File "program.py", line 10, in <module>\n    sess.run(y, {x: 0})' in done.stderr
    assert 'File "program.py", line 5, in model\n    return tf.floordiv(7, x)' in done.stderr
    assert "session.py" not in done.stderr

    full = run(tmp_path, DIVISION, TF1X_TRACEBACK="full").stderr
    by_option = tf1x("run", "--full-traceback", "program.py", cwd=tmp_path).stderr
    assert "session.py" in full
    assert "session.py" in by_option


def test_errors_of_the_program_keep_their_chain(tmp_path: Path) -> None:
    source = (
        "import json\n"
        "try:\n    json.loads('{')\nexcept ValueError as error:\n    raise KeyError('outer') from error\n"
    )
    done = run(tmp_path, source)
    assert done.returncode == 1
    assert "JSONDecodeError" in done.stderr
    assert "direct cause" in done.stderr
    assert "json/decoder.py" in done.stderr


def test_the_programs_own_excepthook(tmp_path: Path) -> None:
    done = run(
        tmp_path, "import sys\nsys.excepthook = lambda *error: print('own', error[0])\n1 / 0\n"
    )
    assert (done.returncode, done.stdout) == (1, "own <class 'ZeroDivisionError'>\n")


def test_version_and_help(tmp_path: Path) -> None:
    from tf1x import _version

    version = tf1x("--version", cwd=tmp_path)
    assert version.returncode == 0
    assert version.stdout.startswith(f"tf1x {_version.__version__} (TensorFlow 1.15.0), JAX ")
    for command in (["--help"], []):
        text = tf1x(*command, cwd=tmp_path).stdout
        assert "tf1x run train.py --epochs 3" in text
        assert "TF1X_CACHE" in text
    assert "--full-traceback" in tf1x("run", "--help", cwd=tmp_path).stdout


def test_ops(tmp_path: Path) -> None:
    listing = tf1x("ops", cwd=tmp_path).stdout.splitlines()
    assert any(
        line.startswith("MatMul ") and "a: T, b: T -> product: T" in line for line in listing
    )
    for name in ("Tanh", "tf.tanh", "nn.tanh"):
        text = tf1x("ops", name, cwd=tmp_path).stdout
        assert text.startswith("Tanh: x: T -> y: T\n")
        assert "tf.math.tanh" in text
        assert "gradient " in text
        assert "ops/" in text
    assert "tf.reduce_mean(input_tensor" in tf1x("ops", "reduce_mean", cwd=tmp_path).stdout
    unknown = tf1x("ops", "MatMull", cwd=tmp_path)
    assert unknown.returncode == 1
    assert "Close to it: MatMul" in unknown.stderr


def test_the_console_script(tmp_path: Path) -> None:
    """The entry point of pyproject.toml."""
    done = python("-c", "from importlib.metadata import entry_points as e; "
                  "(script,) = e(group='console_scripts', name='tf1x'); "
                  "import sys; sys.argv = ['tf1x', '--version']; script.load()()", cwd=tmp_path)  # fmt: skip
    assert done.stdout.startswith("tf1x ")
