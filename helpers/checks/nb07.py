"""Checks of 07 Retention."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import redis

from helpers.exercises import Lab, Raised, show

KEY = "orders"
HOUR = 3_600_000  # ms
DAY = 24 * HOUR
NOW = 1_700_000_000_000

After = Callable[[int], None]  # is told the number of the step that has just been done
Why = Callable[[Exception], str]  # the hint that belongs to an exception of the answer, if there is one


def as_numbers(entry_id: str) -> tuple[int, int]:
    ms, number = entry_id.split("-")
    return int(ms), int(number)


def _listed(ids: Iterable[str]) -> str:
    ids = list(ids)
    if len(ids) < 7:
        return ", ".join(ids) or "nothing"
    return f"{len(ids)} orders, from {ids[0]} to {ids[-1]}"


def _counted(number: int) -> str:
    return f"{number} order{'' if number == 1 else 's'}"


def _text(word: Any) -> str:
    return word.decode(errors="replace") if isinstance(word, bytes) else str(word)


def _minid(command: tuple) -> tuple[int, int] | None:
    """The id after MINID, as Redis completes it."""
    words = [word for word in command[command.index("MINID") + 1 :] if word not in "=~"] if "MINID" in command else []
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", words[0]) if words else None
    return (int(match[1]), int(match[2] or 0)) if match else None


def _busy_ids(count: int, each: int) -> list[str]:
    """Ids like those of a busy server, `each` in a millisecond."""
    return [f"{NOW + n // each}-{n % each}" for n in range(count)]


class _Stream:
    """A stream of orders, what the answer sent to it, and what it was before the answer was called.

    A step of the answer is a command, or a transaction as a whole; of other pipelines each command is a step of its
    own, because others come between them.
    """

    def __init__(self, lab: Lab, ids: Iterable[str] = (), after: After | None = None, key: str = KEY) -> None:
        self.lab, self.key, self.r = lab, key, lab.redis()
        self.other = lab.another(self.r)  # whose commands are not told
        self.sent: list[tuple] = []
        self.drops: list[tuple[int, list[tuple]]] = []  # how many orders went in a step, and its commands
        self.steps, self.pipelined = 0, False
        self.added: list[str] = []
        self._after = after
        make_pipeline = self.r.pipeline
        self.r.execute_command = self._alone(self.r.execute_command)
        self.r.pipeline = lambda *args, **options: self._watched(make_pipeline(*args, **options))
        self.fill((entry_id, {"order_id": str(1000 + n)}) for n, entry_id in enumerate(ids, start=1))

    # What the answer does.

    def call(self, *args: Any, why: Why = lambda error: "") -> Any:
        """Calls the answer with client, key and `args`."""
        try:
            returned = self.lab.call(self.r, self.key, *args)
        except Raised as raised:
            self._took_another_key()
            error = raised.error
            script = re.search(r"unknown command '((?:EVAL|SCRIPT|FCALL|FUNCTION)\w*)", str(error))
            if script:
                raise self.lab.wrong(
                    f"sent {script[1]}. A script would do on a server, but the simulator runs no scripts: try it "
                    "without one."
                ) from None
            hint = why(error)
            if not hint:
                raise
            raise self.lab.wrong(f"raised {type(error).__name__}: {show(str(error), 120)}. {hint}") from None
        self._took_another_key()
        return returned

    def _took_another_key(self) -> None:
        if self.key != KEY and any(KEY in command for command in self.sent):
            raise self.lab.wrong(f"asked for the key {KEY!r}; which stream is meant, only its parameter key says.")

    def _step(self, commands: list[tuple], run: Callable, *args: Any, **options: Any) -> Any:
        self.sent += commands
        drops = any(command[0] in ("XTRIM", "XDEL") for command in commands)
        before = self._length() if drops else 0
        try:
            return run(*args, **options)
        finally:
            if drops:
                self.drops.append((before - self._length(), commands))
            self.steps += 1
            if self._after is not None:
                self._after(self.steps)

    def _alone(self, run: Callable) -> Callable:
        return lambda *args, **options: self._step([_words(args)], run, *args, **options)

    def _watched(self, pipe: redis.client.Pipeline) -> redis.client.Pipeline:
        transaction, others = pipe._execute_transaction, pipe._execute_pipeline

        def at_once(connection: Any, commands: list, raise_on_error: bool) -> list:
            names = [_words(args) for args, _ in commands]
            return self._step(names, transaction, connection, commands, raise_on_error)

        def one_by_one(connection: Any, commands: list, raise_on_error: bool) -> list:
            self.pipelined, answers = True, []
            for command in commands:
                answers += self._step([_words(command[0])], others, connection, [command], False)
            if raise_on_error:
                pipe.raise_first_error(commands, answers)
            return answers

        pipe._execute_transaction, pipe._execute_pipeline = at_once, one_by_one
        pipe.immediate_execute_command = self._alone(pipe.immediate_execute_command)
        return pipe

    def used(self, *words: str) -> bool:
        """Whether some command had all these words."""
        return any(set(words) <= set(map(str.upper, command)) for command in self.sent)

    def used_about(self) -> bool:
        """Whether it trimmed by whole nodes."""
        return any("~" in command for command in self.sent if command[0] in ("XTRIM", "XADD"))

    def minids(self) -> list[tuple[int, int]]:
        return [minid for minid in map(_minid, self.sent) if minid is not None]

    def between(self) -> str:
        """What to say about a pipeline where somebody came between two commands."""
        if not self.pipelined:
            return ""
        return " pipeline(transaction=False) saves round trips; others' commands still come between its own."

    # What the shop and its workers do.

    def add(self, entry_id: str, fields: dict) -> None:
        self.fill([(entry_id, fields)])

    def fill(self, entries: Iterable[tuple[str, dict]]) -> None:
        with self.other.pipeline(transaction=False) as pipe:
            for entry_id, fields in entries:
                pipe.xadd(self.key, fields, id=entry_id)
                self.added.append(entry_id)
            pipe.execute()

    def group(self, name: str, begin: str = "0") -> None:
        self.other.xgroup_create(self.key, name, id=begin)

    def read(self, group: str, count: int, worker: str = "ada") -> list[str]:
        reply = self.other.xreadgroup(group, worker, {self.key: ">"}, count=count)
        return [entry_id for _, entries in reply for entry_id, _ in entries]

    def finish(self, group: str, *ids: str) -> None:
        if ids:
            self.other.xack(self.key, group, *ids)

    # What there is.

    def ids(self) -> list[str]:
        return [entry_id for entry_id, _ in self.other.xrange(self.key)]

    def groups(self) -> dict[str, tuple[str, list[tuple[str, str]]]]:
        """Group: its cursor, and (id, consumer) of what is pending."""
        return {row["name"]: (row["last-delivered-id"], self.pending(row["name"])) for row in self.group_rows()}

    def pending(self, group: str) -> list[tuple[str, str]]:
        return [(row["message_id"], row["consumer"]) for row in self.pending_rows(group)]

    def pending_rows(self, group: str) -> list[dict]:
        return self.other.xpending_range(self.key, group, "-", "+", 10_000)

    def group_rows(self) -> list[dict]:
        return self.other.xinfo_groups(self.key) if self.other.exists(self.key) else []

    def nodes(self) -> int:
        try:
            return self.other.xinfo_stream(self.key)["radix-tree-keys"]
        except redis.ResponseError:  # The answer has deleted the stream.
            return 0

    def same_entries(self, entries: list) -> bool:
        """Whether what is left are entries of before, with their fields."""
        before = dict(entries)
        return all(before.get(entry_id) == fields for entry_id, fields in self.other.xrange(self.key))

    def _length(self) -> int:
        try:
            return self.other.xlen(self.key)
        except redis.ResponseError:
            return 0


def _words(args: tuple) -> tuple:
    return (*_text(args[0]).upper().split(), *map(_text, args[1:]))


def _in_every_gap(scenario: Callable[[int], bool]) -> None:
    """Calls `scenario` for each of the first steps of the answer, until it says that there was no such step."""
    for number in range(1, 25):
        if not scenario(number):
            return


# --- 7.1 ----------------------------------------------------------------------------------------------------


def keep_a_day(lab: Lab) -> None:
    border = [f"{DAY - 1}-0", f"{DAY - 1}-7", f"{DAY}-0", f"{DAY}-1", f"{DAY + 1}-0"]
    early = [f"{n * HOUR}-0" for n in range(10, 20)]
    late = [f"{n * HOUR}-0" for n in range(30, 40)]
    _day(lab, 2 * DAY, early + border + late)
    _day(lab, 2 * DAY, border)
    _day(lab, NOW, [f"{NOW - n * 5 * HOUR}-0" for n in range(60, 1, -1)])
    _day(lab, NOW, [f"{NOW - n * HOUR}-{n}" for n in range(23, 0, -3)])
    _day(lab, NOW, [f"{NOW - DAY - n}-0" for n in range(350, 0, -1)])
    _day(lab, 2 * DAY + 250, [f"{DAY + n}-0" for n in (-5, 0, 120, 249, 250, 400)], key="orders:berlin")
    _day_of_no_stream(lab)


def _day(lab: Lab, now: int, ids: list[str], key: str = KEY) -> None:
    stream = _Stream(lab, ids, key=key)
    stream.group("shipping")
    stream.read("shipping", 2)
    entries, groups = stream.other.xrange(key), stream.groups()
    returned = stream.call(now, why=_why_no_day)
    cut = now - DAY
    young = [entry_id for entry_id in ids if as_numbers(entry_id)[0] >= cut]
    left = stream.ids()
    if not stream.other.exists(key) or stream.groups() != groups:
        raise lab.wrong(
            "changed the group shipping, or took it along: its cursor and pending entries should be what they were. "
            "A stream that has become empty is still there, with its groups."
        )
    if left != young:
        raise lab.wrong(_what_a_day_is(stream, now, ids, young, left))
    if not stream.same_entries(entries):
        raise lab.wrong("changed the fields of orders that stay.")
    if returned != len(ids) - len(young) or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)}, and it dropped {_counted(len(ids) - len(young))}.")


def _why_no_day(error: Exception) -> str:
    return "What if nothing is that old?" if "wrong number of arguments" in str(error) else ""


def _what_a_day_is(stream: _Stream, now: int, ids: list[str], young: list[str], left: list[str]) -> str:
    old_left = [entry_id for entry_id in left if entry_id not in young]
    if set(left) - set(ids):
        return f"added {_listed(sorted(set(left) - set(ids)))}; nothing is to be added."
    if old_left:
        oldest = f"the oldest left should be {young[0] if young else 'none'}"
        return f"left {_listed(old_left)}, older than a day; {oldest}. {_why_too_old(stream, now, ids, old_left, left)}"
    gone = [entry_id for entry_id in young if entry_id not in left]
    if not left and as_numbers(ids[-1])[0] < now + DAY and any(ms > now + DAY for ms, _ in stream.minids()):
        return "dropped all orders. The present moment is now_ms; the clock of this machine may say something else."
    border = [entry_id for entry_id in gone if as_numbers(entry_id)[0] == now - DAY]
    age = "exactly a day old, which stays" if border == gone else "younger than a day"
    return f"dropped {_listed(gone)}, {age}. {_why_too_young(stream, now - DAY, gone, border)}"


UNIT = "In which unit do ids count, and how many of these has a day?"
BY_COUNT = "Trim by id, not by count: look at MINID."
ABOUT = "~ works in whole nodes, and redis-py means it unless it is told otherwise."


def _why_too_old(stream: _Stream, now: int, ids: list[str], old_left: list[str], left: list[str]) -> str:
    if stream.used_about():
        return ABOUT
    if stream.used("MAXLEN"):
        return BY_COUNT
    if any(command[0] in ("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT") for command in stream.sent):
        return "An expiry knows no orders: when its time comes, the whole stream goes, with its groups."
    too_early = now - DAY - stream.minids()[-1][0] if stream.minids() else 0
    if 0 < too_early < 10:
        return f"MINID is {too_early} ms early: which id is the first that is kept?"
    if 0 < too_early < HOUR:
        return f"MINID is {too_early} ms early: is the moment rounded to whole seconds, minutes or hours?"
    last = as_numbers(ids[-1])[0]
    if (
        left == [entry_id for entry_id in ids if as_numbers(entry_id)[0] >= last - DAY] != ids
        or too_early == now - last
    ):
        return "A day back from now_ms, not from the last order: a stream may have had none for hours."
    went = len(ids) - len(left)
    if stream.used("XDEL") and went and not went % 10:
        return f"{went} went, and {len(old_left)} more are too old: was that one page of many?"
    return UNIT


def _why_too_young(stream: _Stream, cut: int, gone: list[str], border: list[str]) -> str:
    if stream.used("MAXLEN"):
        return BY_COUNT
    if stream.minids():
        return "The id in MINID is the first that is kept." if border == gone else UNIT
    if border == gone:
        return (
            "An end without a sequence means the last id of its millisecond, and ( leaves out that one alone: which "
            "id is the first to stay?"
        )
    if all(entry_id < str(cut) for entry_id in gone):
        return f"As text, {gone[0].split('-')[0]} is less than {cut}: ids are numbers."
    return UNIT


def _day_of_no_stream(lab: Lab) -> None:
    stream = _Stream(lab)
    returned = stream.call(2 * DAY, why=lambda error: "A missing stream is no error here.")
    if stream.other.exists(KEY):
        raise lab.wrong("created a stream where there was none.")
    if returned != 0 or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)} where there was no stream; nothing was dropped, so it should be 0.")


# --- 7.2 ----------------------------------------------------------------------------------------------------


def trim_done(lab: Lab) -> None:
    for scene in (
        _one_group_has_finished_some,
        _one_group_is_behind,
        _one_is_being_worked_on,
        _all_was_delivered,
        _one_has_read_nothing,
        _one_began_late,
        _ids_of_one_millisecond,
        _ids_of_one_and_two_digits,
        _two_groups_in_one_millisecond,
        _a_cursor_was_set_back,
        _other_names,
        _all_is_finished,
        _no_group,
        _nothing_yet,
        _many_are_finished,
    ):
        stream, needed, hint = scene(lab)
        _trim(stream, needed, hint)
    for event in EVENTS:
        _in_every_gap(lambda number, event=event: _trim_meanwhile(lab, event, number))


Scene = tuple[_Stream, str | None, str]  # the first id that is needed (None: none is), and what it is about

NO_CURSOR = "A group that has delivered up to an id needs what comes after it, and not the entry itself."


def _numbered(first: int, last: int) -> list[str]:
    return [f"{n}-0" for n in range(first, last + 1)]


def _one_group_has_finished_some(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 5))
    return stream, "6-0", "The group mail has read 1-0 to 5-0 and reported them."


def _one_group_is_behind(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    for group, count in (("billing", 7), ("mail", 3), ("shipping", 6)):
        stream.group(group)
        stream.finish(group, *stream.read(group, count))
    return (
        stream,
        "4-0",
        "Of three groups, mail is the slowest: it has read and reported 1-0 to 3-0. Look at all groups.",
    )


def _one_is_being_worked_on(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    for group, count in (("billing", 7), ("shipping", 6)):
        stream.group(group)
        stream.finish(group, *[entry_id for entry_id in stream.read(group, count) if entry_id != "3-0"])
    stream.finish("billing", "3-0")
    return (
        stream,
        "3-0",
        ("The cursors are at 7-0 and 6-0, and 3-0 is still pending in shipping: somebody is working on it."),
    )


def _all_was_delivered(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 8))
    stream.group("shipping")
    stream.finish("shipping", *[entry_id for entry_id in stream.read("shipping", 8) if entry_id not in ("5-0", "7-0")])
    return stream, "5-0", "Both groups have lag 0, and 5-0 and 7-0 are pending in shipping. A lag does not count them."


def _one_has_read_nothing(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    stream.group("fraud")
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 8))
    return stream, "1-0", "The group fraud began at 0 and has read nothing yet: it needs all of them."


def _one_began_late(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 6))
    stream.group("fraud", begin="4-0")
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 6))
    return stream, "5-0", "The group fraud was created at 4-0 and has read nothing: it will never ask for 1-0 to 4-0."


def _ids_of_one_millisecond(lab: Lab) -> Scene:
    stream = _Stream(lab, ["5-0", "5-1", "5-2", "5-3", "6-0"])
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 2))
    return stream, "5-2", "mail has read 5-0 and 5-1, and the next order has the same millisecond."


def _ids_of_one_and_two_digits(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(7, 14))
    for group, count in (("billing", 6), ("mail", 2)):
        stream.group(group)
        stream.finish(group, *stream.read(group, count))
    return stream, "9-0", "billing has finished up to 12-0 and mail up to 8-0. As text, 8-0 would be more than 12-0."


def _all_is_finished(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 4))
    for group in ("billing", "mail"):
        stream.group(group)
        stream.finish(group, *stream.read(group, 4))
    return stream, None, "Both groups have read and reported all four."


def _no_group(lab: Lab) -> Scene:
    return _Stream(lab, _numbered(1, 4)), "1-0", "The stream has no group, and so nobody is known to be done with it."


def _two_groups_in_one_millisecond(lab: Lab) -> Scene:
    stream = _Stream(lab, [f"5-{n}" for n in range(14)])
    for group, count in (("billing", 11), ("mail", 9)):
        stream.group(group)
        stream.finish(group, *stream.read(group, count))
    return (
        stream,
        "5-9",
        "billing has finished up to 5-10 and mail up to 5-8. An id is two numbers, no fraction: 5-9 is before 5-10.",
    )


def _a_cursor_was_set_back(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 9))
    stream.group("mail")
    stream.finish("mail", *[entry_id for entry_id in stream.read("mail", 8) if entry_id != "7-0"])
    stream.other.xgroup_setid(KEY, "mail", "3-0")
    return (
        stream,
        "4-0",
        "The cursor of mail was set back to 3-0, while 7-0 is pending: which orders will it be given once more?",
    )


def _other_names(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8), key="orders:berlin")
    for group, count in (("Lager 2", 6), ("parcels", 5)):
        stream.group(group)
        stream.finish(group, *[entry_id for entry_id in stream.read(group, count) if entry_id != "5-0"])
    stream.finish("Lager 2", "5-0")
    return stream, "5-0", "In orders:berlin, the groups are Lager 2 and parcels, and 5-0 is pending in parcels."


def _many_are_finished(lab: Lab) -> Scene:
    stream = _Stream(lab, ids := _busy_ids(1020, 40))
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 1000))
    return stream, ids[1000], "mail has finished 1000 of 1020 orders, 40 in each millisecond."


def _nothing_yet(lab: Lab) -> Scene:
    stream = _Stream(lab)
    stream.other.xgroup_create(KEY, "mail", id="0", mkstream=True)
    return stream, None, "The stream is empty, with one group."


def _trim(stream: _Stream, needed: str | None, scene: str) -> None:
    lab, before, groups = stream.lab, stream.other.xrange(stream.key), stream.groups()
    returned = stream.call(why=lambda error: scene)
    if not stream.other.exists(stream.key) or stream.groups() != groups:
        raise lab.wrong(f"changed cursors or pending lists, or took the groups along; it should trim only. {scene}")
    ids = [entry_id for entry_id, _ in before]
    keep = [entry_id for entry_id in ids if needed and as_numbers(entry_id) >= as_numbers(needed)]
    left = stream.ids()
    if left != keep:
        raise lab.wrong(_trimmed_wrongly(stream, ids, keep, left, scene))
    if returned != len(ids) - len(keep) or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)}, and it dropped {_counted(len(ids) - len(keep))}. {scene}")


def _trimmed_wrongly(stream: _Stream, ids: list[str], keep: list[str], left: list[str], scene: str) -> str:
    lost = [entry_id for entry_id in keep if entry_id not in left]
    if lost:
        return f"dropped {_listed(lost)}, still needed. {scene}{_about_counts(stream)}"
    kept = [entry_id for entry_id in left if entry_id not in keep]
    what = f"left {_listed(kept)}, needed by nobody. {scene}"
    if stream.used_about():
        return f"{what} {ABOUT}"
    bare = [command for command in stream.sent if _minid(command) and not any("-" in w for w in command[3:])]
    if bare and len(kept) < 41:
        ms = _minid(bare[-1])[0]
        return f"{what} MINID {ms} is {ms}-0: an id has a second number."
    went = len(ids) - len(left)
    if went and not went % 10:
        return f"{what} {went} went: was that one page of many?"
    if ids[: len(ids) - len(keep)][-1:] == kept:
        return f"{what} {NO_CURSOR}"
    return what


def _about_counts(stream: _Stream) -> str:
    if not stream.used("MAXLEN"):
        return ""
    if stream.used("XLEN"):
        return " XLEN and MAXLEN count entries; which of them are needed, only ids can say."
    return " MAXLEN keeps the newest, and what is pending has gaps: their number does not say where the first one is."


@dataclass(frozen=True)
class _Event:
    """What happens between two commands of the answer, on a stream of 1-0 to 9-0."""

    groups: tuple[tuple[str, int, int], ...]  # name, how many it has read, and how many of these it has finished
    happens: Callable[[_Stream], Any]
    scene: str
    hint: Callable[[_Stream], str]  # what to think of when a needed order was dropped


def _why_read(stream: _Stream) -> str:
    return (
        "When you looked at the pending list they were not on it yet, and afterwards the cursor was past them: which "
        "of the two to read first?"
    )


def _why_added(stream: _Stream) -> str:
    if stream.used("MAXLEN"):
        return "MAXLEN came after it: a number of entries to keep is out of date by then, an id is not."
    return "When you looked at the groups it was not there yet; which id was the last was asked for after that."


def _why_reported(stream: _Stream) -> str:
    return (
        "XINFO GROUPS said that one was pending, and by the time that you looked none was. Is there nothing else "
        "that mail needs?"
    )


EVENTS = (
    _Event(
        (("billing", 9, 9), ("shipping", 1, 1)),
        lambda stream: stream.read("shipping", 3),
        "Ada read 2-0 to 4-0 for shipping between two of your commands.",
        _why_read,
    ),
    _Event(
        (("billing", 9, 9), ("shipping", 9, 9)),
        lambda stream: stream.add("10-0", {"order_id": "1010"}),
        "The shop added 10-0 between two of your commands.",
        _why_added,
    ),
    _Event(
        (("mail", 3, 2), ("shipping", 9, 9)),
        lambda stream: stream.finish("mail", "3-0"),
        "mail had read 1-0 to 3-0, and reported 3-0, its last pending one, between two of your commands.",
        _why_reported,
    ),
)


def _trim_meanwhile(lab: Lab, event: _Event, number: int) -> bool:
    """Lets `event` happen after so many steps of the answer; whether there were so many."""
    stream = _Stream(lab, _numbered(1, 9), lambda step: event.happens(stream) if step == number else None)
    for group, read, finished in event.groups:
        stream.group(group)
        stream.finish(group, *stream.read(group, read)[:finished])
    needed = _needed(stream)
    returned = stream.call(why=lambda error: f"{event.scene} What you were told first may have changed since.")
    left, wanted = stream.ids(), _needed(stream)
    lost = [entry_id for entry_id in stream.added if entry_id in wanted and entry_id not in left]
    if lost:
        what = f"dropped {_listed(lost)}, still needed. {event.scene}"
        raise lab.wrong(f"{what} {event.hint(stream)}{stream.between()}")
    first = min(map(as_numbers, needed), default=(10, 0))
    kept = [entry_id for entry_id in left if as_numbers(entry_id) < first]
    if kept:
        raise lab.wrong(f"left {_listed(kept)}, needed by nobody even before. {event.scene}")
    if left != stream.added[len(stream.added) - len(left) :]:
        raise lab.wrong(f"left {_listed(left)}, with gaps: orders go from the old end only. {event.scene}")
    went = len(stream.added) - len(left)
    if returned != went or isinstance(returned, bool):
        raise lab.wrong(
            f"returned {show(returned)}, and it dropped {_counted(went)}. {event.scene} A difference of two lengths "
            "takes what came for what stayed: who knows how many went?"
        )
    return stream.steps >= number


def _needed(stream: _Stream) -> set[str]:
    """What some group still needs, whether it is there or not."""
    needed = set()
    for cursor, held in stream.groups().values():
        needed |= {entry_id for entry_id, _ in held}
        needed |= {entry_id for entry_id in stream.added if as_numbers(entry_id) > as_numbers(cursor)}
    return needed


# --- 7.3 ----------------------------------------------------------------------------------------------------

NODE = 4000  # bytes that each node of the stream takes, by the memory() of this check


class _NothingGoes(BaseException):
    """No Exception, which an answer might catch."""


class _Memory:
    """memory() of the exercise: what the stream takes, whatever is deleted inside of its nodes."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._idle, self._length = 0, -1

    def __call__(self) -> int:
        length = self._stream.other.xlen(self._stream.key)
        self._idle = self._idle + 1 if length == self._length else 0
        if self._idle == 200:
            raise _NothingGoes
        self._length = length
        self._stream.sent.append(("MEMORY",))
        return NODE * self._stream.nodes()

    def __repr__(self) -> str:
        return "memory"


