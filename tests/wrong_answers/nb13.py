"""Plausible wrong answers to the exercises of 13 Streams, Pub/Sub and Lists, each with what its hint has to say."""

CHOOSE = """
        def choose(ticket):
            several = ticket["services"] > 1
            kept = {kept}
            if {stream}:
                return "stream"
            return {least}
"""


def _choose(
    kept='ticket["waits"] or ticket["crash"] or ticket["workers"] > 1',
    stream='ticket["again"] or ticket["tries"] or (several and kept)',
    least='"list" if kept else "pubsub"',
):
    return CHOOSE.format(**locals())


WORK = """
        def work(r, me, handle):
            doing, done = f"orders:doing:{{me}}", 0
            {first}
            while True:
                job = {take}
                if job is None:
                    return {result}
                {body}
                done += 1


        def reap(r):
            for name in r.smembers("orders:workers"):
                if {dead}:
                    {back}
"""


def _work(
    first="pass",
    take='r.lindex(doing, 0) or r.lmove("orders:todo", doing, "LEFT", "RIGHT")',
    body="handle(job); r.lrem(doing, 1, job)",
    result="done",
    dead='not r.exists(f"orders:alive:{name}")',
    back='while r.lmove(f"orders:doing:{name}", "orders:todo", "RIGHT", "LEFT"): pass',
):
    return WORK.format(**locals())


CACHE = """
        def change(r, product, price):
            {change}


        def open_cache(r):
            cache, subscriber = {{}}, r.pubsub({options})
            {start}

            def refresh():
                {refresh}

            {end}
            return {result}
"""

READ_ALL = 'cache.update(r.hgetall("prices"))'
READ_ONE = 'cache[message["data"]] = r.hget("prices", message["data"])'
LISTEN = f"""while message := subscriber.get_message(timeout=0.1):
                    if message["type"] == "subscribe":
                        {READ_ALL}
                    else:
                        {READ_ONE}"""
QUIET = f"""while message := subscriber.get_message(timeout=0.1):
                    {READ_ONE}"""
CAREFUL = f"""while message := subscriber.get_message(timeout=0.1):
                    if message["type"] == "message":
                        {READ_ONE}"""


def _cache(
    change='r.hset("prices", product, price); r.publish("course:changed", product)',
    options="",
    start='subscriber.subscribe("course:changed")',
    refresh=LISTEN,
    end="refresh()",
    result="cache, refresh",
):
    return CACHE.format(**locals())


JOB = """
        def next_job(r, wait):
            {found}
            return {result}
"""


def _job(found='found = r.blpop(["orders:urgent", "orders:todo"], timeout=wait)', result="found[1] if found else None"):
    return JOB.format(**locals())


VIEWED = """
        def viewed(r, customer, product):
            key = f"viewed:{{customer}}"
            with r.pipeline(transaction={transaction}) as pipe:
                {remove}
                {push}
                {trim}
                pipe.execute()
"""


def _viewed(
    transaction="True",
    remove="pipe.lrem(key, 0, product)",
    push="pipe.lpush(key, product)",
    trim="pipe.ltrim(key, 0, 4)",
):
    return VIEWED.format(**locals())


ONE_BY_ONE = """
        def viewed(r, customer, product):
            key = f"viewed:{customer}"
            r.lrem(key, 0, product)
            r.lpush(key, product)
            r.ltrim(key, 0, 4)
"""

MAKE_ROOM_FIRST = """
        def viewed(r, customer, product):
            key = f"viewed:{customer}"
            r.lrem(key, 0, product)
            r.ltrim(key, 0, 3)
            r.lpush(key, product)
"""

TWO_STEPS = """
        def viewed(r, customer, product):
            key = f"viewed:{{customer}}"
            r.pipeline().lrem(key, 0, product){first}.execute()
            {then}
"""

FROM_A_READ = """
        def viewed(r, customer, product, memory={{}}):
            key, pipe = f"viewed:{{customer}}", r.pipeline()
            {seen}
            {write}
            pipe.execute()
"""

