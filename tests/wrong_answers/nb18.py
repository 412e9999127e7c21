CHOOSE = """
        from itertools import accumulate

        def choose(reads, share, late, block):
            ages = {ages}
            {before}
            min_idle = 1
            while sum(age {least} min_idle for age in ages) > {allowed}:
                min_idle += 1
            if {soon}:
                return {found}
            return {heart}
"""
AGES = "[age for seconds in reads for age in accumulate(seconds)]"
SINGLES = "[second for seconds in reads for second in seconds]"


def _choose(
    ages=AGES,
    before="pass",
    least=">=",
    allowed="share * len(ages)",
    soon="2 * min_idle <= late",
    found="(1000 * min_idle, None)",
    heart="(500 * late, 500 * late // 3)",
):
    return CHOOSE.format(**locals())


BODY = """
        from helpers.simulator import Poison

        {counts}

        def body(me):
            def attempt(entry_id, fields):
                {attempt}

            {first}
            while True:
                for entry_id, times in me.pending({idle}):
                    for _, fields in {claim}:
                        if {again}:
                            yield from attempt(entry_id, fields)
                            continue
                        {bury}
                reply = me.r.xreadgroup(me.group, me.name, {{me.key: ">"}}, count={count})
                for entry_id, fields in reply[0][1] if reply else []:
                    yield from attempt(entry_id, fields)
                if not reply:
                    {wait}
"""
ATTEMPT = """yield me.work(fields)
                try:
                    me.effect(fields)
                except Poison:
                    return
                me.r.xack(me.key, me.group, entry_id)"""
BURY = """with me.r.pipeline(transaction=True) as pipe:
                            pipe.xadd("orders:dead", {**fields, "source": entry_id}, id=me.next_id("orders:dead"))
                            pipe.xack(me.key, me.group, entry_id)
                            pipe.execute()"""
ADD = 'me.r.xadd("orders:dead", {**fields, "source": entry_id}, id=me.next_id("orders:dead"))'
ACK = "me.r.xack(me.key, me.group, entry_id)"
HISTORY = """for _, entries in me.r.xreadgroup(me.group, me.name, {me.key: "0"}):
                for entry_id, fields in entries:
                    yield from attempt(entry_id, fields)"""


def _body(
    counts="",
    attempt=ATTEMPT,
    first="pass",
    idle="20",
    claim="me.claim(entry_id, 20)",
    again="times < 3",
    bury=BURY,
    count="5",
    wait="yield me.arrival(within=20)",
):
    return BODY.format(**locals())


BATCH_BY_0 = """
        from helpers.simulator import Poison

        def body(me):
            def attempt(entry_id, fields):
                yield me.work(fields)
                try:
                    me.effect(fields)
                except Poison:
                    return
                me.r.xack(me.key, me.group, entry_id)

            while True:
                times = dict(me.pending(0))
                for _, entries in me.r.xreadgroup(me.group, me.name, {me.key: "0"}):
                    for entry_id, fields in entries:
                        if times.get(entry_id, 0) < 3:
                            yield from attempt(entry_id, fields)
                            continue
                        with me.r.pipeline(transaction=True) as pipe:
                            pipe.xadd("orders:dead", {**fields, "source": entry_id}, id=me.next_id("orders:dead"))
                            pipe.xack(me.key, me.group, entry_id)
                            pipe.execute()
                reply = me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=5)
                for entry_id, fields in reply[0][1] if reply else []:
                    yield from attempt(entry_id, fields)
                if not reply:
                    yield me.arrival(within=20)
"""

OUTAGE = """
        def outage(rate, seconds, pending, payload, entry, pel, maxlen):
            came = rate * seconds
            there = {there}
            kept = {kept}
            return {size}, {unread}, {lost}
"""
KEPT = "there if maxlen is None else min(there, maxlen)"


def _outage(
    there="pending + came",
    kept=KEPT,
    size="kept * entry + pending * pel",
    unread="min(came, kept)",
    lost="there - kept",
):
    return OUTAGE.format(**locals())


HEART = """
        from helpers.simulator import Poison

        def attempt(me, entry_id, fields):
            def is_mine():
                return me.r.xpending_range(me.key, me.group, entry_id, entry_id, 1, consumername=me.name)

            done = me.work(fields)
            while not done.processed:
                yield done | me.sleep({beat})
                {look}
                if not done.processed:
                    {claim}
            {last}
            {effect}
            {ack}
"""
LOOK = "if not is_mine(): return"
EFFECT = """try:
                me.effect(fields)
            except Poison:
                return"""