Orders = list[tuple[str, str]]  # ids and notes


def _each(ages: Iterable[int], note: str = "") -> Orders:
    return [(f"{NOW - age}-0", note) for age in ages]


def keep_within(lab: Lab) -> None:
    minute, large = 60_000, "x" * 900
    _within(lab, 7, 1_000_000, _each(n * 3 * HOUR for n in range(99, -1, -1)), "All of a week fits.")
    border = _each(2 * DAY - n for n in (-2, -1, 0, 1, 2))
    _within(lab, 2, 1_000_000, border, "All that is young enough fits.")
    minutes = _each(n * minute for n in range(500, 0, -1))
    scene = "The last two days are 500 small orders, {nodes} nodes: too many for the budget."
    _within(lab, 2, 4 * NODE, minutes, scene)
    scene = "Every second of the 400 orders was deleted by XDEL before, which freed none of the {nodes} nodes."
    _within(lab, 2, 3 * NODE, minutes[:400], scene, deleted=range(0, 400, 2))
    growing = _each(n * minute for n in range(240, 40, -1)) + _each((n * minute for n in range(40, 0, -1)), large)
    scene = "The oldest 200 orders are small, the newest 40 large, {nodes} nodes: no mean is right for both."
    _within(lab, 2, 6 * NODE, growing, scene)
    both = _each(n * 10 * minute for n in range(400, 0, -1))
    _within(lab, 1, NODE, both, "Some were too old, and the rest too many for the budget.")
    scene = "The 300 orders take {memory} bytes, which is the budget, and not more."
    _within(lab, 2, 3 * NODE, minutes[-300:], scene)
    old = _each(2 * DAY + n * minute for n in range(200, 0, -1))
    scene = "200 orders were too old, and without them the other 150 fit."
    _within(lab, 2, 2 * NODE, old + minutes[-150:], scene)
    shrinking = _each((n * minute for n in range(360, 300, -1)), large) + minutes[-300:]
    scene = "The oldest 60 orders are large, the newest 300 small, {nodes} nodes."
    _within(lab, 2, 10 * NODE, shrinking, scene)
    moment = [(f"{NOW - 2 * DAY + 1000}-{n}", "") for n in range(300)]
    scene = "The oldest 300 of 600 orders share a millisecond, and all take one node too many."
    _within(lab, 2, 6 * NODE, old[-99:] + moment + minutes[-300:], scene, key="orders:berlin")
    _within(lab, 2, NODE - 1, _each([minute], large), "Even the only order there is takes more than the budget.")


