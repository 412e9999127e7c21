"""The worker of notebook 06 against faults thrown at random, on a real server.

Processes are killed and stopped, replies are lost on the wire, handlers are slower than a rescuer waits, some orders
fail always and some kill whoever touches them, and some are deleted. No order is lost and none is charged twice. The
same run with a worker that acknowledges first, or that does not sweep, shows that the test would see it.
"""

from __future__ import annotations

import contextlib
import random
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import redis
from conftest import Server
from worker_chaos import GROUP, KEY

from notebooks import NOTEBOOKS, cells

PROGRAM = Path(__file__).with_name("worker_chaos.py")
WORKERS = 4
BATCH = 25  # orders that come between two faults


def skeleton() -> str:
    """The worker's cells of the notebook, in their order."""
    [path] = NOTEBOOKS.glob("06_*.ipynb")
    wanted = re.compile(r"^(?:class Worker|def (?:attempt|bury|sweep|beat|take|run))\b", re.M)
    found = [cell.source for cell in cells(path) if cell.kind == "code" and wanted.search(cell.source)]
    source = "\n\n".join(found)
    assert {*wanted.findall(source)} >= {
        "class Worker",
        "def attempt",
        "def bury",
        "def sweep",
        "def beat",
        "def take",
        "def run",
    }
    return source


class Outcome(NamedTuple):
    lost: set[str]  # neither charged nor among the dead letters, and not deleted
    charged_twice: set[str]
    poison_left: set[str]  # poison that is no dead letter
    revenue_is_right: bool
    still_pending: int


