"""Public names of contrib.learn's models, data sets and preprocessing, and of contrib.estimator.

All are imported at first use.
"""

from __future__ import annotations

from tf1x.api import lazy, lazy_module

_HERE = "tf1x.lib.contrib.learn"
_LEARN = {
    "columns": ("infer_real_valued_columns_from_input infer_real_valued_columns_from_input_fn"),
    "dnn": "DNNClassifier DNNEstimator DNNRegressor",
    "dnn_linear_combined": (
        "DNNLinearCombinedClassifier DNNLinearCombinedEstimator DNNLinearCombinedRegressor"
    ),
    "heads": "Head multi_class_head no_op_train_fn regression_head",
    "keys": "MetricKey PredictionKey",
    "linear": "LinearClassifier LinearEstimator LinearRegressor",
}
for _module, _names in _LEARN.items():
    for _name in _names.split():
        lazy(f"{_HERE}.{_module}", f"contrib.learn.{_name}")

for _name in ("read_batch_examples", "read_batch_features", "read_batch_record_features"):
    lazy(f"{_HERE}.reading", f"contrib.learn.{_name}", f"contrib.learn.io.{_name}")

_PREPROCESSING = {
    "categorical": "CategoricalProcessor",
    "categorical_vocabulary": "CategoricalVocabulary",
    "text": "ByteProcessor VocabularyProcessor tokenizer",
}
for _module, _names in _PREPROCESSING.items():
    lazy_module(f"{_HERE}.preprocessing.{_module}", f"contrib.learn.preprocessing.{_module}")
    for _name in _names.split():
        lazy(f"{_HERE}.preprocessing.{_module}", f"contrib.learn.preprocessing.{_name}")

lazy(f"{_HERE}.datasets", "contrib.learn.datasets.load_dataset")
for _name in ("load_boston", "load_iris"):
    lazy(f"{_HERE}.datasets.base", f"contrib.learn.datasets.{_name}")
for _name in ("base", "text_datasets"):
    lazy_module(f"{_HERE}.datasets.{_name}", f"contrib.learn.datasets.{_name}")
lazy_module("tf1x.lib.mnist", "contrib.learn.datasets.mnist")

_CANNED = "tf1x.lib.estimator.canned"
_ESTIMATOR = {
    "baseline": "BaselineEstimator",
    "classification": "binary_classification_head multi_class_head multi_label_head",
    "dnn": "DNNEstimator",
    "dnn_linear_combined": "DNNLinearCombinedEstimator",
    "linear": "LinearEstimator",
    "regression": "logistic_regression_head poisson_regression_head regression_head",
}
for _module, _names in _ESTIMATOR.items():
    for _name in _names.split():
        lazy(f"{_CANNED}.{_module}", f"contrib.estimator.{_name}")