def _within(
    lab: Lab, days: int, budget: int, orders: Orders, scene: str, deleted: Iterable[int] = (), key: str = KEY
) -> None:
    stream = _filled(lab, orders, deleted, key)
    taken = NODE * stream.nodes()
    scene = scene.format(nodes=stream.nodes(), memory=taken)
    before, cut = stream.other.xrange(key), NOW - days * DAY
    young = [entry_id for entry_id, _ in before if as_numbers(entry_id)[0] >= cut]
    needed = _drops_needed(stream, cut, budget) if taken > budget else 0
    try:
        returned = stream.call(NOW, days, budget, _Memory(stream), why=_why_not_within)
    except _NothingGoes:
        raise lab.wrong(
            f"asked memory() again and again, and nothing went in between; {_counted(len(stream.ids()))} "
            f"stayed all the while. {scene} May the last one stay?"
        ) from None
    left = stream.ids()
    dropped = len(young) - len(left)
    if not stream.same_entries(before):
        raise lab.wrong("added orders, or changed some; those that stay are left as they were.")
    old = [entry_id for entry_id in left if as_numbers(entry_id)[0] < cut]
    if old:
        raise lab.wrong(f"left {_listed(old)}, older than {days} days. {_why_too_few(stream, before, days)}")
    if left and left == young[: len(left)] != young[-len(left) :]:
        raise lab.wrong(f"left the oldest {len(left)} of {len(young)} orders. {scene} Which are to go first?")
    if left != young[len(young) - len(left) :]:
        raise lab.wrong(
            f"left {len(left)} of {len(young)} orders, with gaps between them. {scene} The oldest are to go first; and "
            "what XDEL takes out of the middle of a node frees nothing."
        )
    if NODE * stream.nodes() > budget:
        raise lab.wrong(
            f"left {_counted(len(left))}, {NODE * stream.nodes()} bytes in all, and the budget is {budget}. {scene} "
            "Names, ids, nodes and tombstones take room too, so drop some, ask memory() again, and go on."
        )
    if dropped > (needed + 100 if needed else 0):
        would_do = "where 0 would do" if not needed else f"where {needed} would do, and 100 more are allowed"
        gone = f"dropped {_counted(dropped)} that {'was' if dropped == 1 else 'were'} young enough, {would_do}."
        raise lab.wrong(f"{gone} {scene} {_why_too_many(stream, cut, dropped, needed, taken > budget)}")
    if returned != dropped or isinstance(returned, bool):
        were = "order was dropped although it was" if dropped == 1 else "orders were dropped although they were"
        hint = _why_miscounted(stream, returned, dropped, len(before) - len(young))
        raise lab.wrong(f"returned {show(returned)}, and {dropped} {were} young enough. {scene} {hint}")


