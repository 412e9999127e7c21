"""Checks of 08 Inspect and repair, and the night shift: a stream in a mess, to be put in order."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Unsolved, Wrong, show
from helpers.snapshot import as_numbers

HOUR = 3_600_000  # ms
MINUTE = 60_000  # ms

# --- The night shift: the plan of a mess -----------------------------------------------------------------------------

BILLING, ARCHIVE = "billing", "archive"
ALIVE = {BILLING: "billing-1", ARCHIVE: "archive-1"}
EVENING = 1_700_000_000_000  # 14 November 2023, in ms: when the night's first order came
FUTURE = 99_999_999_999_999  # the year 5138: a typing error in an import, one digit too many
BATCH_DELIVERIES = 5  # how often the batch with the poison order was delivered: so often for each of its orders
OLD_LETTER = {"order_id": "1990", "product": "lamp", "price": "?"}
PRODUCTS = {"laptop": 999, "mouse": 29, "keyboard": 79, "monitor": 199, "desk": 450, "chair": 120, "lamp": 35}


@dataclass(frozen=True)
class Held:
    order: str
    consumer: str
    deliveries: int
    idle: int  # ms


@dataclass(frozen=True)
class Night:
    """What a seed makes of the night. Orders are known by their order_id: a repair may give an entry another id."""

    orders: dict[str, tuple[str, dict[str, str]]]  # order: the id and the fields of its entry, in the stream's order
    poison: str  # the order without a price
    buried: bool  # whether the poison order is a dead letter already: its consumer died before the XACK
    cancelled: str  # the order whose entry was deleted while it was pending
    late: tuple[str, ...]  # the orders with ids from the future
    working: str  # the order that the living consumer is at work on
    batch: tuple[str, ...]  # the orders that the dead consumer holds
    held: tuple[Held, ...]
    charged: tuple[str, ...]
    archived: tuple[str, ...]
    cursor: str  # billing's
    dead: str  # the consumer that died with the batch
    leaked: dict[str, tuple[str, ...]]  # group: names of processes that are gone, but for the dead one
    cap: int  # how many entries the trim at six leaves

    @property
    def healthy(self) -> list[str]:
        return [order for order in self.orders if order not in (self.poison, self.cancelled)]


def plan(seed: int) -> Night:
    """The same night for the same seed, with Python of any version."""
    dice = random.Random(f"dusk {seed}")
    past, late = dice.randint(14, 17), dice.randint(2, 3)
    names = [str(2000 + n) for n in range(1, past + late + 1)]
    ids = [f"{EVENING + n * 3 * MINUTE}-0" for n in range(past)] + [f"{FUTURE}-{n}" for n in range(late)]
    poison, cancelled, *rest = dice.sample(names[5:10], 5)
    orders = {}
    for name, entry_id in zip(names, ids, strict=True):
        product = dice.choice(sorted(PRODUCTS))
        price = dice.choice(["", "free?", "12O", "n/a"]) if name == poison else str(PRODUCTS[product])
        orders[name] = (entry_id, {"order_id": name, "product": product, "price": price})
    pods = [f"billing-{dice.randrange(16**4):04x}" for _ in range(4)]
    stray, working = names[10], names[11]
    read_late = dice.random() < 0.5
    delivered = names[: past + 1] if read_late else names[: past - dice.randint(0, 1)]
    held = [Held(name, pods[0], BATCH_DELIVERIES, dice.randint(2, 5) * HOUR) for name in sorted(names[5:10])]
    held += [Held(stray, pods[1], 1, 9 * HOUR), Held(working, ALIVE[BILLING], 1, 20_000)]
    half_done = rest[: dice.randint(1, 2)] + ([stray] if dice.random() < 0.5 else [])
    charged = [name for name in delivered if name not in {row.order for row in held} or name in half_done]
    slow, unread = dice.randint(2, 4), dice.randint(4, 6)
    return Night(
        orders=orders,
        poison=poison,
        buried=dice.random() < 0.5,
        cancelled=cancelled,
        late=tuple(names[past:]),
        working=working,
        batch=tuple(sorted(names[5:10])),
        held=tuple(held),
        charged=tuple(charged),
        archived=tuple(names[:slow]),
        cursor=orders[delivered[-1]][0],
        dead=pods[0],
        leaked={BILLING: tuple(pods[1:]), ARCHIVE: (f"archive-{dice.randrange(16**4):04x}",)},
        cap=len(names) - 1 - slow - unread,
    )


HAND_OVER = """\
2 am, hand-over (seed {seed})
stream     {key}; the shop and its workers are paused until you are done
billing    charges each order once:    HINCRBY {key}:charged <order_id> 1
           Alive: {billing}. It never looks into {key}:charged. It reads only new orders and finishes
           what it read itself: what you claim for it, it never sees.
archive    notes each order:           SADD {key}:archived <order_id>
           Alive: {archive}, and far behind. Work under a name of your own where you have to, in both groups.
names      every other consumer is a process that is gone. At the end each group has its living one alone.
poison     an order whose price is not a whole number cannot be charged. It goes to {key}:dead with its
           fields, once, and then it is done for billing. Not every order that was tried often is poison.
