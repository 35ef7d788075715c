"""When a hook is due: every so many steps, or seconds."""

from __future__ import annotations

import time
from typing import Any


class SecondOrStepTimer:
    """Due every `every_secs` seconds or every `every_steps` steps, and at first at once.

    Raises:
        ValueError: both or neither of the two are given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs = every_secs
        self._every_steps = every_steps
        self.reset()

    def reset(self) -> None:
        """Forget all that was triggered."""
        self._last_triggered_step: Any = None
        self._last_triggered_time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is due at this step."""
        last_time = self._last_triggered_time
        if self._last_triggered_step is None or last_time is None:
            return True
        if self._last_triggered_step == step:
            return False
        if self._every_secs is not None:
            return time.time() >= last_time + self._every_secs
        return bool(step >= self._last_triggered_step + self._every_steps)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it was triggered at this step.

        Returns:
            seconds and steps since the time before, or (None, None) at the first time.
        """
        now = time.time()
        passed: tuple[float | None, int | None] = (None, None)
        if self._last_triggered_time is not None:
            passed = (now - self._last_triggered_time, step - self._last_triggered_step)
        self._last_triggered_time = now
        self._last_triggered_step = step
        return passed

    def last_triggered_step(self) -> Any:
        """The step at which it was triggered last, or None."""
        return self._last_triggered_step


class NeverTriggerTimer:
    """Never due."""

    def reset(self) -> None:
        """Nothing to forget."""

    def should_trigger_for_step(self, step: int) -> bool:
        return False

    def update_last_triggered_step(self, step: int) -> tuple[None, None]:
        return (None, None)

    def last_triggered_step(self) -> None:
        return None
