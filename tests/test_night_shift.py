"""The night shift of 08: the mess is the same for a seed everywhere, the notebook's own repair solves it in any order,
other right ways pass as well, and each thing overlooked or broken gets its own hint."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import time
from collections.abc import Callable

import pytest
import redis

from helpers import backend
from helpers.checks.nb08 import FUTURE, STREAM_CHECKS, Night, night_shift, plan
from helpers.exercises import Unsolved, Wrong, check_stream
from helpers.snapshot import as_numbers
from notebooks import NOTEBOOKS, cells

KEY = "orders:night"
LEDGERS = tuple(KEY + suffix for suffix in ("", ":dead", ":charged", ":archived", ":shift"))

Step = Callable[[redis.Redis, Night], object]
Say = Callable[[], str]


def is_simulator(r: redis.Redis) -> bool:
    return "server" in r.connection_pool.connection_kwargs


def refuses_xsetid(r: redis.Redis) -> bool:
    """Whether this server keeps XSETID above an id that XDEL took."""
    return not is_simulator(r) and int(r.info("server")["redis_version"].split(".")[0]) >= 8


@pytest.fixture
def say(r, capsys) -> Say:
    """What the check's cell prints, which is one line and leaves everything as it is."""

    def say() -> str:
        capsys.readouterr()
        before = None if is_simulator(r) else [r.dump(key) for key in LEDGERS]
        check_stream("8.0", r, KEY)
        if before is not None:
            assert [r.dump(key) for key in LEDGERS] == before
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        return printed.strip()

    return say


# --- The repair of the notebook itself -------------------------------------------------------------------------------


def repair() -> dict[str, Callable]:
    """The functions of the folded repair, and those of section 7 that it uses."""
    [path] = NOTEBOOKS.glob("08_*.ipynb")
    found: dict = {}
    for cell in cells(path):
        if cell.kind == "code" and re.search(r"^def (?:move_entries|move_groups)\b", cell.source, re.M):
            exec(cell.source, found)
    [folded] = [cell.source for cell in cells(path) if cell.source.startswith("<details><summary>One way to do it")]
    [block] = re.findall(r"```python\n(.*?)```", folded, re.S)
    functions, _, calls = block.partition('\n\nfinish_what_the_dead_held(r, "orders:night")')
    assert calls, "the repair does not call what it defines"
    exec(functions, found)
    return found


REPAIR = repair()


def finish(r: redis.Redis, _: Night) -> None:
    REPAIR["finish_what_the_dead_held"](r, KEY)


def archive(r: redis.Redis, _: Night) -> None:
    REPAIR["help_archive"](r, KEY)


def back(r: redis.Redis, _: Night) -> None:
    REPAIR["bring_back_from_the_future"](r, KEY)


def names(r: redis.Redis, _: Night) -> None:
    REPAIR["remove_names"](r, KEY)


SENSIBLE = [(*steps, names) for steps in itertools.permutations((finish, archive, back))]
# The name of the dead goes last, or after what it held was finished; the reader of archive then leaves one behind.
SENSIBLE += [(finish, names, archive, back, names), (back, finish, names, archive, names)]


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_repair_of_the_notebook(r, say, seed):
    night_shift(r, seed)
    assert say() == "○ 8.0 not begun yet"
    for step in (finish, archive, back, names):
        step(r, plan(seed))
    assert say() == "✓ 8.0"


@pytest.mark.parametrize("steps", SENSIBLE, ids=lambda steps: "-".join(step.__name__ for step in steps))
def test_in_any_sensible_order(r, say, steps):
    for seed in (1, 2, 3, 4):
        night_shift(r, seed)
        for step in steps:
            assert say() != "✓ 8.0"
            step(r, plan(seed))
        assert say() == "✓ 8.0"


def test_many_seeds_on_the_simulator(capsys):
    """Every kind of night comes up, and the repair solves all of them."""
    r, kinds = backend.simulated(), set()
    for seed in range(200):
        night = plan(seed)
        night_shift(r, seed)
        for step in (back, finish, archive, names) if seed % 2 else (finish, archive, back, names):
            step(r, night)
        capsys.readouterr()
        check_stream("8.0", r, KEY)
        assert capsys.readouterr().out == "✓ 8.0\n", seed
        stray_is_charged = night.held[-2].order in night.charged
        kinds.add((night.buried, night.cursor.startswith(str(FUTURE)), stray_is_charged))
    assert len(kinds) == 8


