"""When messages come, how long they take, and which key each has: functions that draw from a random generator.

``poisson(8.0, 1000)`` is a recipe; a `Simulation` calls it with a generator of its own, so that a change of one
recipe leaves what the others draw as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Arrivals = Callable[["np.random.Generator"], "np.ndarray"]  # gives (n,) ascending seconds
Draws = Callable[["np.random.Generator", int], "np.ndarray"]  # gives (n,) seconds, or (n,) keys


def positive(**numbers: float) -> None:
    """Raises ValueError, naming the argument, unless every number is above 0."""
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value!r}; it should be a number above 0")


def whole(**numbers: int) -> None:
    """Raises ValueError, naming the argument, unless every number is a whole one of at least 1."""
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is {value!r}; it should be a whole number of at least 1")


# --- When they come ------------------------------------------------------------------------------------------------


def poisson(rate: float, messages: int) -> Arrivals:
    """Messages that know nothing of each other, `rate` per second on average."""
    positive(rate=rate)
    whole(messages=messages)
    return lambda draw: draw.exponential(1 / rate, messages).cumsum()


def regular(rate: float, messages: int) -> Arrivals:
    """`rate` messages per second, evenly spaced."""
    positive(rate=rate)
    whole(messages=messages)

    def times(draw: np.random.Generator) -> np.ndarray:
        import numpy as np

        return np.arange(1, messages + 1) / rate

    return times


def bursts(rate: float, messages: int, on: float, off: float) -> Arrivals:
    """Poisson with `rate` per second for `on` seconds, then nothing for `off` seconds, and so on."""
    positive(rate=rate, on=on, off=off)
    whole(messages=messages)

    def times(draw: np.random.Generator) -> np.ndarray:
        busy = draw.exponential(1 / rate, messages).cumsum()
        return busy + (busy // on) * off

    return times


def timestamps(seconds: Sequence[float]) -> Arrivals:
    """The times of a real log, in seconds; the first message comes as late after 0 as it says."""
    import numpy as np

    times = np.asarray(seconds, dtype=float)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all():
        raise ValueError("seconds should be a list of at least one number")
    if (np.diff(times) < 0).any() or times[0] < 0:
        raise ValueError("seconds should ascend from 0: sort them, and subtract the first")
    return lambda draw: times


# --- How long they take --------------------------------------------------------------------------------------------


def exponential(mean: float) -> Draws:
    """Service times that are mostly short and sometimes long: exponential with that mean, in seconds."""
    positive(mean=mean)
    return lambda draw, n: draw.exponential(mean, n)


def constant(mean: float) -> Draws:
    """Every message takes `mean` seconds."""
    positive(mean=mean)

    def times(draw: np.random.Generator, n: int) -> np.ndarray:
        import numpy as np

        return np.full(n, float(mean))

    return times


def lognormal(mean: float, variability: float) -> Draws:
    """Service times with a heavy tail, by their mean in seconds and variance / mean²."""
    positive(mean=mean, variability=variability)

    def times(draw: np.random.Generator, n: int) -> np.ndarray:
        from math import log, sqrt

        sigma2 = log(1 + variability)
        return draw.lognormal(log(mean) - sigma2 / 2, sqrt(sigma2), n)

    return times


def costs(seconds: Sequence[float]) -> Draws:
    """A given cost for each message, in seconds, in order of arrival."""
    import numpy as np

    given = np.asarray(seconds, dtype=float)
    if (given < 0).any():
        raise ValueError("seconds should be 0 or more for each message")

    def times(draw: np.random.Generator, n: int) -> np.ndarray:
        if len(given) != n:
            raise ValueError(f"seconds has {len(given)} costs for {n} messages")
        return given

    return times


# --- Which key they have -------------------------------------------------------------------------------------------


def even_keys(number: int) -> Draws:
    """`number` keys, each as likely as the others."""
    whole(number=number)
    return lambda draw, n: draw.integers(number, size=n)


def skewed_keys(number: int, skew: float) -> Draws:
    """`number` keys of which few are hot: key k is drawn in proportion to 1 / (k + 1)^skew (Zipf's law)."""
    whole(number=number)
    positive(skew=skew)

    def keys(draw: np.random.Generator, n: int) -> np.ndarray:
        import numpy as np

        weight = 1 / np.arange(1, number + 1) ** skew
        return draw.choice(number, size=n, p=weight / weight.sum())

    return keys
