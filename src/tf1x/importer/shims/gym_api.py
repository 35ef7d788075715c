"""OpenAI Gym over gymnasium: `reset()` gives the observation, `step()` four values.

Served only where gymnasium is installed and gym is not. Environments keep the names that programs
of the time use: `FrozenLake-v0` is gymnasium's `FrozenLake-v1`, and so on.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from types import ModuleType
from typing import Any

from tf1x.importer.shims import is_installed, module, note

# id of the time -> gymnasium's, where the version is another
_IDS = {
    "FrozenLake-v0": "FrozenLake-v1", "FrozenLake8x8-v0": "FrozenLake8x8-v1",
    "Taxi-v1": "Taxi-v3", "Taxi-v2": "Taxi-v3", "CliffWalking-v0": "CliffWalking-v1",
    "Pendulum-v0": "Pendulum-v1", "LunarLander-v2": "LunarLander-v3",
    "LunarLanderContinuous-v2": "LunarLanderContinuous-v3", "BipedalWalker-v2": "BipedalWalker-v3",
    "Blackjack-v0": "Blackjack-v1", "CarRacing-v0": "CarRacing-v3",
}  # fmt: skip

_MODULES = (
    "gym", "gym.spaces", "gym.wrappers", "gym.envs", "gym.envs.registration", "gym.envs.toy_text",
    "gym.envs.toy_text.discrete", "gym.envs.toy_text.utils", "gym.envs.classic_control", "gym.utils", "gym.utils.seeding", "gym.error", "gym.core",
    "gym.monitoring",
)  # fmt: skip


def _gymnasium(name: str = "gymnasium") -> Any:
    return importlib.import_module(name)


class OldEnv:
    """An environment with Gym's interface of before 0.26."""

    def __init__(self, env: Any, id: str) -> None:
        self.env = env
        self._id = id
        self._seed: int | None = None
        self._ended = False
        self._warned = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.env, name)

    @property
    def unwrapped(self) -> Any:
        return self.env.unwrapped

    def seed(self, seed: int | None = None) -> list[int | None]:
        """The seed that the next `reset` uses."""
        self._seed = seed
        self.env.action_space.seed(seed)
        return [seed]

    def reset(self, **kwargs: Any) -> Any:
        """Start an episode; returns its first observation."""
        if self._seed is not None:
            kwargs.setdefault("seed", self._seed)
            self._seed = None
        observation, _ = self.env.reset(**kwargs)
        self._ended = False
        return observation

    def step(self, action: Any) -> tuple[Any, Any, bool, dict[str, Any]]:
        """Act; returns observation, reward, whether the episode is over, and details.

        Where the time limit ended it, the details hold `TimeLimit.truncated`.
        """
        observation, reward, terminated, truncated, info = self.env.step(_plain(action))
        if truncated:
            info = {**info, "TimeLimit.truncated": not terminated}
        self._ended = bool(terminated or truncated)
        return observation, float(reward), self._ended, info

    def render(self, mode: str = "human", close: bool = False) -> Any:
        """A picture (`mode="rgb_array"`), text ("ansi"), or a line with the state."""
        if close:
            return None
        if self.env.render_mode in (None, mode) and self.env.render_mode == mode:
            return self.env.render()
        if mode in (self.env.metadata or {}).get("render_modes", ()) and mode != "human":
            twin = _gymnasium().make(_IDS.get(self._id, self._id), render_mode=mode)
            twin.reset()
            _copy_state(self.env.unwrapped, twin.unwrapped)
            return twin.render()
        if not self._warned:
            note("env.render() opens no window")
            self._warned = True
        return None

    def close(self) -> None:
        self.env.close()

    def __enter__(self) -> OldEnv:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()

    def __str__(self) -> str:
        return f"<{self._id}>"


def _plain(action: Any) -> Any:
    """Actions as gymnasium checks them: an array with one element for a discrete space is an int."""
    return action.item() if hasattr(action, "item") and getattr(action, "size", 0) == 1 and (
        getattr(action, "ndim", 0) == 0
    ) else action  # fmt: skip


def _copy_state(source: Any, target: Any) -> None:
    for name in ("s", "state", "lastaction", "desc", "last_u"):
        if hasattr(source, name):
            setattr(target, name, getattr(source, name))


def make(id: str, **kwargs: Any) -> OldEnv:
    """An environment by its id.

    Raises:
        gymnasium.error.Error: there is none; the message names close ones.
    """
    note(f"gym over gymnasium: {id}" + (f" is {_IDS[id]}" if id in _IDS else ""))
    gymnasium = _gymnasium()
    wanted = id if id in gymnasium.registry else _IDS.get(id, id)
    return OldEnv(gymnasium.make(wanted, **kwargs), id)


