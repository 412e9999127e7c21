"""The Kafka that a notebook talks to: an embedded mock, a private node, or yours.

``KAFKA_BOOTSTRAP_SERVERS`` chooses: nothing set is librdkafka's mock cluster in this kernel, which speaks Kafka's
protocol and is no broker; ``local`` is an Apache Kafka node (KRaft, one process) started for this kernel from the jars
of Maven Central; ``host:port`` is that cluster, where the course behaves as a guest: every topic and every group has
the prefix `PREFIX`, is deleted at the end, and nothing else is touched.

The mock is started by librdkafka's C API, out of the very library that confluent-kafka brings (rdkafka_mock.h).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, OffsetSpec

from helpers.backend import free_ports

T = TypeVar("T")

VERSION = "4.3.1"
PREFIX = "redis-streams-course."
GET_JAVA = "apt install openjdk-17-jre-headless (Debian, Ubuntu), brew install openjdk@17 (macOS), or adoptium.net"
GET_MAVEN = "apt install maven (Debian, Ubuntu), brew install maven (macOS), or maven.apache.org"
GET_BROKER = "KAFKA_BOOTSTRAP_SERVERS=local is a private node"
ELSEWHERE = "Use KAFKA_BOOTSTRAP_SERVERS=local for a private node, or unset it for the embedded mock"

SKIPPED = "Skipped: {what} needs a real broker, and this is the embedded mock (KAFKA_BOOTSTRAP_SERVERS=local)."

# No client writes into a cell: what goes wrong is raised where it is asked for.
QUIET = {"log_level": 0, "error_cb": lambda error: None}

_current: Kafka | None = None


class KafkaProblem(Exception):
    """Why there is no usable Kafka, and the way out, in one sentence; a notebook shows no traceback for it."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def connect_kafka(needs_broker: str = "") -> Kafka:
    """The Kafka of this notebook, without what an earlier run of it left; prints one line that says which.

    Args:
        needs_broker: the sections that only a real broker can show, such as ``"section 9"``, for the printed line.

    Raises:
        KafkaProblem: no Java, no Maven, no broker, no access; one sentence with the way out.
    """
    global _current
    if _current is not None:
        _current.close()
        _current = None
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "").strip()
    _current = _mock() if not servers else _local() if servers == "local" else _guest(servers)
    skips = "Nothing is skipped."
    if needs_broker and not _current.real:
        skips = f"Skipped here: {needs_broker} (needs a real broker: KAFKA_BOOTSTRAP_SERVERS=local, Java and Maven)."
    print(f"{_current.description}. {skips}")
    return _current


