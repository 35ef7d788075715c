"""The session's objects of boosted trees, as the estimators use and save them."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.resources import register_resource
from tf1x.lib.train.saveables import SaveableObject, SaveSpec
from tf1x.ops import array, boosted_trees, boosted_trees_quantiles


class _EnsembleSaveable(SaveableObject):
    def __init__(self, ensemble: TreeEnsemble, name: str) -> None:
        stamp, serialized = ensemble.serialize()
        specs = [
            SaveSpec(stamp, "", f"{name}_stamp"),
            SaveSpec(serialized, "", f"{name}_serialized"),
        ]
        super().__init__(ensemble.resource_handle, specs, name)
        self._ensemble = ensemble

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        with scopes.control_dependencies([self._ensemble.initializer]):
            return self._ensemble.deserialize(*restored_tensors)


class TreeEnsemble:
    """An ensemble of trees in the session, saved with the variables.

    Attributes:
        resource_handle: what the ops of ops/boosted_trees.py take.
        initializer: the op that makes it, empty or as `serialized_proto` says.
    """

    def __init__(
        self, name: str, stamp_token: int = 0, is_local: bool = False, serialized_proto: Any = ""
    ) -> None:
        with scopes.name_scope(name, "TreeEnsemble") as scope:
            self.resource_handle: Tensor = boosted_trees.BoostedTreesEnsembleResourceHandleOp(
                shared_name=scope, name=scope
            )
            self.initializer: Operation = boosted_trees.BoostedTreesCreateEnsemble(
                self.resource_handle, stamp_token, serialized_proto
            )
            made = self.is_initialized()
            if not is_local:
                saveable = _EnsembleSaveable(self, self.resource_handle.name)
                scopes.add_to_collection(GraphKeys.SAVEABLE_OBJECTS, saveable)
            register_resource(self.resource_handle, self.initializer, made, not is_local)

    def is_initialized(self) -> Tensor:
        made: Tensor = boosted_trees.IsBoostedTreesEnsembleInitialized(self.resource_handle)
        return made

    def get_states(self) -> tuple[Tensor, ...]:
        """Stamp, trees, finished trees, attempted layers, range of the last layer's nodes."""
        states = boosted_trees.BoostedTreesGetEnsembleStates(self.resource_handle)
        names = (
            "stamp_token", "num_trees", "num_finalized_trees", "num_attempted_layers",
            "last_layer_nodes_range",
        )  # fmt: skip
        return tuple(
            array.identity(state, name=name) for state, name in zip(states, names, strict=True)
        )

    def get_stamp_token(self) -> Tensor:
        stamp: Tensor = boosted_trees.BoostedTreesGetEnsembleStates(self.resource_handle)[0]
        return stamp

    def serialize(self) -> tuple[Tensor, Tensor]:
        """The stamp, and the ensemble as a `TreeEnsemble` message."""
        stamp, serialized = boosted_trees.BoostedTreesSerializeEnsemble(self.resource_handle)
        return stamp, serialized

    def deserialize(self, stamp_token: Any, serialized_proto: Any) -> Operation:
        """Replace the ensemble by that of a message."""
        made: Operation = boosted_trees.BoostedTreesDeserializeEnsemble(
            self.resource_handle, stamp_token, serialized_proto
        )
        return made


class _QuantilesSaveable(SaveableObject):
    def __init__(self, accumulator: QuantileAccumulator, name: str) -> None:
        bounds = accumulator.get_bucket_boundaries()
        specs = [
            SaveSpec(tensor, "", f"{name}_bucket_boundaries_{index}")
            for index, tensor in enumerate(bounds)
        ]
        super().__init__(accumulator.resource_handle, specs, name)
        self._accumulator = accumulator

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        with scopes.control_dependencies([self._accumulator.initializer]):
            return boosted_trees_quantiles.BoostedTreesQuantileStreamResourceDeserialize(
                self._accumulator.resource_handle, restored_tensors
            )


class QuantileAccumulator:
    """Quantiles of several numeric features; the boundaries of their buckets are saved.

    Args:
        epsilon: by how much a rank may be wrong, as a part of all.
        num_streams: how many features there are.
        num_quantiles: about how many buckets `flush` makes.
    """

    def __init__(
        self,
        epsilon: float,
        num_streams: int,
        num_quantiles: int,
        name: str | None = None,
        max_elements: int | None = None,
    ) -> None:
        self._epsilon, self._count, self._buckets = epsilon, num_streams, num_quantiles
        with scopes.name_scope(name, "QuantileAccumulator") as scope:
            handle = boosted_trees_quantiles.BoostedTreesQuantileStreamResourceHandleOp(
                shared_name=scope, name=scope
            )
            self.resource_handle: Tensor = handle
            self.initializer: Operation = (
                boosted_trees_quantiles.BoostedTreesCreateQuantileStreamResource(
                    handle, epsilon, num_streams
                )
            )
            made = boosted_trees_quantiles.IsBoostedTreesQuantileStreamResourceInitialized(handle)
        register_resource(handle, self.initializer, made)
        saveable = _QuantilesSaveable(self, handle.name)
        scopes.add_to_collection(GraphKeys.SAVEABLE_OBJECTS, saveable)

    def add_summaries(self, float_columns: list[Any], example_weights: Any) -> Operation:
        """Add the numbers of a batch."""
        summaries = boosted_trees_quantiles.BoostedTreesMakeQuantileSummaries(
            float_columns, example_weights, self._epsilon
        )
        made: Operation = boosted_trees_quantiles.BoostedTreesQuantileStreamResourceAddSummaries(
            self.resource_handle, summaries
        )
        return made

    def flush(self) -> Operation:
        """Set the boundaries from what was added, and forget that."""
        made: Operation = boosted_trees_quantiles.BoostedTreesQuantileStreamResourceFlush(
            self.resource_handle, self._buckets
        )
        return made

    def get_bucket_boundaries(self) -> list[Tensor]:
        bounds: list[Tensor] = (
            boosted_trees_quantiles.BoostedTreesQuantileStreamResourceGetBucketBoundaries(
                self.resource_handle, num_features=self._count
            )
        )
        return bounds