def test_the_mess_is_the_same_everywhere(r, capsys):
    night_shift(r, 5)
    printed = capsys.readouterr().out
    other = backend.simulated()
    night_shift(other, 5)
    assert capsys.readouterr().out == printed
    assert r.hgetall(f"{KEY}:shift") == other.hgetall(f"{KEY}:shift")
    night_shift(other, 6)
    assert capsys.readouterr().out != printed
    assert r.hget(f"{KEY}:shift", "state") != other.hget(f"{KEY}:shift", "state")


def test_it_begins_again_whatever_was_done(r, say):
    night_shift(r, 1)
    state = r.hget(f"{KEY}:shift", "state")
    r.delete(KEY)
    r.xadd(f"{KEY}:new", {"left": "behind"})
    r.set(f"{KEY}:charged", "not a hash")
    night_shift(r, 1)
    assert r.hget(f"{KEY}:shift", "state") == state and not r.exists(f"{KEY}:new")
    assert say() == "○ 8.0 not begun yet"


def test_looking_is_no_beginning(r, say):
    night_shift(r, 1)
    r.xpending_range(KEY, "billing", "-", "+", 100)
    r.xinfo_stream(KEY, full=True)
    r.xrange(KEY)
    r.copy(KEY, f"{KEY}:new")
    assert say() == "○ 8.0 not begun yet"


def test_the_hand_over_is_true(r, capsys):
    for seed in range(1, 9):
        night_shift(r, seed)
        printed, night = capsys.readouterr().out, plan(seed)
        assert f"MAXLEN = {night.cap}\n" in printed
        assert set(r.xinfo_stream(KEY)) and r.xinfo_stream(KEY)["length"] == len(night.orders) - 1
        held = {row["message_id"]: row for row in r.xpending_range(KEY, "billing", "-", "+", 100)}
        assert {night.orders[row.order][0] for row in night.held} == set(held)
        for row in night.held:
            shown = held[night.orders[row.order][0]]
            assert (shown["consumer"], shown["times_delivered"]) == (row.consumer, row.deliveries)
            assert 0 <= shown["time_since_delivered"] - row.idle < 60_000
        assert not r.xrange(KEY, *[night.orders[night.cancelled][0]] * 2)
        doomed = [fields["order_id"] for _, fields in r.xrange(KEY)][: -night.cap]
        unread = [order for order in doomed if order not in night.archived]
        assert len(unread) >= 4 and night.working not in doomed
        uncharged = [order for order in night.batch if order not in (*night.charged, night.poison, night.cancelled)]
        half_done = [order for order in night.batch if order in night.charged]
        assert uncharged and half_done and night.held[0].deliveries == 5
        assert "finishes\n           what it read itself: what you claim for it, it never sees" in printed
        assert all(len(line) <= 116 for line in printed.splitlines())


# --- Other right ways ------------------------------------------------------------------------------------------------


def by_hand(r: redis.Redis, night: Night) -> None:
    """XAUTOCLAIM for what is old, entry by entry from the ledger, as one would type it."""
    _, entries, _ = r.xautoclaim(KEY, "billing", "eve", 3_600_000, "0", count=100)
    for entry_id, order in entries:
        if order["order_id"] == night.poison:
            if not night.buried:
                r.xadd(f"{KEY}:dead", {**order, "from": KEY, "id": entry_id})
        elif not r.hexists(f"{KEY}:charged", order["order_id"]):
            r.hincrby(f"{KEY}:charged", order["order_id"], 1)
        r.xack(KEY, "billing", entry_id)


def only_what_is_doomed(r: redis.Redis, night: Night) -> None:
    """Archive reads no further than the trim will reach; the rest is for its own consumer."""
    doomed = [order for order in [f["order_id"] for _, f in r.xrange(KEY)][: -night.cap] if order not in night.archived]
    [[_, entries]] = r.xreadgroup("archive", "archive-1", {KEY: ">"}, count=len(doomed))
    r.sadd(f"{KEY}:archived", *[fields["order_id"] for _, fields in entries])
    r.xack(KEY, "archive", *[entry_id for entry_id, _ in entries])


