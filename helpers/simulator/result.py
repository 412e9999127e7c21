"""What a run did, as arrays by number of the message (its place in the order of arrival) and as plain dicts."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.simulator.steps import SimulationError, Step, Work, handed_out

if TYPE_CHECKING:
    import numpy as np

    from helpers.simulator.simulation import Simulation


Entry = tuple[str, str]  # stream and entry id


class GroupRun:
    """What became of n messages in one consumer group (or in the groups of that name, on several streams)."""

    def __init__(self, sim: Simulation, name: str) -> None:
        self.name = name
        self._sim = sim
        self._groups = [group for group in sim._groups.values() if group.name == name]
        self._work: list[Work] = [work for work in sim._work if work.group == name]

    @cached_property
    def arrived(self) -> np.ndarray:
        """(n,) virtual seconds: when it came to a stream of the group; nan for never."""
        times = self._nans()
        for number, (time, _) in self._added.items():
            times[number] = time
        return times

    @cached_property
    def started(self) -> np.ndarray:
        """(n,) virtual seconds: when the first try began; nan for never."""
        times = self._nans()
        for work in reversed(self._work):
            times[work.number] = work.started
        return times

    @cached_property
    def finished(self) -> np.ndarray:
        """(n,) virtual seconds: when it was acknowledged (read with NOACK: when its work ended); nan for never."""
        times = self._nans()
        for number, (time, _) in self._finishes.items():
            times[number] = time
        return times

    @property
    def waits(self) -> np.ndarray:
        """(n,) seconds from arrival to the first try."""
        return self.started - self.arrived

    @cached_property
    def partition(self) -> np.ndarray:
        """(n,) which of the streams a message came to, in their order in the simulation; -1 for none of the group's."""
        import numpy as np

        places = {key: place for place, key in enumerate(self._sim.keys)}
        found = np.full(len(self._sim._arrived), -1)
        for number, (_, key) in self._added.items():
            found[number] = places[key]
        return found

    @cached_property
    def key(self) -> np.ndarray:
        """(n,) the key of each message, a whole number."""
        import numpy as np

        return np.array(self._sim._message_keys)

    @cached_property
    def shares(self) -> dict[str, int]:
        """By consumer: how many messages it acknowledged."""
        counted = Counter(by for _, by in self._finishes.values())
        return {name: counted[name] for name in sorted(counted | Counter(self._names()))}

    @cached_property
    def busy(self) -> dict[str, float]:
        """By consumer: seconds spent working, tries that a crash cut short included up to the crash."""
        deaths = self._sim._deaths
        seconds = dict.fromkeys(self._names(), 0.0)
        for work in self._work:
            cut = [time for time, name in deaths if name == work.by and work.started <= time < work.ended]
            end = min([work.ended, self._sim.env.now, *cut])
            seconds[work.by] = seconds.get(work.by, 0.0) + end - work.started
        return seconds

    @cached_property
    def deaths(self) -> list[tuple[float, str]]:
        """When and by name, the crashes of its consumers, in order."""
        names = {step.by for step in self._sim.trace if step.args[0] == "XREADGROUP" and step.args[2] == self.name}
        return [(time, by) for time, by in self._sim._deaths if by in names]

    @cached_property
    def deliveries(self) -> np.ndarray:
        """(n,) how often each message was handed to a consumer."""
        return self._counts(self._sim.numbers[entry] for entry, step in self._delivered if b"JUSTID" not in step.args)

    @cached_property
    def effects(self) -> np.ndarray:
        """(n,) how often each message's effect happened."""
        return self._counts(number for group, number, _, _ in self._sim.effects if group == self.name)

    @cached_property
    def fates(self) -> dict[str, set[int]]:
        """Numbers of the messages that ended acknowledged, as dead letter, pending, unread or trimmed.

        What is pending, unread and still there is what the Redis of the run said at its end (XPENDING, XRANGE and the
        group's cursor). Each message of the group's streams is in exactly one set; one that a consumer added once more
        is acknowledged when all its entries are, and a dead letter when one of them is in a stream that no group reads.
        """
        unread, pending, kept = set(), set(), set()
        for group in self._groups:
            left, key = self._sim._look(group), group.key
            kept |= {(key, entry_id) for entry_id in left.kept}
            unread |= {(key, entry_id) for entry_id in left.kept if _parts(entry_id) > _parts(left.cursor)}
            pending |= {(key, entry_id) for entry_id in left.pending}
        numbers = self._sim.numbers
        lost = {entry for entry in self._entries if entry not in kept and entry not in self._acknowledgements}
        fates, rest = {}, set(self._added)
        for fate, entries in (("unread", unread), ("pending", pending & kept), ("trimmed", lost)):
            fates[fate] = {numbers[entry] for entry in entries} & rest
            rest -= fates[fate]
        return {"acknowledged": rest - self._dead, "dead": rest & self._dead, **fates}

    def over_time(self) -> dict[str, np.ndarray]:
        """How its state changed: ``time`` (k,) in ascending seconds, and ``unread`` and ``pending`` (k,) after it.

        A message that was trimmed before it was read stays in ``unread``.
        """
        import numpy as np

        changes: list[tuple[float, int, int]] = [(time, 1, 0) for time in self._entries.values()]
        first = set()
        for entry, step in self._delivered:
            if entry not in first:
                changes.append((step.time, -1, 0 if _is_noack(step) else 1))
            first.add(entry)
        noack = {entry for entry, step in self._delivered if _is_noack(step)}
        changes += [(time, 0, -1) for entry, (time, _) in self._acknowledgements.items() if entry not in noack]
        changes.sort(key=lambda change: change[0])
        time, unread, pending = (np.array(column) for column in zip(*changes, strict=True))
        last = np.append(np.diff(time) > 0, True)  # of several changes at one time, how it was after all of them
        return {"time": time[last], "unread": unread.cumsum()[last], "pending": pending.cumsum()[last]}

    # --- From the trace --------------------------------------------------------------------------------------------

    @cached_property
    def _entries(self) -> dict[Entry, float]:
        """Every entry that was added to a stream of the group, and when."""
        streams = {group.key for group in self._groups}
        return {
            (step.args[1], step.reply): step.time
            for step in self._sim.trace
            if step.args[0] == "XADD" and step.args[1] in streams
        }

    @cached_property
    def _added(self) -> dict[int, tuple[float, str]]:
        """By number of the message: when it first came to a stream of the group, and to which."""
        found: dict[int, tuple[float, str]] = {}
        for entry, time in self._entries.items():
            found.setdefault(self._sim.numbers[entry], (time, entry[0]))
        return found

    @cached_property
    def _delivered(self) -> list[tuple[Entry, Step]]:
        return [
            ((group.key, entry_id), step)
            for step in self._sim.trace
            for group in self._groups
            for entry_id in handed_out(step, group.key, group.name)
        ]

    @cached_property
    def _acknowledgements(self) -> dict[Entry, tuple[float, str]]:
        """When each entry was acknowledged first, and by whom; one read with NOACK when its work ended, or nan."""
        streams = {group.key for group in self._groups}
        found: dict[Entry, tuple[float, str]] = {}
        for step in self._sim.trace:
            if step.args[0] == "XACK" and step.args[1] in streams and step.args[2] == self.name:
                for entry_id in step.args[3:]:
                    found.setdefault((step.args[1], entry_id), (step.time, step.by))
        ended: dict[int, tuple[float, str]] = {}
        for work in self._work:
            if work.ended <= self._sim.env.now:
                ended.setdefault(work.number, (work.ended, work.by))
        for entry, step in self._delivered:
            if _is_noack(step):
                found.setdefault(entry, ended.get(self._sim.numbers[entry], (float("nan"), step.by)))
        return found

    @cached_property
    def _finishes(self) -> dict[int, tuple[float, str]]:
        """By number of the message: when the last of its entries was acknowledged, and by whom."""
        unfinished = {self._sim.numbers[entry] for entry in self._entries if entry not in self._acknowledgements}
        found: dict[int, tuple[float, str]] = {}
        for entry, (time, by) in self._acknowledgements.items():
            number = self._sim.numbers[entry]
            if number not in unfinished and (number not in found or time > found[number][0]):
                found[number] = (time, by)
        return found

    @cached_property
    def _dead(self) -> set[int]:
        """Numbers of the messages that a consumer added to a stream that no group reads."""
        read = {group.key for group in self._sim._groups.values()}
        return {
            number for (key, _), number in self._sim.numbers.items() if key not in read | self._sim._produced_to
        } - {None}

    def _names(self) -> list[str]:
        return [me.name for me in self._sim._consumers.values() if me.group == self.name]

    def _nans(self) -> np.ndarray:
        import numpy as np

        return np.full(len(self._sim._arrived), np.nan)

    def _counts(self, numbers) -> np.ndarray:
        import numpy as np

        return np.bincount(list(numbers) or [0], minlength=len(self._sim._arrived)) * bool(self._sim._arrived)


class Run(GroupRun):
    """A finished run: the numbers of its only group, and those of each by `group(name)`."""

    def __init__(self, sim: Simulation) -> None:
        names = {group.name for group in sim._groups.values()}
        super().__init__(sim, next(iter(names)))
        self._all_names = names

    def group(self, name: str) -> GroupRun:
        """The numbers of one group."""
        if name not in self._all_names:
            raise SimulationError(
                f"there is no group {name!r} in this run; it has {', '.join(sorted(self._all_names))}."
            )
        return GroupRun(self._sim, name)

    @property
    def numbers(self) -> dict[tuple[str, str], int]:
        """(stream, entry id) -> number of the message."""
        return self._sim.numbers

    @property
    def trace(self) -> list[Step]:
        """Every command of the run, in order."""
        return self._sim.trace

    @property
    def ended(self) -> float:
        """Virtual seconds."""
        return self._sim.env.now


def _is_noack(step: Step) -> bool:
    return step.args[0] == "XREADGROUP" and b"NOACK" in step.args


def _parts(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)
