"""The optimizers' updates: `Apply*` on whole variables, `SparseApply*` on some of their rows.

Each update is a function of the values of its variables, hyperparameters and gradient, written
once; it is declared on references and on resources, and with the rows of a sparse gradient in
place of whole variables. Several gradients of one row are applied one after the other, as
TensorFlow's CPU kernels do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import errors
from tf1x.core.dtypes import INDICES, NUMBERS
from tf1x.native import adam as native
from tf1x.native import descent
from tf1x.ops import xp
from tf1x.ops.scatter import by_rows, check_indices
from tf1x.ops.state import same_shape, update

Step = Callable[..., Any]


def _positional(step: Step) -> list[str]:
    code = step.__code__  # type: ignore[attr-defined]
    return list(code.co_varnames[: code.co_argcount])


def _signature(parameters: list[str]) -> str:
    types = {"global_step": "int64", "indices": "Tindices"}
    return ", ".join(f"{p}: {types.get(p, 'T')}" for p in parameters)


def _dense(name: str, step: Step, variables: int) -> tuple[Any, Any]:
    """Declare `Apply<name>` and `ResourceApply<name>`, whose inputs are the parameters of `step`."""
    parameters = _positional(step)
    grad = "delta" if "delta" in parameters else "grad"
    position = parameters.index(grad)

    @functools.wraps(step)
    def lower(*values: Any, **flags: Any) -> Any:
        same_shape(values[0], values[position], f"var and {grad}")
        return step(*values, **flags)

    variable_names = tuple(parameters[:variables])
    return update(
        f"Apply{name}", f"ResourceApply{name}", _signature(parameters), lower, variable_names,
        output="out", like=grad, T=NUMBERS,
    )  # fmt: skip


def _sparse(name: str, step: Step, variables: int) -> tuple[Any, Any]:
    """Declare `SparseApply<name>` and its resource form: `step` on the rows `indices`."""
    parameters = ["grad" if p == "delta" else p for p in _positional(step)]
    position = parameters.index("grad")
    parameters.insert(position + 1, "indices")

    @functools.wraps(step)
    def lower(*values: Any, **flags: Any) -> Any:
        arguments = list(values)
        indices = arguments.pop(position + 1)
        tables, grad = tuple(arguments[:variables]), arguments[position]
        shape = np.shape(tables[0])
        if np.shape(grad) != np.shape(indices) + shape[1:]:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"var and grad must match: var {list(shape)}, grad {list(np.shape(grad))}, "
                f"indices {list(np.shape(indices))}",
            )
        check_indices(
            indices,
            shape[0],
            lambda i, given: f"Index {given[i]} at offset {i} in indices is out of range",
        )

        def of_rows(*rows: Any) -> Any:
            arguments[:variables] = rows[:variables]
            arguments[position] = rows[variables]
            return step(*arguments, **flags)

        rows = xp.remember_rows(indices, *tables)
        return tuple(by_rows(of_rows, tables, rows, grad))

    variable_names = tuple(parameters[:variables])
    return update(
        f"SparseApply{name}", f"ResourceSparseApply{name}", _signature(parameters), lower, variable_names,
        output="out", T=NUMBERS, Tindices=INDICES,
    )  # fmt: skip


def _shrunk(x: Any, by: Any) -> Any:
    """`x` moved towards zero by `by`, no further."""
    return xp.sign(x) * xp.maximum(xp.abs(x) - by, 0)


def _rsqrt(x: Any) -> Any:
    return 1 / xp.sqrt(x)


# -- the updates -----------------------------------------------------------------------------------


def _gradient_descent(var: Any, alpha: Any, delta: Any) -> Any:
    """var -= alpha * delta."""
    if xp.is_jax(var, delta) and descent.suits(var):
        return xp.unless_failed(lambda failed: [descent.descend(var, alpha, delta, failed)], [var])[
            0
        ]
    return var - alpha * delta


def _momentum(
    var: Any, accum: Any, lr: Any, grad: Any, momentum: Any, *, use_nesterov: bool = False
) -> Any:
    """accum = momentum * accum + grad; var -= lr * accum, or a step further with Nesterov's form."""
    accum = accum * momentum + grad
    step = grad * lr + accum * momentum * lr if use_nesterov else accum * lr
    return var - step, accum


def _adam(
    var: Any, m: Any, v: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any,
    grad: Any, *, use_nesterov: bool = False,
) -> Any:  # fmt: skip
    """Adam (Kingma and Ba, 2014) with epsilon outside the bias correction."""
    alpha = lr * xp.sqrt(1 - beta2_power) / (1 - beta1_power)
    if xp.is_jax(var, grad) and not use_nesterov and native.suits(var):
        arguments = var, m, v, grad, alpha, beta1, beta2, epsilon
        return xp.unless_failed(lambda failed: native.update(*arguments, failed), (var, m, v))
    m = m + (grad - m) * (1 - beta1)
    v = v + (xp.square(grad) - v) * (1 - beta2)
    direction = grad * (1 - beta1) + beta1 * m if use_nesterov else m
    return var - direction * alpha / (xp.sqrt(v) + epsilon), m, v