class _LossyProxy(socketserver.ThreadingTCPServer):
    """Passes bytes on to a server's socket, and sometimes hangs up in place of passing a reply on."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, upstream: str, draw: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.upstream, self.draw, self.lost = upstream, draw, 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server_address[1]}/0"


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server: _LossyProxy = self.server  # type: ignore[assignment]
        with socket.socket(socket.AF_UNIX) as upstream, contextlib.suppress(OSError):
            upstream.connect(server.upstream)
            threading.Thread(target=_pass_on, args=(self.request, upstream), daemon=True).start()
            while data := upstream.recv(65536):
                if server.draw.random() < 0.01:
                    server.lost += 1
                    return
                self.request.sendall(data)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


def chaos(source: str, orders: int, seed: int, folder: Path, patience: float = 120) -> Outcome:
    """Runs workers on `orders` orders under random faults until all is acknowledged, or `patience` seconds passed."""
    draw = random.Random(seed)
    (folder / "skeleton.py").write_text(source, encoding="utf-8")
    kinds = {str(1000 + n): _kind(draw) for n in range(orders)}
    deleted: set[str] = set()
    with Server("redis") as server, _LossyProxy(server.socket, draw) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        r = server.client()
        r.xgroup_create(KEY, GROUP, id="0", mkstream=True)
        team = _Team(folder, proxy.url)
        try:
            for at in range(0, orders, BATCH):
                pipe = r.pipeline(transaction=False)
                for order_id, kind in list(kinds.items())[at : at + BATCH]:
                    pipe.xadd(KEY, {"order_id": order_id, "price": int(order_id) % 90 + 10, "kind": kind})
                ids = dict(zip(list(kinds)[at : at + BATCH], pipe.execute(), strict=True))
                team.keep_up()
                team.suffer(draw)
                for order_id in draw.sample(list(ids), k=1):
                    deleted |= {order_id} if r.xdel(KEY, ids[order_id]) else set()
                time.sleep(0.2)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and not _finished(r):
                team.keep_up()
                time.sleep(0.05)
        finally:
            team.dismiss()
        assert proxy.lost > 10 and team.killed > 5, (
            f"{proxy.lost} replies lost, {team.killed} killed: too little to prove anything"
        )
        return _outcome(r, kinds, deleted)


def _kind(draw: random.Random) -> str:
    return draw.choices(["fine", "poison", "fatal"], [0.98, 0.01, 0.002])[0]


def _finished(r: redis.Redis) -> bool:
    [group] = r.xinfo_groups(KEY)
    newest = r.xrevrange(KEY, count=1)
    return group["pending"] == 0 and (not newest or group["last-delivered-id"] >= newest[0][0])


def _outcome(r: redis.Redis, kinds: dict[str, str], deleted: set[str]) -> Outcome:
    charges, charged = r.lrange("charges", 0, -1), r.smembers("charged")
    dead = {fields["order_id"] for _, fields in r.xrange(f"{KEY}:dead")}
    poison = {order_id for order_id, kind in kinds.items() if kind != "fine"}
    revenue = sum(int(order_id) % 90 + 10 for order_id in charged)
    return Outcome(
        lost=set(kinds) - charged - dead - deleted,
        charged_twice={order_id for order_id in charged if charges.count(order_id) > 1},
        poison_left=poison - dead - deleted,
        revenue_is_right=revenue == int(r.get("revenue") or 0),
        still_pending=r.xpending(KEY, GROUP)["pending"],
    )


class _Team:
    """Worker processes, of which a few are always running: who dies is replaced, half the time by another name."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._running: dict[str, subprocess.Popen] = {}
        self._stopped: list[subprocess.Popen] = []
        self._started = self.killed = 0

    def keep_up(self) -> None:
        for process in self._stopped:
            process.send_signal(signal.SIGCONT)
        self._stopped.clear()
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                del self._running[name]
        for place in range(WORKERS - len(self._running)):
            name = next(name for name in self._names(place) if name not in self._running)
            command = [sys.executable, PROGRAM, self._folder, self._url, name, str(self._started)]
            self._running[name] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._started += 1

    def _names(self, place: int) -> list[str]:
        known = [f"worker-{n}" for n in range(WORKERS)]
        new = [f"worker-{self._started + n}" for n in range(WORKERS, 2 * WORKERS)]
        return known + new if (self._started + place) % 2 else new + known

    def suffer(self, draw: random.Random) -> None:
        """Kills one of the workers, or stops it for as long as a rescuer does not wait."""
        victim = draw.choice(list(self._running.values()))
        if draw.random() < 0.7:
            victim.kill()
            victim.wait()
            self.killed += 1
        else:
            victim.send_signal(signal.SIGSTOP)
            self._stopped.append(victim)

    def dismiss(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_order_is_lost_and_none_charged_twice(seed, tmp_path):
    outcome = chaos(skeleton(), orders=2500, seed=seed, folder=tmp_path)
    assert outcome == Outcome(set(), set(), set(), True, 0)


def test_the_test_sees_a_worker_that_acknowledges_first(tmp_path):
    source = skeleton()
    early = source.replace("        w.handle(", "        w.r.xack(w.key, w.group, entry_id)\n        w.handle(")
    assert early != source
    assert chaos(early, orders=500, seed=3, folder=tmp_path).lost


def test_the_test_sees_a_worker_that_does_not_sweep(tmp_path):
    source = skeleton()
    lazy = source.replace("                sweep(w)\n", "                pass\n")
    assert lazy != source
    outcome = chaos(lazy, orders=500, seed=4, folder=tmp_path, patience=5)
    assert outcome.lost and outcome.still_pending


def test_the_test_sees_a_charge_that_is_not_one_step(tmp_path, monkeypatch):
    program = PROGRAM.read_text(encoding="utf-8")
    two_steps = program.replace("        if not charged:\n", "").replace("            pipe.", "        pipe.")
    assert two_steps != program
    monkeypatch.setattr(sys.modules[__name__], "PROGRAM", tmp_path / "program.py")
    (tmp_path / "program.py").write_text(two_steps, encoding="utf-8")
    assert chaos(skeleton(), orders=500, seed=5, folder=tmp_path).charged_twice
