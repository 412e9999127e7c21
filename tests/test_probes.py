"""The probes of "Streams vs Pub/Sub vs Lists": the table, and that each verdict turns with what it rests on."""

from __future__ import annotations

import contextlib
import inspect

import pytest
import redis
from conftest import need_server

from helpers import backend, probes
from helpers.probes import COLUMNS, LIMITED, NO, PERSISTENCE, PROBES, SAID, YES, Verdict

ALL = [each for row in (PERSISTENCE, *PROBES.values()) for each in row]


@pytest.fixture(scope="module", params=["redis", "redis-8.2"])
def restartable(request):
    """A server that is the same program again when it was stopped and started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_SERVER_BIN", need_server(request.param))
        with backend.PrivateRedis() as server:
            yield server


class _Remembering:
    """A client whose channels remember: a subscriber gets what was published before it came."""

    def __init__(self, r: redis.Redis) -> None:
        self._r, self._published = r, []

    def __getattr__(self, name: str):
        return getattr(self._r, name)

    def publish(self, channel: str, message: str) -> int:
        self._published.append((channel, message))
        return self._r.publish(channel, message)

    def pubsub(self):
        subscriber, published = self._r.pubsub(), list(self._published)
        subscribe = subscriber.subscribe

        def and_replay(channel: str) -> None:
            subscribe(channel)
            for at, message in published:
                if at == channel:
                    self._r.publish(at, message)

        subscriber.subscribe = and_replay
        return subscriber


def test_a_probe_for_each_cell_named_after_it():
    names = [each.__name__ for each in ALL]
    columns = ("streams", "pubsub", "lists")
    assert names == [
        f"{column}_{row.lower().replace(' ', '_').replace('-', '_')}" for row in SAID for column in columns
    ]
    assert all(each.__doc__ for each in ALL)


def test_the_table_is_borne_out_but_for_what_lmove_can_do(r, restartable):
    found = probes.probe(r, restartable)
    differing = [
        (row, column)
        for row, verdicts in found.items()
        for column, claimed, verdict in zip(COLUMNS, SAID[row], verdicts, strict=True)
        if not probes.bears_out(claimed, verdict)
    ]
    assert list(found) == list(SAID)
    assert differing == [("Acknowledgment", "Lists")]
    assert found["Acknowledgment"][2].mark == LIMITED
    assert not r.keys("probe:*")
    for verdict in (verdict for verdicts in found.values() for verdict in verdicts):
        assert any(character.isdigit() for character in verdict.evidence)
        assert verdict.evidence.endswith(".") and len(verdict.evidence) < 140
    assert found == probes.probe(backend.simulated(), restartable), "another evidence than on the simulator"


# (probe, what is taken away or added, the verdict before, the verdict then, what the evidence says of it)
TURNS = [
    (probes.streams_consumer_groups, {"workers_share": False}, YES, NO, "ada and bob got 4 and 4"),
    (probes.pubsub_consumer_groups, {"channels": 2}, NO, YES, "ada and bob got 2 and 2, and billing's eve 4"),
    (probes.lists_consumer_groups, {"list_each": True}, NO, YES, "ada and bob got 2 and 2, and billing's eve 4"),
    (probes.streams_acknowledgment, {"noack": True}, YES, NO, "bob found nothing"),
    (probes.lists_acknowledgment, {"doing": False}, LIMITED, NO, "0 of 1 lay"),
    (probes.streams_message_replay, {"maxlen": 1}, YES, LIMITED, "1 of 4"),
    (probes.streams_message_replay, {"maxlen": 0}, YES, NO, "0 of 4"),
    (probes.lists_message_replay, {"before": False}, LIMITED, NO, "0 and 0 of 4"),
    (probes.streams_fan_out, {"groups": ("one", "one")}, YES, NO, "packing got 2 and billing got 2"),
    (probes.pubsub_fan_out, {"listening": ()}, YES, NO, "(PUBLISH answered 0)"),
    (probes.pubsub_fan_out, {"listening": ("packing",)}, YES, LIMITED, "billing got 0 (PUBLISH answered 1)"),
    (probes.lists_fan_out, {"list_each": True}, NO, YES, "packing got 4 and billing got 4"),
    (probes.streams_use_case, {"start": "$"}, YES, NO, "read 1"),
    (probes.pubsub_use_case, {"screens": 0}, YES, NO, "reached 0 of 3"),
    (probes.lists_use_case, {"pop": False}, YES, NO, "4 of them twice"),
]


@pytest.mark.parametrize("probe, options, before, after, seen", TURNS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_verdict_turns_with_what_it_rests_on(r, probe, options, before, after, seen):
    assert set(options) <= set(inspect.signature(probe).parameters)
    assert probe(r).mark == before
    turned = probe(r, **options)
    assert turned.mark == after and seen in turned.evidence
    assert probe(r).mark == before


@pytest.mark.parametrize("probe", [probes.pubsub_acknowledgment, probes.pubsub_message_replay])
def test_channels_that_remember_would_be_seen(r, probe):
    assert probe(r).mark == NO
    assert probe(_Remembering(r)).mark == YES


@pytest.mark.parametrize("probe", PERSISTENCE)
def test_what_was_not_saved_is_not_persistent(restartable, probe):
    for _ in range(2):
        kept, lost = probe(restartable), probe(restartable, save=False)
        assert kept.mark == (NO if probe is probes.pubsub_persistence else YES)
        assert lost.mark == NO and "0 of 4" in lost.evidence


def test_messages_that_outlive_a_restart_would_be_seen(restartable):
    class Server:
        """A server whose channels remember."""

        def __init__(self) -> None:
            self._client = _Remembering(restartable.client())
            self.stop, self.start = restartable.stop, restartable.start

        def client(self) -> _Remembering:
            return self._client

    assert probes.pubsub_persistence(Server()).mark == YES


@pytest.mark.parametrize("probe", [probes.streams_message_replay, probes.lists_use_case, probes.lists_message_replay])
def test_a_probe_does_not_touch_a_key_that_is_not_the_course_s(r, probe):
    name = probes.STREAM if probe is probes.streams_message_replay else probes.LIST
    r.set(name, "somebody's")
    with pytest.raises(backend.BackendError, match="did not make"):
        probe(r)
    assert r.get(name) == "somebody's"


def test_every_probe_leaves_the_probes_after_it_alone(r):
    wanted = {row: tuple(each(r) for each in row_of) for row, row_of in PROBES.items()}
    for row, row_of in reversed(PROBES.items()):
        assert tuple(each(r) for each in reversed(row_of)) == wanted[row][::-1]


def test_without_a_redis_server_a_restart_is_not_shown(capsys):
    for each in PERSISTENCE:
        assert each(None).mark is None and "needs a redis-server" in each(None).evidence
    probes.print_table(COLUMNS, SAID, {"Persistence": [each(None) for each in PERSISTENCE]})
    assert capsys.readouterr().out.count("not shown here") == 3


def test_print_table(capsys):
    said = {"Row one": ("✅ Yes", "❌ No", "✅ Limited"), "Two": ("Best", "✅ All", "❌ No")}
    found = {
        "Row one": (Verdict(YES, "a."), Verdict(NO, "b."), Verdict(LIMITED, "c.")),
        "Two": (Verdict(YES, "d."), Verdict(LIMITED, "e."), Verdict(YES, "f.")),
    }
    probes.print_table(("A", "B", "C"), said, found)
    assert capsys.readouterr().out == (
        "         A        B                       C\n"
        "Row one  ✅ Yes   ❌ No                   limited\n"
        "Two      ✅ Best  limited (said: ✅ All)  ✅ (said: ❌ No)\n"
    )
    probes.print_evidence(("A", "B", "C"), {"Two": found["Two"]})
    assert capsys.readouterr().out == "Two\n  A: d.\n  B: e.\n  C: f.\n"


def test_commands_of(r):
    assert probes.commands_of(r, lambda r: (r.set("k", 1), r.get("k"))) == ["SET", "GET"]
    with contextlib.suppress(redis.ResponseError):
        probes.commands_of(r, lambda r: r.lpush("k", 1))
    assert "execute_command" not in vars(r)