def _heart(
    beat="2",
    look=LOOK,
    claim="me.r.xclaim(me.key, me.group, me.name, 0, [entry_id], justid=True)",
    last="pass",
    effect=EFFECT,
    ack=ACK,
):
    return HEART.format(**locals())


BUSIEST = """
        from datetime import datetime
        from helpers.simulator.theory import wait_exceeds

        def busiest(lines, window, service, within):
            words = {words}
            times = [datetime.fromisoformat(word).timestamp() for word in words]
            begins = {begins}
            counts = [sum(begin <= time {end} begin + window for time in times) for begin in begins]
            orders = max(counts)
            rate, alive = {rate}, 1
            while rate * service >= alive or wait_exceeds(within, rate, service, alive) > 0.01:
                alive += 1
            return words[{place}], orders, {consumers}
"""
SORTED = "sorted((line.split()[0] for line in lines), key=datetime.fromisoformat)"


def _busiest(
    words=SORTED,
    begins="times",
    end="<",
    rate="orders / window",
    place="counts.index(orders)",
    consumers="alive + 1",
):
    return BUSIEST.format(**locals())


WRONG = [
    (
        "18.1",
        "mean service time",
        "are as idle as that, or more, when they are acknowledged, while their consumers live",
        """
        def choose(reads, share, late, block):
            singles = [second for seconds in reads for second in seconds]
            return 1000 * max(1, round(sum(singles) / len(singles))), None
        """,
    ),
    ("18.1", "each order alone", "Idle time counts from the read", _choose(ages=SINGLES)),
    (
        "18.1",
        "the slowest order",
        "that is the slowest order of all",
        """
        from math import ceil

        def choose(reads, share, late, block):
            slowest = ceil(max(second for seconds in reads for second in seconds))
            if 2 * slowest <= late:
                return 1000 * slowest, None
            return 500 * late, 500 * late // 3
        """,
    ),
    (
        "18.1",
        "the slowest batch",
        "that is the slowest order of all",
        _choose(allowed="0"),
    ),
    (
        "18.1",
        "the BLOCK value",
        "is how long a read waits for an order",
        """
        def choose(reads, share, late, block):
            return block, None
        """,
    ),
    (
        "18.1",
        "seconds",
        "XCLAIM counts milliseconds",
        _choose(found="(min_idle, None)", heart="(late // 2, late // 6)"),
    ),
    (
        "18.1",
        "a heartbeat is needless",
        "unless a heart beats",
        _choose(soon="True"),
    ),
    (
        "18.1",
        "shorter, and no heartbeat",
        "unless a heart beats",
        _choose(heart="(500 * late, None)"),
    ),
    ("18.1", "always a heartbeat", "so it needs no heartbeat", _choose(found="(1000 * min_idle, 333 * min_idle)")),
    ("18.1", "once the min-idle-time", "may be found twice the min-idle-time after", _choose(soon="min_idle <= late")),
    (
        "18.1",
        "the longest is late itself",
        "the longest that keeps to it",
        _choose(heart="(1000 * late, 1000 * late // 3)"),
    ),
    ("18.1", "a beat of half", "so that two may get lost", _choose(heart="(500 * late, 250 * late)")),
    ("18.1", "no pair", "it should return a pair", _choose(found="1000 * min_idle", heart="500 * late")),
    # --- 18.2
    ("18.2", "goes on by 0", "nobody tries it again, or sets it aside", _body(first=HISTORY, idle="1e9")),
    ("18.2", "goes on by 0, and sweeps", "meets the same killer first", _body(first=HISTORY)),
    ("18.2", "nobody claims", "and it has to be claimed", _body(idle="1e9")),
    ("18.2", "the whole batch", "Retried one at a time", BATCH_BY_0),
    (
        "18.2",
        "counts in its memory",
        "forgets when it dies; Redis has the count",
        _body(
            attempt="seen[entry_id] = seen.get(entry_id, 0) + 1\n                " + ATTEMPT,
            first="pass",
            again="seen.get(entry_id, 0) < 3",
            counts="seen = {}",
        ),
    ),
    (
        "18.2",
        "counts in one life",
        "three are enough",
        _body(
            first="seen = {}",
            attempt="seen[entry_id] = seen.get(entry_id, 0) + 1\n                " + ATTEMPT,
            again="seen.get(entry_id, 0) < 3",
        ),
    ),
    ("18.2", "retries for ever", "at three it goes to", _body(again="True")),
    ("18.2", "drops what fails", "in no list any more: lost", _body(attempt=ATTEMPT.replace("return", "pass"))),
    (
        "18.2",
        "acknowledges before the work",
        "in no list any more: lost",
        _body(attempt=ACK + "\n                yield me.work(fields)\n                me.effect(fields)"),
    ),
    (
        "18.2",
        "lets Poison out",
        "the consumer goes on with the next",
        _body(attempt="yield me.work(fields)\n                me.effect(fields)\n                " + ACK),
    ),
    (
        "18.2",
        "catches its own death",
        "No process catches its own SIGKILL",
        _body(attempt=ATTEMPT.replace("except Poison:", "except BaseException:")),
    ),
    (
        "18.2",
        "too short",
        "it was claimed from a consumer that was alive",
        _body(idle="2", claim="me.claim(entry_id, 2)", wait="yield me.arrival(within=2)"),
    ),
    (
        "18.2",
        "adds, then acknowledges",
        "one order is a dead letter twice",
        _body(bury=ADD + "\n                        " + ACK),
    ),
    ("18.2", "acknowledges, then adds", "is lost", _body(bury=ACK + "\n                        " + ADD)),
    (
        "18.2",
        "a pipeline that is no transaction",
        "buried with transaction=False",
        _body(bury=BURY.replace("transaction=True", "transaction=False")),
    ),
    ("18.2", "no source", "its source should be", _body(bury=BURY.replace('**fields, "source": entry_id', "**fields"))),
    (
        "18.2",
        "no fields",
        "the order's fields have to be in it",
        _body(bury=BURY.replace('{**fields, "source": entry_id}', '{"source": entry_id}')),
    ),
    ("18.2", "buries at the first failure", "it has three deliveries", _body(again="times < 1")),
    ("18.2", "today's id", "give id=me.next_id", _body(bury=BURY.replace(', id=me.next_id("orders:dead")', ""))),
    ("18.2", "never looks again", "ten minutes after", _body(wait="yield me.arrival()")),
    ("18.2", "no yield in the loop", "a loop without a yield in it", _body(wait="pass")),
    ("18.2", "no COUNT", "it reads up to five", _body(count="None")),
    (
        "18.2",
        "blocks",
        "waits by the clock on the wall",
        """
        def body(me):
            while True:
                for _, entries in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=5, block=1000):
                    for entry_id, fields in entries:
                        yield me.work(fields)
                        me.effect(fields)
                        me.r.xack(me.key, me.group, entry_id)
        """,
    ),
    (
        "18.2",
        "XAUTOCLAIM",
        "which the server takes from the clock on the wall",
        """
        def body(me):
            while True:
                _, entries, _ = me.r.xautoclaim(me.key, me.group, me.name, 20_000)
                for _, new in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=5):
                    entries += new
                for entry_id, fields in entries:
                    yield me.work(fields)
                    me.effect(fields)
                    me.r.xack(me.key, me.group, entry_id)
                if not entries:
                    yield me.arrival(within=20)
        """,
    ),
    (
        "18.2",
        "yields seconds",
        "yield me.work(...)",
        """
        def body(me):
            while True:
                for _, entries in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=5):
                    for entry_id, fields in entries:
                        yield float(fields["seconds"])
                        me.effect(fields)
                        me.r.xack(me.key, me.group, entry_id)
                yield me.arrival(within=20)
        """,
    ),
    ("18.2", "no effect", "without its effect", _body(attempt="yield me.work(fields)\n                " + ACK)),
    (
        "18.2",
        "ends when nothing is there",
        "does its loop end?",
        _body(wait="return"),
    ),
    (
        "18.2",
        "another stream",
        "no stream of this simulation",
        _body(bury=BURY.replace("orders:dead", "orders:sim:dead")),
    ),
    # --- 18.3
    ("18.3", "payload only", "are what you send", _outage(size="kept * payload + pending * pel")),
    ("18.3", "MAXLEN protects", "MAXLEN protects the memory, not the orders", _outage(lost="0")),
    (
        "18.3",
        "what MAXLEN trims was read",
        "does not ask who has read",
        _outage(unread="came", lost="max(0, there - kept - pending)"),
    ),
    ("18.3", "lag counts pending", "lag does not count them", _outage(unread="there")),
    ("18.3", "no pending list", "in the group's list, beside its entry", _outage(size="kept * entry")),
    ("18.3", "no MAXLEN", "does not ask who has read", _outage(kept="there")),
    (
        "18.3",
        "the pending are safe from MAXLEN",
        "those that were pending included",
        _outage(lost="max(0, came - kept)"),
    ),
    ("18.3", "the pending are no entries", "entries of", _outage(size="min(came, kept) * entry + pending * pel")),
    ("18.3", "minutes", "orders came", _outage(there="pending + rate * seconds // 60", unread="rate * seconds // 60")),
    # --- 18.4
    (
        "18.4",
        "no heart",
        "without a sign of life",
        """
        def attempt(me, entry_id, fields):
            yield me.work(fields)
            me.effect(fields)
            me.r.xack(me.key, me.group, entry_id)
        """,
    ),
    ("18.4", "too slow a heart", "without a sign of life", _heart(beat="10")),
    (
        "18.4",
        "a beat is a delivery",
        "An option of XCLAIM leaves the count alone",
        _heart(claim="me.r.xclaim(me.key, me.group, me.name, 0, [entry_id])"),
    ),
    ("18.4", "a beat by me.claim", "leaves the count alone", _heart(claim="me.claim(entry_id, 2.5)")),
    ("18.4", "too fast a heart", "more than once a second", _heart(beat="0.2")),
    ("18.4", "takes it back", "Look first who holds it", _heart(look="pass")),
    (
        "18.4",
        "does the effect all the same",
        "it happened twice",
        _heart(look="pass", claim="is_mine() and me.r.xclaim(me.key, me.group, me.name, 0, [entry_id], justid=True)"),
    ),
    ("18.4", "lets Poison out", "the consumer goes on with the next", _heart(effect="me.effect(fields)")),
    ("18.4", "drops Poison", "it should stay pending", _heart(effect=EFFECT.replace("return", "pass"))),
    ("18.4", "never acknowledges", "never acknowledged an order", _heart(ack="pass")),
    (
        "18.4",
        "only beats",
        "a loop without a yield in it",
        """
        def attempt(me, entry_id, fields):
            done = me.work(fields)
            while not done.processed:
                me.r.xclaim(me.key, me.group, me.name, 0, [entry_id], justid=True)
            yield done
        """,
    ),
    # --- 18.5
    ("18.5", "the mean rate", "planned from the mean rate", _busiest(rate="len(times) / (times[-1] - times[0] or 1)")),
    ("18.5", "nobody dies", "one may be dead", _busiest(consumers="alive")),
    (
        "18.5",
        "full minutes",
        "may begin with any order",
        _busiest(begins="[time // window * window for time in times]"),
    ),
    ("18.5", "the end is in it", "the end of a window is not in it", _busiest(end="<=")),
    (
        "18.5",
        "the last of several",
        "the earliest of several",
        _busiest(place="len(counts) - 1 - counts[::-1].index(orders)"),
    ),
    (
        "18.5",
        "the log is sorted",
        "start is the first word of the line",
        _busiest(words="[line.split()[0] for line in lines]", place="0"),
    ),
    (
        "18.5",
        "busy all the time",
        "wait longer with",
        _busiest(rate="0 * orders", consumers="int(orders / window * service) + 2").replace(
            "rate * service >= alive or ", "False and "
        ),
    ),
    (
        "18.1",
        "sums in the lists that it was given",
        "changed the lists",
        """
        def choose(reads, share, late, block):
            for seconds in reads:
                for n in range(1, len(seconds)):
                    seconds[n] += seconds[n - 1]
            ages = [age for seconds in reads for age in seconds]
            min_idle = 1
            while sum(age >= min_idle for age in ages) / len(ages) > share:
                min_idle += 1
            return (1000 * min_idle, None) if 2 * min_idle <= late else (500 * late, 500 * late // 3)
        """,
    ),
    (
        "18.1",
        "more idle, and not as idle",
        "as idle as that, or more",
        """
        from itertools import accumulate


        def choose(reads, share, late, block):
            ages = [age for seconds in reads for age in accumulate(seconds)]
            min_idle = 1
            while sum(age > min_idle for age in ages) / len(ages) > share:
                min_idle += 1
            return (1000 * min_idle, None) if 2 * min_idle <= late else (500 * late, 500 * late // 3)
        """,
    ),
    (
        "18.2",
        "the worker of the lesson with 8 seconds",
        "Five orders of 3 seconds are 15",
        """
        from helpers.simulator import worker


        def body(me):
            return worker(count=5, min_idle=8.0, tries=3, dead="orders:dead")(me)
        """,
    ),
    (
        "18.2",
        "exactly the batch",
        "Five orders of 3 seconds are 15",
        """
        from helpers.simulator import worker


        def body(me):
            return worker(count=5, min_idle=15.0, tries=3, dead="orders:dead")(me)
        """,
    ),
    (
        "18.2",
        "two tries",
        "three tries are asked for",
        """
        from helpers.simulator import worker


        def body(me):
            return worker(count=5, min_idle=20.0, tries=2, dead="orders:dead")(me)
        """,
    ),
    (
        "18.3",
        "a MAXLEN of 0 is none",
        "MAXLEN",
        """
        def outage(rate, seconds, pending, payload, entry, pel, maxlen):
            came = rate * seconds
            there = pending + came
            kept = min(there, maxlen) if maxlen else there
            return kept * entry + pending * pel, min(came, kept), there - kept
        """,
    ),
    (
        "18.3",
        "floats",
        "whole numbers",
        """
        def outage(rate, seconds, pending, payload, entry, pel, maxlen):
            came = rate * seconds
            there = pending + came
            kept = there if maxlen is None else min(there, maxlen)
            return float(kept * entry + pending * pel), float(min(came, kept)), float(there - kept)
        """,
    ),
    (
        "18.4",
        "acknowledges what it has lost",
        "If that one dies now",
        """
        from helpers.simulator import Poison


        def attempt(me, entry_id, fields):
            done = me.work(fields)
            while not done.processed:
                yield done | me.sleep(2)
                if not me.r.xpending_range(me.key, me.group, entry_id, entry_id, 1, consumername=me.name):
                    me.r.xack(me.key, me.group, entry_id)
                    return
                if not done.processed:
                    me.r.xclaim(me.key, me.group, me.name, 0, [entry_id], justid=True)
            try:
                me.effect(fields)
            except Poison:
                return
            me.r.xack(me.key, me.group, entry_id)
        """,
    ),
    (
        "18.4",
        "a beat in each min-idle-time",
        "no sign of life for 6 seconds",
        """
        from helpers.simulator import Poison


        def attempt(me, entry_id, fields):
            done = me.work(fields)
            while not done.processed:
                yield done | me.sleep(6)
                if not me.r.xpending_range(me.key, me.group, entry_id, entry_id, 1, consumername=me.name):
                    return
                if not done.processed:
                    me.r.xclaim(me.key, me.group, me.name, 0, [entry_id], justid=True)
            try:
                me.effect(fields)
            except Poison:
                return
            me.r.xack(me.key, me.group, entry_id)
        """,
    ),
    (
        "18.5",
        "the time of day",
        "a window may begin with any order",
        """
        from datetime import datetime
        from math import ceil

        from helpers.simulator.theory import wait_exceeds


        def busiest(lines, window, service, within):
            def second(word):
                return (datetime.strptime(word[11:23], "%H:%M:%S.%f") - datetime(1900, 1, 1)).total_seconds()

            words = sorted((line.split()[0] for line in lines), key=second)
            times = [second(word) for word in words]
            counts = [sum(begin <= time < begin + window for time in times) for begin in times]
            orders = max(counts)
            rate, alive = orders / window, 1
            while rate * service >= alive or wait_exceeds(within, rate, service, alive) > 0.01:
                alive += 1
            return words[counts.index(orders)], orders, alive + 1
        """,
    ),
    (
        "18.5",
        "one line for each moment",
        "so long is it",
        """
        from datetime import datetime

        from helpers.simulator.theory import wait_exceeds


        def busiest(lines, window, service, within):
            words = sorted({line.split()[0] for line in lines}, key=datetime.fromisoformat)
            times = [datetime.fromisoformat(word).timestamp() for word in words]
            counts = [sum(begin <= time < begin + window for time in times) for begin in times]
            orders = max(counts)
            rate, alive = orders / window, 1
            while rate * service >= alive or wait_exceeds(within, rate, service, alive) > 0.01:
                alive += 1
            return words[counts.index(orders)], orders, alive + 1
        """,
    ),
]