def in_place(r: redis.Redis, night: Night) -> None:
    """XDEL, XSETID and new ids in the same stream, as 7.0 lets one do."""
    late = [(entry_id, fields) for entry_id, fields in r.xrange(KEY, f"{FUTURE}-0")]
    r.xdel(KEY, *[entry_id for entry_id, _ in late])
    [(last, _)] = r.xrevrange(KEY, count=1)
    r.execute_command("XSETID", KEY, last)
    moved = {entry_id: r.xadd(KEY, fields) for entry_id, fields in late}
    for row in r.xinfo_groups(KEY):
        cursor = row["last-delivered-id"]
        if as_numbers(cursor) >= (FUTURE, 0):
            r.xgroup_setid(KEY, row["name"], moved[cursor])


def read_again(r: redis.Redis, night: Night) -> None:
    """A new stream with billing's cursor before all that was late; then what is charged is read and acknowledged."""
    back(r, night)
    if read_late(night):
        last = [i for i, fields in r.xrange(KEY) if fields["order_id"] not in night.late][-1]
        r.xgroup_setid(KEY, "billing", last)
    while reply := r.xreadgroup("billing", "eve", {KEY: ">"}, count=1):
        [[_, [(entry_id, order)]]] = reply
        if not r.hexists(f"{KEY}:charged", order["order_id"]):
            r.hincrby(f"{KEY}:charged", order["order_id"], 1)
        r.xack(KEY, "billing", entry_id)


def all_done_then_new(r: redis.Redis, night: Night) -> None:
    """Everything late is finished in both groups and leaves the stream; the rest moves."""
    cursor = next(row["last-delivered-id"] for row in r.xinfo_groups(KEY) if row["name"] == "billing")
    for _, order in r.xrange(KEY, f"({cursor}"):
        r.hincrby(f"{KEY}:charged", order["order_id"], 1)
    r.xgroup_setid(KEY, "billing", "$")
    archive(r, night)
    r.xdel(KEY, *[entry_id for entry_id, _ in r.xrange(KEY, f"{FUTURE}-0")])
    back(r, night)


OTHER_WAYS = {
    "by hand": (by_hand, archive, back, names),
    "only what is doomed": (only_what_is_doomed, finish, back, names),
    "in place": (in_place, finish, archive, names),
    "read again": (finish, read_again, archive, names),
    "all done, then a new stream": (finish, all_done_then_new, names),
    "the trim at six, early": (
        finish,
        archive,
        lambda r, night: r.xtrim(KEY, maxlen=night.cap, approximate=False),
        back,
        names,
    ),
    "poison deleted as well": (
        finish,
        archive,
        lambda r, night: r.xdel(KEY, night.orders[night.poison][0]),
        back,
        names,
    ),
    "a trial that is taken away": (
        only_what_is_doomed,
        finish,
        back,
        names,
        lambda r, _: r.xdel(KEY, r.xadd(KEY, {"order_id": "3000"})),
    ),
}


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_another_right_way(r, say, way):
    if way == "in place" and refuses_xsetid(r):
        night_shift(r, 1)
        with pytest.raises(redis.ResponseError, match="max_deleted_entry_id"):
            in_place(r, plan(1))
        return
    for seed in (1, 2, 3, 4, 5, 6):
        night_shift(r, seed)
        for step in OTHER_WAYS[way]:
            step(r, plan(seed))
        assert say() == "✓ 8.0", seed


# --- Overlooked, and broken ------------------------------------------------------------------------------------------


def charge_all(r: redis.Redis, night: Night) -> None:
    """Finishes what the dead held without a look at the ledger."""
    for row in r.xpending_range(KEY, "billing", "-", "+", 100):
        for _, order in r.xclaim(KEY, "billing", "night", 3_600_000, [row["message_id"]]):
            if order["price"].isdigit():
                r.hincrby(f"{KEY}:charged", order["order_id"], 1)
                r.xack(KEY, "billing", row["message_id"])


def charge_the_working(r: redis.Redis, night: Night) -> None:
    finish(r, night)
    r.hincrby(f"{KEY}:charged", night.working, 1)


def claim_the_working(r: redis.Redis, night: Night) -> None:
    finish(r, night)
    r.xclaim(KEY, "billing", "night", 0, [night.orders[night.working][0]])


def ack_the_working(r: redis.Redis, night: Night) -> None:
    finish(r, night)
    r.xack(KEY, "billing", night.orders[night.working][0])