class Kafka:
    """A cluster, and the settings with which the course's clients reach it.

    `client` are the settings of every client, `consumer` those of a consumer without its ``group.id``. `real` is False
    on the mock. Names of topics and groups come from `name()`, so that a guest touches nothing else.
    """

    def __init__(self, servers: str, description: str, real: bool, session: tuple[int, int], end: Any = None) -> None:
        self.client = {"bootstrap.servers": servers, **QUIET}
        session_ms, heartbeat_ms = session
        self.consumer = {
            **self.client,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 20,
            "session.timeout.ms": session_ms,
            "heartbeat.interval.ms": heartbeat_ms,
            # One for all members of a group: two different ones in a group end the mock, and this process with it.
            "partition.assignment.strategy": "range",
        }
        self.description, self.real = description, real
        self._end = end  # ends the cluster, where it is this process's
        self._topics: dict[str, int] = {}
        self._groups: set[str] = set()
        self._prefix = PREFIX if real else ""
        self._admin = AdminClient(self.client)

    def name(self, name: str) -> str:
        """The name that a topic or a group of the lesson has on this cluster."""
        self._groups.add(self._prefix + name)
        return self._prefix + name

    def topic(self, name: str, partitions: int = 4) -> str:
        """A new, empty topic; one of that name is deleted first. Returns its name on this cluster."""
        full = self._prefix + name
        if full in self._topics and not self.real:
            raise KafkaProblem(f"the mock cannot empty the topic {name!r}: run the cell with connect_kafka() again.")
        self._topics[full] = partitions
        if self.real:
            self._delete_topics([full])
            self._create(full)
        else:
            self._end.create_topic(full, partitions)
        return full

    def ends(self, topic: str) -> dict[int, tuple[int, int]]:
        """By partition: the offset of the first record that is there, and that of the next one to come."""
        places = [TopicPartition(topic, n) for n in range(self._topics[topic])]
        found: dict[int, list[int]] = {place.partition: [] for place in places}
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
            futures = self._admin.list_offsets(dict.fromkeys(places, spec), request_timeout=10)
            for place, future in futures.items():
                found[place.partition].append(future.result().offset)
        return {partition: (first, end) for partition, (first, end) in found.items()}

    def lag(self, group: str, topic: str) -> dict[int, int]:
        """By partition: how many records are after the group's committed offset."""
        ends = self.ends(topic)
        asking = Consumer({**self.client, "group.id": group})
        try:
            places = _once_chosen(lambda: asking.committed([TopicPartition(topic, n) for n in ends], timeout=10))
        finally:
            asking.close()
        return {at.partition: ends[at.partition][1] - max(at.offset, ends[at.partition][0]) for at in places}

    def share_from_earliest(self, group: str) -> None:
        """Sets ``share.auto.offset.reset`` of a share group (KIP-932), which on a broker is a setting of the group."""
        if not self.real:
            return  # The mock does so from its start.
        entry = ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.GROUP, group, incremental_configs=[entry])
        [future] = self._admin.incremental_alter_configs([resource]).values()
        future.result(timeout=10)

    def only_real(self, what: str) -> bool:
        """True on a real broker; on the mock False, with a printed sentence."""
        if not self.real:
            print(SKIPPED.format(what=what))
        return self.real

    def close(self) -> None:
        """Deletes the lesson's topics and groups, and ends a cluster that is this process's own."""
        if self.real:
            with contextlib.suppress(KafkaException):
                self._delete_topics(list(self._topics))
            for group in sorted(self._groups):
                with contextlib.suppress(KafkaException):  # There may be none of that name.
                    _once_chosen(functools.partial(self._delete_group, group))
        self._topics.clear()
        self._groups.clear()
        if self._end is not None and not isinstance(self._end, Node):
            self._end.close()

    def _create(self, topic: str) -> None:
        """Creates it on a broker, and waits until all its partitions can be asked."""
        deadline = time.monotonic() + 15
        while True:
            try:
                self._admin.create_topics([NewTopic(topic, self._topics[topic], 1)])[topic].result(timeout=10)
                break
            except KafkaException as error:  # A topic that is being deleted is there for a moment more.
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS or time.monotonic() > deadline:
                    raise KafkaProblem(f"the topic {topic} cannot be created: {error.args[0].str()}.") from None
                time.sleep(0.1)
        while True:
            try:
                self.ends(topic)
                break
            except KafkaException as error:  # Its partitions have no leader yet, or are those of the deleted one.
                if time.monotonic() > deadline:
                    raise KafkaProblem(f"the topic {topic} does not come up: {error.args[0].str()}.") from None
                time.sleep(0.1)
                self._admin = AdminClient(self.client)  # The old one goes on believing what it was told.

    def _delete_group(self, group: str) -> None:
        self._admin.delete_consumer_groups([group])[group].result(timeout=10)

    def _delete_topics(self, topics: list[str]) -> None:
        there = set(self._admin.list_topics(timeout=10).topics)
        mine = [topic for topic in topics if topic in there]
        for future in self._admin.delete_topics(mine).values() if mine else ():
            future.result(timeout=10)


_CHOOSING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


def _once_chosen(ask: Callable[[], T]) -> T:
    """The answer of a group's coordinator, which a broker that is just up may still be choosing."""
    deadline = time.monotonic() + 15
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _CHOOSING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


# --- The embedded mock ---------------------------------------------------------------------------------------------


class MockCluster:
    """librdkafka's mock cluster, one broker on a loopback port, in threads of this process.

    Source: rdkafka_mock.h of librdkafka 2.16 ("experimental API, subject to change", so confluent-kafka is pinned).
    """

    def __init__(self) -> None:
        self._lib = _library()
        settings = self._lib.rd_kafka_conf_new()
        self._lib.rd_kafka_conf_set(settings, b"log_level", b"0", None, 0)
        self._handle = self._lib.rd_kafka_new(0, settings, None, 0)
        self._cluster = self._lib.rd_kafka_mock_cluster_new(self._handle, 1)
        self.servers = self._lib.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 100)
        self._lib.rd_kafka_mock_sharegroup_set_auto_offset_reset(self._cluster, 1)

    def create_topic(self, name: str, partitions: int) -> None:
        self._lib.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def set_down(self, down: bool) -> None:
        """Takes its broker away, or brings it back with all that it had."""
        change = self._lib.rd_kafka_mock_broker_set_down if down else self._lib.rd_kafka_mock_broker_set_up
        change(self._cluster, 1)

    def close(self) -> None:
        if self._cluster:
            self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
            self._lib.rd_kafka_destroy(self._handle)
            self._cluster = None


