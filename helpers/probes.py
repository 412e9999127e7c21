"""One executable probe for each cell of the table "Streams vs Pub/Sub vs Lists".

A probe does what its cell speaks of, looks at what happened, and judges by that alone: its parameters take away (or
add) what the verdict rests on, and then the verdict turns. `Verdict` and the printing serve other tables as well.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import redis

from helpers.backend import GET_A_SERVER, PrivateRedis, claim

YES, NO, LIMITED = "✅", "❌", "limited"


class Verdict(NamedTuple):
    """What a probe found."""

    mark: str | None  # "✅", "❌", "limited", or None: not shown here
    evidence: str  # one sentence: what was seen, or why nothing was


# --- A table of verdicts --------------------------------------------------------------------------------------------

COLUMNS = ("Streams", "Pub/Sub", "Lists")

# The table as it is repeated everywhere; a cell without a mark says what the column is good for.
SAID = {
    "Persistence": ("✅ Yes", "❌ No", "✅ Yes"),
    "Consumer Groups": ("✅ Yes", "❌ No", "❌ No"),
    "Acknowledgment": ("✅ Yes", "❌ No", "❌ No"),
    "Message Replay": ("✅ Yes", "❌ No", "✅ Limited"),
    "Fan-out": ("✅ Multiple groups", "✅ All receive", "❌ One receives"),
    "Use Case": ("Event streaming", "Real-time broadcasts", "Work queues"),
}


def print_table(columns: Sequence[str], said: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[Verdict]]):
    """Prints a row for each of `found`; a cell that the probes do not bear out shows what was said of it.

    Args:
        columns: the names of the systems.
        said: for each row what a table claims, a cell for each column.
        found: for each row its verdicts, one for each column.
    """
    rows = [["", *columns]]
    for row, verdicts in found.items():
        rows.append([row, *(_cell(claimed, verdict) for claimed, verdict in zip(said[row], verdicts, strict=True))])
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)]
        print("  ".join(padded).rstrip())


def print_evidence(columns: Sequence[str], found: Mapping[str, Sequence[Verdict]]) -> None:
    """Prints what each verdict of `found` rests on."""
    for row, verdicts in found.items():
        print(row)
        for column, verdict in zip(columns, verdicts, strict=True):
            print(f"  {column}: {verdict.evidence}")


def bears_out(claimed: str, verdict: Verdict) -> bool:
    """Whether `verdict` is what a table's cell claims; one without a mark claims that it fits."""
    mark = claimed[0] if claimed[0] in (YES, NO) else YES
    return verdict.mark == (LIMITED if LIMITED in claimed.lower() else mark)


def _cell(claimed: str, verdict: Verdict) -> str:
    if verdict.mark is None:
        return "not shown here"
    if not bears_out(claimed, verdict):
        return f"{verdict.mark} (said: {claimed})"
    words = claimed.removeprefix(YES).removeprefix(NO).strip()
    return verdict.mark if verdict.mark == words.lower() else f"{verdict.mark} {words}"


def _width(text: str) -> int:
    """How many columns `text` takes on a screen: an emoji takes two."""
    return sum(2 if unicodedata.east_asian_width(character) == "W" else 1 for character in text)


def commands_of(r: redis.Redis, job: Callable[[redis.Redis], Any]) -> list[str]:
    """The names of the commands that ``job(r)`` sends by `r`, in order; each is a round trip."""
    sent: list[str] = []
    send = r.execute_command

    def noted(name: str, *args: Any, **options: Any) -> Any:
        sent.append(name.upper())
        return send(name, *args, **options)

    r.execute_command = noted
    try:
        job(r)
    finally:
        del r.execute_command
    return sent


# --- What the probes share ------------------------------------------------------------------------------------------

STREAM, LIST, DOING, CHANNEL = "probe:stream", "probe:list", "probe:list:doing", "course:probe"
ORDERS = ("1001", "1002", "1003", "1004")


def probe(r: redis.Redis, server: PrivateRedis | None) -> dict[str, tuple[Verdict, ...]]:
    """All verdicts of the table, by row.

    Args:
        r: any Redis; keys that begin with ``probe:`` are written and deleted, by the guest rules.
        server: one to restart; None leaves the first row out.
    """
    found = {"Persistence": tuple(each(server) for each in PERSISTENCE)}
    found |= {row: tuple(each(r) for each in probes) for row, probes in PROBES.items()}
    r.delete(STREAM, LIST, DOING)
    return found


