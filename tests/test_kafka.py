"""connect_kafka(): the mock, the node of one's own, the guest; each refusal a sentence, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from helpers import kafka as home
from helpers.kafka import PREFIX, QUIET, KafkaProblem, connect_kafka

GET_KAFKA = f"no Kafka node here: {home.GET_JAVA}; and {home.GET_MAVEN}"


@pytest.fixture(autouse=True)
def _new_kernel(monkeypatch):
    monkeypatch.setattr(home, "_current", None)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    yield
    if home._current is not None:
        home._current.close()


@pytest.fixture(scope="module")
def node():
    """A real node, the one that connect_kafka() has for this process."""
    need_kafka()
    return home._node()


def need_kafka() -> None:
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redis-streams-course"
    has_jars = (cached / f"kafka-{home.VERSION}").is_dir() or shutil.which("mvn")
    if not (shutil.which("java") and has_jars):
        pytest.skip(GET_KAFKA)


@pytest.fixture(params=["mock", "plain mock", "node", "guest"])
def kafka(request, monkeypatch):
    """Each kind of cluster in turn, as connect_kafka() gives it."""
    if request.param == "plain mock":
        monkeypatch.setattr(home, "_library", _no_library)
    elif request.param != "mock":
        servers = request.getfixturevalue("node").servers
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "local" if request.param == "node" else servers)
    return connect_kafka()


def _no_library():
    raise OSError("no librdkafka beside confluent_kafka")


def send(kafka, topic: str, *values: str, key: str | None = None) -> None:
    producer = Producer(kafka.client)
    for value in values:
        producer.produce(topic, key=key, value=value)
    assert producer.flush(10) == 0


def read(kafka, group: str, topic: str, count: int, commit: bool = True) -> list[str]:
    """So many values, as a consumer of the group gets them; commits after the last."""
    consumer = Consumer({**kafka.consumer, "group.id": group})
    consumer.subscribe([topic])
    records = consumer.consume(count, timeout=15)
    assert not [record.error() for record in records if record.error()]
    if commit and records:
        consumer.commit(asynchronous=False)
    consumer.close()
    return [record.value().decode() for record in records]


# --- What each kind does -------------------------------------------------------------------------------------------


def test_a_topic_has_four_partitions_and_is_empty(kafka):
    topic = kafka.topic("orders")
    assert kafka.ends(topic) == {0: (0, 0), 1: (0, 0), 2: (0, 0), 3: (0, 0)}
    assert topic == (f"{PREFIX}orders" if kafka.real else "orders")


def test_ends_and_lag(kafka):
    topic, group = kafka.topic("orders"), kafka.name("packing")
    send(kafka, topic, "1001", "1002", "1003", key="ann")  # crc32 of ann is 3 of 4
    assert kafka.ends(topic) == {0: (0, 0), 1: (0, 0), 2: (0, 0), 3: (0, 3)}
    assert kafka.lag(group, topic) == {0: 0, 1: 0, 2: 0, 3: 3}
    assert read(kafka, group, topic, 2) == ["1001", "1002"]
    assert kafka.lag(group, topic) == {0: 0, 1: 0, 2: 0, 3: 1}
    assert kafka.lag(kafka.name("mail"), topic)[3] == 3
    assert read(kafka, group, topic, 1) == ["1003"]
    assert kafka.lag(group, topic)[3] == 0


def test_a_group_divides_the_partitions(kafka):
    topic = kafka.topic("orders")
    settings = {**kafka.consumer, "group.id": kafka.name("packing")}
    consumers = [Consumer({**settings, "client.id": f"c{n}"}) for n in (1, 2)]
    for consumer in consumers:
        consumer.subscribe([topic])
    until, shares = time.monotonic() + 30, []
    while shares != [[0, 1], [2, 3]] and time.monotonic() < until:
        for consumer in consumers:
            consumer.poll(0.02)
        shares = sorted(sorted(place.partition for place in consumer.assignment()) for consumer in consumers)
    for consumer in consumers:
        consumer.close()
    assert shares == [[0, 1], [2, 3]]


def test_connecting_again_is_a_new_beginning(kafka):
    send(kafka, kafka.topic("orders"), "1001", key="ann")
    assert read(kafka, kafka.name("packing"), kafka.topic("more"), 0) == []
    again = connect_kafka()
    topic = again.topic("orders")
    assert set(again.ends(topic).values()) == {(0, 0)}
    send(again, topic, "2001", key="ann")
    assert read(again, again.name("packing"), topic, 1) == ["2001"]


def test_the_line_says_what_it_is(kafka, capsys):
    connect_kafka()
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and line.endswith(". Nothing is skipped.\n")
    assert line.startswith("Apache Kafka 4." if kafka._end is not None and kafka.real else ("librdkafka", "the Kafka"))
    connect_kafka(needs_broker="section 9")
    line = capsys.readouterr().out
    assert ("Nothing is skipped." in line) == kafka.real
    assert ("Skipped here: section 9 (needs a real broker: KAFKA_BOOTSTRAP_SERVERS=local" in line) != kafka.real
    if not kafka.real:
        assert "an embedded mock, not a Kafka broker" in line


def test_only_real(kafka, capsys):
    capsys.readouterr()
    assert kafka.only_real("reading by time") is kafka.real
    told = capsys.readouterr().out
    assert told == (
        ""
        if kafka.real
        else "Skipped: reading by time needs a real broker, and this is the embedded mock "
        "(KAFKA_BOOTSTRAP_SERVERS=local).\n"
    )


def test_a_topic_made_twice(kafka):
    """A real one is emptied; the mock cannot, and says what to do."""
    topic = kafka.topic("orders")
    send(kafka, topic, "1001", key="ann")
    if kafka.real:
        assert kafka.topic("orders") == topic
        assert set(kafka.ends(topic).values()) == {(0, 0)}
    else:
        with pytest.raises(KafkaProblem, match=r"run the cell with connect_kafka\(\) again\.$"):
            kafka.topic("orders")


def test_more_partitions(kafka):
    if isinstance(kafka._end, home.PlainMock):
        with pytest.raises(KafkaProblem, match="the plain mock has 4 partitions in each topic, not 6"):
            kafka.topic("orders", partitions=6)
    else:
        assert len(kafka.ends(kafka.topic("orders", partitions=6))) == 6


# --- A guest -------------------------------------------------------------------------------------------------------


@pytest.fixture
def foreign(node):
    """Somebody's topics and groups on the node, and a function that says how they are."""
    settings = {"bootstrap.servers": node.servers, **QUIET}
    admin, producer = AdminClient(settings), Producer(settings)
    topics, groups = ["orders", "payments"], ["packing", "mail"]
    for future in admin.create_topics([NewTopic(topic, 2, 1) for topic in topics]).values():
        future.result(timeout=10)
    for topic in topics:
        for n in range(5):
            producer.produce(topic, partition=n % 2, value=f"theirs {n}")
    producer.flush(10)
    places = [TopicPartition(topic, n) for topic in topics for n in range(2)]
    for group in groups:
        consumer = Consumer({**settings, "group.id": group})
        consumer.commit(offsets=[TopicPartition(at.topic, at.partition, 1) for at in places], asynchronous=False)
        consumer.close()

    def everything() -> dict:
        reader = Consumer({**settings, "group.id": "looker"})
        ends = {(at.topic, at.partition): reader.get_watermark_offsets(at, timeout=10) for at in places}
        reader.close()
        committed = {}
        for group in groups:
            asking = Consumer({**settings, "group.id": group})
            committed[group] = [at.offset for at in asking.committed(places, timeout=10)]
            asking.close()
        return {"ends": ends, "committed": committed, "topics": all_topics(admin), "groups": all_groups(admin)}

    before = everything()
    assert before["ends"][("orders", 0)] == (0, 3) and before["committed"]["mail"] == [1, 1, 1, 1]
    assert {"orders", "payments"} <= before["topics"] and {"packing", "mail"} <= before["groups"]
    yield everything
    for future in {**admin.delete_consumer_groups(groups), **admin.delete_topics(topics)}.values():
        future.result(timeout=10)