def register(
    id: str,
    entry_point: Any = None,
    trials: int = 100,
    reward_threshold: float | None = None,
    nondeterministic: bool = False,
    tags: Any = None,
    kwargs: Any = None,
    max_episode_steps: int | None = None,
    timestep_limit: int | None = None,
    **more: Any,
) -> None:
    """Register an environment; an entry point `gym.envs.X:Y` means gymnasium's own."""
    limit = max_episode_steps or timestep_limit
    if tags:
        limit = limit or tags.get("wrapper_config.TimeLimit.max_episode_steps")
    if isinstance(entry_point, str):
        entry_point = entry_point.replace("gym.envs.", "gymnasium.envs.", 1)
    if id in _gymnasium().registry:
        del _gymnasium().registry[id]
    _gymnasium().register(
        id,
        entry_point=entry_point,
        reward_threshold=reward_threshold,
        nondeterministic=nondeterministic,
        max_episode_steps=limit,
        kwargs=dict(kwargs or {}),
        disable_env_checker=True,
        **more,
    )


class Monitor(OldEnv):
    """`gym.wrappers.Monitor`: writes what episodes brought to DIRECTORY/episodes.json; no videos."""

    def __init__(self, env: OldEnv, directory: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(env.env, env._id)
        os.makedirs(directory, exist_ok=True)
        self._path = os.path.join(directory, "episodes.json")
        self._start = time.time()
        self._rewards: list[float] = []
        self._lengths: list[int] = []
        note("gym.wrappers.Monitor writes episodes.json, and no videos")

    def reset(self, **kwargs: Any) -> Any:
        self._rewards.append(0.0)
        self._lengths.append(0)
        return super().reset(**kwargs)

    def step(self, action: Any) -> tuple[Any, Any, bool, dict[str, Any]]:
        result = super().step(action)
        self._rewards[-1] += result[1]
        self._lengths[-1] += 1
        return result

    def get_episode_rewards(self) -> list[float]:
        return self._rewards

    def get_episode_lengths(self) -> list[int]:
        return self._lengths

    def close(self) -> None:
        if self._path:
            content = {
                "episode_rewards": self._rewards,
                "episode_lengths": self._lengths,
                "seconds": time.time() - self._start,
            }
            with open(f"{self._path}.part", "w", encoding="utf-8") as file:
                json.dump(content, file)
            os.replace(f"{self._path}.part", self._path)
        super().close()


def _discrete_env() -> Any:
    """`gym.envs.toy_text.discrete.DiscreteEnv`, which gymnasium has no more."""
    gymnasium = _gymnasium()
    sample = _gymnasium("gymnasium.envs.toy_text.utils").categorical_sample

    class DiscreteEnv(gymnasium.Env):  # type: ignore[misc, name-defined]
        """Finitely many states: `P[state][action]` lists (probability, next, reward, done).

        Args:
            nS, nA: how many states and actions.
            P: the transitions.
            isd: probabilities of the first state.
        """

        def __init__(self, nS: int, nA: int, P: Any, isd: Any) -> None:
            self.nS, self.nA, self.P, self.isd = nS, nA, P, isd
            self.action_space = gymnasium.spaces.Discrete(nA)
            self.observation_space = gymnasium.spaces.Discrete(nS)
            self.seed()
            self.reset()

        def seed(self, seed: int | None = None) -> list[int]:
            self.np_random, used = gymnasium.utils.seeding.np_random(seed)
            return [used]

        def reset(self) -> int:
            self.s = int(sample(self.isd, self.np_random))
            self.lastaction = None
            return self.s

        def step(self, a: Any) -> tuple[int, float, bool, dict[str, float]]:
            choices = self.P[self.s][a]
            chance, self.s, reward, done = choices[
                sample([choice[0] for choice in choices], self.np_random)
            ]
            self.lastaction = a
            return self.s, reward, done, {"prob": chance}

    return DiscreteEnv


def _fill_root(made: ModuleType) -> None:
    gymnasium = _gymnasium()
    made.__dict__.update(
        make=make, register=register, Env=gymnasium.Env, Space=gymnasium.Space,
        Wrapper=gymnasium.Wrapper, __version__="0.21.0",
    )  # fmt: skip


def _fill(made: ModuleType) -> None:
    name = made.__name__
    source = name.replace("gym", "gymnasium", 1)
    if is_installed(source):
        found = _gymnasium(source)
        made.__dict__.update({k: v for k, v in vars(found).items() if not k.startswith("__")})
    if name == "gym.wrappers":
        made.Monitor = Monitor  # type: ignore[attr-defined]
    if name in ("gym.envs", "gym.envs.registration"):
        made.__dict__.update(make=make, register=register, registry=_gymnasium().registry)
    if name == "gym.envs.toy_text.discrete":
        made.__dict__.update(vars(_gymnasium("gymnasium.envs.toy_text.utils")))
        made.DiscreteEnv = _discrete_env()  # type: ignore[attr-defined]
    if name == "gym.core":
        _fill_root(made)


@module(*_MODULES)
def _gym(made: ModuleType) -> None:
    if not is_installed("gymnasium"):
        raise ModuleNotFoundError(
            "No module named 'gym'. The program uses OpenAI Gym, whose interface tf1x offers over "
            "its successor: pip install gymnasium",
            name="gym",
        )
    if made.__name__ != "gym":
        _fill(made)
        return
    _fill_root(made)
    for name in _MODULES[1:]:  # `import gym; gym.spaces.Box`
        sys.modules.setdefault(made.__name__, made)
        if name.count(".") == 1:
            setattr(made, name.partition(".")[2], importlib.import_module(name))
