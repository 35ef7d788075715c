"""Record what tensorflow-estimator 2.15 does, for tests/lib/estimator/test_estimator.py.

    pip install --no-deps --target /tmp/estimator tensorflow_estimator==2.15.0
    python tools/record_estimators.py /tmp/estimator [program ...]

TensorFlow 2.21 lacks what the package asks of it for TPUs and distribution; stand-ins are put in.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "tests/lib/estimator/recorded.json"
_PACKAGE = "tensorflow_estimator.python.estimator"


def _tensorflow(packages: str) -> Any:
    """`tensorflow.compat.v1` with a `tf.estimator`."""
    from tests.oracle import tf1

    def stand_in(name: str, **attributes: Any) -> ModuleType:
        module = sys.modules[name] = ModuleType(name)
        vars(module).update(attributes)
        return module

    distribute = importlib.import_module("tensorflow.python.distribute")
    distribute.estimator_training = stand_in(  # type: ignore[attr-defined]
        "tensorflow.python.distribute.estimator_training",
        should_run_distribute_coordinator=lambda config: False,
    )
    for name in ("tensorflow_estimator", "tensorflow_estimator.python", _PACKAGE):
        stand_in(name, __path__=[str(Path(packages, *name.split(".")))])
    stand_in(f"{_PACKAGE}.estimator_export", estimator_export=lambda *a, **k: lambda item: item)

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"{_PACKAGE}.{name}")

    outputs = importlib.import_module("tensorflow.python.saved_model.model_utils.export_output")
    names: dict[str, Any] = {}
    for module in ("estimator", "training", "run_config", "model_fn", "exporter"):
        names |= vars(load(module))
    inputs = {**vars(load("inputs.numpy_io")), **vars(load("inputs.pandas_io"))}
    names["inputs"] = SimpleNamespace(**inputs)
    names["export"] = SimpleNamespace(**{**vars(load("export.export")), **vars(outputs)})
    tf1.estimator = SimpleNamespace(**names)
    return tf1


def main(packages: str, *wanted: str) -> None:
    """Run the programs, all or some, and write what they return and log."""
    sys.path.insert(0, str(ROOT))
    tf = _tensorflow(packages)
    from tests.lib.estimator.programs import PROGRAMS, comparable, plain
    from tests.lib.train.session_programs import logged

    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    for name in wanted or PROGRAMS:
        with tempfile.TemporaryDirectory() as folder:
            with logged(folder) as lines, tf.Graph().as_default():
                result = plain(PROGRAMS[name](tf, folder))
            recorded[name] = [result, comparable(lines)]
            tf.summary.FileWriterCache.clear()
    RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
