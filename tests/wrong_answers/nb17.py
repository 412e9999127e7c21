"""Plausible wrong answers to the exercises of 17 How many consumers, each with what its hint has to say."""

NEEDS = """
        from math import ceil, floor

        from helpers.simulator.theory import mean_wait, wait_exceeds


        def consumers_for(rate, service, promise):
            n = {start}
            while {late}:
                n += 1
            return {result}
"""


def _needs(start="floor(rate * service) + 1", late="wait_exceeds(promise, rate, service, n) > 0.01", result="n + 1"):
    return NEEDS.format(**locals())


VERDICT = """
        import numpy as np


        def verdict(old, new, warm_up, t):
            before = [np.mean(run[{cut}:]) for run in old]
            after = [np.mean(run[{cut}:]) for run in new]
            change = np.array(after) - np.array(before)
            half = {half}
            low, high = change.mean() - half, change.mean() + half
            {more}
            return {below} if high < 0 else {above} if low > 0 else "not shown"
"""


def _verdict(
    cut="warm_up",
    half="t * np.std(change, ddof=1) / np.sqrt(len(change))",
    more="pass",
    below='"faster"',
    above='"slower"',
):
    return VERDICT.format(**locals())


PRICE = """
        from math import ceil

        from helpers.simulator.theory import mean_wait, wait_exceeds


        def price_of_order(rates, service, promise):
            def holds(rate, consumers):
                if rate * service >= consumers:
                    return False
                return rate == 0 or {promised}

            shared = next(n for n in range(1, 1000) if holds(sum(rates), n)) {more}
            for p in {ps}:
                if {all_hold}:
                    return shared, p
            return shared, {none}
"""


def _price(
    promised="wait_exceeds(promise, rate, service, consumers) <= 0.01",
    more="",
    ps="range(1, 65)",
    all_hold="all(holds(sum(rates[place::p]), 1) for place in range(p))",
    none="None",
):
    return PRICE.format(**locals())


KEEP = """
        import redis


        def keep(r, event):
            key = f"order:{{event['order_id']}}"
            stored = r.hget(key, "version")
            if stored is not None and {newer}:
                return {older}
            r.hset(key, mapping={fields})
            return True
"""


def _keep(
    newer='int(stored) >= int(event["version"])',
    older="False",
    fields='{"version": event["version"], "state": event["state"]}',
):
    return KEEP.format(**locals())


BATCHES = """
        def batches(me):
            while True:
                reply = me.r.xreadgroup(me.group, me.name, {{me.key: ">"}}, count={count})
                if not reply:
                    {wait}
                    continue
                [[_, orders]] = reply
                {before}
                for entry_id, order in {what}:
                    {work}
                    {each}
                {after}
"""


def _batches(
    count="10",
    wait="yield me.arrival()",
    before="pass",
    what="orders",
    work="yield me.work(order)",
    each="pass",
    after="me.r.xack(me.key, me.group, *[entry_id for entry_id, _ in orders])",
):
    return BATCHES.format(**locals())


