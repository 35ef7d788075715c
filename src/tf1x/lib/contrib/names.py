"""Where the public names of contrib.framework, contrib.layers and contrib.slim are defined.

All are imported at first use. Slim shows those of the other two again.
"""

from __future__ import annotations

from tf1x.api import lazy, lazy_module

_HERE = "tf1x.lib.contrib"

_FRAMEWORK = {
    "framework.arg_scope": "add_arg_scope arg_scope arg_scoped_arguments current_arg_scope has_arg_scope",
    "framework.variables": (
        "VariableDeviceChooser add_model_variable assert_or_get_global_step assign_from_values "
        "assign_from_values_fn filter_variables get_local_variables get_model_variables "
        "get_trainable_variables get_unique_variable get_variable_full_name get_variables "
        "get_variables_by_name get_variables_by_suffix get_variables_to_restore global_variable "
        "local_variable model_variable variable zero_initializer"
    ),
}

_FRAMEWORK_ONLY = {
    "framework.deprecation": "deprecated deprecated_arg_values deprecated_args experimental",
    "framework.sorting": "argsort sort",
    "framework.tensor_util": (
        "assert_scalar_int convert_to_tensor_or_sparse_tensor get_graph_from_inputs is_tensor "
        "reduce_sum_n remove_squeezable_dimensions with_same_shape with_shape"
    ),
    "framework.names": "get_name_scope prepend_name_scope strip_name_scope",
}

_LAYERS = {
    "layers.dense": (
        "elu fully_connected legacy_fully_connected legacy_linear legacy_relu linear relu relu6"
    ),
    "layers.convolution": (
        "conv1d conv2d conv2d_in_plane conv2d_transpose conv3d conv3d_transpose convolution "
        "convolution1d convolution2d convolution2d_in_plane convolution2d_transpose convolution3d "
        "convolution3d_transpose separable_conv2d separable_convolution2d"
    ),
    "layers.pooling": "avg_pool2d avg_pool3d max_pool2d max_pool3d pool",
    "layers.batch_normalization": "batch_norm",
    "layers.normalization": "group_norm instance_norm layer_norm poincare_normalize unit_norm",
    "layers.functions": (
        "bias_add dense_to_sparse dropout flatten images_to_sequence maxout one_hot_encoding "
        "scale_gradient sequence_to_images softmax spatial_softmax"
    ),
    "layers.compose": "repeat stack",
    "layers.embedding": "bow_encoder embed_sequence embedding_lookup_unique safe_embedding_lookup_sparse",
    "layers.gdn": "GDN gdn",
    "layers.rev_block": "RevBlock recompute_grad rev_block",
    "layers.optimizers": (
        "OPTIMIZER_CLS_NAMES OPTIMIZER_SUMMARIES adaptive_clipping_fn optimize_loss"
    ),
    "layers.summaries": (
        "summarize_activation summarize_activations summarize_biases summarize_collection "
        "summarize_tensor summarize_tensors summarize_variables summarize_weights"
    ),
}

# In contrib.layers alone.
_COLUMNS = {
    "feature_column": (
        "SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY bucketized_column create_feature_spec_for_parsing "
        "crossed_column embedding_column make_place_holder_tensors_for_base_features "
        "one_hot_column real_valued_column shared_embedding_columns"
    ),
    "feature_column_ops": (
        "check_feature_columns infer_real_valued_columns input_from_feature_columns "
        "joint_weighted_sum_from_feature_columns parse_feature_columns_from_examples "
        "weighted_sum_from_feature_columns"
    ),
    "feature_column_sparse": (
        "sparse_column_with_hash_bucket sparse_column_with_integerized_feature "
        "sparse_column_with_keys sparse_column_with_vocabulary_file weighted_sparse_column"
    ),
}

# Published by their own modules under contrib.layers.
_INITIALIZERS = "variance_scaling_initializer xavier_initializer"
_REGULARIZERS = (
    "apply_regularization l1_l2_regularizer l1_regularizer l2_regularizer sum_regularizer"
)

_SLIM = {
    "learning": (
        "add_gradients_summaries clip_gradient_norms clip_gradient_norms_fn create_train_op "
        "multiply_gradients train_step"
    ),
    "model_analyzer": "analyze_ops analyze_vars tensor_description",
    "parallel_reader": "ParallelReader get_data_files parallel_read single_pass_read",
    "prefetch_queue": "prefetch_queue",
    "queues": "NestedQueueRunnerError QueueRunners",
    "summaries": (
        "add_histogram_summaries add_histogram_summary add_image_summaries add_image_summary "
        "add_scalar_summaries add_scalar_summary add_zero_fraction_summaries "
        "add_zero_fraction_summary"
    ),
}

_NETS = "alexnet inception inception_v1 inception_v2 inception_v3 lenet overfeat resnet_utils resnet_v1 resnet_v2 vgg"


def _publish(module: str, names: str, *packages: str) -> None:
    for name in names.split():
        lazy(module, *(f"{package}.{name}" for package in packages))


def _publish_all() -> None:
    framework, layers, slim = "contrib.framework", "contrib.layers", "contrib.slim"
    for module, names in _FRAMEWORK.items():
        _publish(f"{_HERE}.{module}", names, framework, slim)
    for module, names in _FRAMEWORK_ONLY.items():
        _publish(f"{_HERE}.{module}", names, framework)
    steps = "assert_global_step create_global_step get_global_step get_or_create_global_step"
    _publish("tf1x.lib.train.training_util", steps, framework, slim)
    checks = "assert_same_float_dtype assert_scalar is_non_decreasing is_numeric_tensor is_strictly_increasing"
    _publish("tf1x.ops.checks", checks, framework)
    _publish("tf1x.ops.control_flow", "smart_cond smart_constant_value", framework)
    for module, names in _LAYERS.items():
        _publish(f"{_HERE}.{module}", names, layers, slim, f"{slim}.layers")
    for names, package in (
        (_INITIALIZERS, f"{slim}.initializers"), (_REGULARIZERS, f"{slim}.regularizers")
    ):  # fmt: skip
        _publish("tf1x.lib.regularizers", names, slim, f"{slim}.layers", package)
    for package in (slim, f"{slim}.layers", f"{slim}.initializers"):
        name = f"{package}.xavier_initializer_conv2d"
        lazy("tf1x.lib.regularizers", name, attribute="xavier_initializer")
    lazy_module(f"{_HERE}.layers.summaries", f"{layers}.summaries")
    lazy_module(f"{_HERE}.layers.utils", f"{slim}.utils")
    for part, names in _SLIM.items():
        _publish(f"{_HERE}.slim.{part}", names, f"{slim}.{part}")
    for net in _NETS.split():
        lazy_module(f"{_HERE}.slim.nets.{net}", f"{slim}.nets.{net}")
    for module, names in _COLUMNS.items():
        _publish(f"{_HERE}.layers.{module}", names, layers)
    lazy(f"{_HERE}.predictor", "contrib.predictor.from_saved_model")


_publish_all()

for _public in (
    "angles_to_projective_transforms",
    "compose_transforms",
    "flat_transforms_to_matrices",
    "matrices_to_flat_transforms",
    "rotate",
    "transform",
    "translate",
    "translations_to_projective_transforms",
):
    lazy(f"{_HERE}.image", f"contrib.image.{_public}")