def drop(group: str, name: str | None = None) -> Step:
    def drop(r: redis.Redis, night: Night) -> None:
        r.xgroup_delconsumer(KEY, group, name or night.dead)

    return drop


def ack_everything(r: redis.Redis, night: Night) -> None:
    for row in night.held:
        if row.order != night.working:
            r.xack(KEY, "billing", night.orders[row.order][0])


def charge_without_ack(r: redis.Redis, night: Night) -> None:
    for row in night.held:
        if row.order not in (night.poison, night.cancelled, night.working):
            r.hset(f"{KEY}:charged", row.order, 1)


def do_charged_only(r: redis.Redis, night: Night) -> None:
    """Acknowledges what the ledger has, and leaves the rest."""
    for row in night.held:
        if row.order in night.charged:
            r.xack(KEY, "billing", night.orders[row.order][0])


def finish_but(what: str) -> Step:
    """Finishes all but the poison order, or but the deleted one."""

    def finish_but(r: redis.Redis, night: Night) -> None:
        for row in night.held:
            if row.order in (night.working, night.poison, night.cancelled):
                continue
            r.hset(f"{KEY}:charged", row.order, 1)
            r.xack(KEY, "billing", night.orders[row.order][0])
        entry_id, order = night.orders[night.poison]
        if what == "deleted" and not night.buried:
            r.xadd(f"{KEY}:dead", order)
        if what in ("deleted", "dropped"):
            r.xack(KEY, "billing", entry_id)
        if what == "buried twice":
            r.xadd(f"{KEY}:dead", order)
            r.xadd(f"{KEY}:dead", order)
            r.xack(KEY, "billing", entry_id)
        if what == "buried, pending" and not night.buried:
            r.xadd(f"{KEY}:dead", order)
        if what == "without fields" and not night.buried:
            r.xadd(f"{KEY}:dead", {"order_id": night.poison})

    return finish_but


def bury_the_batch(r: redis.Redis, night: Night) -> None:
    for row in r.xpending_range(KEY, "billing", "-", "+", 100):
        if row["times_delivered"] >= 5:
            for _, order in r.xclaim(KEY, "billing", "night", 0, [row["message_id"]]):
                r.xadd(f"{KEY}:dead", order)
            r.xack(KEY, "billing", row["message_id"])


def empty_the_letters(r: redis.Redis, night: Night) -> None:
    finish(r, night)
    r.xtrim(f"{KEY}:dead", maxlen=1, approximate=False)
    if r.xrange(f"{KEY}:dead")[0][1].get("order_id") != night.poison:
        r.xtrim(f"{KEY}:dead", maxlen=0, approximate=False)


def new_stream_without_groups(r: redis.Redis, night: Night) -> None:
    REPAIR["move_entries"](r, KEY, f"{KEY}:new", int(time.time() * 1000))
    r.rename(f"{KEY}:new", KEY)


def new_groups(start: str) -> Step:
    def new_groups(r: redis.Redis, night: Night) -> None:
        new_stream_without_groups(r, night)
        for group, living in (("billing", "billing-1"), ("archive", "archive-1")):
            r.xgroup_create(KEY, group, id=start)
            r.xgroup_createconsumer(KEY, group, living)
        [entry_id] = [i for i, fields in r.xrange(KEY) if fields["order_id"] == night.working]
        r.xclaim(KEY, "billing", "billing-1", 0, [entry_id], force=True)

    return new_groups


def delete_the_late(r: redis.Redis, night: Night) -> None:
    r.xdel(KEY, *[night.orders[order][0] for order in night.late])


def forget_the_late(r: redis.Redis, night: Night) -> None:
    delete_the_late(r, night)
    back(r, night)


def late_twice(r: redis.Redis, night: Night) -> None:
    for order in night.late:
        r.xadd(KEY, night.orders[order][1])


def cursor_to(start: str, group: str) -> Step:
    def cursor_to(r: redis.Redis, night: Night) -> None:
        r.xgroup_setid(KEY, group, start)

    return cursor_to


def read_and_leave(group: str, count: int) -> Step:
    def read_and_leave(r: redis.Redis, night: Night) -> None:
        r.xreadgroup(group, "night", {KEY: ">"}, count=count)

    return read_and_leave