def _why_not_within(error: Exception) -> str:
    if "MAXLEN argument must be" in str(error):
        return "What if there are fewer orders left than you want to drop?"
    if isinstance(error, IndexError) or "wrong number of arguments" in str(error):
        return "What if there are none, or none left?"
    return ""


def _filled(lab: Lab, orders: Orders, deleted: Iterable[int], key: str) -> _Stream:
    stream = _Stream(lab, key=key)
    stream.fill((entry_id, {"order_id": str(100_000 + n), "note": note}) for n, (entry_id, note) in enumerate(orders))
    if deleted:
        stream.other.xdel(key, *[orders[n][0] for n in deleted])
    return stream


def _why_too_few(stream: _Stream, before: list, days: int) -> str:
    if stream.used_about():
        return "~ is not exact, and is what redis-py means unless it is told otherwise."
    if len(stream.ids()) == len(before) and not stream.used("MINID"):
        return "The first rule holds although all of it fits in the budget."
    if any(ms == NOW - 7 * DAY for ms, _ in stream.minids()):
        return f"days is {days} here, and not always 7."
    return UNIT


def _why_too_many(stream: _Stream, cut: int, dropped: int, needed: int, was_too_large: bool) -> str:
    if needed:
        return _why_too_large_a_step(stream, cut)
    if any(minid > (cut, 0) for minid in stream.minids()[:1]):
        return "An order of exactly so many days stays." if dropped == 1 else UNIT
    if was_too_large:
        return "What does memory() say once the first rule is done?"
    first = next((n for n, command in enumerate(stream.sent) if _drops_by_number(command)), len(stream.sent))
    if ("MEMORY",) not in stream.sent[:first]:
        return "It fitted already: ask before you drop."
    return "Within the budget, only age counts: when is it more than the budget?"


