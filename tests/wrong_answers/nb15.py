"""Plausible wrong answers to the exercises of 15 Kafka or Streams, each with what its hint has to say."""

CRASH = """
        def comes_again(system, read, said):
            if system == "redis":
                return {redis}
            return {kafka}
"""


def _crash(
    redis="[n for n in read if n not in said]",
    kafka="[n for n in read if n >= (said[-1] if said else read[0])]",
):
    return CRASH.format(**locals())


TRIES = """
        def work(r, partition, handle):
            handled = 0
            {init}
            while record := partition.poll():
                offset, order_id = record
                {body}
            {end}
            return handled
"""
STEPS = (
    'tried = r.hincrby("orders:tries", offset, 1)',
    "if tried > 3: partition.set_aside(order_id)",
    "if tried <= 3: handle(order_id); handled += 1",
    "partition.commit(offset + 1)",
    'r.hdel("orders:tries", offset)',
)


def _tries(*steps, init="pass", end='r.delete("orders:tries")', **changed):
    """The right worker, with other steps or with parts of them exchanged: ``more=("> 3", "> 4")``."""
    body = "\n".join(steps or STEPS)
    for old, new in changed.values():
        assert old in body
        body = body.replace(old, new)
    return TRIES.format(init=init, end=end, body=body.replace("\n", "\n" + " " * 16))


BOOK = """
        def next_deliveries(answers, limit=5):
            found = {{}}
            for offset, ends in answers.items():
                if {over}:
                    continue
                if {tries}:
                    found[offset] = {count}
            return found
"""


def _book(over='ends and ends[-1] in ("accept", "reject")', tries="len(ends) < limit", count="len(ends) + 1"):
    return BOOK.format(**locals())


ABSENCE = """
        def longest_absence(rate, size, maxlen, retention_s, retention_bytes, shares):
            {body}
            return {stream}, {kafka}
"""


def _absence(
    body="pass",
    stream="maxlen / rate",
    kafka="retention_s if retention_bytes == -1 else min(retention_s, retention_bytes / (rate * size * max(shares)))",
):
    return ABSENCE.format(**locals())


JOBS = """
        def five_jobs():
            return {{
                "a": {a},
                "b": {b},
                "c": {c},
                "d": {d},
                "e": {e},
            }}
"""


def _jobs(
    a='("streams", "alone")',
    b='("kafka", "room")',
    c='("streams", "fits")',
    d='("kafka", "keys")',
    e='("streams", "edge")',
):
    return JOBS.format(**locals())


