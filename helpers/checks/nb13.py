"""Checks of 13 Streams, Pub/Sub and Lists."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Wrong, show


class _Killed(BaseException):
    """Ends an answer as a SIGKILL ends its process: what it catches is at most an Exception."""


def _tap(r: redis.Redis, after: Callable[[list[str]], None]) -> redis.Redis:
    """`r`, with ``after(["LREM", "LPUSH"])`` after each round trip: a command, one under WATCH, or a pipeline."""
    send, pipeline = r.execute_command, r.pipeline

    def told(name: str, *args: Any, **options: Any) -> Any:
        reply = send(name, *args, **options)
        after([name.upper()])
        return reply

    def told_pipeline(transaction: bool = True, shard_hint: Any = None) -> Any:
        pipe = pipeline(transaction, shard_hint)
        execute, immediately = pipe.execute, pipe.immediate_execute_command

        def immediately_and_tell(name: str, *args: Any, **options: Any) -> Any:
            reply = immediately(name, *args, **options)
            after([name.upper()])
            return reply

        def execute_and_tell(raise_on_error: bool = True) -> Any:
            names = [str(command[0][0]).upper() for command in pipe.command_stack]
            replies = execute(raise_on_error)
            if names:
                after(names)
            return replies

        pipe.execute, pipe.immediate_execute_command = execute_and_tell, immediately_and_tell
        return pipe

    r.execute_command, r.pipeline = told, told_pipeline
    return r


def _no_scripts(examine: Callable[[Lab], None]) -> Callable[[Lab], None]:
    @wraps(examine)
    def examined(lab: Lab) -> None:
        try:
            examine(lab)
        except Wrong as wrong:
            if any(f"unknown command '{name}" in str(wrong) for name in ("EVAL", "SCRIPT", "FCALL", "FUNCTION")):
                raise lab.wrong(
                    "sent a script, and the Redis of check runs no Lua scripts: here it has to go by commands."
                ) from wrong
            raise

    return examined


# --- 13.1 ------------------------------------------------------------------------------------------------------------

WAYS = ("pubsub", "list", "stream")
FLAGS = ("waits", "crash", "tries", "again")


def _ticket(services: int, workers: int, *yes: str) -> dict[str, Any]:
    return {"services": services, "workers": workers} | {flag: flag in yes for flag in FLAGS}


def _choose(lab: Lab) -> None:
    tickets = [
        _ticket(40, 1),
        _ticket(1, 8, "waits", "crash"),
        _ticket(3, 4, "waits", "crash", "again"),
        _ticket(1, 4, "waits", "crash", "tries"),
        _ticket(1, 1),
    ]
    every = itertools.product((1, 3, 2), (1, 4, 2), *[(False, True)] * 4)
    tickets += [_ticket(s, w, *itertools.compress(FLAGS, flags)) for s, w, *flags in every]
    for ticket in tickets:
        _one_ticket(lab, ticket)


def _one_ticket(lab: Lab, ticket: dict[str, Any]) -> None:
    handed = dict(ticket)
    given = lab.call(handed)
    if handed != ticket:
        raise lab.wrong("changed the ticket that it was given: whoever asked with it still needs it.")
    if given not in WAYS:
        raise lab.wrong(f'returned {show(given)}; it should return "pubsub", "list" or "stream".')
    missing = {way: _missing(way, ticket) for way in WAYS}
    least = next(way for way in WAYS if not missing[way])
    if given == least:
        return
    asked = _asked(ticket)
    if missing[given]:
        raise Wrong(f"choose(…) returned {given!r} for {asked}: {missing[given]}")
    enough = {
        "pubsub": "Whoever is there hears it, and nobody asks for it later: Pub/Sub does that, and keeps nothing.",
        "list": (
            "A list is enough: one service takes each message once, and it waits in the list meanwhile. LMOVE into a "
            "processing list and a reaper (section 9) bring back what a dead worker held."
        ),
    }[least]
    raise Wrong(f"choose(…) returned {given!r} for {asked}. It would work, and there is a lesser way. {enough}")


def _asked(ticket: dict[str, Any]) -> str:
    yes = [flag for flag in FLAGS if ticket[flag]]
    counts = f"{ticket['services']} services, {ticket['workers']} workers each"
    return f"{counts}, {' and '.join(yes) or 'no flag set'}"


def _missing(way: str, ticket: dict[str, Any]) -> str:
    """What the ticket asks for and this way does not do; empty if it does everything."""
    if way == "stream":
        return ""
    if way == "pubsub":
        told = (
            (
                "waits",
                "Pub/Sub keeps nothing: what is published while a service is away never reaches it (section 10).",
            ),
            (
                "crash",
                "a message is gone with the subscriber that dies with it: nobody else has a copy to hand out again.",
            ),
            ("again", "there is nothing to read again: a channel has no history (section 2)."),
            ("tries", "nobody counts: once a message is sent, Pub/Sub knows nothing of it."),
        )
        reason = next((text for flag, text in told if ticket[flag]), "")
        if not reason and ticket["workers"] > 1:
            return f"each of the {ticket['workers']} workers of a service hears every message, so each would do it."
        return reason
    if ticket["services"] > 1:
        return (
            f"a list gives each message to one taker, so {ticket['services']} services would get a part each (sections "
            "1 and 10), and the producer sends each only once."
        )
    if ticket["again"]:
        return "what was popped is out of the list for everybody: there is nothing to read again later (section 7)."
    if ticket["tries"]:
        return "a list has no count of tries for its items, nor a time (section 9)."
    return ""


# --- 13.2 ------------------------------------------------------------------------------------------------------------

TODO, DOING, WORKERS, ALIVE = "orders:todo", "orders:doing:{}", "orders:workers", "orders:alive:{}"
POPS = {"LPOP", "RPOP", "BLPOP", "BRPOP", "LMPOP", "BLMPOP"}
WAITING = {"BLPOP", "BRPOP", "BLMPOP", "BLMOVE", "BRPOPLPUSH"}


class _Handle:
    """A job's work, printed as ``handle``."""

    def __init__(self, do: Callable[[str], None]) -> None:
        self.do = do

    def __call__(self, job: str) -> None:
        self.do(job)

    def __repr__(self) -> str:
        return "handle"