def _drops_by_number(command: tuple) -> bool:
    return command[0] == "XDEL" or (command[0] == "XTRIM" and "MAXLEN" in command)


def _why_too_large_a_step(stream: _Stream, cut: int) -> str:
    by_id = [(number, commands) for number, commands in stream.drops if any(map(_minid, commands))]
    second_rule = [
        (number, (number, commands) in by_id)
        for number, commands in stream.drops
        if not any((minid := _minid(command)) and minid <= (cut, 0) for command in commands)
    ]
    most, was_by_id = max(second_rule, default=(0, False))
    if was_by_id and most > 100:
        return f"One step by MINID dropped {most}: how many orders share a millisecond, or an hour, no id can say."
    also = f" One of your steps dropped {most}." if most > 100 else ""
    return f"Drop at most 100 at a time, and ask memory() after each step.{also}"


def _why_miscounted(stream: _Stream, returned: Any, dropped: int, old: int) -> str:
    if old and returned == dropped + old:
        return "Those that were too old do not count."
    steps = [number for number, _ in stream.drops]
    if len(steps) > 1 and returned == steps[-1]:
        return "That is what the last step dropped: what is the sum of all?"
    if isinstance(returned, int) and returned > dropped:
        return "A step may drop fewer than it asks for, when there are no more: the answer to XTRIM says how many."
    return "Count what the second rule drops, and that alone."


