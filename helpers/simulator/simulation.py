"""Producers, consumers and their accidents in virtual time; every step is the real command on the connected Redis.

SimPy (https://simpy.readthedocs.io) keeps the clock. A consumer is a generator that reads, lets time pass (``yield
me.work(fields)``) and acknowledges, as one in production does. Entry ids are the virtual time in milliseconds, so a
run gives the same ids, the same replies and the same numbers on every back end.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import redis
import simpy

from helpers import backend
from helpers.simulator.result import Run
from helpers.simulator.steps import Left, Poison, SimulationError, Step, Work, handed_out, id_and_fields, number_of
from helpers.simulator.traffic import Arrivals, Draws, even_keys, exponential, poisson, positive, whole

if TYPE_CHECKING:
    import numpy as np
    from tqdm import tqdm

Body = Callable[["Consumer"], Generator]
MOMENTS = ("now", "working", "before ack", "after ack")


class Died(BaseException):
    """Ends a consumer in the middle of what it does; no Exception, so that no handler of its own catches it."""


class _Group:
    def __init__(self, key: str, name: str) -> None:
        self.key, self.name = key, name
        self.waiting: dict[Consumer, simpy.Event] = {}  # who waits for an entry, in the order of waiting
        self.delivered: dict[str, float] = {}  # entry id -> virtual time of its last delivery
        self.seen = 0  # how much of the trace `delivered` knows


class Consumer:
    """``me`` in a consumer's generator: its names, its Redis, and the passing of time.

    `r` is a client of the connected Redis whose commands are the run's trace. `name`, `group` and `key` are as
    `Simulation.consumer` was given them.
    """

    def __init__(self, sim: Simulation, group: _Group, name: str, body: Body, speed: float) -> None:
        self.key, self.group, self.name, self.speed = group.key, group.name, name, speed
        self.alive, self.body = False, body
        self._life: simpy.Process | None = None
        self._gone = False  # left for good: no restart
        self._sim, self._group = sim, group
        self._pauses: list[tuple[float, float]] = []
        self._doom: list[tuple[float, str]] = []  # crashes to come: not before this time, at this moment
        self.r = sim._recording(self)

    def __repr__(self) -> str:
        return f"the consumer {self.name!r} of {self.group!r}"

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self._sim.env.now

    def arrival(self, within: float | None = None) -> simpy.Event:
        """To yield where a worker in production would BLOCK: the next entry for this group, or `within` seconds."""
        event = self._group.waiting[self] = self._sim.env.event()
        if within is not None:
            if self._sim._endless:  # It would always have one more look.
                raise SimulationError(f"run() would not end, because {self.name} looks again: give until=seconds.")
            timeout = self._sim.env.timeout(self._awake(self.now + within) - self.now)
            timeout.callbacks.append(lambda _: event.triggered or event.succeed())
        return event

    def work(self, fields: dict) -> simpy.Event:
        """To yield: the seconds that this message takes this consumer, pauses included.

        To do something meanwhile, such as a heartbeat: ``done = me.work(fields)``, and ``yield done | me.sleep(5)``
        until ``done.processed``.
        """
        return self._pass(float(fields["seconds"]) / self.speed, int(fields["n"]))

    def sleep(self, seconds: float) -> simpy.Event:
        """To yield: so many virtual seconds. ``done | me.sleep(5)`` ends with whichever ends first (see SimPy)."""
        return self._sim.env.timeout(self._awake(self.now + seconds) - self.now)

    def next_id(self, key: str) -> str:
        """The id for an entry that this consumer adds to a stream: virtual time, where ``*`` would be today's."""
        return self._sim._next_id(key)

    def effect(self, fields: dict) -> None:
        """The message's effect happens (a charge, a mail), once more if it was there before.

        Raises:
            Poison: the message is one whose work always fails.
        """
        number = int(fields["n"])
        if number in self._sim._fatal:
            raise Died
        if number in self._sim._poison:
            raise Poison(f"message {number}")
        self._sim.effects.append((self.group, number, self.now, self.name))

    def pending(self, min_idle: float) -> list[tuple[str, int]]:
        """XPENDING: ids and delivery counts of entries idle for at least `min_idle` virtual seconds, oldest id first.

        A server's own idle time is by the clock on the wall, so it is the simulation that knows who is idle.
        """
        rows, start = [], "-"
        while page := self.r.xpending_range(self.key, self.group, start, "+", 100):
            rows += page
            start = "(" + page[-1]["message_id"]
            if len(page) < 100:
                break
        return [
            (row["message_id"], row["times_delivered"]) for row in rows if self._idle(row["message_id"]) >= min_idle
        ]

    def claim(self, entry_id: str, min_idle: float) -> list[tuple[str, dict]]:
        """XCLAIM with `min_idle` in virtual seconds: the entry, or nothing when it was delivered again meanwhile."""
        if self._idle(entry_id) < min_idle:
            return []
        return self.r.xclaim(self.key, self.group, self.name, 0, [entry_id])

    def _idle(self, entry_id: str) -> float:
        return self.now - self._sim._deliveries(self._group).get(entry_id, self.now)

    def _pass(self, seconds: float, number: int) -> simpy.Event:
        start = self.now
        end = start + seconds
        for begins, lasts in self._pauses:
            if begins < end and start < begins + lasts:
                end += begins + lasts - max(begins, start)
        self._sim._work.append(Work(self.group, number, self.name, start, end))
        if self._doom and self._is_doomed("working"):
            self._sim.env.process(self._sim._kill_at(self, start + (end - start) / 2))
        return self._sim.env.timeout(end - start)

    def _awake(self, at: float) -> float:
        """The first moment from then on in which its clock is not stopped."""
        return max([at, *(begins + lasts for begins, lasts in self._pauses if begins <= at < begins + lasts)])

    def _is_doomed(self, moment: str) -> bool:
        """True, once, when a crash was ordered for this moment."""
        for order in self._doom:
            if order[1] == moment and order[0] <= self.now:
                self._doom.remove(order)
                return True
        return False


