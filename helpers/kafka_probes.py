"""One probe for each cell of the table "Redis Streams / Kafka", eight rows; see helpers/probes.py for what a probe is.

What no notebook can prove (millions a second, a cluster of many machines) is probed for what it rests on, or left out
with the reason. Three cells of Streams are probed in helpers/probes.py already.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import redis
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from redis.crc import key_slot

from helpers import probes
from helpers.backend import GET_A_SERVER, PrivateRedis, claim, free_ports, private_redis, server_program
from helpers.kafka import Kafka
from helpers.probes import NO, STREAM, YES, Verdict

COLUMNS = ("Redis Streams", "Kafka")

# The table as it is repeated everywhere; a cell without a mark says what the column is like.
SAID = {
    "Persistence": ("✅ Yes", "✅ Yes"),
    "Consumer Groups": ("✅ Yes", "✅ Yes"),
    "Acknowledgment": ("✅ Yes", "✅ Yes"),
    "Partitions": ("❌ No", "✅ Yes"),
    "Throughput": ("100K-1M/sec", "Millions/sec"),
    "Retention": ("Memory-bound", "Disk-based"),
    "Operations": ("Simple", "Complex"),
    "Clustering": ("Redis Cluster", "Native"),
}
NEED_A_BROKER = ("Persistence", "Retention", "Operations")  # rows that the embedded mock cannot show

NO_SERVER = Verdict(None, f"not shown here: this needs a redis-server ({GET_A_SERVER}).")
NO_BROKER = Verdict(None, "not shown here: this needs a real broker, and this is the embedded mock.")
NO_FILES = Verdict(None, "not shown here: the broker's files are on another machine.")
PATIENCE = 30.0  # seconds; an answer takes milliseconds, a group's first member up to some seconds

_numbers = itertools.count(1)


def probe(
    r: redis.Redis, kafka: Kafka, server: PrivateRedis | None, rows: Iterable[str] = tuple(SAID)
) -> dict[str, tuple[Verdict, Verdict]]:
    """The verdicts of these rows.

    Args:
        r: any Redis; keys that begin with ``probe:`` are written and deleted, by the guest rules.
        server: one to restart; without it some verdicts are None.
    """
    found = {row: (_streams(row, r, server), KAFKA[row](kafka)) for row in rows}
    r.delete(STREAM)
    return found


def _streams(row: str, r: redis.Redis, server: PrivateRedis | None) -> Verdict:
    if row in ON_THEIR_OWN_SERVER:
        return ON_THEIR_OWN_SERVER[row]() if server_program() else NO_SERVER
    return probes.streams_persistence(server) if row == "Persistence" else STREAMS[row](r)


# --- Persistence -----------------------------------------------------------------------------------------------------


def kafka_persistence(kafka: Kafka, sent: int = 10) -> Verdict:
    """Ten orders, of which `sent` are sent, looked for in the broker's files."""
    if not kafka.real:
        return NO_BROKER
    topic = _topic(kafka, 1)
    _send(kafka, topic, sent)
    log = _log_of(kafka, topic)
    if log is None:
        return NO_FILES
    kept = sum(f"order {1001 + n}".encode() in log for n in range(10))
    return Verdict(YES if kept == 10 else NO, f"{kept} of 10 orders were in the partition's file on disk.")


# --- Consumer groups: a service's workers share, and every service has all -------------------------------------------


def kafka_consumer_groups(kafka: Kafka, workers_share: bool = True) -> Verdict:
    """Two workers of packing, one of billing; without `workers_share` each worker has a group of its own."""
    topic, run = _topic(kafka, 4), next(_numbers)
    groups = {"ada": "packing", "bob": "packing" if workers_share else "packing-2", "eve": "billing"}
    members = {name: _member(kafka, f"{group}-{run}", name, topic) for name, group in groups.items()}
    seen: dict[str, set] = {name: set() for name in members}
    held = {"ada": 2, "bob": 2, "eve": 4} if workers_share else dict.fromkeys(groups, 4)
    try:
        _poll(members.values(), lambda: {name: len(m.assignment()) for name, m in members.items()} == held)
        _send(kafka, topic, 4, spread=True)
        for name, member in members.items():
            _gather(member, seen[name], held[name])
    finally:
        for member in members.values():
            member.close()
    ada, bob, eve = seen.values()
    held = not ada & bob and ada and bob and len(ada | bob) == len(eve) == 4
    told = f"of 4 orders packing's workers ada and bob got {len(ada)} and {len(bob)}, and billing's eve {len(eve)}."
    return Verdict(YES if held else NO, told)


