"""`tf.contrib.training`; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

lazy("tf1x.lib.contrib.training.hparam", "contrib.training.HParams")
_NAMES = {
    "bucketing": "bucket bucket_by_sequence_length",
    "evaluation": (
        "StopAfterNEvalsHook SummaryAtEndHook evaluate_once evaluate_repeatedly "
        "get_or_create_eval_step"
    ),
    "training": (
        "add_gradients_summaries clip_gradient_norms clip_gradient_norms_fn create_train_op "
        "multiply_gradients train"
    ),
}
for _module, _names in _NAMES.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.contrib.training.{_module}", f"contrib.training.{_name}")
