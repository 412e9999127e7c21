"""The simulator is right: exactly by the recursion, the recursion by theory, and nothing gets lost on the way."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import backend
from helpers.simulator import Simulation, SimulationError, simulate, worker
from helpers.simulator.theory import erlang_c, mean_wait, recursion, wait_exceeds
from helpers.simulator.traffic import (
    bursts,
    constant,
    costs,
    even_keys,
    exponential,
    lognormal,
    poisson,
    regular,
    skewed_keys,
    timestamps,
)

MESSAGES = 2000
ARRIVALS = {
    "poisson": poisson(8.0, MESSAGES),
    "regular": regular(8.0, MESSAGES),
    "bursts": bursts(30.0, MESSAGES, on=2.0, off=5.0),
    "a log": timestamps([n // 3 * 0.4 for n in range(MESSAGES)]),
}
SERVICES = {
    "exponential": exponential(1 / 3),
    "constant": constant(0.4),  # more than three can do, or nobody would wait
    "lognormal": lognormal(0.3, variability=4.0),
    "costs": costs([0.25 + n % 7 / 20 for n in range(MESSAGES)]),
}


@pytest.fixture(params=["simulator", "redis"])
def r(request, server_of):
    """An empty Redis: each back end in turn."""
    if request.param == "simulator":
        return backend.simulated()
    client = server_of(request.param).client()
    client.flushall()
    return client


def shared(r, arrivals, service, consumers: int, body=None, seed: int = 1, **producer):
    with Simulation(r, seed) as sim:
        sim.stream("sim:0")
        sim.group("sim:0", "workers")
        sim.producer("sim:0", arrivals, service, **producer)
        for n in range(consumers):
            sim.consumer("sim:0", "workers", f"c{n}", body or worker())
        return sim.run()


def service_of(run) -> np.ndarray:
    times = np.full(len(run.arrived), np.nan)
    for work in run._work:
        times[work.number] = work.ended - work.started
    return times


# --- Exactly right -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("arrivals", ARRIVALS)
def test_every_wait_is_the_recursion_s(r, arrivals, service):
    run = shared(r, ARRIVALS[arrivals], SERVICES[service], consumers=3)
    assert len(run.waits) == MESSAGES and run.waits.max() > 0
    assert np.abs(run.waits - recursion(run.arrived, service_of(run), 3)).max() < 1e-9


@pytest.mark.parametrize("partitions, consumers", [(None, 1), (None, 4), (1, 2), (4, 4), (2, 6)])
def test_every_wait_of_the_shortcut_is_the_recursion_s_per_partition(r, partitions, consumers):
    run = simulate(r, messages=MESSAGES, consumers=consumers, arrival_rate=2.4 * consumers, partitions=partitions)
    service = service_of(run)
    for place in range(partitions or 1):
        mine = run.partition == place
        expected = recursion(run.arrived[mine], service[mine], consumers // (partitions or 1))
        assert np.abs(run.waits[mine] - expected).max() < 1e-9
    assert set(run.partition) == set(range(partitions or 1))
    assert sum(run.shares.values()) == MESSAGES and len(run.shares) == consumers
    assert (run.deliveries == 1).all() and (run.effects == 1).all()
    assert np.array_equal(run.finished, run.started + service)
    assert not [key for key in r.keys() if key.startswith("sim")]


def test_a_different_recursion_would_be_seen():
    """First come, last served, or a server more, is not what the simulation does."""
    run = shared(backend.simulated(), ARRIVALS["poisson"], SERVICES["exponential"], consumers=3)
    service = service_of(run)
    for servers in (2, 4):
        assert np.abs(run.waits - recursion(run.arrived, service, servers)).max() > 0.1
    assert np.abs(run.waits - recursion(run.arrived, service[::-1], 3)).max() > 0.1


def test_little_s_law_holds_on_every_path(r):
    """The integral of what is in the system over time is the sum of the times spent in it (J. D. C. Little, 1961)."""
    for arrivals in ARRIVALS.values():
        run = shared(r, arrivals, SERVICES["exponential"], consumers=3)
        state = run.over_time()
        inside = (state["unread"] + state["pending"])[:-1] * np.diff(state["time"])
        assert inside.sum() == pytest.approx((run.finished - run.arrived).sum(), rel=1e-9)
        assert state["unread"][-1] == state["pending"][-1] == 0 and (state["pending"] <= 3).all()


# --- Theory --------------------------------------------------------------------------------------------------------

SEEDS, LENGTH, WARM_UP = 100, 20_000, 5_000
SIGMAS = 3.9  # 1 in 10,000 for one comparison; with the 26 below, a false alarm in 1 of 400 choices of seeds


def sampled_mean_waits(service: Callable[[np.random.Generator], np.ndarray], rate: float, servers: int) -> np.ndarray:
    means = []
    for seed in range(SEEDS):
        draw = np.random.default_rng([seed, servers, int(rate * 1000)])
        arrived = draw.exponential(1 / rate, LENGTH).cumsum()
        means.append(recursion(arrived, service(draw), servers)[WARM_UP:].mean())
    return np.array(means)


@pytest.mark.parametrize("servers", [1, 2, 4, 8])
@pytest.mark.parametrize("load", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_the_recursion_agrees_with_erlang_c(servers, load):
    means = sampled_mean_waits(lambda draw: draw.exponential(1.0, LENGTH), load * servers, servers)
    error = means.std(ddof=1) / math.sqrt(SEEDS)
    assert abs(means.mean() - mean_wait(load * servers, 1.0, servers)) < SIGMAS * error
    assert error < 0.05 * means.mean(), "an interval that wide would contain anything"


@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("variability", [0.0, 0.5])
def test_the_recursion_agrees_with_pollaczek_and_khinchine(load, variability):
    """With a heavier tail the mean hangs on a few rare messages, and an interval from 100 runs is no interval."""
    recipe = lognormal(1.0, variability) if variability else constant(1.0)
    means = sampled_mean_waits(lambda draw: recipe(draw, LENGTH), load, 1)
    error = means.std(ddof=1) / math.sqrt(SEEDS)
    assert abs(means.mean() - mean_wait(load, 1.0, 1, variability)) < SIGMAS * error


def test_formulas_at_known_points():
    """One server: waits with probability load. Two at load 1/2: 1/3 (any table of Erlang C)."""
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert wait_exceeds(0.0, 2.0, 0.5, 4) == pytest.approx(erlang_c(4, 1.0))
    with pytest.raises(ValueError, match="less than 1"):
        mean_wait(3.0, 1.0, 3)


# --- Nothing gets lost ---------------------------------------------------------------------------------------------

names = st.sampled_from(["c0", "c1", "c2"])
moments = st.floats(0, 60)
scenario = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**20),
        "count": st.integers(1, 5),
        "noack": st.booleans(),
        "min_idle": st.sampled_from([None, 0.5, 3.0]),
        "tries": st.sampled_from([None, 2, 3]),
        "maxlen": st.sampled_from([None, 5, 30]),
        "crashes": st.lists(st.tuples(names, moments, st.sampled_from(["now", "working", "before ack", "after ack"]))),
        "pauses": st.lists(st.tuples(names, moments, st.floats(0.1, 10)), max_size=2),
        "poison": st.sets(st.integers(0, 99), max_size=3),
        "fatal": st.sets(st.integers(0, 99), max_size=2),
        "restarts": st.sampled_from([None, 1.0]),
        "renamed": st.booleans(),
        "leaves": st.sampled_from([None, 10.0]),
        "two groups": st.booleans(),
    }
)


def faulty(r, what: dict, messages: int = 100, until: float = 200.0):
    """A run with every kind of fault that `what` draws, cut off while some of it may be unfinished."""
    sweeping = what["min_idle"] is not None and not what["noack"]
    burying = sweeping and what["tries"] is not None
    body = worker(
        what["count"],
        what["noack"],
        what["min_idle"] if sweeping else None,
        what["tries"] if burying else None,
        "sim:dead" if burying else None,
    )
    with Simulation(r, what["seed"]) as sim:
        sim.stream("sim:0", maxlen=what["maxlen"])
        sim.stream("sim:dead")
        groups = ["workers", "slow"] if what["two groups"] else ["workers"]
        for group in groups:
            sim.group("sim:0", group)
        rate, service = poisson(5.0, messages), exponential(0.4)
        sim.producer("sim:0", rate, service, poison=what["poison"], fatal=what["fatal"])
        for n in range(3):
            sim.consumer(
                "sim:0",
                "workers",
                f"c{n}",
                body,
                restarts=what["restarts"],
                renamed=what["renamed"],
                leaves=what["leaves"] if n == 2 else None,
            )
        if what["two groups"]:
            sim.consumer("sim:0", "slow", "snail", worker(), speed=0.2)
        for crash in what["crashes"]:
            sim.crash(*crash)
        for pause in what["pauses"]:
            sim.pause(*pause)
        return sim.run(until), groups


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(what=scenario)
def test_every_message_has_exactly_one_fate(what):
    run, groups = faulty(backend.simulated(), what)
    for name in groups:
        group = run.group(name)
        fates = group.fates
        assert sum(map(len, fates.values())) == 100 and set().union(*fates.values()) == set(range(100)), fates
        handled = fates["acknowledged"] | fates["dead"] | fates["pending"]
        assert all(group.deliveries[number] >= 1 for number in handled)
        assert all(group.deliveries[number] == 0 for number in fates["unread"])
        twice = set(np.flatnonzero(group.effects > 1).tolist())
        if not (what["min_idle"] and (what["crashes"] or what["pauses"] or what["fatal"] or what["count"] > 1)):
            assert not twice
        assert all(group.deliveries[number] > 1 for number in twice)
        if not what["noack"]:
            assert all(group.effects[number] >= 1 for number in fates["acknowledged"])
        assert not fates["acknowledged"] & what["poison"] or what["noack"]


def test_without_faults_each_message_is_delivered_once(r):
    quiet = dict.fromkeys(["min_idle", "tries", "maxlen", "restarts", "leaves"])
    quiet |= dict.fromkeys(["crashes", "pauses", "poison", "fatal"], ()) | {"renamed": False, "two groups": True}
    run, _ = faulty(r, quiet | {"seed": 5, "count": 3, "noack": False}, messages=300)
    assert (run.group("workers").deliveries == 1).all() and run.group("workers").fates["acknowledged"] == set(
        range(300)
    )


def test_who_leaves_while_it_is_down_does_not_come_back(r):
    with Simulation(r) as sim:
        sim.stream("sim:0")
        sim.group("sim:0", "workers")
        sim.producer("sim:0", regular(1.0, 60), constant(0.1))
        sim.consumer("sim:0", "workers", "c0", worker(), restarts=10.0, leaves=25.0)
        sim.crash("c0", at=20.0)
        run = sim.run()
    assert run.started[~np.isnan(run.started)].max() < 20.0 and len(run.fates["unread"]) >= 40


def test_a_group_s_state_over_time_is_that_of_its_own_streams(r):
    with Simulation(r) as sim:
        for key, group in (("sim:web", "packing"), ("sim:app", "mail")):
            sim.stream(key)
            sim.group(key, group)
            sim.producer(key, regular(2.0, 50), constant(0.1))
            sim.consumer(key, group, f"{group} 1", worker())
        run = sim.run()
    for name in ("packing", "mail"):
        state = run.group(name).over_time()
        assert state["unread"].max() == 0 and state["pending"].max() == 1 and state["pending"][-1] == 0


def test_what_one_group_adds_for_another_comes_there_when_it_is_added(r):
    def pass_on(me, fields):
        me.r.xadd("sim:packed", fields, id=me.next_id("sim:packed"))

    with Simulation(r) as sim:
        for key, group in (("sim:0", "packing"), ("sim:packed", "mail")):
            sim.stream(key)
            sim.group(key, group)
        sim.producer("sim:0", regular(1.0, 30), constant(0.5))
        sim.consumer("sim:0", "packing", "ada", worker(handle=pass_on))
        sim.consumer("sim:packed", "mail", "bob", worker(), speed=5.0)
        run = sim.run()
    packing, mail = run.group("packing"), run.group("mail")
    assert np.array_equal(mail.arrived, packing.finished) and (mail.waits == 0).all()
    assert mail.fates["acknowledged"] == packing.fates["acknowledged"] == set(range(30))
    assert set(mail.partition) == {1} and mail.over_time()["unread"].max() == 0


def test_a_message_that_is_added_once_more_is_finished_with_its_last_entry(r):
    """A retry at the end of the queue: XADD and XACK in one transaction."""

    def body(me):
        while True:
            reply = me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=1)
            if not reply:
                yield me.arrival()
                continue
            [[_, [[entry_id, fields]]]] = reply
            yield me.work(fields)
            with me.r.pipeline(transaction=True) as pipe:
                if int(fields["n"]) == 4 and "again" not in fields:
                    pipe.xadd(me.key, {**fields, "again": 1}, id=me.next_id(me.key))
                pipe.xack(me.key, me.group, entry_id)
                pipe.execute()

    run = shared(r, regular(1.0, 10), constant(3.0), 1, body)
    assert run.fates["acknowledged"] == set(range(10)) and run.deliveries.tolist() == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]
    assert run.finished[4] == run.finished[9] + 3.0 and run.waits[4] == pytest.approx(8.0)


@pytest.mark.parametrize("moment, again", [("before ack", True), ("after ack", False)])
def test_a_crash_at_an_acknowledgement_in_a_transaction(r, moment, again):
    def body(me):
        while True:
            for entry_id, _ in me.pending(5.0):
                for _, fields in me.claim(entry_id, 5.0):
                    yield me.work(fields)
                    me.r.xack(me.key, me.group, entry_id)
            for _, [[entry_id, fields]] in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=1):
                yield me.work(fields)
                with me.r.pipeline(transaction=True) as pipe:
                    pipe.incr("sim:done")
                    pipe.xack(me.key, me.group, entry_id)
                    pipe.execute()
            yield me.sleep(1.0)

    backend.claim(r, "sim:done")
    with Simulation(r) as sim:
        sim.stream("sim:0")
        sim.group("sim:0", "workers")
        sim.producer("sim:0", regular(1.0, 5), constant(0.5))
        sim.consumer("sim:0", "workers", "c0", body, restarts=1.0)
        sim.crash("c0", at=2.0, moment=moment)
        run = sim.run(until=60.0)
    assert sorted(run.deliveries) == ([1, 1, 1, 1, 2] if again else [1] * 5) and len(run.deaths) == 1
    assert run.fates["acknowledged"] == set(range(5)) and int(r.get("sim:done")) == (4 if again else 5)
    r.delete("sim:done")


def test_a_heartbeat_is_no_delivery_and_keeps_its_message(r):
    def body(me):
        while True:
            for entry_id, _ in me.pending(3.0):
                me.claim(entry_id, 3.0)
            for _, [[entry_id, fields]] in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=1):
                done = me.work(fields)
                while not done.processed:
                    yield done | me.sleep(1.0)
                    if not done.processed:
                        me.r.xclaim(me.key, me.group, me.name, 0, [entry_id], justid=True)
                me.r.xack(me.key, me.group, entry_id)
            yield me.sleep(0.5)

    with Simulation(r) as sim:
        sim.stream("sim:0")
        sim.group("sim:0", "workers")
        sim.producer("sim:0", regular(0.2, 4), constant(9.0))
        for name in ("c0", "c1", "c2"):
            sim.consumer("sim:0", "workers", name, body)
        run = sim.run(until=100.0)
    assert run.deliveries.tolist() == [1, 1, 1, 1] and sum(step.args[0] == "XCLAIM" for step in run.trace) > 20


def test_the_progress_bar_is_stored_the_same_whatever_the_machine(capsys):
    for _ in range(2):
        with Simulation(backend.simulated()) as sim:
            sim.stream("sim:0")
            sim.group("sim:0", "workers")
            sim.producer("sim:0", regular(2.0, 300), constant(0.1))
            sim.consumer("sim:0", "workers", "ada", worker())
            sim.run(progress=True)
    out, err = capsys.readouterr()
    first, second = out[: len(out) // 2], out[len(out) // 2 :]
    assert first == second and first.endswith(" 300 of 300 messages\n") and first.count("\r") > 15 and not err


@pytest.mark.parametrize("moment, effects", [("working", 1), ("before ack", 2), ("after ack", 1)])
def test_what_a_crash_costs(r, moment, effects):
    """The message in hand comes a second time unless XACK was sent; its effect doubles only between the two."""
    with Simulation(r) as sim:
        sim.stream("sim:0")
        sim.group("sim:0", "workers")
        sim.producer("sim:0", regular(1.0, 20), constant(0.5))
        sim.consumer("sim:0", "workers", "c0", worker(min_idle=5.0))
        sim.consumer("sim:0", "workers", "c1", worker(min_idle=5.0), joins=30.0)
        sim.crash("c0", at=4.2, moment=moment)
        run = sim.run(until=100.0)
    assert sorted(run.effects)[-1] == effects and (run.effects >= 1).all()
    assert sorted(run.deliveries)[-1] == (1 if moment == "after ack" else 2)
    assert run.fates["acknowledged"] == set(range(20))


def test_a_slow_group_behind_maxlen_loses_what_was_trimmed(r):
    with Simulation(r) as sim:
        sim.stream("sim:0", maxlen=10)
        for group in ("fast", "slow"):
            sim.group("sim:0", group)
        sim.producer("sim:0", regular(10.0, 200), constant(0.05))
        sim.consumer("sim:0", "fast", "hare", worker())
        sim.consumer("sim:0", "slow", "snail", worker(), speed=0.1)
        run = sim.run()
    assert not run.group("fast").fates["trimmed"]
    lost = run.group("slow").fates["trimmed"]
    assert len(lost) > 100 and len(lost) + len(run.group("slow").fates["acknowledged"]) == 200


# --- The same everywhere -------------------------------------------------------------------------------------------


def two_shops(r):
    """Two producers on two streams, a consumer that joins and one that leaves, and a handler with its own commands."""

    def book(me, fields):
        me.r.hincrby("sim:booked", fields["key"], 1)

    with Simulation(r, seed=3) as sim:
        for key in ("sim:web", "sim:app"):
            sim.stream(key)
            sim.group(key, "packing")
            sim.producer(key, poisson(3.0, MESSAGES // 2), lognormal(0.2, 2.0), keys=skewed_keys(5, 1.0))
            sim.consumer(key, "packing", f"{key} 1", worker(handle=book), leaves=150.0)
            sim.consumer(key, "packing", f"{key} 2", worker(handle=book, count=2), joins=100.0, speed=1.5)
        backend.claim(r, "sim:booked")
        run = sim.run()
        booked = sum(map(int, r.hvals("sim:booked")))
        r.delete("sim:booked")
    assert booked == run.effects.sum() == MESSAGES - len(run.fates["pending"])
    return run


def steps(run) -> list[tuple]:
    """The trace without what is by the clock on the wall."""

    def told(reply):
        if isinstance(reply, list):
            return [told(item) for item in reply]
        if isinstance(reply, dict):
            return {name: item for name, item in reply.items() if name != "time_since_delivered"}
        return reply

    return [(step.time, step.by, step.args, told(step.reply)) for step in run.trace]


SCENARIOS = {
    "one queue": lambda r: simulate(r, messages=MESSAGES),
    "partitions": lambda r: simulate(r, messages=MESSAGES, partitions=2),
    "hot keys": lambda r: shared(r, poisson(8.0, MESSAGES), exponential(0.3), 3, keys=skewed_keys(10, 1.0)),
    "batches": lambda r: shared(r, bursts(30.0, MESSAGES, 2.0, 5.0), lognormal(0.3, 4.0), 3, worker(count=10)),
    "two shops": two_shops,
    "no acknowledgements": lambda r: shared(r, regular(8.0, MESSAGES), constant(0.3), 3, worker(noack=True)),
    "faults": lambda r: faulty(
        r,
        {
            "seed": 7,
            "count": 2,
            "noack": False,
            "min_idle": 3.0,
            "tries": 3,
            "maxlen": 200,
            "crashes": [
                ("c0", 20.0, "working"),
                ("c1", 31.0, "before ack"),
                ("c0", 40.0, "now"),
                ("c2", 5.0, "after ack"),
            ],
            "pauses": [("c1", 50.0, 8.0)],
            "poison": {20, 21, 500},
            "fatal": {300},
            "restarts": 1.0,
            "renamed": True,
            "leaves": None,
            "two groups": True,
        },
        messages=MESSAGES,
        until=600.0,
    )[0],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_trace_is_the_same_on_the_simulator_and_on_servers(name, server_of):
    expected = steps(SCENARIOS[name](backend.simulated()))
    assert len(expected) > 2 * MESSAGES
    for program in ("redis", "redis-8.2"):
        client = server_of(program).client()
        client.flushall()
        assert steps(SCENARIOS[name](client)) == expected
    assert steps(SCENARIOS[name](backend.simulated())) == expected


def test_a_recipe_more_leaves_the_others_draws_alone():
    plain = shared(backend.simulated(), poisson(8.0, 100), exponential(0.3), 2)
    keyed = shared(backend.simulated(), poisson(8.0, 100), exponential(0.3), 2, keys=even_keys(5))
    assert np.array_equal(plain.arrived, keyed.arrived) and np.array_equal(plain.waits, keyed.waits)
    assert not plain.key.any() and set(keyed.key) == set(range(5))


# --- What cannot be ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"messages": 0}, "messages is 0"),
        ({"messages": 2.5}, "messages is 2.5"),
        ({"arrival_rate": -8.0}, "arrival_rate is -8.0"),
        ({"arrival_rate": float("nan")}, "arrival_rate is nan"),
        ({"service_rate": 0}, "service_rate is 0"),
        ({"service_rate": "3"}, "service_rate is '3'"),
        ({"consumers": 0}, "consumers is 0"),
        ({"consumers": True}, "consumers is True"),
        ({"consumers": 4, "partitions": 3}, "consumers is 4 and partitions 3"),
        ({"consumers": 2, "partitions": 4}, "consumers is 2 and partitions 4"),
        ({"partitions": 0}, "partitions is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_an_argument_that_cannot_be_is_named(arguments, named):
    with pytest.raises(ValueError) as refused:
        simulate(backend.simulated(), **{"messages": 10, **arguments})
    assert str(refused.value).startswith(named) and "\n" not in str(refused.value)


def raises_later(me):
    yield me.sleep(2.0)
    raise KeyError("price")


def waits_in_real_time(me):
    yield me.sleep(2.0)
    me.r.xreadgroup(me.group, me.name, {me.key: ">"}, block=1000)


def adds(fields: dict, entry_id: str, key: str = "sim:0") -> Callable:
    def body(me):
        yield me.sleep(2.0)
        me.r.xadd(key, fields, id=entry_id)

    return body


@pytest.mark.parametrize(
    "wrong, said",
    [
        (lambda sim: sim.group("orders", "workers"), "no stream 'orders'"),
        (lambda sim: sim.consumer("sim:0", "nobody", "c", worker()), "group is 'nobody'"),
        (lambda sim: sim.crash("bob", at=1.0), "no consumer 'bob' in this simulation; it has ada"),
        (lambda sim: sim.crash("ada", at=1.0, moment="later"), "moment is 'later'"),
        (lambda sim: sim.consumer("sim:0", "workers", "ada", worker()), "name is 'ada'"),
        (lambda sim: sim.run(), "run() has nothing to do"),
        (
            lambda sim: (sim.producer("sim:0", regular(1, 5), constant(1)), sim.run(), sim.run()),
            "run() was called before",
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", worker(min_idle=5.0)),
                sim.run(),
            ),
            "run() would not end, because bob looks again",
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", adds({"n": 1, "seconds": 1}, "*")),
                sim.run(),
            ),
            "bob adds to 'sim:0' with *, today's time: give id=me.next_id('sim:0')",
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", adds({"n": 1, "seconds": 1}, "1-1", "somebody's")),
                sim.run(),
            ),
            'bob adds to "somebody\'s", no stream of this simulation: add it with stream()',
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", adds({"order_id": 1}, "1-1")),
                sim.run(),
            ),
            "bob adds to 'sim:0', which a group reads, without a message's fields n, seconds",
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", waits_in_real_time),
                sim.run(),
            ),
            "bob waits with BLOCK, in real time: yield me.arrival() instead",
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", lambda me: iter([1.5])),
                sim.run(),
            ),
            "bob yielded 1.5: yield me.work(fields), me.arrival() or me.sleep(seconds)",
        ),
        (
            lambda sim: (
                sim.producer("sim:0", regular(1, 5), constant(1)),
                sim.consumer("sim:0", "workers", "bob", raises_later),
                sim.run(),
            ),
            "body of consumer 'bob' raised KeyError at 2.000 s: 'price'",
        ),
    ],
)
def test_what_cannot_be_simulated_is_one_sentence(wrong, said):
    with Simulation(backend.simulated()) as sim:
        sim.stream("sim:0")
        sim.group("sim:0", "workers")
        sim.consumer("sim:0", "workers", "ada", worker())
        with pytest.raises(SimulationError) as refused:
            wrong(sim)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_handler_that_raises_is_one_sentence():
    def handle(me, fields):
        return fields["price"]

    with pytest.raises(SimulationError, match=r"^body of consumer 'c0' raised KeyError at \d+\.\d+ s: 'price'$"):
        shared(backend.simulated(), regular(1.0, 5), constant(0.5), 1, worker(handle=handle))


def test_a_key_of_somebody_else_s_is_left_alone():
    r = backend.simulated()
    r.set("sim:0", "mine")
    with pytest.raises(backend.BackendError, match="'sim:0'"):
        simulate(r, messages=10)
    assert r.get("sim:0") == "mine"
