"""Optimizers outside of the graph: loss and gradients as functions of one flat vector."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.core import scopes
from tf1x.core.errors import UnsupportedError
from tf1x.lib.gradients import gradients
from tf1x.lib.train.optimizer import is_resource
from tf1x.lib.variable_functions import assign, trainable_variables
from tf1x.ops.array import placeholder, reshape, zeros_like
from tf1x.ops.array_moves import concat
from tf1x.ops.grouping import group

__all__ = ["ExternalOptimizerInterface", "ScipyOptimizerInterface"]


class ExternalOptimizerInterface:
    """Base of interfaces to other libraries' optimizers: subclasses define `_minimize`.

    Args:
        loss: a scalar.
        var_list: the variables; by default all trainable ones.
        equalities, inequalities: tensors that are to be 0, or at least 0.
        var_to_bounds: {variable: (low, high)}, which are numbers or arrays; infinite by default.
        optimizer_kwargs: for the optimizer, as subclasses say.
    """

    def __init__(
        self,
        loss: Any,
        var_list: Sequence[Any] | None = None,
        equalities: Sequence[Any] | None = None,
        inequalities: Sequence[Any] | None = None,
        var_to_bounds: dict[Any, Any] | None = None,
        **optimizer_kwargs: Any,
    ) -> None:
        self._loss = loss
        self._equalities = list(equalities or ())
        self._inequalities = list(inequalities or ())
        self._vars = list(trainable_variables() if var_list is None else var_list)
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_bounds = self._bounds(var_to_bounds)
        self._shapes = [tuple(v.shape.as_list()) for v in self._vars]
        ends = np.cumsum([int(np.prod(s)) for s in self._shapes])
        self._slices = [
            slice(e - int(np.prod(s)), e) for e, s in zip(ends, self._shapes, strict=True)
        ]
        self._packed_var = _packed(self._vars)
        self._packed_loss_grad = self._packed_gradient(loss)
        self._equality_grads = [self._packed_gradient(e) for e in self._equalities]
        self._inequality_grads = [self._packed_gradient(i) for i in self._inequalities]
        self._fed = [placeholder(v.dtype.base_dtype, v.shape) for v in self._vars]
        self._update = group(*[assign(v, f) for v, f in zip(self._vars, self._fed, strict=True)])

    def _bounds(self, var_to_bounds: dict[Any, Any] | None) -> list[tuple[float, float]] | None:
        if var_to_bounds is None:
            return None
        found: list[tuple[float, float]] = []
        for variable in self._vars:
            shape = variable.shape.as_list()
            low, high = var_to_bounds.get(variable, (-np.inf, np.inf))
            low, high = (np.broadcast_to(x, shape).ravel() for x in (low, high))
            found += [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
        return found

    def _packed_gradient(self, loss: Any) -> Any:
        found = gradients(loss, self._vars)
        return _packed(
            [zeros_like(v) if g is None else g for g, v in zip(found, self._vars, strict=True)]
        )

    def minimize(
        self,
        session: Any = None,
        feed_dict: Any = None,
        fetches: Sequence[Any] | None = None,
        step_callback: Callable[..., Any] | None = None,
        loss_callback: Callable[..., Any] | None = None,
        **run_kwargs: Any,
    ) -> None:
        """Change the variables until the optimizer is done.

        Args:
            session: by default the default session.
            fetches, loss_callback: each time the loss is computed, `loss_callback` is called with
                the values of `fetches`.
            step_callback: called with the flat vector after each step of the optimizer.
            run_kwargs: further arguments for `session.run`.
        """
        session = session or scopes.get_default_session()
        feed_dict = feed_dict or {}
        fetches = list(fetches or ())
        loss_callback = loss_callback or (lambda *values: None)
        step_callback = step_callback or (lambda x: None)

        def values(tensors: Sequence[Any], x: Any) -> Any:
            # The vector stands for the variables, which are fed; those that are resources are read
            # by an op at each place, and have to be set.
            given = self._unpacked(x)
            if any(map(is_resource, self._vars)):
                session.run(self._update, feed_dict=dict(zip(self._fed, given, strict=True)))
                return session.run(tensors, feed_dict=feed_dict, **run_kwargs)
            fed = {**feed_dict, **dict(zip(self._vars, given, strict=True))}
            return session.run(tensors, feed_dict=fed, **run_kwargs)

        def loss_and_gradient(x: Any) -> tuple[Any, Any]:
            loss, gradient, *extra = values([self._loss, self._packed_loss_grad, *fetches], x)
            loss_callback(*extra)
            return loss, gradient.astype(np.float64)

        def function(tensor: Any) -> Callable[[Any], Any]:
            def of(x: Any) -> Any:
                found = np.asarray(values([tensor], x)[0], np.float64)
                return found.reshape(-1) if found.ndim else found

            return of

        found = self._minimize(
            initial_val=session.run(self._packed_var, feed_dict=feed_dict),
            loss_grad_func=loss_and_gradient,
            equality_funcs=[function(e) for e in self._equalities],
            equality_grad_funcs=[function(g) for g in self._equality_grads],
            inequality_funcs=[function(i) for i in self._inequalities],
            inequality_grad_funcs=[function(g) for g in self._inequality_grads],
            packed_bounds=self._packed_bounds,
            step_callback=step_callback,
            optimizer_kwargs=self.optimizer_kwargs,
        )
        session.run(
            self._update, feed_dict=dict(zip(self._fed, self._unpacked(found), strict=True))
        )

    def _unpacked(self, x: Any) -> list[Any]:
        return [
            np.asarray(x[part], v.dtype.base_dtype.as_numpy_dtype).reshape(shape)
            for part, shape, v in zip(self._slices, self._shapes, self._vars, strict=True)
        ]

    def _minimize(
        self,
        initial_val: Any,
        loss_grad_func: Callable[[Any], Any],
        equality_funcs: list[Any],
        equality_grad_funcs: list[Any],
        inequality_funcs: list[Any],
        inequality_grad_funcs: list[Any],
        packed_bounds: Any,
        step_callback: Any,
        optimizer_kwargs: dict[str, Any],
    ) -> Any:
        """The vector that minimizes the loss; subclasses define it."""
        raise UnsupportedError(
            f"{type(self).__name__} defines no _minimize(): use ScipyOptimizerInterface, or a "
            "subclass of ExternalOptimizerInterface that does."
        )


def _packed(tensors: Sequence[Any]) -> Any:
    """One flat tensor of several."""
    flat = [reshape(t, [-1]) for t in tensors]
    return flat[0] if len(flat) == 1 else concat(flat, 0)


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """`scipy.optimize.minimize` (which has to be installed) as the optimizer.

    Its keyword arguments are taken: `method` ("L-BFGS-B", or "SLSQP" with constraints, by
    default), `options`, `tol`, ...
    """

    def _minimize(
        self,
        initial_val: Any,
        loss_grad_func: Callable[[Any], Any],
        equality_funcs: list[Any],
        equality_grad_funcs: list[Any],
        inequality_funcs: list[Any],
        inequality_grad_funcs: list[Any],
        packed_bounds: Any,
        step_callback: Any,
        optimizer_kwargs: dict[str, Any],
    ) -> Any:
        from scipy import optimize

        constraints = [
            {"type": kind, "fun": function, "jac": gradient}
            for kind, functions, found in (
                ("eq", equality_funcs, equality_grad_funcs),
                ("ineq", inequality_funcs, inequality_grad_funcs),
            )
            for function, gradient in zip(functions, found, strict=True)
        ]
        arguments = {"method": "SLSQP" if constraints else "L-BFGS-B", **optimizer_kwargs}
        taken = {"fun", "x0", "jac", "constraints", "bounds", "callback"} & set(arguments)
        if taken:
            raise ValueError(
                f"Optimizer keyword arguments {sorted(taken)} are set by the interface itself."
            )
        if packed_bounds is not None:
            arguments["bounds"] = packed_bounds
        result = optimize.minimize(
            loss_grad_func,
            np.asarray(initial_val, np.float64),
            jac=True,
            callback=step_callback,
            constraints=constraints,
            **arguments,
        )
        message = result.message
        logging.getLogger("tensorflow").info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f",
            message.decode() if isinstance(message, bytes) else message, result.fun,
        )  # fmt: skip
        return result.x