class Simulation:
    """A shop in virtual time on the connected Redis: streams, groups, producers, consumers, and what befalls them.

    A context manager: leaving it deletes the keys that it made. A key that was there before is refused.

    Args:
        r: the client that `connect()` returned.
        seed: of everything that is drawn.
    """

    def __init__(self, r: redis.Redis, seed: int = 1) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError(f"seed is {seed!r}; it should be a whole number of at least 0")
        self.env = simpy.Environment()
        self.trace: list[Step] = []
        self.r, self._seed = r, seed
        self._caps: dict[str, dict] = {}  # stream key -> options of XADD
        self._groups: dict[tuple[str, str], _Group] = {}
        self._consumers: dict[str, Consumer] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self.numbers: dict[tuple[str, str], int] = {}  # (stream, entry id) -> number of the message
        self._arrived: list[float] = []
        self._message_keys: list[int] = []
        self._work: list[Work] = []
        self.effects: list[tuple[str, int, float, str]] = []  # (group, number of the message, seconds, consumer)
        self._poison: set[int] = set()
        self._fatal: set[int] = set()
        self._produced_to: set[str] = set()
        self._left: dict[tuple[str, str], Left] = {}
        self._recipes = 0
        self._expected = 0
        self._endless = False
        self._deaths: list[tuple[float, str]] = []
        self._bar: tqdm | None = None
        self._lives: list[Generator] = []  # kept, or Python would run the finally clauses of who was killed
        self._ran = False

    @property
    def keys(self) -> list[str]:
        """The keys that this simulation owns."""
        return list(self._caps)

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *_: Any) -> None:
        self.remove()

    def remove(self, look: bool = True) -> None:
        """Deletes the keys of this simulation, after a last look at them, which a run's `fates` need."""
        for group in self._groups.values() if look and self._ran else ():
            self._look(group)
        if self._caps:
            self.r.delete(*self._caps)

    # --- What there is ---------------------------------------------------------------------------------------------

    def stream(self, key: str, maxlen: int | None = None, approximate: bool = False) -> None:
        """A stream; with `maxlen` every XADD to it trims (`approximate` as in ``MAXLEN ~``)."""
        if maxlen is not None:
            whole(maxlen=maxlen)
        if key not in self._caps:
            backend.claim(self.r, key)
        self._caps[key] = {} if maxlen is None else {"maxlen": maxlen, "approximate": approximate}

    def group(self, key: str, name: str) -> None:
        """A consumer group on a stream, from its first entry on."""
        self._known_stream(key)
        self.r.xgroup_create(key, name, id="0", mkstream=True)
        self._groups[key, name] = _Group(key, name)

    def producer(
        self,
        streams: str | Sequence[str],
        arrivals: Arrivals,
        service: Draws,
        keys: Draws | None = None,
        poison: Iterable[int] = (),
        fatal: Iterable[int] = (),
    ) -> None:
        """Adds a message to a stream at each of the times of `arrivals`, with a cost drawn from `service`.

        Args:
            streams: a key, or several: then a message's key decides, key modulo their number.
            keys: draws the key of each message, a whole number (0 for all by default).
            poison: numbers of messages, from 0 in order of this producer, whose work always fails.
            fatal: numbers of messages that kill the consumer that works on them.
        """
        streams = [streams] if isinstance(streams, str) else list(streams)
        for key in streams:
            self._known_stream(key)
        self._produced_to.update(streams)
        times = arrivals(self._generator())
        costs = service(self._generator(), len(times))
        drawn = (keys or even_keys(1))(self._generator(), len(times))
        self._expected += len(times)
        plan = list(zip(times.tolist(), costs.tolist(), drawn.tolist(), strict=True))
        self.env.process(self._produce(streams, plan, set(poison), set(fatal)))

    def consumer(
        self,
        key: str,
        group: str,
        name: str,
        body: Body,
        speed: float = 1.0,
        joins: float = 0.0,
        leaves: float | None = None,
        restarts: float | None = None,
        renamed: bool = False,
    ) -> None:
        """A consumer of a group: `body` is a function of a `Consumer` that returns a generator (see `worker`).

        Args:
            speed: its work takes 1 / speed of a message's cost.
            joins, leaves: virtual seconds; it leaves as if it were killed.
            restarts: seconds from a crash until it runs again; never by default.
            renamed: it comes back under another name, ``name-2`` and so on.
        """
        if (key, group) not in self._groups:
            raise SimulationError(f"group is {group!r}, and the stream {key!r} has no such group: add it with group().")
        if name in self._consumers:
            raise SimulationError(f"name is {name!r}, and there is a consumer of that name.")
        positive(speed=speed)
        if restarts is not None:
            positive(restarts=restarts)
        me = Consumer(self, self._groups[key, group], name, body, speed)
        self._consumers[name] = me
        self.env.process(self._live(me, joins, restarts, renamed))
        if leaves is not None:
            self.env.process(self._kill_at(me, leaves, for_good=True))

    # --- What befalls them -----------------------------------------------------------------------------------------

    def crash(self, name: str, at: float, moment: str = "now") -> None:
        """Kills a consumer: at that time, or at the first such moment after it.

        Args:
            moment: "now", "working" (halfway through a message), "before ack" or "after ack" (with work and effect
                done, and XACK not sent or sent).
        """
        me = self._known_consumer(name)
        if moment not in MOMENTS:
            raise SimulationError(f"moment is {moment!r}; it should be one of {', '.join(MOMENTS)}.")
        if moment == "now":
            self.env.process(self._kill_at(me, at))
        else:
            me._doom.append((at, moment))

    def pause(self, name: str, at: float, lasts: float) -> None:
        """Stops a consumer's clock for a while (a long collection of garbage, a sleeping laptop)."""
        positive(lasts=lasts)
        self._known_consumer(name)._pauses.append((at, lasts))

    # --- The run ---------------------------------------------------------------------------------------------------

    def run(self, until: float | None = None, progress: bool = False) -> Run:
        """Lets virtual time pass until nothing is left to happen, or until `until` seconds.

        Args:
            progress: draws a bar of the messages that have come, for runs of more than a few seconds.

        Raises:
            SimulationError: nobody produces or consumes, it ran before, a consumer's code raised, or it would not end.
        """
        if self._ran:
            raise SimulationError("run() was called before; make another Simulation.")
        if not self._expected:
            raise SimulationError("run() has nothing to do: add a producer.")
        if not self._consumers:
            raise SimulationError("run() has nobody to do it: add a consumer.")
        self._ran = True
        if until is not None:
            positive(until=until)
        self._endless = until is None
        self._bar = _bar(self._expected) if progress else None
        collecting = gc.isenabled()
        gc.disable()  # A run keeps what it makes: to look through it for garbage, again and again, costs a sixth of it.
        try:
            self.env.run(until)
        finally:
            if collecting:
                gc.enable()
            if self._bar is not None:
                self._bar.close()
        return Run(self)

    def _look(self, group: _Group) -> Left:
        """What Redis has of a group now that the run is over."""
        if (group.key, group.name) in self._left:
            return self._left[group.key, group.name]
        if not self.r.exists(group.key):
            raise SimulationError("fates needs the run's keys, which are deleted: a Simulation's run knows them.")
        [row] = [row for row in self.r.xinfo_groups(group.key) if row["name"] == group.name]
        kept = [entry_id for entry_id, _ in self.r.xrange(group.key)]
        held = self.r.xpending_range(group.key, group.name, "-", "+", row["pending"]) if row["pending"] else []
        left = Left(row["last-delivered-id"], kept, [entry["message_id"] for entry in held])
        return self._left.setdefault((group.key, group.name), left)

    def _produce(self, streams: list[str], plan: list, poison: set, fatal: set) -> Generator:
        env, r = self.env, self._recording(None)
        for mine, (at, cost, key) in enumerate(plan):
            yield env.timeout(at - env.now)
            stream = streams[key % len(streams)]
            number = len(self._arrived)
            if mine in poison:
                self._poison.add(number)
            if mine in fatal:
                self._fatal.add(number)
            self._arrived.append(at)
            self._message_keys.append(key)
            fields = {"n": number, "key": key, "seconds": cost}
            r.xadd(stream, fields, id=self._next_id(stream), **self._caps[stream])
            if self._bar is not None:
                self._bar.update()

    def _live(self, me: Consumer, joins: float, restarts: float | None, renamed: bool) -> Generator:
        """One consumer from its start to its end, over its crashes."""
        if joins:
            yield self.env.timeout(joins)
        first_name, lives = me.name, 1
        while not me._gone:
            me.alive = True
            me._life = self.env.active_process
            died = yield from self._one_life(me)
            me.alive = False
            me._group.waiting.pop(me, None)
            if died:
                self._deaths.append((self.env.now, me.name))
                self._ring(me.key)  # It may have been woken for an entry that it did not read.
            if not died or restarts is None:
                return
            yield self.env.timeout(restarts)
            lives += 1
            if renamed:
                me.name = f"{first_name}-{lives}"

    def _one_life(self, me: Consumer) -> Generator:
        """Drives the body's generator; True when it was killed. Who is killed runs no more code, not even finally."""
        life = me.body(me)
        self._lives.append(life)
        try:
            event = next(life)
            while True:
                if not isinstance(event, simpy.Event):
                    raise SimulationError(
                        f"{me.name} yielded {event!r}: yield me.work(fields), me.arrival() or me.sleep(seconds)."
                    )
                try:
                    value = yield event
                except simpy.Interrupt:
                    return True
                event = life.send(value)
        except StopIteration:
            return False
        except Died:
            return True
        except (SimulationError, redis.RedisError):
            raise
        except Exception as error:
            raise SimulationError(
                f"body of consumer {me.name!r} raised {type(error).__name__} at {self.env.now:.3f} s: {error}"
            ) from error

    def _kill_at(self, me: Consumer, at: float, for_good: bool = False) -> Generator:
        yield self.env.timeout(max(0.0, at - self.env.now))
        me._gone = me._gone or for_good
        if me.alive and me._life is not None:
            me.alive = False
            me._life.interrupt()

    def _ring(self, key: str) -> None:
        """Something is new on a stream: of each of its groups, the consumer that has waited longest looks."""
        for (stream, _), group in self._groups.items():
            while stream == key and group.waiting:
                waited = group.waiting.pop(next(iter(group.waiting)))
                if not waited.triggered:
                    waited.succeed()
                    break

    def _recording(self, me: Consumer | None) -> redis.Redis:
        """A client whose commands are steps of the trace, in the name of a consumer or of the producers."""
        client = backend.same_server(self.r)
        execute, pipeline, trace, env = client.execute_command, client.pipeline, self.trace, self.env

        def send(commands: list[tuple[tuple, dict]], carry_out: Callable[[], list]) -> list:
            """One command, or those of a pipeline: allowed, sent, noted; a crash that was ordered happens around it."""
            doomed = me is not None and me._doom and any(args[0] == "XACK" for args, _ in commands)
            if me is not None:
                if not me.alive:  # A finally clause that Python runs when it throws the generator away.
                    raise Died
                for args, _ in commands:
                    self._allow(me, args)
                if doomed and me._is_doomed("before ack"):
                    raise Died
            replies = carry_out()
            for (args, options), reply in zip(commands, replies, strict=True):
                trace.append(Step(env.now, me.name if me else "producer", args, options, reply))
                if args[0] == "XADD" and reply is not None:
                    self.numbers[args[1], reply] = number_of(args)
                    self._ring(args[1])
            if doomed and me._is_doomed("after ack"):
                raise Died
            return replies

        def execute_command(*args: Any, **options: Any) -> Any:
            return send([(args, options)], lambda: [execute(*args, **options)])[0]

        def noted_pipeline(*args: Any, **options: Any) -> redis.client.Pipeline:
            pipe = pipeline(*args, **options)
            run = pipe.execute
            pipe.execute = lambda *args, **options: send(list(pipe.command_stack), lambda: run(*args, **options))
            return pipe

        client.execute_command, client.pipeline = execute_command, noted_pipeline
        return client

    def _allow(self, me: Consumer, args: tuple) -> None:
        """Refuses what would leave virtual time, and an entry for a group's stream that is no message."""
        if args[0] == "XREADGROUP" and b"BLOCK" in args:
            raise SimulationError(f"{me.name} waits with BLOCK, in real time: yield me.arrival() instead.")
        if args[0] != "XADD":
            return
        key = args[1]
        if key not in self._caps:
            raise SimulationError(f"{me.name} adds to {key!r}, no stream of this simulation: add it with stream().")
        if id_and_fields(args)[0] == "*":
            raise SimulationError(f"{me.name} adds to {key!r} with *, today's time: give id=me.next_id({key!r}).")
        if key in {group.key for group in self._groups.values()} and number_of(args) is None:
            raise SimulationError(
                f"{me.name} adds to {key!r}, which a group reads, without a message's fields n, seconds."
            )

    def _deliveries(self, group: _Group) -> dict[str, float]:
        """When each entry of a group was last handed out, brought up to date with the trace."""
        for step in self.trace[group.seen :]:
            for entry_id in handed_out(step, group.key, group.name):
                group.delivered[entry_id] = step.time
        group.seen = len(self.trace)
        return group.delivered

    def _next_id(self, key: str) -> str:
        """The virtual time as an entry id: milliseconds from 1 on, because 0-0 is no id."""
        ms, last = int(self.env.now * 1000) + 1, self._last.get(key, (0, 0))
        self._last[key] = (ms, last[1] + 1 if last[0] == ms else 0)
        return f"{ms}-{self._last[key][1]}"

    def _generator(self) -> np.random.Generator:
        """A source of random numbers for one recipe, the same whatever the others draw."""
        import numpy as np

        self._recipes += 1
        return np.random.default_rng([self._seed, self._recipes])

    def _known_stream(self, key: str) -> None:
        if key not in self._caps:
            raise SimulationError(f"there is no stream {key!r} in this simulation: add it with stream().")

    def _known_consumer(self, name: str) -> Consumer:
        if name not in self._consumers:
            known = ", ".join(self._consumers) or "none"
            raise SimulationError(f"there is no consumer {name!r} in this simulation; it has {known}.")
        return self._consumers[name]


