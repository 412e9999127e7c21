"""``make bench``: the numbers that the course holds, as ratios of medians measured side by side in one call."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from notebooks import PATHS, on_the_mock

ROUNDS = 7
COMMANDS = [path for path in PATHS if path.name < "09"]  # 00 to 08, the part on the commands


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def medians(**runs: Callable[[], object]) -> dict[str, float]:
    """The median seconds of each run, the rounds interleaved so that a busy moment meets all of them."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            taken[name].append(seconds(run))
    return {name: statistics.median(values) for name, values in taken.items()}


def python(*args: str, **options) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("REDIS_", "KAFKA_"))}
    done = subprocess.run([sys.executable, *args], env=env, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])


def nbval(folder: Path) -> None:
    flags = ["-p", "nbval", "--nbval", "--nbval-current-env", "-n", "2", "--dist", "loadfile", "-q"]
    python("-m", "pytest", "--rootdir", str(folder), *flags, *sorted(map(str, folder.glob("*.ipynb"))), cwd=folder)


def copy_notebooks(folder: Path, one_pass_cell: bool = False) -> None:
    """The notebooks 00 to 08; or as many with one cell that does nothing."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": 1, "outputs": [], "source": "pass"}
    for path in COMMANDS:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        (folder / path.name).write_text(json.dumps(notebook | {"cells": [cell]} if one_pass_cell else notebook))


def row(what: str, value: str, wanted: str, holds: bool) -> None:
    print(f"{what:<58} {value:>10}   {wanted:<16} {'holds' if holds else 'MISSED'}", flush=True)


def strict_validation() -> None:
    with tempfile.TemporaryDirectory() as course, tempfile.TemporaryDirectory() as empty:
        copy_notebooks(Path(course))
        copy_notebooks(Path(empty), one_pass_cell=True)
        taken = medians(course=lambda: nbval(Path(course)), empty=lambda: nbval(Path(empty)))
    ratio = taken["course"] / taken["empty"]
    row("strict nbval of 00 to 08 / of as many `pass` cells", f"{ratio:.2f}", "at most 2.00", ratio <= 2)
    for path in PATHS:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            copy.write_text(json.dumps(on_the_mock(path)))
            flags = ["-p", "nbval", "--nbval", "--nbval-current-env", "-q"]
            longest = seconds(lambda copy=copy, flags=flags: python("-m", "pytest", *flags, str(copy)))
        row(f"strict nbval of {path.name}", f"{longest:.1f} s", "at most 30 s", longest <= 30)


def imports() -> None:
    taken = medians(
        bare=lambda: python("-c", "pass"),
        package=lambda: python("-c", "import helpers"),
        used=lambda: python("-c", "from helpers import check, connect"),
    )
    for name, what in (("package", "import helpers"), ("used", "from helpers import check, connect")):
        cost = taken[name] - taken["bare"]
        row(f"{what}, beyond Python's own start", f"{cost:.3f} s", "under 0.25 s", cost < 0.25)


def checking() -> None:
    """What the sealed child costs: a check of a right answer, beside the same check without the child."""
    from helpers import exercises
    from helpers.exercises import check

    def answer(r, customer, page):
        return r.xadd(f"clicks:{customer}", {"page": page}, nomkstream=True) is not None

    def sealed() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            check("1.3", answer)

    taken = medians(
        sealed=sealed, bare=lambda: exercises._verdict("1.3", exercises._find("1.3"), (answer,), lambda _: None)
    )
    cost = taken["sealed"] - taken["bare"]
    row("check(), what its sealed child adds", f"{cost * 1000:.0f} ms", "", True)


def snapshots() -> None:
    """snapshot() of a stream with two groups on a real server: its commands must not grow with the length."""
    from helpers import backend
    from helpers.snapshot import snapshot

    if not backend.server_program():
        print(f"snapshot(): needs a redis-server ({backend.GET_A_SERVER})")
        return
    with backend.PrivateRedis() as server:
        r = server.client()
        sizes = (100, 1_000, 10_000)
        for size in sizes:
            pipe = r.pipeline(transaction=False)
            for n in range(size):
                pipe.xadd(f"orders:{size}", {"order_id": n, "product": "laptop"}, id=f"{n + 1}-0")
            pipe.xgroup_create(f"orders:{size}", "analytics", id="0").xgroup_create(
                f"orders:{size}", "processors", id="0"
            )
            pipe.xreadgroup("processors", "consumer-1", {f"orders:{size}": ">"}, count=size // 2)
            pipe.execute()
        commands = {size: _commands_of(r, lambda size=size: snapshot(r, f"orders:{size}")) for size in sizes}
        taken = medians(**{str(size): lambda size=size: snapshot(r, f"orders:{size}") for size in sizes})
    for size in sizes:
        flat = commands[size] <= commands[1_000]
        row(f"snapshot() of {size:,} entries: commands", str(commands[size]), "not with length", flat)
        row(f"snapshot() of {size:,} entries: time", f"{taken[str(size)] * 1000:.1f} ms", "", True)


def _commands_of(r, run: Callable[[], object]) -> int:
    def count() -> int:
        return sum(row["calls"] for row in r.info("commandstats").values())

    before = count()
    run()
    return count() - before - 1  # the first INFO counts itself


def simulations() -> None:
    """A simulation beside its own commands, replayed on the same client; and its cost per message by length."""
    from helpers import backend
    from helpers.simulator import simulate

    clients = {"the simulator": backend.simulated()}
    server = backend.PrivateRedis() if backend.server_program() else None
    if server is not None:
        clients["a server"] = server.client()
    for name, r in clients.items():
        ratios = []
        for _ in range(ROUNDS):
            gc.collect()  # What the round before left is not this one's cost.
            started = time.perf_counter()
            run = simulate(r, messages=3_000)
            simulated = time.perf_counter() - started
            ratios.append(simulated / seconds(lambda r=r, run=run: _replay(r, run)))
            r.delete("sim:0")
        ratio = statistics.median(ratios)
        row(f"simulation on {name} / its own commands", f"{ratio:.2f}", "at most 1.25", ratio <= 1.25)
    r = clients["the simulator"]
    taken: dict[int, list[float]] = {size: [] for size in (1_000, 10_000, 100_000)}
    for _ in range(3):
        for size, values in taken.items():
            gc.collect()
            values.append(seconds(lambda size=size: simulate(r, messages=size)) / size)
    costs = [statistics.median(values) for values in taken.values()]
    spread = max(costs) / min(costs)
    row("simulation: cost per message, 1e3 to 1e5 messages", f"{spread:.2f}", "flat within 1.2", spread <= 1.2)
    if server is not None:
        server.close()


def _replay(r, run) -> None:
    from helpers import backend

    client = backend.same_server(r)
    client.xgroup_create("sim:0", "workers", id="0", mkstream=True)
    for step in run.trace:
        client.execute_command(*step.args, **step.options)


def ladder() -> None:
    """XADD of 100 bytes in every way beside both anchors; and the top rung beside redis-benchmark, in turns."""
    from helpers import backend, loadtest

    if not backend.server_program() or not loadtest.benchmark_program():
        print(f"the ladder: needs redis-server and redis-benchmark ({backend.GET_A_SERVER})")
        return
    command, messages = ("XADD", loadtest.KEY, "*", "body", "x" * 100), 200_000
    with backend.PrivateRedis() as server:
        r = server.client()
        rungs, anchors = loadtest.ladder(server)
        rates = {name: rung.rate for name, rung in rungs.items()} | anchors
        for name, rate in rates.items():
            row(f"XADD of 100 bytes: {name}", f"{rate:,.0f}/s", "", True)
        ratios, lengths = [], set()
        for _ in range(ROUNDS):
            top = loadtest.prepacked(server, command, messages)
            lengths.add(r.xlen(loadtest.KEY))
            ratios.append(top.rate / loadtest.redis_benchmark(server, command, messages).rate)
    ratio = statistics.median(ratios)
    row("the top rung / redis-benchmark -P 50 -c 50", f"{ratio:.2f}", "at least 1.00", ratio >= 1)
    row("messages in the stream, of those sent", f"{min(lengths):,}", f"{messages:,}", lengths == {messages})


def main() -> None:
    print(f"Medians of {ROUNDS} interleaved rounds in this call.\n")
    imports()
    checking()
    snapshots()
    simulations()
    ladder()
    strict_validation()


if __name__ == "__main__":
    main()