def _empty(r: redis.Redis, key: str) -> str:
    """`key`, the course's and absent."""
    claim(r, key)
    return key


def _add(r: redis.Redis, orders: Sequence[str] = ORDERS, key: str = STREAM, maxlen: int | None = None) -> None:
    for order in orders:
        r.xadd(key, {"order_id": order}, id=f"{order}-0", maxlen=maxlen, approximate=False)


def _read(r: redis.Redis, group: str, consumer: str, count: int | None = None, **options: Any) -> list[str]:
    """The orders that one XREADGROUP of new entries brings."""
    reply = r.xreadgroup(group, consumer, {STREAM: ">"}, count=count, **options)
    return [order["order_id"] for _, entries in reply for _, order in entries]


def _subscriber(r: redis.Redis, channel: str = CHANNEL) -> redis.client.PubSub:
    subscriber = r.pubsub()
    subscriber.subscribe(channel)
    subscriber.get_message(timeout=5)  # the confirmation: from now on nothing is missed
    return subscriber


def _heard(subscriber: redis.client.PubSub) -> list[str]:
    """What was published until now: the confirmation of one more subscription comes behind it."""
    subscriber.subscribe(f"{CHANNEL}:now")
    messages = []
    while (message := subscriber.get_message(timeout=5)) and message["type"] != "subscribe":
        messages.append(message["data"])
    return messages


def _shared_out(got: Mapping[str, Sequence[str]]) -> bool:
    """Every order was given to exactly one of several workers, and none of them had all."""
    given = Counter(order for orders in got.values() for order in orders)
    return set(given) == set(ORDERS) and max(given.values()) == 1 and all(got.values())


# --- Persistence ----------------------------------------------------------------------------------------------------


def streams_persistence(server: PrivateRedis | None, save: bool = True) -> Verdict:
    """Four entries, SAVE, a restart."""

    def read(r: redis.Redis) -> int:
        groups = r.xinfo_groups(STREAM) if r.exists(STREAM) else []
        return r.xlen(STREAM) if groups else 0

    def write(r: redis.Redis) -> None:
        _add(r)
        r.xgroup_create(STREAM, "packing", id="0")

    return _restart(server, save, write, read, "entries were there, and their group")


def pubsub_persistence(server: PrivateRedis | None, save: bool = True) -> Verdict:
    """Four messages published, SAVE, a restart, and a subscriber that comes after it."""

    def read(r: redis.Redis) -> int:
        with _subscriber(r) as subscriber:
            return len(_heard(subscriber))

    return _restart(
        server,
        save,
        lambda r: [r.publish(CHANNEL, order) for order in ORDERS],
        read,
        "messages reached a subscriber that came after it",
    )


def lists_persistence(server: PrivateRedis | None, save: bool = True) -> Verdict:
    """Four items, SAVE, a restart."""
    return _restart(server, save, lambda r: r.rpush(LIST, *ORDERS), lambda r: r.llen(LIST), "items were there")


def _restart(
    server: PrivateRedis | None,
    save: bool,
    write: Callable[[redis.Redis], Any],
    read: Callable[[redis.Redis], int],
    what: str,
) -> Verdict:
    """Writes on an empty server, ends it, starts it again, and reads."""
    if server is None:
        return Verdict(None, f"not shown here: a restart needs a redis-server ({GET_A_SERVER}).")
    r = server.client()
    if keys := r.keys():
        r.delete(*keys)
    r.save()  # what an earlier probe had saved is not to come back
    write(r)
    if save:
        r.save()
    server.stop()
    server.start()
    left = read(server.client())
    mark = {len(ORDERS): YES, 0: NO}.get(left, LIMITED)
    how = "a save and a restart" if save else "a restart without a save"
    return Verdict(mark, f"after {how}, {left} of {len(ORDERS)} {what}.")


# --- Consumer groups: a service's workers share, and every service has all -----------------------------------------