cancelled  orders were deleted from the stream; nothing is charged for them.
dashboard  "orders of the last five minutes" has shown none since midnight, and the shop was busy.
6 am       a job trims: XTRIM {key} MAXLEN = {cap}
rebuild    if you need a second stream: {key}:new is yours"""


def night_shift(r: redis.Redis, seed: int = 1, key: str = "orders:night") -> None:
    """Leaves the stream `key`, its groups, dead letters and ledgers in a mess, and prints the hand-over.

    What an earlier call left is removed first; the same seed makes the same mess.
    """
    night = plan(seed)
    r.delete(*[key + suffix for suffix in ("", ":dead", ":charged", ":archived", ":shift", ":new")])
    _set_up(r, key, night)
    r.hset(f"{key}:shift", mapping={"seed": seed, "state": _fingerprint(_look(r, key))})
    print(HAND_OVER.format(seed=seed, key=key, cap=night.cap, **ALIVE))


def _set_up(r: redis.Redis, key: str, night: Night) -> None:
    ids = {order: entry_id for order, (entry_id, _) in night.orders.items()}
    with r.pipeline(transaction=False) as pipe:
        for entry_id, fields in night.orders.values():
            pipe.xadd(key, fields, id=entry_id)
        for group, living in ALIVE.items():
            pipe.xgroup_create(key, group, id="0")
            for name in (living, *night.leaked[group]):
                pipe.xgroup_createconsumer(key, group, name)
        delivered = [i for i in ids.values() if as_numbers(i) <= as_numbers(night.cursor)]
        pipe.xreadgroup(BILLING, night.dead, {key: ">"}, count=len(delivered))
        held = {ids[row.order] for row in night.held}
        pipe.xack(key, BILLING, *[entry_id for entry_id in delivered if entry_id not in held])
        for row in night.held:
            pipe.xclaim(
                key, BILLING, row.consumer, 0, [ids[row.order]], idle=row.idle, retrycount=row.deliveries, justid=True
            )
        pipe.xreadgroup(ARCHIVE, ALIVE[ARCHIVE], {key: ">"}, count=len(night.archived))
        pipe.xack(key, ARCHIVE, *[ids[order] for order in night.archived])
        pipe.xdel(key, ids[night.cancelled])
        pipe.hset(f"{key}:charged", mapping=dict.fromkeys(night.charged, 1))
        pipe.sadd(f"{key}:archived", *night.archived)
        pipe.xadd(f"{key}:dead", OLD_LETTER, id=f"{EVENING - 24 * HOUR}-0")
        if night.buried:
            pipe.xadd(f"{key}:dead", night.orders[night.poison][1], id=f"{EVENING + HOUR}-0")
        pipe.execute()


# --- The night shift: what is there now ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    entries: dict[str, str]  # entry id: order
    fields: dict[str, dict[str, str]]  # entry id: all fields
    last_id: str
    cursors: dict[str, str]  # group: last-delivered-id
    names: dict[str, list[str]]  # group: its consumers
    pending: dict[str, dict[str, tuple[str, int]]]  # group: {entry id: (consumer, deliveries)}
    charged: dict[str, str]
    archived: set[str]
    letters: list[dict[str, str]]

    def held(self, group: str, order: str) -> str | None:
        """Who holds the order in this group."""
        return next((who for i, (who, _) in self.pending[group].items() if self.entries.get(i) == order), None)

    def waits(self, group: str, order: str) -> bool:
        """Whether the group will be given the order, or is given it again."""
        cursor = as_numbers(self.cursors[group])
        return any(name == order and as_numbers(i) > cursor for i, name in self.entries.items())

    def kept(self, order: str) -> bool:
        return order in self.entries.values()


def _look(r: redis.Redis, key: str) -> _Seen:
    groups = r.xinfo_groups(key)
    pending = {
        row["name"]: {
            held["message_id"]: (held["consumer"], held["times_delivered"])
            for held in r.xpending_range(key, row["name"], "-", "+", 1000)
        }
        for row in groups
    }
    fields = dict(r.xrange(key))
    return _Seen(
        entries={entry_id: order.get("order_id", "?") for entry_id, order in fields.items()},
        fields=fields,
        last_id=r.xinfo_stream(key)["last-generated-id"],
        cursors={row["name"]: row["last-delivered-id"] for row in groups},
        names={row["name"]: sorted(c["name"] for c in r.xinfo_consumers(key, row["name"])) for row in groups},
        pending=pending,
        charged=r.hgetall(f"{key}:charged"),
        archived=set(r.smembers(f"{key}:archived")),
        letters=[fields for _, fields in r.xrange(f"{key}:dead")],
    )


def _fingerprint(seen: _Seen) -> str:
    state = [seen.fields, seen.last_id, seen.cursors, seen.names, seen.pending, seen.charged, seen.letters]
    return hashlib.sha256(json.dumps([*state, sorted(seen.archived)], sort_keys=True).encode()).hexdigest()


def night(r: redis.Redis, key: str) -> None:
    """The first thing overlooked, whatever was done in which order; damage comes before what is still to be done."""
    shift = r.hgetall(f"{key}:shift")
    if not shift:
        raise Wrong(f"there is no night shift for {key} yet: night_shift(r) begins one.")
    if not r.exists(key):
        raise Wrong(f"the stream {key} is gone, and its groups with it. Begin again: {_again(shift)}")
    seen, tonight = _look(r, key), plan(int(shift["seed"]))
    if _fingerprint(seen) == shift["state"]:
        raise Unsolved
    for group in ALIVE:
        if group not in seen.cursors:
            raise Wrong(
                f"the group {group} is gone: a stream that takes the old one's name brings its own groups, or none. "
                "A group is made again with its cursor, its consumers and what they hold."
            )
    for look in (
        _charged_too_often,
        _living_consumers,
        _dead_letters,
        _lost_orders,
        _charged_again,
        _own_orders,
        _unfinished,
        _poison,
        _deleted,
        _fields,
        _future,
        _slow_group,
        _names,
    ):
        look(tonight, seen, key)


def _again(shift: dict[str, str]) -> str:
    return f"night_shift(r, seed={shift['seed']})"


def _charged_too_often(night: Night, seen: _Seen, key: str) -> None:
    for order, times in sorted(seen.charged.items()):
        if order == night.poison:
            raise Wrong(f"order {order} is noted as charged, and it has no price. HDEL {key}:charged {order}")
        if order == night.cancelled:
            raise Wrong(f"order {order} was cancelled, and its customer was charged. HDEL {key}:charged {order}")
        if order == night.working:
            raise Wrong(
                f"order {order} was charged by you, and {ALIVE[BILLING]} is alive and at work on it: it will charge "
                f"it as well. What the living hold is theirs. (Give the money back: HDEL {key}:charged {order})"
            )
        if times == "1":
            continue
        before = "It had been charged when its consumer died, before the XACK" if order in night.charged else "Twice"
        raise Wrong(
            f"order {order} was charged {times} times. {before}: pending does not say whether the work was done, "
            f"only {key}:charged does. (Give the money back: HSET {key}:charged {order} 1)"
        )


def _living_consumers(night: Night, seen: _Seen, key: str) -> None:
    for group, name in ALIVE.items():
        if name not in seen.names[group]:
            held = f", with order {night.working} that it was at work on" if group == BILLING else ""
            raise Wrong(
                f"{name} is alive, and its name is gone from the group {group}{held}. Only names of processes that "
                f"are gone go. (XGROUP CREATECONSUMER {key} {group} {name}"
                + (", and XCLAIM … FORCE gives it back what it held.)" if held else ")")
            )
    holder = seen.held(BILLING, night.working)
    if holder != ALIVE[BILLING]:
        now = f"now it is pending with {holder}" if holder else "now it is pending with nobody"
        raise Wrong(
            f"{ALIVE[BILLING]} is alive and at work on order {night.working}, and {now}. A claim, an XACK or a rebuilt "
            f"group took it away: give it back with XCLAIM {key} {BILLING} {ALIVE[BILLING]} 0 <id> FORCE."
        )


def _dead_letters(night: Night, seen: _Seen, key: str) -> None:
    letters = Counter(fields.get("order_id", "?") for fields in seen.letters)
    if not letters[OLD_LETTER["order_id"]]:
        raise Wrong(
            f"the dead letter of order {OLD_LETTER['order_id']}, which lay there before your shift, is gone: somebody "
            f"was to look at it. Put it back, or begin again."
        )
    for order in night.healthy:
        if letters[order]:
            raise Wrong(
                f"order {order} is among the dead letters, and nothing is wrong with it: it was delivered often "
                f"because it was read together with a poison order. Take it out of {key}:dead, and charge it if "
                f"{key}:charged says that nobody did."
            )
    if letters[night.poison] > 1:
        raise Wrong(
            f"order {night.poison} is {letters[night.poison]} times among the dead letters, and should be there once. "
            + ("It was there before your shift: a crash between XADD and XACK leaves it so. " if night.buried else "")
            + "Look before you bury, and XDEL one of them."
        )
    for fields in seen.letters:
        if fields.get("order_id") == night.poison and not night.orders[night.poison][1].items() <= fields.items():
            raise Wrong(
                f"the dead letter of order {night.poison} is {show(fields)}; whoever looks at it in the morning needs "
                f"all fields of the order: {show(night.orders[night.poison][1], 120)}"
            )


def _lost_orders(night: Night, seen: _Seen, key: str) -> None:
    """Healthy orders that nobody charged and nobody ever will."""
    lost = [
        order
        for order in night.healthy
        if order not in seen.charged and seen.held(BILLING, order) is None and not seen.waits(BILLING, order)
    ]
    if not lost:
        return
    order, entry_id = lost[0], night.orders[lost[0]][0]
    if not seen.kept(order):
        if order in night.late:
            raise Wrong(
                f"order {order} was not charged and is not in the stream any more. Its id ({entry_id}) was wrong, and "
                "the order was not: it needs a new id, not an end."
            )
        raise Wrong(
            f"order {order} ({entry_id}) was not charged, and its entry is gone from the stream: trimmed, deleted, or "
            "forgotten in a new stream."
        )
    held = [row for row in night.held if row.order == order]
    if not held:
        raise Wrong(
            f"order {order} was waiting for {BILLING}, and now the group's cursor is past it: nobody charged it and "
            "nobody will be given it. Where did the cursor belong, in the ids that the entries have now?"
        )
    if held[0].consumer not in seen.names[BILLING]:
        raise Wrong(
            f"order {order} was not charged, and nobody holds it: the name {held[0].consumer} is gone, and what was "
            "pending with it went with it. XGROUP DELCONSUMER answers how many it threw away. (XCLAIM … FORCE makes "
            "it pending again.)"
        )
    raise Wrong(
        f"order {order} was acknowledged, and {key}:charged says that it was never charged. Not every order that "
        f"{held[0].consumer} held was done: that hash says which."
    )


def _charged_again(night: Night, seen: _Seen, key: str) -> None:
    """Orders that are done, and which the living consumer would be given once more."""
    for order in night.orders:
        if not seen.waits(BILLING, order):
            continue
        if order == night.poison:
            raise Wrong(
                f"order {order} has no price and lies after the cursor of {BILLING}, so {ALIVE[BILLING]} will be given "
                "it once more, and everything else that lies there."
            )
        if order in seen.charged or order == night.working:
            raise Wrong(
                f"order {order} was charged or is being charged, and it lies after the cursor of {BILLING}: "
                f"{ALIVE[BILLING]} will be given it and charge it again. Either the cursor went back too far, or the "
                "order has a new id; what is done has to be before the cursor. (XGROUP SETID "
                f"{key} {BILLING} <id> moves it; or read what lies there under a name of your own, and XACK what is "
                "charged already.)"
            )
        if list(seen.entries.values()).count(order) > 1:
            raise Wrong(
                f"order {order} is in the stream twice, and {ALIVE[BILLING]} will charge it twice. When an entry gets "
                "a new id, the one with the old id has to go."
            )


def _unfinished(night: Night, seen: _Seen, key: str) -> None:
    held = [
        (seen.entries[entry_id], entry_id, consumer)
        for entry_id, (consumer, _) in seen.pending[BILLING].items()
        if entry_id in seen.entries and seen.entries[entry_id] not in (night.poison, night.working)
    ]
    for order, entry_id, consumer in held:
        if order in seen.charged:
            continue
        if consumer == ALIVE[BILLING]:
            raise Wrong(
                f"order {order} is pending with {consumer}, which reads only new orders and does not know that it "
                "holds this one. Somebody has to finish it: charge, then XACK."
            )
        raise Wrong(
            f"order {order} ({entry_id}) is pending with {consumer} and not charged: nobody else will finish it. "
            f"Claim it, look into {key}:charged, charge, and then XACK."
        )
    for order, _, consumer in held:
        raise Wrong(
            f"order {order} is charged, and still pending with {consumer}: whoever takes it over next may charge it "
            "again. What is done is acknowledged."
        )


def _poison(night: Night, seen: _Seen, key: str) -> None:
    buried = any(fields.get("order_id") == night.poison for fields in seen.letters)
    holder = seen.held(BILLING, night.poison)
    if holder and buried:
        raise Wrong(
            f"order {night.poison} is among the dead letters, and still pending with {holder}: the next rescuer tries "
            "it again. Dead letter, then XACK."
        )
    if holder:
        raise Wrong(
            f"order {night.poison} cannot be charged (its price is {night.orders[night.poison][1]['price']!r}), and it "
            f"is still pending with {holder}. The hand-over says where such an order goes."
        )
    if not buried:
        raise Wrong(
            f"order {night.poison} was dropped: it is not pending any more and not in {key}:dead, so nobody will ever "
            "ask its customer."
        )


def _deleted(night: Night, seen: _Seen, key: str) -> None:
    for group, rows in seen.pending.items():
        for entry_id, (consumer, _) in rows.items():
            if entry_id not in seen.entries:
                raise Wrong(
                    f"{entry_id} is pending in {group} with {consumer}, and the stream has no such entry: it was "
                    "deleted, and XDEL acknowledges nothing. It stays on the list until somebody takes it off."
                )


def _fields(night: Night, seen: _Seen, key: str) -> None:
    """An order that got a new entry still says what was ordered."""
    for entry_id, order in seen.entries.items():
        if order in night.orders and not night.orders[order][1].items() <= seen.fields[entry_id].items():
            raise Wrong(
                f"order {order} is {show(seen.fields[entry_id])} in the stream now; it was "
                f"{show(night.orders[order][1], 120)}. A new entry needs all fields of the old one: whoever reads it "
                "next has nothing else."
            )


def _own_orders(night: Night, seen: _Seen, key: str) -> None:
    for entry_id, order in seen.entries.items():
        if order not in night.orders:
            raise Wrong(
                f"an entry that is no order of this night is left in the stream, {show(seen.fields[entry_id])}: the "
                f"shop is paused, so it is a trial of yours, and {ALIVE[BILLING]} and {ALIVE[ARCHIVE]} would take it "
                "for an order. XDEL, and XACK where a group has read it."
            )


def _future(night: Night, seen: _Seen, key: str) -> None:
    latest = (time.time() * 1000) + HOUR

    def ahead(entry_id: str) -> bool:
        return as_numbers(entry_id)[0] > latest

    if ahead(seen.last_id):
        raise Wrong(
            f"the next order with * gets an id after {seen.last_id}, in the year 5138: the dashboard stays empty. The "
            "stream remembers the highest id that it ever had, also when that entry is gone."
        )
    for group, cursor in seen.cursors.items():
        if ahead(cursor):
            raise Wrong(
                f"the cursor of {group} stands at {cursor}: new orders come before it, and the group will not be "
                "given a single one until the year 5138."
            )


def _slow_group(night: Night, seen: _Seen, key: str) -> None:
    open_orders = [order for order in night.orders if order not in seen.archived and order != night.cancelled]
    poison = " (That it cannot be charged is billing's business: archive notes each order.)"
    for order in open_orders:
        note = poison if order == night.poison else ""
        if not seen.kept(order):
            raise Wrong(
                f"order {order} is not archived, and it is not in the stream any more: it was deleted or trimmed "
                f"before {ARCHIVE} had noted it. Other groups read this stream too.{note}"
            )
        if seen.held(ARCHIVE, order) is None and not seen.waits(ARCHIVE, order):
            raise Wrong(
                f"order {order} is not archived, and {ARCHIVE} will not be given it: the group's cursor is past it, "
                "and nobody holds it. Either the group skipped it (a lag of 0 made by SETID or by a new group is not "
                f"work that was done), or it was acknowledged without SADD {key}:archived.{note}"
            )
    doomed = list(seen.entries.values())[: -night.cap]
    for order in open_orders:
        note = poison if order == night.poison else ""
        if (holder := seen.held(ARCHIVE, order)) is not None:
            raise Wrong(
                f"order {order} was read for {ARCHIVE} and is pending with {holder}, and it is not archived: SADD, "
                f"then XACK.{note}"
            )
        if order in doomed:
            raise Wrong(
                f"at six XTRIM {key} MAXLEN = {night.cap} takes order {order}, and {ARCHIVE} has not read it yet: lost "
                f"without an error. What can be done for a group that is too slow, before the trim?{note}"
            )
    for entry_id, (consumer, _) in seen.pending[ARCHIVE].items():
        raise Wrong(
            f"order {seen.entries[entry_id]} is archived, and still pending in {ARCHIVE} with {consumer}: XACK is "
            "missing."
        )


def _names(night: Night, seen: _Seen, key: str) -> None:
    for group, living in ALIVE.items():
        if others := [name for name in seen.names[group] if name != living]:
            leaked = {night.dead, *night.leaked[BILLING], *night.leaked[ARCHIVE]}
            whose = "a process that is gone" if others[0] in leaked else "nobody who will read tomorrow"
            raise Wrong(
                f"the group {group} still has the name {others[0]}, which is {whose}. Names never expire; once it "
                f"holds nothing: XGROUP DELCONSUMER {key} {group} {others[0]}, and look that it answers 0."
            )


# --- What the exercises share ----------------------------------------------------------------------------------------

KEY, GROUP, OTHER = "orders", "billing", "archive"
NOW = 1_700_000_000_000  # ms


class _Shop:
    """A stream of orders with two groups; `r` is the answer's client, `other` one that nobody hears of."""

    def __init__(self, lab: Lab, orders: int, after: Callable[[], None] | None = None) -> None:
        self.lab = lab
        self.acked: set[str] = set()  # the orders that the answer acknowledged
        after = after or (lambda: None)

        def note(command: Any, *args: Any) -> None:
            if str(command).upper() == "XACK":
                self.acked.update(_order(str(entry_id)) for entry_id in args[2:])

        def heard(command: str, args: tuple) -> None:
            note(command, *args)
            after()

        self.r = lab.redis(after=heard)
        self.other = lab.another(self.r)
        _tell_of_pipelines(self.r, note, after)
        with self.other.pipeline(transaction=False) as pipe:
            for n in range(1, orders + 1):
                pipe.xadd(KEY, {"order_id": str(1000 + n), "price": str(10 * n)}, id=f"{n}-0")
            for group in (GROUP, OTHER):
                pipe.xgroup_create(KEY, group, id="0")
            pipe.xreadgroup(OTHER, "billing-7f9c", {KEY: ">"}, count=2)  # A name of billing's, in another group.
            pipe.execute()

    def hand_out(self, consumer: str, count: int, idle: int = 0, times: int = 1) -> None:
        """`consumer` reads the next orders; it was `idle` ms ago, and they were delivered `times` times."""
        [[_, entries]] = self.other.xreadgroup(GROUP, consumer, {KEY: ">"}, count=count)
        ids = [entry_id for entry_id, _ in entries]
        self.other.xclaim(KEY, GROUP, consumer, 0, ids, idle=idle, retrycount=times, justid=True)

    def names(self, group: str = GROUP) -> list[str]:
        return sorted(row["name"] for row in self.other.xinfo_consumers(KEY, group))

    def held(self, group: str = GROUP) -> dict[str, str]:
        """Order: who holds it."""
        rows = self.other.xpending_range(KEY, group, "-", "+", 2000)
        return {_order(row["message_id"]): row["consumer"] for row in rows}

    def counts(self) -> dict[str, int]:
        """Order: how often it was delivered."""
        rows = self.other.xpending_range(KEY, GROUP, "-", "+", 2000)
        return {_order(row["message_id"]): row["times_delivered"] for row in rows}

    def call(self, *args: Any) -> Any:
        """The answer's; scripts are no way here."""
        try:
            return self.lab.call(self.r, KEY, GROUP, *args)
        except Raised as raised:
            if isinstance(raised.error, redis.ResponseError) and re.search(
                r"unknown command '(EVAL|FCALL|SCRIPT|FUNCTION)", str(raised.error), re.I
            ):
                raise self.lab.wrong(
                    "sent a script, and the simulator that answers are tried on runs none. Which commands of Redis do "
                    "it, alone or in one MULTI?"
                ) from raised
            raise

    def before(self) -> None:
        """What must be the same after the call."""
        self._entries, self._others = self.other.xrange(KEY), self._other_group()
        self._cursor = self.cursor()

    def cursor(self) -> str:
        return next(row["last-delivered-id"] for row in self.other.xinfo_groups(KEY) if row["name"] == GROUP)

    def _other_group(self) -> tuple:
        groups = sorted((row["name"], row["last-delivered-id"]) for row in self.other.xinfo_groups(KEY))
        return [pair for pair in groups if pair[0] != GROUP], self.names(OTHER), self.held(OTHER)

    def kept(self, added: str = "", moved: str = "") -> None:
        """The stream and the other group are as they were, and so is the cursor, if `moved` has a hint for that."""
        entries = self.other.xrange(KEY)
        if len(entries) > len(self._entries):
            raise self.lab.wrong(f"added {entries[-1][1]} to the stream. {added}".rstrip())
        if entries != self._entries:
            raise self.lab.wrong("changed the entries of the stream, which other groups read as well.")
        if GROUP not in [row["name"] for row in self.other.xinfo_groups(KEY)]:
            raise self.lab.wrong(f"destroyed the group {GROUP}, with its cursor and everything that was pending.")
        (cursors, names, held), (cursors_now, names_now, held_now) = self._others, self._other_group()
        if new := {name for name, _ in cursors_now} - {name for name, _ in cursors}:
            raise self.lab.wrong(f"made the group {_listed(new)}; only the group {GROUP} was asked for.")
        if set(names) - set(names_now):
            raise self.lab.wrong(
                f"changed the group {OTHER}, which has consumers of its own: a name belongs to one group."
            )
        if held != held_now:
            raise self.lab.wrong(
                f"changed what is pending in the group {OTHER}. Each group has a list of its own; only {GROUP}'s was "
                "asked for."
            )
        if (cursors, names) != (cursors_now, names_now):
            raise self.lab.wrong(f"changed the group {OTHER}; only {GROUP} was asked for.")
        if moved and self.cursor() != self._cursor:
            first, last = as_numbers(self._cursor), as_numbers(self.cursor())
            passed = {_order(entry_id) for entry_id, _ in entries if first < as_numbers(entry_id) <= last}
            if passed - self.held().keys():
                moved = "What lies between was handed out to nobody, and this group is never given it."
            raise self.lab.wrong(f"moved the cursor from {self._cursor} to {self.cursor()}. {moved}")