def _drops_needed(stream: _Stream, cut: int, budget: int) -> int:
    """How many orders that are young enough have to go, or up to nine more: tried on a copy."""
    copy = f"{stream.key}:copy"
    stream.other.copy(stream.key, copy)
    stream.other.xtrim(copy, minid=cut, approximate=False)
    needed, length = 0, stream.other.xlen(copy)
    while NODE * stream.other.xinfo_stream(copy)["radix-tree-keys"] > budget:
        needed += 10
        stream.other.xtrim(copy, maxlen=max(0, length - needed), approximate=False)
    stream.other.delete(copy)
    return min(needed, length)


# --- 7.4 ----------------------------------------------------------------------------------------------------

CUSTOMERS = ("c-1", "c-17", "c-170", "c-17", None, "c-17", "C-17", "c-17", "c-1")
THEIRS = ["2-0", "4-0", "6-0", "8-0"]  # of c-17


def forget(lab: Lab) -> None:
    _forget(_customers(lab))
    _forget(_with_groups(_customers(lab), "fraud", "mail", "shipping"))
    _forget(_with_groups(_customers(lab, key="orders:berlin"), "Lager 2", "parcels", "post"))
    _forget_a_stranger(lab)
    _in_every_gap(lambda number: _forget_while_ada_reads(lab, number))
    _forget(_a_long_stream(lab))


def _customers(lab: Lab, after: After | None = None, key: str = KEY) -> _Stream:
    """Nine orders, of which 2-0, 4-0, 6-0 and 8-0 are those of c-17."""
    stream = _Stream(lab, after=after, key=key)
    for n, customer in enumerate(CUSTOMERS, start=1):
        order = {"order_id": str(1000 + n), "product": "c-17" if n == 1 else "laptop"}
        stream.add(f"{n}-0", order | ({"customer": customer} if customer else {}))
    return stream


def _with_groups(stream: _Stream, nothing: str, all_of_it: str, some: str) -> _Stream:
    for group, count in ((nothing, 0), (all_of_it, 9), (some, 5)):
        stream.group(group)
        if count:
            stream.read(group, count - 1)
            stream.read(group, 1, worker="bob")
    stream.finish(some, "1-0", "2-0")
    return stream


def _a_long_stream(lab: Lab) -> _Stream:
    """420 orders, 30 in each millisecond, two of three of c-17, and all of them pending."""
    stream = _Stream(lab)
    stream.fill(
        (entry_id, {"order_id": str(1000 + n), "customer": "c-17" if n % 3 != 1 else "c-170"})
        for n, entry_id in enumerate(_busy_ids(420, 30))
    )
    for group in ("mail", "shipping"):
        stream.group(group)
        stream.read(group, 420)
    return stream


def _forget(stream: _Stream) -> None:
    lab, before, lists = stream.lab, stream.other.xrange(stream.key), stream.groups()
    theirs = [entry_id for entry_id, fields in before if fields.get("customer") == "c-17"]
    returned = _call_forget(stream, "c-17")
    _only_theirs_are_gone(stream, before)
    _lists_are_clean(stream, lists, theirs)
    if isinstance(returned, (list, tuple)) and list(returned) == theirs:
        return
    if isinstance(returned, (list, tuple)) and all(isinstance(entry_id, str) for entry_id in returned):
        if sorted(returned) == sorted(theirs):
            first = list(returned)[:3]
            raise lab.wrong(f"returned {show(first)} first; oldest first, that is {theirs[:3]}. Ids are no text.")
        if len(set(returned)) < len(returned) and set(returned) == set(theirs):
            twice = next(entry_id for entry_id in returned if list(returned).count(entry_id) > 1)
            raise lab.wrong(
                f"returned {len(returned)} ids, and c-17 has {_counted(len(theirs))}: {twice} is in it twice. Does a "
                "page begin with what the one before it ended with?"
            )
    raise lab.wrong(f"returned {show(returned)}; it should return the ids of c-17's orders, {_listed(theirs)}.")


def _call_forget(stream: _Stream, customer: str) -> Any:
    def why(error: Exception) -> str:
        if isinstance(error, KeyError):
            return "One order has no field customer."
        if "equal or smaller" in str(error):
            return "An id is never used twice, even when its entry is deleted; and nothing is to be added."
        return "What if the customer has no orders?" if "wrong number of arguments" in str(error) else ""

    return stream.call(customer, why=why)


def _only_theirs_are_gone(stream: _Stream, before: list) -> None:
    lab, left = stream.lab, stream.other.xrange(stream.key)
    others = [entry for entry in before if entry[1].get("customer") != "c-17"]
    gone = [entry for entry in others if entry not in left]
    if gone and stream.used("XTRIM"):
        ids = [entry_id for entry_id, _ in gone]
        raise lab.wrong(f"dropped {_listed(ids)} of others, too: XTRIM drops everything before an id.")
    still = [entry_id for entry_id, fields in left if fields.get("customer") == "c-17"]
    if still:
        raise lab.wrong(f"left {_listed(still)} in the stream, orders of c-17.{_why_still(before, still)}")
    added = [entry_id for entry_id, fields in left if (entry_id, fields) not in others]
    if added:
        raise lab.wrong(
            f"left {_listed(added)} in the stream, not an entry of before. Nothing is to be added or rewritten: a new "
            "entry has a new id, and is delivered to everybody."
        )
    if gone:
        entry_id, customer = gone[0][0], gone[0][1].get("customer", "")
        if re.search("c-17", customer, re.IGNORECASE):
            raise lab.wrong(f"deleted {entry_id}, which is an order of {customer}, and that is another customer.")
        raise lab.wrong(f"deleted {entry_id}, which is not an order of c-17; it is the field customer that counts.")


def _why_still(before: list, still: list[str]) -> str:
    theirs = [entry_id for entry_id, fields in before if fields.get("customer") == "c-17"]
    if len(theirs) < 10 or still == theirs:
        return ""
    scene = f" Of {len(before)} orders, 30 in each millisecond, {len(theirs)} are theirs."
    if still == theirs[-len(still) :]:
        return f"{scene} Was one page read, and are there more?"
    return f"{scene} What lies between the end of a page and the begin of the next?"