class _Jobs:
    """Lists of jobs, and one life of an answer after another on them.

    Looks after each command whether each unfinished job is in exactly one list; the first time that one is not, or is
    twice, is kept in `broken` as what to say of it.
    """

    def __init__(self, lab: Lab, jobs: list[str]) -> None:
        self.lab, self.other = lab, lab.redis()
        self.jobs, self.done, self.begun = jobs, [], []
        self.other.rpush(TODO, *jobs)
        self.names = ["ada", "bob", "cyd", "dan", "eve"]
        self.other.sadd(WORKERS, "ada", "bob", "cyd", "dan")
        for name, when in (("ada", "12:04:11"), ("dan", "0")):
            self.other.set(ALIVE.format(name), when)
        self.theirs = self._theirs()
        self.broken = ""
        self.dead, self.commands, self.sent, self.reaping = False, 0, [], False
        self.arriving: list[str] = []  # what comes while a worker handles its first job
        self.meanwhile: Callable[[], str] | None = None  # what others do after the command number meanwhile_at
        self.meanwhile_at, self.interrupted = 0, ""

    def _theirs(self) -> tuple[set, dict]:
        """What somebody else keeps: the names of the workers, and the keys of the living."""
        alive = self.other.keys(ALIVE.format("*"))
        return self.other.smembers(WORKERS), dict(zip(alive, self.other.mget(alive), strict=True) if alive else ())

    def life(self, kill_after: int = 0) -> redis.Redis:
        """A client for one life of the answer, that is killed after so many commands."""
        r = self.lab.another(self.other)
        self.dead, self.commands, self.sent, self.interrupted = False, 0, [], ""
        send, pipeline = r.execute_command, r.pipeline

        def alive_only(name: str, *args: Any, **options: Any) -> Any:
            if self.dead:
                raise _Killed
            if name.upper() in WAITING and not self._something_in(name.upper(), args):
                return self._waits(name.upper(), float(args[0] if name.upper() == "BLMPOP" else args[-1]))
            return send(name, *args, **options)

        def pipeline_of_this_life(transaction: bool = True, shard_hint: Any = None) -> Any:
            pipe = pipeline(transaction, shard_hint)
            execute = pipe.execute

            def execute_alive(raise_on_error: bool = True) -> Any:
                if self.dead:
                    raise _Killed
                names = [str(command[0][0]).upper() for command in pipe.command_stack]
                replies = execute(raise_on_error)
                if not (transaction or pipe.explicit_transaction) and len(names) > 1 and not self.broken:
                    self.broken = (
                        f"sent {' and '.join(names)} in a pipeline without a transaction: they travel together, and a "
                        "process may still die between them."
                    )
                return replies

            pipe.execute = execute_alive
            return pipe

        r.execute_command, r.pipeline = alive_only, pipeline_of_this_life
        return _tap(r, lambda names: self._after("+".join(names), kill_after))

    def _something_in(self, name: str, args: tuple) -> bool:
        keys = args[:1] if name in ("BLMOVE", "BRPOPLPUSH") else args
        return any(self.other.exists(key) for key in map(str, keys) if key.startswith("orders:"))

    def _waits(self, name: str, seconds: float) -> None:
        """No job is on its way here: a short wait is over at once, and a long one is a mistake."""
        if 0 < seconds <= 0.2:
            return
        how = f"waits {seconds:g} s" if seconds else "waits for ever"
        self.broken = self.broken or (
            f"{how} by {name} for a job to come; it's to return when none waits. The same command without the B "
            "answers None at once."
        )
        self.dead = True
        raise _Killed

    def _after(self, name: str, kill_after: int) -> None:
        self.commands += 1
        self.sent.append(name)
        if self.commands == self.meanwhile_at and not self.broken:
            self._look(f"after {name}")
            if what := self.meanwhile():
                self.interrupted = f"{what} after the {name}"
        self._look(f"after {name}")
        if self.commands == kill_after:
            self.dead = True
            raise _Killed

    def in_lists(self) -> Counter:
        lists = [TODO, *[DOING.format(name) for name in self.names]]
        return Counter(job for name in lists for job in self.other.lrange(name, 0, -1))

    def _look(self, when: str) -> None:
        if self.broken:
            return
        there, unfinished = self.in_lists(), Counter(self.jobs) - Counter(self.done)
        for job, count in unfinished.items():
            if there[job] < count:
                self.broken = f"had the job {job} in no list {when}, and not done: {self._why_lost(job)}"
            elif there[job] > count + (job in self.done):
                why = (
                    f"{self.interrupted}, so what it had read was out of date."
                    if self.interrupted
                    else "killed here, it would be done twice though nobody died with it."
                )
                self.broken = (
                    f"had the job {job} in two lists {when}: {why} Which one command moves an item from list to list?"
                )
        if not self.broken and self._theirs() != self.theirs:
            self.broken = (
                f"had changed orders:workers or a key orders:alive:… {when}. Somebody else keeps them; here they are "
                "only read."
            )

    def _why_lost(self, job: str) -> str:
        last = set(self.sent[-1].split("+")) if self.sent else set()
        if self.interrupted:
            return (
                f"{self.interrupted}, so what it had read was no longer what waited there. Which one command takes an "
                "item, moves it and says which it was?"
            )
        if elsewhere := self._in_another_list(job):
            return f"it's in {elsewhere}, where no worker and no reaper looks. Each worker has a list of its own."
        if len(last) > 1 and not self.reaping:
            return "a process that is killed here leaves nobody with a copy."
        if self.jobs.count(job) > 1 and (self.reaping or job in self.done) and last & {"LREM", *POPS, "DEL"}:
            so_far = f", and it was done {self.done.count(job)} of {self.jobs.count(job)} times" * (job in self.done)
            return f"two jobs may have the same text{so_far}. Each is to be done."
        if not self.reaping and (last & {"LREM", "DEL", "LTRIM"} or (last & POPS and self._was_in_hand())):
            return "a process that is killed in handle() leaves nobody with a copy. Remove it after the work."
        if last & {*POPS, "DEL", "LREM", "LTRIM"}:
            return (
                "a process that is killed here takes the only copy along. A pop and a push of your own leave a gap; "
                "which one command moves an item from list to list?"
            )
        return "a process that is killed here leaves nobody with a copy."

    def _was_in_hand(self) -> bool:
        """Whether something was moved into a list of its own before the pop."""
        before = "+".join(self.sent[:-1]).split("+")
        return bool({"LMOVE", "BLMOVE", "RPOPLPUSH", "BRPOPLPUSH"} & set(before))

    def _in_another_list(self, job: str) -> str:
        known = {TODO, *[DOING.format(name) for name in self.names]}
        lists = [key for key in sorted(self.other.keys("*")) if key not in known and self.other.type(key) == "list"]
        return next((key for key in lists if job in self.other.lrange(key, 0, -1)), "")

    def handle(self, kill_at: int = 0) -> Callable[[str], None]:
        """The work on a job; the process is killed in the n-th of this life."""
        count = itertools.count(1)

        def handle(job: str) -> None:
            if self.dead:
                raise _Killed
            self._look_at(job)
            self.begun.append(job)
            self._look(f"while handle({job!r}) ran")
            while self.arriving:
                self.jobs.append(self.arriving.pop())
                self.other.rpush(TODO, self.jobs[-1])
            if next(count) == kill_at:
                self.dead = True
                raise _Killed
            self.done.append(job)

        return _Handle(handle)

    def _look_at(self, job: Any) -> None:
        """What handle was given, and whether a job that is done is still in hand."""
        if self.broken:
            return
        if job is None:
            why = f" {self.interrupted[0].upper()}{self.interrupted[1:]}." if self.interrupted else ""
            self.broken = f"called handle(None).{why} What takes a job answers None when there was none."
        elif not isinstance(job, str):
            self.broken = f"called handle({show(job)}) with type {type(job).__name__}; the job is a text, {str(job)!r}."
        else:
            in_hand = Counter(self.other.lrange(DOING.format("ada"), 0, -1))
            if left := [done for done in in_hand if in_hand[done] > (Counter(self.jobs) - Counter(self.done))[done]]:
                self.broken = (
                    f"left {left} in orders:doing:ada, done as they are, while handle({job!r}) ran: killed here, the "
                    "next start would do them again."
                )

    def work(self, name: str, kill_after: int = 0, kill_at: int = 0) -> Any:
        """One life of a worker; None if it was killed. Says what was broken in it."""
        self.reaping = False
        try:
            returned = self.lab.call(self.life(kill_after), name, self.handle(kill_at))
        except _Killed:
            returned = None
        self.complain()
        return returned

    def reap(self, kill_after: int = 0) -> None:
        self.reaping = True
        with suppress(_Killed):
            self.lab.call(self.life(kill_after), of=1)
        self.complain()

    def complain(self) -> None:
        if self.broken:
            raise self.lab.wrong(self.broken)