def _order(entry_id: str) -> str:
    return str(1000 + as_numbers(entry_id)[0])


def _tell_of_pipelines(r: redis.Redis, note: Callable[..., None], after: Callable[[], None]) -> None:
    """`note` gets the commands of pipelines as well; `after` is called after those that let others in."""
    pipeline = r.pipeline

    def told(transaction: bool = True, *args: Any, **options: Any) -> redis.client.Pipeline:
        pipe = pipeline(transaction, *args, **options)
        at_once, together = pipe.immediate_execute_command, pipe.execute

        def watched(*command: Any, **how: Any) -> Any:
            try:
                return at_once(*command, **how)
            finally:
                note(*command)
                after()

        def one_by_one(*_: Any, **__: Any) -> list:
            replies = [r.execute_command(*command, **how) for command, how in pipe.command_stack]
            pipe.reset()
            return replies

        def in_one_step(*how: Any, **named: Any) -> list:
            for command, _ in pipe.command_stack:
                note(*command)
            try:
                return together(*how, **named)
            finally:
                after()

        pipe.immediate_execute_command = watched
        pipe.execute = in_one_step if transaction else one_by_one
        return pipe

    r.pipeline = told


class _Names(set):
    """A set that is printed in the same order in every process."""

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, sorted(self))) + "}"


