"""Where the public names of `tf.estimator` are defined; all are imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

_HERE = "tf1x.lib.estimator"

_NAMES = {
    "estimator": "Estimator",
    "exporter": "BestExporter Exporter FinalExporter LatestExporter",
    "mode_keys": "ModeKeys",
    "model_fn": "EstimatorSpec",
    "run_config": "RunConfig",
    "training": "EvalSpec TrainSpec train_and_evaluate",
    "warm_start": "WarmStartSettings",
}

# The hooks of tf.train, under their later names.
_HOOKS = {
    "basic_session_run_hooks": (
        "FeedFnHook FinalOpsHook GlobalStepWaiterHook LoggingTensorHook NanLossDuringTrainingError "
        "NanTensorHook StepCounterHook StopAtStepHook SummarySaverHook"
    ),
    "checkpoint_hooks": "CheckpointSaverHook CheckpointSaverListener",
    "hook_timers": "SecondOrStepTimer",
    "profiler_hook": "ProfilerHook",
    "session_run_hook": "SessionRunArgs SessionRunContext SessionRunHook SessionRunValues",
}

_EXPORT = (
    "ClassificationOutput ExportOutput PredictOutput RegressionOutput ServingInputReceiver "
    "TensorServingInputReceiver build_parsing_serving_input_receiver_fn "
    "build_raw_serving_input_receiver_fn"
)

# The estimators that are ready to use (canned), by module.
_CANNED = {
    "canned.baseline": "BaselineClassifier BaselineEstimator BaselineRegressor",
    "canned.boosted_trees": ("BoostedTreesClassifier BoostedTreesEstimator BoostedTreesRegressor"),
    "canned.classification": "BinaryClassHead MultiClassHead MultiLabelHead",
    "canned.dnn": "DNNClassifier DNNEstimator DNNRegressor",
    "canned.dnn_linear_combined": (
        "DNNLinearCombinedClassifier DNNLinearCombinedEstimator DNNLinearCombinedRegressor"
    ),
    "canned.head": "Head",
    "canned.linear": "LinearClassifier LinearEstimator LinearRegressor",
    "canned.parsing_utils": "classifier_parse_example_spec regressor_parse_example_spec",
    "canned.regression": "LogisticRegressionHead PoissonRegressionHead RegressionHead",
}

for _module, _names in (_NAMES | _CANNED).items():
    for _name in _names.split():
        lazy(f"{_HERE}.{_module}", f"estimator.{_name}")
for _module, _names in _HOOKS.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.train.{_module}", f"estimator.{_name}")
for _name in _EXPORT.split():
    lazy(f"{_HERE}.export", f"estimator.export.{_name}")
for _name in (
    "build_raw_supervised_input_receiver_fn",
    "build_supervised_input_receiver_fn_from_input_fn",
):
    lazy(f"{_HERE}.export", f"estimator.experimental.{_name}")
lazy(f"{_HERE}.model_fn", "estimator.experimental.call_logit_fn")
for _name in ("numpy_input_fn", "pandas_input_fn"):
    lazy(f"{_HERE}.inputs", f"estimator.inputs.{_name}")
for _name in ("dnn", "linear"):
    lazy(f"{_HERE}.canned.{_name}", f"estimator.experimental.{_name}_logit_fn_builder")
for _name in (
    "make_early_stopping_hook",
    "stop_if_higher_hook",
    "stop_if_lower_hook",
    "stop_if_no_decrease_hook",
    "stop_if_no_increase_hook",
):
    lazy(f"{_HERE}.early_stopping", f"estimator.experimental.{_name}", f"contrib.estimator.{_name}")