WRONG = [
    # --- 15.1 ---
    (
        "15.1",
        "a commit is for one record",
        "A commit is not for one record",
        _crash(kafka="[n for n in read if n not in said]"),
    ),
    (
        "15.1",
        "Redis repeats just one entry",
        "One entry is not what a crash repeats",
        _crash(redis="[n for n in read if n not in said][:1]"),
    ),
    ("15.1", "nothing repeats", "all of it comes again", _crash(redis="[]", kafka="[]")),
    ("15.1", "nothing repeats in Kafka", "all of it comes again", _crash(kafka="[]")),
    (
        "15.1",
        "what is committed was the last one done",
        "committed is the next, not the last",
        _crash(kafka="[n for n in read if n > (said[-1] if said else -1)]"),
    ),
    (
        "15.1",
        "one more than was committed",
        "it is the next one to read",
        _crash(kafka="[n for n in read if n >= (said[-1] - 1 if said else 0)]"),
    ),
    (
        "15.1",
        "the greatest commit holds",
        "4 was overwritten by 2",
        _crash(kafka="[n for n in read if n >= max(said, default=0)]"),
    ),
    (
        "15.1",
        "the first commit holds",
        "11 was overwritten by 14",
        _crash(kafka="[n for n in read if n >= (said[0] if said else 0)]"),
    ),
    (
        "15.1",
        "Redis repeats a range, too",
        "An XACK is for its entry alone",
        _crash(redis="[n for n in read if n >= min((m for m in read if m not in said), default=read[-1] + 1)]"),
    ),
    (
        "15.1",
        "an XACK confirms all before it",
        "says nothing of the entries before it",
        _crash(redis="[n for n in read if n > max(said, default=-1)]"),
    ),
    ("15.1", "a set", "it should return a list of positions", _crash(redis="set(read) - set(said)")),
    # --- 15.2 ---
    (
        "15.2",
        "a count in the process",
        "What dies with the process",
        _tries(
            "tries[offset] = tries.get(offset, 0) + 1",
            "if tries[offset] > 3: partition.set_aside(order_id)",
            "if tries[offset] <= 3: handle(order_id); handled += 1",
            STEPS[3],
            init="tries = {}",
        ),
    ),
    (
        "15.2",
        "a try is counted when it is over",
        "written after the work, does not count",
        _tries(
            'tried = int(r.hget("orders:tries", offset) or 0)',
            "if tried >= 3: partition.set_aside(order_id)",
            "if tried < 3: handle(order_id); handled += 1",
            'r.hincrby("orders:tries", offset, 1)',
            STEPS[3],
        ),
    ),
    (
        "15.2",
        "the commit before the work",
        "neither handled nor set aside: killed here",
        _tries(STEPS[0], STEPS[3], *STEPS[1:3], STEPS[4]),
    ),
    (
        "15.2",
        "the commit before the dead letter",
        "called commit(3) when the record 2",
        _tries(aside=("partition.set_aside", "partition.commit(offset + 1); partition.set_aside")),
    ),
    (
        "15.2",
        "it is dropped, not set aside",
        "called commit(3) when the record 2",
        _tries(STEPS[0], *STEPS[2:]),
    ),
    ("15.2", "the last offset, not the next", "9 would come again", _tries(next=("offset + 1", "offset"))),
    ("15.2", "two tries", "after 2 tries; it has 3", _tries(more=("> 3", ">= 3"), less=("<= 3", "< 3"))),
    ("15.2", "four tries", "for the 4th time", _tries(more=("> 3", "> 4"), less=("<= 3", "<= 4"))),
    ("15.2", "all counts go at the end", "a day later it is millions", _tries(*STEPS[:4])),
    ("15.2", "the counts are never removed", "nobody needs the count any more", _tries(*STEPS[:4], end="pass")),
    ("15.2", "what a crash left stays", "no later life removes it", _tries(end="pass")),
    (
        "15.2",
        "the count goes before the commit",
        "When may a count be removed?",
        _tries(*STEPS[:3], STEPS[4], STEPS[3]),
    ),
    (
        "15.2",
        "counted by order, and never removed",
        "had tries of its own",
        _tries(*STEPS[:4], field=("offset, 1", "order_id, 1")),
    ),
    (
        "15.2",
        "counted by order",
        "the next life took it for this one's",
        _tries(field=('tries", offset', 'tries", order_id')),
    ),
    (
        "15.2",
        "one count for all",
        "the next life took it for this one's",
        _tries(field=('tries", offset', 'tries", "now"')),
    ),
    (
        "15.2",
        "set aside and not committed",
        "again in its next life",
        _tries(aside=("partition.set_aside(order_id)", "partition.set_aside(order_id); continue")),
    ),
    (
        "15.2",
        "one commit at the end",
        "it was done before",
        _tries(*STEPS[:3], STEPS[4], end='r.delete("orders:tries"); partition.commit(offset + 1)'),
    ),
    (
        "15.2",
        "ends at the poison",
        "the record 3 was neither handled nor set aside",
        _tries(*STEPS, "if tried > 3: break"),
    ),
    (
        "15.2",
        "the offset is set aside",
        "not the order that poll() gave last",
        _tries(aside=("set_aside(order_id)", "set_aside(offset)")),
    ),
    (
        "15.2",
        "begins by emptying the book",
        "in whatever life they were",
        _tries(init='r.delete("orders:tries")'),
    ),
    (
        "15.2",
        "counts what it set aside",
        "in which it handled 1004 and 1005",
        _tries(aside=("partition.set_aside(order_id)", "partition.set_aside(order_id); handled += 1")),
    ),
    ("15.2", "no number", "returned None after it had handled 3", _tries(end="return None")),
    # --- 15.3 ---
    ("15.3", "rejected comes again", "nobody gets it again", _book(over='"accept" in ends')),
    ("15.3", "no limit", "a time more than the limit of 5", _book(tries="True")),
    ("15.3", "the limit is five, always", "a time more than the limit of 2", _book(tries="len(ends) < 5")),
    ("15.3", "one try too few", "deliveries are used, so there is one more", _book(tries="len(ends) + 1 < limit")),
    (
        "15.3",
        "a dead consumer's record is lost",
        "somebody else gets it",
        _book(over='ends and ends[-1] != "release"'),
    ),
    (
        "15.3",
        "a timeout counts as no delivery",
        "A lock that ran out was a delivery",
        _book(count='sum(end != "timeout" for end in ends) + 1'),
    ),
    ("15.3", "deliveries so far", "and this is the next", _book(count="len(ends)")),
    (
        "15.3",
        "what is new is left out",
        "nobody has had it yet",
        _book(over='not ends or ends[-1] in ("accept", "reject")'),
    ),
    # --- 15.4 ---
    (
        "15.4",
        "the average partition",
        "the limit is for each partition",
        _absence(
            kafka="retention_s if retention_bytes == -1 else "
            "min(retention_s, retention_bytes * len(shares) / (rate * size))"
        ),
    ),
    (
        "15.4",
        "all records in one partition's room",
        "the limit is for each partition",
        _absence(kafka="retention_s if retention_bytes == -1 else min(retention_s, retention_bytes / (rate * size))"),
    ),
    (
        "15.4",
        "only the time",
        "is over its 1,000,000,000 bytes",
        _absence(kafka="retention_s"),
    ),
    (
        "15.4",
        "only the size",
        "however much room is left",
        _absence(kafka="retention_s if retention_bytes == -1 else retention_bytes / (rate * size * max(shares))"),
    ),
    (
        "15.4",
        "-1 is a size",
        "size is not limited",
        _absence(kafka="min(retention_s, retention_bytes / (rate * size * max(shares)))"),
    ),
    (
        "15.4",
        "a share of 0",
        "is never full",
        _absence(
            kafka="retention_s if retention_bytes == -1 else "
            "min([retention_s] + [retention_bytes / (rate * size * share) for share in shares])"
        ),
    ),
    (
        "15.4",
        "the coldest partition",
        "the first loss is in the hottest",
        _absence(
            kafka="retention_s if retention_bytes == -1 else "
            "min(retention_s, retention_bytes / (rate * size * min(s for s in shares if s)))"
        ),
    ),
    ("15.4", "MAXLEN in bytes", "MAXLEN counts entries", _absence(stream="maxlen / (rate * size)")),
    # --- 15.5 ---
    ("15.5", "throughput first", "do not need it", _jobs(c='("kafka", "rate")')),
    ("15.5", "Kafka for c, for its room", "three brokers to look after", _jobs(c='("kafka", "room")')),
    ("15.5", "exactly once covers the mail", "the mail is sent outside of both", _jobs(e='("kafka", "once")')),
    ("15.5", "exactly once, in a stream", "the mail is sent outside of both", _jobs(e='("streams", "once")')),
    ("15.5", "memory times time is no matter", "a stream lives in memory", _jobs(b='("streams", "alone")')),
    ("15.5", "a month in memory", "how many times 32 GB", _jobs(b='("streams", "fits")')),
    ("15.5", "b for its rate", "What does a month of it weigh", _jobs(b='("kafka", "rate")')),
    (
        "15.5",
        "slow work in a partition",
        "commit of a partition waits for the slowest",
        _jobs(a='("kafka", "keys")'),
    ),
    ("15.5", "a for its size", "when one takes a minute", _jobs(a='("streams", "fits")')),
    ("15.5", "order in a shared group", "to another worker", _jobs(d='("streams", "alone")')),
    ("15.5", "d for its room", "is 15 GB", _jobs(d='("kafka", "room")')),
    ("15.5", "d for its rate", "six workers need that come and go", _jobs(d='("kafka", "rate")')),
    ("15.5", "acknowledged alone, so once", "may die between the mail and the XACK", _jobs(e='("streams", "alone")')),
    ("15.5", "a system without a fact", "it should be a pair", _jobs(a='"streams"')),
    ("15.5", "another word for it", "facts alone, room", _jobs(a='("streams", "memory")')),
    (
        "15.1",
        "as text",
        "what is confirmed is all before",
        _crash(kafka="[n for n in read if not said or str(n) >= str(said[-1])]"),
    ),
    (
        "15.1",
        "commit 0 is none",
        "was overwritten by 0",
        _crash(kafka="[n for n in read if n >= ([s for s in said if s] or read)[-1 if any(said) else 0]]"),
    ),
    ("15.1", "a set", "is to be ascending", _crash(redis="list(set(read) - set(said))")),
    ("15.1", "a place in the list", "not a place in the list", _crash(kafka="read[said[-1] if said else 0 :]")),
    (
        "15.1",
        "empties the list",
        "changed the lists",
        _crash(redis="[read.remove(n) for n in said] and read or read"),
    ),
    (
        "15.2",
        "forgets before the commit when it worked",
        "done before, and not committed",
        _tries(forget=("handled += 1", "handled += 1; r.hdel('orders:tries', offset)")),
    ),
    (
        "15.2",
        "all of it goes before the last commit",
        "When may a count be removed?",
        _tries(
            "partition.commit(offset)",
            *STEPS[:3],
            "last = offset",
            init="last = partition.committed - 1",
            end="r.delete('orders:tries'); partition.commit(last + 1)",
        ),
    ),
    (
        "15.2",
        "counts in the module, and Redis gets a copy",
        "in a new process",
        """
        COUNTS = {}


        def work(r, partition, handle):
            handled = 0
            while record := partition.poll():
                offset, order_id = record
                COUNTS[offset] = COUNTS.get(offset, 0) + 1
                r.hset("orders:tries", offset, COUNTS[offset])
                if COUNTS[offset] > 3:
                    partition.set_aside(order_id)
                else:
                    handle(order_id)
                    handled += 1
                partition.commit(offset + 1)
                del COUNTS[offset]
            r.delete("orders:tries")
            return handled
        """,
    ),
    (
        "15.2",
        "does not wait for the dead letter",
        "in another thread",
        _tries(
            aside=(
                "partition.set_aside(order_id)",
                "import threading; threading.Thread(target=partition.set_aside, args=(order_id,)).start()",
            )
        ),
    ),
    (
        "15.2",
        "counts expire",
        "who is started again later",
        _tries(STEPS[0], "r.expire('orders:tries', 60)", *STEPS[1:]),
    ),
    ("15.2", "takes all keys along", "somebody else's", _tries(end="r.flushdb()")),
    (
        "15.2",
        "a key for each record",
        "the count belongs in the hash",
        _tries("tried = r.incr(f'orders:tries:{offset}')", *STEPS[1:4]),
    ),
    (
        "15.2",
        "set aside after the third, whatever came of it",
        "survived its third try",
        _tries(*STEPS[:1], STEPS[2], "if tried >= 3: partition.set_aside(order_id)", *STEPS[3:]),
    ),
    (
        "15.2",
        "a commit now and then",
        "it was done before, and not committed",
        _tries(late=("partition.commit(offset + 1)", "if offset % 5 > 1: partition.commit(offset + 1)")),
    ),
    (
        "15.2",
        "counts stay when it is set aside",
        "the count of what was set aside",
        _tries(*STEPS[:4], "if tried <= 3: r.hdel('orders:tries', offset)", end="pass"),
    ),
    ("15.3", "no default", "missing 1 required", _book().replace("limit=5", "limit")),
    ("15.3", "five at most", "given back to be delivered again", _book(tries="len(ends) < min(limit, 5)")),
    ("15.3", "two at least", "a time more than the limit of 1", _book(tries="len(ends) < max(limit, 2)")),
    ("15.3", "offsets as text", "has the key '1'", _book().replace("found[offset]", "found[str(offset)]")),
    (
        "15.4",
        "the stream has the topic's time",
        "does not shorten a stream",
        _absence(stream="min(retention_s, maxlen / rate)"),
    ),
    (
        "15.4",
        "the stream has the topic's size",
        "does not shorten a stream",
        _absence(
            stream="maxlen / rate if retention_bytes == -1 else min(maxlen / rate, retention_bytes / (rate * size))"
        ),
    ),
    ("15.4", "whole seconds", "Do not round", _absence(stream="maxlen // rate")),
    (
        "15.4",
        "the pair the other way round",
        "The stream's number comes first",
        """
        def longest_absence(rate, size, maxlen, retention_s, retention_bytes, shares):
            topic = retention_s
            if retention_bytes != -1:
                topic = min(topic, retention_bytes / (rate * size * max(shares)))
            return topic, maxlen / rate
        """,
    ),
    (
        "15.4",
        "no limit of size, no limit at all",
        "gives Kafka no end",
        _absence(
            body="inf, room = float('inf'), retention_bytes / (rate * size * max(shares))",
            kafka="inf if retention_bytes == -1 else min(retention_s, room)",
        ),
    ),
    (
        "15.4",
        "an empty partition is full first",
        "the limit is for each partition",
        _absence(
            body="full = [retention_bytes / (rate * size * (share or 1)) for share in shares]",
            kafka="retention_s if retention_bytes == -1 else min([retention_s, *full])",
        ),
    ),
    ("15.5", "accounts, each movement alone", "an account needs its own", _jobs(d='("kafka", "alone")')),
]
