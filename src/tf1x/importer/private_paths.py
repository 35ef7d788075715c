"""TensorFlow's private modules that public programs import, and where their names live here.

Counted in public code (the project's symbols.tsv). A source of names is
    "tf", "tf.nn", ...    a public namespace,
    "ops"                 the registered ops by their snake-case names, as the `gen_*_ops` have them,
    anything else         a module of ours or of Python's.
The first source that has a name gives it. A name that none has raises an error that tells it.
"""

from __future__ import annotations


def _all(package: str, modules: str, *sources: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys((f"{package}.{module}" for module in modules.split()), sources)


SOURCES: dict[str, tuple[str, ...]] = {
    # -- the framework
    **_all(
        "python.framework",
        "common_shapes tensor_shape",
        "tf",
        "tf1x.core.shapes",
        "tf1x.lib.internals",
    ),
    **_all("python.framework", "constant_op dtypes", "tf", "tf1x.core.dtypes"),
    **_all("python.framework", "errors errors_impl", "tf.errors"),
    **_all(
        "python.framework", "graph_util importer sparse_tensor random_seed", "tf", "tf.graph_util"
    ),
    **_all(
        "python.framework", "ops", "tf", "tf1x.core.scopes", "tf1x.core.graph", "tf1x.core.convert"
    ),
    **_all(
        "python.framework", "test_util", "tf.test", "tf.test.test_util", "tf1x.lib.eager.context"
    ),
    **_all("python.framework", "function", "tf1x.lib.defun"),
    **_all("python.framework", "op_def_registry", "tf1x.lib.op_def_registry"),
    **_all("python.framework", "smart_cond", "tf", "tf.contrib.framework"),
    **_all(
        "python.framework",
        "tensor_util",
        "tf",
        "tf.contrib.util",
        "tf1x.core.static",
        "tf.contrib.framework",
    ),
    **_all("python.framework", "versions", "tf.version", "tf"),
    # -- operations
    **_all("python.ops", "array_ops", "tf", "tf.linalg"),
    **_all("python.ops", "check_ops", "tf", "tf.debugging"),
    **_all("python.ops", "clip_ops constant_op functional_ops gradients histogram_ops", "tf"),
    **_all("python.ops", "control_flow_ops", "tf", "tf1x.ops.grouping", "tf1x.lib.switch_merge"),
    **_all("python.ops", "custom_gradient gradients_impl script_ops session_ops", "tf"),
    **_all("python.ops", "data_flow_ops", "tf", "tf.queue", "tf.io"),
    **_all("python.ops", "init_ops", "tf", "tf.initializers", "tf1x.lib.initializers"),
    **_all(
        "python.ops.linalg",
        "linalg linear_operator linear_operator_util",
        "tf.linalg",
        "tf1x.ops.linear_operator",
    ),
    **_all("python.ops", "nccl_ops", "tf.contrib.nccl"),
    **_all("python.ops", "summary_op_util", "tf1x.lib.summary.scopes"),
    **_all("python.distribute", "summary_op_util", "tf1x.lib.summary.scopes"),
    **_all("python.ops", "io_ops parsing_ops", "tf", "tf.io", "ops"),
    **_all("python.ops", "linalg_ops", "tf", "tf.linalg"),
    **_all("python.ops", "logging_ops numerics", "tf", "tf.debugging"),
    **_all("python.ops", "lookup_ops", "tf", "tf.lookup", "tf.contrib.lookup"),
    **_all("python.ops", "math_ops", "tf", "tf.math"),
    **_all(
        "python.ops",
        "nn nn_ops nn_impl candidate_sampling_ops ctc_ops embedding_ops",
        "tf.nn",
        "tf",
    ),
    **_all("python.ops", "random_ops", "tf", "tf.random"),
    **_all("python.ops", "resource_variable_ops state_ops", "tf", "ops"),
    **_all("python.ops", "resources", "tf1x.lib.resources"),
    **_all("python.ops", "rnn", "tf.nn"),
    **_all(
        "python.ops",
        "rnn_cell rnn_cell_impl rnn.rnn_cell rnn.rnn_cell_impl",
        "tf.nn.rnn_cell",
        "tf.contrib.rnn",
        "tf1x.lib.rnn.base",
    ),
    **_all("python.ops", "seq2seq", "tf.contrib.legacy_seq2seq"),
    **_all("python.ops", "sparse_ops", "tf", "tf.sparse"),
    **_all("python.ops", "standard_ops template tensor_array_ops", "tf"),
    **_all("python.ops", "string_ops", "tf", "tf.strings"),
    **_all("python.ops", "variable_scope variables", "tf", "tf1x.lib.partitioned"),
    **_all("python.ops", "image_ops image_ops_impl", "tf.image"),
    **_all("python.ops.losses", "losses losses_impl util", "tf.losses"),
    **_all(
        "python.ops.distributions",
        "bernoulli beta categorical dirichlet dirichlet_multinomial distribution distributions "
        "exponential gamma laplace multinomial normal student_t uniform",
        "tf.distributions",
        "tf.contrib.distributions",
    ),
    **{
        f"python.ops.distributions.{module}": (f"tf1x.lib.distributions.{module}",)
        for module in ("kullback_leibler", "special_math")
    },
    **_all(
        "python.ops.distributions",
        "bijector identity_bijector",
        "tf.contrib.distributions.bijectors",
    ),
    **_all(
        "python.ops.distributions",
        "util",
        *(f"tf1x.lib.distributions.{module}" for module in ("util", "checks", "shapes")),
    ),
    **_all("python.ops", "metrics metrics_impl", "tf.metrics", "tf1x.lib.metrics.common"),
    **_all("python.ops", "weights_broadcast_ops", "tf1x.lib.weights_broadcast"),
    **_all("python.ops", "confusion_matrix", "tf", "tf1x.ops.counting"),
    **_all(
        "python.ops",
        "gen_array_ops gen_control_flow_ops gen_data_flow_ops gen_image_ops gen_io_ops gen_linalg_ops "
        "gen_logging_ops gen_math_ops gen_nn_ops gen_random_ops gen_sparse_ops gen_state_ops "
        "gen_string_ops",
        "ops",
    ),
    **_all("python.training", "training_ops gen_training_ops", "ops"),
    # -- training, sessions, files
    **_all("python.client", "session", "tf", "tf1x.lib.session_conversions"),
    **_all("python.client", "device_lib", "tf1x.lib.device_lib"),
    "python.debug": ("tf1x.lib.debug",),
    **_all("python.debug.lib", "debug_data debug_utils", "tf1x.lib.debug"),
    **_all(
        "python.debug.wrappers",
        "dumping_wrapper framework grpc_wrapper hooks local_cli_wrapper",
        "tf1x.lib.debug",
    ),
    **_all("python.client", "timeline", "tf1x.lib.profiler.timeline"),
    **_all("python.lib.io", "file_io", "tf1x.lib.gfile"),
    **_all("python.lib.io", "tf_record", "tf.python_io"),
    **_all("python.platform", "app", "tf.app"),
    **_all("python.platform", "flags", "tf.flags"),
    **_all("python.platform", "gfile", "tf.gfile"),
    **_all("python.platform", "googletest test", "tf.test"),
    **_all("python.platform", "resource_loader", "tf.resource_loader"),
    **_all("python.platform", "sysconfig", "tf.sysconfig"),
    **_all("python.platform", "tf_logging", "tf.logging"),
    "python.pywrap_tensorflow": ("tf.train",),
    "python.pywrap_tensorflow_internal": ("tf.train",),
    **_all("python.tools", "inspect_checkpoint", "tf1x.lib.train.checkpoint_utils"),
    **_all(
        "python.saved_model",
        "builder builder_impl simple_save",
        "tf1x.lib.saved_model.builder",
    ),
    **_all(
        "python.saved_model",
        "loader loader_impl main_op main_op_impl",
        "tf1x.lib.saved_model.loader",
    ),
    **_all(
        "python.saved_model",
        "signature_def_utils signature_def_utils_impl utils utils_impl",
        "tf1x.lib.saved_model.signatures",
    ),
    **_all("python.saved_model", "saved_model", "tf.saved_model"),
    **_all("python.framework", "meta_graph", "tf1x.lib.train.meta_graph"),
    **_all("python.framework", "graph_io", "tf1x.lib.graph_io"),
    **_all("python.tools", "freeze_graph", "tf1x.lib.freeze_graph"),
    **_all("python.tools", "optimize_for_inference_lib strip_unused_lib", "tf1x.lib.graph_util"),
    **_all("python.summary", "summary", "tf.summary"),
    **_all("python.summary", "summary_iterator", "tf1x.lib.summary.event_file"),
    **_all("python.summary.writer", "event_file_writer", "tf1x.lib.summary.event_file"),
    **_all("python.summary.writer", "writer writer_cache", "tf.summary"),
    **_all(
        "python.training",
        "adadelta adagrad adam basic_session_run_hooks coordinator device_setter evaluation ftrl "
        "gradient_descent input learning_rate_decay momentum monitored_session optimizer "
        "queue_runner queue_runner_impl rmsprop server_lib session_manager session_run_hook "
        "supervisor sync_replicas_optimizer training training_util",
        "tf.train",
        *(
            f"tf1x.lib.train.{module}"
            for module in ("basic_session_run_hooks", "device_setter", "monitored_session")
        ),
    ),
    **_all(
        "python.training",
        "saver checkpoint_management checkpoint_utils py_checkpoint_reader warm_starting_util",
        "tf.train",
        "tf1x.lib.train.saver",
        "tf1x.lib.train.saver_builder",
        "tf1x.lib.train.saveables",
        "tf1x.lib.train.checkpoint_management",
        "tf1x.lib.train.checkpoint_utils",
    ),
    **_all(
        "python.training.saving",
        "saveable_object saveable_object_util",
        "tf1x.lib.train.saveables",
    ),
    **_all("python.training", "moving_averages", "tf.train", "tf1x.lib.train.moving_averages"),
    # -- layers and estimators
    **{
        f"python.layers.{module}": ("tf.layers", f"tf1x.lib.layers.{module}")
        for module in ("base", "convolutional", "core", "normalization", "pooling", "utils")
    },
    "python.layers.layers": ("tf.layers",),
    **_all(
        "python.feature_column",
        "feature_column feature_column_v2 feature_column_lib",
        "tf.feature_column",
        *(f"tf1x.lib.feature_column.{module}" for module in ("categorical", "dense", "base")),
    ),
    **_all(
        "python.estimator",
        "estimator estimator_lib exporter model_fn run_config training util",
        "tf.estimator",
        *(f"tf1x.lib.estimator.{module}" for module in ("run_config", "model_fn", "util")),
    ),
    **_all(
        "python.estimator.export",
        "export export_lib export_output",
        "tf.estimator.export",
        "tf1x.lib.estimator.export",
    ),
    "python.estimator.export": ("tf.estimator.export",),
    **_all("python.estimator.inputs", "inputs numpy_io pandas_io", "tf.estimator.inputs"),
    "python.estimator.inputs": ("tf.estimator.inputs",),
    # -- utilities
    **_all("python.util", "all_util", "tf1x.lib.internals"),
    **_all("python.util", "compat", "tf.compat"),
    **_all("python.util", "deprecation", "tf1x.lib.contrib.framework.deprecation"),
    **_all("python.util", "nest", "tf.nest", "tf1x.core.nest"),
    **_all("python.util", "tf_contextlib", "contextlib"),
    **_all("python.util", "tf_decorator", "tf1x.lib.internals"),
    "python.tf2": ("tf1x.lib.internals",),
    **_all("python.util", "tf_inspect", "tf1x.lib.internals", "inspect"),
    # -- contrib
    **_all(
        "contrib.distributions.python.ops",
        "bernoulli beta binomial categorical cauchy chi2 deterministic dirichlet "
        "dirichlet_multinomial distribution exponential gamma geometric gumbel half_normal "
        "independent inverse_gamma kullback_leibler laplace logistic mixture mixture_same_family "
        "multinomial mvn_diag mvn_full_covariance mvn_linear_operator mvn_tril negative_binomial "
        "normal normal_conjugate_posteriors onehot_categorical poisson quantized_distribution "
        "relaxed_bernoulli relaxed_onehot_categorical sample_stats student_t "
        "transformed_distribution uniform",
        "tf.contrib.distributions",
    ),
    **_all(
        "contrib.distributions.python.ops",
        "distribution_util",
        "tf.contrib.distributions",
        *(f"tf1x.lib.distributions.{module}" for module in ("util", "checks", "shapes")),
    ),
    **_all("contrib.distributions.python.ops", "bijectors", "tf.contrib.distributions.bijectors"),
    **_all("contrib.framework.python", "framework ops", "tf.contrib.framework"),
    **_all("contrib.framework.python.framework", "deprecation tensor_util", "tf.contrib.framework"),
    **_all("contrib.framework.python.ops", "variables", "tf.contrib.framework"),
    **_all(
        "contrib.tfprof.python.tools.tfprof", "tfprof_logger", "tf.contrib.tfprof.tfprof_logger"
    ),
    **_all(
        "contrib.tfprof.python.tools.tfprof", "model_analyzer", "tf.contrib.tfprof.model_analyzer"
    ),
    **_all("contrib.layers.python", "layers", "tf.contrib.layers"),
    **_all(
        "contrib.layers.python.layers",
        "embedding_ops encoders feature_column feature_column_ops initializers layers normalization "
        "optimizers regularizers",
        "tf.contrib.layers",
    ),
    **_all("contrib.layers.python.layers", "summaries", "tf1x.lib.contrib.layers.summaries"),
    **_all("contrib.layers.python.layers", "utils", "tf1x.lib.contrib.layers.utils"),
    "contrib.slim.python.slim": ("tf.contrib.slim",),
    "contrib.learn.python.learn": ("tf.contrib.learn",),
    **_all(
        "contrib.learn.python.learn",
        "learn monitored_session session_run_hook basic_session_run_hooks supervised_session",
        "tf.contrib.learn",
        "tf.train",
    ),
    **_all(
        "contrib.learn.python.learn.estimators",
        "composable_model constants dnn dnn_linear_combined estimator estimators head linear "
        "metric_key model_fn prediction_key run_config",
        "tf.contrib.learn",
    ),
    **_all(
        "contrib.learn.python.learn.utils",
        "export input_fn_utils saved_model_export_utils utils",
        "tf.contrib.learn.utils",
        "tf.contrib.learn",
    ),
    **_all(
        "contrib.learn.python.learn", "experiment export_strategy metric_spec", "tf.contrib.learn"
    ),
    **_all(
        "contrib.tpu.python.tpu",
        "bfloat16 tpu_config tpu_context tpu_estimator tpu_optimizer",
        "tf.contrib.tpu",
        "tf1x.lib.contrib.tpu.estimator",
    ),
    **_all("contrib.legacy_seq2seq.python.ops", "seq2seq", "tf.contrib.legacy_seq2seq"),
    **_all("contrib.losses.python.losses", "loss_ops", "tf.contrib.losses"),
    **_all(
        "contrib.losses.python.metric_learning",
        "metric_loss_ops",
        "tf.contrib.losses.metric_learning",
    ),
    **_all(
        "contrib.metrics.python.ops",
        "confusion_matrix_ops metric_ops set_ops",
        "tf.contrib.metrics",
    ),
    **_all(
        "contrib.cudnn_rnn.python", "layers.cudnn_rnn ops.cudnn_rnn_ops", "tf.contrib.cudnn_rnn"
    ),
    **_all(
        "contrib.rnn.python.ops",
        "core_rnn core_rnn_cell core_rnn_cell_impl fused_rnn_cell gru_ops lstm_ops rnn rnn_cell",
        "tf.contrib.rnn",
        "tf.nn",
        "tf1x.lib.rnn.base",
    ),
    **_all(
        "contrib.seq2seq.python.ops",
        "attention_decoder_fn attention_wrapper basic_decoder beam_search_decoder beam_search_ops "
        "decoder decoder_fn helper loss seq2seq",
        "tf.contrib.seq2seq",
    ),
    **_all(
        "contrib.training.python.training",
        "bucket_ops evaluation hparam training",
        "tf.contrib.training",
    ),
}

# Modules that stand for private ones as they are.
MODULES: dict[str, str] = {
    "contrib.factorization.python.ops.clustering_ops": "tf1x.lib.contrib.factorization.clustering",
    "core.protobuf.saved_model_pb2": "tf1x.core.messages",
    **dict.fromkeys(
        ("python.keras", "contrib.keras.api.keras", "contrib.keras.python.keras"), "tf1x.lib.keras"
    ),
    **{
        f"python.saved_model.{module}": f"tf1x.lib.saved_model.{module}"
        for module in ("constants", "signature_constants", "tag_constants")
    },
    "contrib.learn.python.learn.datasets.mnist": "tf1x.lib.mnist",
    **{
        f"contrib.learn.python.learn.{module}": f"tf1x.lib.contrib.learn.{module}"
        for module in (
            "datasets",
            "graph_actions",
            "learn_runner",
            "monitors",
            "datasets.base",
            "datasets.text_datasets",
            "preprocessing",
            "preprocessing.categorical",
            "preprocessing.categorical_vocabulary",
            "preprocessing.text",
        )
    },
    "python.training.checkpoint_state_pb2": "tf1x.core.messages",
    **{
        f"contrib.slim.python.slim.data.{module}": f"tf1x.lib.contrib.slim.{module}"
        for module in (
            "data_decoder",
            "data_provider",
            "dataset",
            "parallel_reader",
            "prefetch_queue",
            "tfexample_decoder",
        )
    },
    "contrib.slim.python.slim.data.dataset_data_provider": "tf1x.lib.contrib.slim.data_provider",
    "python.ops.inplace_ops": "tf1x.ops.inplace",
    "core.profiler.tfprof_log_pb2": "tf1x.lib.profiler.op_log",
    "python.profiler.tfprof_logger": "tf1x.lib.profiler.op_log",
    "python.profiler.model_analyzer": "tf1x.lib.profiler.model",
    "python.profiler.option_builder": "tf1x.lib.profiler.options",
    **{
        f"contrib.slim.python.slim.{package}{module}": f"tf1x.lib.contrib.slim.{package}{module}"
        for package, modules in {
            "": "learning model_analyzer queues summaries",
            "nets.": (
                "alexnet inception inception_v1 inception_v2 inception_v3 overfeat resnet_utils "
                "resnet_v1 resnet_v2 vgg"
            ),
        }.items()
        for module in modules.split()
    },
    **{
        f"core.{package}.{module}": f"tensorboard.compat.proto.{module}"
        for package, modules in {
            "framework": (
                "attr_value_pb2 function_pb2 graph_pb2 node_def_pb2 op_def_pb2 step_stats_pb2 "
                "summary_pb2 tensor_pb2 tensor_shape_pb2 types_pb2 variable_pb2 versions_pb2"
            ),
            "protobuf": "cluster_pb2 config_pb2 meta_graph_pb2 rewriter_config_pb2 saver_pb2 struct_pb2",
            "util": "event_pb2",
        }.items()
        for module in modules.split()
    },
    **dict.fromkeys(("core.example.example_pb2", "core.example.feature_pb2"), "tf1x.core.messages"),
}

SOURCES |= {
    **_all(
        "python.eager",
        "backprop context def_function function",
        "tf",
        "tf.contrib.eager",
        "tf1x.lib.eager.context",
        "tf1x.lib.eager.function",
    ),
    "contrib.eager.python.tfe": ("tf.contrib.eager",),
    "contrib.eager.python.metrics": ("tf.contrib.eager.metrics",),
    "contrib.eager.python.metrics_impl": ("tf.contrib.eager.metrics",),
    "contrib.eager.python.datasets": ("tf.contrib.eager",),
    "contrib.eager.python.network": ("tf.contrib.eager",),
    "contrib.eager.python.saver": ("tf.contrib.eager",),
}

_RNN_CELL_NAMES = {
    "_LayerRNNCell": "base:LayerRNNCell",
    "_Linear": "projections:Linear",
    "_RNNCell": "base:RNNCell",
    "_concat": "base:concat_sizes",
    "_like_rnncell": "base:like_rnncell",
    "_linear": "projections:linear",
    "_zero_state_tensors": "base:zero_state_tensors",
}
_RNN_NAMES = {
    "_best_effort_input_batch_size": "dynamic:best_effort_input_batch_size",
    "_infer_state_dtype": "steps:state_dtype",
    "_reverse_seq": "static:reversed_steps",
    "_transpose_batch_time": "dynamic:transpose_batch_time",
}


def _named(package: str, modules: str, names: dict[str, str]) -> dict[str, str]:
    return {
        f"{package}.{module}.{name}": f"tf1x.lib.rnn.{place}"
        for module in modules.split()
        for name, place in names.items()
    }


# Single names that are called something else here: public ones ("tf.x"), or "module:name".
NAMES: dict[str, str] = {
    **_named("python.ops", "rnn_cell rnn_cell_impl", _RNN_CELL_NAMES),
    **_named(
        "contrib.rnn.python.ops", "core_rnn_cell core_rnn_cell_impl rnn_cell", _RNN_CELL_NAMES
    ),
    **_named("python.ops", "rnn", _RNN_NAMES),
    **_named("contrib.rnn.python.ops", "core_rnn rnn", _RNN_NAMES),
    "python.framework.ops.RegisterShape": "tf1x.lib.internals:RegisterShape",
    "python.framework.ops.EagerTensor": "tf1x.runtime.eager_tensor:EagerTensor",
    "python.framework.ops.internal_convert_to_tensor": "tf.convert_to_tensor",
    "python.framework.ops.uid": "tf1x.lib.internals:uid",
    "python.framework.smart_cond.smart_case": "tf.case",
    "python.ops.variable_scope._pure_variable_scope": "tf1x.lib.variable_scope:pure_variable_scope",
    **{
        f"{package}.tfprof_logger.{name}": f"tf1x.lib.profiler.op_log:{place}"
        for package in ("contrib.tfprof.python.tools.tfprof", "python.profiler")
        for name, place in (
            ("_get_logged_ops", "logged_ops"),
            ("_merge_default_with_oplog", "merge_default_op_log"),
        )
    },
    "python.layers.base._Layer": "tf.layers.Layer",
    "python.platform.googletest.GetTempDir": "tf.test.get_temp_dir",
    "python.estimator.estimator._load_global_step_from_checkpoint_dir": (
        "tf1x.lib.estimator.results:global_step_of"
    ),
    "python.training.evaluation._evaluate_once": "tf1x.lib.train.evaluation:evaluate_once",
    "python.training.evaluation._get_or_create_eval_step": (
        "tf1x.lib.train.evaluation:get_or_create_eval_step"
    ),
    "python.training.monitored_session._HookedSession": (
        "tf1x.lib.train.wrapped_sessions:HookedSession"
    ),
    "python.training.session_manager._ready": "tf1x.lib.train.session_manager:readiness",
    "python.training.training_util._get_or_create_global_step_read": (
        "tf1x.lib.train.training_util:get_or_create_global_step_read"
    ),
    "python.training.saver._get_saver_or_default": "tf1x.lib.train.saver:get_saver_or_default",
}
