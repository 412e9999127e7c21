"""``check("1.3", answer)``: one line that says what an answer does, and a hint when that is not what was asked.

A check runs in a forked child with a time limit, on simulators of its own: whatever the answer does (loop, exit,
print, start threads, reach for the notebook's Redis), the notebook never sees more than the line.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import json
import os
import re
import select
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import redis

from helpers import backend

TIME_LIMIT = 5.0  # seconds; a right answer takes about 0.05


class Wrong(Exception):
    """What an answer did, and the hint that belongs to it."""


class Raised(Wrong):
    """The answer raised `error`; a check that knows a better hint catches it."""

    def __init__(self, text: str, error: Exception) -> None:
        super().__init__(text)
        self.error = error


class Unsolved(Exception):
    """There is no answer yet."""


class Lab:
    """What a check works with: the answer, and simulators to try it on."""

    def __init__(self, answers: tuple, report: Callable[[str], None]) -> None:
        self._answers, self._report = answers, report
        self.did = ""  # the last call, as the learner would type it

    def redis(self, after: Callable[[str, tuple], None] | None = None) -> redis.Redis:
        """A new, empty simulator, printed as ``r``; calls ``after("XADD", ("orders", "*", ...))`` after each command.

        Commands of a pipeline are not reported.
        """
        r = backend.simulated()
        if after is not None:
            execute = r.execute_command

            def execute_and_tell(name: str, *args: Any, **options: Any) -> Any:
                try:
                    return execute(name, *args, **options)
                finally:
                    after(name.upper(), args)

            r.execute_command = execute_and_tell
        return r

    def another(self, r: redis.Redis) -> redis.Redis:
        """Another client of the simulator that `r` talks to."""
        return backend.client_of(r.connection_pool.connection_kwargs["server"])

    def call(self, *args: Any, of: int = 0) -> Any:
        """Calls the answer (number `of`, where an exercise asks for several functions).

        A stub (``return ...``) ends the check as not solved yet.

        Raises:
            Raised: the answer raised an exception.
        """
        answer = self._answers[of] if of < len(self._answers) else None
        if not callable(answer):
            raise Wrong(f"needs a function, and was given {show(answer)}.")
        name = getattr(answer, "__name__", "answer")
        self.did = f"{name}({', '.join(show(arg) for arg in args)})"
        self._report(self.did)
        try:
            result = answer(*args)
        except (redis.ConnectionError, _Elsewhere) as error:
            hint = "it reached for another Redis than the one it was given; use its parameter r."
            raise Wrong(f"{self.did} could not connect: {hint}") from error
        except Exception as error:
            raise Raised(f"{self.did} raised {type(error).__name__}: {_one_line(str(error))}", error) from error
        if result is ...:
            raise Unsolved
        return result

    def wrong(self, what: str) -> Wrong:
        """``raise lab.wrong("returned ...")``: the last call, what it did, and the hint."""
        return Wrong(f"{self.did} {what}")

    def expect(self, value: Any, kind: type | tuple[type, ...], called: str) -> Any:
        """`value`, if it is of that kind; else Wrong says what was returned instead, and `called` what to return."""
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise self.wrong(f"returned {show(value)}; it should return {called}.")
        return value


def show(value: Any, most: int = 70) -> str:
    """`value` in one short line that is the same on every run."""
    if isinstance(value, redis.Redis):
        return "r"
    if inspect.isgenerator(value):
        return "an iterator"
    if inspect.isroutine(value):
        return value.__name__
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    text = _one_line(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _one_line(text: str) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split()))


def check(number: str, *answers: Any) -> None:
    """Prints ``○`` not solved yet, ``✗`` with a hint, or ``✓``; never raises and never hangs."""
    examine = _find(number)
    if examine is None:
        print(f"There is no exercise {show(number)}: its number is in its title, and goes in quotes.")
        return
    run = _in_child if hasattr(os, "fork") else _in_thread
    print(_without_clock(run(number, examine, answers)))


def check_stream(number: str, r: redis.Redis, key: str) -> None:
    """`check` for a live stream: looks at `key` and what belongs to it, says what is missing, and never writes.

    STREAM_CHECKS of the notebook's module has the check: a function of `r` and `key` that reads, and raises `Wrong`
    or `Unsolved`.
    """
    examine = _find(number, "STREAM_CHECKS")
    if examine is None:
        print(f"There is no check {show(number)} of a stream: its number is in the section, and goes in quotes.")
        return
    try:
        examine(r, key)
    except Unsolved:
        line = f"○ {number} not begun yet"
    except Exception as error:
        line = f"✗ {number} {error}"
    else:
        line = f"✓ {number}"
    print(_without_clock(line))


def _without_clock(line: str) -> str:
    """`line` without this moment's milliseconds, which `*` puts into ids: the same line on every run."""
    now = time.time() * 1000

    def moment(match: re.Match) -> str:
        return "(now)" if abs(int(match[1]) - now) < 3_600_000 else match[0]

    return re.sub(r"\b(\d{13})(?:-\d+)?\b", moment, line)


