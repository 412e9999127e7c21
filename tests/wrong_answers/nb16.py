"""Plausible wrong answers to the exercises of 16 Throughput, each with what its hint has to say."""

IMPORT = """
        from itertools import islice


        def import_orders(r, key, orders):
            count = 0
            orders = {given}
            while batch := list(islice(orders, {size})):
                pipe = r.pipeline({options})
                for order in batch:
                    pipe.xadd(key, order)
                {send}
                count += len(batch)
            return {result}
"""


def _import(given="iter(orders)", size="200", options="transaction=False", send="pipe.execute()", result="count"):
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
            while found := r.xreadgroup(group, me, {{key: {from_}}}{count}):
                [[_, entries]] = found
                {done}
                {before}
                for entry_id, order in entries:
                    try:
                        handle({given})
                    except Exception:
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
    from_='">"',
    count=", count=most",
    done="done = []",
    before="pass",
    given="order",
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
        "would do: how many orders can share one?",
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
        "pending that it had handled",
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
]
