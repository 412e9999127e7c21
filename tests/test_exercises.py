"""Every exercise, from the notebooks themselves: stub, solution, plausible wrong answers, garbage."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import helpers.exercises
from helpers.exercises import check
from notebooks import PATHS, exercises

ALL = [exercise for path in PATHS for exercise in exercises(path)]
EACH = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.number)


def verdict(source: str, call: str) -> str:
    """What the check's cell prints after a cell with `source`."""
    namespace = {"check": check}
    exec(source, namespace)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(call, namespace)
    return printed.getvalue()


@EACH
def test_stub_is_not_solved_yet(exercise):
    assert verdict(exercise.stub, exercise.check) == f"○ {exercise.number} not solved yet\n"


@EACH
def test_solution_is_right(exercise):
    assert verdict(exercise.solution, exercise.check) == f"✓ {exercise.number}\n"


def wrong_answers() -> list:
    """(number, idea, a part of the hint that answers it, source): see tests/wrong_answers/."""
    found = []
    for path in sorted((Path(__file__).parent / "wrong_answers").glob("nb*.py")):
        module = importlib.import_module(f"wrong_answers.{path.stem}")
        for number, idea, hint, source in module.WRONG:
            found.append(pytest.param(number, hint, textwrap.dedent(source), id=f"{number} {idea}"))
    return found


@pytest.mark.parametrize("number, hint, source", wrong_answers())
def test_wrong_answer_gets_its_own_hint(number, hint, source):
    [exercise] = [exercise for exercise in ALL if exercise.number == number]
    first = verdict(source, exercise.check)
    assert first.startswith(f"✗ {number} ") and first.count("\n") == 1
    assert hint in first
    assert verdict(source, exercise.check) == first


@EACH
def test_three_wrong_answers_or_more(exercise):
    count = sum(param.id.startswith(exercise.number + " ") for param in wrong_answers())
    assert count >= 3


def _mutate(*args):
    for arg in args:
        with contextlib.suppress(Exception):
            arg.clear()


def _loop(*_):
    while True:
        pass


def _raise(*_):
    raise KeyboardInterrupt


class _Hostile:
    def __repr__(self):
        raise ValueError("no repr")

    def __eq__(self, other):
        raise ValueError("no comparison")

    __hash__ = None


GARBAGE = {
    "None": None,
    "number": 42,
    "text": "answer",
    "list": [],
    "class": int,
    "no parameters": lambda: 1,
    "too many parameters": lambda a, b, c, d, e, f, g: 1,
    "returns None": lambda *_: None,
    "returns a number": lambda *_: 42,
    "returns text": lambda *_: "1-1",
    "returns a list": lambda *_: [],
    "returns true": lambda *_: True,
    "returns a dictionary": lambda *_: {},
    "returns its arguments": lambda *args: args,
    "returns the client": lambda r, *_: r,
    "returns a generator": lambda *_: (n for n in range(3)),
    "returns an endless generator": lambda *_: iter(int, 1),
    "returns something hostile": lambda *_: _Hostile(),
    "returns deep nesting": lambda *_: [[[[[[]]]]]] * 1000,
    "raises": lambda *_: 1 / 0,
    "raises KeyboardInterrupt": _raise,
    "exits": lambda *_: sys.exit(0),
    "exits for good": lambda *_: os._exit(0),
    "kills itself": lambda *_: os.kill(os.getpid(), 9),
    "sleeps": lambda *_: time.sleep(1e6),
    "loops": _loop,
    "prints": lambda *_: print("✓ 1.1"),
    "writes": lambda *_: os.write(1, b"noise") + os.write(2, b"noise"),
    "asks": lambda *_: input(),
    "starts a process": lambda *_: subprocess.Popen(["sleep", "60"]),
    "starts a thread": lambda *_: threading.Thread(target=_loop).start(),
    "changes its arguments": _mutate,
    "flushes": lambda r, *_: r.flushall(),
    "waits for ever": lambda r, *_: r.xread({"nothing": "$"}, block=0),
    "recursion": lambda *args: GARBAGE["recursion"](*args),
}


@EACH
@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_never_right_and_never_hurts(exercise, what, capfd, monkeypatch):
    monkeypatch.setattr(helpers.exercises, "TIME_LIMIT", 1.0)
    threads, children = threading.active_count(), _children()
    functions = exercise.check.count(",")
    check(exercise.number, *[GARBAGE[what]] * functions)
    out, err = capfd.readouterr()
    assert out.startswith(f"✗ {exercise.number} ") and out.count("\n") == 1 and not err
    assert " at 0x" not in out
    assert threading.active_count() == threads
    assert _children() == children


def _children() -> set[str]:
    listing = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return {line.strip() for line in listing.stdout.splitlines() if "ps -o" not in line}


def test_check_never_reaches_the_learners_redis(monkeypatch, capsys):
    from helpers import connect

    monkeypatch.delenv("REDIS_URL", raising=False)
    r = connect("orders")

    def uses_the_notebooks_client(_, key, rows, now_ms):
        for row in rows:
            r.xadd(key, row)

    capsys.readouterr()
    check("1.1", uses_the_notebooks_client)
    assert "use its parameter r" in capsys.readouterr().out
    assert r.xlen("orders") == 0


def test_check_opens_no_connection(capsys):
    def asks_a_server_of_its_own(_, key, rows, now_ms):
        import redis

        return redis.Redis().xlen(key)

    check("1.1", asks_a_server_of_its_own)
    assert "use its parameter r" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["1.99", "99.1", "x", "", None, 1.1, "1", "1.1.1"])
def test_unknown_number_is_one_sentence(number, capsys):
    check(number, lambda r: None)
    assert (
        capsys.readouterr().out == f"There is no exercise {number!r}: its number is in its title, and goes in quotes.\n"
    )


def test_a_busy_kernel_does_not_disturb_a_check():
    """Forks beside threads that hold locks and write to the same simulator."""
    exercise = ALL[0]
    stop = threading.Event()

    def busy():
        r = helpers.exercises.backend.simulated()
        while not stop.is_set():
            r.xadd("s", {"a": 1}, maxlen=10)

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        verdicts = {verdict(exercise.solution, exercise.check) for _ in range(20)}
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert verdicts == {f"✓ {exercise.number}\n"}