def streams_consumer_groups(r: redis.Redis, workers_share: bool = True) -> Verdict:
    """Two workers of packing, one of billing; without `workers_share` each worker has a group of its own."""
    group_of = {"ada": "packing", "bob": "packing" if workers_share else "packing-2", "eve": "billing"}
    _empty(r, STREAM)
    for group in dict.fromkeys(group_of.values()):
        r.xgroup_create(STREAM, group, id="0", mkstream=True)
    _add(r)
    got: dict[str, list[str]] = {worker: [] for worker in group_of}
    for _ in ORDERS:
        for worker, group in group_of.items():
            got[worker] += _read(r, group, worker, count=1)
    return _grouped(got)


def pubsub_consumer_groups(r: redis.Redis, channels: int = 1) -> Verdict:
    """Two workers of packing, one of billing; with two `channels` the producer deals the orders out to Ada and Bob."""
    names = [f"{CHANNEL}:{n}" for n in range(channels)]
    with ExitStack() as stack:
        ada, bob = (stack.enter_context(_subscriber(r, names[at % channels])) for at in range(2))
        eve = stack.enter_context(_subscriber(r, names[0]))
        for name in names[1:]:
            eve.subscribe(name)
            eve.get_message(timeout=5)
        for at, order in enumerate(ORDERS):
            r.publish(names[at % channels], order)
        return _grouped({"ada": _heard(ada), "bob": _heard(bob), "eve": _heard(eve)})


def lists_consumer_groups(r: redis.Redis, list_each: bool = False) -> Verdict:
    """Two workers of packing, one of billing; with `list_each` the producer pushes every order once per service."""
    packing, billing = _empty(r, LIST), _empty(r, f"{LIST}:billing") if list_each else LIST
    for name in dict.fromkeys((packing, billing)):
        r.rpush(name, *ORDERS)
    got: dict[str, list[str]] = {"ada": [], "bob": [], "eve": []}
    for _ in ORDERS:
        for worker, name in zip(got, (packing, packing, billing), strict=True):
            if (order := r.lpop(name)) is not None:
                got[worker].append(order)
    return _grouped(got)


def _grouped(got: Mapping[str, Sequence[str]]) -> Verdict:
    packing = {worker: got[worker] for worker in ("ada", "bob")}
    shares, all_of_them = _shared_out(packing), sorted(got["eve"]) == sorted(ORDERS)
    seen = f"of {len(ORDERS)} orders packing's workers ada and bob got {len(got['ada'])} and {len(got['bob'])}"
    mark = YES if shares and all_of_them else NO
    return Verdict(mark, f"{seen}, and billing's eve {len(got['eve'])}.")


# --- Acknowledgment: what a worker had in its hands when it died ---------------------------------------------------


def streams_acknowledgment(r: redis.Redis, noack: bool = False) -> Verdict:
    """Ada dies with an order, Bob looks for it, and looks again when it is acknowledged; `noack` as in 05."""
    r.xgroup_create(_empty(r, STREAM), "packing", id="0", mkstream=True)
    _add(r, ORDERS[:1])
    _read(r, "packing", "ada", noack=noack)

    def pending() -> list[dict]:
        return r.xpending_range(STREAM, "packing", "-", "+", 10)

    held = pending()
    tries = [row["times_delivered"] for row in held]
    claimed = r.xclaim(STREAM, "packing", "bob", 0, [row["message_id"] for row in held]) if held else []
    if claimed:
        r.xack(STREAM, "packing", *[entry_id for entry_id, _ in claimed])
    mark = YES if claimed and not pending() else NO
    who = f"it was pending with the count {tries[0]}, and bob claimed it" if claimed else "bob found nothing"
    then = f"after XACK {len(pending())} were pending" if claimed else "0 were pending"
    return Verdict(mark, f"ada died with an order: {who}; {then}.")


def pubsub_acknowledgment(r: redis.Redis) -> Verdict:
    """Ada dies with an order, and is started again."""
    with _subscriber(r) as ada:
        r.publish(CHANNEL, ORDERS[0])
        _heard(ada)
    with _subscriber(r) as ada:
        again = _heard(ada)
    mark = YES if again else NO
    return Verdict(mark, f"ada died with an order: started again, she got {len(again)} of 1.")


