"""`tf.feature_column`: how features become tensors. All names are imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

_HERE = "tf1x.lib.feature_column"
_COLUMNS = {
    "dense": (
        "bucketized_column embedding_column indicator_column numeric_column "
        "shared_embedding_columns"
    ),
    "categorical": (
        "categorical_column_with_hash_bucket categorical_column_with_identity "
        "categorical_column_with_vocabulary_file categorical_column_with_vocabulary_list "
        "crossed_column weighted_categorical_column"
    ),
    "sequence": (
        "sequence_categorical_column_with_hash_bucket sequence_categorical_column_with_identity "
        "sequence_categorical_column_with_vocabulary_file "
        "sequence_categorical_column_with_vocabulary_list sequence_numeric_column"
    ),
    "layers": "input_layer linear_model make_parse_example_spec",
}
for _module, _names in _COLUMNS.items():
    for _name in _names.split():
        lazy(f"{_HERE}.{_module}", f"feature_column.{_name}")
for _name in _COLUMNS["sequence"].split():
    lazy(f"{_HERE}.sequence", f"contrib.feature_column.{_name}")
for _name in ("concatenate_context_input", "sequence_input_layer"):
    lazy(f"{_HERE}.sequence", f"contrib.feature_column.{_name}")