def _lists_are_clean(stream: _Stream, before: dict, theirs: list[str]) -> None:
    lab, after = stream.lab, stream.groups()
    if set(after) != set(before):
        raise lab.wrong(f"left the groups {sorted(after)}, where {sorted(before)} were; all of them stay.")
    for group, (cursor, held) in before.items():
        now_at, now_held = after[group]
        ghosts = [entry_id for entry_id, _ in now_held if entry_id in theirs]
        if ghosts:
            raise lab.wrong(f"left {_listed(ghosts)} on the pending list of {group}{_why_ghosts(stream, group)}")
        if now_held != [row for row in held if row[0] not in theirs]:
            raise lab.wrong(
                f"changed what is pending in {group} beside c-17's orders; the others are still being handled."
            )
        if now_at != cursor:
            raise lab.wrong(
                f"moved the cursor of {group} from {cursor} to {now_at}: nothing has to be delivered for this."
            )


def _why_ghosts(stream: _Stream, group: str) -> str:
    if stream.used("XACK", group.upper()):
        return ", and reported others of theirs: was only a part of the list asked for?"
    if stream.used("XACK"):
        return ": there are several groups, and each has a list of its own."
    return (
        ": XDEL does not acknowledge, and a group does not forget what was deleted. Its worker gets an id without an "
        "order."
    )


def _forget_a_stranger(lab: Lab) -> None:
    stream = _customers(lab)
    stream.group("mail")
    stream.read("mail", 9)
    before, lists = stream.other.xrange(KEY), stream.groups()
    returned = _call_forget(stream, "c-99")
    if stream.other.xrange(KEY) != before or stream.groups() != lists:
        raise lab.wrong("changed something, and c-99 has no orders here.")
    if not isinstance(returned, (list, tuple)) or list(returned):
        raise lab.wrong(f"returned {show(returned)}, and c-99 has no orders here: it should return [].")


def _forget_while_ada_reads(lab: Lab, number: int) -> bool:
    stream = _customers(lab, lambda step: stream.read("mail", 9) if step == number else None)
    stream.group("mail")
    stream.group("shipping")
    stream.read("shipping", 9)
    before = stream.other.xrange(KEY)
    _call_forget(stream, "c-17")
    _only_theirs_are_gone(stream, before)
    ghosts = [entry_id for entry_id, _ in stream.pending("mail") if entry_id in THEIRS]
    if ghosts:
        raise lab.wrong(
            f"left {_listed(ghosts)} on the pending list of mail: Ada read them between two of your commands, after "
            "you had looked at the list. What is in the stream can be handed out at any moment: what has to go "
            f"first?{stream.between()}"
        )
    return stream.steps >= number


# --- 7.5 ----------------------------------------------------------------------------------------------------


def lost(lab: Lab) -> None:
    for orders, keep, read, open_ids, scene in (
        (40, 10, 30, (), "40 were added, 30 of them handled, and then the stream was trimmed to 10."),
        (40, 40, 30, (29, 30), "40 were added and all are there; 28 were handled, two are pending, ten are new."),
        (60, 20, 0, (), "60 were added, and the stream was trimmed to 20 before the group had read anything."),
        (60, 20, 10, (), "60 were added, ten handled, and then the stream was trimmed to 20."),
        (30, 8, 30, (21, 25), "30 were added and read, 28 handled; then the stream was trimmed to 23-0 to 30-0."),
        (9, 0, 9, (2,), "Nine were added and read, eight handled; then the stream was emptied."),
    ):
        _books(lab, orders, keep, read, open_ids, scene)
    _books_of_a_slow_group(lab)
    _books_of_another_name(lab)
    _books_of_two_workers(lab)


def _with_other_groups(
    lab: Lab, fill: Callable[[_Stream], None], key: str = KEY, group: str = "mail", others: int = 5
) -> _Stream:
    """What the first other group has read last is pending there, and in the stream."""
    stream = _Stream(lab, key=key)
    for name in ("billing", group, "zero"):
        stream.other.xgroup_create(key, name, id="0", mkstream=True)
    fill(stream)
    stream.read("billing", others)
    return stream


def _books(lab: Lab, orders: int, keep: int, read: int, open_ids: Iterable[int], scene: str) -> None:
    """The group mail has read so many, and reported all but `open_ids`, before the stream is trimmed to `keep`."""
    still_open = [f"{n}-0" for n in open_ids]

    def fill(stream: _Stream) -> None:
        stream.fill((entry_id, {"order_id": "1001"}) for entry_id in _numbered(1, orders))
        ids = stream.read("mail", read) if read else []
        stream.finish("mail", *[entry_id for entry_id in ids if entry_id not in still_open])
        stream.other.xtrim(KEY, maxlen=keep, approximate=False)

    stream = _with_other_groups(lab, fill)
    gone_open = [entry_id for entry_id in still_open if entry_id not in stream.ids()]
    gone_new = max(0, orders - keep - read)
    _balance(stream, read - len(still_open), gone_new + len(gone_open), scene)


def _books_of_a_slow_group(lab: Lab) -> None:
    """What is trimmed between two reads: lag and entries-read of 7.0 know nothing of it."""

    def fill(stream: _Stream) -> None:
        for n in range(1, 91):
            stream.add(f"{n}-0", {"order_id": "1001"})
            if n % 10 == 0:
                stream.other.xtrim(KEY, maxlen=12, approximate=False)
            if n % 30 == 0:
                stream.finish("mail", *stream.read("mail", 4))

    stream = _with_other_groups(lab, fill)
    _balance(stream, 12, 70, "Of 90, twelve were handled between trims, and eight are waiting.")


def _books_of_another_name(lab: Lab) -> None:
    def fill(stream: _Stream) -> None:
        stream.fill((entry_id, {"order_id": "1001"}) for entry_id in _numbered(1, 20))
        stream.finish("parcels", *stream.read("parcels", 12)[:10])
        stream.other.xtrim(stream.key, maxlen=9, approximate=False)

    stream = _with_other_groups(lab, fill, key="orders:berlin", group="parcels")
    _balance(
        stream,
        10,
        1,
        "20 were added, parcels read 12 and handled ten; then 1-0 to 11-0 were trimmed. 12-0, the first, is pending.",
        "parcels",
    )


TWO_WORKERS = 600  # orders


def _books_of_two_workers(lab: Lab) -> None:
    """Ids of a server, a trim inside of a millisecond, and a first entry that is pending."""

    def fill(stream: _Stream) -> None:
        stream.fill((entry_id, {"order_id": "1001"}) for entry_id in _busy_ids(TWO_WORKERS, 50))
        ada, bob = stream.read("mail", 200), stream.read("mail", 215, "bob")
        stream.finish("mail", *ada[:50], *bob[:65])
        stream.other.xtrim(KEY, maxlen=480, approximate=False)

    stream = _with_other_groups(lab, fill, others=30)
    scene = (
        "600 were added, 50 in each millisecond. Ada read 200 and handled 50, Bob read 215 and handled 65; then the "
        "oldest 120 were trimmed."
    )
    _balance(stream, 115, 70, scene)