def lists_acknowledgment(r: redis.Redis, doing: bool = True) -> Verdict:
    """Ada dies with an order that she popped, then with one that she moved; without `doing` she pops both."""
    r.rpush(_empty(r, LIST), *ORDERS[:2])

    r.lpop(LIST)
    popped = r.llen(LIST) - 1  # is the order anywhere but in her hands?

    move = r.lmove if doing else lambda name, *_: r.lpop(name)
    order = move(LIST, _empty(r, DOING), "LEFT", "RIGHT")
    moved = r.lrange(DOING, 0, -1)
    done = r.lrem(DOING, 1, order)  # by whoever finds it there

    mark = YES if popped else LIMITED if moved == [order] and done and not r.exists(DOING) else NO
    seen = f"ada died with an order: after LPOP {popped} of 1 was left, "
    seen += f"after {'LMOVE' if doing else 'LPOP'} {len(moved)} of 1 lay in her processing list"
    return Verdict(mark, seen + (", without a count or a time." if moved else "."))


# --- Replay: once more, after everything was processed -------------------------------------------------------------


def streams_message_replay(r: redis.Redis, maxlen: int | None = None) -> Verdict:
    """Everything is read and acknowledged, then read again by id; `maxlen` as in XADD."""
    r.xgroup_create(_empty(r, STREAM), "packing", id="0", mkstream=True)
    _add(r, maxlen=maxlen)
    _read(r, "packing", "ada")
    r.xack(STREAM, "packing", *[f"{order}-0" for order in ORDERS])
    again = [order["order_id"] for _, order in r.xrange(STREAM)]
    since = r.xrange(STREAM, min=f"{ORDERS[2]}-0")
    mark = YES if again == list(ORDERS) else LIMITED if again else NO
    return Verdict(
        mark,
        f"after all were acknowledged XRANGE brought {len(again)} of {len(ORDERS)}, and {len(since)} from the third.",
    )


def pubsub_message_replay(r: redis.Redis) -> Verdict:
    """A subscriber hears all, and another one comes later."""
    with _subscriber(r) as early:
        for order in ORDERS:
            r.publish(CHANNEL, order)
        heard = _heard(early)
        with _subscriber(r) as late:
            again = _heard(late)
    mark = YES if again == list(ORDERS) else LIMITED if again else NO
    return Verdict(mark, f"who was there heard {len(heard)}, who came later {len(again)} of {len(ORDERS)}.")


def lists_message_replay(r: redis.Redis, before: bool = True) -> Verdict:
    """Somebody looks at the list twice, a worker takes its items, somebody looks again; or nobody does `before`."""
    r.rpush(_empty(r, LIST), *ORDERS)
    seen_before = [r.lrange(LIST, 0, -1) for _ in range(2)] if before else [[], []]
    r.lpop(LIST, len(ORDERS))
    after = r.lrange(LIST, 0, -1)
    mark = YES if after == list(ORDERS) else LIMITED if seen_before[1] == list(ORDERS) else NO
    seen = " and ".join(str(len(orders)) for orders in seen_before)
    return Verdict(mark, f"LRANGE brought {seen} of {len(ORDERS)} before a worker popped them, {len(after)} after.")


# --- Fan-out: every service has every message ----------------------------------------------------------------------


def streams_fan_out(r: redis.Redis, groups: Sequence[str] = ("packing", "billing")) -> Verdict:
    """Two services read the stream, each as a consumer of its group."""
    _empty(r, STREAM)
    for group in dict.fromkeys(groups):
        r.xgroup_create(STREAM, group, id="0", mkstream=True)
    _add(r)
    got: dict[str, list[str]] = {"packing": [], "billing": []}
    for _ in ORDERS:
        for service, group in zip(got, groups, strict=True):
            got[service] += _read(r, group, service, count=1)
    return _fanned_out(got)


def pubsub_fan_out(r: redis.Redis, listening: Sequence[str] = ("packing", "billing")) -> Verdict:
    """Two services, of which those `listening` are subscribed."""
    with ExitStack() as stack:
        channel = f"{CHANNEL}:fan-out"
        subscribers = {service: stack.enter_context(_subscriber(r, channel)) for service in listening}
        counts = [r.publish(channel, order) for order in ORDERS]
        got = {s: _heard(subscribers[s]) if s in subscribers else [] for s in ("packing", "billing")}
    return _fanned_out(got, f" (PUBLISH answered {counts[0]})")