# --- Acknowledgment --------------------------------------------------------------------------------------------------


def kafka_acknowledgment(kafka: Kafka, commit: bool = True) -> Verdict:
    """Three orders are read; the offset after the second one is committed, and somebody else goes on."""
    topic, group = _topic(kafka, 1), f"packing-{next(_numbers)}"
    _send(kafka, topic, 3)
    with closing(_member(kafka, group, "ada", topic)) as ada:
        _gather(ada, set(), 3)
        if commit:
            ada.commit(offsets=[TopicPartition(topic, 0, 2)], asynchronous=False)
    with closing(_member(kafka, group, "bob", topic)) as bob:
        first = 1001 + _first(bob).offset()
    said = "committed 1002" if commit else "committed nothing"
    told = f"of three orders ada {said} and died: bob went on with {first}"
    return Verdict(YES if first == 1003 else NO, told + (", 1001 was confirmed with it." if first == 1003 else "."))


# --- Partitions ------------------------------------------------------------------------------------------------------


def streams_partitions(r: redis.Redis, keys: tuple[str, ...] = (STREAM,)) -> Verdict:
    """Where 100 orders of 100 customers lie: in how many of the 16,384 slots by which Redis Cluster spreads keys.

    Args:
        keys: more than one is spreading them oneself: customer n goes to key n modulo their number.
    """
    for key in keys:
        claim(r, key)
    for n in range(100):
        r.xadd(keys[n % len(keys)], {"customer": n})
    slots = {key_slot(key.encode()) for key in keys if r.xlen(key)}
    r.delete(*keys)
    told = f"100 orders of 100 customers lay in {_many(len(keys), 'key')}, on {_many(len(slots), 'slot')} of a cluster."
    return Verdict(NO if len(slots) == 1 else YES, told)


def kafka_partitions(kafka: Kafka, partitions: int = 4) -> Verdict:
    """Where 100 orders of 100 customers lie: in how many partitions, spread by the client's hash of the key."""
    topic = _topic(kafka, partitions)
    _send(kafka, topic, 100, partition=None)
    filled = sum(end > 0 for _, end in kafka.ends(topic).values())
    told = f"100 orders of 100 customers lay in {_many(filled, 'partition')} of one topic."
    return Verdict(YES if filled > 1 else NO, told)


# --- Throughput: no rate is shown here, but what it rests on ---------------------------------------------------------


def streams_throughput(r: redis.Redis, pipelined: bool = True) -> Verdict:
    """How many round trips 1,000 orders take."""
    claim(r, STREAM)
    trips, get = 0, r.connection_pool.get_connection

    def counted(*args, **kwargs):
        nonlocal trips
        trips += 1
        return get(*args, **kwargs)

    r.connection_pool.get_connection = counted
    try:
        with r.pipeline(transaction=False) as pipe:
            for n in range(1000):
                (pipe if pipelined else r).xadd(STREAM, {"order_id": n})
            pipe.execute()
    finally:
        r.connection_pool.get_connection = get
        r.delete(STREAM)
    told = f"1,000 orders took {_many(trips, 'round trip')}; how many that is a second is for 16 to measure."
    return Verdict(None if trips <= 100 else NO, told)


def kafka_throughput(kafka: Kafka, batch: int = 10_000) -> Verdict:
    """How many requests 1,000 orders take, as the client counts them.

    Args:
        batch: the most orders that the client may send in one request.
    """
    topic, counts = _topic(kafka, 1), []
    settings = {
        "linger.ms": 200,
        "batch.num.messages": batch,
        "statistics.interval.ms": 100,
        "stats_cb": lambda text: counts.append(_requests(text)),
    }
    producer = Producer({**kafka.client, **settings})
    for n in range(1000):
        producer.produce(topic, value=f"order {n}", partition=0)
    producer.flush(PATIENCE)
    seen, deadline = len(counts), time.monotonic() + PATIENCE
    while len(counts) < seen + 2 and time.monotonic() < deadline:  # one that began after the last answer
        producer.poll(0.05)
    few = counts[-1] <= 100
    told = f"1,000 orders took {'no more' if few else 'more'} than 100 requests, as the client counts"
    return Verdict(None if few else NO, told + "; how many that is a second depends on the machines.")