def _state(stream: _Stream) -> tuple:
    """All that a look leaves alone; a delivery counts."""
    rows = {row["name"]: stream.pending_rows(row["name"]) for row in stream.group_rows()}
    times = {(name, row["message_id"]): row["times_delivered"] for name, held in rows.items() for row in held}
    return (stream.other.xrange(stream.key), stream.groups()), _consumers(stream), times


def _consumers(stream: _Stream) -> dict[str, list[str]]:
    return {
        row["name"]: sorted(consumer["name"] for consumer in stream.other.xinfo_consumers(stream.key, row["name"]))
        for row in stream.group_rows()
    }


def _balance(stream: _Stream, handled: int, expected: int, scene: str, group: str = "mail") -> None:
    lab, (contents, consumers, times) = stream.lab, _state(stream)
    returned = stream.call(group, handled, why=lambda error: _why_no_balance(stream, error, group))
    now_there, now_consumers, now_times = _state(stream)
    if not stream.other.exists(stream.key) or now_there != contents:
        raise lab.wrong(f"changed the stream or its groups; the books are only to be read. {scene}")
    if now_consumers != consumers:
        more = {name for names in now_consumers.values() for name in names}
        more -= {name for names in consumers.values() for name in names}
        who = f"the consumer {min(more)}" if more else "other consumers"
        raise lab.wrong(f"left {who} behind; the books are only to be read, and an audit has no name. {scene}")
    if now_times != times:
        raise lab.wrong(
            "delivered pending orders once more: XPENDING counts a history read as a delivery, and the books are only "
            f"to be read. {scene}"
        )
    if returned == expected and not isinstance(returned, bool):
        return
    hint = _what_is_off(stream, handled, returned, group)
    raise lab.wrong(f"returned {show(returned)}, and {expected} are lost. {scene} {hint}")


def _why_no_balance(stream: _Stream, error: Exception, group: str) -> str:
    [row] = [row for row in stream.group_rows() if row["name"] == group] or [{}]
    if not isinstance(error, TypeError):
        missing = isinstance(error, (StopIteration, KeyError, ValueError, IndexError))
        return f"The parameter group says which group is meant; here it is {group!r}." if missing else ""
    if "subscriptable" in str(error) and not stream.ids():
        return "The stream was trimmed to nothing: it has no first entry."
    if row.get("entries-read") is None or row.get("lag") is None:
        return "entries-read and lag are None where Redis does not know them: no numbers to build books on."
    return ""


def _what_is_off(stream: _Stream, handled: int, returned: Any, group: str) -> str:
    info, there = stream.other.xinfo_stream(stream.key), set(stream.ids())
    rows = {row["name"]: row for row in stream.group_rows()}
    row, missing = rows[group], info["entries-added"] - handled
    held = {name: {entry_id for entry_id, _ in stream.pending(name)} for name in rows}
    new = {name: sum(as_numbers(e) > as_numbers(rows[name]["last-delivered-id"]) for e in there) for name in rows}
    mine, others = held[group], [name for name in rows if name != group]
    counts = any(stream.used(*words) for words in (("XPENDING",), ("XRANGE",), ("XINFO", "STREAM")))
    for value, fits, hint in (
        (info["entries-added"] - info["length"], True, "What is missing from XLEN may have been handled long ago."),
        *(
            (
                (row["entries-read"] or 0) - handled - held_too,
                not counts,
                "entries-read is no count of what was given to it.",
            )
            for held_too in (len(mine), 0)
        ),
        (
            missing - (row["lag"] or 0) - len(mine),
            not stream.used("XRANGE"),
            "A lag does not know what was trimmed between two reads.",
        ),
        (
            missing - new[group] - len(mine),
            mine - there,
            "An order that is pending and no longer in the stream cannot be read by anybody.",
        ),
        (
            missing - new[group],
            mine and not stream.used("XPENDING"),
            "An order that is pending, and in the stream, is not lost.",
        ),
        (
            missing - new[group] - len(set.union(*held.values()) & there),
            True,
            "What is pending in another group is not for this group's workers.",
        ),
        (
            len(mine - there),
            stream.used("XPENDING"),
            "What was trimmed before the group read it is on no pending list.",
        ),
        (
            missing - new[group] - len(mine & there) + 1,
            info["first-entry"] and info["first-entry"][0] in mine,
            "The first entry itself is there, and can be read.",
        ),
        *(
            (
                missing - new[name] - len(held[which] & there),
                stream.used("XRANGE"),
                f"These are books of {name}, and not of {group}.",
            )
            for name in others
            for which in (name, group)
        ),
        *(
            (missing - new[name], stream.used("XRANGE"), f"These are books of {name}, and not of {group}.")
            for name in others
        ),
        (
            returned,
            _below_zero(returned),
            "Fewer than none: something is subtracted twice, as handled and as readable.",
        ),
    ):
        if fits and returned == value:
            return hint
    if isinstance(returned, int) and len(stream.added) == TWO_WORKERS:
        return _why_so_many(stream, row, returned, missing - new[group] - len(mine & there))
    return "Each order that was added is handled, or still to be read, or lost: which is counted twice, or not at all?"


def _below_zero(returned: Any) -> bool:
    return isinstance(returned, int) and returned < 0


def _why_so_many(stream: _Stream, row: dict, returned: int, expected: int) -> str:
    if returned > len(stream.added):
        return "An id is a moment and a number, and does not count what was added."
    if returned < expected:
        return "Some that are gone pass for present: inside of a millisecond, the second number of an id decides."
    ms, number = as_numbers(row["last-delivered-id"])
    same = [entry_id for entry_id in stream.added if as_numbers(entry_id)[0] == ms and as_numbers(entry_id)[1] > number]
    if returned - expected == len(same):
        return "What is new begins with the id after the cursor, in the same millisecond even."
    there = set(stream.ids())
    by_worker = {name: 0 for _, name in stream.pending(row["name"])}
    for entry_id, name in stream.pending(row["name"]):
        by_worker[name] += entry_id in there
    if returned - expected in by_worker.values():
        return "What is pending is in the hands of several consumers: are these all of them?"
    return "More can still be read than you counted: was it one page of the new ones, or of the pending ones?"


CHECKS = {"7.1": keep_a_day, "7.2": trim_done, "7.3": keep_within, "7.4": forget, "7.5": lost}