def _listed(items: list[str] | set[str]) -> str:
    return ", ".join(sorted(items)[:4]) + (f" and {len(items) - 4} more" if len(items) > 4 else "")


# --- 8.1 -------------------------------------------------------------------------------------------------------------


def reap(lab: Lab) -> None:
    """Who holds what comes first, then what happens between two commands; the counts, which lose no order, last."""
    miscounted: list[Wrong] = []
    shop = _Shop(lab, 8)
    shop.hand_out("billing-1", 1, idle=3 * HOUR)
    shop.hand_out("billing-7f9c", 2, idle=5_000, times=3)
    shop.other.xgroup_createconsumer(KEY, GROUP, "billing-0b11")
    shop.other.xgroup_createconsumer(KEY, GROUP, "billing-2")
    _reaped(shop, ["billing-0b11", "billing-7f9c"], ["billing-1", "billing-2"], miscounted)

    shop = _Shop(lab, 540)
    shop.hand_out("billing-9ad0", 3, idle=2 * HOUR, times=4)
    shop.hand_out("billing-1", 5, idle=3 * HOUR)
    shop.hand_out("billing-7f9c", 520, idle=2 * HOUR)
    shop.hand_out("me", 2)
    shop.other.xdel(KEY, "2-0", "12-0")
    _reaped(shop, ["billing-7f9c", "billing-9ad0"], ["billing-1", "me"], miscounted, deleted={"1002", "1012"})

    shop = _Shop(lab, 4)
    shop.hand_out("billing-1", 2, idle=3 * HOUR)
    _reaped(shop, [], ["billing-1"], miscounted)

    for name, most in (("billing-7f9c", 10), ("billing-0b11", 8)):
        for commands in range(1, most):
            _wakes_up(lab, name, commands, miscounted)
    for commands in range(1, 9):
        _living_takes_over(lab, commands)
    if miscounted:
        raise miscounted[0]


def _reaped(
    shop: _Shop, gone: list[str], living: list[str], miscounted: list[Wrong], deleted: set[str] = frozenset()
) -> None:
    lab, was, counts = shop.lab, shop.held(), shop.counts()
    shop.before()
    alive = _Names([*living, "me"])
    returned = shop.call(alive, "me")
    shop.kept(
        added="An order that is added again reaches every other group a second time.",
        moved="No new order has to be read for this.",
    )
    names, held = shop.names(), shop.held()
    if missing := set(living) - set(names):
        raise lab.wrong(
            f"removed {_listed(missing)}, whose process runs: it is in alive. How long a name has been idle says when "
            "it last got an order, not whether anybody is there."
        )
    expected = {order: "me" if who in gone else who for order, who in was.items()}
    _lost_by_reaping(shop, was, {order for order in expected if order not in held} - set(deleted))
    wrong = [order for order, who in expected.items() if order not in deleted and held[order] != who]
    for order in wrong:
        if was[order] in living:
            raise lab.wrong(
                f"took order {order} from {was[order]}, whose process runs: it is in alive, however long ago it got "
                "that order. Which command takes only what you name?"
            )
    if left := set(names) & set(gone):
        raise lab.wrong(
            f"left the name {_listed(left)}, which is not in alive. Idle times and pending counts do not decide this; "
            "whoever is not in alive goes."
        )
    if wrong:
        raise lab.wrong(f"left order {wrong[0]} with {held[wrong[0]]}; it should be pending with me.")
    if strange := set(names) - {*living, "me"}:
        raise lab.wrong(f"left the name {_listed(strange)}, which was not there before.")
    if alive != {*living, "me"}:
        raise lab.wrong(f"changed its argument alive to {alive}: the set is the caller's, who goes on with it.")
    if returned != gone:
        raise lab.wrong(f"returned {show(returned)}; it should return the removed names, sorted: {gone}.")
    _counted(shop, {order: counts[order] for order in held if order in expected.keys() - deleted}, miscounted)