def _crash_safe(lab: Lab) -> None:
    _plain(lab)
    _one_comes_late(lab)
    _killed_at_work(lab)
    _killed_between(lab)
    _several_in_hand(lab)
    _beside_another(lab)
    _reaped(lab)
    _reaped_twins(lab)
    _reaper_killed(lab)
    _reaped_meanwhile(lab)
    _many_dead(lab)


def _plain(lab: Lab) -> None:
    for jobs in (["1001", "1002", "1003"], ["7", "7", "8", "7"], []):
        shop = _Jobs(lab, jobs) if jobs else _Jobs(lab, ["1"])
        if not jobs:
            shop.jobs = []
            shop.other.delete(TODO)
        shop.other.rpush(DOING.format("bob"), "bob's job")
        returned = shop.work("ada")
        if jobs[:2] == ["7", "7"] and (twin := Counter(jobs) - Counter(shop.done)):
            [job, *_] = twin
            raise lab.wrong(
                f"did {shop.done} where {jobs} waited: two jobs may have the same text, and {job} was done "
                f"{shop.done.count(job)} of {jobs.count(job)} times."
            )
        if shop.done != jobs:
            if Counter(shop.done) == Counter(jobs):
                raise lab.wrong(f"did the jobs in the order {shop.done}; the oldest is on the left: {jobs}.")
            if "bob's job" in shop.done:
                raise lab.wrong("did a job that another worker, bob, has in hand.")
            raise lab.wrong(f"did {shop.done} where {jobs} waited.")
        if returned != len(jobs) or isinstance(returned, bool):
            raise lab.wrong(f"returned {show(returned)}; it did {len(jobs)} jobs, and should return their number.")
        if left := shop.other.lrange(DOING.format("ada"), 0, -1):
            raise lab.wrong(f"left {left} in orders:doing:ada, done as they are: the next start would do them again.")
        if shop.other.lrange(DOING.format("bob"), 0, -1) != ["bob's job"]:
            raise lab.wrong("touched orders:doing:bob, and bob is at work.")


def _one_comes_late(lab: Lab) -> None:
    shop = _Jobs(lab, ["1001", "1002"])
    shop.arriving = ["1003"]
    returned = shop.work("ada")
    if shop.done != ["1001", "1002", "1003"]:
        raise lab.wrong(f"did {shop.done} and returned; 1003 came during the work on 1001, and waits.")
    if returned != 3:
        raise lab.wrong(f"returned {show(returned)}; it did 3 jobs, of which 1003 came during the work on 1001.")


def _several_in_hand(lab: Lab) -> None:
    """A crash has left several jobs in hand, two of them with one text."""
    shop = _Jobs(lab, ["7", "8", "7", "1002"])
    for _ in range(3):
        shop.other.lmove(TODO, DOING.format("ada"), "LEFT", "RIGHT")
    returned = shop.work("ada")
    if Counter(shop.done) != Counter(shop.jobs):
        raise lab.wrong(f"did {shop.done}; it had 7, 8 and 7 in hand when it was started, and 1002 waited.")
    if shop.done != shop.jobs:
        raise lab.wrong(
            f"did {shop.done}; 7, 8 and 7 were in hand when it was started, the oldest on the left, and come before "
            "1002."
        )
    if returned != 4:
        raise lab.wrong(f"returned {show(returned)}; it did 4 jobs, three of which it had in hand when it started.")
    if left := shop.other.lrange(DOING.format("ada"), 0, -1):
        raise lab.wrong(f"left {left} in orders:doing:ada, done as they are: the next start would do them again.")


def _killed_at_work(lab: Lab) -> None:
    shop = _Jobs(lab, ["1001", "1002", "1003", "1004"])
    shop.work("ada", kill_at=2)
    if shop.other.ttl(DOING.format("ada")) > 0:
        raise lab.wrong(
            "was killed in handle('1002') with 1002 in orders:doing:ada, which has an expiry: then nobody has a copy."
        )
    if shop.other.lrange(DOING.format("ada"), 0, 0) != ["1002"]:
        raise lab.wrong(
            "was killed in handle('1002'), and the first in orders:doing:ada is "
            f"{show(shop.other.lindex(DOING.format('ada'), 0))}: what a worker has in hand is in that list."
        )
    shop.begun.clear()
    returned = shop.work("ada")
    _all_done(lab, shop, "was killed in handle('1002') and started again")
    if shop.begun[0] != "1002":
        raise lab.wrong(
            f"was killed in handle('1002'); started again it began with {shop.begun[0]}, and what it had in hand comes "
            "first."
        )
    if returned != 3:
        raise lab.wrong(f"returned {show(returned)} after a restart; this call did 3 jobs.")