def _ada_max(
    var: Any,
    m: Any,
    v: Any,
    beta1_power: Any,
    lr: Any,
    beta1: Any,
    beta2: Any,
    epsilon: Any,
    grad: Any,
) -> Any:
    """AdaMax: Adam with the infinity norm."""
    m = m + (grad - m) * (1 - beta1)
    v = xp.maximum(beta2 * v, xp.abs(grad))
    return var - lr / (1 - beta1_power) * (m / (v + epsilon)), m, v


def _rms_prop(
    var: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any
) -> Any:
    """Gradients over the root of their mean square, with momentum."""
    ms = ms + (xp.square(grad) - ms) * (1 - rho)
    mom = mom * momentum + grad * lr / xp.sqrt(ms + epsilon)
    return var - mom, ms, mom


def _centered_rms_prop(
    var: Any, mg: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any
) -> Any:
    """RMSProp with the variance of the gradients in place of their mean square."""
    ms = ms + (xp.square(grad) - ms) * (1 - rho)
    mg = mg + (grad - mg) * (1 - rho)
    mom = mom * momentum + lr * grad / xp.sqrt(ms - xp.square(mg) + epsilon)
    return var - mom, mg, ms, mom


def _adagrad(var: Any, accum: Any, lr: Any, grad: Any, *, update_slots: bool = True) -> Any:
    """accum += grad^2; var -= lr * grad / sqrt(accum)."""
    if update_slots:
        accum = accum + xp.square(grad)
    return var - grad * lr * _rsqrt(accum), accum


def _adagrad_v2(
    var: Any, accum: Any, lr: Any, epsilon: Any, grad: Any, *, update_slots: bool = True
) -> Any:
    """Adagrad with epsilon added to the root."""
    if update_slots:
        accum = accum + xp.square(grad)
    return var - grad * lr / (xp.sqrt(accum) + epsilon), accum


def _adagrad_da(
    var: Any, gradient_accumulator: Any, gradient_squared_accumulator: Any, grad: Any, lr: Any, l1: Any, l2: Any,
    global_step: Any,
) -> Any:  # fmt: skip
    """Adagrad by dual averaging: the variable from the sums of all gradients, with l1 and l2."""
    total = gradient_accumulator + grad
    squares = gradient_squared_accumulator + xp.square(grad)
    steps = global_step.astype(var.dtype)
    shrunk = xp.where(l1 > 0, _shrunk(total, steps * l1), total)
    return -lr * shrunk / (l2 * steps * lr + xp.sqrt(squares)), total, squares


def _adadelta(
    var: Any, accum: Any, accum_update: Any, lr: Any, rho: Any, epsilon: Any, grad: Any
) -> Any:
    """Steps scaled by the ratio of the mean squares of past steps and gradients."""
    accum = accum * rho + xp.square(grad) * (1 - rho)
    step = xp.sqrt(accum_update + epsilon) * _rsqrt(accum + epsilon) * grad
    accum_update = accum_update * rho + xp.square(step) * (1 - rho)
    return var - step * lr, accum, accum_update


def _add_sign(var: Any, m: Any, lr: Any, alpha: Any, sign_decay: Any, beta: Any, grad: Any) -> Any:
    """A larger step where gradient and its mean agree in sign."""
    m = m * beta + grad * (1 - beta)
    agree = xp.sign(grad) * xp.sign(m)
    return var - lr * (alpha + sign_decay * agree) * grad, m


def _power_sign(
    var: Any, m: Any, lr: Any, logbase: Any, sign_decay: Any, beta: Any, grad: Any
) -> Any:
    """As AddSign, with a step that grows exponentially."""
    m = m * beta + grad * (1 - beta)
    agree = xp.sign(grad) * xp.sign(m)
    return var - lr * xp.exp(logbase * sign_decay * agree) * grad, m


def _proximal(var: Any, rate: Any, l1: Any, l2: Any) -> Any:
    return xp.where(l1 > 0, _shrunk(var, rate * l1), var) / (1 + l2 * rate)


def _proximal_gradient_descent(var: Any, alpha: Any, l1: Any, l2: Any, delta: Any) -> Any:
    """Gradient descent, then shrinkage by l1 and l2."""
    return _proximal(var - delta * alpha, alpha, l1, l2)


def _proximal_adagrad(var: Any, accum: Any, lr: Any, l1: Any, l2: Any, grad: Any) -> Any:
    """Adagrad, then shrinkage by l1 and l2 at each element's own rate."""
    accum = accum + xp.square(grad)
    rate = lr * _rsqrt(accum)
    return _proximal(var - grad * rate, rate, l1, l2), accum


