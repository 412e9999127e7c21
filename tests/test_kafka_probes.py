"""The probes of "Redis Streams / Kafka": the table, and that each verdict turns with what it rests on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import ConfigResource
from conftest import need_server
from test_kafka import need_kafka

from helpers import backend
from helpers import kafka as home
from helpers import kafka_probes as kp
from helpers.kafka import Kafka, MockCluster, connect_kafka
from helpers.kafka_probes import COLUMNS, NEED_A_BROKER, SAID, probe
from helpers.probes import NO, STREAM, YES, bears_out, print_evidence, print_table


@contextlib.contextmanager
def connected(servers: str) -> Iterator[Kafka]:
    """The cluster that connect_kafka() gives a new kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, "_current", None)
        patch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
        cluster = connect_kafka()
        yield cluster
        cluster.close()


@pytest.fixture(scope="module")
def broker():
    """A real node."""
    need_kafka()
    with connected("local") as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["mock", "node"])
def kafka(request):
    """The mock and a real node in turn."""
    if request.param == "node":
        yield request.getfixturevalue("broker")
    else:
        with connected("") as cluster:
            yield cluster


@pytest.fixture(scope="module", params=["redis", "redis-8.2"])
def program(request):
    """private_redis() is this server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_SERVER_BIN", need_server(request.param))
        yield


def test_a_probe_for_each_cell_named_after_it():
    streams = {**kp.STREAMS, **kp.ON_THEIR_OWN_SERVER}
    for row in SAID:
        name = row.lower().replace(" ", "_")
        assert kp.KAFKA[row].__name__ == f"kafka_{name}" and kp.KAFKA[row].__doc__
        assert row == "Persistence" or streams[row].__name__ == f"streams_{name}"
    assert set(kp.KAFKA) == {"Persistence", *streams} == set(SAID)
    assert set(NEED_A_BROKER) < set(SAID)


# --- The table -------------------------------------------------------------------------------------------------------


def test_the_table_is_borne_out(r, kafka, capsys):
    """What is not shown is a rate, which is a number of the machine; and on the mock what needs a broker."""
    need_server("redis")
    with backend.PrivateRedis() as server:
        found = probe(r, kafka, server)
    assert list(found) == list(SAID) and not r.exists(STREAM)
    for row, verdicts in found.items():
        for column, said, verdict in zip(COLUMNS, SAID[row], verdicts, strict=True):
            unshown = row == "Throughput" or (column == "Kafka" and row in NEED_A_BROKER and not kafka.real)
            assert (verdict.mark is None) == unshown, (row, column)
            assert unshown or bears_out(said, verdict), (row, column, verdict)
            assert verdict.evidence.endswith(".")
    print_table(COLUMNS, SAID, found)
    print_evidence(COLUMNS, found)
    out = capsys.readouterr().out
    assert "(said:" not in out and "Partitions       ❌ No" in out
    if kafka.real:
        assert "Operations       ✅ Simple         ✅ Complex" in out
    else:
        assert "Retention        ✅ Memory-bound   not shown here" in out


def test_the_same_words_on_every_back_end(r, kafka):
    rows = [row for row in SAID if row not in NEED_A_BROKER]
    found = probe(r, kafka, None, [row for row in rows if row in kp.STREAMS])
    assert {row: [verdict.evidence for verdict in verdicts] for row, verdicts in found.items()} == {
        "Consumer Groups": ["of 4 orders packing's workers ada and bob got 2 and 2, and billing's eve 4."] * 2,
        "Acknowledgment": [
            "ada died with an order: it was pending with the count 1, and bob claimed it; after XACK 0 were pending.",
            "of three orders ada committed 1002 and died: bob went on with 1003, 1001 was confirmed with it.",
        ],
        "Partitions": [
            "100 orders of 100 customers lay in 1 key, on 1 slot of a cluster.",
            "100 orders of 100 customers lay in 4 partitions of one topic.",
        ],
        "Throughput": [
            "1,000 orders took 1 round trip; how many that is a second is for 16 to measure.",
            "1,000 orders took no more than 100 requests, as the client counts; "
            "how many that is a second depends on the machines.",
        ],
    }


def test_without_a_redis_server_it_says_so(r, kafka, monkeypatch):
    monkeypatch.setenv("REDIS_SERVER_BIN", "no-such-program")
    found = probe(r, kafka, None, ["Persistence", "Clustering"])
    for streams, _ in found.values():
        assert streams.mark is None and "needs a redis-server" in streams.evidence


# --- Streams: a probe that cannot fail is worthless ------------------------------------------------------------------


def test_streams_partitions_turns_with_streams_of_ones_own(r):
    assert kp.streams_partitions(r).mark == NO
    shards = tuple(f"{STREAM}:{n}" for n in range(4))
    assert kp.streams_partitions(r, shards) == (
        YES,
        "100 orders of 100 customers lay in 4 keys, on 4 slots of a cluster.",
    )
    assert kp.streams_partitions(r, tuple(f"{{{STREAM}}}:{n}" for n in range(4))).mark == NO


def test_streams_throughput_turns_without_a_pipeline(r):
    assert kp.streams_throughput(r).mark is None
    verdict = kp.streams_throughput(r, pipelined=False)
    assert verdict.mark == NO and "1,000 orders took 1,000 round trips" in verdict.evidence
    assert r.xlen(STREAM) == 0


def test_streams_retention_turns_without_maxmemory(program):
    assert kp.streams_retention().mark == YES
    assert kp.streams_retention("0") == (NO, "20 MB of orders were stored.")


def test_streams_operations_turns_when_a_copy_is_asked_for(program):
    assert kp.streams_operations().mark == YES
    verdict = kp.streams_operations(copies=1)
    assert verdict.mark == NO and "NOREPLICAS" in verdict.evidence


def test_streams_clustering_turns_with_a_common_tag(program):
    assert kp.streams_clustering().mark == YES
    assert kp.streams_clustering(("{shop}:orders", "{shop}:returns")).mark == NO


# --- Kafka -----------------------------------------------------------------------------------------------------------


def test_kafka_consumer_groups_turns_without_a_common_group(kafka):
    verdict = kp.kafka_consumer_groups(kafka, workers_share=False)
    assert verdict == (NO, "of 4 orders packing's workers ada and bob got 4 and 4, and billing's eve 4.")


def test_kafka_acknowledgment_turns_without_a_commit(kafka):
    verdict = kp.kafka_acknowledgment(kafka, commit=False)
    assert verdict == (NO, "of three orders ada committed nothing and died: bob went on with 1001.")


def test_kafka_partitions_turns_with_one(kafka):
    assert kp.kafka_partitions(kafka, partitions=1).mark == NO


def test_kafka_throughput_turns_when_every_order_goes_alone(kafka):
    verdict = kp.kafka_throughput(kafka, batch=1)
    assert verdict.mark == NO and "more than 100 requests" in verdict.evidence


def test_kafka_clustering_turns_when_nobody_answers():
    cluster = MockCluster()
    kafka = Kafka(cluster.servers, "a mock", real=False, session=(1500, 100), end=cluster)
    assert kp.kafka_clustering(kafka).mark == YES
    cluster.set_down(True)
    assert kp.kafka_clustering(kafka, patience=0.5) == (NO, "no broker answered.")
    cluster.set_down(False)
    kafka.close()


def test_kafka_persistence_turns_with_what_was_not_sent(broker):
    verdict = kp.kafka_persistence(broker, sent=9)
    assert verdict == (NO, "9 of 10 orders were in the partition's file on disk.")


def test_kafka_retention_turns_when_nothing_lies_on_disk(broker):
    assert kp.kafka_retention(broker, size=0).mark == NO


def test_kafka_operations_turns_where_defaults_will_do(broker):
    assert kp.kafka_operations(broker).mark == YES
    assert kp.kafka_operations(broker, needed=("message.max.bytes", "num.io.threads")).mark == NO


def test_a_broker_whose_files_are_elsewhere_is_no_verdict(broker, monkeypatch):
    settings = kp._settings

    def elsewhere(kafka, kind, name):
        found = settings(kafka, kind, name)
        if kind is ConfigResource.Type.BROKER:
            found["log.dirs"].value = "/nowhere"
        return found

    monkeypatch.setattr(kp, "_settings", elsewhere)
    assert kp.kafka_persistence(broker) == kp.kafka_retention(broker) == kp.NO_FILES