def _beside_another(lab: Lab) -> None:
    """Another worker takes a job, and does it, after each of the answer's commands."""
    for at in range(1, 30):
        shop = _Jobs(lab, ["1001", "1002", "1003"])
        shop.meanwhile, shop.meanwhile_at = lambda shop=shop: _takes_one(shop), at
        returned = shop.work("ada")
        if shop.commands < at:
            return
        if shop.done != shop.jobs:
            raise lab.wrong(f"did {shop.done}; {shop.interrupted}, and {shop.jobs} was left for ada.")
        if returned != len(shop.done):
            raise lab.wrong(f"returned {show(returned)}; {shop.interrupted}, so ada did {len(shop.done)}.")


def _takes_one(shop: _Jobs) -> str:
    job = shop.other.lpop(TODO)
    if job is None:
        return ""
    shop.jobs.remove(job)
    return f"another worker took {job}"


def _killed_between(lab: Lab) -> None:
    for kill_after in range(1, 30):
        shop = _Jobs(lab, ["1001", "1002"])
        shop.work("ada", kill_after=kill_after)
        if not shop.dead:
            return
        last = shop.begun[-1:]
        shop.work("ada")
        _all_done(lab, shop, f"was killed after its command number {kill_after} and started again")
        twice = [job for job, count in Counter(shop.done).items() if count > 1 and [job] != last]
        if twice:
            raise lab.wrong(f"did {twice[0]} twice, and nobody had died with it.")


def _all_done(lab: Lab, shop: _Jobs, what: str) -> None:
    missing = Counter(shop.jobs) - Counter(shop.done)
    if not missing:
        return
    [job, *_] = missing
    if shop.in_lists()[job]:
        raise lab.wrong(f"{what}; the job {job} is still in orders:doing:ada, and nobody does it. Look there first.")
    raise lab.wrong(f"{what}; the job {job} is lost.")


def _orphans(lab: Lab) -> _Jobs:
    """Bob is dead with two jobs, Cyd with one, Dan lives with one, Ada has none; Eve's name is not in the set."""
    shop = _Jobs(lab, ["1001", "1002", "1003", "1000", "1009", "1004", "1005"])
    for name in ("bob", "cyd", "dan", "bob", "eve"):
        shop.other.lmove(TODO, DOING.format(name), "LEFT", "RIGHT")
    return shop


def _reaped(lab: Lab) -> None:
    shop = _orphans(lab)
    shop.reap()
    _brought_back(lab, shop, "")
    shop.work("ada")
    if Counter(shop.done) != Counter(["1000", "1001", "1002", "1004", "1005"]):
        raise lab.wrong(
            f"did {shop.done} after reap(r) had brought 1000, 1001 and 1002 back, with 1004 and 1005 behind them."
        )


def _reaped_twins(lab: Lab) -> None:
    """A hand with two jobs of one text, and nothing waits."""
    shop = _Jobs(lab, ["7", "8", "7"])
    shop.other.rename(TODO, DOING.format("bob"))
    shop.reap()
    waiting = shop.other.lrange(TODO, 0, -1)
    if waiting != ["7", "8", "7"]:
        raise lab.wrong(
            f"left {waiting} in orders:todo; it was empty, and bob, who is dead, had 7, 8 and 7 in hand, the oldest on "
            "the left."
        )


def _reaped_meanwhile(lab: Lab) -> None:
    """After each of the reaper's commands another reaper does it all, or a job comes."""
    for meanwhile in (_another_reaps, _one_comes):
        for at in range(1, 30):
            shop = _orphans(lab)
            shop.meanwhile, shop.meanwhile_at = lambda shop=shop, m=meanwhile: m(shop), at
            try:
                shop.reap()
            except Raised as raised:
                if shop.interrupted:
                    raise Wrong(f"{raised}: {shop.interrupted}.") from raised
                raise
            if shop.commands < at:
                break
            come = ["1006"] if meanwhile is _one_comes else []
            _brought_back(lab, shop, f"({shop.interrupted or 'alone'}) ", come)


def _another_reaps(shop: _Jobs) -> str:
    for name in ("bob", "cyd"):
        while shop.other.lmove(DOING.format(name), TODO, "RIGHT", "LEFT"):
            pass
    return "another reaper had moved all"


def _one_comes(shop: _Jobs) -> str:
    shop.jobs.append("1006")
    shop.other.rpush(TODO, "1006")
    return "the job 1006 came"


def _many_dead(lab: Lab) -> None:
    """More names than one SSCAN answers."""
    r = lab.redis()
    names = [f"w{number}" for number in range(30)]
    r.sadd(WORKERS, *names)
    for name in names:
        r.rpush(DOING.format(name), name)
    lab.call(r, of=1)
    if len(waiting := r.lrange(TODO, 0, -1)) != 30:
        raise lab.wrong(f"brought back the jobs of {len(waiting)} workers; 30 are dead, each with one in hand.")


def _reaper_killed(lab: Lab) -> None:
    for kill_after in range(1, 30):
        shop = _orphans(lab)
        shop.reap(kill_after)
        if not shop.dead:
            return
        shop.reap()
        _brought_back(lab, shop, f"(killed after its command number {kill_after}, and run again) ")


def _brought_back(lab: Lab, shop: _Jobs, how: str, come: list[str] | None = None) -> None:
    behind = ["1004", "1005", *(come or [])]
    waiting = shop.other.lrange(TODO, 0, -1)
    for name in ("bob", "cyd"):
        if left := shop.other.lrange(DOING.format(name), 0, -1):
            raise lab.wrong(
                f"{how}left {', '.join(left)} in orders:doing:{name}. {name.capitalize()} is dead, and nobody need "
                "ever start a worker of that name again: somebody else has to take all that he held."
            )
    if shop.other.lrange(DOING.format("dan"), 0, -1) != ["1003"]:
        raise lab.wrong(f"{how}took 1003 away from dan, who is alive: orders:alive:dan exists.")
    if shop.other.lrange(DOING.format("eve"), 0, -1) != ["1009"]:
        raise lab.wrong(f"{how}took 1009 away from eve, whose name isn't in orders:workers: she isn't among the dead.")
    if Counter(waiting) != Counter(["1000", "1001", "1002", *behind]):
        raise lab.wrong(
            f"{how}left {waiting} in orders:todo; 1000, 1001, 1002, {' and '.join(behind)} should wait, once each."
        )
    if waiting[3:] != behind:
        raise lab.wrong(
            f"{how}left {waiting} in orders:todo: 1000, 1001 and 1002 have waited longest, so they go in front."
        )