@functools.cache
def _library() -> ctypes.CDLL:
    """The librdkafka that confluent-kafka brought, with the mock's functions declared.

    Raises:
        OSError, AttributeError: it is not where it should be, or has no mock.
    """
    home = Path(confluent_kafka.__file__).parent
    places = [*home.parent.glob("confluent_kafka.libs/librdkafka*"), *home.glob(".dylibs/librdkafka*.dylib")]
    if not places:
        raise OSError("no librdkafka beside confluent_kafka")
    lib = ctypes.CDLL(str(places[0]))
    pointer = ctypes.c_void_p
    for name, result, arguments in (
        ("rd_kafka_new", pointer, [ctypes.c_int, pointer, pointer, ctypes.c_size_t]),
        ("rd_kafka_conf_new", pointer, []),
        ("rd_kafka_conf_set", ctypes.c_int, [pointer, ctypes.c_char_p, ctypes.c_char_p, pointer, ctypes.c_size_t]),
        ("rd_kafka_destroy", None, [pointer]),
        ("rd_kafka_mock_cluster_new", pointer, [pointer, ctypes.c_int]),
        ("rd_kafka_mock_cluster_destroy", None, [pointer]),
        ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p, [pointer]),
        ("rd_kafka_mock_topic_create", ctypes.c_int, [pointer, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, [pointer, ctypes.c_int32]),
        ("rd_kafka_mock_sharegroup_set_auto_offset_reset", None, [pointer, ctypes.c_int]),
        ("rd_kafka_mock_broker_set_down", ctypes.c_int, [pointer, ctypes.c_int32]),
        ("rd_kafka_mock_broker_set_up", ctypes.c_int, [pointer, ctypes.c_int32]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class PlainMock:
    """The same mock by a client's setting, where the C API is not to be had: slower groups, always 4 partitions."""

    def __init__(self) -> None:
        self._owner = Producer({"test.mock.num.brokers": 1, **QUIET})
        brokers = self._owner.list_topics(timeout=10).brokers.values()
        self.servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def create_topic(self, name: str, partitions: int) -> None:
        if partitions > 4:
            raise KafkaProblem(f"the plain mock has 4 partitions in each topic, not {partitions}. {GET_BROKER}.")
        self._owner.list_topics(name, timeout=10)  # It creates what is asked for.

    def close(self) -> None:
        self._owner = None  # The mock lives as long as its owner.


def _mock() -> Kafka:
    name = f"librdkafka {confluent_kafka.libversion()[0]} in this kernel: an embedded mock, not a Kafka broker"
    try:
        cluster = MockCluster()
    except (OSError, AttributeError):
        plain = PlainMock()
        return Kafka(plain.servers, f"{name} (and the plain one)", real=False, session=(3500, 200), end=plain)
    return Kafka(cluster.servers, name, real=False, session=(1500, 100), end=cluster)


# --- A private node ------------------------------------------------------------------------------------------------

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
 <groupId>course</groupId><artifactId>kafka-node</artifactId><version>1</version><packaging>pom</packaging>
 <dependencies>
  <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
  <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.1</version>
  </dependency>
 </dependencies></project>
"""

_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
num.partitions=4
auto.create.topics.enable=false
log.initial.task.delay.ms=500
log.retention.check.interval.ms=1000
log.cleaner.backoff.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
group.consumer.min.session.timeout.ms=3000
group.consumer.session.timeout.ms=3000
group.share.min.heartbeat.interval.ms=500
group.share.heartbeat.interval.ms=500
group.share.min.session.timeout.ms=3000
group.share.session.timeout.ms=3000
"""

# Ends the node when this process ends, however it ends: its end of the pipe closes.
_WATCHER = """
folder=$1; shift
{ "$@" >"$folder/log" 2>&1 & echo $! >"$folder/pid"; wait; : >"$folder/ended"; } &
read -r _
until [ -s "$folder/pid" ]; do sleep 0.1; done
[ -e "$folder/ended" ] || kill -9 "$(cat "$folder/pid")"
wait; rm -rf "$folder"
"""


class Node:
    """An Apache Kafka node of this process alone, on free loopback ports, gone when the process ends.

    Raises:
        KafkaProblem: no Java, no Maven, or it does not start.
    """

    def __init__(self) -> None:
        libs = _jars()
        self._folder = Path(tempfile.mkdtemp(prefix="kafka-course-"))
        broker, controller = free_ports(2)
        self.servers = f"127.0.0.1:{broker}"
        properties = self._folder / "server.properties"
        properties.write_text(_PROPERTIES.format(broker=broker, controller=controller, folder=self._folder))
        java = ["java", "-Xmx512m", "-cp", f"{libs}/*"]
        cluster = "Y291cnNlLWNvdXJzZS1jbw"  # 16 bytes in base64: any cluster id will do
        made = subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
            capture_output=True,
            text=True,
        )
        if made.returncode:
            shutil.rmtree(self._folder)
            raise KafkaProblem(f"the Kafka node's folder could not be made: {_last_line(made.stdout + made.stderr)}.")
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER, "sh", str(self._folder), *java, "kafka.Kafka", str(properties)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # The shell's word on the node that it killed.
            start_new_session=True,  # Or Jupyter's Interrupt would reach the node too.
        )
        atexit.register(self.close)
        self._wait_until_up()

    def close(self) -> None:
        """Ends the node and removes its folder."""
        if self._watcher is not None:
            self._watcher.communicate(b"")
            self._watcher = None

    def _wait_until_up(self) -> None:
        admin, deadline = AdminClient({"bootstrap.servers": self.servers, **QUIET}), time.monotonic() + 60
        while True:
            try:
                admin.list_topics(timeout=1)
                return
            except KafkaException:
                if (self._folder / "ended").exists() or time.monotonic() > deadline:
                    log = self._folder / "log"
                    told = _last_line(log.read_text(errors="replace")) if log.exists() else "no output"
                    self.close()
                    raise KafkaProblem(f"the Kafka node did not start: {told}.") from None