def _lost_by_reaping(shop: _Shop, was: dict[str, str], lost: set[str]) -> None:
    if not lost:
        return
    lab, names, held = shop.lab, shop.names(), shop.held()
    if done := lost & shop.acked:
        raise lab.wrong(
            f"acknowledged {_listed(done)}, and nobody has worked on it: an XACK takes an order off the list for good."
        )
    who = was[min(lost)]
    if who not in names and any(holder == who and order in held for order, holder in was.items()):
        raise lab.wrong(
            f"lost {_listed(lost)}: a part of what {who} held is with me, and XGROUP DELCONSUMER threw away the rest. "
            "XPENDING gives no more than its count, and up to 1,000 may be pending."
        )
    if who not in names:
        raise lab.wrong(
            f"lost {_listed(lost)}: {who} held it, and XGROUP DELCONSUMER throws away what the name holds (its "
            "answer is how much). An order has to be in another's hands before the name goes."
        )
    raise lab.wrong(f"took {_listed(lost)} off the list, and nobody has worked on it.")


def _counted(shop: _Shop, counts: dict[str, int], miscounted: list[Wrong], meanwhile: str = "") -> None:
    """Notes the first delivery count that is not as it was."""
    now = shop.counts()
    for order, count in counts.items():
        if now[order] == count:
            continue
        why = "a claim counts as a delivery unless it is told otherwise"
        if now[order] < count:
            why = (
                "what goes with its name and comes back by FORCE begins its count anew, unless the claim says otherwise"
            )
        elif order == meanwhile:
            why = "it was read between two of your commands, and a claim with FORCE counts as well"
        miscounted.append(
            shop.lab.wrong(
                f"changed the delivery count of order {order} from {count} to {now[order]}: {why}, and poison is known "
                "by that number."
            )
        )


def _wakes_up(lab: Lab, name: str, commands: int, miscounted: list[Wrong]) -> None:
    """`name` reads one more order after so many commands of the answer, if it is still in the group.

    The living `billing-1` reads the two after that, and is done with the second.
    """
    seen: list[int] = []
    read: list[str] = []

    def wake() -> None:
        seen.append(1)
        if len(seen) == commands and name in shop.names():
            for consumer in (name, "billing-1", "billing-1"):
                [[_, [(entry_id, _)]]] = shop.other.xreadgroup(GROUP, consumer, {KEY: ">"}, count=1)
                read.append(_order(entry_id))
            shop.other.xack(KEY, GROUP, entry_id)

    shop = _Shop(lab, 8, after=wake)
    shop.hand_out("billing-7f9c", 2, idle=2 * HOUR)
    shop.other.xgroup_createconsumer(KEY, GROUP, "billing-0b11")
    shop.hand_out("billing-1", 1)
    seen.clear()
    shop.call(_Names(["billing-1", "me"]), "me")
    held, names = shop.held(), shop.names()
    expected = {"1001": "me", "1002": "me", "1003": "billing-1", **dict(zip(read, ("me", "billing-1"), strict=False))}
    for order in read[1:]:
        if order in held and held[order] != expected.get(order):
            raise lab.wrong(
                f"made order {order} pending with {held[order]}, and billing-1, which is alive, read it meanwhile"
                f"{' and finished it' if order not in expected else ''}. What the slow one read cannot be guessed from "
                "cursors and numbers: in which one step can you ask what a name holds and remove it?"
            )
    lost = sorted(expected.keys() - held.keys())
    if lost and (lost[-1] in shop.acked or lost[-1] not in read):
        _lost_by_reaping(shop, {"1001": "billing-7f9c", "1002": "billing-7f9c", "1003": "billing-1"}, {lost[0]})
    if lost:
        raise lab.wrong(
            f"lost order {lost[-1]}: {name} was slow and not dead, and read it between two of your commands. A look is "
            "old when it arrives, and WATCH does not see what a group does. In which one step can you ask what a name "
            "holds and remove it?"
        )
    if name in names:
        raise lab.wrong(
            f"left the name {name}, which is not in alive, because it read another order meanwhile. It goes, and what "
            "it held is pending with me."
        )
    if wrong := [order for order, who in held.items() if who != expected.get(order)]:
        raise lab.wrong(
            f"left order {wrong[0]} with {held[wrong[0]]}, after {name} read another order between two of your "
            "commands; what the removed held should be pending with me, and nothing else."
        )
    _counted(shop, dict.fromkeys(expected, 1), miscounted, *read[:1])


def _living_takes_over(lab: Lab, commands: int) -> None:
    """After so many commands of the answer billing-1 takes what a dead one has still, and finishes the first of two."""
    seen: list[int] = []
    taken: list[str] = []

    def take_over() -> None:
        seen.append(1)
        if len(seen) != commands:
            return
        for order, who in shop.held().items():
            if who == "billing-7f9c":
                shop.other.xclaim(KEY, GROUP, "billing-1", MINUTE, [f"{int(order) - 1000}-0"])
                taken.append(order)
        if "1001" in taken:
            shop.other.xack(KEY, GROUP, "1-0")

    shop = _Shop(lab, 8, after=take_over)
    shop.hand_out("billing-7f9c", 3, idle=2 * HOUR, times=2)
    shop.other.xgroup_createconsumer(KEY, GROUP, "billing-1")
    seen.clear()
    shop.call(_Names(["billing-1", "me"]), "me")
    held = shop.held()
    for order in ("1001", "1002", "1003"):
        done = order in taken and order == "1001"
        if order in taken and not done and held.get(order) != "billing-1":
            raise lab.wrong(
                f"took order {order} from billing-1, which is alive and took it over from billing-7f9c between your "
                "look and your claim: two work on it now. A claim can be told how long the order must have been idle, "
                "and your look said how long it was."
            )
        if done and order in held:
            raise lab.wrong(
                f"made order {order} pending again: billing-1 took it over from billing-7f9c between your look and "
                "your claim, and finished it. FORCE makes pending what nobody holds, whatever the reason; it is for "
                "what XGROUP DELCONSUMER threw away in that very step."
            )
        if order not in taken and held.get(order) != "me":
            raise lab.wrong(f"left order {order} with {held.get(order, 'nobody')}; it should be pending with me.")


# --- 8.2 -------------------------------------------------------------------------------------------------------------

_MOVED = "What lies after it is delivered once more, also what was done and what others are working on."


def again(lab: Lab) -> None:
    _once_more(lab, "2-0", True)
    _once_more(lab, "10-0", True)
    _once_more(lab, "4-0", False)
    _once_more(lab, "3-0", False)
    _once_more(lab, "5-0", False)
    _once_more(lab, "6-0", False)
    for commands in (1, 2, 3):
        _somebody_takes_it(lab, commands)
    _asked_twice(_invoices(lab), "2-0")


def _invoices(lab: Lab, after: Callable[[], None] | None = None) -> _Shop:
    """Of twelve orders ten were read; ada holds 1003, 1005 (for hours) and 1006 (for most of a day), the others are
    done; 1004 is deleted."""
    shop = _Shop(lab, 12, after)
    shop.hand_out("ada", 10, idle=5_000)
    done = [f"{n}-0" for n in range(1, 11) if n not in (3, 5, 6)]
    shop.other.xclaim(KEY, GROUP, "ada", 0, ["5-0"], idle=2 * HOUR, justid=True)
    shop.other.xclaim(KEY, GROUP, "ada", 0, ["6-0"], idle=23 * HOUR, justid=True)
    shop.other.xack(KEY, GROUP, *done)
    shop.other.xdel(KEY, "4-0")
    return shop


