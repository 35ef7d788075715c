"""Public names of graph files: MetaGraphs, GraphDefs, SavedModels, imported at first use."""

from __future__ import annotations

from tf1x.api import lazy, lazy_module

lazy("tf1x.lib.train.meta_graph", "train.export_meta_graph", "train.import_meta_graph")
lazy("tf1x.lib.graph_io", "train.write_graph", "io.write_graph")
for _public in (
    "convert_variables_to_constants",
    "extract_sub_graph",
    "must_run_on_cpu",
    "remove_training_nodes",
    "tensor_shape_from_node_def_name",
):
    lazy("tf1x.lib.graph_util", f"graph_util.{_public}")
lazy("tf1x.core.graph_import", "graph_util.import_graph_def")

# -- saved models --------------------------------------------------------------------------------

_PACKAGE = "tf1x.lib.saved_model"
for _public in ("constants", "signature_constants", "tag_constants"):
    lazy_module(f"{_PACKAGE}.{_public}", f"saved_model.{_public}")
lazy(
    f"{_PACKAGE}.builder",
    "saved_model.builder.SavedModelBuilder",
    "saved_model.Builder",
    attribute="SavedModelBuilder",
)
lazy(f"{_PACKAGE}.builder", "saved_model.simple_save")
lazy(
    f"{_PACKAGE}.loader",
    "saved_model.load",
    "saved_model.loader.load",
    "saved_model.maybe_saved_model_directory",
    "saved_model.loader.maybe_saved_model_directory",
    "saved_model.main_op_with_restore",
    "saved_model.main_op.main_op",
    "saved_model.main_op.main_op_with_restore",
)
lazy(
    f"{_PACKAGE}.loader",
    "saved_model.contains_saved_model",
    attribute="maybe_saved_model_directory",
)
for _public in (
    "build_signature_def",
    "classification_signature_def",
    "is_valid_signature",
    "predict_signature_def",
    "regression_signature_def",
):
    lazy(
        f"{_PACKAGE}.signatures",
        f"saved_model.{_public}",
        f"saved_model.signature_def_utils.{_public}",
    )
for _public in ("build_tensor_info", "get_tensor_from_tensor_info"):
    lazy(f"{_PACKAGE}.signatures", f"saved_model.{_public}", f"saved_model.utils.{_public}")