def archive_without_ack(r: redis.Redis, night: Night) -> None:
    for _, fields in r.xreadgroup("archive", "night", {KEY: ">"})[0][1]:
        r.sadd(f"{KEY}:archived", fields["order_id"])


def delete_the_poison(r: redis.Redis, night: Night) -> None:
    r.xdel(KEY, night.orders[night.poison][0])


def poison_not_noted(r: redis.Redis, night: Night) -> None:
    """Reads for archive, and passes over the order that has no price."""
    for entry_id, fields in r.xreadgroup("archive", "archive-1", {KEY: ">"})[0][1]:
        if fields["order_id"] != night.poison:
            r.sadd(f"{KEY}:archived", fields["order_id"])
        r.xack(KEY, "archive", entry_id)


def poison_left_in_archive(r: redis.Redis, night: Night) -> None:
    for entry_id, fields in r.xreadgroup("archive", "archive-1", {KEY: ">"})[0][1]:
        if fields["order_id"] != night.poison:
            r.sadd(f"{KEY}:archived", fields["order_id"])
            r.xack(KEY, "archive", entry_id)


def late_without_price(r: redis.Redis, night: Night) -> None:
    """In a new stream, as the notebook does it, but for what the late ones say."""
    now = int(time.time() * 1000)
    moved = {}
    for entry_id, fields in r.xrange(KEY):
        late = fields["order_id"] in night.late
        some = {"order_id": fields["order_id"]} if late else fields
        moved[entry_id] = r.xadd(f"{KEY}:new", some, id="*" if late else entry_id)
    REPAIR["move_groups"](r, KEY, f"{KEY}:new", moved, now)
    r.rename(f"{KEY}:new", KEY)


def trial(r: redis.Redis, _: Night) -> None:
    r.xadd(KEY, {"order_id": "3000", "product": "test", "price": "1"})


def trim(r: redis.Redis, night: Night) -> None:
    r.xtrim(KEY, maxlen=night.cap, approximate=False)


def read_late(night: Night) -> bool:
    return night.cursor.startswith(str(FUTURE))


def forget_future_cursor(r: redis.Redis, night: Night) -> None:
    """XDEL and XSETID and new ids, and the group that was already there is forgotten; 7.0 only."""
    late = r.xrange(KEY, f"{FUTURE}-0")
    r.xdel(KEY, *[entry_id for entry_id, _ in late])
    [(last, _)] = r.xrevrange(KEY, count=1)
    r.execute_command("XSETID", KEY, last)
    for _, fields in late:
        r.xadd(KEY, fields)
        r.hset(f"{KEY}:charged", fields["order_id"], 1)


def take_back(*orders: str) -> Step:
    def take_back(r: redis.Redis, night: Night) -> None:
        for word in orders:
            order = getattr(night, word)
            r.hset(f"{KEY}:charged", order, 1)

    return take_back


