"""One worker of notebook 06 as a process of its own, with the shop's work and its faults.

``python worker_chaos.py FOLDER URL NAME SEED`` runs the folder's skeleton.py until SIGTERM; what an order is like
decides what happens to it: see `handle`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY, GROUP = "orders", "charging"
MIN_IDLE = 150  # ms
TRIES = 4


def client(url: str) -> redis.Redis:
    """A client that hears of every lost reply: it sends no command twice by itself."""
    return redis.Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0), socket_timeout=5)


def charge(r: redis.Redis, order_id: str, price: str) -> None:
    """Charges an order once, however often it is called: marker and effect are one step."""

    def once(pipe: redis.client.Pipeline) -> None:
        charged = pipe.sismember("charged", order_id)
        pipe.multi()
        if not charged:
            pipe.sadd("charged", order_id)
            pipe.rpush("charges", order_id)
            pipe.incrby("revenue", int(price))

    r.transaction(once, "charged")


def handler(r: redis.Redis, draw: random.Random):
    def handle(fields: dict) -> None:
        if fields["kind"] == "poison":
            raise ValueError("no such product")
        if fields["kind"] == "fatal":
            os.kill(os.getpid(), signal.SIGKILL)
        if draw.random() < 0.005:
            time.sleep(2 * MIN_IDLE / 1000)  # longer than a rescuer waits
        charge(r, fields["order_id"], fields["price"])
        if draw.random() < 0.01:
            raise OSError("the order is charged, and then the mail server does not answer")

    return handle


def main(folder: str, url: str, name: str, seed: str) -> None:
    sys.path.insert(0, folder)
    import skeleton

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    r = client(url)
    work = handler(r, random.Random(seed))
    skeleton.run(skeleton.Worker(r, KEY, GROUP, name, work, min_idle=MIN_IDLE, tries=TRIES), stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