# --- 13.3 ------------------------------------------------------------------------------------------------------------

PRICES, CHANGED = "prices", "course:changed"


class _Shop:
    """Prices, a client whose subscribers can be cut off, and what the answer sends."""

    def __init__(self, lab: Lab, after: Callable[[str, tuple], None] | None = None) -> None:
        self.lab, self.sent, self.subscribers, self.after = lab, [], [], after
        self.asked: set[str] = set()  # the products whose prices were read
        self.at_confirmation: Callable[[], None] | None = None
        self.cut: list[redis.client.PubSub] = []  # those whose new connection nobody has waited for
        self.hurried = False
        self.other = lab.redis()
        self.prices = {"laptop": "999", "mouse": "29", "keyboard": "79"}
        self.other.hset(PRICES, mapping=self.prices)
        self.r = lab.another(self.other)
        send, pubsub, pipeline = self.r.execute_command, self.r.pubsub, self.r.pipeline

        def noted(name: str, *args: Any, **options: Any) -> Any:
            reply = send(name, *args, **options)
            self._note(name, args)
            return reply

        def noted_pipeline(transaction: bool = True, shard_hint: Any = None) -> Any:
            pipe = pipeline(transaction, shard_hint)
            execute, immediately = pipe.execute, pipe.immediate_execute_command

            def immediately_noted(name: str, *args: Any, **options: Any) -> Any:
                reply = immediately(name, *args, **options)
                self._note(name, args)
                return reply

            def execute_noted(raise_on_error: bool = True) -> Any:
                commands = list(pipe.command_stack)
                if not (transaction or pipe.explicit_transaction):
                    # Anybody may come between, as between single commands.
                    pipe.reset()
                    return [noted(*args, **options) for args, options in commands]
                replies = execute(raise_on_error)
                for args, _ in commands:
                    self._note(args[0], args[1:])
                return replies

            pipe.execute, pipe.immediate_execute_command = execute_noted, immediately_noted
            return pipe

        def noted_subscriber(**options: Any) -> redis.client.PubSub:
            subscriber = pubsub(**options)
            get = subscriber.get_message

            def get_soon(ignore_subscribe_messages: bool = False, timeout: float | None = 0.0) -> Any:
                if subscriber in self.cut:
                    self.cut.remove(subscriber)
                    if timeout is not None and timeout <= 0:
                        self.hurried = True  # The confirmation is on its way, for a server is never at once there.
                        return None
                # From then on a message is there or not.
                message = get(ignore_subscribe_messages, timeout if timeout is None else min(timeout, 0.02))
                if message and message["type"] == "subscribe" and self.at_confirmation:
                    happens, self.at_confirmation = self.at_confirmation, None
                    happens()
                return message

            subscriber.get_message = get_soon
            self.subscribers.append(subscriber)
            return subscriber

        self.r.execute_command, self.r.pubsub, self.r.pipeline = noted, noted_subscriber, noted_pipeline

    def _note(self, name: str, args: tuple) -> None:
        self.sent.append(name.upper())
        if name.upper() in ("HGET", "HMGET"):
            self.asked.update(map(str, args[1:]))
        if self.after is not None:
            self.after(name.upper(), args)

    def change(self, product: str, price: str) -> None:
        """Somebody changes a price."""
        self.prices[product] = price
        self.other.hset(PRICES, product, price)
        self.other.publish(CHANGED, product)

    def cut_off(self) -> None:
        for subscriber in self.subscribers:
            if subscriber.connection is not None:
                _break(subscriber.connection)
                self.cut.append(subscriber)

    def open(self) -> tuple[dict, Callable[[], Any]]:
        threads = threading.active_count()
        opened = self.lab.call(self.r, of=1)
        if threading.active_count() > threads:
            raise self.lab.wrong("started a thread; the program itself calls refresh() now and then.")
        if not (isinstance(opened, tuple) and len(opened) == 2 and isinstance(opened[0], dict) and callable(opened[1])):
            raise self.lab.wrong(f"returned {show(opened)}; it should return a dictionary and a function, as a tuple.")
        return opened

    def refresh(self, refresh: Callable[[], Any]) -> list[str]:
        """Calls it, and returns the commands that it sent."""
        self.sent.clear()
        self.asked.clear()
        self.called, self.lab.did = refresh, "refresh()"
        try:
            refresh()
        except Exception as error:
            raise self.lab.wrong(f"raised {type(error).__name__}: {' '.join(str(error).split())}") from error
        return list(self.sent)


def _break(connection: Any) -> None:
    """As a real break: what is sent is lost from now on, and it shows only when somebody reads."""
    reads = {name: getattr(connection, name) for name in ("can_read", "read_response")}

    def found(name: str) -> Callable:
        def read(*args: Any, **options: Any) -> Any:
            for each in reads:
                connection.__dict__.pop(each, None)
            connection.disconnect()
            connection.connect()
            return reads[name](*args, **options)

        return read

    for name in reads:
        setattr(connection, name, found(name))


def _cache(lab: Lab) -> None:
    _stored_then_told(lab)
    _alone(lab)
    _stores_one(lab)
    _told_of_changes(lab)
    _two_caches(lab)
    _changed_meanwhile(lab)
    _cut_off(lab)
    _changed_in_refresh(lab)


def _stored_then_told(lab: Lab) -> None:
    seen: list[str | None] = []

    def after(name: str, args: tuple) -> None:
        if name == "PUBLISH":
            seen.append(shop.other.hget(PRICES, "laptop"))

    shop = _Shop(lab, after)
    listener = shop.other.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(CHANGED)
    listener.get_message(timeout=0.1)
    for product, price in (("laptop", "899"), ("cable", "9.50")):
        before = shop.other.hget(PRICES, product)
        lab.call(shop.r, product, price)
        heard = listener.get_message()
        left = shop.other.hget(PRICES, product)
        if left not in (before, price):
            raise lab.wrong(f"stored {show(left)}; the price is the text {price!r}, to be stored as it was given.")
        if left != price:
            raise lab.wrong(
                f"left the price {left} in the hash prices, while one cache listened; it should be {price}. A message "
                "is heard once, by those who are there; the hash is for all who come."
            )
        if seen[:1] == ["999"]:
            raise lab.wrong(
                "published before the new price was stored: whoever hears of it and reads at once gets the old one, "
                "999."
            )
        if heard is None:
            new = before is None
            why = " It's a new product: what HSET answers counts new fields, not changes." if new else ""
            raise lab.wrong(f"had published nothing on course:changed when it returned, so no cache hears of it.{why}")
        if heard["data"] != product:
            raise lab.wrong(f"published {show(heard['data'])}; the text asks for the product's name, {product}.")