def _once_more(lab: Lab, entry_id: str, works: bool) -> None:
    shop = _invoices(lab)
    shop.before()
    was, order = shop.held(), _order(entry_id)
    returned = _asked_again(shop, entry_id)
    held = shop.held()
    _not_for_all(shop)
    expected = {**was, order: "me"} if works else was
    if works and order not in held:
        raise lab.wrong(
            f"left order {order} as it was, done and with nobody. It is in no list any more, so a claim finds nothing "
            "to claim; which option puts it there?"
        )
    if not works and held.get(order) != was.get(order):
        _taken_from_ada(shop, order, was)
    if held != expected:
        changed = {o for o in {*held, *expected} if held.get(o) != expected.get(o)}
        raise lab.wrong(f"changed who holds {_listed(changed)}; only order {order} was asked for.")
    fields = {"order_id": order, "price": str(10 * int(order) - 10_000)} if works else None
    if returned != fields and not works:
        why = "ada holds the order" if order in was else "the stream does not have the order any more"
        raise lab.wrong(f"returned {show(returned)}; it should return None: {why}, and what a claim took, it answers.")
    if returned != fields:
        raise lab.wrong(f"returned {show(returned)}; it should return {fields}.")


def _asked_again(shop: _Shop, entry_id: str) -> Any:
    try:
        return shop.call("me", entry_id)
    except Raised as raised:
        if isinstance(raised.error, (IndexError, KeyError, TypeError, ValueError)):
            raise Wrong(
                f"{raised}. What answers have you not thought of? The entry may be gone, and then XRANGE and XCLAIM "
                "answer an empty list; or somebody may hold it, and then a claim that respects that does."
            ) from raised
        raise


def _asked_twice(shop: _Shop, entry_id: str) -> None:
    """The second time `me` holds it: somebody in the group does."""
    _asked_again(shop, entry_id)
    order = _order(entry_id)
    idle = {_order(row["message_id"]): row["time_since_delivered"] for row in _pending(shop)}[order]
    returned = _asked_again(shop, entry_id)
    if returned is None:
        return
    if idle > HOUR:
        raise shop.lab.wrong(
            f"called a second time gave order {order} out once more: the first claim made it look as if it had been "
            "held for hours. What was claimed just now has an idle time of 0 unless you say otherwise."
        )
    raise shop.lab.wrong(
        f"called a second time returned {show(returned)}; it should return None. Somebody in the group holds order "
        f"{order} already: me."
    )


def _pending(shop: _Shop) -> list[dict[str, Any]]:
    return shop.other.xpending_range(KEY, GROUP, "-", "+", 2000)


def _not_for_all(shop: _Shop) -> None:
    shop.kept(
        added="The group archive gets it as a new order, and so does everybody else.",
        moved=_MOVED,
    )


def _taken_from_ada(shop: _Shop, order: str, was: dict[str, str]) -> None:
    lab = shop.lab
    if order in was and order in shop.acked:
        raise lab.wrong(
            f"acknowledged order {order}, which {was[order]} is working on. After an XACK the server does not know any "
            "more that somebody holds it, and no min-idle-time protects what nobody holds."
        )
    if order == "1006" and order in was:
        raise lab.wrong(
            f"took order {order} from {was[order]}, who has held it for 23 hours: longer than a day, nobody does, and "
            "until then it is in work."
        )
    if order in was:
        raise lab.wrong(
            f"took order {order} from {was[order]}, who is working on it, and now two do the same work. Nobody holds "
            "an order for longer than a day: XCLAIM can be told to respect that, also with FORCE."
        )
    raise lab.wrong(f"made order {order} pending, and the stream does not have it any more: nobody could do it.")


def _somebody_takes_it(lab: Lab, commands: int) -> None:
    """After so many commands of the answer, ada gets the order, unless somebody has it by then."""
    seen: list[int] = []

    def ada_gets_it() -> None:
        seen.append(1)
        if len(seen) == commands and "1002" not in shop.held():
            shop.other.xclaim(KEY, GROUP, "ada", 0, ["2-0"], force=True)
            got.append("1002")

    got: list[str] = []
    shop = _invoices(lab, ada_gets_it)
    shop.before()
    seen.clear()
    returned = _asked_again(shop, "2-0")
    _not_for_all(shop)
    if not got:
        return
    if shop.held().get("1002") != "ada":
        raise lab.wrong(
            "took order 1002 from ada, who got it between your look and your claim. The command that takes has to know "
            "how young is too young: with FORCE as well."
        )
    if returned is not None:
        raise lab.wrong(f"returned {show(returned)}, and ada has the order: it should return None.")


# --- 8.3 -------------------------------------------------------------------------------------------------------------


@dataclass
class _Case:
    """A state, what holds in it, and for each word the hint when an answer misses it or adds it."""

    expected: list[str]
    hints: dict[str, str]
    kept: int = 0  # orders that were read and done
    pending: tuple[tuple[int, int, int], ...] = ()  # (age by the id, idle, deliveries), times in ms, the oldest first
    youngest_with: str = "ada"  # who holds the last of them
    waiting: int = 0
    waiting_for: int = 500  # ms
    burst: bool = False  # whether the last that is done came in the same millisecond as those that wait
    deleted: bool = False  # whether the first but one that waits is deleted
    trimmed: int = 0  # how many of those that wait are trimmed
    letters: int | None = None  # None: there is no such stream

    def build(self, lab: Lab) -> redis.Redis:
        r = lab.redis()
        other = lab.another(r)
        ages = [age for age, _, _ in self.pending]
        oldest = max([*ages, self.waiting_for]) + 30 * MINUTE
        wait = [f"{NOW - self.waiting_for}-{n}" for n in range(1, self.waiting + 1)]
        ids = [f"{NOW - oldest - n}-0" for n in range(self.kept, 0, -1)]
        if self.burst:
            ids[-1] = f"{NOW - self.waiting_for}-0"
        ids += [f"{NOW - age}-0" for age in ages]
        with other.pipeline(transaction=False) as pipe:
            for n, entry_id in enumerate([*ids, *wait]):
                pipe.xadd(KEY, {"order_id": str(1001 + n)}, id=entry_id)
            for group in (GROUP, OTHER):
                pipe.xgroup_create(KEY, group, id="0", mkstream=True)
            if ids:
                pipe.xreadgroup(GROUP, "ada", {KEY: ">"}, count=len(ids))
                pipe.xreadgroup(OTHER, "amy", {KEY: ">"}, count=1)
                pipe.xclaim(KEY, OTHER, "amy", 0, ids[:1], idle=HOUR, retrycount=9, justid=True)
            if self.kept:
                pipe.xack(KEY, GROUP, *ids[: self.kept])
            held: dict[tuple[str, int, int], list[str]] = {}
            for n, (entry_id, (_, idle, times)) in enumerate(zip(ids[self.kept :], self.pending, strict=True), start=1):
                who = self.youngest_with if n == len(ages) else "ada"
                held.setdefault((who, idle, times), []).append(entry_id)
            for (who, idle, times), some in held.items():
                pipe.xclaim(KEY, GROUP, who, 0, some, idle=idle, retrycount=times, justid=True)
            if self.deleted:
                pipe.xdel(KEY, wait[1])
            if self.trimmed:
                pipe.xtrim(KEY, minid=wait[self.trimmed], approximate=False)
            if self.letters is not None:
                pipe.xadd("dead", {"order_id": "1900"}, id="1-0")
                pipe.xtrim("dead", maxlen=self.letters, approximate=False)
            pipe.execute()
        return r

    def hint(self, word: str) -> str:
        wait = self.waiting - self.deleted - self.trimmed
        usual = {
            "old": "No order that is pending or waits came more than 10 minutes before now_ms.",
            "failing": "No pending order of this group was delivered 5 times.",
            "behind": f"{wait or 'No'} orders wait to be handed out to {GROUP}.",
            "letters": "The stream of dead letters has no entry.",
        }
        return self.hints.get(word, "" if word in self.expected else usual[word])