def _bar(messages: int) -> tqdm:
    """A progress bar that moves by numbers and says nothing of seconds, so that a stored output stays as it is."""
    from tqdm import tqdm

    bar_format = "{percentage:3.0f} % {bar} {n_fmt} of {total_fmt} messages"
    still = {"mininterval": 0, "maxinterval": float("inf"), "miniters": max(1, messages // 20)}
    return tqdm(total=messages, file=sys.stdout, ncols=60, bar_format=bar_format, **still)


# --- A consumer, and a run of many alike -----------------------------------------------------------------------------


def worker(
    count: int = 1,
    noack: bool = False,
    min_idle: float | None = None,
    tries: int | None = None,
    dead: str | None = None,
    handle: Callable[[Consumer, dict], None] | None = None,
) -> Body:
    """The consumer of notebook 06, for a simulation: reads, works, acknowledges; what fails stays pending.

    Args:
        count: XREADGROUP's COUNT.
        noack: reads with NOACK.
        min_idle: virtual seconds after which it claims what is pending, its own entries too; never by default.
        tries: deliveries after which a claimed entry goes to the stream `dead` in one transaction.
        handle: called with the consumer and the fields when the work is over; its own commands, by ``me.r``, are
            steps of the run, and a message for which it raises `Poison` stays pending.
    """
    whole(count=count)
    if min_idle is not None:
        positive(min_idle=min_idle)
    if (tries is None) != (dead is None) or (tries is not None and min_idle is None):
        raise ValueError("tries and dead go together, and need min_idle: dead letters are made of what is claimed.")

    def attempt(me: Consumer, entry_id: str, fields: dict) -> Generator:
        yield me.work(fields)
        try:
            me.effect(fields)
            if handle is not None:
                handle(me, fields)
        except Poison:
            return
        if not noack:
            me.r.xack(me.key, me.group, entry_id)

    def sweep(me: Consumer) -> Generator:
        for entry_id, times in me.pending(min_idle):
            for _, fields in me.claim(entry_id, min_idle):
                if tries is None or times < tries:
                    yield from attempt(me, entry_id, fields)
                else:
                    with me.r.pipeline(transaction=True) as pipe:
                        pipe.xadd(dead, {**fields, "source": entry_id}, id=me.next_id(dead))
                        pipe.xack(me.key, me.group, entry_id)
                        pipe.execute()

    def body(me: Consumer) -> Generator:
        sweep_at = 0.0
        while True:
            if min_idle is not None and me.now >= sweep_at:
                yield from sweep(me)
                sweep_at = me.now + min_idle
            reply = me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=count, noack=noack)
            if not reply:
                yield me.arrival(within=min_idle)
            for _, entries in reply:
                for entry_id, fields in entries:
                    yield from attempt(me, entry_id, fields)

    return body


def simulate(
    r: redis.Redis,
    messages: int = 20_000,
    arrival_rate: float = 8.0,
    service_rate: float = 3.0,
    consumers: int = 4,
    seed: int = 1,
    partitions: int | None = None,
) -> Run:
    """Poisson arrivals, exponential service, `consumers` alike: on one stream, or on as many as there are partitions.

    Owns the keys ``sim:0``, ``sim:1`` and so on (one without partitions), and deletes them.

    Args:
        r: the client that `connect()` returned.
        arrival_rate: messages per second of virtual time.
        service_rate: messages per second that one consumer can work on.
        partitions: messages are keyed evenly at random to so many streams, each read by its own consumers; None is
            one stream whose group all consumers share.

    Raises:
        ValueError: an argument that cannot be, named.
    """
    positive(arrival_rate=arrival_rate, service_rate=service_rate)
    whole(messages=messages, consumers=consumers)
    if partitions is not None:
        whole(partitions=partitions)
        if consumers % partitions:
            raise ValueError(f"consumers is {consumers} and partitions {partitions}; consumers should be a multiple.")
    streams = [f"sim:{n}" for n in range(partitions or 1)]
    sim = Simulation(r, seed)
    try:
        for key in streams:
            sim.stream(key)
            sim.group(key, "workers")
        keys = even_keys(partitions or 1)
        sim.producer(streams, poisson(arrival_rate, messages), exponential(1 / service_rate), keys=keys)
        for n in range(consumers):
            sim.consumer(streams[n % len(streams)], "workers", f"consumer-{n + 1}", worker())
        return sim.run()
    finally:
        sim.remove(look=False)