def _ftrl_step(
    var: Any, accum: Any, linear: Any, grad: Any, shrunk_grad: Any, lr: Any, l1: Any, l2: Any, lr_power: Any,
    by_lr: bool,
) -> Any:  # fmt: skip
    total = accum + xp.square(grad)
    half = lr_power == -0.5
    # A root is not a power to the last bit, and 0 ** -lr_power is fine either way.
    root = xp.where(half, xp.sqrt(total), xp.power(total, -lr_power))
    old_root = xp.where(half, xp.sqrt(accum), xp.power(accum, -lr_power))
    if by_lr:
        linear = linear + shrunk_grad * lr - (root - old_root) * var
        l1, quadratic = l1 * lr, root + 2 * l2 * lr
    else:
        linear = linear + shrunk_grad - (root - old_root) / lr * var
        quadratic = root / lr + 2 * l2
    solved = (l1 * xp.sign(linear) - linear) / quadratic
    return xp.where(xp.abs(linear) > l1, solved, xp.zeros((), var.dtype)), total, linear


def _ftrl(
    var: Any, accum: Any, linear: Any, grad: Any, lr: Any, l1: Any, l2: Any, lr_power: Any, *,
    multiply_linear_by_lr: bool = False,
) -> Any:  # fmt: skip
    """FTRL-proximal (McMahan et al., 2013)."""
    return _ftrl_step(var, accum, linear, grad, grad, lr, l1, l2, lr_power, multiply_linear_by_lr)


def _ftrl_v2(
    var: Any, accum: Any, linear: Any, grad: Any, lr: Any, l1: Any, l2: Any, l2_shrinkage: Any, lr_power: Any, *,
    multiply_linear_by_lr: bool = False,
) -> Any:  # fmt: skip
    """FTRL-proximal with the gradient of `l2_shrinkage * var^2` added."""
    shrunk_grad = grad + 2 * l2_shrinkage * var
    return _ftrl_step(
        var, accum, linear, grad, shrunk_grad, lr, l1, l2, lr_power, multiply_linear_by_lr
    )


ApplyGradientDescent, ResourceApplyGradientDescent = _dense("GradientDescent", _gradient_descent, 1)
ApplyMomentum, ResourceApplyMomentum = _dense("Momentum", _momentum, 2)
ApplyAdam, ResourceApplyAdam = _dense("Adam", _adam, 3)
ApplyAdaMax, ResourceApplyAdaMax = _dense("AdaMax", _ada_max, 3)
ApplyRMSProp, ResourceApplyRMSProp = _dense("RMSProp", _rms_prop, 3)
ApplyCenteredRMSProp, ResourceApplyCenteredRMSProp = _dense(
    "CenteredRMSProp", _centered_rms_prop, 4
)
ApplyAdagrad, ResourceApplyAdagrad = _dense("Adagrad", _adagrad, 2)
ApplyAdagradV2, ResourceApplyAdagradV2 = _dense("AdagradV2", _adagrad_v2, 2)
ApplyAdagradDA, ResourceApplyAdagradDA = _dense("AdagradDA", _adagrad_da, 3)
ApplyAdadelta, ResourceApplyAdadelta = _dense("Adadelta", _adadelta, 3)
ApplyAddSign, ResourceApplyAddSign = _dense("AddSign", _add_sign, 2)
ApplyPowerSign, ResourceApplyPowerSign = _dense("PowerSign", _power_sign, 2)
ApplyProximalGradientDescent, ResourceApplyProximalGradientDescent = _dense(
    "ProximalGradientDescent", _proximal_gradient_descent, 1
)
ApplyProximalAdagrad, ResourceApplyProximalAdagrad = _dense("ProximalAdagrad", _proximal_adagrad, 2)
ApplyFtrl, ResourceApplyFtrl = _dense("Ftrl", _ftrl, 3)
ApplyFtrlV2, ResourceApplyFtrlV2 = _dense("FtrlV2", _ftrl_v2, 3)

SparseApplyMomentum, ResourceSparseApplyMomentum = _sparse("Momentum", _momentum, 2)
SparseApplyRMSProp, ResourceSparseApplyRMSProp = _sparse("RMSProp", _rms_prop, 3)
SparseApplyCenteredRMSProp, ResourceSparseApplyCenteredRMSProp = _sparse(
    "CenteredRMSProp", _centered_rms_prop, 4
)
SparseApplyAdagrad, ResourceSparseApplyAdagrad = _sparse("Adagrad", _adagrad, 2)
SparseApplyAdagradV2, ResourceSparseApplyAdagradV2 = _sparse("AdagradV2", _adagrad_v2, 2)
SparseApplyAdagradDA, ResourceSparseApplyAdagradDA = _sparse("AdagradDA", _adagrad_da, 3)
SparseApplyAdadelta, ResourceSparseApplyAdadelta = _sparse("Adadelta", _adadelta, 3)
SparseApplyProximalGradientDescent, ResourceSparseApplyProximalGradientDescent = _sparse(
    "ProximalGradientDescent", _proximal_gradient_descent, 1
)
SparseApplyProximalAdagrad, ResourceSparseApplyProximalAdagrad = _sparse(
    "ProximalAdagrad", _proximal_adagrad, 2
)
SparseApplyFtrl, ResourceSparseApplyFtrl = _sparse("Ftrl", _ftrl, 3)
SparseApplyFtrlV2, ResourceSparseApplyFtrlV2 = _sparse("FtrlV2", _ftrl_v2, 3)
