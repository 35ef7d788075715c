"""Writing an Estimator's model as a SavedModel."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from tf1x.core import errors, scopes
from tf1x.core.files import local_path
from tf1x.core.graph import Graph
from tf1x.core.random_seed import set_random_seed
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.estimator.export import (
    EvalOutput,
    TrainOutput,
    build_all_signature_defs,
)
from tf1x.lib.estimator.export_outputs import get_export_outputs
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.saved_model import tag_constants
from tf1x.lib.saved_model.builder import SavedModelBuilder
from tf1x.lib.train.saver import Saver
from tf1x.lib.train.scaffold import Scaffold
from tf1x.runtime.session import Session

_TAGS = {
    ModeKeys.TRAIN: [tag_constants.TRAINING],
    ModeKeys.EVAL: [tag_constants.EVAL],
    ModeKeys.PREDICT: [tag_constants.SERVING],
}
_ATTEMPTS = 10


def get_timestamped_export_dir(export_dir_base: Any) -> bytes:
    """A folder below `export_dir_base` that does not exist yet, named after the second.

    Raises:
        RuntimeError: ten such folders exist.
    """
    for attempt in range(_ATTEMPTS):
        folder = os.path.join(os.fsencode(export_dir_base), str(int(time.time())).encode())
        if not os.path.exists(local_path(folder)):
            return folder
        time.sleep(1)
        logging.warning(
            "Directory %s already exists; retrying (attempt %d/%d)",
            os.fsdecode(folder),
            attempt + 1,
            _ATTEMPTS,
        )
    raise RuntimeError(
        f"Failed to obtain a unique export directory name after {_ATTEMPTS} attempts."
    )


def export_all(
    estimator: Any,
    export_dir_base: Any,
    receiver_fns: dict[str, Any],
    checkpoint_path: Any,
    assets_extra: dict[str, Any] | None,
    as_text: bool,
    strip_default_attrs: bool,
) -> bytes:
    """Write one graph for each mode into a new folder, which appears under its name when whole.

    Raises:
        ValueError: no mode that can be exported, or the checkpoint lacks variables.
    """
    modes = [mode for mode in (ModeKeys.TRAIN, ModeKeys.EVAL, ModeKeys.PREDICT) if receiver_fns.get(mode)]  # fmt: skip
    if not modes:
        raise ValueError(f"No valid modes for exporting found. Got {receiver_fns.keys()}.")
    final = get_timestamped_export_dir(export_dir_base)
    folder = os.path.join(os.path.dirname(final), b"temp-" + os.path.basename(final))
    builder = SavedModelBuilder(folder)
    for mode in modes:
        _add_graph(
            estimator, builder, mode, receiver_fns[mode], checkpoint_path,
            first=mode == modes[0], strip_default_attrs=strip_default_attrs,
        )  # fmt: skip
    builder.save(as_text)
    for name, source in (assets_extra or {}).items():
        target = os.path.join(local_path(folder), "assets.extra", os.fsdecode(name))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(local_path(source), target)
    os.rename(local_path(folder), local_path(final))
    return final


def _add_graph(
    estimator: Any,
    builder: SavedModelBuilder,
    mode: str,
    receiver_fn: Any,
    checkpoint_path: Any,
    first: bool,
    strip_default_attrs: bool,
) -> None:
    with Graph().as_default() as graph:
        estimator._create_and_assert_global_step(graph)
        set_random_seed(estimator.config.tf_random_seed)
        receiver = receiver_fn()
        spec = estimator._call_model_fn(
            receiver.features, getattr(receiver, "labels", None), mode, estimator.config
        )
        signature_map = build_all_signature_defs(
            receiver.receiver_tensors,
            _outputs(spec),
            getattr(receiver, "receiver_tensors_alternatives", None),
            serving_only=mode == ModeKeys.PREDICT,
        )
        with Session(config=estimator.config.session_config) as session:
            local_init_op = spec.scaffold.local_init_op
            if local_init_op is None:
                local_init_op = Scaffold.default_local_init_op()
            saver = spec.scaffold.saver or Saver(sharded=True)
            try:
                saver.restore(session, checkpoint_path)
            except errors.NotFoundError as error:
                raise ValueError(
                    "Could not load all requested variables from checkpoint. Please make sure your "
                    "model_fn does not expect variables that were not saved in the checkpoint.\n\n"
                    f"Encountered error with mode `{mode}` while restoring checkpoint from: "
                    f"`{checkpoint_path}`. Full Traceback:\n\n{error}"
                ) from error
            options: dict[str, Any] = {
                "tags": _TAGS[mode],
                "signature_def_map": signature_map,
                "assets_collection": scopes.get_collection(GraphKeys.ASSET_FILEPATHS),
                "main_op": local_init_op,
                "saver": saver,
                "strip_default_attrs": strip_default_attrs,
                "train_op": spec.train_op,
            }
            if first:
                builder.add_meta_graph_and_variables(session, **options)
            else:
                builder.add_meta_graph(**options)


def _outputs(spec: Any) -> dict[str, Any]:
    if spec.mode == ModeKeys.PREDICT:
        return get_export_outputs(spec.export_outputs, spec.predictions)
    kind = TrainOutput if spec.mode == ModeKeys.TRAIN else EvalOutput
    output = kind(spec.loss, spec.predictions, spec.eval_metric_ops)
    return {spec.mode if spec.mode == ModeKeys.TRAIN else "eval": output}