_FRESH = (2_000, 1_000, 1)
_CASES = [
    _Case(
        [],
        {
            "behind": "The stream keeps 220 orders, and none waits for billing: XLEN counts what is done as well, and "
            "how far another group is behind is that group's business.",
            "old": "Every pending order came seconds before now_ms, and those that came earlier are done.",
            "failing": "No order was delivered more than once; that another group tried one nine times is not its "
            "business, and how many are pending says how busy the group is.",
            "letters": "There is no stream of dead letters, and so no letter.",
        },
        kept=200,
        pending=tuple((2_000 - n, 1_000, 1) for n in range(20)),
    ),
    _Case(
        ["old"],
        {
            "old": "One order came 40 minutes ago and was tried again 20 s ago, as every half minute: each try begins "
            "its idle time anew. What about an entry never changes, and has a time in it?",
            "failing": "It was delivered 4 times.",
        },
        pending=((40 * MINUTE, 20_000, 4),),
    ),
    _Case(
        ["old"],
        {
            "old": "Of two that are pending, one came 40 minutes ago and was tried 20 s ago, the other came 5 minutes "
            "ago and was not tried since: the one that is idle longest is not the one that came first.",
        },
        pending=((40 * MINUTE, 20_000, 4), (5 * MINUTE, 5 * MINUTE, 1)),
    ),
    _Case(
        [],
        {
            "old": "The oldest pending order came exactly 10 minutes ago, not more.",
            "failing": "4 deliveries are not 5.",
        },
        kept=3,
        pending=((10 * MINUTE, 10_000, 4),),
    ),
    _Case(
        ["failing"],
        {
            "failing": "Of 150 pending orders one of the youngest was delivered 5 times: the oldest alone, or a page, "
            "does not show it.",
            "old": "Every pending order came less than a minute ago.",
            "behind": "150 are pending and none waits: what is pending was handed out already.",
        },
        pending=tuple((30_000 - n, 1_000, 5 if n == 140 else 1) for n in range(150)),
    ),
    _Case(
        ["failing"],
        {"failing": "Two consumers hold an order each, and the second one's was delivered 6 times."},
        pending=(_FRESH, (1_500, 1_000, 6)),
        youngest_with="zoe",
    ),
    _Case(
        ["failing"],
        {
            "failing": "Of 530 pending orders the 520th was delivered 5 times, and up to 1,000 may be pending: a page "
            "of 500 does not show it.",
        },
        pending=tuple((30_000 - n, 1_000, 5 if n == 519 else 1) for n in range(530)),
    ),
    _Case(
        ["behind"],
        {
            "behind": "149 orders wait, and one that waited was deleted, so lag is nil (None): the server does not "
            "know. Nil is not zero; what can be counted?",
        },
        kept=2,
        waiting=150,
        deleted=True,
    ),
    _Case(
        [],
        {"behind": "Exactly 100 orders wait, not more."},
        kept=2,
        waiting=100,
    ),
    _Case(
        ["behind"],
        {
            "behind": "150 orders wait, all of the very millisecond in which the last one came that was handed out: a "
            "millisecond has many ids, and the cursor stands at one of them.",
        },
        kept=2,
        waiting=150,
        burst=True,
    ),
    _Case(
        [],
        {
            "behind": "50 orders wait. 250 others that waited were trimmed, and lag still counts them here: after "
            "trimming, 7.0's lag is wrong.",
        },
        kept=2,
        waiting=300,
        trimmed=250,
    ),
    _Case(
        [],
        {"letters": "The stream of dead letters is there, and empty: somebody has seen to them."},
        kept=2,
        letters=0,
    ),
    _Case(
        ["letters"],
        {"letters": "One order is among the dead letters, and waits for somebody to look at it."},
        kept=2,
        letters=1,
    ),
    _Case(
        ["behind"],
        {"behind": "101 orders wait, and nobody has read anything yet."},
        waiting=101,
    ),
    _Case(
        ["old"],
        {
            "old": "All workers are dead: nothing is pending, and one order has been waiting for 8 hours. It came "
            "long ago, and nobody has ever been given it.",
            "behind": "One order waits, however long.",
        },
        kept=3,
        waiting=1,
        waiting_for=8 * HOUR,
    ),
    _Case(
        [],
        {
            "old": "The order that waits came half a minute ago; the orders before it are done.",
            "behind": "One order waits.",
        },
        kept=3,
        waiting=1,
        waiting_for=30_000,
    ),
    _Case(
        ["old", "failing", "behind", "letters"],
        {},
        kept=5,
        pending=((3 * HOUR, 5_000, 7), (2 * HOUR, HOUR, 1), _FRESH),
        waiting=120,
        letters=1,
    ),
]


def alarms(lab: Lab) -> None:
    for case in _CASES:
        r = case.build(lab)
        other = lab.another(r)
        before = _everything(other)
        returned = _called_by_the_monitor(lab, r)
        _only_looked(lab, before, _everything(other))
        lab.expect(returned, list, f"a list of words, such as {['old', 'letters']}")
        for word in ("old", "failing", "behind", "letters"):
            if (word in returned) == (word in case.expected):
                continue
            missing = "is missing" if word in case.expected else "does not hold"
            raise lab.wrong(f"returned {show(returned)}: {word!r} {missing}. {case.hint(word)}".rstrip())
        if returned != case.expected:
            raise lab.wrong(f"returned {show(returned)}; {case.expected} was expected, in that order.")


def _called_by_the_monitor(lab: Lab, r: redis.Redis) -> Any:
    try:
        return lab.call(r, KEY, GROUP, "dead", NOW)
    except Raised as raised:
        lags = [row["lag"] for row in lab.another(r).xinfo_groups(KEY) if row["name"] == GROUP]
        if isinstance(raised.error, TypeError) and "NoneType" in str(raised.error) and lags == [None]:
            raise Wrong(
                f"{raised}. The lag of the group is nil here, None in Python: one that waited was deleted, and the "
                "server does not know how many wait. None cannot be compared with a number; what can be counted?"
            ) from raised
        raise


def _everything(r: redis.Redis) -> list:
    """Entries, highest id, cursors, names and pending entries of every stream, without times."""
    found: list = []
    for key in sorted(r.keys()):
        info = r.xinfo_stream(key)
        found.append((key, info["last-generated-id"], info["entries-added"], r.xrange(key)))
        for row in r.xinfo_groups(key):
            held = r.xpending_range(key, row["name"], "-", "+", 2000)
            found.append((row["name"], row["last-delivered-id"]))
            found.append(sorted(c["name"] for c in r.xinfo_consumers(key, row["name"])))
            found.append([(h["message_id"], h["consumer"], h["times_delivered"]) for h in held])
    return found


def _only_looked(lab: Lab, before: list, after: list) -> None:
    if before != after:
        raise lab.wrong(
            "changed something; it should only look. XINFO, XPENDING, XRANGE and XLEN change nothing, XREADGROUP and "
            "claims do."
        )


# --- 8.4 -------------------------------------------------------------------------------------------------------------


def from_the_future(lab: Lab) -> None:
    late, soon = f"{FUTURE}-0", f"{NOW}-9"
    old = "9000000000-0"  # As text, it is after the present.
    _future_is(lab, [old, f"{NOW - 5}-0", soon], [], {"archive": soon, "billing": old}, (False, 0, []))
    _future_is(
        lab,
        [old, f"{NOW - 5}-0", late, f"{FUTURE}-1"],
        [],
        {"archive": old, "billing": late},
        (True, 2, ["billing"]),
    )
    _future_is(lab, [old, late], [late], {"archive": old, "billing": old}, (True, 0, []))
    _future_is(lab, [old, late], [late], {"archive": late, "billing": late}, (True, 0, ["archive", "billing"]))
    _future_is(lab, [f"{NOW}-0", f"{NOW}-9", f"{NOW + 1}-0"], [], {"billing": f"{NOW}-0"}, (True, 1, []))
    _future_is(lab, [old], [], {"billing": late}, (False, 0, ["billing"]))
    _future_is(lab, [], [], {"billing": "0-0"}, (False, 0, []))
    _future_is(lab, [old, late], [], {"billing": old}, (True, 0, []), trimmed=True)
    many = [f"{FUTURE}-{n}" for n in range(1_100)]
    _future_is(lab, many, [], {"billing": many[5]}, (True, 1_100, ["billing"]))


