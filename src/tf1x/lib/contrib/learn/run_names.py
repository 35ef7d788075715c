"""Public names of what runs estimators in contrib.learn; all are imported at first use."""

from __future__ import annotations

from tf1x.api import lazy, lazy_module

_HERE = "tf1x.lib.contrib.learn"
_NAMES = {
    "estimator": "Estimator NotFittedError SKCompat",
    "metric_spec": "MetricSpec",
    "model_fn": "ModeKeys ModelFnOps ProblemType",
    "monitors": "NanLossDuringTrainingError",
    "run_config": "ClusterConfig Environment RunConfig TaskType",
    "experiment": "Experiment",
    "graph_actions": "run_feeds run_n",
    "export_strategy": "ExportStrategy make_export_strategy",
    "input_fn_utils": ("InputFnOps build_default_serving_input_fn build_parsing_serving_input_fn"),
}
for _module, _names in _NAMES.items():
    for _name in _names.split():
        lazy(f"{_HERE}.{_module}", f"contrib.learn.{_name}")
for _name in ("learn_runner", "monitors"):
    lazy_module(f"{_HERE}.{_name}", f"contrib.learn.{_name}")
lazy(f"{_HERE}.estimator", "contrib.learn.BaseEstimator", attribute="Estimator")
for _module, _names in {
    "export_strategy": "make_export_strategy",
    "input_fn_utils": "InputFnOps build_default_serving_input_fn build_parsing_serving_input_fn",
}.items():
    for _name in _names.split():
        lazy(f"{_HERE}.{_module}", f"contrib.learn.utils.{_name}")
for _name in ("numpy_input_fn", "pandas_input_fn"):
    lazy("tf1x.lib.estimator.inputs", f"contrib.learn.io.{_name}")
