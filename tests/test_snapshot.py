"""The snapshot against a model of groups that keeps everything in plain sight, and what it costs."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import redis
from conftest import Server

from helpers import backend
from helpers import snapshot as module
from helpers.snapshot import Consumer, Entry, NotAStream, Snapshot, as_numbers, as_text, holder, snapshot, state


@pytest.fixture(scope="module", params=["fakeredis", "redis", "redis-8.2"])
def back_end(request):
    """Makes an empty client of the simulator, and of each real server."""
    if request.param == "fakeredis":
        yield backend.simulated
        return
    with Server(request.param) as running:

        def client() -> redis.Redis:
            empty = running.client()
            empty.flushall()
            return empty

        yield client


@pytest.fixture
def r(back_end) -> redis.Redis:
    return back_end()


def add(r: redis.Redis, count: int, first: int = 1) -> None:
    with r.pipeline() as pipe:
        for n in range(first, first + count):
            pipe.xadd("orders", {"order_id": 1000 + n}, id=f"{n}-0")
        pipe.execute()


def read(r: redis.Redis, group: str, consumer: str, count: int, noack: bool = False) -> None:
    r.xreadgroup(group, consumer, {"orders": ">"}, count=count, noack=noack)


def states(taken: Snapshot, group: int = 0) -> dict[str, str]:
    """What each entry is to a group, with the consumer that holds it."""
    one, found = taken.groups[group], {}
    for entry in taken.entries:
        pending = holder(one, entry)
        found[entry.id] = state(one, entry) + (f" {pending.consumer}" if pending else "")
    return found


# --- One case each -------------------------------------------------------------------------------------------------


def test_the_architecture_of_the_seed(r):
    add(r, 6)
    for group in ("processors", "analytics"):
        r.xgroup_create("orders", group, id="0")
    for _ in range(3):
        read(r, "processors", "consumer-1", 1)
        read(r, "processors", "consumer-2", 1)
    read(r, "analytics", "reports", 4)
    taken = snapshot(r, "orders")
    analytics, processors = taken.groups
    assert (taken.key, taken.exists, taken.length) == ("orders", True, 6)
    assert taken.entries[0] == Entry("1-0", {"order_id": "1001"})
    assert [entry.id for entry in taken.entries] == [f"{n}-0" for n in range(1, 7)]
    assert (analytics.name, analytics.cursor, analytics.lag, analytics.waiting) == ("analytics", "4-0", 2, 2)
    assert (processors.name, processors.cursor, processors.lag, processors.pending) == ("processors", "6-0", 0, 6)
    assert processors.consumers == (Consumer("consumer-1", 3), Consumer("consumer-2", 3))
    assert [(p.id, p.consumer, p.deliveries, p.deleted) for p in processors.held] == [
        (f"{n}-0", f"consumer-{2 - n % 2}", 1, False) for n in range(1, 7)
    ]
    assert all(0 <= pending.idle < 60_000 for pending in processors.held)
    assert states(taken, 1)["3-0"] == "pending consumer-1"
    assert states(taken, 0) == {
        **{f"{n}-0": "pending reports" for n in range(1, 5)},
        "5-0": "waiting",
        "6-0": "waiting",
    }


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("0", ["waiting", "waiting", "waiting"]),
        ("2-0", ["passed", "passed", "waiting"]),
        ("2-5", ["passed", "passed", "waiting"]),
        ("$", ["passed", "passed", "passed"]),
    ],
)
def test_a_group_begins_where_it_was_created(r, start, expected):
    add(r, 3)
    r.xgroup_create("orders", "g", id=start)
    assert list(states(snapshot(r, "orders")).values()) == expected


def test_acknowledged_and_noack_and_skipped_are_all_passed(r):
    add(r, 4)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 1)
    r.xack("orders", "g", "1-0")
    read(r, "g", "c", 1, noack=True)
    r.xgroup_setid("orders", "g", "3-0")
    taken = snapshot(r, "orders")
    assert list(states(taken).values()) == ["passed", "passed", "passed", "waiting"]
    assert (taken.groups[0].pending, taken.groups[0].waiting) == (0, 1)


def test_set_back_over_pending_entries(r):
    add(r, 4)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 3)
    r.xgroup_setid("orders", "g", "1-0")
    r.xdel("orders", "3-0")
    taken = snapshot(r, "orders")
    assert states(taken) == {"1-0": "pending c", "2-0": "again c", "3-0": "pending c", "4-0": "waiting"}
    assert taken.groups[0].waiting == 2
    read(r, "g", "other", 9)
    taken = snapshot(r, "orders")
    assert states(taken) == {"1-0": "pending c", "2-0": "pending other", "3-0": "pending c", "4-0": "pending other"}
    assert taken.groups[0].consumers == (Consumer("c", 2), Consumer("other", 2))


def test_deleted_while_pending(r):
    add(r, 4)
    for group in ("a", "b"):
        r.xgroup_create("orders", group, id="0")
    read(r, "a", "c", 3)
    r.xdel("orders", "2-0", "4-0")
    r.xtrim("orders", maxlen=1, approximate=False)
    taken = snapshot(r, "orders")
    assert taken.length == 1
    assert taken.entries == (Entry("1-0", {}, True), Entry("2-0", {}, True), Entry("3-0", {"order_id": "1003"}))
    assert states(taken, 0) == {"1-0": "pending c", "2-0": "pending c", "3-0": "pending c"}
    assert states(taken, 1) == {"1-0": "gone", "2-0": "gone", "3-0": "waiting"}
    assert [pending.deleted for pending in taken.groups[0].held] == [True, True, False]


def test_who_claimed_and_how_often(r):
    add(r, 3)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 3)
    r.xclaim("orders", "g", "d", 0, ["2-0"])
    r.xclaim("orders", "g", "d", 0, ["2-0"])
    r.xclaim("orders", "g", "d", 0, ["3-0"], justid=True)
    [group] = snapshot(r, "orders").groups
    assert [(p.id, p.consumer, p.deliveries) for p in group.held] == [("1-0", "c", 1), ("2-0", "d", 3), ("3-0", "d", 1)]


def test_consumers_that_hold_nothing_are_in_the_data(r):
    add(r, 1)
    r.xgroup_create("orders", "g", id="0")
    for name in ("zoe", "adam"):
        r.xgroup_createconsumer("orders", "g", name)
    assert snapshot(r, "orders").groups[0].consumers == (Consumer("adam", 0), Consumer("zoe", 0))


def test_released_entries_belong_to_nobody():
    """XNACK is of Redis 8.8; only the simulator has it here."""
    from fakeredis import FakeServer

    backend.simulated()
    r = backend.client_of(FakeServer(version=(8, 8)))
    add(r, 1)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 1)
    r.execute_command("XNACK", "orders", "g", "FAIL", "IDS", 1, "1-0")
    [group] = snapshot(r, "orders").groups
    assert (group.pending, group.consumers, group.held[0].consumer) == (1, (Consumer("c", 0),), "")


# --- Absent, empty, another type, not text -------------------------------------------------------------------------


def test_missing_and_empty(r):
    missing = snapshot(r, "orders")
    assert (missing.exists, missing.length, missing.entries, missing.groups) == (False, 0, (), ())
    r.xgroup_create("orders", "g", id="$", mkstream=True)
    empty = snapshot(r, "orders")
    assert (empty.exists, empty.length, empty.entries) == (True, 0, ())
    assert (empty.groups[0].cursor, empty.groups[0].waiting, empty.groups[0].held) == ("0-0", 0, ())
    r.xgroup_destroy("orders", "g")
    assert snapshot(r, "orders").groups == ()


def test_emptied_stream_with_pending_entries(r):
    add(r, 20)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 15)
    r.xtrim("orders", maxlen=0, approximate=False)
    taken = snapshot(r, "orders", most=5)
    assert [entry.id for entry in taken.entries] == ["1-0", "2-0", "3-0", "4-0", "5-0"]
    assert all(entry.deleted for entry in taken.entries)
    assert (taken.length, taken.groups[0].pending, taken.groups[0].waiting) == (0, 15, 0)
    assert all(pending.deleted for pending in taken.groups[0].held)


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "hash"])
def test_another_type_is_one_sentence(r, kind):
    r.set("k", 1) if kind == "string" else None
    r.rpush("k", 1) if kind == "list" else None
    r.sadd("k", 1) if kind == "set" else None
    r.zadd("k", {"a": 1}) if kind == "zset" else None
    r.hset("k", "a", 1) if kind == "hash" else None
    with pytest.raises(NotAStream) as refused:
        snapshot(r, "k")
    assert str(refused.value) == f"'k' holds a {kind}, not a stream."
    assert refused.value._render_traceback_() == [f"NotAStream: 'k' holds a {kind}, not a stream."]


def test_what_is_not_utf8_is_shown_as_escapes(r):
    r.xadd("orders", {b"\xff\x00": b"caf\xc3\xa9 \xe9"}, id="1-0")
    r.xgroup_create("orders", b"g\xfe", id="0")
    with pytest.raises(UnicodeDecodeError):
        r.xreadgroup(b"g\xfe", b"c\xfd", {"orders": ">"}, count=1)
    taken = snapshot(r, "orders")
    [group] = taken.groups
    assert taken.entries[0].fields == {"\\xff\x00": "café \\xe9"}
    assert (group.name, group.consumers, group.held[0].consumer) == ("g\\xfe", (Consumer("c\\xfd", 1),), "c\\xfd")
    assert r.xlen("orders") == 1  # The client that could not read it is still good.


def test_a_client_of_bytes_gets_text(r):
    pool = r.connection_pool
    options = {**pool.connection_kwargs, "decode_responses": False}
    add(r, 2)
    reading = redis.Redis(connection_pool=redis.ConnectionPool(pool.connection_class, **options))
    taken = snapshot(reading, "orders")
    reading.connection_pool.disconnect()
    assert taken.entries == snapshot(r, "orders").entries


def test_nothing_is_written(empty):
    add(empty, 30)
    empty.xgroup_create("orders", "g", id="0")
    read(empty, "g", "c", 20)
    empty.xdel("orders", "3-0")
    raw = redis.Redis(
        connection_pool=redis.ConnectionPool(
            empty.connection_pool.connection_class,
            **{**empty.connection_pool.connection_kwargs, "decode_responses": False},
        )
    )
    before = raw.dump("orders")
    snapshot(empty, "orders")
    assert raw.dump("orders") == before
    raw.connection_pool.disconnect()


# --- While others work ---------------------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch):
    """Runs something between the first look and the second."""
    look = module._look

    def between(act):
        def act_and_look(r, *args):
            act()
            return look(r, *args)

        monkeypatch.setattr(module, "_look", act_and_look)

    return between


def test_the_stream_goes_meanwhile(r, meanwhile):
    add(r, 3)
    r.xgroup_create("orders", "g", id="0")
    meanwhile(lambda: r.delete("orders"))
    assert snapshot(r, "orders").exists is False


def test_the_key_becomes_a_string_meanwhile(r, meanwhile):
    add(r, 3)
    r.xgroup_create("orders", "g", id="0")
    meanwhile(lambda: r.set("orders", 1))
    assert snapshot(r, "orders").exists is False


def test_groups_come_and_go_meanwhile(r, meanwhile):
    add(r, 3)
    r.xgroup_create("orders", "going", id="0")
    r.xgroup_create("orders", "staying", id="0")

    def act():
        r.xgroup_destroy("orders", "going")
        r.xgroup_create("orders", "coming", id="0")

    meanwhile(act)
    assert [group.name for group in snapshot(r, "orders").groups] == ["staying"]


def test_a_read_and_an_entry_meanwhile(r, meanwhile):
    """The windows were asked around the old cursor; what is told is of the new one."""
    add(r, 40)
    r.xgroup_create("orders", "g", id="0")

    def act():
        read(r, "g", "c", 5)
        add(r, 1, first=41)

    meanwhile(act)
    taken = snapshot(r, "orders", most=6)
    [group] = taken.groups
    assert (group.cursor, group.pending, group.waiting, taken.length) == ("5-0", 5, 36, 41)
    for entry in taken.entries:
        assert state(group, entry) == ("pending" if as_numbers(entry.id) <= (5, 0) else "waiting")


@pytest.mark.parametrize(("begins", "reads", "waiting"), [("37-0", 1, 2), ("2-0", 1, 37)])
def test_a_read_meanwhile_near_an_end(r, meanwhile, begins, reads, waiting):
    add(r, 40)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", int(begins.split("-")[0]))
    meanwhile(lambda: read(r, "g", "c", reads))
    assert snapshot(r, "orders", most=6).groups[0].waiting == waiting


def test_what_is_not_permitted_is_said(empty):
    add(empty, 2)
    empty.xgroup_create("orders", "g", id="0")
    user = {"enabled": True, "nopass": True, "keys": ["*"], "commands": ["+@all", "-xpending"]}
    empty.acl_setuser("half", **user)
    url = f"unix://half:x@{empty.connection_pool.connection_kwargs['path']}"
    with (
        redis.Redis.from_url(url, decode_responses=True) as half,
        pytest.raises(redis.exceptions.ResponseError, match="xpending"),
    ):
        snapshot(half, "orders")
    empty.acl_deluser("half")


# --- A long stream -------------------------------------------------------------------------------------------------


def test_both_ends_and_where_something_happens(r):
    add(r, 1000)
    r.xgroup_create("orders", "g", id="499-0")
    read(r, "g", "c", 1)
    r.xgroup_create("orders", "late", id="0")
    r.xgroup_setid("orders", "late", "900-0")
    r.xclaim("orders", "late", "d", 0, ["777-0"], force=True)
    taken = snapshot(r, "orders")
    assert taken.length == 1000 and len(taken.entries) == 12
    ids = {entry.id for entry in taken.entries}
    assert {"1-0", "1000-0", "500-0", "501-0", "900-0", "901-0", "777-0"} <= ids
    for before, entry in pairwise(taken.entries):
        assert entry.skipped == (as_numbers(entry.id)[0] - as_numbers(before.id)[0] > 1)
    assert not taken.entries[0].skipped
    assert all(entry.fields == {"order_id": str(1000 + as_numbers(entry.id)[0])} for entry in taken.entries)


def test_each_consumer_is_shown_with_something_that_it_holds(r):
    add(r, 200)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "busy", 50)
    read(r, "g", "late", 1)
    read(r, "g", "busy", 99)
    r.xclaim("orders", "g", "busy", 0, ["40-0"])
    told = states(snapshot(r, "orders", most=10))
    assert told["51-0"] == "pending late" and told["40-0"] == "pending busy"


def test_a_twelfth_entry_is_shown_and_a_thirteenth_is_not(r):
    add(r, 12)
    assert [entry.id for entry in snapshot(r, "orders").entries] == [f"{n}-0" for n in range(1, 13)]
    add(r, 1, first=13)
    taken = snapshot(r, "orders")
    assert len(taken.entries) == 12 and sum(entry.skipped for entry in taken.entries) == 1


def test_most_is_at_least_both_ends(r):
    add(r, 5)
    assert [entry.id for entry in snapshot(r, "orders", most=0).entries] == ["1-0", "5-0"]


@pytest.mark.parametrize(
    ("cursor", "waiting"), [("0", 100), ("3-0", 97), ("50-0", None), ("97-0", 3), ("100-0", 0), ("$", 0)]
)
def test_waiting_is_counted_or_unknown_but_never_wrong(r, cursor, waiting):
    """A cursor in the middle that no read has put there: even the server does not know."""
    add(r, 100)
    r.xgroup_create("orders", "g", id=cursor)
    assert snapshot(r, "orders").groups[0].waiting == waiting


def test_waiting_is_the_lag_while_nothing_was_removed(r):
    add(r, 100)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 50)
    assert snapshot(r, "orders").groups[0].waiting == 50
    r.xtrim("orders", maxlen=99, approximate=False)
    assert snapshot(r, "orders").groups[0].waiting is None


def test_the_greatest_id_of_all(r):
    last = f"{2**64 - 1}-{2**64 - 1}"
    add(r, 20)
    r.xadd("orders", {"n": 1}, id=last)
    r.xgroup_create("orders", "g", id=last)
    taken = snapshot(r, "orders", most=4)
    assert taken.entries[-1].id == last and taken.groups[0].waiting == 0
    assert states(taken)[last] == "passed"


def test_more_pending_than_are_looked_at(r):
    add(r, 500)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 400)
    r.xack("orders", "g", "399-0")
    [group] = (taken := snapshot(r, "orders")).groups
    assert (group.pending, group.consumers) == (399, (Consumer("c", 399),))
    assert [pending.id for pending in group.held[:100]] == [f"{n}-0" for n in range(1, 101)]
    told = states(taken)
    assert told["400-0"] == "pending c" and told["399-0"] == "passed" and told["401-0"] == "waiting"


# --- Random histories ----------------------------------------------------------------------------------------------


@dataclass
class Model:
    """A stream and its groups, as the documentation describes them, without a thought for cost."""

    entries: dict[tuple, dict] = field(default_factory=dict)
    cursors: dict[str, tuple] = field(default_factory=dict)
    pending: dict[str, dict[tuple, list]] = field(default_factory=dict)  # group: id: [consumer, deliveries]
    last: int = 0

    def expected_state(self, group: str, entry_id: tuple) -> str:
        held, before = self.pending[group].get(entry_id), entry_id <= self.cursors[group]
        if held:
            return "again" if entry_id in self.entries and not before else "pending"
        if entry_id not in self.entries:
            return "gone"
        return "passed" if before else "waiting"


def play(r: redis.Redis, seed: int, steps: int = 60) -> Model:
    """Does the same random things to a real stream and to the model."""
    chance, model = random.Random(seed), Model()
    add_one(r, model, chance)
    for _ in range(steps):
        chance.choices(
            [add_one, delete, trim, create, set_cursor, deliver, deliver, acknowledge, claim, history, drop],
            [30, 5, 2, 6, 3, 15, 15, 12, 8, 3, 1],
        )[0](r, model, chance)
    return model


def add_one(r, model, chance):
    model.last += chance.randint(1, 3)
    entry_id, fields = (model.last, chance.randint(0, 2)), {"order_id": str(model.last)}
    r.xadd("orders", fields, id=as_text(entry_id))
    model.entries[entry_id] = fields


def delete(r, model, chance):
    gone = chance.sample(sorted(model.entries), min(len(model.entries), chance.randint(1, 3)))
    if gone:
        r.xdel("orders", *map(as_text, gone))
    for entry_id in gone:
        del model.entries[entry_id]


def trim(r, model, chance):
    keep = max(len(model.entries) - chance.randint(0, 3), 0)
    r.xtrim("orders", maxlen=keep, approximate=False)
    for entry_id in sorted(model.entries)[: len(model.entries) - keep]:
        del model.entries[entry_id]


def some_cursor(model, chance):
    return chance.choice([(0, 0), (model.last, 2), (chance.randint(0, model.last), chance.randint(0, 2))])


def create(r, model, chance):
    name = chance.choice("zyx")
    if name not in model.cursors:
        model.cursors[name], model.pending[name] = some_cursor(model, chance), {}
        r.xgroup_create("orders", name, id=as_text(model.cursors[name]))


def a_group(model, chance):
    return chance.choice(sorted(model.cursors)) if model.cursors else None


def set_cursor(r, model, chance):
    if name := a_group(model, chance):
        model.cursors[name] = some_cursor(model, chance)
        r.xgroup_setid("orders", name, as_text(model.cursors[name]))


def deliver(r, model, chance):
    if name := a_group(model, chance):
        consumer, count, noack = chance.choice("abc"), chance.randint(1, 4), chance.random() < 0.2
        r.xreadgroup(name, consumer, {"orders": ">"}, count=count, noack=noack)
        for entry_id in [i for i in sorted(model.entries) if i > model.cursors[name]][:count]:
            model.cursors[name] = entry_id
            if not noack:
                model.pending[name][entry_id] = [consumer, 1]


def acknowledge(r, model, chance):
    name = a_group(model, chance)
    if name and model.pending[name]:
        entry_id = chance.choice(sorted(model.pending[name]))
        r.xack("orders", name, as_text(entry_id))
        del model.pending[name][entry_id]


def claim(r, model, chance):
    name = a_group(model, chance)
    if name and model.pending[name]:
        entry_id, consumer, justid = chance.choice(sorted(model.pending[name])), chance.choice("abcd"), chance.random()
        r.xclaim("orders", name, consumer, 0, [as_text(entry_id)], justid=justid < 0.3)
        if entry_id in model.entries:
            model.pending[name][entry_id] = [consumer, model.pending[name][entry_id][1] + (justid >= 0.3)]
        else:  # A claim takes a deleted entry off the list.
            del model.pending[name][entry_id]


def history(r, model, chance):
    if name := a_group(model, chance):
        consumer = chance.choice("abc")
        r.xreadgroup(name, consumer, {"orders": "0"}, count=100)
        for entry_id, held in model.pending[name].items():
            held[1] += held[0] == consumer and entry_id in model.entries


def drop(r, model, chance):
    if name := a_group(model, chance):
        consumer = chance.choice("abc")
        r.xgroup_delconsumer("orders", name, consumer)
        model.pending[name] = {i: held for i, held in model.pending[name].items() if held[0] != consumer}


def assert_agrees(taken: Snapshot, model: Model, most: int, looked_at: int) -> None:
    shown = [as_numbers(entry.id) for entry in taken.entries]
    known = {*model.entries, *(entry_id for held in model.pending.values() for entry_id in held)}
    assert taken.length == len(model.entries)
    assert shown == sorted(set(shown)) and set(shown) <= known
    assert len(shown) == most if len(model.entries) > most else len(shown) <= most
    if len(known) <= most and len(known) <= looked_at:
        assert set(shown) == known
    ends = sorted(model.entries)
    assert set(ends[:1] + ends[-1:]) <= set(shown)
    for at, entry in enumerate(taken.entries):
        fields = model.entries.get(shown[at])
        assert (entry.fields, entry.deleted) == (fields or {}, fields is None)
        between = [i for i in model.entries if at and shown[at - 1] < i < shown[at]]
        assert entry.skipped == bool(between)
    assert [group.name for group in taken.groups] == sorted(model.cursors)
    for group in taken.groups:
        pending, waiting = model.pending[group.name], [i for i in model.entries if i > model.cursors[group.name]]
        assert as_numbers(group.cursor) == model.cursors[group.name]
        assert group.pending == len(pending)
        assert group.waiting in ([len(waiting)] if len(model.entries) <= most else [len(waiting), None])
        told = {as_numbers(p.id): [p.consumer, p.deliveries] for p in group.held}
        assert told == {i: pending[i] for i in told}
        assert {*sorted(pending)[:looked_at], *(pending.keys() & set(shown))} == told.keys()
        assert [p.deleted for p in group.held] == [as_numbers(p.id) not in model.entries for p in group.held]
        holding = {consumer: sum(held[0] == consumer for held in pending.values()) for consumer, _ in pending.values()}
        assert {c.name: c.pending for c in group.consumers if c.pending} == holding
        for entry in taken.entries:
            assert state(group, entry) == model.expected_state(group.name, as_numbers(entry.id))


@pytest.mark.parametrize("seed", range(40))
def test_random_histories(back_end, seed, monkeypatch):
    r = back_end()
    model = play(r, seed)
    for most in (100, 12, 5, 2):
        for looked_at in (100, 3):
            monkeypatch.setattr(module, "HELD", looked_at)
            assert_agrees(snapshot(r, "orders", most), model, most, looked_at)


def test_the_histories_meet_every_state():
    """Or the test above would prove less than it seems to."""
    met = set()
    for seed in range(40):
        model = play(backend.simulated(), seed)
        known = {*model.entries, *(entry_id for held in model.pending.values() for entry_id in held)}
        met |= {model.expected_state(group, entry_id) for group in model.cursors for entry_id in known}
    assert met == {"pending", "again", "waiting", "passed", "gone"}


# --- What it costs -------------------------------------------------------------------------------------------------


def commands(r: redis.Redis, act) -> int:
    """How many commands the server ran meanwhile, by its own count."""

    def count() -> int:
        ran = r.info("commandstats")
        return sum(row["calls"] for name, row in ran.items() if name not in ("cmdstat_info", "cmdstat_client|setinfo"))

    before = count()
    act()
    return count() - before


def test_commands_do_not_grow_with_the_stream(empty):
    costs, length = [], 0
    for size in (100, 1000, 10_000):
        add(empty, size - length, first=length + 1)
        length = size
        for group in ("a", "b"):
            empty.xgroup_destroy("orders", group)
            empty.xgroup_create("orders", group, id="0")
            read(empty, group, "c", size // 2)
        costs.append(commands(empty, lambda: snapshot(empty, "orders")))
    assert costs[0] > 10 and max(costs[1:]) == min(costs[1:])
    # 50 pending entries are all looked at; of more, the shown ones are asked for one by one.
    assert costs[0] <= costs[1] <= costs[0] + 2 * 12


def test_commands_grow_evenly_with_the_groups(empty):
    add(empty, 1000)
    costs = []
    for group in "abcdefgh":
        empty.xgroup_create("orders", group, id="0")
        costs.append(commands(empty, lambda: snapshot(empty, "orders")))
    steps = {more - fewer for fewer, more in pairwise(costs)}
    assert steps == {5}


def test_a_short_stream_takes_two_round_trips(empty, monkeypatch):
    """Each of them a MULTI: what is told of a group belongs together."""
    add(empty, 6)
    empty.xgroup_create("orders", "g", id="0")
    read(empty, "g", "c", 3)
    trips, send = [], redis.client.Pipeline.execute

    def record_and_send(pipe, **how):
        trips.append((len(pipe), pipe.transaction))
        return send(pipe, **how)

    monkeypatch.setattr(redis.client.Pipeline, "execute", record_and_send)
    snapshot(empty, "orders")
    assert [trip for trip in trips if trip[0]] == [(2, True), (9, True)]


@pytest.mark.parametrize("pending", [10, 5000])
def test_a_group_costs_a_bounded_number_of_commands(empty, pending):
    """The worst: every pending entry may have been deleted, and none of them is near an end or a cursor."""
    add(empty, 10_000)
    empty.xgroup_create("orders", "g", id="2000-0")
    read(empty, "g", "c", pending)
    empty.xgroup_setid("orders", "g", "9000-0")
    empty.xdel("orders", "8999-0")
    assert commands(empty, lambda: snapshot(empty, "orders")) <= 2 + 2 + 4 + 5 + 100 + 2 * 12