def _stores_one(lab: Lab) -> None:
    """Another process changes another price after the answer's first command."""

    def after(name: str, args: tuple) -> None:
        if len(shop.sent) == 1:
            shop.other.hset(PRICES, "keyboard", "71")

    shop = _Shop(lab, after)
    lab.call(shop.r, "mouse", "27")
    if (left := shop.other.hget(PRICES, "keyboard")) != "71":
        raise lab.wrong(
            f"left {left} for keyboard: another process stored 71 after its {shop.sent[0]}, and it took that back. "
            "HSET can store the price of mouse alone."
        )


def _alone(lab: Lab) -> None:
    """Nobody is subscribed."""

    def after(name: str, args: tuple) -> None:
        if shop.sent.count("PUBLISH") > 3:
            raise Wrong("again and again")

    shop = _Shop(lab, after)
    try:
        lab.call(shop.r, "mouse", "27")
    except Raised as raised:
        if isinstance(raised.error, Wrong):
            raise lab.wrong(
                "published again and again while nobody is subscribed. What PUBLISH answers says who is connected, not "
                "who has read it; who comes later reads the hash."
            ) from raised
        raise
    if shop.other.hget(PRICES, "mouse") != "27":
        raise lab.wrong("did not store the price while nobody was subscribed; it is to be stored whoever listens.")


def _told_of_changes(lab: Lab) -> None:
    shop = _Shop(lab)
    cache, refresh = shop.open()
    _equal(shop, cache, "at once", "A dictionary with all prices, as text.")
    if "KEYS" in shop.sent or "SCAN" in shop.sent:
        raise lab.wrong("looked for keys; the prices are in one hash.")
    shop.refresh(refresh)  # An answer may leave the first confirmation for here.
    for product, price in (("laptop", "899"), ("mouse", "25"), ("laptop", "849"), ("cable", "9.50")):
        shop.change(product, price)
    sent = shop.refresh(refresh)
    _equal(shop, cache, "after four changes and a refresh()", "The messages of all four were waiting.")
    _whole_hash(lab, sent)
    if sent := shop.refresh(refresh):
        raise lab.wrong(f"sent {', '.join(sent)} though nothing had changed and nothing was missed.")
    for number in range(60):
        shop.change(f"cable {number}", "9")
    sent = shop.refresh(refresh)
    _equal(shop, cache, "after sixty changes and a refresh()", "The messages of all sixty were waiting.")
    _whole_hash(lab, sent)
    shop.change("mouse", "24")
    shop.refresh(refresh)
    _equal(shop, cache, "after a change and a refresh()", "The message was waiting.")
    if others := shop.asked & set(shop.prices) - {"mouse"}:
        raise lab.wrong(
            f"read {len(others) + 1} prices though it was told of mouse alone, with an unbroken connection: read the "
            "ones that it was told of."
        )


def _whole_hash(lab: Lab, sent: list[str]) -> None:
    if set(sent) & {"HGETALL", "HVALS", "HSCAN", "HKEYS"}:
        raise lab.wrong(
            f"read the whole hash ({', '.join(dict.fromkeys(sent))}) though it was told which products have changed, "
            "with an unbroken connection."
        )


def _two_caches(lab: Lab) -> None:
    first, second = _Shop(lab), _Shop(lab)
    if first.open()[0] is second.open()[0]:
        raise lab.wrong(
            "returned the dictionary of an earlier call, with that one's prices in it. Each call needs a dictionary of "
            "its own; the default of a parameter is made once."
        )


def _changed_meanwhile(lab: Lab) -> None:
    """A price changes after each of the commands with which the cache is opened."""
    for at in range(1, 12):
        if not _changed_after(lab, at):
            return


def _changed_after(lab: Lab, at: int) -> bool:
    """Whether there was a command of that number."""
    changed: list[str] = []

    def after(name: str, args: tuple) -> None:
        if len(shop.sent) == at and not changed:
            changed.append(name)
            shop.change("keyboard", "71")

    shop = _Shop(lab, after)
    cache, refresh = shop.open()
    if changed:
        shop.refresh(refresh)
        when = f"after a refresh(), when a price had changed right after the {changed[0]} of open_cache"
        why = "It was read before the subscription stood: what is published between the two is never heard."
        _equal(shop, cache, when, why)
    return bool(changed)


def _cut_off(lab: Lab) -> None:
    shop = _Shop(lab)
    cache, refresh = shop.open()
    why = "Nothing is sent again. What is the one sign of a new connection (section 5), and what is to be done then?"
    if "is_connected" in getattr(getattr(refresh, "__code__", None), "co_names", ()):
        why = f"A break shows when one reads: until then is_connected is True. {why}"
    shop.cut_off()
    shop.change("mouse", "19")
    shop.refresh(refresh)
    _equal(shop, cache, "after the connection had broken, a price changed, and refresh()", why)
    shop.change("laptop", "799")
    shop.refresh(refresh)
    _equal(shop, cache, "after the next change on the new connection and a refresh()", "It hears again.")
    if sent := shop.refresh(refresh):
        raise lab.wrong(f"sent {', '.join(sent)} though nothing had changed since the last refresh().")
    shop.cut_off()
    shop.change("keyboard", "77")
    shop.change("charger", "15")
    shop.refresh(refresh)
    _equal(
        shop,
        cache,
        "after a second break, in which a price changed and a product came, and refresh()",
        "Every break may hide any change, and new products, too.",
    )
    shop.cut_off()
    shop.change("mouse", "18")
    shop.at_confirmation = lambda: shop.change("laptop", "789")
    shop.refresh(refresh)
    _equal(
        shop,
        cache,
        "after a break in which a price changed, and refresh(), which heard of another change as soon as it was "
        "connected again",
        "A message after a break says nothing of what came in it.",
    )


def _changed_in_refresh(lab: Lab) -> None:
    """A price changes after each command of a refresh(), with or without a break before; the next one has it."""
    for broken in (False, True):
        for at in range(1, 4):
            if not _changed_after_in_refresh(lab, at, broken):
                break