def _future_is(
    lab: Lab,
    ids: list[str],
    deleted: list[str],
    cursors: dict[str, str],
    expected: tuple[bool, int, list[str]],
    trimmed: bool = False,
) -> None:
    r = lab.redis()
    other = lab.another(r)
    for group, cursor in cursors.items():
        other.xgroup_create(KEY, group, id=cursor, mkstream=True)
    with other.pipeline(transaction=False) as pipe:
        for n, entry_id in enumerate(ids, start=1):
            pipe.xadd(KEY, {"order_id": str(1000 + n)}, id=entry_id)
        pipe.execute()
    if deleted:
        other.xdel(KEY, *deleted)
    if trimmed:
        other.xtrim(KEY, maxlen=0, approximate=False)
    before = _everything(other)
    returned = lab.call(r, KEY, NOW)
    _only_looked(lab, before, _everything(other))
    wanted = dict(zip(("next", "entries", "groups"), expected, strict=True))
    lab.expect(returned, dict, f"a dictionary such as {wanted}")
    if set(returned) != set(wanted):
        raise lab.wrong(f"returned {show(returned)}; it should have the keys {', '.join(map(repr, wanted))}.")
    kinds = {"next": (bool, "True or False"), "entries": (int, "a number"), "groups": (list, "a sorted list")}
    for word, (kind, called) in kinds.items():
        if not isinstance(returned[word], kind) or (kind is int and isinstance(returned[word], bool)):
            raise lab.wrong(f"returned {word!r}: {show(returned[word])}; it should be {called}.")
    shown = ids if len(ids) < 9 else [ids[0], ids[1], "…", f"{ids[-1]} ({len(ids)} of them)"]
    state = f"The stream's ids were {', '.join(shown) or 'none'}" + (
        f", {', '.join(deleted)} deleted" if deleted else ", all trimmed by MAXLEN 0" if trimmed else ""
    )
    if returned["entries"] != wanted["entries"]:
        hint = "A millisecond has many ids, and ids compare as numbers."
        if len(ids) > 1_000:
            hint = "A page has no more than its COUNT; and where the next one begins, the last one has not ended twice."
        raise lab.wrong(
            f"returned 'entries': {show(returned['entries'])}; {wanted['entries']} was right. {state}. {hint}"
        )
    if returned["next"] is not wanted["next"]:
        hint = "* takes the larger of the clock and the highest id the stream ever had."
        if deleted:
            hint = "Deleting the entry does not make the stream forget its id."
        if trimmed:
            hint = "What trimming takes is in no entry and not in max-deleted-entry-id, and * is above it all the same."
        raise lab.wrong(f"returned 'next': {show(returned['next'])}; {wanted['next']} was right. {state}. {hint}")
    if returned["groups"] != wanted["groups"]:
        where = ", ".join(f"{group} at {cursor}" for group, cursor in cursors.items())
        begins = f"returned 'groups': {show(returned['groups'])}; {wanted['groups']} was right. Cursors were {where}."
        if sorted(returned["groups"], key=str) == wanted["groups"]:
            raise lab.wrong(f"{begins} They should be sorted.")
        this_moment = [group for group in returned["groups"] if cursors.get(group, "").startswith(f"{NOW}-")]
        if this_moment:
            raise lab.wrong(
                f"{begins} {this_moment[0]}'s cursor is in the millisecond now_ms, not after it: an order of the next "
                f"millisecond, such as {NOW + 1}-0, is given to it."
            )
        raise lab.wrong(
            f"{begins} A group is given what comes after its own cursor, whatever the stream remembers; and ids "
            "compare as numbers, not as text."
        )


# --- 8.5 -------------------------------------------------------------------------------------------------------------


def rename_consumer(lab: Lab) -> None:
    _renamed(lab, exists=False, orders=3)
    _renamed(lab, exists=True, orders=3)
    _renamed(lab, exists=True, orders=0)
    _renamed(lab, exists=False, orders=520)


_OLD, _NEW = "billing-7f9c", "billing-1"


def _renamed(lab: Lab, exists: bool, orders: int) -> None:
    """`old` holds 3 + `orders` orders in all but the third case, one of them deleted; `ada` holds two."""
    shop = _Shop(lab, orders + 10)
    if exists:
        shop.hand_out(_NEW, 1, idle=4 * MINUTE, times=2)
    shop.other.xgroup_createconsumer(KEY, GROUP, _OLD)
    deleted = None
    if orders:
        shop.hand_out(_OLD, 1, idle=3 * HOUR, times=4)
        shop.hand_out("ada", 1, idle=9 * MINUTE, times=3)
        shop.hand_out(_OLD, 1, idle=90_000, times=1)
        shop.hand_out(_OLD, orders, idle=20_000, times=1)
        deleted = next(reversed(shop.held()))
        shop.hand_out(_OLD, 1)
        shop.other.xdel(KEY, f"{int(deleted) - 1000}-0")
    shop.before()
    began, was = time.monotonic(), _rows(shop)
    returned = shop.call(_OLD, _NEW)
    shop.kept(added="No order has to be added for this.", moved="No order has to be read for this.")
    now, names = _rows(shop), shop.names()
    took = int((time.monotonic() - began) * 1000)  # A slow machine makes nothing older than that.
    moved = [order for order, row in was.items() if row[0] == _OLD and order != deleted]
    if lost := [order for order in was if order != deleted and order not in now]:
        who = was[lost[0]][0]
        raise lab.wrong(f"lost order {lost[0]}: {who} held it, and nobody does now. {_why_lost(was, now, lost)}")
    for order, (who, _, times) in was.items():
        if order == deleted:
            continue
        wanted = _NEW if who == _OLD else who
        if now[order][0] != wanted:
            raise lab.wrong(f"left order {order} with {now[order][0]}; {wanted} should hold it.")
        if now[order][2] != times:
            raise lab.wrong(
                f"changed the delivery count of order {order} from {times} to {now[order][2]}: "
                + (
                    "one number was given to all, and each entry has a count of its own"
                    if len(moved) > 1 and len({now[other][2] for other in moved}) == 1
                    else "a claim counts as a delivery unless it is told otherwise"
                )
                + ", and poison is known by that number."
            )
    _idle_as_before(lab, was, now, [order for order in was if order != deleted], moved, took)
    if _OLD in names:
        raise lab.wrong(f"left the name {_OLD} in the group; it should be gone.")
    if missing := {who for who, _, _ in was.values()} - {_OLD} - set(names):
        raise lab.wrong(f"removed {_listed(missing)}, who has nothing to do with this.")
    if returned != len(moved) or isinstance(returned, bool):
        why = " (one that it held was deleted from the stream)." if deleted else "."
        if exists and orders and returned == len(moved) + 1 == sum(row[0] == _NEW for row in now.values()):
            why = f", and {_NEW} held one of its own before."
        raise lab.wrong(f"returned {show(returned)}; {len(moved)} entries were handed over{why}")


def _why_lost(was: dict, now: dict, lost: list[str]) -> str:
    if now and all(was[order][1] < 5_000 for order in lost):
        return f"{was[lost[0]][0]} was given it a moment ago: a claim with a min-idle-time leaves out what is young."
    if any(row[0] == _OLD and order in now for order, row in was.items()):
        return "XPENDING gives no more than its count, and up to 1,000 may be pending."
    return "What a name holds goes with the name, unless it was handed over first."


def _idle_as_before(lab: Lab, was: dict, now: dict, orders: list[str], moved: list[str], took: int) -> None:
    """No younger than before, and no older than the call took; give or take a second."""
    for order in orders:
        before, after = was[order][1], now[order][1]
        if before - 1_000 <= after <= before + took + 1_000:
            continue
        look = f"made order {order} look {'younger' if after < before else 'older'}: "
        idle = [now[other][1] for other in moved]
        if after > took + 1_000 and max(idle) - min(idle) <= 1_000:
            raise lab.wrong(f"{look}one idle time was given to all; it should be for each entry its own.")
        if order in moved and abs(after - before // 1000) <= took + 5 and before > MINUTE and after > 50:
            raise lab.wrong(f"{look}its idle time of {before // 1000} s is as many ms now. In what is IDLE given?")
        if after > took + 1_000:
            raise lab.wrong(f"{look}it got the idle time of another order, and each entry has its own.")
        raise lab.wrong(
            f"{look}a claim begins the idle time anew (with JUSTID, too) unless it is told which it should be, for "
            "each entry its own."
        )


def _rows(shop: _Shop) -> dict[str, tuple[str, int, int]]:
    """Order: who holds it, its idle time in ms, its deliveries."""
    rows = _pending(shop)
    return {
        _order(row["message_id"]): (
            row["consumer"],
            row["time_since_delivered"],
            row["times_delivered"],
        )
        for row in rows
    }


CHECKS: dict[str, Callable[[Lab], None]] = {
    "8.1": reap,
    "8.2": again,
    "8.3": alarms,
    "8.4": from_the_future,
    "8.5": rename_consumer,
}
STREAM_CHECKS: dict[str, Callable[[redis.Redis, str], None]] = {"8.0": night}
