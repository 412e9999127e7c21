"""Checks of 18 Crashes and capacity."""

from __future__ import annotations

import inspect
import random
from collections import Counter
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

import redis
import simpy

from helpers.exercises import Lab, Unsolved, Wrong, show
from helpers.simulator import Consumer, Poison, Simulation, SimulationError
from helpers.simulator.result import Run
from helpers.simulator.simulation import Died
from helpers.simulator.theory import wait_exceeds
from helpers.simulator.traffic import costs, timestamps

KEY, GROUP, DEAD = "orders:sim", "charging", "orders:dead"
PATIENCE = 2_000  # commands at one moment of virtual time, from which on nothing else will ever happen


# --- 18.1 ----------------------------------------------------------------------------------------------------------


def _choice(reads: list[list[float]], share: float, late: int) -> tuple[int, int | None]:
    ages = [age for seconds in reads for age in accumulate(seconds)]
    found = _smallest(ages, share)
    return (1000 * found, None) if 2 * found <= late else (500 * late, 500 * late // 3)


def _smallest(ages: list[float], share: float) -> int:
    seconds = 1
    while sum(age >= seconds for age in ages) / len(ages) > share:
        seconds += 1
    return seconds


def _measured(reads: int, count: int, seed: int) -> list[list[float]]:
    """Work of about 2 seconds with a tail, to the hundredth and never a whole second, nor any sum of it."""
    draw = random.Random(seed)
    found = []
    for _ in range(reads):
        seconds = [round(draw.lognormvariate(0.2, 1.0), 1) + 0.001 for _ in range(draw.randint(1, count))]
        found.append([round(second, 3) for second in seconds])
    return found


def _min_idle(lab: Lab) -> None:
    cases = [
        ([[2.1], [1.2], [3.4], [1.7]], 0.0, 60, 3000),
        (_measured(400, 1, seed=1), 0.01, 120, 5000),
        (_measured(300, 10, seed=2), 0.01, 300, 2000),
        ([[2.1, 2.2, 2.3]] * 50, 0.0, 60, 10_000),
        (_measured(300, 10, seed=3), 0.05, 300, 60_000),
        (_measured(300, 5, seed=4), 0.005, 20, 5000),
        ([[41.3], [2.1], [3.2]] * 30, 0.0, 10, 5000),
        ([[9.5], [2.1], [3.2]] * 30, 0.0, 20, 5000),
        ([[7.3], [2.1], [3.2]] * 30, 0.0, 10, 5000),
        ([[2.0], [1.0], [2.0]], 0.0, 60, 9000),
    ]
    for reads, share, late, block in cases:
        theirs = [list(seconds) for seconds in reads]
        returned = lab.call(theirs, share, late, block)
        if theirs != reads:
            raise lab.wrong("changed the lists that it was given; whoever measured the reads may want them again.")
        pair = lab.expect(returned, tuple, "a pair, min_idle and beat in milliseconds")
        if len(pair) != 2:
            raise lab.wrong(f"returned {show(pair)}; it should return a pair, min_idle and beat in milliseconds.")
        _judge_min_idle(lab, pair, reads, share, late, block)


def _judge_min_idle(lab: Lab, pair: tuple, reads: list, share: float, late: int, block: int) -> None:
    min_idle, beat = _number(pair[0]), _number(pair[1])
    if min_idle is None or (beat is None and pair[1] is not None):
        raise lab.wrong(f"returned {show(pair)}; both are milliseconds, and beat may be None.")
    expected, heart = _choice(reads, share, late)
    if (min_idle, beat) == (expected, heart):
        return
    ages = [age for seconds in reads for age in accumulate(seconds)]
    singles = [second for seconds in reads for second in seconds]
    told = f"returned {show(pair)}, where {show((expected, heart))} is right:"
    if min_idle != expected and min_idle in (expected / 1000, _smallest(ages, share)):
        raise lab.wrong(f"{told} that is seconds, and XCLAIM counts milliseconds.")
    if min_idle == block != expected:
        raise lab.wrong(
            f"{told} {block} is how long a read waits for an order. While it waits, the consumer holds none; the "
            "min-idle-time is about orders in work."
        )
    if heart is not None and beat is None:
        raise lab.wrong(
            f"{told} an order of a dead consumer may be found twice the min-idle-time after its read, and the shop "
            f"accepts {late} seconds. A shorter min-idle-time takes orders from the living, unless a heart beats."
        )
    if heart is None and beat is not None:
        raise lab.wrong(f"{told} twice the min-idle-time is within {late} seconds, so it needs no heartbeat.")
    if min_idle != expected:
        raise lab.wrong(f"{told} {_why_not(min_idle, expected, ages, singles, share, late, heart)}")
    raise lab.wrong(f"{told} the beat is a third of the min-idle-time, a whole number, so that two may get lost.")


def _why_not(
    min_idle: float, expected: int, ages: list[float], singles: list[float], share: float, late: int, heart: int | None
) -> str:
    if heart is not None:
        return (
            f"a dead one's order may be found twice the min-idle-time after its read, and the shop accepts {late} "
            "seconds; with a heartbeat, the longest that keeps to it will do."
        )
    if (
        min_idle in (1000 * _smallest(singles, share), 1000 * _smallest(singles, 0))
        and len(singles) > len(set(ages)) / 2
    ):
        slowest = 1000 * _smallest(singles, 0)
        if ages != singles and min_idle < expected:
            return (
                "that looks at each order alone. Idle time counts from the read, so the last of a batch is as old as "
                "all the work before it and its own."
            )
        if min_idle == slowest and min_idle > expected:
            return f"that is the slowest order of all, and {100 * share:g} % of them may be taken."
    taken = sum(age >= min_idle / 1000 for age in ages)
    if min_idle < expected:
        return (
            f"{taken} of {len(ages)} orders are as idle as that, or more, when they are acknowledged, while their "
            f"consumers live; {100 * share:g} % are allowed."
        )
    return (
        f"with {expected} ms, too, at most {100 * share:g} % are taken; each second more lets the dead's orders wait."
    )


# --- Simulations with an answer in them ----------------------------------------------------------------------------


class _Stop(BaseException):
    """Ends a run because of what the answer did; no Exception, so that the answer does not catch it."""


class _Me(Consumer):
    """A consumer that is shown as ``me``."""

    def __repr__(self) -> str:
        return "me"


class _Trial:
    """A run whose consumers do what the answer says, watched at each of its steps.

    Args:
        arrivals: virtual seconds.
        seconds: what each order takes.
        between: kills a consumer once between the two commands of a burial that is no transaction.
    """

    made = 0

    def __init__(
        self,
        lab: Lab,
        arrivals: list[float],
        seconds: list[float],
        poison: tuple[int, ...] = (),
        fatal: tuple[int, ...] = (),
        between: bool = False,
    ) -> None:
        self.lab, self.between = lab, between
        self.poison, self.fatal = set(poison), set(fatal)
        self.bad = self.poison | self.fatal
        self.complaint: Exception | None = None
        self.tried: Counter[tuple[str, int]] = Counter()  # (consumer, order)
        self.letters: list[dict] = []
        self.in_two = 0
        self.killed_between = False
        # Other ids than in the trials before, so that an answer does not know an order from there.
        _Trial.made += 1
        arrivals = [at + _Trial.made / 100 for at in arrivals]
        self.sim = Simulation(lab.redis())
        self.sim.stream(KEY)
        self.sim.stream(DEAD)
        self.sim.group(KEY, GROUP)
        self.sim.producer(KEY, timestamps(arrivals), costs(seconds), poison=poison, fatal=fatal)

    def run(self, until: float) -> Run:
        """The finished run.

        Raises:
            Wrong: what the answer did made it end.
        """
        with_look = True
        try:
            run = self.sim.run(until)
        except (_Stop, SimulationError, redis.RedisError, simpy.SimPyException) as error:
            with_look = False
            raise self.complaint or self.lab.wrong(f"ended the simulation: {_first_line(error)}") from None
        else:
            if self.complaint is not None:
                with_look = False
                raise self.complaint
            self.letters = self._read_letters()
            try:
                self.sim.remove()
                with_look = False
                run.fates  # noqa: B018 (looks)
            except (SimulationError, redis.RedisError, ValueError):
                raise self.lab.wrong(f"removed the stream {KEY} or its group, which others need.") from None
            return run
        finally:
            if with_look:
                self.sim.remove(look=False)

    def _read_letters(self) -> list[dict]:
        r = self.sim.r
        if r.type(DEAD) not in ("none", "stream"):
            raise self.lab.wrong(f"made a {r.type(DEAD)} of {DEAD}; it should be a stream.")
        return [fields for _, fields in r.xrange(DEAD)]

    def drive(self, me: Consumer, call: Callable[[Consumer], Any]) -> Generator:
        """What the answer yields, handed on; ends the run at what no consumer can do."""
        life = self._life(me, call)
        value = None
        while True:
            me._dead = False
            me._commands = 0
            try:
                event = life.send(value)
            except StopIteration:
                return
            except (Unsolved, Wrong) as error:
                self._stop(error)
            except redis.RedisError as error:
                self._stop(self._raised(me, error))
            except SimulationError as error:
                self._stop(self.lab.wrong(f"cannot be simulated: {_first_line(error)}"))
            except Exception as error:
                self._stop(self._raised(me, error))
            if me._dead:
                self._stop(
                    self.lab.wrong(
                        "went on after it was killed, in an except that catches everything. No process catches its "
                        "own SIGKILL: catch Poison, and nothing else."
                    )
                )
            if not isinstance(event, simpy.Event):
                self._stop(
                    self.lab.wrong(f"yielded {show(event)}; yield me.work(...), me.arrival(...) or me.sleep(...).")
                )
            value = yield event

    def _life(self, me: Consumer, call: Callable[[Consumer], Any]) -> Generator:
        try:
            life = call(me)
        except (Unsolved, Wrong) as error:
            self._stop(error)
        if not inspect.isgenerator(life):
            self._stop(
                self.lab.wrong(
                    f"returned {show(life)}; it should be a generator, a function with a yield in it: time goes by "
                    "only where it yields."
                )
            )
        return life

    def _raised(self, me: Consumer, error: Exception) -> Wrong:
        what = f"raised {type(error).__name__}: {_first_line(error)} (in second {me.now:.0f} of a run)"
        if isinstance(error, Poison):
            what += ". Poison is an order that fails: it has to stay pending, and the consumer goes on with the next."
        return self.lab.wrong(what)

    def _stop(self, error: Exception) -> None:
        self.complaint = self.complaint or error
        raise _Stop

    def watch(self, me: Consumer) -> None:
        """Before a consumer's life: its commands and effects are looked at from now on."""
        me.__class__ = _Me
        if hasattr(me, "_commands"):
            return
        me._commands, me._dead = 0, False
        execute, pipeline, effect = me.r.execute_command, me.r.pipeline, me.effect

        def execute_command(*args: Any, **options: Any) -> Any:
            self._look_at(me, args)
            reply = execute(*args, **options)
            if args[0] in ("XADD", "XACK") and self.between and not self.killed_between:
                self._kill_between(me, args)
            return reply

        def noted_pipeline(transaction: bool = True, shard_hint: Any = None) -> Any:
            pipe = pipeline(transaction, shard_hint)
            run = pipe.execute

            def execute_all(*args: Any, **options: Any) -> Any:
                names = {str(sent[0]) for sent, _ in pipe.command_stack}
                self.in_two += not transaction and {"XADD", "XACK"} <= names
                for sent, _ in list(pipe.command_stack):
                    self._look_at(me, sent)
                return run(*args, **options)

            pipe.execute = execute_all
            return pipe

        def noted_effect(fields: dict) -> None:
            self.tried[me.name, int(fields["n"])] += 1
            try:
                effect(fields)
            except Died:
                me._dead = True
                raise

        me.r.execute_command, me.r.pipeline, me.effect = execute_command, noted_pipeline, noted_effect

    def _look_at(self, me: Consumer, args: tuple) -> None:
        me._commands += 1
        if me._commands > PATIENCE:
            self._stop(
                self.lab.wrong(
                    f"sent {PATIENCE} commands, the last an {args[0]}, and no time went by: a loop without a yield in "
                    "it. When there is nothing to do, yield me.arrival(within=...)."
                )
            )
        words = {word.decode() if isinstance(word, bytes) else str(word) for word in args}
        if args[0] == "XAUTOCLAIM" or (args[0] == "XCLAIM" and str(args[4]) != "0"):
            self._stop(
                self.lab.wrong(
                    f"used {args[0]} with a min-idle-time, which the server takes from the clock on the wall: there, "
                    "the whole run is over in a blink. me.pending(...) and me.claim(...) count virtual seconds."
                )
            )
        if args[0].startswith("XREAD") and "BLOCK" in words:
            self._stop(
                self.lab.wrong(
                    "read with BLOCK, which waits by the clock on the wall. Read without it, and yield "
                    "me.arrival(within=...) when nothing came."
                )
            )

    def _kill_between(self, me: Consumer, args: tuple) -> None:
        """After the first of two commands that should have been one step."""
        numbers = {entry_id: number for (key, entry_id), number in self.sim.numbers.items() if key == KEY}
        if args[0] == "XADD" and args[1] == DEAD:
            done = True
        else:
            done = args[0] == "XACK" and any(numbers.get(str(entry_id)) in self.bad for entry_id in args[3:])
        if done:
            self.killed_between = me._dead = True
            raise Died


def _first_line(error: BaseException) -> str:
    return show(" ".join(str(error).split()), 150)[1:-1]


def _number(value: Any) -> float | None:
    """A number of any kind, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)) or type(value).__module__ == "numpy":
        try:
            return float(value)
        except (TypeError, ValueError):
            return None
    return None


def _ids(run: Run) -> dict[int, str]:
    return {number: entry_id for (key, entry_id), number in run.numbers.items() if key == KEY}


def _hand_outs(run: Run) -> dict[int, list[str]]:
    """By order: who was given it, delivery by delivery. A heartbeat is none."""
    numbers = {entry_id: number for number, entry_id in _ids(run).items()}
    found: dict[int, list[str]] = {}
    for step in run.trace:
        if step.args[0] == "XREADGROUP" and step.reply:
            entries = step.reply[0][1]
        elif step.args[0] == "XCLAIM" and step.reply and not isinstance(step.reply[0], str):
            entries = step.reply
        else:
            continue
        for entry_id, _ in entries:
            found.setdefault(numbers[entry_id], []).append(step.by)
    return found


def _deliveries(run: Run) -> Counter[int]:
    return Counter({number: len(names) for number, names in _hand_outs(run).items()})


# --- 18.2 ----------------------------------------------------------------------------------------------------------


def _team(trial: _Trial, joins: float = 0.0) -> None:
    def body(me: Consumer) -> Generator:
        trial.watch(me)
        yield from trial.drive(me, trial.lab.call)

    for name in ("ada", "bob", "cyd"):
        trial.sim.consumer(KEY, GROUP, name, body, restarts=10.0, joins=joins)


def _work(orders: int) -> list[float]:
    """From 0.4 to 3 seconds."""
    return [0.4 + 1.3 * (n * 7 % 3) for n in range(orders)]


def _poison_batch(lab: Lab) -> None:
    _without_faults(lab)
    _a_full_batch(lab)
    _one_dies(lab)
    _some_fail(lab)
    _some_kill(lab)
    _counted_by_redis(lab)
    _in_one_step(lab)


def _without_faults(lab: Lab) -> None:
    trial = _Trial(lab, [1.0] * 12 + [float(n) for n in range(30, 40)], _work(22))
    _team(trial)
    run = trial.run(660)
    fates = run.fates
    if not run.deliveries.any():
        raise lab.wrong("read no order in ten minutes: the group's consumers wait for nothing.")
    if fates["unread"]:
        raise lab.wrong(f"left order {min(fates['unread'])} unread, though all three were alive: does its loop end?")
    for step in run.trace:
        if step.args[0] == "XREADGROUP" and step.reply and len(step.reply[0][1]) > 5:
            raise lab.wrong(f"read {len(step.reply[0][1])} orders at once; it reads up to five.")
    if fates["dead"]:
        raise lab.wrong(f"buried order {min(fates['dead'])}, which is healthy.")
    if (run.effects == 0).any():
        number = int((run.effects == 0).argmax())
        raise lab.wrong(f"did order {number} without its effect: work, me.effect(fields), acknowledgement.")
    _settled(trial, run, "nobody died in this run, so it was never acknowledged after its work")
    _once(trial, run)


def _a_full_batch(lab: Lab) -> None:
    """Two consumers have five orders of three seconds each, beside one who has none."""
    trial = _Trial(lab, [0.5] * 10 + [60.5] * 5, [3.0] * 15)
    _team(trial, joins=1.0)
    run = trial.run(660)
    _settled(trial, run, "nobody died in this run")
    _once(trial, run)


def _one_dies(lab: Lab) -> None:
    trial = _Trial(lab, [float(n) for n in range(1, 31)], _work(30))
    _team(trial)
    trial.sim.crash("ada", 12.0, "working")
    trial.sim.crash("bob", 25.0, "working")
    run = trial.run(660)
    _not_lost(trial, run)
    _settled(trial, run, "its consumer died at it, and it has to be claimed when it has been idle for long enough")
    _once(trial, run)


def _some_fail(lab: Lab) -> None:
    trial = _Trial(lab, [float(n) for n in range(1, 21)], _work(20), poison=(5, 6, 17))
    _team(trial)
    _judge(trial, trial.run(660))
    for number in (5, 6, 17):
        tries = sum(times for (_, tried), times in trial.tried.items() if tried == number)
        if tries != 3:
            raise lab.wrong(f"tried order {number} {_times(tries)} before it was buried; three tries are asked for.")


def _some_kill(lab: Lab) -> None:
    arrivals = [1.0] * 10 + [float(n) for n in range(20, 35)]
    trial = _Trial(lab, arrivals, _work(25), poison=(1, 22), fatal=(0, 3, 5, 6, 20))
    _team(trial)
    _judge(trial, trial.run(660))


def _counted_by_redis(lab: Lab) -> None:
    """Somebody who is gone has tried order 0 four times: no consumer of the team can remember that."""
    trial = _Trial(lab, [1.0] + [float(n) for n in range(40, 45)], _work(6), fatal=(0,))

    def zed(me: Consumer) -> Generator:
        reply = me.r.xreadgroup(GROUP, "zed", {KEY: "0"}) if me.now else []
        if not (reply and reply[0][1]):
            yield me.arrival()
            reply = me.r.xreadgroup(GROUP, "zed", {KEY: ">"}, count=1)
        for _, fields in reply[0][1]:
            yield me.work(fields)
            me.effect(fields)

    trial.sim.consumer(KEY, GROUP, "zed", zed, restarts=2.0, leaves=10.0)
    _team(trial, joins=30.0)
    run = trial.run(660)
    tries = sum(times for (_, number), times in trial.tried.items() if number == 0)
    if tries > 1:
        raise lab.wrong(
            f"tried order 0 {tries} times more, although it had been delivered four times and killed a consumer that "
            "is gone. What a consumer counts itself it does not know of others, and forgets when it dies; Redis has "
            "the count: me.pending gives it."
        )
    _judge(trial, run)


def _in_one_step(lab: Lab) -> None:
    trial = _Trial(lab, [float(n) for n in range(1, 16)], _work(15), poison=(4,), fatal=(9,), between=True)
    _team(trial)
    run = trial.run(660)
    if trial.killed_between:
        lost = trial.bad & run.fates["acknowledged"]
        twice = len(trial.letters) > len(trial.bad)
        end = f"order {min(lost)} is lost" if lost else "one order is a dead letter twice" if twice else "luck helped"
        raise lab.wrong(
            "sent XADD and XACK of a burial one after the other, and was killed between the two: "
            f"{end}. In one transaction there is no between."
        )
    _judge(trial, run)
    if trial.in_two:
        raise lab.wrong("buried with transaction=False: others, or a death, may come in between XADD and XACK.")


def _judge(trial: _Trial, run: Run) -> None:
    lab, fates, bad = trial.lab, run.fates, trial.bad
    for fields in trial.letters:
        if not {"n", "key", "seconds"} <= fields.keys():
            raise lab.wrong(f"made a dead letter {show(fields)}; the order's fields have to be in it.")
    _not_lost(trial, run)
    healthy = fates["dead"] - bad
    if healthy:
        raise lab.wrong(
            f"buried order {min(healthy)}, which is healthy: it was delivered beside one that is not, in a batch or "
            "by 0. Retried one at a time, an order has only its own tries to answer for."
        )
    pending = sorted(fates["pending"] & bad)
    if pending:
        raise lab.wrong(_left(trial, run, pending[0]))
    _settled(trial, run, "its consumer died of another, and it has to be claimed when it has been idle for long enough")
    _once(trial, run)
    _letters(trial, run)


def _left(trial: _Trial, run: Run, number: int) -> str:
    """Why an order that fails is still pending."""
    deliveries = _deliveries(run)[number]
    what = f"left order {number} pending, delivered {_times(deliveries)}"
    if deliveries < 3:
        return f"{what}: it fails, and nobody tries it again, or sets it aside."
    what += f"; at three it goes to {DEAD}."
    if any(step.args[0] == "XREADGROUP" and step.by != "zed" and step.args[-1] != ">" for step in run.trace):
        what += " Who goes on by 0 after a start meets the same killer first, and its neighbours never have their turn."
    return what


def _not_lost(trial: _Trial, run: Run) -> None:
    lost = sorted(number for number in run.fates["acknowledged"] if not run.effects[number])
    if lost:
        kind = "fails and" if lost[0] in trial.bad else "was never done, and"
        raise trial.lab.wrong(
            f"acknowledged order {lost[0]}, which {kind} is in no list any more: lost. Acknowledge after the effect; "
            f"what fails stays pending, and in the end goes to {DEAD}."
        )


def _settled(trial: _Trial, run: Run, why: str) -> None:
    if run.fates["trimmed"]:
        raise trial.lab.wrong(
            f"deleted order {min(run.fates['trimmed'])} from the stream, which other groups read too; XACK says done."
        )
    for fate in ("unread", "pending"):
        if run.fates[fate]:
            number = min(run.fates[fate])
            reason = why if fate == "pending" else "the group was down, or its loop had ended"
            raise trial.lab.wrong(f"left order {number} {fate}, ten minutes after the last order came: {reason}.")


def _once(trial: _Trial, run: Run) -> None:
    twice = [int(number) for number in (run.effects > 1).nonzero()[0]]
    ends = {(work.number, work.by): work.ended for work in run._work}
    for _, number, at, by in trial.sim.effects:
        if number in twice and at < ends.get((number, by), float("inf")) - 1e-9:
            raise trial.lab.wrong(
                f"did order {number} {_times(run.effects[number])}, with the effect before its work was over: who dies "
                "in the work has charged already, and who takes it over charges again."
            )
    if twice:
        raise trial.lab.wrong(
            f"did order {twice[0]} {_times(run.effects[twice[0]])}: it was claimed from a consumer that was alive. "
            "Five orders of 3 seconds are 15 from the read to the last acknowledgement; idle time counts from the read."
        )


def _letters(trial: _Trial, run: Run) -> None:
    lab, ids, delivered = trial.lab, _ids(run), _deliveries(run)
    found = Counter(int(fields["n"]) for fields in trial.letters if str(fields.get("n", "")).isdigit())
    for number in sorted(trial.bad):
        if found[number] != 1:
            raise lab.wrong(
                f"made order {number} {found[number]} dead letters in {DEAD}; it should be one, with its fields."
            )
        if delivered[number] < 3:
            raise lab.wrong(
                f"buried order {number} after {_times(delivered[number])} delivered; it has three deliveries."
            )
        if delivered[number] > 6 and trial.tried["zed", number] == 0:
            raise lab.wrong(
                f"buried order {number} after {delivered[number]} deliveries; three are enough, by me.pending."
            )
    for fields in trial.letters:
        number = int(fields.get("n", -1))
        if fields.get("source") != ids.get(number):
            raise lab.wrong(f"made a dead letter {show(fields)}; its source should be {ids.get(number)!r}.")


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(int(number), f"{int(number)} times")


# --- 18.3 ----------------------------------------------------------------------------------------------------------


def _outage(lab: Lab) -> None:
    cases = [
        (1, 3600, 0, 40, 78, 110, None),
        (3, 3600, 30, 40, 36, 150, None),
        (2, 100, 10, 900, 1160, 270, 5000),
        (2, 3600, 0, 40, 78, 110, 1000),
        (2, 100, 50, 40, 78, 110, 220),
        (2, 100, 50, 40, 78, 110, 120),
        (5, 60, 0, 40, 78, 110, 300),
        (2, 100, 50, 40, 78, 110, 0),
    ]
    for case in cases:
        returned = lab.expect(lab.call(*case), tuple, "three numbers: bytes, unread, lost")
        numbers = [_number(value) for value in returned]
        if len(numbers) != 3 or None in numbers:
            raise lab.wrong(f"returned {show(returned)}; it should return three numbers: bytes, unread, lost.")
        _judge_outage(lab, returned, numbers, *case)


def _judge_outage(
    lab: Lab,
    returned: tuple,
    numbers: list,
    rate: int,
    seconds: int,
    pending: int,
    payload: int,
    entry: int,
    pel: int,
    maxlen: Any,
) -> None:
    came = rate * seconds
    there = came + pending
    kept = there if maxlen is None else min(there, maxlen)
    size, unread, lost = numbers
    right = (kept * entry + pending * pel, min(came, kept), there - kept)
    if tuple(numbers) == right:
        if not all(isinstance(n, int) for n in returned):
            raise lab.wrong(f"returned {show(returned)}; bytes and orders are whole numbers.")
        return
    told = f"returned {tuple(int(n) if n == int(n) else n for n in numbers)}, where {right} is right:"
    if unread == right[1] + pending and pending:
        raise lab.wrong(
            f"{told} the {pending} that consumers hold are pending. They were read, so > does not give them again, and "
            "lag does not count them."
        )
    if maxlen is not None and kept < there and unread == came != right[1]:
        raise lab.wrong(f"{told} MAXLEN {maxlen} does not ask who has read: of {there} entries it leaves {kept}.")
    if unread != right[1]:
        raise lab.wrong(f"{told} {came} orders came, and {kept} entries are left in the stream, the newest.")
    if lost != right[2]:
        raise lab.wrong(
            f"{told} MAXLEN protects the memory, not the orders: of {there} entries, those that were pending included, "
            f"the oldest {there - kept} are gone."
        )
    if size in (kept * payload + pending * pel, kept * payload, (kept - pending) * payload + pending * pel):
        raise lab.wrong(f"{told} {payload} bytes are what you send; the server takes {entry} for each entry.")
    if pending and size == kept * entry:
        raise lab.wrong(f"{told} a pending order takes {pel} bytes in the group's list, beside its entry.")
    if size in (there * entry + pending * pel, came * entry + pending * pel, came * entry) and kept < there:
        raise lab.wrong(f"{told} with MAXLEN {maxlen}, the stream has {kept} entries.")
    if size != right[0]:
        raise lab.wrong(
            f"{told} {kept} entries of {entry} bytes, and {pending} rows of {pel} in the pending list, which stay when "
            "their entries are trimmed."
        )


# --- 18.4 ----------------------------------------------------------------------------------------------------------

BEAT_WITHIN = 6.0  # virtual seconds: the min-idle-time of the group


def _sweepers(trial: _Trial) -> None:
    """Four consumers that work as the answer says, and sweep."""

    def call(*args: Any) -> Any:
        life = trial.lab.call(*args)
        name, _, _ = trial.lab.did.partition("(")
        trial.lab.did = f"{name}(me, entry_id, fields)"  # a hint is about the whole run
        return life

    def body(me: Consumer) -> Generator:
        trial.watch(me)

        def attempt(entry_id: str, fields: dict) -> Generator:
            yield from trial.drive(me, lambda me: call(me, entry_id, fields))

        while True:
            for entry_id, _ in me.pending(BEAT_WITHIN):
                for _, fields in me.claim(entry_id, BEAT_WITHIN):
                    yield from attempt(entry_id, fields)
            reply = me.r.xreadgroup(GROUP, me.name, {KEY: ">"}, count=1)
            me._commands = 0
            if not reply:
                yield me.arrival(within=2.0)
            for _, entries in reply:
                for entry_id, fields in entries:
                    yield from attempt(entry_id, fields)

    for name in ("ada", "bob", "cyd", "dan"):
        trial.sim.consumer(KEY, GROUP, name, body)


def _heart(lab: Lab) -> None:
    seconds = [3.3, 17.1, 42.6, 58.9, 8.2, 1.1]
    arrivals = [1.0 + 5 * n for n in range(len(seconds))]

    trial = _Trial(lab, arrivals, seconds)
    _sweepers(trial)
    run = trial.run(100)
    if not any(step.args[0] == "XACK" for step in run.trace):
        raise lab.wrong("never acknowledged an order: so it is claimed, and done, again and again.")
    handed = _hand_outs(run)
    taken = [number for number, by in sorted(handed.items()) if len(set(by)) > 1]
    if taken:
        work = seconds[taken[0]]
        raise lab.wrong(
            f"lost order {taken[0]} to another consumer in the middle of its {work:g} seconds, while it was alive: "
            f"after {BEAT_WITHIN:g} seconds without a sign of life, somebody claims it."
        )
    again = [number for number, by in sorted(handed.items()) if len(by) > 1]
    if again:
        raise lab.wrong(
            f"made each beat of order {again[0]} a delivery ({len(handed[again[0]])} of them), and after some, it is "
            "taken for poison. An option of XCLAIM leaves the count alone."
        )
    _not_lost(trial, run)
    if (run.effects == 0).any():
        raise lab.wrong(f"left order {int((run.effects == 0).argmax())} without its effect.")
    _settled(trial, run, "acknowledge it after its effect")
    _once(trial, run)
    _not_too_often(lab, run, seconds)
    _dies_while_beating(lab, arrivals, seconds)
    _fails_while_beating(lab, arrivals, seconds)
    _stands_still(lab)


def _not_too_often(lab: Lab, run: Run, seconds: list[float]) -> None:
    ids = _ids(run)
    signs: dict[str, list[float]] = {
        ids[number]: [start, start + work]
        for number, (start, work) in enumerate(zip(run.started, seconds, strict=True))
    }
    for step in run.trace:
        if step.args[0] == "XCLAIM" and step.reply and isinstance(step.reply[0], str):
            signs[str(step.args[5])].append(step.time)
    for number, work in enumerate(seconds):
        start, end, *beats = signs[ids[number]]
        gaps = [b - a for a, b in pairwise(sorted([start, *beats]))]
        if gaps and min(gaps) < 1 - 1e-9:
            raise lab.wrong(
                f"beat {len(beats)} times in the {work:g} seconds of order {number}, some {min(gaps):.1f} s "
                "apart, more than once a second: each is a command that the server has to carry out."
            )
        if max([*gaps, end - max([start, *beats])]) >= BEAT_WITHIN - 1e-9:
            raise lab.wrong(
                f"gave no sign of life for {BEAT_WITHIN:g} seconds in the work on order {number}: that is the whole "
                "min-idle-time, so whoever looks at that moment claims it."
            )


def _dies_while_beating(lab: Lab, arrivals: list[float], seconds: list[float]) -> None:
    trial = _Trial(lab, arrivals, seconds)
    _sweepers(trial)
    trial.sim.crash("bob", 7.0, "working")
    run = trial.run(140)
    _settled(trial, run, "its consumer died, and whoever claims it has to finish it")
    _once(trial, run)


def _fails_while_beating(lab: Lab, arrivals: list[float], seconds: list[float]) -> None:
    trial = _Trial(lab, arrivals, seconds, poison=(4,))
    _sweepers(trial)
    run = trial.run(100)
    if 4 not in run.fates["pending"]:
        raise lab.wrong("acknowledged order 4, for which me.effect raised Poison; it should stay pending.")
    if others := run.fates["pending"] - {4} or run.fates["unread"]:
        raise lab.wrong(f"left order {min(others)} undone after order 4 had failed.")


def _stands_still(lab: Lab) -> None:
    """Ada stands still in the middle of order 0, and Bob claims it; then her clock goes on."""
    for work, lasts in ((40.0, 15.0), (20.0, 30.0)):
        trial = _Trial(lab, [1.0], [work])
        _sweepers(trial)
        trial.sim.pause("ada", 10.0, lasts)
        run = trial.run(90)
        claims = [step for step in run.trace if step.args[0] == "XCLAIM" and step.reply and step.by != "ada"]
        after = [
            step
            for step in run.trace
            if step.args[0] == "XCLAIM" and step.by == "ada" and step.reply and claims and step.time > claims[0].time
        ]
        if after:
            raise lab.wrong(
                f"stood still for {lasts:g} seconds, and then took the order back from {claims[0].by}, who had "
                "claimed it meanwhile: XCLAIM with 0 does not ask. Look first who holds it."
            )
        theft = [step for step in run.trace if step.args[0] == "XACK" and step.by == "ada" and claims]
        if theft and theft[0].time < max(work.ended for work in run._work if work.by != "ada") - 1e-9:
            raise lab.wrong(
                f"stood still for {lasts:g} seconds, and then acknowledged the order, which {claims[0].by} had claimed "
                "and is still at. If that one dies now, nobody does it."
            )
        if run.effects[0] > 1:
            raise lab.wrong(
                f"stood still for {lasts:g} seconds, and then did the effect of an order that {claims[0].by} had "
                "claimed meanwhile: it happened twice. Who holds it, when the work is done?"
            )
        _settled(trial, run, "whoever claims it has to finish it")


# --- 18.5 ----------------------------------------------------------------------------------------------------------


def _log(seed: int, rush: tuple[float, float, float], quiet: float = 0.05, length: int = 1800) -> list[str]:
    """Lines of a log: orders at a quiet rate, and a rush (from second, for seconds, per second)."""
    draw, start = random.Random(seed), datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    times = [t for t in range(length) if draw.random() < quiet]
    begin, lasts, rate = rush
    times += [int(begin) + t for t in range(int(lasts)) if draw.random() < rate]
    moments = sorted(1000 * t + draw.randrange(999) for t in times)
    return [
        f"{(start + timedelta(milliseconds=ms)).isoformat(timespec='milliseconds')} POST /checkout 201 order={1001 + n}"
        for n, ms in enumerate(moments)
    ]


def _at(line: str) -> float:
    return datetime.fromisoformat(line.split()[0]).timestamp()


def _fewest(rate: float, service: float, within: float) -> int:
    alive = 1
    while rate * service >= alive or wait_exceeds(within, rate, service, alive) > 0.01:
        alive += 1
    return alive


def _busiest(lab: Lab) -> None:
    def at(*moments: str) -> list[str]:
        return [f"{moment}+00:00 x" for moment in moments]

    night = at("2026-11-27T23:59:50.000", "2026-11-28T00:00:05.000", "2026-11-28T12:00:00.000")
    twins = at("2026-11-27T14:00:00.250", "2026-11-27T14:00:00.250", "2026-11-27T15:00:00.000")
    at_last = at("2026-11-27T14:00:00.000", "2026-11-27T15:00:00.000", "2026-11-27T15:00:01.000")
    tie = at("2026-11-27T15:00:00.000", "2026-11-27T15:00:01.000", "2026-11-27T14:00:00.000", "2026-11-27T14:00:02.000")
    even = [f"2026-11-27T14:{minute:02}:{second:02}.500+00:00 x" for minute in range(3) for second in (0, 20, 40)]
    shuffled = _log(3, (1000, 90, 0.9))
    random.Random(3).shuffle(shuffled)
    cases = [
        (_log(1, (615, 60, 0.8)), 60, 3.0, 2.0),
        (_log(2, (1234, 100, 0.9)), 60, 4.0, 2.0),
        (shuffled, 60, 3.0, 2.0),
        (even, 60, 10.0, 5.0),
        (_log(4, (333, 300, 0.5)), 300, 2.0, 1.0),
        (even[:1], 60, 3.0, 2.0),
        (night, 60, 3.0, 2.0),
        (twins, 60, 3.0, 2.0),
        (at_last, 60, 3.0, 2.0),
        (tie, 60, 3.0, 2.0),
        (even, 60, 20.0, 5.0),  # a load of exactly 1 with one consumer
    ]
    for lines, window, service, within in cases:
        returned = lab.expect(lab.call(list(lines), window, service, within), tuple, "start, orders and consumers")
        if len(returned) != 3 or not isinstance(returned[0], str) or None in map(_number, returned[1:]):
            raise lab.wrong(
                f"returned {show(returned)}; it should return start (text), orders and consumers (numbers)."
            )
        _judge_busiest(lab, returned, lines, window, service, within)


def _judge_busiest(lab: Lab, returned: tuple, lines: list[str], window: int, service: float, within: float) -> None:
    ordered = sorted(lines, key=_at)
    times = [_at(line) for line in ordered]
    counts = [sum(begin <= time < begin + window for time in times) for begin in times]
    orders = max(counts)
    start = ordered[counts.index(orders)].split()[0]
    alive = _fewest(orders / window, service, within)
    if (returned[0], _number(returned[1]), _number(returned[2])) == (start, orders, alive + 1):
        return
    told = f"returned {show(tuple(returned), 90)}, where {(start, orders, alive + 1)} is right:"
    if returned[1] != orders:
        including = max(sum(begin <= time <= begin + window for time in times) for begin in times)
        why = "the end of a window is not in it." if returned[1] == including else "a window may begin with any order."
        if returned[0] == start and returned[1] != including:
            why = "the window begins there, and so long is it, to the millisecond."
        if lines != ordered and returned[1] != including:
            why = "the lines come in any order, and a window may begin with any of them."
        raise lab.wrong(f"{told} {why}")
    if returned[0] != start:
        raise lab.wrong(
            f"{told} start is the first word of the line that the window begins with, the earliest of several."
        )
    if returned[2] == alive:
        raise lab.wrong(f"{told} {alive} keep the promise while all are alive; one may be dead.")
    mean = len(times) / max(1.0, times[-1] - times[0])
    if returned[2] == _fewest(mean, service, within) + 1:
        raise lab.wrong(
            f"{told} that is planned from the mean rate of the log, and the window has {orders / window:.2f} a second."
        )
    if returned[2] != alive + 1:
        longer = 100 * wait_exceeds(within, orders / window, service, alive)
        raise lab.wrong(
            f"{told} at {orders / window:.2f} per second, {longer:.2f} % wait longer with {alive}, and one may be dead."
        )


CHECKS = {"18.1": _min_idle, "18.2": _poison_batch, "18.3": _outage, "18.4": _heart, "18.5": _busiest}