OVERLOOKED: dict[str, tuple[tuple[Step, ...], str]] = {
    "nothing but archive": ((archive,), "and not charged: nobody else will finish it"),
    "charged orders acknowledged, the others left": ((do_charged_only,), "and not charged: nobody else will finish it"),
    "handed to the living": (
        (
            lambda r, night: r.xautoclaim(KEY, "billing", "billing-1", 3_600_000, "0", count=100),
            do_charged_only,
        ),
        "does not know that it holds this one",
    ),
    "charged, not acknowledged": ((charge_without_ack,), "is charged, and still pending with"),
    "charged twice": ((charge_all,), "charged 2 times. It had been charged when its consumer died"),
    "charged twice by oneself": (
        (finish, lambda r, night: r.hincrby(f"{KEY}:charged", night.charged[0], 1)),
        "was charged 2 times",
    ),
    "poison charged": ((take_back("poison"),), "is noted as charged, and it has no price"),
    "cancelled charged": ((take_back("cancelled"),), "was cancelled, and its customer was charged"),
    "the living one's order charged": ((charge_the_working,), "is alive and at work on it: it will charge it as well"),
    "the living one's order claimed": ((claim_the_working,), "now it is pending with night"),
    "the living one's order acknowledged": ((ack_the_working,), "now it is pending with nobody"),
    "a living consumer deleted": ((drop("billing", "billing-1"),), "its name is gone from the group billing, with"),
    "archive's consumer deleted": ((drop("archive", "archive-1"),), "its name is gone from the group archive. Only"),
    "DELCONSUMER lost entries": ((drop("billing"),), "XGROUP DELCONSUMER answers how many it threw away"),
    "acknowledged, never charged": ((ack_everything,), "was acknowledged, and orders:night:charged says that"),
    "poison left pending": ((finish_but("poison"),), "The hand-over says where such an order goes"),
    "poison buried and pending": ((finish_but("buried, pending"),), "the next rescuer tries it again"),
    "poison dropped": ((finish_but("dropped"),), "was dropped: it is not pending any more"),
    "poison buried twice": ((finish_but("buried twice"),), "times among the dead letters, and should be there once"),
    "poison without its fields": ((finish_but("without fields"),), "needs all fields of the order"),
    "healthy neighbours buried": ((bury_the_batch,), "it was delivered often because it was read together with"),
    "an old dead letter gone": ((empty_the_letters,), "which lay there before your shift, is gone"),
    "deleted entry still pending": ((finish_but("deleted"),), "it was deleted, and XDEL acknowledges nothing"),
    "still in the future": ((finish, archive), "gets an id after 99999999999999-"),
    "the late ones deleted, not the id": (
        (finish, archive, lambda r, n: [r.hset(f"{KEY}:charged", order, 1) for order in n.late], delete_the_late),
        "The stream remembers the highest id that it ever had",
    ),
    "the cursor still in the future": ((finish, forget_future_cursor), "the cursor of billing stands at"),
    "the late ones lost": ((finish, archive, forget_the_late), "it needs a new id, not an end"),
    "the late ones twice": ((finish, archive, late_twice), "(lies after the cursor of billing|is in the stream twice)"),
    "groups forgotten": ((finish, archive, new_stream_without_groups), "the group billing is gone"),
    "groups at $": ((finish, archive, new_groups("$")), "and now the group's cursor"),
    "groups at 0": ((finish, archive, new_groups("0")), "what is done has to be before the cursor. .XGROUP SETID"),
    "billing set back": ((finish, cursor_to("0", "billing")), "will be given it and charge it again"),
    "billing set forward": ((finish, cursor_to("$", "billing")), "was waiting for billing, and now the group's cursor"),
    "billing read on, and left": ((finish, read_and_leave("billing", 1)), "pending with night and not charged"),
    "the slow group forgotten": ((finish, back), "takes order .*, and archive has not read it yet"),
    "the slow group skipped": ((finish, back, cursor_to("$", "archive")), "the group skipped it"),
    "read for archive and left": ((finish, back, read_and_leave("archive", 20)), "was read for archive and is pending"),
    "poison deleted before archive had it": (
        (finish, delete_the_poison, back),
        "archive had noted it. .*That it cannot be charged",
    ),
    "poison acknowledged in archive, not noted": (
        (finish, poison_not_noted, back),
        "or it was acknowledged without SADD orders:night:archived. .That it cannot be charged is billing's business",
    ),
    "poison left pending in archive": (
        (finish, poison_left_in_archive, back),
        "and it is not archived: SADD, then XACK. .That it cannot be charged",
    ),
    "the late ones without their fields": (
        (finish, archive, late_without_price, names),
        "A new entry needs all fields of the old one",
    ),
    "a trial of one's own": ((finish, archive, back, names, trial), "so it is a trial of yours"),
    "a trial that was read": (
        (trial, finish, archive, back, lambda r, _: r.xreadgroup("billing", "night", {KEY: ">"})),
        "would take it for an order. XDEL, and XACK where a group has read it",
    ),
    "a trial beside what is not doomed": (
        (only_what_is_doomed, finish, back, names, trial),
        "left in the stream, .'order_id': '3000'",
    ),
    "archive without XACK": ((finish, back, archive_without_ack), "is archived, and still pending in archive"),
    "trimmed too early": ((finish, back, trim), "it was deleted or trimmed before archive had noted it"),
    "trimmed before billing": ((trim,), "its entry is gone from the stream: trimmed, deleted, or"),
    "leaking names": ((finish, archive, back), "which is a process that is gone"),
    "one's own name": (
        (finish, archive, back, names, lambda r, _: r.xgroup_createconsumer(KEY, "archive", "night")),
        "has the name night, which is nobody who will read tomorrow",
    ),
    "the stream deleted": ((lambda r, _: r.delete(KEY),), "is gone, and its groups with it. Begin again: night_shift"),
}


