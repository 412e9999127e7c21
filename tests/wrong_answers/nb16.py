"""Plausible wrong answers to the exercises of 16 Throughput, each with what its hint has to say."""

IMPORT = """
        from itertools import islice


        def import_orders(r, key, orders):
            count = 0
            orders = {given}
            while batch := list(islice(orders, {size})):
                pipe = r.pipeline({options})
                {before}
                for order in batch:
                    {add}
                {send}
                count += len(batch)
            return {result}
"""


def _import(
    given="iter(orders)",
    size="200",
    options="transaction=False",
    before="pass",
    add="pipe.xadd(key, order)",
    send="pipe.execute()",
    result="count",
):
    return IMPORT.format(**locals())


BOTTLENECK = """
        from math import ceil
        from statistics import fmean, median

        import numpy as np


        def bottleneck(calls, warm_up, before, after, benchmark):
            calls = calls[{first}:]
            took = sorted(ended - started for started, ended in calls)
            redis = {redis}
            whole = calls[-1][1] - calls[0][0]
            parts = {parts}
            return max(parts, key=parts.get), {p99}
"""


def _bottleneck(
    first="warm_up",
    redis='(after["cmdstat_xadd"]["usec"] - before["cmdstat_xadd"]["usec"]) / 1e6',
    parts='{"redis": redis, "way": sum(took) - redis, "producer": whole - sum(took)}',
    p99="1000 * took[ceil(len(took) * 99 / 100) - 1]",
):
    return BOTTLENECK.format(**locals())


WORK_OFF = """
        def work_off(r, key, group, me, handle, most):
            count = 0
            {start}
            while found := r.xreadgroup({who}, {{key: {from_}}}{count}):
                [[_, entries]] = found
                {done}
                {before}
                for entry_id, order in entries:
                    try:
                        handle({given})
                    except {error}:
                        {failed}
                    done.append(entry_id)
                    {each}
                {after}
                count += {handled}
            {end}
            return count
"""


def _work_off(
    start="pass",
    who="group, me",
    from_='">"',
    count=", count=most",
    done="done = []",
    before="pass",
    given="order",
    error="Exception",
    failed="continue",
    each="pass",
    after="r.xack(key, group, *done) if done else None",
    handled="len(done)",
    end="pass",
):
    return WORK_OFF.format(**locals())


PACK = """
        def pack(words):
            packed = {head}
            for word in words:
                data = {data}
                packed += {one}
            return {result}
"""


def _pack(
    head='b"*%d\\r\\n" % len(words)',
    data="str(word).encode()",
    one='b"$%d\\r\\n%b\\r\\n" % (len(data), data)',
    result="packed",
):
    return PACK.format(**locals()).replace("\r\n", "\\r\\n")


SIZE = """
        from math import ceil, floor


        def pipeline_size(trip, each, rate):
            left = 1_000_000 - rate * each
            {first}
            return {result}
"""


def _size(first="if left <= 0: return None", result="ceil(rate * trip / left)"):
    return SIZE.format(**locals())