def lists_fan_out(r: redis.Redis, list_each: bool = False) -> Verdict:
    """Two services pop from a list; with `list_each` the producer pushes every order once per service."""
    names = {"packing": _empty(r, LIST), "billing": _empty(r, f"{LIST}:billing") if list_each else LIST}
    for name in dict.fromkeys(names.values()):
        r.rpush(name, *ORDERS)
    got: dict[str, list[str]] = {service: [] for service in names}
    for _ in ORDERS:
        for service, name in names.items():
            if (order := r.lpop(name)) is not None:
                got[service].append(order)
    return _fanned_out(got)


def _fanned_out(got: Mapping[str, Sequence[str]], more: str = "") -> Verdict:
    everything = [list(orders) == list(ORDERS) for orders in got.values()]
    mark = YES if all(everything) else LIMITED if any(everything) else NO
    each = " and ".join(f"{service} got {len(orders)}" for service, orders in got.items())
    return Verdict(mark, f"of {len(ORDERS)} orders {each}{more}.")


# --- What each is good for -----------------------------------------------------------------------------------------


def streams_use_case(r: redis.Redis, start: str = "0") -> Verdict:
    """Event streaming: a service that is added later, from `start`, gets the history and goes on from there."""
    r.xgroup_create(_empty(r, STREAM), "packing", id="0", mkstream=True)
    _add(r, ORDERS[:3])
    _read(r, "packing", "ada")
    r.xgroup_create(STREAM, "fraud", id=start)
    _add(r, ORDERS[3:])
    got = _read(r, "fraud", "zoe")
    mark = YES if got == list(ORDERS) else NO
    return Verdict(mark, f"a service added after 3 of {len(ORDERS)} orders read {len(got)}, in order.")


def pubsub_use_case(r: redis.Redis, screens: int = 3) -> Verdict:
    """Real-time broadcasts: one command reaches every screen at once, and nothing stays behind."""
    before = r.dbsize()
    with ExitStack() as stack:
        channel = f"{CHANNEL}:screens"
        listening = [stack.enter_context(_subscriber(r, channel)) for _ in range(screens)]
        told = r.publish(channel, ORDERS[0])
        heard = sum(_heard(screen) == [ORDERS[0]] for screen in listening)
    kept = r.dbsize() - before
    mark = YES if heard == 3 and not kept else NO
    return Verdict(mark, f"1 PUBLISH reached {heard} of 3 screens (it answered {told}), and left {kept} keys.")


def lists_use_case(r: redis.Redis, pop: bool = True) -> Verdict:
    """Work queues: two workers empty a list; without `pop` they look at an item, work, and remove it."""
    r.rpush(_empty(r, LIST), *ORDERS)
    done: list[str] = []
    while r.llen(LIST):
        if pop:
            taken = [order for order in (r.lpop(LIST), r.lpop(LIST)) if order is not None]
        else:
            taken = [order for _ in range(2) for order in r.lrange(LIST, 0, 0)]
            for order in taken:
                r.lrem(LIST, 1, order)
        done += taken
    doubled = len(done) - len(set(done))
    mark = YES if sorted(done) == sorted(ORDERS) else NO
    return Verdict(mark, f"two workers did {len(set(done))} of {len(ORDERS)} orders, {doubled} of them twice.")


PERSISTENCE = (streams_persistence, pubsub_persistence, lists_persistence)  # probes of a server to restart
PROBES: dict[str, tuple[Callable[[redis.Redis], Verdict], ...]] = {
    "Consumer Groups": (streams_consumer_groups, pubsub_consumer_groups, lists_consumer_groups),
    "Acknowledgment": (streams_acknowledgment, pubsub_acknowledgment, lists_acknowledgment),
    "Message Replay": (streams_message_replay, pubsub_message_replay, lists_message_replay),
    "Fan-out": (streams_fan_out, pubsub_fan_out, lists_fan_out),
    "Use Case": (streams_use_case, pubsub_use_case, lists_use_case),
}