def doomed_and_open(night: Night) -> list[str]:
    kept = [order for order in night.orders if order != night.cancelled]
    return [
        order for order in night.batch if order in kept[: -night.cap] and order not in (*night.charged, night.poison)
    ]


def nights(case: str) -> list[int]:
    """Seeds in whose night the mistake can be made."""
    if case == "the cursor still in the future":
        return [seed for seed in range(1, 30) if read_late(plan(seed))][:3]
    if case in ("poison left pending", "poison dropped", "poison without its fields"):
        return [seed for seed in range(1, 30) if not plan(seed).buried][:3]
    if case == "trimmed before billing":
        return [seed for seed in range(1, 30) if doomed_and_open(plan(seed))][:3]
    return [1, 2, 3, 4]


@pytest.mark.parametrize("case", OVERLOOKED)
def test_what_is_overlooked_gets_its_own_hint(r, say, case):
    if case == "the cursor still in the future" and refuses_xsetid(r):
        assert "in place" in OTHER_WAYS  # There the server refuses that way of repair.
        return
    steps, hint = OVERLOOKED[case]
    for seed in nights(case):
        night_shift(r, seed)
        for step in steps:
            step(r, plan(seed))
        line = say()
        assert line.startswith("✗ 8.0 ") and re.search(hint, line), (seed, line)


def test_what_is_called_right_is_right(capsys):
    """Random repairs and mistakes, one after the other; each order is counted here in another way than by the check."""
    r, dice, right = backend.simulated(), random.Random(8), 0
    mistakes = [step for steps, _ in OVERLOOKED.values() for step in steps]
    repairs = [finish, archive, back, names, by_hand, in_place, only_what_is_doomed]
    for _ in range(600):
        night = plan(seed := dice.randint(1, 40))
        night_shift(r, seed)
        for step in dice.choices(mistakes + 10 * repairs, k=dice.randint(3, 9)):
            with contextlib.suppress(redis.RedisError, KeyError, IndexError, ValueError):
                step(r, night)
        try:
            STREAM_CHECKS["8.0"](r, KEY)
        except (Wrong, Unsolved):
            continue
        right += 1
        charged, entries = r.hgetall(f"{KEY}:charged"), r.xrange(KEY)
        cursors = {row["name"]: as_numbers(row["last-delivered-id"]) for row in r.xinfo_groups(KEY)}
        waiting = [fields["order_id"] for i, fields in entries if as_numbers(i) > cursors["billing"]]
        assert sorted([*charged, *waiting, night.working]) == sorted(night.healthy) and set(charged.values()) == {"1"}
        assert r.xpending(KEY, "billing")["pending"] == 1 and r.xpending(KEY, "archive")["pending"] == 0
        safe = [f["order_id"] for i, f in entries[-night.cap :] if as_numbers(i) > cursors["archive"]]
        assert {*r.smembers(f"{KEY}:archived"), *safe} >= {*night.healthy, night.poison}
        assert all(fields.items() >= night.orders[fields["order_id"]][1].items() for _, fields in entries)
    assert right >= 5


def test_hints_differ():
    """No two mistakes share the sentence that is looked for, but for those of one kind."""
    hints = [hint for _, hint in OVERLOOKED.values()]
    assert len(set(hints)) >= len(hints) - 1


def test_damage_can_be_made_good(r, say):
    """What the hints offer works: give the money back, revive what was thrown away."""
    night_shift(r, 1)
    night = plan(1)
    r.xgroup_delconsumer(KEY, "billing", "billing-1")
    r.xgroup_createconsumer(KEY, "billing", "billing-1")
    r.xclaim(KEY, "billing", "billing-1", 0, [night.orders[night.working][0]], force=True)
    charge_all(r, night)
    for order in night.charged:
        r.hset(f"{KEY}:charged", order, 1)
    for step in (finish, archive, back, names):
        step(r, night)
    assert say() == "✓ 8.0"


def test_no_night_yet(r, say):
    assert "night_shift(r) begins one" in say()


def test_another_type_is_one_sentence(r, say):
    night_shift(r, 1)
    r.set(KEY, "not a stream")
    assert say().startswith("✗ 8.0 ")


def test_a_check_is_quick(r, say):
    night_shift(r, 1)
    began = time.monotonic()
    say()
    assert time.monotonic() - began < 1