def _changed_after_in_refresh(lab: Lab, at: int, broken: bool) -> bool:
    """Whether there was a command of that number."""
    changed: list[str] = []

    def after(name: str, args: tuple) -> None:
        if armed and len(shop.sent) == at and not changed:
            changed.append(name)
            shop.change("laptop", "849")

    armed = False
    shop = _Shop(lab, after)
    cache, refresh = shop.open()
    if broken:
        shop.cut_off()
    shop.change("laptop", "899")
    shop.change("laptop", "889")
    armed = True
    shop.refresh(refresh)
    armed = False
    if changed:
        shop.refresh(refresh)
        _equal(
            shop,
            cache,
            f"after another refresh(), when a price had changed right after the {changed[0]} of the one before",
            "Its message came after the read, so it says something that the read did not have.",
        )
    return bool(changed)


def _equal(shop: _Shop, cache: dict, when: str, why: str) -> None:
    lab = shop.lab
    if all(cache.get(p) == price for p, price in shop.prices.items()) and set(cache) == set(shop.prices):
        return
    if any(other is not cache and other == shop.prices for other in _kept_by(getattr(shop, "called", None))):
        raise lab.wrong(
            f"changed another dictionary than the one that open_cache had returned, {when}: a new one under the same "
            "name reaches nobody who holds the first."
        )
    if strange := [key for key in cache if key not in shop.prices]:
        raise lab.wrong(
            f"has an entry for {show(strange[0])} in the cache {when}, which is no product. Not every message is one "
            "of a change: look at its type."
        )
    wrong = {p: cache.get(p) for p, price in shop.prices.items() if cache.get(p) != price}
    if shop.hurried:
        why = "get_message() without a timeout looks before the server's answer can be there."
    if wrong:
        [product, *_] = wrong
        raise lab.wrong(
            f"has {show(wrong[product])} for {product} in the cache {when}; the hash has {shop.prices[product]!r}. "
            f"{why}"
        )


def _kept_by(function: Any) -> list[dict]:
    """The dictionaries among the variables of a function's surroundings."""
    cells = []
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # It has no value yet.
            cells.append(cell.cell_contents)
    return [content for content in cells if isinstance(content, dict)]


# --- 13.4 ------------------------------------------------------------------------------------------------------------

URGENT = "orders:urgent"


def _next_job(lab: Lab) -> None:
    _priorities(lab)
    _not_at_one_list(lab)
    _another_takes_it(lab)
    for key in (TODO, URGENT):
        _comes_later(lab, key)
    r = lab.redis()
    try:
        given = _call_timed(lab, r, 0.05)
    except Raised as raised:
        if isinstance(raised.error, TypeError):
            raise Wrong(f"{raised}. No job came: what does BLPOP answer then, if not a pair?") from raised
        raise
    if given is not None:
        raise lab.wrong(f"returned {show(given)} from two empty lists; it should return None when none came.")


def _call_timed(lab: Lab, r: redis.Redis, wait: float) -> Any:
    """Calls the answer, and looks at how long its commands are told to wait."""
    send, told, wrong = r.execute_command, [], []

    def timed(name: str, *args: Any, **options: Any) -> Any:
        if name.upper() in WAITING:
            seconds = float(args[0] if name.upper() == "BLMPOP" else args[-1])
            told.append(seconds)
            if seconds == 0:
                wrong.append(f"told {name} to wait 0 s, which is for ever; wait is {wait:g} (and int({wait:g}) is 0).")
                raise _Killed
            if seconds > wait * 1.01:
                wrong.append(f"told {name} to wait {seconds:g} s; {wait:g} is the most.")
                raise _Killed
        return send(name, *args, **options)

    r.execute_command = timed
    try:
        given = lab.call(r, wait)
    except _Killed:
        raise lab.wrong(wrong[0]) from None
    if given is None and sum(told) > wait * 1.7:
        raise lab.wrong(f"told Redis to wait {' and '.join(f'{t:g} s' for t in told)}; {wait:g} s is the most in all.")
    return given


def _another_takes_it(lab: Lab) -> None:
    """Another process takes the urgent job after each of the answer's commands."""
    for at in range(1, 6):
        if not _taken_after(lab, at):
            return


def _taken_after(lab: Lab, at: int) -> bool:
    """Whether there was a command of that number."""
    commands: list[str] = []

    def after(names: list[str]) -> None:
        commands.append("+".join(names))
        if len(commands) == at and other.lpop(URGENT):
            taken.append(commands[-1])

    taken: list[str] = []
    other = lab.redis()
    other.rpush(URGENT, "2001")
    other.rpush(TODO, "1001")
    given = lab.call(_tap(lab.another(other), after), 0.1)
    expected = "1001" if taken else "2001"
    if given != expected:
        what = f"another process took 2001 after the {taken[0]}, and 1001 waited" if taken else "2001 waited"
        raise lab.wrong(f"returned {show(given)}; {what}. Only the command that takes a job knows whether it's there.")
    return len(commands) >= at


def _priorities(lab: Lab) -> None:
    def after(names: list[str]) -> None:
        left.append(r_other.llen(URGENT) + r_other.llen(TODO))
        if left[-1] < left[0] - 1:
            taken.append("+".join(names))

    r_other = lab.redis()
    r = _tap(lab.another(r_other), after)
    taken: list[str] = []
    r_other.rpush(URGENT, "2001", "2002")
    r_other.rpush(TODO, "1001", "1002")
    for expected in ("2001", "2002", "1001", "1002"):
        left = [r_other.llen(URGENT) + r_other.llen(TODO)]
        given = _call_timed(lab, r, 0.1)
        if taken:
            raise lab.wrong(
                f"had taken two jobs after {taken[0]}, and returns one: killed there, it loses the other, too."
            )
        if given == expected:
            continue
        if isinstance(given, (list, tuple)) and expected in str(given):
            raise lab.wrong(f"returned {show(given)}; it should return the job alone, {expected!r}.")
        if given in ("2002", "1002"):
            raise lab.wrong(f"returned {given}; the oldest is on the left: {expected}.")
        if given == "1001":
            raise lab.wrong(f"returned 1001 while {expected} waited in orders:urgent.")
        raise lab.wrong(f"returned {show(given)}; it should return {expected!r}.")


def _not_at_one_list(lab: Lab) -> None:
    """A job is in todo: nobody may wait at the other list."""
    alone: list[str] = []

    def after(name: str, args: tuple) -> None:
        if name in ("BLPOP", "BRPOP", "BLMPOP") and URGENT in map(str, args) and TODO not in map(str, args):
            alone.append(name)

    r = lab.redis(after)
    r.rpush(TODO, "1001")
    given = lab.call(r, 0.1)
    if alone:
        raise lab.wrong(
            f"waited by {alone[0]} at orders:urgent alone, while 1001 lay in orders:todo. One blocking pop can name "
            "several lists."
        )
    if given != "1001":
        raise lab.wrong(f"returned {show(given)}; 1001 was in orders:todo.")


