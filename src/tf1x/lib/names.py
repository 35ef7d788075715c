"""Where names of lib are defined that few programs use; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy, lazy_module

_STRATEGIES = (
    "CollectiveAllReduceStrategy DistributeConfig InputContext MirroredStrategy "
    "OneDeviceStrategy ParameterServerStrategy TPUStrategy get_cross_replica_context "
    "get_loss_reduction get_replica_context get_strategy has_strategy in_cross_replica_context"
)
_NEW = "CentralStorageStrategy MultiWorkerMirroredStrategy ReduceOp ReplicaContext Strategy"
_OLD = (
    "AllReduceCrossDeviceOps AllReduceCrossTowerOps CrossDeviceOps DistributionStrategy "
    "get_cross_tower_context get_distribution_strategy get_tower_context "
    "has_distribution_strategy in_cross_tower_context"
)
for _package, _names in (
    ("distribute", f"{_STRATEGIES} {_NEW}"), ("contrib.distribute", f"{_STRATEGIES} {_OLD}")
):  # fmt: skip
    for _name in _names.split():
        lazy("tf1x.lib.distribute", f"{_package}.{_name}")
for _name in ("MultiWorkerMirroredStrategy", "CentralStorageStrategy", "TPUStrategy"):
    lazy("tf1x.lib.distribute", f"distribute.experimental.{_name}")
for _name in ("NcclAllReduce", "HierarchicalCopyAllReduce", "ReductionToOneDevice"):
    lazy("tf1x.lib.distribute", f"distribute.{_name}")

for _name in (
    "ClusterResolver", "SimpleClusterResolver", "TFConfigClusterResolver", "TPUClusterResolver"
):  # fmt: skip
    for _package in ("contrib.cluster_resolver", "distribute.cluster_resolver"):
        lazy("tf1x.lib.cluster_resolver", f"{_package}.{_name}")

for _name in ("Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "Optimizer", "RMSprop", "SGD"):
    lazy("tf1x.lib.keras.optimizers", f"optimizers.{_name}")

for _name in ("load_keras_model", "save_keras_model"):
    lazy("tf1x.lib.keras.export", f"contrib.saved_model.{_name}")

lazy_module("tf1x.lib.mnist_model", "examples.tutorials.mnist.mnist")
lazy("tf1x.lib.module", "Module")
lazy("tf1x.lib.testing.benchmark", "test.Benchmark")
lazy("tf1x.lib.check_ops", "add_check_numerics_ops", "op_scope")

for _name in ("do_not_convert", "to_code", "to_graph"):
    lazy("tf1x.lib.autograph", f"autograph.{_name}", f"contrib.autograph.{_name}")
for _name in ("convert", "set_element_type", "stack"):
    lazy("tf1x.lib.autograph", f"contrib.autograph.{_name}")
for _name in ("Feature", "do_not_convert", "set_element_type", "set_loop_options"):
    lazy("tf1x.lib.autograph", f"autograph.experimental.{_name}")
lazy("tf1x.lib.autograph", "contrib.autograph.Feature")