def _requests(statistics: str) -> int:
    """How many Produce requests the client has sent (librdkafka's STATISTICS.md)."""
    return sum(broker["req"].get("Produce", 0) for broker in json.loads(statistics)["brokers"].values())


# --- Retention -------------------------------------------------------------------------------------------------------


def streams_retention(maxmemory: str = "8mb") -> Verdict:
    """20 MB of orders into a server that may use `maxmemory` (``"0"``: as much as it likes)."""
    with private_redis("--maxmemory", maxmemory) as server:
        client = server.client()
        try:
            for _ in range(20):
                with client.pipeline(transaction=False) as pipe:
                    for _ in range(1000):
                        pipe.xadd(STREAM, {"payload": "x" * 1000})
                    pipe.execute()
        except redis.exceptions.OutOfMemoryError:
            return Verdict(YES, f"of 20 MB of orders, XADD refused what went beyond maxmemory {maxmemory}.")
    return Verdict(NO, "20 MB of orders were stored.")


def kafka_retention(kafka: Kafka, size: int = 1000) -> Verdict:
    """1,000 orders of `size` bytes in the broker's files, and how long the topic keeps them."""
    if not kafka.real:
        return NO_BROKER
    topic = _topic(kafka, 1)
    _send(kafka, topic, 1000, padding="x" * size)
    log = _log_of(kafka, topic)
    if log is None:
        return NO_FILES
    days = int(_settings(kafka, ConfigResource.Type.TOPIC, topic)["retention.ms"].value) / 86_400_000
    if len(log) < 1_000_000:
        return Verdict(NO, f"only {len(log):,} bytes were in the partition's file.")
    return Verdict(YES, f"1 MB of orders lay in a file on disk, to stay for {days:g} days, read or unread.")


# --- Operations: what has to be told and run before the first order is taken -----------------------------------------


def streams_operations(copies: int = 0) -> Verdict:
    """One redis-server, without a configuration file, is given an order.

    Args:
        copies: how many other machines are to hold an order before it counts as taken.
    """
    with private_redis("--min-replicas-to-write", str(copies)) as server:
        client = server.client()
        file = client.info("server")["config_file"] or "no configuration file"
        try:
            client.xadd(STREAM, {"order_id": 1001})
        except redis.ResponseError as error:
            return Verdict(NO, f"one process, {file}: XADD was refused ({str(error).partition(' ')[0]}).")
    return Verdict(YES, f"one process, {file}: XADD was answered.")


def kafka_operations(
    kafka: Kafka,
    needed: tuple[str, ...] = (
        "node.id",
        "process.roles",
        "controller.quorum.voters",
        "controller.listener.names",
        "listeners",
    ),
) -> Verdict:
    """How many of the settings `needed` a broker had to be given, because their defaults would not do."""
    if not kafka.real:
        return NO_BROKER
    settings = _settings(kafka, ConfigResource.Type.BROKER, _broker(kafka))
    given = [name for name in needed if name in settings and not settings[name].is_default]
    roles = "+".join(sorted(settings["process.roles"].value.split(",")))
    return Verdict(YES if len(given) > 2 else NO, f"roles {roles}; {len(given)} settings had to be given to start it.")


# --- Clustering ------------------------------------------------------------------------------------------------------


def streams_clustering(keys: tuple[str, str] = ("orders", "returns")) -> Verdict:
    """A server in cluster mode is asked for two streams in one XREAD.

    Args:
        keys: with a common {tag} they are in one slot.
    """
    [bus] = free_ports(1)  # The nodes' own, and 10000 for every server without a port.
    with private_redis("--cluster-enabled", "yes", "--cluster-port", str(bus), "--bind", "127.0.0.1") as server:
        client = server.client()
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        try:
            client.execute_command("XREAD", "STREAMS", *keys, "0", "0")
        except redis.exceptions.ClusterCrossSlotError:
            told = "in cluster mode, which is off unless asked for, one XREAD of two streams was refused: CROSSSLOT."
            return Verdict(YES, told)
        except redis.exceptions.ClusterDownError:  # Slots are looked at first: this is a node that is just up.
            pass
    return Verdict(NO, "one XREAD of two streams was not refused: they were in one slot.")