WATCH_ONCE = """
        def viewed(r, customer, product):
            key = f"viewed:{customer}"
            try:
                with r.pipeline() as pipe:
                    pipe.watch(key)
                    old = [p for p in pipe.lrange(key, 0, -1) if p != product]
                    pipe.multi()
                    pipe.delete(key).rpush(key, product, *old[:4]).execute()
            except __import__("redis").WatchError:
                pass
"""

REWRITE = "pipe.delete(key).rpush(key, product, *old[:4])"

# Right but for what goes in: all that waits is read at once, and then looked through.
BATCH = """all = []
                while message := subscriber.get_message(timeout=0.1): all.append(message)
                told = [m["data"] for m in all if m["type"] == "message"]
                lost = len(told) < len(all)
                {then}"""
READ_TOLD = 'cache.update(zip(told, r.hmget("prices", told)))'
OPENED = 'subscriber.subscribe("course:changed"); subscriber.get_message(timeout=1); cache.update(r.hgetall("prices"))'


def _batch(then, start=OPENED, gather=BATCH):
    return _cache(start=start, refresh=gather.format(then=then), end="pass")


COPY = 'hand = r.lrange(f"orders:doing:{name}", 0, -1)[::-1]\n' + " " * 20
MOVE_ALL = 'while r.lmove(f"orders:doing:{name}", "orders:todo", "RIGHT", "LEFT"): pass'

