"""`tf.contrib.tpu`, on the devices that there are; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

_NAMES = {
    "config": "InputPipelineConfig RunConfig TPUConfig",
    "estimator": "TPUEstimator TPUEstimatorSpec",
    "optimizer": "CrossShardOptimizer cross_replica_sum",
    "bfloat16": "bfloat16_scope",
    "computation": "batch_parallel initialize_system repeat rewrite shutdown_system while_loop",
}
for _module, _names in _NAMES.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.contrib.tpu.{_module}", f"contrib.tpu.{_name}")