def all_topics(admin: AdminClient) -> set[str]:
    return {name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")}


def all_groups(admin: AdminClient) -> set[str]:
    return {group.group_id for group in admin.list_consumer_groups().result(timeout=10).valid} - {"looker"}


def test_a_guest_touches_nothing_else_and_leaves_nothing(node, foreign, monkeypatch):
    before = foreign()
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", node.servers)
    kafka = connect_kafka()
    topic, group = kafka.topic("orders"), kafka.name("packing")
    send(kafka, topic, "1001", "1002", key="ann")
    assert read(kafka, group, topic, 2) == ["1001", "1002"]
    during = foreign()
    assert during["topics"] - before["topics"] == {f"{PREFIX}orders"}
    assert during["groups"] - before["groups"] == {f"{PREFIX}packing"}
    kafka.close()
    assert foreign() == before


def test_a_guest_that_ends_leaves_nothing(node, foreign):
    before = foreign()
    script = """
        from confluent_kafka import Consumer, Producer
        from helpers.kafka import connect_kafka

        kafka = connect_kafka()
        topic = kafka.topic("orders")
        producer = Producer(kafka.client)
        producer.produce(topic, value="1001")
        producer.flush(10)
        consumer = Consumer({**kafka.consumer, "group.id": kafka.name("packing")})
        consumer.subscribe([topic])
        [record] = consumer.consume(1, timeout=15)
        consumer.commit(record, asynchronous=False)
        consumer.close()
        print(record.value())
    """
    done = python(script, KAFKA_BOOTSTRAP_SERVERS=node.servers)
    assert done.stdout == f"the Kafka cluster at {node.servers}. Nothing is skipped.\nb'1001'\n", done
    assert done.stderr == ""
    assert foreign() == before


def test_what_a_killed_run_left_is_not_read_again(node, foreign, monkeypatch):
    script = """
        import os, signal
        from confluent_kafka import Producer
        from helpers.kafka import connect_kafka

        kafka = connect_kafka()
        producer = Producer(kafka.client)
        producer.produce(kafka.topic("orders"), value="1001")
        producer.flush(10)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert python(script, KAFKA_BOOTSTRAP_SERVERS=node.servers).returncode == -signal.SIGKILL
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", node.servers)
    kafka = connect_kafka()
    topic = kafka.topic("orders")
    assert set(kafka.ends(topic).values()) == {(0, 0)}
    kafka.close()
    assert f"{PREFIX}orders" not in foreign()["topics"]


def python(script: str, **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=120)


# --- Sentences -----------------------------------------------------------------------------------------------------


def refusal(servers: str, monkeypatch) -> str:
    """The sentence that connect_kafka() raises."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
    with pytest.raises(KafkaProblem) as refused:
        connect_kafka()
    text = str(refused.value)
    assert "\n" not in text and text.endswith(".") and len(text) < 420
    assert home._current is None
    assert refused.value._render_traceback_() == [f"KafkaProblem: {text}"]
    return text


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A function that puts a shell script on a PATH that has nothing else; no jars are there yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(home, "_node", home.Node)

    def program(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return program


def test_no_java(programs, monkeypatch):
    text = refusal("local", monkeypatch)
    assert text.startswith("KAFKA_BOOTSTRAP_SERVERS=local needs Java 17: apt install openjdk-17")
    assert "unset it for the embedded mock" in text


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.22", "16"])
def test_old_java(programs, monkeypatch, version):
    programs("java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")
    assert f'needs Java 17, and this is openjdk version "{version}"' in refusal("local", monkeypatch)


def test_a_java_that_is_none(programs, monkeypatch):
    """macOS has a program java that says where to get Java."""
    programs("java", "echo 'The operation could not be completed. Unable to locate a Java Runtime.' >&2; exit 1")
    assert "and this is The operation could not be completed. Unable to locate" in refusal("local", monkeypatch)


def test_no_maven(programs, monkeypatch):
    programs("java", """echo 'openjdk version "17.0.9" 2023-10-17' >&2""")
    text = refusal("local", monkeypatch)
    assert "by Maven, which is not here: apt install maven" in text and "unset it" in text


def test_maven_fails(programs, monkeypatch, capsys, tmp_path):
    programs("java", """echo 'openjdk version "17.0.9" 2023-10-17' >&2""")
    programs("mvn", "echo '[INFO] hello'; echo '[ERROR] Unknown host repo.maven.apache.org' >&2; exit 1")
    text = refusal("local", monkeypatch)
    assert f"Maven could not fetch Kafka {home.VERSION}: [ERROR] Unknown host repo.maven.apache.org" in text
    assert capsys.readouterr().out.startswith("Fetching Apache Kafka ")
    assert list((tmp_path / "cache" / "redis-streams-course").iterdir()) == [], "half of Kafka left in the cache"


def test_a_node_that_does_not_start(programs, monkeypatch, tmp_path):
    (tmp_path / "cache" / "redis-streams-course" / f"kafka-{home.VERSION}").mkdir(parents=True)
    programs("rm", f'exec {shutil.which("rm", path="/bin:/usr/bin")} "$@"')
    version = """[ "$1" = -version ] && { echo 'openjdk version "17.0.9"' >&2; exit 0; }\n"""
    programs("java", version + "echo 'Could not reserve enough space for object heap' >&2; exit 1")
    assert "folder could not be made: Could not reserve enough space" in refusal("local", monkeypatch)
    formats = """case "$*" in *StorageTool*) exit 0;; esac\n"""
    programs("java", version + formats + "echo 'Out of memory' >&2; exit 1")
    assert "the Kafka node did not start: Out of memory" in refusal("local", monkeypatch)


def test_nobody_listens(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    text = refusal(f"127.0.0.1:{port}", monkeypatch)
    assert text.startswith(f"no Kafka broker answers at 127.0.0.1:{port}. Use KAFKA_BOOTSTRAP_SERVERS=local for")


def test_something_else_listens(monkeypatch):
    """A server that is no broker: it answers with a line of HTTP and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer, args=(server, b"HTTP/1.1 400 Bad Request\r\n\r\n"), daemon=True).start()
        port = server.getsockname()[1]
        assert refusal(f"127.0.0.1:{port}", monkeypatch).startswith(f"no Kafka broker answers at 127.0.0.1:{port}.")


def _answer(server: socket.socket, answer: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                client.recv(1000)
                client.sendall(answer)


def test_unknown_host(monkeypatch):
    text = refusal("kafka.nowhere.invalid:9092", monkeypatch)
    assert text.startswith("kafka.nowhere.invalid:9092 has a name that nobody knows. Use KAFKA_BOOTSTRAP_SERVERS=local")


def test_somebody_who_is_silent(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert refusal(f"127.0.0.1:{port}", monkeypatch).startswith(f"no Kafka broker answers at 127.0.0.1:{port}.")


def test_somebody_who_hangs_up(monkeypatch):
    """As a listener with TLS does on who speaks without."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer, args=(server, b""), daemon=True).start()
        port = server.getsockname()[1]
        assert refusal(f"127.0.0.1:{port}", monkeypatch).startswith(f"127.0.0.1:{port} refuses this client")


PASSWORD = """listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="them" password="secret" user_them="secret";"""


def test_a_broker_that_wants_a_password(node, monkeypatch):
    open_to_all = "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
    assert open_to_all in home._PROPERTIES
    monkeypatch.setattr(home, "_PROPERTIES", home._PROPERTIES.replace(open_to_all, PASSWORD))
    monkeypatch.setattr(home.Node, "_wait_until_up", _wait_for_the_port)
    with contextlib.closing(home.Node()) as closed:
        text = refusal(closed.servers, monkeypatch)
    assert text.startswith(f"{closed.servers} refuses this client: it wants credentials or TLS")


def _wait_for_the_port(node) -> None:
    credentials = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
    credentials |= {"sasl.username": "them", "sasl.password": "secret"}
    admin, until = AdminClient({"bootstrap.servers": node.servers, **QUIET, **credentials}), time.monotonic() + 60
    while True:
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            assert time.monotonic() < until, (node._folder / "log").read_text()


# --- What is left --------------------------------------------------------------------------------------------------


HOLDS_A_NODE = """
    import signal, time
    from helpers.kafka import connect_kafka, _node

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    connect_kafka()
    try:
        print(_node().servers, _node()._folder, flush=True)
        time.sleep(100)
    except KeyboardInterrupt:
        print("interrupted")
    THEN
"""


def test_the_node_goes_when_its_process_is_killed():
    need_kafka()
    with holds_a_node("time.sleep(100)") as process:
        process.stdout.readline()
        servers, folder = process.stdout.readline().split()
        assert answers(servers) and Path(folder).is_dir()
        process.kill()
    assert gone(servers, folder)


def test_an_interrupt_leaves_the_node_alone():
    """Jupyter's Interrupt is a SIGINT to the kernel's whole process group."""
    need_kafka()
    with holds_a_node("connect_kafka()") as process:
        process.stdout.readline()
        servers, folder = process.stdout.readline().split()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and not err, err
    assert out.startswith("interrupted\nApache Kafka ")
    assert gone(servers, folder)


def holds_a_node(then: str) -> subprocess.Popen:
    """A process, and process group, that says where its node is, waits for an interrupt, and does `then`."""
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "local"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDS_A_NODE).replace("THEN", then)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def answers(servers: str) -> bool:
    host, _, port = servers.partition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=5):
        return True
    return False


def gone(servers: str, folder: str) -> bool:
    """The node and its folder, within a while."""
    until = time.monotonic() + 20
    while (answers(servers) or Path(folder).exists()) and time.monotonic() < until:
        time.sleep(0.05)
    return not answers(servers) and not Path(folder).exists()


NOISY = """
    from confluent_kafka import Consumer, Producer
    from helpers import kafka as home
    from helpers.kafka import connect_kafka

    {before}
    kafka = connect_kafka()
    topic = kafka.topic("orders")
    producer = Producer(kafka.client)
    producer.produce(topic, value="1001")
    producer.flush(10)
    consumer = Consumer({{**kafka.consumer, "group.id": kafka.name("packing")}})
    consumer.subscribe([topic])
    print(len(consumer.consume(1, timeout=15)))
    kafka = connect_kafka()  # the cluster goes, its clients are still there
    consumer.poll(1.5)
    producer.produce(topic, value="1002")
    producer.flush(1.5)
    print("through", kafka.client["bootstrap.servers"], getattr(kafka._end, "_folder", ""))
"""


@pytest.mark.parametrize("which", ["mock", "plain mock", "node"])
def test_clients_write_nothing(which):
    """Not even when their cluster goes away under them: librdkafka writes to stderr, and so into a cell."""
    if which == "node":
        need_kafka()
    before = "home._library = lambda: 1 / 0" if which == "plain mock" else "pass"
    before = before.replace("1 / 0", "(_ for _ in ()).throw(OSError())")
    done = python(NOISY.format(before=before), **({"KAFKA_BOOTSTRAP_SERVERS": "local"} if which == "node" else {}))
    lines = done.stdout.splitlines()
    assert lines[1] == "1" and len(lines) == 4, done
    assert done.stderr == ""
    if which == "node":
        _, servers, folder = lines[3].split()
        assert gone(servers, folder), "a process that ends leaves its node"


def test_a_coordinator_that_is_being_chosen_is_asked_again(monkeypatch):
    monkeypatch.setattr(home.time, "sleep", lambda seconds: None)
    answers = [home.KafkaError.NOT_COORDINATOR, home.KafkaError.COORDINATOR_LOAD_IN_PROGRESS]

    def ask() -> str:
        if answers:
            raise KafkaException(home.KafkaError(answers.pop(0)))
        return "here"

    assert home._once_chosen(ask) == "here"
    answers.append(home.KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        home._once_chosen(ask)