WRONG = [
    (
        "17.1",
        "by the mean",
        "the promise is about the slowest percent",
        _needs(late="mean_wait(rate, service, n) > promise"),
    ),
    ("17.1", "forgets the dead one", "as long as all live", _needs(result="n")),
    ("17.1", "runs at 100 %", "At a load of 100 %", _needs(start="ceil(rate * service)", late="False", result="n")),
    ("17.1", "rounds up to a load of 1", "whose load is 1 or more", _needs(start="ceil(rate * service)")),
    ("17.1", "begins at one", "whose load is 1 or more", _needs(start="1")),
    ("17.1", "a spare one more", "one fewer would do", _needs(result="n + 2")),
    ("17.1", "sizes for 80 % load", "wait longer than", _needs(start="ceil(rate * service / 0.8)", late="False")),
    (
        "17.1",
        "the mean, and the dead one forgotten",
        "wait longer than 0.2 s",
        _needs(late="mean_wait(rate, service, n) > promise", result="n"),
    ),
    ("17.1", "one in a thousand", "one fewer would do", _needs(late="wait_exceeds(promise, rate, service, n) > 0.001")),
    (
        "17.1",
        "the dead one takes its orders along",
        "one fewer would do",
        _needs(late="wait_exceeds(promise, rate, service, n) > 0.01", result="n + ceil(n / 4)"),
    ),
    ("17.1", "prints", "should return a number of consumers", _needs(result="print(n + 1)")),
    ("17.2", "the means, and no interval", "runs of one system differ by more", _verdict(half="0")),
    ("17.2", "one seed", "runs of one system differ by more", _verdict(more="low = high = change[0]")),
    ("17.2", "counts the warm-up", "leave them out of the mean", _verdict(cut="0")),
    (
        "17.2",
        "every order a measurement",
        "runs of one system differ by more",
        _verdict(
            half="1.96 * np.std(np.concatenate([run[warm_up:] for run in new])) / np.sqrt(len(new) * len(new[0]))"
        ),
    ),
    (
        "17.2",
        "two intervals side by side",
        "compare the two of a seed before anything else",
        _verdict(half="t * (np.std(before, ddof=1) + np.std(after, ddof=1)) / np.sqrt(len(change))"),
    ),
    (
        "17.2",
        "two samples, unpaired",
        "compare the two of a seed before anything else",
        _verdict(half="t * np.sqrt((np.var(before, ddof=1) + np.var(after, ddof=1)) / len(change))"),
    ),
    ("17.2", "old minus new", "new minus old", _verdict(below='"slower"', above='"faster"')),
    ("17.2", "divides by n", "divided by n - 1", _verdict(half="t * np.std(change) / np.sqrt(len(change))")),
    (
        "17.2",
        "1.96 for two runs",
        "over the root of their number",
        _verdict(half="1.96 * np.std(change, ddof=1) / np.sqrt(len(change))"),
    ),
    ("17.2", "no square root of n", "by the root of 10", _verdict(half="t * np.std(change, ddof=1)")),
    ("17.2", "warm-up of the end", "leave them out", _verdict(cut="0", more="pass")),
    ("17.2", "True and False", 'should return "faster"', _verdict(below="True", above="False")),
    ("17.3", "sharing is free", "the busiest stream gets", _price(all_hold="holds(sum(rates), p)")),
    ("17.3", "an even share", "whose orders go there?", _price(all_hold="holds(sum(rates) / p, 1)")),
    ("17.3", "a number where there is none", "have to stay on one stream", _price(none="64")),
    (
        "17.3",
        "by the mean wait",
        "The mean is not the promise",
        _price(promised="mean_wait(rate, service, consumers) <= promise"),
    ),
    ("17.3", "only powers of two", "keep it already", _price(ps="(1, 2, 4, 8, 16, 32, 64)")),
    ("17.3", "up to the number of customers", "there is a p", _price(ps="range(1, min(65, len(rates)))")),
    ("17.3", "one more for the dead", "nobody dies", _price(more="+ 1")),
    (
        "17.3",
        "neighbours on one stream",
        "the busiest stream gets",
        _price(all_hold="all(holds(sum(rates[len(rates) * k // p : len(rates) * (k + 1) // p]), 1) for k in range(p))"),
    ),
    (
        "17.3",
        "asks for a load above 1",
        "grows for ever",
        _price(all_hold="all(wait_exceeds(promise, sum(rates[k::p]), service, 1) <= 0.01 for k in range(p))"),
    ),
    ("17.3", "the biggest customer alone", "the busiest stream gets", _price(all_hold="holds(max(rates), 1)")),
    (
        "17.3",
        "only the shared group",
        "two numbers",
        _price(ps="()", none="None\n            return shared").replace("return shared, None", "return shared"),
    ),
    ("17.4", "looks, then stores", "have to be one step", _keep()),
    ("17.4", "stores whatever comes", "it should have version 3", _keep(newer="False")),
    ("17.4", "versions as text", "As text", _keep(newer='stored >= event["version"]')),
    (
        "17.4",
        "the same version again",
        "is not newer than 3",
        _keep(newer='int(stored) > int(event["version"])'),
    ),
    ("17.4", "the state alone", "it should have version 1", _keep(fields='{"state": event["state"]}')),
    ("17.4", "returns nothing for what is late", "returned None", _keep(older="None")),
    (
        "17.4",
        "only the first event counts",
        "it should have version 3",
        """
        def keep(r, event):
            key = f"order:{event['order_id']}"
            if not r.hsetnx(key, "version", event["version"]):
                return False
            r.hset(key, "state", event["state"])
            return True
     """,
    ),
    (
        "17.4",
        "MULTI alone",
        "have to be one step",
        """
        def keep(r, event):
            key = f"order:{event['order_id']}"
            stored = r.hget(key, "version")
            if stored is not None and int(stored) >= int(event["version"]):
                return False
            with r.pipeline(transaction=True) as pipe:
                pipe.hset(key, "version", event["version"])
                pipe.hset(key, "state", event["state"])
                pipe.execute()
            return True
     """,
    ),
    (
        "17.4",
        "gives up when somebody was faster",
        "and the event was not stored",
        """
        import redis


        def keep(r, event):
            key = f"order:{event['order_id']}"
            with r.pipeline() as pipe:
                pipe.watch(key)
                stored = pipe.hget(key, "version")
                if stored is not None and int(stored) >= int(event["version"]):
                    return False
                pipe.multi()
                pipe.hset(key, mapping={"version": event["version"], "state": event["state"]})
                try:
                    pipe.execute()
                except redis.WatchError:
                    pass
                return True
     """,
    ),
    (
        "17.4",
        "leaves the newer one to others",
        "is newer still",
        """
        import redis


        def keep(r, event):
            key = f"order:{event['order_id']}"
            with r.pipeline() as pipe:
                pipe.watch(key)
                stored = pipe.hget(key, "version")
                if stored is not None and int(stored) >= int(event["version"]):
                    return False
                pipe.multi()
                pipe.hset(key, mapping={"version": event["version"], "state": event["state"]})
                try:
                    pipe.execute()
                    return True
                except redis.WatchError:
                    return False
     """,
    ),
    (
        "17.5",
        "acknowledges each",
        "one XACK takes many ids",
        _batches(each="me.r.xack(me.key, me.group, entry_id)", after="pass"),
    ),
    (
        "17.5",
        "acknowledges first",
        "before the work on them was done",
        _batches(before="me.r.xack(me.key, me.group, *[entry_id for entry_id, _ in orders])", after="pass"),
    ),
    (
        "17.5",
        "acknowledges the last one alone",
        "pending that it had read",
        _batches(after="me.r.xack(me.key, me.group, orders[-1][0])"),
    ),
    ("17.5", "goes round without waiting", "goes round without a yield", _batches(wait="pass")),
    ("17.5", "ends when nothing is there", "reads again, for ever", _batches(wait="return")),
    ("17.5", "only the first of each batch", "a read brings a list", _batches(what="orders[:1]")),
    ("17.5", "one at a time", "when 25 were waiting", _batches(count="1")),
    ("17.5", "as many as there are", "ten is the most", _batches(count="100")),
    ("17.5", "work without yield", "time passes only where", _batches(work="me.work(order)")),
    ("17.5", "no acknowledgement", "pending that it had read", _batches(after="pass")),
    (
        "17.5",
        "no generator",
        "with yield where time passes",
        """
        def batches(me):
            reply = me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=10)
            return reply or None
     """,
    ),
    ("17.5", "the work twice", "did work", _batches(each="yield me.work(order)")),
    (
        "17.2",
        "2.26 and the root of ten, whatever the number",
        "over the root of their number",
        _verdict(half="2.26 * np.std(change, ddof=1) / np.sqrt(10)"),
    ),
    (
        "17.3",
        "blocks of customers",
        "the busiest stream gets",
        _price(
            all_hold="all(holds(sum(rates[-(-len(rates) // p) * i : -(-len(rates) // p) * (i + 1)]), 1) "
            "for i in range(p))"
        ),
    ),
    (
        "17.3",
        "downward from 64",
        "keep it already",
        """
        from helpers.simulator.theory import wait_exceeds


        def price_of_order(rates, service, promise):
            def holds(rate, consumers):
                if rate * service >= consumers:
                    return False
                return rate == 0 or wait_exceeds(promise, rate, service, consumers) <= 0.01

            shared = next(n for n in range(1, 1000) if holds(sum(rates), n))
            p = 65
            while p > 1 and all(holds(sum(rates[k :: p - 1]), 1) for k in range(p - 1)):
                p -= 1
            return shared, p if p < 65 else None
     """,
    ),
    (
        "17.3",
        "search by halves",
        "keep it already",
        """
        from helpers.simulator.theory import wait_exceeds


        def price_of_order(rates, service, promise):
            def holds(rate, consumers):
                if rate * service >= consumers:
                    return False
                return rate == 0 or wait_exceeds(promise, rate, service, consumers) <= 0.01

            shared = next(n for n in range(1, 1000) if holds(sum(rates), n))
            low, high = 1, 65
            while low < high:
                middle = (low + high) // 2
                if all(holds(sum(rates[k::middle]), 1) for k in range(middle)):
                    high = middle
                else:
                    low = middle + 1
            return shared, low if low < 65 else None
     """,
    ),
    (
        "17.4",
        "an error instead of another look",
        "WatchError",
        """
        def keep(r, event):
            key = f"order:{event['order_id']}"
            with r.pipeline() as pipe:
                pipe.watch(key)
                stored = pipe.hget(key, "version")
                if stored is not None and int(stored) >= int(event["version"]):
                    return False
                pipe.multi()
                pipe.hset(key, mapping={"version": event["version"], "state": event["state"]})
                pipe.execute()
                return True
     """,
    ),
    ("17.5", "waits with BLOCK", "yield me.arrival() instead", _batches(count="10, block=1000")),
    (
        "17.5",
        "a list of ids",
        "with a * before it",
        _batches(after="me.r.xack(me.key, me.group, [entry_id for entry_id, _ in orders])"),
    ),
    (
        "17.4",
        "looks through a pipeline",
        "have to be one step",
        """
        def keep(r, event):
            key = f"order:{event['order_id']}"
            [stored] = r.pipeline().hget(key, "version").execute()
            if stored is not None and int(stored) >= int(event["version"]):
                return False
            r.hset(key, mapping={"version": event["version"], "state": event["state"]})
            return True
     """,
    ),
    ("17.5", "NOACK and no XACK", "read with NOACK", _batches(count="10, noack=True", after="pass")),
    (
        "17.1",
        "ends its search at 64",
        "returned None",
        """
        from helpers.simulator.theory import wait_exceeds


        def consumers_for(rate, service, promise):
            for n in range(1, 65):
                if rate * service < n and wait_exceeds(promise, rate, service, n) <= 0.01:
                    return n + 1
     """,
    ),
    ("17.1", "load at most 90 %", "one fewer would do", _needs(start="ceil(rate * service / 0.9)")),
    ("17.1", "rounds", "one fewer would do", _needs(start="round(rate * service) + 1")),
    (
        "17.1",
        "the dead one slows the others",
        "wait longer than",
        """
        from helpers.simulator.theory import wait_exceeds


        def consumers_for(rate, service, promise):
            n = 2
            while True:
                slower = service * n / (n - 1)
                if rate * slower < n and wait_exceeds(promise, rate, slower, n) <= 0.01:
                    return n
                n += 1
     """,
    ),
    (
        "17.2",
        "medians",
        "and the mean",
        _verdict(
            more="""change = np.array([np.median(run[warm_up:]) for run in new]) - np.array(
                [np.median(run[warm_up:]) for run in old])
            half = t * np.std(change, ddof=1) / np.sqrt(len(change))
            low, high = change.mean() - half, change.mean() + half"""
        ),
    ),
    (
        "17.2",
        "a ratio",
        "In each seed",
        _verdict(
            more="""change = np.array(after) / np.array(before) - 1
            half = t * np.std(change, ddof=1) / np.sqrt(len(change))
            low, high = change.mean() - half, change.mean() + half"""
        ),
    ),
    (
        "17.2",
        "sorted means",
        "runs of one system differ by more",
        _verdict(
            more="""change = np.array(sorted(after)) - np.array(sorted(before))
            half = t * np.std(change, ddof=1) / np.sqrt(len(change))
            low, high = change.mean() - half, change.mean() + half"""
        ),
    ),
    ("17.2", "one order too many left out", "every order after the warm-up counts", _verdict(cut="warm_up + 1")),
    (
        "17.2",
        "the end left out too",
        "every order after the warm-up counts",
        _verdict(cut="warm_up:-1").replace("warm_up:-1:", "warm_up:-1"),
    ),
    (
        "17.2",
        "divides by the scatter",
        "may not scatter at all",
        """
        from statistics import mean, stdev


        def verdict(old, new, warm_up, t):
            change = [mean(b[warm_up:]) - mean(a[warm_up:]) for a, b in zip(old, new)]
            score = mean(change) / (stdev(change) / len(change) ** 0.5)
            return "faster" if score < -t else "slower" if score > t else "not shown"
     """,
    ),
    ("17.2", "no change is faster", "runs of one system", _verdict(more="high -= 1e-12")),
    ("17.2", "slower without an interval", "runs of one system differ by more", _verdict(more="low = change.mean()")),
    (
        "17.2",
        "deletes the warm-up from the lists",
        "changed the lists",
        """
        import numpy as np


        def verdict(old, new, warm_up, t):
            for run in old + new:
                del run[:warm_up]
            change = [np.mean(b) - np.mean(a) for a, b in zip(old, new)]
            half = t * np.std(change, ddof=1) / np.sqrt(len(change))
            low, high = np.mean(change) - half, np.mean(change) + half
            return "faster" if high < 0 else "slower" if low > 0 else "not shown"
     """,
    ),
    ("17.3", "63 at most", "up to 64", _price(ps="range(1, 64)")),
    ("17.3", "any number of streams", "more than the 64", _price(ps="range(1, 1000)")),
    ("17.3", "swapped", "the first number", _price().replace("return shared, p", "return p, shared")),
    (
        "17.3",
        "a stream without orders",
        "to which nobody goes",
        _price(
            all_hold="all(sum(rates[k::p]) * service < 1 and wait_exceeds(promise, sum(rates[k::p]), service) <= 0.01 "
            "for k in range(p))"
        ),
    ),
    (
        "17.4",
        "looks twice",
        "is the newest",
        """
        def keep(r, event):
            key = f"order:{event['order_id']}"
            for _ in range(2):
                stored = r.hget(key, "version")
                if stored is not None and int(stored) >= int(event["version"]):
                    return False
            r.hset(key, mapping={"version": event["version"], "state": event["state"]})
            return True
     """,
    ),
    (
        "17.4",
        "remembers in its own memory",
        "the only one that there is",
        """
        SEEN = {}


        def keep(r, event):
            if SEEN.get(event["order_id"], -1) >= int(event["version"]):
                return False
            SEEN[event["order_id"]] = int(event["version"])
            r.hset(f"order:{event['order_id']}", mapping={"version": event["version"], "state": event["state"]})
            return True
     """,
    ),
    (
        "17.4",
        "the state after the transaction",
        "in one step",
        """
        import redis


        def keep(r, event):
            key = f"order:{event['order_id']}"
            with r.pipeline() as pipe:
                while True:
                    try:
                        pipe.watch(key)
                        stored = pipe.hget(key, "version")
                        if stored is not None and int(stored) >= int(event["version"]):
                            return False
                        pipe.multi()
                        pipe.hset(key, "version", event["version"])
                        pipe.execute()
                        break
                    except redis.WatchError:
                        pass
            r.hset(key, "state", event["state"])
            return True
     """,
    ),
    (
        "17.4",
        "gives up after two tries",
        "look again",
        """
        import redis


        def keep(r, event):
            key = f"order:{event['order_id']}"
            for _ in range(2):
                with r.pipeline() as pipe:
                    try:
                        pipe.watch(key)
                        stored = pipe.hget(key, "version")
                        if stored is not None and int(stored) >= int(event["version"]):
                            return False
                        pipe.multi()
                        pipe.hset(key, mapping={"version": event["version"], "state": event["state"]})
                        pipe.execute()
                        return True
                    except redis.WatchError:
                        pass
            return False
     """,
    ),
    (
        "17.5",
        "waits before it reads",
        "reads again, for ever",
        """
        def batches(me):
            while True:
                yield me.arrival()
                for _, orders in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=10):
                    for _, order in orders:
                        yield me.work(order)
                    me.r.xack(me.key, me.group, *[entry_id for entry_id, _ in orders])
     """,
    ),
    (
        "17.5",
        "waits after each batch",
        "reads again, for ever",
        """
        def batches(me):
            while True:
                for _, orders in me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=10):
                    for _, order in orders:
                        yield me.work(order)
                    me.r.xack(me.key, me.group, *[entry_id for entry_id, _ in orders])
                yield me.arrival()
     """,
    ),
    (
        "17.5",
        "ids never cleared",
        "not those of one batch",
        """
        def batches(me):
            ids = []
            while True:
                reply = me.r.xreadgroup(me.group, me.name, {me.key: ">"}, count=10)
                if not reply:
                    yield me.arrival()
                    continue
                for entry_id, order in reply[0][1]:
                    ids.append(entry_id)
                    yield me.work(order)
                me.r.xack(me.key, me.group, *ids)
     """,
    ),
    ("17.5", "one name for all", "not its own", _batches().replace("me.name", '"worker"')),
    (
        "17.5",
        "deletes as well",
        "other groups may still need",
        _batches(
            after="me.r.xack(me.key, me.group, *[entry_id for entry_id, _ in orders])\n"
            "                me.r.xdel(me.key, *[entry_id for entry_id, _ in orders])"
        ),
    ),
    ("17.5", "looks every second", "me.arrival() wakes it", _batches(wait="yield me.sleep(1)")),
    ("17.5", "its own entries by 0", "for what it holds already", _batches().replace('">"', '"0"')),
    ("17.5", "yields nothing", "yielded None", _batches(wait="yield")),
    (
        "17.5",
        "sleeps in the place of work",
        "me.work(order) for none",
        _batches(work="yield me.sleep(float(order['seconds']))"),
    ),
]