def _find(number: str, table: str = "CHECKS") -> Callable[..., None] | None:
    """The check of exercise ``"7.2"``: CHECKS["7.2"] of helpers/checks/nb07.py."""
    match = re.fullmatch(r"(\d+)\.\d+", number) if isinstance(number, str) else None
    if match is None:
        return None
    try:
        module = importlib.import_module(f"helpers.checks.nb{int(match[1]):02}")
    except ModuleNotFoundError:
        return None
    return getattr(module, table, {}).get(number)


def _verdict(number: str, examine: Callable[[Lab], None], answers: tuple, report: Callable[[str], None]) -> str:
    """The line for `answer`, whatever it does short of ending or hanging Python."""
    lab, solved = Lab(answers, report), not any(answer is ... for answer in answers)
    try:
        if solved:
            examine(lab)
    except Unsolved:
        solved = False
    except Wrong as wrong:
        return f"✗ {number} {wrong}"
    except BaseException as error:
        what = f"{lab.did} " if lab.did else ""
        return f"✗ {number} {what}ended with {type(error).__name__}: {_one_line(str(error))}"
    return f"✓ {number}" if solved else f"○ {number} not solved yet"


# --- In a child ----------------------------------------------------------------------------------------------------


def _in_child(number: str, examine: Callable[[Lab], None], answers: tuple) -> str:
    incoming, outgoing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads; the child calls nothing that could hold another thread's lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            _seal_off(outgoing)

            def send(kind: str, text: str) -> None:
                os.write(outgoing, json.dumps([kind, text]).encode() + b"\n")

            send("verdict", _verdict(number, examine, answers, lambda did: send("calling", did)))
        finally:
            os._exit(0)
    os.close(outgoing)
    try:
        return _await_verdict(number, incoming)
    finally:
        os.close(incoming)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _await_verdict(number: str, incoming: int) -> str:
    deadline, received, did = time.monotonic() + TIME_LIMIT, b"", "the answer"
    while True:
        ready, _, _ = select.select([incoming], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return (
                f"✗ {number} {did} was still running after {TIME_LIMIT:g} seconds. "
                "Does it loop for ever, sleep, or wait with block=0?"
            )
        chunk = os.read(incoming, 65536)
        if not chunk:
            return f"✗ {number} {did} ended Python itself; leave the function with return."
        received += chunk
        *lines, received = received.split(b"\n")
        for kind, text in map(json.loads, lines):
            if kind == "verdict":
                return text
            did = text


def _seal_off(keep: int) -> None:
    """Takes from this process all that is not the check's: terminal, output, open sockets, new connections."""
    os.setsid()
    os.closerange(3, keep)
    os.closerange(keep + 1, 65536)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    builtins.input = _no_keyboard
    socket.socket.connect = socket.socket.connect_ex = _no_network
    notebook = backend.current()
    if notebook is not None and "server" in notebook.connection_pool.connection_kwargs:
        notebook.connection_pool.connection_kwargs["server"].connected = False


class _Elsewhere(Exception):
    """No OSError, after which redis-py would try again ten times."""


def _no_network(*_: Any) -> None:
    raise _Elsewhere


def _no_keyboard(*_: Any) -> None:
    raise EOFError("a check has no keyboard")


def _in_thread(number: str, examine: Callable[[Lab], None], answers: tuple) -> str:
    """Where there is no fork (Windows): a time limit, but no wall around the answer."""
    calls, verdicts = ["the answer"], []

    def work() -> None:
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
            verdicts.append(_verdict(number, examine, answers, calls.append))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(TIME_LIMIT)
    return verdicts[0] if verdicts else f"✗ {number} {calls[-1]} was still running after {TIME_LIMIT:g} seconds."