WRONG = [
    (
        "16.1",
        "one at a time",
        "how many orders can share one?",
        """
        def import_orders(r, key, orders):
            count = 0
            for order in orders:
                r.xadd(key, order)
                count += 1
            return count
        """,
    ),
    (
        "16.1",
        "threads first",
        "from several threads",
        """
        from concurrent.futures import ThreadPoolExecutor


        def import_orders(r, key, orders):
            with ThreadPoolExecutor(8) as pool:
                return len(list(pool.map(lambda order: r.xadd(key, order), orders)))
        """,
    ),
    (
        "16.1",
        "one giant pipeline",
        "orders at once, and 200 are allowed",
        """
        def import_orders(r, key, orders):
            pipe = r.pipeline(transaction=False)
            for order in orders:
                pipe.xadd(key, order)
            return len(pipe.execute())
        """,
    ),
    ("16.1", "MULTI is what speeds", "wrapped the orders in MULTI", _import(options="")),
    ("16.1", "a list of all first", "that were not sent yet", _import(given="iter(list(orders))")),
    ("16.1", "small pipelines", "how many orders can share one?", _import(size="50")),
    (
        "16.1",
        "forgets the tail",
        "What becomes of a batch that does not get full?",
        """
        def import_orders(r, key, orders):
            count, pipe = 0, r.pipeline(transaction=False)
            for order in orders:
                pipe.xadd(key, order)
                if len(pipe) == 200:
                    count += len(pipe.execute())
            return count
        """,
    ),
    ("16.1", "never executes", "never sent an XADD", _import(send="pass")),
    ("16.1", "returns the ids", "it should return how many", _import(send="ids = pipe.execute()", result="ids")),
    (
        "16.1",
        "asks for the length",
        "how many orders will come is known when they have come",
        """
        def import_orders(r, key, orders):
            for first in range(0, len(orders), 200):
                pipe = r.pipeline(transaction=False)
                for order in orders[first : first + 200]:
                    pipe.xadd(key, order)
                pipe.execute()
            return len(orders)
        """,
    ),
    (
        "16.1",
        "counts by XLEN",
        "a round trip for XLEN alone",
        _import(result="r.xlen(key)"),
    ),
    (
        "16.2",
        "the benchmark is the app",
        "It is another client",
        _bottleneck(redis="len(calls) / benchmark"),
    ),
    ("16.2", "counts the warm-up", "which are not to count", _bottleneck(first="0")),
    (
        "16.2",
        "usec_per_call since ever",
        "an average over all that the server ever did",
        _bottleneck(redis='len(calls) * after["cmdstat_xadd"]["usec_per_call"] / 1e6'),
    ),
    ("16.2", "mean only", "That is the mean", _bottleneck(p99="1000 * fmean(took)")),
    ("16.2", "the median", "Half of the calls", _bottleneck(p99="1000 * median(took)")),
    ("16.2", "the maximum", "the slowest call of all", _bottleneck(p99="1000 * max(took)")),
    ("16.2", "an interpolated value", "No call took that long", _bottleneck(p99="1000 * np.quantile(took, 0.99)")),
    ("16.2", "seconds", "Those are seconds", _bottleneck(p99="took[ceil(len(took) * 99 / 100) - 1]")),
    (
        "16.2",
        "a typical call instead of sums",
        "Shares of a time are sums",
        _bottleneck(
            parts='{"redis": redis / len(took), "way": median(took) - redis / len(took), '
            '"producer": (whole - sum(took)) / len(took)}'
        ),
    ),
    (
        "16.2",
        "nothing between the calls",
        "split like this",
        _bottleneck(parts='{"redis": redis, "way": whole - redis}'),
    ),
    (
        "16.2",
        "the way holds Redis's part as well",
        "split like this",
        _bottleneck(parts='{"redis": redis, "way": sum(took), "producer": whole - sum(took)}'),
    ),
    ("16.2", "other names", "the names are", _bottleneck(parts='{"network": 1, "redis": 0}')),
    ("16.3", "bigger is free", "How many does a read bring?", _work_off(count="")),
    ("16.3", "a round thousand", "How many does a read bring?", _work_off(count=", count=1000")),
    (
        "16.3",
        "acknowledges before the work",
        "before it was handled",
        _work_off(before="r.xack(key, group, *[entry_id for entry_id, _ in entries])", after="pass"),
    ),
    (
        "16.3",
        "NOACK",
        "before it was handled",
        _work_off(count=", count=most, noack=True", after="pass"),
    ),
    (
        "16.3",
        "ignores the tail",
        "It may be shorter than the others",
        _work_off(after="r.xack(key, group, *done) if len(done) == most else None"),
    ),
    (
        "16.3",
        "all at the end",
        "How many does a read bring?",
        _work_off(start="done = []", done="pass", after="pass", handled="0", end="count = r.xack(key, group, *done)"),
    ),
    ("16.3", "one XACK each", "one takes many ids", _work_off(each="r.xack(key, group, entry_id)", after="pass")),
    ("16.3", "one at a time", "round trips", _work_off(count=", count=1")),
    ("16.3", "acknowledges what failed", "which failed", _work_off(failed="pass")),
    ("16.3", "an XACK of nothing", "has nothing to acknowledge", _work_off(after="r.xack(key, group, *done)")),
    (
        "16.3",
        "stops at a failure",
        "gave up at an order that cannot be handled",
        _work_off(failed="raise"),
    ),
    ("16.3", "leaves the loop at a failure", "among those that it did not", _work_off(failed="break")),
    ("16.3", "hands over the pair", "it takes an order's fields", _work_off(given="(entry_id, order)")),
    (
        "16.3",
        "never acknowledges",
        "handled them all and acknowledged none",
        _work_off(after="pass"),
    ),
    ("16.3", "counts what failed", "it handled 18", _work_off(handled="len(entries)")),
    ("16.4", "letters for bytes", "It has so many letters", _pack(one='b"$%d\\r\\n%b\\r\\n" % (len(str(word)), data)')),
    ("16.4", "text", "on a wire there are bytes", _pack(result="packed.decode()")),
    ("16.4", "no count of words", "words follow", _pack(head='b""')),
    ("16.4", "bare line feeds", "the protocol has", _pack(one='b"$%d\\n%b\\n" % (len(data), data)')),
    ("16.4", "no lengths", "no server can read", _pack(one='b"%b\\r\\n" % data')),
    ("16.4", "the command as it is typed", "words follow", _pack(head='b""', one='data + b" "')),
    ("16.5", "forgets the work of each", "The trip is not all", _size(result="ceil(rate * trip / 1_000_000)")),
    ("16.5", "rounds down", "which makes", _size(result="max(1, floor(rate * trip / left))")),
    ("16.5", "one too many", "keeps its sender waiting least", _size(result="floor(rate * trip / left) + 1")),
    ("16.5", "always a thousand", "keeps its sender waiting least", _size(result="1000")),
    ("16.5", "no end", "no pipeline is long enough", _size(first="left = max(left, 1)")),
    ("16.5", "not a whole number", "a whole number of orders", _size(result="rate * trip / left + 0.5")),
    (
        "16.3",
        "keeps what is done until it is a full batch",
        "handled and not acknowledged",
        """
        def work_off(r, key, group, me, handle, most):
            done, count = [], 0
            while reply := r.xreadgroup(group, me, {key: ">"}, count=most):
                for entry_id, order in reply[0][1]:
                    try:
                        handle(order)
                    except Exception:
                        continue
                    done.append(entry_id)
                    count += 1
                if len(done) >= most:
                    r.xack(key, group, *done)
                    done = []
            if done:
                r.xack(key, group, *done)
            return count
        """,
    ),
    ("16.1", "an id of one's own", "after the key comes *", _import(add="pipe.xadd(key, order, id='5-*')")),
    (
        "16.1",
        "a stream that is limited",
        "keep orders out of the stream",
        _import(add="pipe.xadd(key, order, maxlen=10_000)"),
    ),
    ("16.1", "only where there is one", "after the key comes *", _import(add="pipe.xadd(key, order, nomkstream=True)")),
    ("16.1", "another key", "its parameter key says", _import(add="pipe.xadd('orders', order)")),
    ("16.1", "begins with an empty stream", "also sent DEL", _import(before="pipe.delete(key) if not count else None")),
    ("16.1", "an expiry time", "also sent EXPIRE", _import(before="pipe.expire(key, 86400)")),
    (
        "16.1",
        "sorted",
        "not in the order in which they came",
        _import(before="batch.sort(key=lambda order: int(order['order_id']))"),
    ),
    (
        "16.1",
        "each order_id once",
        "Two of them are the same, and are two orders",
        _import(before="batch = list({order['order_id']: order for order in batch}.values())"),
    ),
    (
        "16.1",
        "two fields",
        "its fields are to be",
        _import(add="pipe.xadd(key, {k: order[k] for k in ('order_id', 'price')})"),
    ),
    (
        "16.1",
        "as JSON",
        "its fields are to be",
        _import(add="import json; pipe.xadd(key, {'order': json.dumps(order)})"),
    ),
    ("16.1", "counts what Redis refused", "Let the error through", _import(send="pipe.execute(raise_on_error=False)")),
    (
        "16.1",
        "keeps what is sent",
        "all of the memory",
        _import(given="iter(orders); seen = []", before="seen += batch", result="len(seen)"),
    ),
    (
        "16.1",
        "empties the orders",
        "changed an order that it was given",
        _import(add="pipe.xadd(key, {field: order.pop(field) for field in list(order)})"),
    ),
    (
        "16.1",
        "a script",
        "Redis serves nobody else until",
        _import(
            add="pass",
            send="r.eval('return redis.call(\\'XADD\\', KEYS[1], \\'*\\', \\'n\\', #ARGV)', 1, key, *map(str, batch))",
        ),
    ),
    (
        "16.2",
        "calls or producer first",
        "Redis and the way are two parts",
        _bottleneck(
            parts='{"producer": whole - sum(took)} if whole > 2 * sum(took) '
            'else {"redis": redis, "way": sum(took) - redis}'
        ),
    ),
    (
        "16.2",
        "the pause before the first",
        "are not between calls that count",
        """
        from math import ceil


        def bottleneck(calls, warm_up, before, after, benchmark):
            gaps = sum(later[0] - earlier[1] for earlier, later in zip(calls, calls[1:]))
            took = sorted(ended - started for started, ended in calls[warm_up:])
            redis = (after["cmdstat_xadd"]["usec"] - before["cmdstat_xadd"]["usec"]) / 1e6
            parts = {"redis": redis, "way": sum(took) - redis, "producer": gaps}
            return max(parts, key=parts.get), 1000 * took[ceil(len(took) * 99 / 100) - 1]
        """,
    ),
    (
        "16.2",
        "to the start of the last",
        "split like this",
        _bottleneck().replace("calls[-1][1] - ", "calls[-1][0] - "),
    ),
    ("16.2", "usec as milliseconds", "they are microseconds", _bottleneck().replace("/ 1e6", "/ 1e3")),
    ("16.2", "after alone", "since the server started", _bottleneck(redis='after["cmdstat_xadd"]["usec"] / 1e6')),
    ("16.2", "one more for the warm-up", "which counts", _bottleneck(first="warm_up + 1")),
    (
        "16.2",
        "cuts the list",
        "changed what it was given",
        _bottleneck().replace("calls = calls[warm_up:]", "del calls[:warm_up]"),
    ),
    ("16.3", "one more than most", "killed directly after the work on 1011", _work_off(count=", count=most + 1")),
    ("16.3", "ten, whatever most says", "at most 3 may", _work_off(count=", count=10")),
    ("16.3", "a name of its own", "it is to read as the consumer", _work_off(who="group, 'worker-1'")),
    ("16.3", "the group of the example", "NOGROUP", _work_off(who="'packing', me")),
    (
        "16.3",
        "for all groups",
        "acknowledged for the group 'audit' too",
        _work_off(after="for name in ('audit', group): done and r.xack(key, name, *done)"),
    ),
    (
        "16.3",
        "deletes what is done",
        "took entries out",
        _work_off(after="done and (r.xack(key, group, *done), r.xdel(key, *done))"),
    ),
    ("16.3", "one kind of error", "gave up at an order", _work_off(error="ValueError")),
    ("16.3", "the id among the fields", "the fields of that order are", _work_off(given="{**order, 'id': entry_id}")),
    (
        "16.3",
        "tries it again",
        "handled 1004 2 times",
        _work_off(
            failed="""
                        try:
                            handle(order)
                        except Exception:
                            continue"""
        ),
    ),
    (
        "16.3",
        "done is what returns true",
        "whatever it returns",
        """
        def work_off(r, key, group, me, handle, most):
            count = 0
            while found := r.xreadgroup(group, me, {key: ">"}, count=most):
                done = [entry_id for entry_id, order in found[0][1] if handle(order)]
                if done:
                    count += r.xack(key, group, *done)
            return count
        """,
    ),
    (
        "16.3",
        "all that is there now",
        "that came meanwhile",
        """
        def work_off(r, key, group, me, handle, most):
            count = 0
            for _ in range(-(-next(g["lag"] for g in r.xinfo_groups(key) if g["name"] == group) // most)):
                [[_, entries]] = r.xreadgroup(group, me, {key: ">"}, count=most)
                done = []
                for entry_id, order in entries:
                    try:
                        handle(order)
                    except Exception:
                        continue
                    done.append(entry_id)
                if done:
                    r.xack(key, group, *done)
                count += len(done)
            return count
        """,
    ),
    (
        "16.4",
        "numbers as numbers",
        "Answers have that",
        _pack(one='(b":%d\\r\\n" % word) if isinstance(word, int) else b"$%d\\r\\n%b\\r\\n" % (len(data), data)'),
    ),
    (
        "16.4",
        "no empty words",
        "7 words went in",
        """
        def pack(words):
            words = [str(word).encode() for word in words if word != ""]
            return b"*%d\\r\\n" % len(words) + b"".join(b"$%d\\r\\n%b\\r\\n" % (len(word), word) for word in words)
        """,
    ),
    (
        "16.4",
        "counts the line's end",
        "the line's end is not counted",
        _pack(one='b"$%d\\r\\n%b\\r\\n" % (len(data) + 2, data)'),
    ),
    ("16.4", "strips", "which a server reads as", _pack(data="str(word).strip().encode()")),
    (
        "16.4",
        "digits are numbers",
        "which a server reads as",
        _pack(data="str(int(word) if str(word).isdigit() else word).encode()"),
    ),
    ("16.4", "0 is nothing", "which a server reads as", _pack(data='str(word or "").encode()')),
    (
        "16.4",
        "empties the list",
        "changed the list",
        """
        def pack(words):
            packed = b"*%d\\r\\n" % len(words)
            while words:
                data = str(words.pop(0)).encode()
                packed += b"$%d\\r\\n%b\\r\\n" % (len(data), data)
            return packed
        """,
    ),
    ("16.5", "in floats", "39, and 38 would do", _size(result="ceil(trip / (1e6 / rate - each))")),
    ("16.5", "to the nearest", "which makes 19,737 a second", _size(result="max(1, round(rate * trip / left))")),
    (
        "16.5",
        "looks as far as 10,000",
        "are enough",
        _size(result="next((n for n in range(1, 10_001) if n * 1e6 >= rate * (trip + n * each)), None)"),
    ),
    ("16.5", "a float", "a whole number of orders", _size(result="float(ceil(rate * trip / left))")),
]