def _jars() -> Path:
    """The folder with Kafka's jars, fetched by Maven the first time."""
    if os.name != "posix":
        raise KafkaProblem("KAFKA_BOOTSTRAP_SERVERS=local needs Linux or macOS; unset it for the embedded mock.")
    if not shutil.which("java"):
        raise KafkaProblem(
            f"KAFKA_BOOTSTRAP_SERVERS=local needs Java 17: {GET_JAVA}. Or unset it for the embedded mock."
        )
    told = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    release = told.partition('version "')[2].partition(".")[0].partition('"')[0]
    if not release.isdigit() or int(release) < 17:
        raise KafkaProblem(f"KAFKA_BOOTSTRAP_SERVERS=local needs Java 17, and this is {_last_line(told)}: {GET_JAVA}.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redis-streams-course"
    libs = cache / f"kafka-{VERSION}"
    if libs.is_dir():
        return libs
    if not shutil.which("mvn"):
        raise KafkaProblem(
            f"KAFKA_BOOTSTRAP_SERVERS=local fetches Kafka {VERSION} by Maven, which is not here: {GET_MAVEN}. "
            "Or unset it for the embedded mock."
        )
    print(f"Fetching Apache Kafka {VERSION} from Maven Central (43 MB, once) ...", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        (Path(folder) / "pom.xml").write_text(_POM)
        copy = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
        done = subprocess.run(copy, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise KafkaProblem(f"Maven could not fetch Kafka {VERSION}: {_last_line(done.stdout + done.stderr)}.")
        with contextlib.suppress(OSError):  # Another kernel was faster.
            (Path(folder) / "libs").rename(libs)
    return libs


@functools.cache
def _node() -> Node:
    """One node for the kernel: a second run of a notebook finds it running."""
    return Node()


def _local() -> Kafka:
    node = _node()
    return Kafka(
        node.servers,
        f"Apache Kafka {VERSION}, one node started for this kernel",
        real=True,
        session=(2000, 200),
        end=node,
    )


# --- Somebody's cluster --------------------------------------------------------------------------------------------


def _guest(servers: str) -> Kafka:
    said: list[KafkaError] = []
    probe = AdminClient(
        {"bootstrap.servers": servers, "log_level": 0, "error_cb": said.append, "socket.timeout.ms": 5000}
    )
    try:
        probe.list_topics(timeout=8)
    except KafkaException:
        probe.poll(0)  # which is when it says why
        raise KafkaProblem(_explain(servers, said)) from None
    kafka = Kafka(servers, f"the Kafka cluster at {servers}", real=True, session=(6000, 500))
    atexit.register(kafka.close)
    return kafka


def _explain(servers: str, errors: list[KafkaError]) -> str:
    codes = {error.code() for error in errors} - {KafkaError._ALL_BROKERS_DOWN}
    refusals = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._SSL}
    if codes & refusals or (not codes and _hangs_up(servers)):
        return (
            f"{servers} refuses this client: it wants credentials or TLS, which the course does not send. {ELSEWHERE}."
        )
    if KafkaError._RESOLVE in codes:
        return f"{servers} has a name that nobody knows. {ELSEWHERE}."
    return f"no Kafka broker answers at {servers}. {ELSEWHERE}."


def _hangs_up(servers: str) -> bool:
    """Whether somebody listens who closes the connection at a request, as a listener with TLS or passwords does.

    Of that librdkafka says no more than that all brokers are down.
    """
    host, _, port = servers.split(",")[0].strip().rpartition(":")
    # Length, kind (3) and version (0), correlation id, no client id, all topics: the whole request.
    metadata = b"\x00\x00\x00\x0e" + b"\x00\x03\x00\x00" + b"\x00\x00\x00\x01" + b"\xff\xff" + b"\x00\x00\x00\x00"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=3) as connection:
            connection.sendall(metadata)
            return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except (OSError, ValueError):
        return False


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no output"
