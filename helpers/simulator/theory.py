"""What queueing theory says, to hold against a simulation.

A queue has an arrival `rate` (messages per second), a mean `service` time (seconds) and c `servers`; its load is
rate · service / servers and must be below 1. Waits are in seconds.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def recursion(arrived: np.ndarray, service: np.ndarray, servers: int) -> np.ndarray:
    """The wait of each message, exactly, when `servers` servers take them first come, first served.

    J. Kiefer and J. Wolfowitz, On the theory of queues with many servers, 1955: a message starts when it has come
    and the first of the servers is free. For one server it is Lindley's recursion.

    Args:
        arrived: (n,) seconds, ascending.
        service: (n,) seconds, in order of arrival.

    Returns:
        (n,) seconds.
    """
    import numpy as np

    free = [0.0] * servers
    waits = np.empty(len(arrived))
    for n, (at, work) in enumerate(zip(arrived.tolist(), service.tolist(), strict=True)):
        start = max(at, free[0])
        waits[n] = start - at
        heapq.heapreplace(free, start + work)
    return waits


def erlang_c(servers: int, offered: float) -> float:
    """The probability that a message has to wait, M/M/c, for `offered` = rate · service (A. K. Erlang, 1917)."""
    _below_one("offered / servers", offered / servers)
    blocked = 1.0  # Erlang B, by its recursion in the number of servers, which never overflows.
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def mean_wait(rate: float, service: float, servers: int = 1, variability: float = 1.0) -> float:
    """The mean wait for Poisson arrivals, in seconds.

    Exact for exponential service (`variability` 1, any number of servers: Erlang C) and for one server with any
    service (Pollaczek and Khinchine, 1930 to 1932); for several servers with another variability it is the usual
    approximation of A. M. Lee and P. A. Longton (1959).

    Args:
        variability: squared coefficient of variation of the service times, variance / mean²; 0 for constant ones.
    """
    load = rate * service / servers
    _below_one("rate * service / servers", load)
    return erlang_c(servers, rate * service) * service / (servers * (1 - load)) * (1 + variability) / 2


def wait_exceeds(seconds: float, rate: float, service: float, servers: int = 1) -> float:
    """The probability that a message waits longer than `seconds`, M/M/c."""
    from math import exp

    load = rate * service / servers
    return erlang_c(servers, rate * service) * exp(-servers * (1 - load) * seconds / service)


def _below_one(name: str, load: float) -> None:
    if not 0 < load < 1:
        raise ValueError(f"{name} is {load:.3g}, and the queue has an end only for more than 0 and less than 1")