def kafka_clustering(kafka: Kafka, patience: float = PATIENCE) -> Verdict:
    """What a broker's answer says of where a topic's partitions are."""
    topic = _topic(kafka, 4)
    try:
        told = AdminClient(kafka.client).list_topics(topic, timeout=patience)
    except KafkaException:
        return Verdict(NO, "no broker answered.")
    partitions = told.topics[topic].partitions.values()
    led = sum(each.leader in told.brokers for each in partitions)
    mark = YES if led == len(partitions) else NO
    return Verdict(mark, f"a broker's answer to one question named the leader of each of {led} partitions.")


STREAMS: dict[str, Callable[[redis.Redis], Verdict]] = {
    "Consumer Groups": probes.streams_consumer_groups,
    "Acknowledgment": probes.streams_acknowledgment,
    "Partitions": streams_partitions,
    "Throughput": streams_throughput,
}
ON_THEIR_OWN_SERVER: dict[str, Callable[[], Verdict]] = {
    "Retention": streams_retention,
    "Operations": streams_operations,
    "Clustering": streams_clustering,
}
KAFKA: dict[str, Callable[[Kafka], Verdict]] = {
    "Persistence": kafka_persistence,
    "Consumer Groups": kafka_consumer_groups,
    "Acknowledgment": kafka_acknowledgment,
    "Partitions": kafka_partitions,
    "Throughput": kafka_throughput,
    "Retention": kafka_retention,
    "Operations": kafka_operations,
    "Clustering": kafka_clustering,
}


# --- What the probes share -------------------------------------------------------------------------------------------


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _topic(kafka: Kafka, partitions: int) -> str:
    """A topic of a probe's own: the mock cannot empty one."""
    return kafka.topic(f"probe-{next(_numbers)}", partitions)


def _send(
    kafka: Kafka, topic: str, orders: int, partition: int | None = 0, spread: bool = False, padding: str = ""
) -> None:
    """Sends orders from 1001 on: to a partition, one to each in turn, or (None) where the client's hash says."""
    producer = Producer(kafka.client)
    for n in range(orders):
        place = {} if partition is None else {"partition": n % 4 if spread else partition}
        producer.produce(topic, key=str(1001 + n), value=f"order {1001 + n}{padding}", **place)
    producer.flush(PATIENCE)


def _member(kafka: Kafka, group: str, name: str, topic: str) -> Consumer:
    consumer = Consumer({**kafka.consumer, "group.id": kafka.name(group), "client.id": name})
    consumer.subscribe([topic])
    return consumer


def _poll(members: Iterable[Consumer], until: Callable[[], bool]) -> None:
    """Polls in turn, because a group settles only while its members poll."""
    deadline = time.monotonic() + PATIENCE
    while not until() and time.monotonic() < deadline:
        for member in members:
            member.poll(0.05)


def _gather(member: Consumer, seen: set, number: int) -> None:
    """Reads until `number` different orders are in `seen`."""
    deadline = time.monotonic() + PATIENCE
    while len(seen) < number and time.monotonic() < deadline:
        seen |= {message.key() for message in member.consume(10, timeout=0.1) if not message.error()}


def _first(member: Consumer) -> Message:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        message = member.poll(0.1)
        if message is not None and not message.error():
            return message
    raise TimeoutError("no order came")


def _settings(kafka: Kafka, kind: ConfigResource.Type, name: str) -> dict:
    admin = AdminClient(kafka.client)
    [future] = admin.describe_configs([ConfigResource(kind, name)]).values()
    return future.result(timeout=PATIENCE)


def _broker(kafka: Kafka) -> str:
    return str(next(iter(AdminClient(kafka.client).list_topics(timeout=PATIENCE).brokers)))


def _log_of(kafka: Kafka, topic: str) -> bytes | None:
    """The bytes of partition 0's log on the broker's disk; None when that is not this machine's."""
    folder = Path(_settings(kafka, ConfigResource.Type.BROKER, _broker(kafka))["log.dirs"].value)
    logs = sorted((folder / f"{topic}-0").glob("*.log"))
    return b"".join(log.read_bytes() for log in logs) if logs else None