def _comes_later(lab: Lab, key: str) -> None:
    r = lab.redis()
    other = lab.another(r)

    came: list[float] = []

    def push() -> None:
        time.sleep(0.05)
        other.rpush(key, "3001")
        came.append(time.monotonic())

    thread = threading.Thread(target=push)
    thread.start()
    given = _call_timed(lab, r, 2)
    returned = time.monotonic()
    thread.join()
    if given != "3001":
        raise lab.wrong(f"returned {show(given)}; 3001 came to {key} in a fortieth of the time that it may wait.")
    if returned - came[0] > 1:
        raise lab.wrong(f"returned 3001 more than a second after it came to {key}; it's to be returned at once.")


# --- 13.5 ------------------------------------------------------------------------------------------------------------


def _viewed(lab: Lab) -> None:
    plain: list[bool] = []
    sent: list[str] = []
    other = lab.redis()

    def look(names: list[str]) -> None:
        sent.extend(names)
        now = other.lrange("viewed:7", 0, -1)
        if (len(now) > 5 or len(set(now)) < len(now)) and not between:
            what = f"{len(now)} products" if len(now) > 5 else "a product twice"
            between.append(f"{what} after {'+'.join(names)}")

    r = _tap(lab.another(other), look)
    pipeline = r.pipeline

    def pipeline_noted(transaction: bool = True, shard_hint: Any = None) -> Any:
        pipe = pipeline(transaction, shard_hint)
        execute = pipe.execute

        def execute_noted(raise_on_error: bool = True) -> Any:
            plain.append(len(pipe.command_stack) > 1 and not (transaction or pipe.explicit_transaction))
            return execute(raise_on_error)

        pipe.execute = execute_noted
        return pipe

    r.pipeline = pipeline_noted
    between: list[str] = []
    wanted: list[str] = []
    for product in ("desk", "lamp", "desk", "cable", "mouse", "laptop", "keyboard", "lamp", "cable", "cable", "chair"):
        before, wanted = wanted, [product, *(p for p in wanted if p != product)][:5]
        sent.clear()
        lab.call(r, "7", product)
        now = other.lrange("viewed:7", 0, -1)
        if now != wanted:
            raise lab.wrong(f"left {now}; it should be {wanted}. {_what_is_wrong(now, wanted, before, sent)}")
    if between or any(plain):
        what = f"somebody who looks finds {between[0]}" if between else "its pipeline is no transaction"
        raise lab.wrong(f"ends right, but not in one step: {what}, and another process may come between.")
    _others_write_too(lab)
    for waiting in (["desk", "lamp", "mouse"], ["desk", "mouse"]):
        for theirs in ("lamp", "chair"):
            _another_meanwhile(lab, waiting, theirs)


def _what_is_wrong(now: list[str], wanted: list[str], before: list[str], sent: list[str]) -> str:
    product = wanted[0]
    if now == before and not sent:
        return "It sent nothing: what a pipeline has is sent by its execute()."
    if now == before and product in before:
        return f"{product} was in it, and moves to the front when it's seen again."
    if product not in now and "LPUSH" in sent and "LREM" in sent[sent.index("LPUSH") :]:
        return f"LREM took {product} out after it was pushed: with 0 it takes every one."
    if len(set(now)) < len(now):
        return "One is in it twice."
    if len(now) > 5:
        return "That is more than five: LTRIM keeps both ends of its range."
    if now == wanted[::-1]:
        return "The latest goes in front: which end does your push use?"
    if len(now) < len(wanted):
        return "That is too few."
    return ""


def _others_write_too(lab: Lab) -> None:
    r = lab.redis()
    r.rpush("viewed:7", "desk", "lamp", "mouse")
    lab.call(r, "7", "lamp")
    if (now := r.lrange("viewed:7", 0, -1)) != ["lamp", "desk", "mouse"]:
        raise lab.wrong(
            f"left {now} where another process had left ['desk', 'lamp', 'mouse']. Others write the list, too: what it "
            "has is in Redis, and a process's own memory of it is out of date."
        )


def _another_meanwhile(lab: Lab, waiting: list[str], theirs: str) -> None:
    """Another process has the same customer, and a product, after each of the answer's round trips."""
    for at in range(1, 8):
        if not _another_after(lab, waiting, theirs, at):
            return


def _another_after(lab: Lab, waiting: list[str], theirs: str, at: int) -> bool:
    """Whether there was a round trip of that number."""
    names_sent: list[str] = []

    def after(names: list[str]) -> None:
        names_sent.append("+".join(names))
        if len(names_sent) == at:
            with other.pipeline(transaction=True) as pipe:
                pipe.lrem("viewed:7", 0, theirs).lpush("viewed:7", theirs).ltrim("viewed:7", 0, 4).execute()

    other = lab.redis()
    other.rpush("viewed:7", *waiting)
    told = "" if theirs == "lamp" else f" ({theirs})"
    which = f"another process stored {'the same' if theirs == 'lamp' else 'another'} product{told} after the "
    try:
        lab.call(_tap(lab.another(other), after), "7", "lamp")
    except Raised as raised:
        if isinstance(raised.error, redis.WatchError):
            raise Wrong(f"{raised} That says: nothing was done, as {which}{names_sent[at - 1]}. Try again.") from raised
        raise
    if len(names_sent) < at:
        return False
    now = other.lrange("viewed:7", 0, -1)
    rest = [p for p in waiting if p not in ("lamp", theirs)]
    if now not in (list(dict.fromkeys(["lamp", theirs, *rest])), list(dict.fromkeys([theirs, "lamp", *rest]))):
        gone = [p for p in ("lamp", theirs) if p not in now]
        lost = f" {gone[0]} is not in it." if gone else ""
        if "WATCH" in names_sent:
            lost = f"{lost} A WatchError says that nothing was done."
        raise lab.wrong(f"left {now}: {which}{names_sent[at - 1]}.{lost} All of it has to be one step.")
    return True


CHECKS = {
    "13.1": _choose,
    "13.2": _no_scripts(_crash_safe),
    "13.3": _no_scripts(_cache),
    "13.4": _no_scripts(_next_job),
    "13.5": _no_scripts(_viewed),
}