WRONG = [
    # (exercise, idea, a part of the hint that answers it, source)
    ("13.1", "Streams always", "there is a lesser way. Whoever is there hears it", _choose(stream="True")),
    (
        "13.1",
        "Pub/Sub buffers for who is away",
        "keeps nothing: what is published while a service is away",
        _choose(kept='ticket["workers"] > 1 or (ticket["crash"] and not ticket["waits"])'),
    ),
    (
        "13.1",
        "lists have no recovery",
        "LMOVE into a processing list and a reaper (section 9)",
        _choose(stream='ticket["again"] or ticket["tries"] or ticket["crash"] or (several and kept)'),
    ),
    (
        "13.1",
        "a list serves several services",
        "a list gives each message to one taker, so 3 services",
        _choose(stream='ticket["again"] or ticket["tries"]'),
    ),
    ("13.1", "workers share a channel", "hears every message", _choose(kept='ticket["waits"] or ticket["crash"]')),
    (
        "13.1",
        "a list counts tries",
        "no count of tries",
        _choose(
            stream='ticket["again"] or (several and kept)',
            kept='ticket["tries"] or ticket["waits"] or ticket["crash"] or ticket["workers"] > 1',
        ),
    ),
    (
        "13.1",
        "LRANGE replays",
        "out of the list for everybody",
        _choose(
            stream='ticket["tries"] or (several and kept)',
            kept='ticket["again"] or ticket["waits"] or ticket["crash"] or ticket["workers"] > 1',
        ),
    ),
    (
        "13.1",
        "several services need a stream",
        "there is a lesser way. Whoever is there hears it",
        _choose(stream='ticket["again"] or ticket["tries"] or several'),
    ),
    (
        "13.1",
        "a dead subscriber's message comes again",
        "gone with the subscriber that dies",
        _choose(kept='ticket["waits"] or ticket["workers"] > 1'),
    ),
    ("13.1", "other words", 'it should return "pubsub"', _choose(least='"List" if kept else "Pub/Sub"')),
    (
        "13.2",
        "pop, then push",
        "A pop and a push of your own leave a gap",
        _work(
            take='r.lindex(doing, 0) or r.lpop("orders:todo")',
            body="r.lrem(doing, 1, job); r.rpush(doing, job); handle(job); r.lrem(doing, 1, job)",
        ),
    ),
    (
        "13.2",
        "BLPOP, then push",
        "A pop and a push of your own leave a gap",
        _work(
            take='(r.blpop(["orders:todo"], timeout=0.01) or (0, None))[1]',
            body="r.rpush(doing, job); handle(job); r.lrem(doing, 1, job)",
        ),
    ),
    (
        "13.2",
        "LREM before the work",
        "Remove it after the work",
        _work(body="r.lrem(doing, 1, job); handle(job)"),
    ),
    (
        "13.2",
        "restart only, no reaper",
        "nobody need ever start a worker of that name again",
        _work(back="pass"),
    ),
    (
        "13.2",
        "reaper only, no look at its own list",
        "is still in orders:doing:ada, and nobody does it",
        _work(take='r.lmove("orders:todo", doing, "LEFT", "RIGHT")'),
    ),
    (
        "13.2",
        "its own list comes last",
        "what it had in hand comes first",
        _work(take='r.lmove("orders:todo", doing, "LEFT", "RIGHT") or r.lindex(doing, 0)'),
    ),
    (
        "13.2",
        "no processing list",
        "in no list after LPOP",
        _work(take='r.lpop("orders:todo")', body="handle(job)"),
    ),
    (
        "13.2",
        "look, work, remove",
        "what a worker has in hand is in that list",
        _work(take='r.lindex("orders:todo", 0)', body='handle(job); r.lpop("orders:todo")'),
    ),
    (
        "13.2",
        "never removed",
        "the next start would do them again",
        _work(
            first="job = r.lindex(doing, 0)\n            if job: handle(job); r.lrem(doing, 1, job)",
            take='r.lmove("orders:todo", doing, "LEFT", "RIGHT")',
            body="handle(job)",
        ),
    ),
    (
        "13.2",
        "the youngest first",
        "the oldest is on the left",
        _work(take='r.lindex(doing, 0) or r.lmove("orders:todo", doing, "RIGHT", "LEFT")'),
    ),
    ("13.2", "returns nothing", "should return their number", _work(result="None")),
    (
        "13.2",
        "the reaper puts it behind",
        "so they go in front",
        _work(back='while r.lmove(f"orders:doing:{name}", "orders:todo", "LEFT", "RIGHT"): pass'),
    ),
    ("13.2", "the reaper robs the living", "who is alive", _work(dead="True")),
    (
        "13.2",
        "the reaper copies and deletes",
        "in two lists after LPUSH",
        _work(
            back='jobs = r.lrange(f"orders:doing:{name}", 0, -1); jobs and r.lpush("orders:todo", *jobs)\n'
            + " " * 20
            + 'r.delete(f"orders:doing:{name}")'
        ),
    ),
    (
        "13.2",
        "the reaper pops and pushes",
        "in no list after RPOP",
        _work(back='while job := r.rpop(f"orders:doing:{name}"): r.lpush("orders:todo", job)'),
    ),
    (
        "13.3",
        "a reconnect brings what was missed",
        "Nothing is sent again",
        _cache(refresh=CAREFUL, end=READ_ALL),
    ),
    (
        "13.3",
        "confirmations are noise",
        "Nothing is sent again",
        _cache(
            options="ignore_subscribe_messages=True",
            start='subscriber.subscribe("course:changed"); subscriber.get_message(timeout=0.1)',
            refresh=QUIET,
            end=READ_ALL,
        ),
    ),
    (
        "13.3",
        "snapshot, then subscribe",
        "It was read before the subscription stood",
        _cache(start=READ_ALL + '; subscriber.subscribe("course:changed")', refresh=CAREFUL, end="pass"),
    ),
    (
        "13.3",
        "PUBLISH until somebody has it",
        "published again and again while nobody is subscribed",
        _cache(
            change='r.hset("prices", product, price)\n            while r.publish("course:changed", product) == 0: pass'
        ),
    ),
    (
        "13.3",
        "stored only if nobody got it",
        "left the price 999",
        _cache(change='if r.publish("course:changed", product) == 0: r.hset("prices", product, price)'),
    ),
    (
        "13.3",
        "published, then stored",
        "published before the new price was stored",
        _cache(change='r.publish("course:changed", product); r.hset("prices", product, price)'),
    ),
    (
        "13.3",
        "reads everything each time",
        "read the whole hash (HGETALL)",
        _cache(refresh=f"while subscriber.get_message(timeout=0.1): {READ_ALL}"),
    ),
    (
        "13.3",
        "reads without news",
        "though nothing had changed and nothing was missed",
        _cache(refresh=LISTEN + '\n                r.hget("prices", "laptop")'),
    ),
    (
        "13.3",
        "every message is a change",
        "look at its type",
        _cache(refresh=QUIET, end=READ_ALL),
    ),
    (
        "13.3",
        "one message a call",
        "The messages of all four were waiting",
        _cache(refresh=LISTEN.replace("while message", "if message")),
    ),
    (
        "13.3",
        "the price in the message",
        "the text asks for the product's name",
        _cache(change='r.hset("prices", product, price); r.publish("course:changed", f"{product} {price}")'),
    ),
    (
        "13.3",
        "another channel",
        "published nothing on course:changed",
        _cache(change='r.hset("prices", product, price); r.publish("changed", product)'),
    ),
    ("13.3", "only the cache", "as a tuple", _cache(result="cache")),
    (
        "13.4",
        "one list after the other",
        "waited by BLPOP at orders:urgent alone",
        _job('found = r.blpop(["orders:urgent"], timeout=wait) or r.blpop(["orders:todo"], timeout=wait)'),
    ),
    (
        "13.4",
        "looks at urgent, waits at todo",
        "3001 came to orders:urgent",
        _job('job = r.lpop("orders:urgent")', 'job or (r.blpop(["orders:todo"], timeout=wait) or (0, None))[1]'),
    ),
    (
        "13.4",
        "does not wait",
        "3001 came to orders:todo",
        _job('job = r.lpop("orders:urgent") or r.lpop("orders:todo")', "job"),
    ),
    (
        "13.4",
        "the wrong end",
        "the oldest is on the left",
        _job('found = r.brpop(["orders:urgent", "orders:todo"], timeout=wait)'),
    ),
    (
        "13.4",
        "the wrong priority",
        "waited in orders:urgent",
        _job('found = r.blpop(["orders:todo", "orders:urgent"], timeout=wait)'),
    ),
    ("13.4", "the pair", "it should return the job alone", _job(result="found")),
    ("13.5", "one to many", "LTRIM keeps both ends", _viewed(trim="pipe.ltrim(key, 0, 5)")),
    ("13.5", "not taken out before", "One is in it twice", _viewed(remove="pass")),
    (
        "13.5",
        "the other end",
        "The latest goes in front",
        _viewed(push="pipe.rpush(key, product)", trim="pipe.ltrim(key, -5, -1)"),
    ),
    ("13.5", "never trimmed", "more than five", _viewed(trim="pass")),
    ("13.5", "one by one", "not in one step: somebody who looks finds 6 products after LPUSH", ONE_BY_ONE),
    ("13.5", "room first, one by one", "another process stored the same product after the LREM", MAKE_ROOM_FIRST),
    ("13.5", "a pipeline without MULTI", "its pipeline is no transaction", _viewed(transaction="False")),
    ("13.5", "four", "too few", _viewed(trim="pipe.ltrim(key, 0, 3)")),
    (
        "13.2",
        "a reaper that moves one job",
        "in orders:doing:bob",
        """
        def work(r, me, handle):
            doing, done = f"orders:doing:{me}", 0
            while (job := r.lindex(doing, 0) or r.lmove("orders:todo", doing, "LEFT", "RIGHT")) is not None:
                handle(job)
                r.lrem(doing, 1, job)
                done += 1
            return done


        def reap(r):
            for name in r.smembers("orders:workers"):
                if not r.exists(f"orders:alive:{name}"):
                    r.lmove(f"orders:doing:{name}", "orders:todo", "RIGHT", "LEFT")
        """,
    ),
    (
        "13.2",
        "takes all in hand first, and looks no more",
        "1003 came during the work on 1001",
        """
        def work(r, me, handle):
            doing, done = f"orders:doing:{me}", 0
            while r.lmove("orders:todo", doing, "LEFT", "RIGHT"):
                pass
            for job in r.lrange(doing, 0, -1):
                handle(job)
                r.lrem(doing, 1, job)
                done += 1
            return done


        def reap(r):
            for name in r.smembers("orders:workers"):
                if not r.exists(f"orders:alive:{name}"):
                    while r.lmove(f"orders:doing:{name}", "orders:todo", "RIGHT", "LEFT"):
                        pass
        """,
    ),
    (
        "13.1",
        "two share a list",
        "so 2 services would get",
        _choose(stream='ticket["again"] or ticket["tries"] or (ticket["services"] > 2 and kept)'),
    ),
    (
        "13.1",
        "two share a channel",
        "each of the 2 workers",
        _choose(kept='ticket["waits"] or ticket["crash"] or ticket["workers"] > 2'),
    ),
    (
        "13.1",
        "takes the ticket apart",
        "changed the ticket",
        "def choose(ticket):\n    several = ticket.pop('services') > 1\n    return 'list' if several else 'pubsub'\n",
    ),
    (
        "13.2",
        "looks, then MULTI",
        "another worker took 1001 after the LINDEX",
        _work(
            take='r.lindex(doing, 0) or r.lindex("orders:todo", 0)',
            body='r.lindex(doing, 0) or r.pipeline().lpop("orders:todo").rpush(doing, job).execute(); '
            "handle(job); r.lpop(doing)",
        ),
    ),
    (
        "13.2",
        "counts, then moves",
        "called handle(None). Another worker took",
        _work(
            take='r.lindex(doing, 0) or (r.lmove("orders:todo", doing, "LEFT", "RIGHT") or "" '
            'if r.llen("orders:todo") else None)',
            body="handle(job or None); r.lpop(doing)",
        ),
    ),
    (
        "13.2",
        "counts before",
        "1003 came during the work on 1001",
        _work(first='count = r.llen(doing) + r.llen("orders:todo")', result="count"),
    ),
    (
        "13.2",
        "an expiry for what is in hand",
        "which has an expiry",
        _work(body="r.expire(doing, 60); handle(job); r.lrem(doing, 1, job)"),
    ),
    ("13.2", "signs itself in", "Somebody else keeps them", _work(first='r.set(f"orders:alive:{me}", 1)')),
    (
        "13.2",
        "removed by value, all",
        "two jobs may have the same text",
        _work(body="handle(job); r.lrem(doing, 0, job)"),
    ),
    ("13.2", "pops before the work", "Remove it after the work", _work(body="r.lpop(doing); handle(job)")),
    (
        "13.2",
        "each text once",
        "two jobs may have the same text",
        _work(first="seen = set()", body="job in seen or handle(job); seen.add(job); r.lpop(doing)"),
    ),
    ("13.2", "numbers", "the job is a text, '1001'", _work(body="handle(int(job)); r.lpop(doing)")),
    ("13.2", "one list for all", "it's in orders:doing, where", _work(first='doing = "orders:doing"')),
    (
        "13.2",
        "waits for more",
        "waits 1 s by BLMOVE",
        _work(take='r.lindex(doing, 0) or r.blmove("orders:todo", doing, 1, "LEFT", "RIGHT")'),
    ),
    (
        "13.2",
        "cleared at the end",
        "done as they are, while handle('1002') ran",
        _work(
            first="for job in r.lrange(doing, 0, -1): handle(job)",
            take='r.lmove("orders:todo", doing, "LEFT", "RIGHT") or r.delete(doing) and None or None',
            body="handle(job)",
        ),
    ),
    (
        "13.2",
        "the reaper reads, then MULTI",
        "another reaper had moved all after the LRANGE",
        _work(back=COPY + 'if hand: r.pipeline().lpush("orders:todo", *hand).delete(f"orders:doing:{name}").execute()'),
    ),
    (
        "13.2",
        "the reaper takes each text once",
        "two jobs may have the same text",
        _work(
            back=COPY
            + 'if hand: r.pipeline().lpush("orders:todo", *dict.fromkeys(hand))'
            + '.delete(f"orders:doing:{name}").execute()'
        ),
    ),
    (
        "13.2",
        "the reaper deletes, then pushes",
        "leave a gap",
        _work(back=COPY + 'if hand: r.delete(f"orders:doing:{name}"); r.lpush("orders:todo", *hand)'),
    ),
    (
        "13.2",
        "the reaper strikes names out",
        "Somebody else keeps them",
        _work(back=MOVE_ALL + '\n                    r.srem("orders:workers", name)'),
    ),
    ("13.2", "alive is a 1", "orders:alive:dan exists", _work(dead='r.get(f"orders:alive:{name}") != "1"')),
    (
        "13.2",
        "nothing waits, nothing to bring back",
        "it was empty, and bob",
        _work(dead='r.exists("orders:todo") and not r.exists(f"orders:alive:{name}")'),
    ),
    (
        "13.2",
        "one page of names",
        "30 are dead",
        _work().replace('r.smembers("orders:workers")', 'r.sscan("orders:workers", 0, count=10)[1]'),
    ),
    (
        "13.2",
        "every list, by KEYS",
        "she isn't among the dead",
        _work().replace('r.smembers("orders:workers")', '[key.split(":")[2] for key in r.keys("orders:doing:*")]'),
    ),
    (
        "13.3",
        "published first, in a pipeline",
        "published before the new price was stored",
        _cache(
            change='r.pipeline(transaction=False).publish("course:changed", product)'
            '.hset("prices", product, price).execute()'
        ),
    ),
    (
        "13.3",
        "HSET says whether it changed",
        "counts new fields, not changes",
        _cache(change='if not r.hset("prices", product, price): r.publish("course:changed", product)'),
    ),
    (
        "13.3",
        "whole pounds",
        "to be stored as it was given",
        _cache(change='r.hset("prices", product, int(float(price))); r.publish("course:changed", product)'),
    ),
    (
        "13.3",
        "a number",
        "to be stored as it was given",
        _cache(change='r.hset("prices", product, float(price)); r.publish("course:changed", product)'),
    ),
    (
        "13.3",
        "stores all again",
        "it took that back",
        _cache(
            change='r.hset("prices", mapping=r.hgetall("prices") | {product: price}); '
            'r.publish("course:changed", product)'
        ),
    ),
    (
        "13.3",
        "after a break, the known ones",
        "new products, too",
        _batch("told = list(cache) if lost else told; told and " + READ_TOLD),
    ),
    (
        "13.3",
        "empties the rest",
        "Its message came after the read",
        _batch(
            "told and "
            + READ_TOLD
            + '\n                if lost: cache.update(r.hgetall("prices"))'
            + "\n                while subscriber.get_message(): pass"
        ),
    ),
    (
        "13.3",
        "told wins over lost",
        "A message after a break says nothing of what came in it",
        _batch("told and " + READ_TOLD + '\n                if lost and not told: cache.update(r.hgetall("prices"))'),
    ),
    (
        "13.3",
        "asks is_connected",
        "until then is_connected is True",
        _batch(
            "lost = broken; told and " + READ_TOLD + '\n                if lost: cache.update(r.hgetall("prices"))',
            gather="broken = not subscriber.connection.is_connected\n                " + BATCH,
        ),
    ),
    (
        "13.3",
        "ten at most",
        "all sixty were waiting",
        _batch(
            "told and " + READ_TOLD + '\n                if lost: cache.update(r.hgetall("prices"))',
            gather=BATCH.replace(
                "while message := subscriber.get_message(timeout=0.1)",
                "while len(all) < 10 and (message := subscriber.get_message(timeout=0.1))",
            ),
        ),
    ),
    (
        "13.3",
        "one break",
        "Every break may hide",
        _batch(
            "told and "
            + READ_TOLD
            + '\n                if lost and not cache.once: cache.update(r.hgetall("prices")); cache.once = True',
            start="cache = type('Cache', (dict,), {'once': False})(); " + OPENED,
        ),
    ),
    (
        "13.3",
        "told of one, reads all",
        "read the ones that it was told of",
        _batch(
            "told = told and sorted({*cache, *told}); told and "
            + READ_TOLD
            + '\n                if lost: cache.update(r.hgetall("prices"))'
        ),
    ),
    (
        "13.3",
        "a new dictionary",
        "changed another dictionary",
        _batch('nonlocal cache; cache = cache | dict(zip(told, r.hmget("prices", told) if told else []))'),
    ),
    (
        "13.3",
        "one dictionary for all",
        "the default of a parameter is made once",
        _cache()
        .replace("def open_cache(r):", "def open_cache(r, cache={}):")
        .replace("cache, subscriber = {}, r", "subscriber = r"),
    ),
    (
        "13.4",
        "a second at least",
        "told BLPOP to wait 1 s; 0.1 is the most",
        _job().replace("timeout=wait", "timeout=int(wait) or 1"),
    ),
    ("13.4", "whole seconds", "to wait 0 s, which is for ever", _job().replace("timeout=wait", "timeout=int(wait)")),
    (
        "13.4",
        "sleeps",
        "it's to be returned at once",
        _job(
            'job = r.lpop("orders:urgent") or r.lpop("orders:todo") or __import__("time").sleep(wait)',
            'job or r.lpop("orders:urgent") or r.lpop("orders:todo")',
        ),
    ),
    (
        "13.4",
        "waits twice",
        "is the most in all",
        _job(
            'found = r.blpop(["orders:urgent", "orders:todo"], wait) or r.blpop(["orders:urgent", "orders:todo"], wait)'
        ),
    ),
    (
        "13.4",
        "counts, then pops",
        "another process took 2001 after the LLEN",
        _job(
            'found = (0, r.lpop("orders:urgent")) if r.llen("orders:urgent") '
            'else r.blpop(["orders:todo", "orders:urgent"], timeout=wait)'
        ),
    ),
    (
        "13.4",
        "unpacks None",
        "No job came",
        _job('_, job = r.blpop(["orders:urgent", "orders:todo"], timeout=wait)', "job"),
    ),
    (
        "13.5",
        "trims apart",
        "6 products after LREM+LPUSH",
        TWO_STEPS.format(first=".lpush(key, product)", then="r.ltrim(key, 0, 4)"),
    ),
    (
        "13.5",
        "two transactions",
        "the same product after the LREM",
        TWO_STEPS.format(first="", then="r.pipeline().lpush(key, product).ltrim(key, 0, 4).execute()"),
    ),
    (
        "13.5",
        "looks first",
        "the same product after the LRANGE",
        FROM_A_READ.format(
            seen="product in r.lrange(key, 0, -1) and pipe.lrem(key, 0, product)",
            write="pipe.lpush(key, product).ltrim(key, 0, 4)",
        ),
    ),
    (
        "13.5",
        "writes it anew",
        "chair is not in it",
        FROM_A_READ.format(seen="old = [p for p in r.lrange(key, 0, -1) if p != product]", write=REWRITE),
    ),
    (
        "13.5",
        "a memory of its own",
        "Others write the list, too",
        FROM_A_READ.format(
            seen="old = [p for p in memory.get(customer, []) if p != product]; memory[customer] = [product, *old]",
            write=REWRITE,
        ),
    ),
    ("13.5", "gives up", "A WatchError says that nothing was done", WATCH_ONCE),
    (
        "13.5",
        "in already",
        "moves to the front when",
        FROM_A_READ.format(
            seen="if product in r.lrange(key, 0, -1): return", write="pipe.lpush(key, product).ltrim(key, 0, 4)"
        ),
    ),
    (
        "13.5",
        "removed afterwards",
        "LREM took desk out after it was pushed",
        _viewed(remove="pipe.lpush(key, product)", push="pipe.lrem(key, 0, product)"),
    ),
    ("13.5", "never sent", "It sent nothing", _viewed().replace("pipe.execute()", "pass")),
    (
        "13.5",
        "a script",
        "runs no Lua scripts",
        "def viewed(r, customer, product):\n    r.eval('return 1', 1, f'viewed:{customer}', product)\n",
    ),
    (
        "13.3",
        "looks without waiting",
        "looks before the server's answer can be there",
        """
        def change(r, product, price):
            r.hset("prices", product, price)
            r.publish("course:changed", product)


        def open_cache(r):
            subscriber = r.pubsub()
            subscriber.subscribe("course:changed")
            subscriber.get_message(timeout=5)
            cache = r.hgetall("prices")

            def refresh():
                while message := subscriber.get_message():
                    if message["type"] == "subscribe":
                        cache.update(r.hgetall("prices"))
                    else:
                        cache[message["data"]] = r.hget("prices", message["data"])

            return cache, refresh
        """,
    ),
]
