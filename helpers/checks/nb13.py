"""Checks of 13 Streams, Pub/Sub and Lists."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Wrong, show


class _Killed(BaseException):
    """Ends an answer as a SIGKILL ends its process: what it catches is at most an Exception."""


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
    every = itertools.product((1, 3), (1, 4), *[(False, True)] * 4)
    tickets += [_ticket(s, w, *itertools.compress(FLAGS, flags)) for s, w, *flags in every]
    for ticket in tickets:
        _one_ticket(lab, ticket)


def _one_ticket(lab: Lab, ticket: dict[str, Any]) -> None:
    given = lab.call(dict(ticket))
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


class _Jobs:
    """Lists of jobs, and one life of an answer after another on them.

    Looks after each command whether each unfinished job is in exactly one list; the first time that one is not, or is
    twice, is kept in `broken` as what to say of it.
    """

    def __init__(self, lab: Lab, jobs: list[str]) -> None:
        self.lab, self.other = lab, lab.redis()
        self.jobs, self.done, self.begun = jobs, [], []
        self.other.rpush(TODO, *jobs)
        self.names = ["ada", "bob", "cyd", "dan"]
        self.broken = ""
        self.dead, self.commands, self.sent = False, 0, []
        self.arriving: list[str] = []  # what comes while a worker handles its first job

    def life(self, kill_after: int = 0) -> redis.Redis:
        """A client for one life of the answer, that is killed after so many commands."""
        r = self.lab.another(self.other)
        send, pipeline = r.execute_command, r.pipeline
        self.dead, self.commands, self.sent = False, 0, []

        def noted(name: str, *args: Any, **options: Any) -> Any:
            if self.dead:
                raise _Killed
            reply = send(name, *args, **options)
            self._after(name.upper(), kill_after)
            return reply

        def pipeline_of_this_life(transaction: bool = True, shard_hint: Any = None) -> Any:
            pipe = pipeline(transaction, shard_hint)
            execute = pipe.execute

            def execute_and_note(raise_on_error: bool = True) -> Any:
                if self.dead:
                    raise _Killed
                names = [str(command[0][0]).upper() for command in pipe.command_stack]
                replies = execute(raise_on_error)
                if not transaction and len(names) > 1 and not self.broken:
                    self.broken = (
                        f"sent {' and '.join(names)} in a pipeline without a transaction: they travel together, and a "
                        "process may still die between them."
                    )
                self._after("+".join(names), kill_after)
                return replies

            pipe.execute = execute_and_note
            return pipe

        r.execute_command, r.pipeline = noted, pipeline_of_this_life
        return r

    def _after(self, name: str, kill_after: int) -> None:
        self.commands += 1
        self.sent.append(name)
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
                self.broken = f"had the job {job} in no list {when}, and not done: {self._why_lost()}"
            elif there[job] > count + (job in self.done):
                self.broken = (
                    f"had the job {job} in two lists {when}: killed here, it would be done twice though nobody died "
                    "with it. Which one command moves an item from list to list?"
                )

    def _why_lost(self) -> str:
        last = set(self.sent[-1].split("+")) if self.sent else set()
        if last & {"LREM", "DEL", "LTRIM"}:
            return "a process that is killed in handle() leaves nobody with a copy. Remove it after the work."
        if last & POPS:
            return (
                "a process that is killed here takes the only copy along. A pop and a push of your own leave a gap; "
                "which one command moves an item from list to list?"
            )
        return "a process that is killed here leaves nobody with a copy."

    def handle(self, kill_at: int = 0) -> Callable[[str], None]:
        """The work on a job; the process is killed in the n-th of this life."""
        count = itertools.count(1)

        def handle(job: str) -> None:
            if self.dead:
                raise _Killed
            self.begun.append(job)
            self._look(f"while handle({job!r}) ran")
            while self.arriving:
                self.jobs.append(self.arriving.pop())
                self.other.rpush(TODO, self.jobs[-1])
            if next(count) == kill_at:
                self.dead = True
                raise _Killed
            self.done.append(job)

        return handle

    def work(self, name: str, kill_after: int = 0, kill_at: int = 0) -> Any:
        """One life of a worker; None if it was killed. Says what was broken in it."""
        try:
            returned = self.lab.call(self.life(kill_after), name, self.handle(kill_at))
        except _Killed:
            returned = None
        self.complain()
        return returned

    def reap(self, kill_after: int = 0) -> None:
        with suppress(_Killed):
            self.lab.call(self.life(kill_after), of=1)
        self.complain()

    def complain(self) -> None:
        self.lab.did = self.lab.did.replace("<function _Jobs.handle.<locals>.handle>", "handle")
        if self.broken:
            raise self.lab.wrong(self.broken)


def _crash_safe(lab: Lab) -> None:
    _plain(lab)
    _one_comes_late(lab)
    _killed_at_work(lab)
    _killed_between(lab)
    _reaped(lab)
    _reaper_killed(lab)


def _plain(lab: Lab) -> None:
    for jobs in (["1001", "1002", "1003"], ["7", "7", "8", "7"], []):
        shop = _Jobs(lab, jobs) if jobs else _Jobs(lab, ["1"])
        if not jobs:
            shop.jobs = []
            shop.other.delete(TODO)
        shop.other.rpush(DOING.format("bob"), "bob's job")
        returned = shop.work("ada")
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
    shop.work("ada")
    if shop.done != ["1001", "1002", "1003"]:
        raise lab.wrong(f"did {shop.done} and returned; 1003 came during the work on 1001, and waits.")


def _killed_at_work(lab: Lab) -> None:
    shop = _Jobs(lab, ["1001", "1002", "1003", "1004"])
    shop.work("ada", kill_at=2)
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
    """Bob is dead with two jobs, Cyd with one, Dan lives with one, Ada has none."""
    shop = _Jobs(lab, ["1001", "1002", "1003", "1000", "1004", "1005"])
    for name in ("bob", "cyd", "dan", "bob"):
        shop.other.lmove(TODO, DOING.format(name), "LEFT", "RIGHT")
    shop.other.sadd(WORKERS, *shop.names)
    for name in ("ada", "dan"):
        shop.other.set(ALIVE.format(name), "1")
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


def _reaper_killed(lab: Lab) -> None:
    for kill_after in range(1, 30):
        shop = _orphans(lab)
        shop.reap(kill_after)
        if not shop.dead:
            return
        shop.reap()
        _brought_back(lab, shop, f"(killed after its command number {kill_after}, and run again) ")


def _brought_back(lab: Lab, shop: _Jobs, how: str) -> None:
    waiting = shop.other.lrange(TODO, 0, -1)
    for name in ("bob", "cyd"):
        if left := shop.other.lrange(DOING.format(name), 0, -1):
            raise lab.wrong(
                f"{how}left {', '.join(left)} in orders:doing:{name}. {name.capitalize()} is dead, and nobody need "
                "ever start a worker of that name again: somebody else has to take all that he held."
            )
    if shop.other.lrange(DOING.format("dan"), 0, -1) != ["1003"]:
        raise lab.wrong(f"{how}took 1003 away from dan, who is alive: orders:alive:dan exists.")
    if Counter(waiting) != Counter(["1000", "1001", "1002", "1004", "1005"]):
        raise lab.wrong(f"{how}left {waiting} in orders:todo; 1000, 1001, 1002, 1004 and 1005 should wait, once each.")
    if waiting[3:] != ["1004", "1005"]:
        raise lab.wrong(
            f"{how}left {waiting} in orders:todo: 1000, 1001 and 1002 have waited longest, so they go in front."
        )


# --- 13.3 ------------------------------------------------------------------------------------------------------------

PRICES, CHANGED = "prices", "course:changed"


class _Shop:
    """Prices, a client whose subscribers can be cut off, and what the answer sends."""

    def __init__(self, lab: Lab, after: Callable[[str, tuple], None] | None = None) -> None:
        self.lab, self.sent, self.subscribers = lab, [], []
        self.other = lab.redis()
        self.prices = {"laptop": "999", "mouse": "29", "keyboard": "79"}
        self.other.hset(PRICES, mapping=self.prices)
        self.r = lab.another(self.other)
        send, pubsub = self.r.execute_command, self.r.pubsub

        def noted(name: str, *args: Any, **options: Any) -> Any:
            self.sent.append(name.upper())
            reply = send(name, *args, **options)
            if after is not None:
                after(name.upper(), args)
            return reply

        def noted_subscriber(**options: Any) -> redis.client.PubSub:
            subscriber = pubsub(**options)
            get = subscriber.get_message

            def get_soon(ignore_subscribe_messages: bool = False, timeout: float | None = 0.0) -> Any:
                # Here a message is there or not: nothing is on its way.
                return get(ignore_subscribe_messages, timeout if timeout is None else min(timeout, 0.02))

            subscriber.get_message = get_soon
            self.subscribers.append(subscriber)
            return subscriber

        self.r.execute_command, self.r.pubsub = noted, noted_subscriber

    def change(self, product: str, price: str) -> None:
        """Somebody changes a price."""
        self.prices[product] = price
        self.other.hset(PRICES, product, price)
        self.other.publish(CHANGED, product)

    def cut_off(self) -> None:
        for subscriber in self.subscribers:
            if subscriber.connection is not None:
                subscriber.connection.disconnect()

    def open(self) -> tuple[dict, Callable[[], Any]]:
        opened = self.lab.call(self.r, of=1)
        if not (isinstance(opened, tuple) and len(opened) == 2 and isinstance(opened[0], dict) and callable(opened[1])):
            raise self.lab.wrong(f"returned {show(opened)}; it should return a dictionary and a function, as a tuple.")
        return opened

    def refresh(self, refresh: Callable[[], Any]) -> list[str]:
        """Calls it, and returns the commands that it sent."""
        self.sent.clear()
        self.lab.did = "refresh()"
        try:
            refresh()
        except Exception as error:
            raise self.lab.wrong(f"raised {type(error).__name__}: {' '.join(str(error).split())}") from error
        return list(self.sent)


def _cache(lab: Lab) -> None:
    _stored_then_told(lab)
    _alone(lab)
    _told_of_changes(lab)
    _changed_meanwhile(lab)
    _cut_off(lab)


def _stored_then_told(lab: Lab) -> None:
    seen: list[str | None] = []

    def after(name: str, args: tuple) -> None:
        if name == "PUBLISH":
            seen.append(shop.other.hget(PRICES, "laptop"))

    shop = _Shop(lab, after)
    listener = shop.other.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(CHANGED)
    listener.get_message(timeout=0.1)
    lab.call(shop.r, "laptop", "899")
    heard = listener.get_message(timeout=0.05)
    if (left := shop.other.hget(PRICES, "laptop")) != "899":
        raise lab.wrong(
            f"left the price {left} in the hash prices, while one cache listened; it should be 899. A message is heard "
            "once, by those who are there; the hash is for all who come."
        )
    if seen[:1] == ["999"]:
        raise lab.wrong(
            "published before the new price was stored: whoever hears of it and reads at once gets the old one, 999."
        )
    if heard is None:
        raise lab.wrong("published nothing on course:changed, so no cache hears of it.")
    if heard["data"] != "laptop":
        raise lab.wrong(f"published {show(heard['data'])}; the text asks for the product's name, laptop.")


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
    for product, price in (("laptop", "899"), ("mouse", "25"), ("laptop", "849"), ("cable", "9")):
        shop.change(product, price)
    sent = shop.refresh(refresh)
    _equal(shop, cache, "after four changes and a refresh()", "The messages of all four were waiting.")
    if set(sent) & {"HGETALL", "HVALS", "HSCAN", "HKEYS"}:
        raise lab.wrong(
            f"read the whole hash ({', '.join(dict.fromkeys(sent))}) though it was told which products have changed, "
            "with an unbroken connection."
        )
    if sent := shop.refresh(refresh):
        raise lab.wrong(f"sent {', '.join(sent)} though nothing had changed and nothing was missed.")


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
    shop.cut_off()
    shop.change("mouse", "19")
    shop.refresh(refresh)
    _equal(
        shop,
        cache,
        "after the connection had broken, a price changed, and refresh()",
        "Nothing is sent again. What is the one sign of a new connection (section 5), and what is to be done then?",
    )
    shop.change("laptop", "799")
    shop.refresh(refresh)
    _equal(shop, cache, "after the next change on the new connection and a refresh()", "It hears again.")
    if sent := shop.refresh(refresh):
        raise lab.wrong(f"sent {', '.join(sent)} though nothing had changed since the last refresh().")


def _equal(shop: _Shop, cache: dict, when: str, why: str) -> None:
    lab = shop.lab
    if strange := [key for key in cache if key not in shop.prices]:
        raise lab.wrong(
            f"has an entry for {show(strange[0])} in the cache {when}, which is no product. Not every message is one "
            "of a change: look at its type."
        )
    wrong = {p: cache.get(p) for p, price in shop.prices.items() if cache.get(p) != price}
    if wrong:
        [product, *_] = wrong
        raise lab.wrong(
            f"has {show(wrong[product])} for {product} in the cache {when}; the hash has {shop.prices[product]!r}. "
            f"{why}"
        )


# --- 13.4 ------------------------------------------------------------------------------------------------------------

URGENT = "orders:urgent"


def _next_job(lab: Lab) -> None:
    _priorities(lab)
    _not_at_one_list(lab)
    for key in (TODO, URGENT):
        _comes_later(lab, key)
    r = lab.redis()
    if (given := lab.call(r, 0.05)) is not None:
        raise lab.wrong(f"returned {show(given)} from two empty lists; it should return None when none came.")


def _priorities(lab: Lab) -> None:
    r = lab.redis()
    r.rpush(URGENT, "2001", "2002")
    r.rpush(TODO, "1001", "1002")
    for expected in ("2001", "2002", "1001", "1002"):
        given = lab.call(r, 0.1)
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

    def push() -> None:
        time.sleep(0.05)
        other.rpush(key, "3001")

    thread = threading.Thread(target=push)
    thread.start()
    given = lab.call(r, 1)
    thread.join()
    if given != "3001":
        raise lab.wrong(f"returned {show(given)}; 3001 came to {key} in a twentieth of the time that it may wait.")


# --- 13.5 ------------------------------------------------------------------------------------------------------------


def _viewed(lab: Lab) -> None:
    plain: list[bool] = []
    r = lab.redis(after=lambda name, args: look(name))
    other, pipeline = lab.another(r), r.pipeline

    def pipeline_noted(transaction: bool = True, shard_hint: Any = None) -> Any:
        plain.append(not transaction)
        return pipeline(transaction, shard_hint)

    r.pipeline = pipeline_noted

    def look(name: str) -> None:
        now = other.lrange("viewed:7", 0, -1)
        if (len(now) > 5 or len(set(now)) < len(now)) and not between:
            between.append(f"{len(now)} products after {name}" if len(now) > 5 else f"a product twice after {name}")

    between: list[str] = []
    wanted: list[str] = []
    for product in ("desk", "lamp", "desk", "cable", "mouse", "laptop", "keyboard", "lamp", "cable", "cable", "chair"):
        wanted = [product, *(p for p in wanted if p != product)][:5]
        lab.call(r, "7", product)
        now = other.lrange("viewed:7", 0, -1)
        if now != wanted:
            raise lab.wrong(f"left {now}; it should be {wanted}. {_what_is_wrong(now, wanted)}")
    if between or any(plain):
        what = f"somebody who looks finds {between[0]}" if between else "its pipeline is no transaction"
        raise lab.wrong(f"ends right, but not in one step: {what}, and another process may come between.")
    _same_product_meanwhile(lab)


def _what_is_wrong(now: list[str], wanted: list[str]) -> str:
    if len(set(now)) < len(now):
        return "One is in it twice."
    if len(now) > 5:
        return "That is more than five: LTRIM keeps both ends of its range."
    if now == wanted[::-1]:
        return "The latest goes in front: which end does your push use?"
    if len(now) < len(wanted):
        return "That is too few."
    return ""


def _same_product_meanwhile(lab: Lab) -> None:
    """Another process has the same customer and product, after each of the answer's commands."""
    told: list[str] = []

    def after(name: str, args: tuple) -> None:
        if not told:
            told.append(name)
            with other.pipeline(transaction=True) as pipe:
                pipe.lrem("viewed:7", 0, "lamp")
                pipe.lpush("viewed:7", "lamp")
                pipe.ltrim("viewed:7", 0, 4)
                pipe.execute()

    r = lab.redis(after)
    other = lab.another(r)
    other.rpush("viewed:7", "desk", "lamp", "mouse")
    lab.call(r, "7", "lamp")
    now = other.lrange("viewed:7", 0, -1)
    if now != ["lamp", "desk", "mouse"]:
        raise lab.wrong(
            f"left {now}: another process stored the same product after the {told[0] if told else 'first command'}. "
            "All of it has to be one step."
        )


CHECKS = {"13.1": _choose, "13.2": _crash_safe, "13.3": _cache, "13.4": _next_job, "13.5": _viewed}
