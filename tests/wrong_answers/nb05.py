DRAIN_BY_ID = """
def drain(r, key, group, me, work):
    failed, last = [], "0"
    while entries := r.xreadgroup(group, me, {{key: last}}, count=100)[0][1]:
        for last, order in entries:
            {body}
    return failed
"""

BOOK = """
def book(r, key, group, entry_id, order):
    order_id, customer, price = order["order_id"], order["customer"], order["price"]
    {body}
"""

BOOK_TX = """
def book(r, key, group, entry_id, order):
    def step(pipe):
        {ask}
        pipe.multi()
        if new:
            pipe.hset("booked", order["order_id"], {mark})
            pipe.hincrby("spent", order["customer"], order["price"])
        pipe.xack(key, group, entry_id)
        return new
    new = r.transaction(step, "booked"{value})
    {after}
    return new
"""

SWEEP = """
def sweep(r, key, group, me, silent_ms, most):
    rows = r.xpending_range(key, group, "-", "+", {most}, consumername=me, idle={idle})
    ids = [row["message_id"] for row in rows]
    return r.xclaim(key, group, me, {limit}, ids{more}) if ids else []
"""

RUN = """
def run(r, key, group, me, work, stopping):
    done = []
    while reply := r.xreadgroup(group, me, {{key: ">"}}, count=10{noack}):
        {before}
        for entry_id, order in reply[0][1]:
            if stopping():
                return done
            {body}
    return done
"""

WRONG = [
    # --- 5.1 ---
    (
        "5.1",
        "only >",
        "> gives what nobody has had yet",
        """
        def drain(r, key, group, me, work):
            failed = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=100):
                for entry_id, order in reply[0][1]:
                    try:
                        work(order)
                        r.xack(key, group, entry_id)
                    except Exception:
                        failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "a loop on 0 sticks",
        "first after 0 each time",
        """
        def drain(r, key, group, me, work):
            failed = []
            while entries := r.xreadgroup(group, me, {key: "0"}, count=1)[0][1]:
                [(entry_id, order)] = entries
                try:
                    work(order)
                    r.xack(key, group, entry_id)
                except Exception:
                    if order["order_id"] not in failed:
                        failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "acknowledge to advance",
        "on no list: nobody has packed it",
        """
        def drain(r, key, group, me, work):
            failed = []
            while entries := r.xreadgroup(group, me, {key: "0"}, count=10)[0][1]:
                for entry_id, order in entries:
                    try:
                        work(order)
                    except Exception:
                        failed.append(order["order_id"])
                    r.xack(key, group, entry_id)
            return failed
        """,
    ),
    (
        "5.1",
        "acknowledge before the work",
        "before its work",
        """
        def drain(r, key, group, me, work):
            failed = []
            for entry_id, order in r.xreadgroup(group, me, {key: "0"}, count=100)[0][1]:
                r.xack(key, group, entry_id)
                try:
                    work(order)
                except Exception:
                    failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "the first failure ends it",
        "Let no Exception of work end the drain",
        """
        def drain(r, key, group, me, work):
            last = "0"
            while entries := r.xreadgroup(group, me, {key: last}, count=100)[0][1]:
                for last, order in entries:
                    work(order)
                    r.xack(key, group, last)
            return []
        """,
    ),
    (
        "5.1",
        "break at the first failure",
        "has nothing to do with that",
        """
        def drain(r, key, group, me, work):
            for entry_id, order in r.xreadgroup(group, me, {key: "0"}, count=100)[0][1]:
                try:
                    work(order)
                except Exception:
                    return [order["order_id"]]
                r.xack(key, group, entry_id)
            return []
        """,
    ),
    (
        "5.1",
        "one page",
        "One page is not the list",
        """
        def drain(r, key, group, me, work):
            failed = []
            for entry_id, order in r.xreadgroup(group, me, {key: "0"}, count=100)[0][1]:
                if not order:
                    r.xack(key, group, entry_id)
                    continue
                try:
                    work(order)
                    r.xack(key, group, entry_id)
                except Exception:
                    failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "a truth test on the reply",
        "a stream with no entry in it",
        """
        def drain(r, key, group, me, work):
            failed, last = [], "0"
            while reply := r.xreadgroup(group, me, {key: last}, count=1):
                [(last, order)] = reply[0][1]
                try:
                    work(order)
                    r.xack(key, group, last)
                except Exception:
                    failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "a loop that never ends",
        "which is not empty",
        """
        def drain(r, key, group, me, work):
            failed = []
            while reply := r.xreadgroup(group, me, {key: "0"}, count=100):
                for entry_id, order in reply[0][1]:
                    work(order)
                    r.xack(key, group, entry_id)
            return failed
        """,
    ),
    (
        "5.1",
        "everything at once",
        "What bounds a read",
        """
        def drain(r, key, group, me, work):
            failed = []
            for entry_id, order in r.xreadgroup(group, me, {key: "0"})[0][1]:
                try:
                    if order:
                        work(order)
                    r.xack(key, group, entry_id)
                except Exception:
                    failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "until only failures are left",
        "each entry once",
        """
        def drain(r, key, group, me, work):
            while True:
                failed = []
                entries = r.xreadgroup(group, me, {key: "0"}, count=100)[0][1]
                for entry_id, order in entries:
                    try:
                        if order:
                            work(order)
                        r.xack(key, group, entry_id)
                    except Exception:
                        failed.append(order["order_id"])
                if len(failed) == len(entries):
                    return failed
        """,
    ),
    (
        "5.1",
        "work for what was deleted",
        "called work({})",
        DRAIN_BY_ID.format(
            body="""
            try:
                work(order)
                r.xack(key, group, last)
            except Exception:
                failed.append(order["order_id"])
            """
        ),
    ),
    (
        "5.1",
        "what was deleted stays",
        "nothing is left to do but to acknowledge it",
        DRAIN_BY_ID.format(
            body="""
            if not order:
                continue
            try:
                work(order)
                r.xack(key, group, last)
            except Exception:
                failed.append(order["order_id"])
            """
        ),
    ),
    (
        "5.1",
        "what was deleted is looked into",
        "comes without fields",
        DRAIN_BY_ID.format(
            body="""
            number = order["order_id"]
            try:
                work(order)
                r.xack(key, group, last)
            except Exception:
                failed.append(number)
            """
        ),
    ),
    (
        "5.1",
        "everybody's",
        "holds: only what me holds",
        """
        def drain(r, key, group, me, work):
            failed = []
            for row in r.xpending_range(key, group, "-", "+", 1000):
                for entry_id, order in r.xrange(key, row["message_id"], row["message_id"]):
                    try:
                        work(order)
                        r.xack(key, group, entry_id)
                    except Exception:
                        failed.append(order["order_id"])
            return failed
        """,
    ),
    (
        "5.1",
        "ids of the failed",
        "whose work failed, oldest first",
        DRAIN_BY_ID.format(
            body="""
            try:
                if order:
                    work(order)
                r.xack(key, group, last)
            except Exception:
                failed.append(last)
            """
        ),
    ),
    (
        "5.1",
        "deleted when done",
        "changed the stream",
        DRAIN_BY_ID.format(
            body="""
            try:
                if order:
                    work(order)
                r.xack(key, group, last)
                r.xdel(key, last)
            except Exception:
                failed.append(order["order_id"])
            """
        ),
    ),
    (
        "5.1",
        "an XACK for each page",
        "how late may an XACK come",
        """
        def drain(r, key, group, me, work):
            failed, last = [], "0"
            while entries := r.xreadgroup(group, me, {key: last}, count=100)[0][1]:
                done = []
                for last, order in entries:
                    try:
                        if order:
                            work(order)
                        done.append(last)
                    except Exception:
                        failed.append(order["order_id"])
                if done:
                    r.xack(key, group, *done)
            return failed
        """,
    ),
    (
        "5.1",
        "catches the end of the process",
        "this worker cannot be ended",
        DRAIN_BY_ID.format(
            body="""
            try:
                if order:
                    work(order)
            except BaseException:
                failed.append(order["order_id"])
            else:
                r.xack(key, group, last)
            """
        ),
    ),
    (
        "5.1",
        "a page without an order is the end",
        "what does the end of the list look like",
        """
        def drain(r, key, group, me, work):
            failed, last = [], "0"
            while True:
                entries = r.xreadgroup(group, me, {key: last}, count=100)[0][1]
                for last, order in entries:
                    try:
                        if order:
                            work(order)
                    except Exception:
                        failed.append(order["order_id"])
                    else:
                        r.xack(key, group, last)
                if not any(order for _, order in entries):
                    return failed
        """,
    ),
    (
        "5.1",
        "once for each order instead of each entry",
        "whether an order was seen before is the work's own question",
        DRAIN_BY_ID.format(
            body="""
            try:
                if order and order["order_id"] not in failed:
                    work(order)
            except Exception:
                failed.append(order["order_id"])
            else:
                r.xack(key, group, last)
            """
        ),
    ),
    (
        "5.1",
        "an XACK that fails is a failure of the work",
        "what else stands in your try",
        DRAIN_BY_ID.format(
            body="""
            try:
                if order:
                    work(order)
                r.xack(key, group, last)
            except Exception:
                failed.append(order["order_id"])
            """
        ),
    ),
    (
        "5.1",
        "a second attempt at once",
        "the next start is its next attempt",
        DRAIN_BY_ID.format(
            body="""
            for attempt in (1, 2):
                try:
                    if order:
                        work(order)
                    r.xack(key, group, last)
                    break
                except Exception:
                    if attempt == 2:
                        failed.append(order["order_id"])
            """
        ),
    ),
    (
        "5.1",
        "more than the fields",
        "and work gets these",
        DRAIN_BY_ID.format(
            body="""
            try:
                if order:
                    work({**order, "id": last})
            except Exception:
                failed.append(order["order_id"])
            else:
                r.xack(key, group, last)
            """
        ),
    ),
    # --- 5.2 ---
    (
        "5.2",
        "dedupe by entry id",
        "two ids, one order",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                new = not pipe.hexists("booked", entry_id)
                pipe.multi()
                if new:
                    pipe.hset("booked", entry_id, 1)
                    pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                return new
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "mark before the effect",
        "marked before the effect",
        BOOK.format(
            body="""
    new = r.hsetnx("booked", order_id, entry_id)
    if new:
        r.hincrby("spent", customer, price)
    r.xack(key, group, entry_id)
    return bool(new)
    """
        ),
    ),
    (
        "5.2",
        "mark after the effect",
        "the price was added in the first life",
        BOOK.format(
            body="""
    new = not r.hexists("booked", order_id)
    if new:
        r.hincrby("spent", customer, price)
        r.hset("booked", order_id, entry_id)
    r.xack(key, group, entry_id)
    return new
    """
        ),
    ),
    (
        "5.2",
        "MULTI alone",
        "adds as often as it is called",
        BOOK.format(
            body="""
    with r.pipeline(transaction=True) as pipe:
        pipe.hincrby("spent", customer, price)
        pipe.xack(key, group, entry_id)
        pipe.execute()
    return True
    """
        ),
    ),
    (
        "5.2",
        "the mark in MULTI, and nobody asks it",
        "adds as often as it is called",
        BOOK.format(
            body="""
    with r.pipeline(transaction=True) as pipe:
        pipe.hsetnx("booked", order_id, entry_id)
        pipe.hincrby("spent", customer, price)
        pipe.xack(key, group, entry_id)
        return bool(pipe.execute()[0])
    """
        ),
    ),
    (
        "5.2",
        "only if XACK says 1",
        "comes to nobody again",
        BOOK.format(
            body="""
    if not r.xack(key, group, entry_id):
        return False
    def step(pipe):
        new = not pipe.hexists("booked", order_id)
        pipe.multi()
        if new:
            pipe.hset("booked", order_id, 1)
            pipe.hincrby("spent", customer, price)
        return new
    return r.transaction(step, "booked", value_from_callable=True)
    """
        ),
    ),
    (
        "5.2",
        "XACK as the mark",
        "two ids, one order",
        BOOK.format(
            body="""
    if r.xack(key, group, entry_id):
        r.hincrby("spent", customer, price)
        return True
    return False
    """
        ),
    ),
    (
        "5.2",
        "look, then MULTI, unwatched",
        "between two commands of the other",
        BOOK.format(
            body="""
    new = not r.hexists("booked", order_id)
    with r.pipeline(transaction=True) as pipe:
        if new:
            pipe.hset("booked", order_id, entry_id)
            pipe.hincrby("spent", customer, price)
        pipe.xack(key, group, entry_id)
        pipe.execute()
    return new
    """
        ),
    ),
    (
        "5.2",
        "the other one was faster: give up",
        "look again, and acknowledge",
        """
        import redis
        def book(r, key, group, entry_id, order):
            with r.pipeline() as pipe:
                try:
                    pipe.watch("booked")
                    new = not pipe.hexists("booked", order["order_id"])
                    pipe.multi()
                    if new:
                        pipe.hset("booked", order["order_id"], entry_id)
                        pipe.hincrby("spent", order["customer"], order["price"])
                    pipe.xack(key, group, entry_id)
                    pipe.execute()
                    return new
                except redis.WatchError:
                    return False
        """,
    ),
    (
        "5.2",
        "what is booked is not acknowledged",
        "nothing is left to do",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                new = not pipe.hexists("booked", order["order_id"])
                pipe.multi()
                if new:
                    pipe.hset("booked", order["order_id"], entry_id)
                    pipe.hincrby("spent", order["customer"], order["price"])
                    pipe.xack(key, group, entry_id)
                return new
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "marks the customer",
        "a customer has several",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                new = not pipe.hexists("booked", order["customer"])
                pipe.multi()
                if new:
                    pipe.hset("booked", order["customer"], entry_id)
                    pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                return new
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "the mark expires",
        "is booked once more",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                new = not pipe.hexists("booked", order["order_id"])
                pipe.multi()
                if new:
                    pipe.hset("booked", order["order_id"], entry_id)
                    pipe.expire("booked", 3600)
                    pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                return new
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "the sum is replaced",
        "added to what the customer has spent",
        BOOK.format(
            body="""
    r.hset("spent", customer, price)
    r.xack(key, group, entry_id)
    return True
    """
        ),
    ),
    (
        "5.2",
        "a key for each mark",
        "the only one that you may add",
        BOOK.format(
            body="""
    def step(pipe):
        new = not pipe.exists("paid:" + order_id)
        pipe.multi()
        if new:
            pipe.set("paid:" + order_id, 1)
            pipe.hincrby("spent", customer, price)
        pipe.xack(key, group, entry_id)
        return new
    return r.transaction(step, "paid:" + order_id, value_from_callable=True)
    """
        ),
    ),
    (
        "5.2",
        "acknowledges after all, but in the transaction of nobody",
        "The price is added to what the customer",
        BOOK.format(
            body="""
    r.xack(key, group, entry_id)
    return True
    """
        ),
    ),
    (
        "5.2",
        "a WatchError is taken for booked",
        "is your order booked now, or another",
        """
        import redis
        def book(r, key, group, entry_id, order):
            with r.pipeline() as pipe:
                pipe.watch("booked")
                if pipe.hexists("booked", order["order_id"]):
                    r.xack(key, group, entry_id)
                    return False
                pipe.multi()
                pipe.hset("booked", order["order_id"], entry_id)
                pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                try:
                    pipe.execute()
                except redis.WatchError:
                    r.xack(key, group, entry_id)
                    return False
                return True
        """,
    ),
    (
        "5.2",
        "a WatchError is let out",
        "look again and try again",
        """
        import redis
        def book(r, key, group, entry_id, order):
            with r.pipeline() as pipe:
                pipe.watch("booked")
                if pipe.hexists("booked", order["order_id"]):
                    r.xack(key, group, entry_id)
                    return False
                pipe.multi()
                pipe.hset("booked", order["order_id"], entry_id)
                pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                pipe.execute()
                return True
        """,
    ),
    (
        "5.2",
        "three attempts",
        "or does not give up",
        """
        import redis
        def book(r, key, group, entry_id, order):
            for _ in range(3):
                with r.pipeline() as pipe:
                    try:
                        pipe.watch("booked")
                        new = not pipe.hexists("booked", order["order_id"])
                        pipe.multi()
                        if new:
                            pipe.hset("booked", order["order_id"], entry_id)
                            pipe.hincrby("spent", order["customer"], order["price"])
                        pipe.xack(key, group, entry_id)
                        pipe.execute()
                        return new
                    except redis.WatchError:
                        pass
            return False
        """,
    ),
    (
        "5.2",
        "the sum is read before WATCH",
        "The sum that was read is old",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                new = not pipe.hexists("booked", order["order_id"])
                pipe.multi()
                if new:
                    pipe.hset("booked", order["order_id"], entry_id)
                    pipe.hset("spent", order["customer"], spent + int(order["price"]))
                pipe.xack(key, group, entry_id)
                return new
            spent = int(r.hget("spent", order["customer"]) or 0)
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "the entry owns the order",
        "A mark that names the entry lets both of them in",
        BOOK.format(
            body="""
    r.hsetnx("booked", order_id, entry_id)
    if r.hget("booked", order_id) != entry_id:
        r.xack(key, group, entry_id)
        return False
    with r.pipeline() as pipe:
        pipe.hset("booked", order_id, "done")
        pipe.hincrby("spent", customer, price)
        pipe.xack(key, group, entry_id)
        pipe.execute()
    return True
    """
        ),
    ),
    (
        "5.2",
        "adds, and takes back",
        "when nobody lives to take it back",
        BOOK.format(
            body="""
    with r.pipeline() as pipe:
        pipe.hincrby("booked", order_id, 1)
        pipe.hincrby("spent", customer, price)
        times, _ = pipe.execute()
    if times > 1:
        r.hincrby("spent", customer, -int(price))
    r.xack(key, group, entry_id)
    return times == 1
    """
        ),
    ),
    (
        "5.2",
        "a lock in the hash",
        "A killed process never unlocks",
        BOOK.format(
            body="""
    while not r.hsetnx("booked", "lock", 1):
        pass
    new = not r.hexists("booked", order_id)
    with r.pipeline() as pipe:
        if new:
            pipe.hset("booked", order_id, 1)
            pipe.hincrby("spent", customer, price)
        pipe.xack(key, group, entry_id)
        pipe.hdel("booked", "lock")
        pipe.execute()
    return new
    """
        ),
    ),
    (
        "5.2",
        "a lock of its own",
        "for a while",
        BOOK.format(
            body="""
    while not r.set("lock", 1, nx=True, px=1000):
        pass
    new = r.hsetnx("booked", order_id, 1)
    if new:
        r.hincrby("spent", customer, price)
    r.xack(key, group, entry_id)
    r.delete("lock")
    return bool(new)
    """
        ),
    ),
    (
        "5.2",
        "asks after multi()",
        "counts as true",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                pipe.multi()
                new = not pipe.hexists("booked", order["order_id"])
                if new:
                    pipe.hset("booked", order["order_id"], entry_id)
                    pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                return new
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "no multi()",
        "a pipeline collects nothing until multi",
        """
        def book(r, key, group, entry_id, order):
            def step(pipe):
                new = not pipe.hexists("booked", order["order_id"])
                if new:
                    pipe.hset("booked", order["order_id"], entry_id)
                    pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                return new
            return r.transaction(step, "booked", value_from_callable=True)
        """,
    ),
    (
        "5.2",
        "returns what EXEC answered",
        "unless value_from_callable=True",
        BOOK_TX.format(
            ask='new = not pipe.hexists("booked", order["order_id"])',
            mark="entry_id",
            value="",
            after="pass",
        ),
    ),
    (
        "5.2",
        "deletes the entry of an order sent twice",
        "changed the stream",
        BOOK_TX.format(
            ask='new = not pipe.hexists("booked", order["order_id"])',
            mark="entry_id",
            value=", value_from_callable=True",
            after="None if new else r.xdel(key, entry_id)",
        ),
    ),
    (
        "5.2",
        "the price as the mark, and 0 is no mark",
        "is the mark there, or what is it worth",
        BOOK_TX.format(
            ask='new = not int(pipe.hget("booked", order["order_id"]) or 0)',
            mark='order["price"]',
            value=", value_from_callable=True",
            after="pass",
        ),
    ),
    (
        "5.2",
        "another price is another order",
        "whatever else it says",
        BOOK_TX.format(
            ask='new = pipe.hget("booked", order["order_id"]) != order["price"]',
            mark='order["price"]',
            value=", value_from_callable=True",
            after="pass",
        ),
    ),
    (
        "5.2",
        "acknowledges what another worker has",
        "each call finishes the entry that it was given",
        BOOK_TX.format(
            ask='new = not pipe.hexists("booked", order["order_id"])',
            mark="entry_id",
            value=", value_from_callable=True",
            after='r.xack(key, group, *[i for i, o in r.xrange(key) if o["order_id"] == order["order_id"]])',
        ),
    ),
    (
        "5.2",
        "what is booked, in the process",
        "What did an earlier call leave",
        """
        seen = set()
        def book(r, key, group, entry_id, order):
            new = order["order_id"] not in seen
            with r.pipeline() as pipe:
                if new:
                    pipe.hincrby("spent", order["customer"], order["price"])
                pipe.xack(key, group, entry_id)
                pipe.execute()
            seen.add(order["order_id"])
            return new
        """,
    ),
    (
        "5.2",
        "the pipeline is not executed",
        "Was it executed",
        BOOK.format(
            body="""
    pipe = r.pipeline()
    pipe.hset("booked", order_id, 1)
    pipe.hincrby("spent", customer, price)
    pipe.xack(key, group, entry_id)
    return True
    """
        ),
    ),
    # --- 5.3 ---
    (
        "5.3",
        "before the work",
        "acknowledged before its work",
        RUN.format(
            noack="",
            before="",
            body="""
            r.xack(key, group, entry_id)
            try:
                work(order)
            except Exception:
                continue
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "the page before the work",
        "acknowledged before its work",
        RUN.format(
            noack="",
            before="r.xack(key, group, *[entry_id for entry_id, _ in reply[0][1]])",
            body="""
            try:
                work(order)
            except Exception:
                continue
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "NOACK",
        "with NOACK",
        RUN.format(
            noack=", noack=True",
            before="",
            body="""
            try:
                work(order)
            except Exception:
                continue
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "only at shutdown",
        "right after its work",
        """
        def run(r, key, group, me, work, stopping):
            done, ids = [], []
            try:
                while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                    for entry_id, order in reply[0][1]:
                        if stopping():
                            return done
                        try:
                            work(order)
                        except Exception:
                            continue
                        ids.append(entry_id)
                        done.append(order["order_id"])
            finally:
                if ids:
                    r.xack(key, group, *ids)
            return done
        """,
    ),
    (
        "5.3",
        "after each page",
        "right after its work",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                ids = []
                for entry_id, order in reply[0][1]:
                    if stopping():
                        break
                    try:
                        work(order)
                    except Exception:
                        continue
                    ids.append(entry_id)
                    done.append(order["order_id"])
                if ids:
                    r.xack(key, group, *ids)
                if stopping():
                    break
            return done
        """,
    ),
    (
        "5.3",
        "in a finally",
        "in no finally either",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
                done.append(order["order_id"])
            except Exception:
                pass
            finally:
                r.xack(key, group, entry_id)
            """,
        ),
    ),
    (
        "5.3",
        "a failure ends the loop",
        "That order stays pending; the loop goes on",
        RUN.format(
            noack="",
            before="",
            body="""
            work(order)
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "stopping is asked for each page",
        "not for each read",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while not stopping() and (reply := r.xreadgroup(group, me, {key: ">"}, count=10)):
                for entry_id, order in reply[0][1]:
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "what was not begun is acknowledged at the stop",
        "What was not begun stays pending",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                for n, (entry_id, order) in enumerate(reply[0][1]):
                    if stopping():
                        r.xack(key, group, *[entry_id for entry_id, _ in reply[0][1][n:]])
                        return done
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "a short page is the end",
        "A page that is not full is no end",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while True:
                reply = r.xreadgroup(group, me, {key: ">"}, count=10)
                entries = reply[0][1] if reply else []
                for entry_id, order in entries:
                    if stopping():
                        return done
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
                if len(entries) < 10:
                    return done
        """,
    ),
    (
        "5.3",
        "takes all",
        "orders at once; 10 at a time",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            for _, entries in r.xreadgroup(group, me, {key: ">"}):
                for entry_id, order in entries:
                    if stopping():
                        return done
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "history first",
        "which me held before",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            for start in ("0", ">"):
                while (reply := r.xreadgroup(group, me, {key: start}, count=10)) and reply[0][1]:
                    for entry_id, order in reply[0][1]:
                        if stopping():
                            return done
                        work(order)
                        r.xack(key, group, entry_id)
                        done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "never",
        "was still pending",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
            except Exception:
                continue
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "until it succeeds",
        "Here the next order has its turn",
        RUN.format(
            noack="",
            before="",
            body="""
            while True:
                try:
                    work(order)
                    break
                except Exception:
                    pass
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "stopping is never asked",
        "after stopping() had become True",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
            except Exception:
                continue
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            """,
        ).replace("            if stopping():\n                return done\n", ""),
    ),
    (
        "5.3",
        "break leaves the inner loop",
        "which loop did yours leave",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                for entry_id, order in reply[0][1]:
                    if stopping():
                        break
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "a page that brought nothing done is the end",
        "is not that nothing waits",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                before = len(done)
                for entry_id, order in reply[0][1]:
                    if stopping():
                        return done
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
                if len(done) == before:
                    break
            return done
        """,
    ),
    (
        "5.3",
        "gives the rest back",
        "set the group's cursor back",
        """
        def run(r, key, group, me, work, stopping):
            done, last = [], None
            while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                for entry_id, order in reply[0][1]:
                    if stopping():
                        if last:
                            r.xgroup_setid(key, group, last)
                        return done
                    last = entry_id
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "gives the rest to nobody",
        "nobody reads under that name",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=10):
                for n, (entry_id, order) in enumerate(reply[0][1]):
                    if stopping():
                        r.xclaim(key, group, "rest", 0, [entry_id for entry_id, _ in reply[0][1][n:]])
                        return done
                    try:
                        work(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "while there is a lag",
        "has no lag (None)",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while next(row for row in r.xinfo_groups(key) if row["name"] == group)["lag"]:
                for _, entries in r.xreadgroup(group, me, {key: ">"}, count=10):
                    for entry_id, order in entries:
                        if stopping():
                            return done
                        try:
                            work(order)
                        except Exception:
                            continue
                        r.xack(key, group, entry_id)
                        done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "while another group has a lag",
        "is what you ask about this one's",
        """
        def run(r, key, group, me, work, stopping):
            done = []
            while r.xinfo_groups(key)[0]["lag"]:
                for _, entries in r.xreadgroup(group, me, {key: ">"}, count=10):
                    for entry_id, order in entries:
                        if stopping():
                            return done
                        try:
                            work(order)
                        except Exception:
                            continue
                        r.xack(key, group, entry_id)
                        done.append(order["order_id"])
            return done
        """,
    ),
    (
        "5.3",
        "waits",
        "read with BLOCK",
        RUN.format(
            noack=", block=1000",
            before="",
            body="""
            try:
                work(order)
            except Exception:
                continue
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "except without a name",
        "You catch more than Exception",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
            except:
                continue
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "asks after the work",
        "without having asked stopping()",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
            except Exception:
                continue
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            if stopping():
                return done
            """,
        ).replace("            if stopping():\n                return done\n", "", 1),
    ),
    (
        "5.3",
        "puts what failed into the stream again",
        "the stream has a new entry with it",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
            except Exception:
                r.xadd(key, order)
                r.xack(key, group, entry_id)
                continue
            r.xack(key, group, entry_id)
            done.append(order["order_id"])
            """,
        ),
    ),
    (
        "5.3",
        "once for each order instead of each entry",
        "whether an order was seen before is the work's own question",
        RUN.format(
            noack="",
            before="",
            body="""
            if order["order_id"] not in done:
                try:
                    work(order)
                except Exception:
                    continue
                done.append(order["order_id"])
            r.xack(key, group, entry_id)
            """,
        ),
    ),
    (
        "5.3",
        "all in the try",
        "when the XACK of 1001 had raised TimeoutError",
        RUN.format(
            noack="",
            before="",
            body="""
            try:
                work(order)
                r.xack(key, group, entry_id)
                done.append(order["order_id"])
            except Exception:
                continue
            """,
        ),
    ),
    # --- 5.4 ---
    (
        "5.4",
        "one page",
        "on more than one page",
        """
        def holders(r, key, group, late_ms):
            found, longest = {}, {}
            for row in r.xpending_range(key, group, "-", "+", 100):
                told = found.setdefault(row["consumer"], {"holds": 0, "late": 0, "oldest": None})
                told["holds"] += 1
                told["late"] += row["time_since_delivered"] >= late_ms
                if row["time_since_delivered"] > longest.get(row["consumer"], -1):
                    longest[row["consumer"]] = row["time_since_delivered"]
                    told["oldest"] = row["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "a huge page",
        "rows at once; at most 100",
        """
        def holders(r, key, group, late_ms):
            found = {}
            rows = r.xpending_range(key, group, "-", "+", 10_000)
            for row in sorted(rows, key=lambda row: -row["time_since_delivered"]):
                told = found.setdefault(row["consumer"], {"holds": 0, "late": 0, "oldest": row["message_id"]})
                told["holds"] += 1
                told["late"] += row["time_since_delivered"] >= late_ms
            return found
        """,
    ),
    (
        "5.4",
        "pages that overlap, for ever",
        "What leaves it out",
        """
        def holders(r, key, group, late_ms):
            found, start = {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    told = found.setdefault(row["consumer"], {"holds": 0, "late": 0, "oldest": None})
                    told["holds"] += 1
                start = rows[-1]["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "pages that overlap",
        "counted twice",
        """
        def holders(r, key, group, late_ms):
            all_rows, start = [], "-"
            while True:
                rows = r.xpending_range(key, group, start, "+", 100)
                all_rows += rows
                if len(rows) < 100:
                    break
                start = rows[-1]["message_id"]
            found = {}
            for row in sorted(all_rows, key=lambda row: -row["time_since_delivered"]):
                told = found.setdefault(row["consumer"], {"holds": 0, "late": 0, "oldest": row["message_id"]})
                told["holds"] += 1
                told["late"] += row["time_since_delivered"] >= late_ms
            return found
        """,
    ),
    (
        "5.4",
        "the lowest id is the oldest",
        "The lowest id came into the stream first",
        """
        def holders(r, key, group, late_ms):
            found, start = {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    told = found.setdefault(
                        row["consumer"], {"holds": 0, "late": 0, "oldest": row["message_id"]}
                    )
                    told["holds"] += 1
                    told["late"] += row["time_since_delivered"] >= late_ms
                start = "(" + rows[-1]["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "a history read for each consumer",
        "A read of history is a delivery",
        """
        def holders(r, key, group, late_ms):
            found = {}
            for consumer in r.xpending(key, group)["consumers"]:
                [[_, entries]] = r.xreadgroup(group, consumer["name"], {key: "0"}, count=100)
                late = r.xpending_range(key, group, "-", "+", 100, consumername=consumer["name"], idle=late_ms)
                found[consumer["name"]] = {"holds": len(entries), "late": len(late), "oldest": entries[0][0]}
            return found
        """,
    ),
    (
        "5.4",
        "all consumers",
        "who holds nothing",
        """
        def holders(r, key, group, late_ms):
            found = {}
            for consumer in r.xinfo_consumers(key, group):
                rows = r.xpending_range(key, group, "-", "+", 100, consumername=consumer["name"])
                rows.sort(key=lambda row: -row["time_since_delivered"])
                late = sum(row["time_since_delivered"] >= late_ms for row in rows)
                oldest = rows[0]["message_id"] if rows else None
                found[consumer["name"]] = {"holds": len(rows), "late": late, "oldest": oldest}
            return found
        """,
    ),
    (
        "5.4",
        "seconds",
        "its idle time",
        """
        def holders(r, key, group, late_ms):
            found, longest, start = {}, {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    name, idle = row["consumer"], row["time_since_delivered"]
                    told = found.setdefault(name, {"holds": 0, "late": 0, "oldest": None})
                    told["holds"] += 1
                    told["late"] += idle / 1000 >= late_ms
                    if idle > longest.get(name, -1):
                        longest[name], told["oldest"] = idle, row["message_id"]
                start = "(" + rows[-1]["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "the next page begins at the next millisecond",
        "What comes right after the last id of a page",
        """
        def holders(r, key, group, late_ms):
            found, longest, start = {}, {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    name, idle = row["consumer"], row["time_since_delivered"]
                    told = found.setdefault(name, {"holds": 0, "late": 0, "oldest": None})
                    told["holds"] += 1
                    told["late"] += idle >= late_ms
                    if idle > longest.get(name, -1):
                        longest[name], told["oldest"] = idle, row["message_id"]
                start = str(int(rows[-1]["message_id"].split("-")[0]) + 1)
            return found
        """,
    ),
    (
        "5.4",
        "what was deleted is left out",
        "is still pending, until it is acknowledged",
        """
        def holders(r, key, group, late_ms):
            found, longest, start = {}, {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    name, idle = row["consumer"], row["time_since_delivered"]
                    if not r.xrange(key, row["message_id"], row["message_id"]):
                        continue
                    told = found.setdefault(name, {"holds": 0, "late": 0, "oldest": None})
                    told["holds"] += 1
                    told["late"] += idle >= late_ms
                    if idle > longest.get(name, -1):
                        longest[name], told["oldest"] = idle, row["message_id"]
                start = "(" + rows[-1]["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "the one that was delivered most often",
        "How often says nothing",
        """
        def holders(r, key, group, late_ms):
            found, longest, start = {}, {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    name, idle = row["consumer"], row["time_since_delivered"]
                    told = found.setdefault(name, {"holds": 0, "late": 0, "oldest": None})
                    told["holds"] += 1
                    told["late"] += idle >= late_ms
                    if row["times_delivered"] > longest.get(name, -1):
                        longest[name], told["oldest"] = row["times_delivered"], row["message_id"]
                start = "(" + rows[-1]["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "idle times as text",
        "As text, a number",
        """
        def holders(r, key, group, late_ms):
            found, longest, start = {}, {}, "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                for row in rows:
                    name, idle = row["consumer"], row["time_since_delivered"]
                    told = found.setdefault(name, {"holds": 0, "late": 0, "oldest": None})
                    told["holds"] += 1
                    told["late"] += idle >= late_ms
                    if str(idle) > longest.get(name, ""):
                        longest[name], told["oldest"] = str(idle), row["message_id"]
                start = "(" + rows[-1]["message_id"]
            return found
        """,
    ),
    (
        "5.4",
        "one page for each consumer",
        "more than a page of 100",
        """
        def holders(r, key, group, late_ms):
            found = {}
            for consumer in r.xpending(key, group)["consumers"]:
                rows = r.xpending_range(key, group, "-", "+", 100, consumername=consumer["name"])
                rows.sort(key=lambda row: -row["time_since_delivered"])
                late = sum(row["time_since_delivered"] >= late_ms for row in rows)
                found[consumer["name"]] = {
                    "holds": consumer["pending"], "late": late, "oldest": rows[0]["message_id"]
                }
            return found
        """,
    ),
    # --- 5.5 ---
    (
        "5.5",
        "history",
        "With an id, XREADGROUP gives all that a consumer holds",
        """
        def sweep(r, key, group, me, silent_ms, most):
            return r.xreadgroup(group, me, {key: "0"}, count=most)[0][1]
        """,
    ),
    (
        "5.5",
        "XAUTOCLAIM",
        "what others hold stays",
        """
        def sweep(r, key, group, me, silent_ms, most):
            return r.xautoclaim(key, group, me, silent_ms, count=most)[1]
        """,
    ),
    (
        "5.5",
        "only looks",
        "To look is not to take",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms)
            return [r.xrange(key, row["message_id"], row["message_id"])[0] for row in rows]
        """,
    ),
    (
        "5.5",
        "claims without the limit",
        "has to be told the limit, too",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            return r.xclaim(key, group, me, 0, ids) if ids else []
        """,
    ),
    (
        "5.5",
        "FORCE",
        "FORCE puts on the list",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            return r.xclaim(key, group, me, silent_ms, ids, force=True) if ids else []
        """,
    ),
    (
        "5.5",
        "looks, claims, returns what it saw",
        "The answer of the command that takes",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            if ids:
                r.xclaim(key, group, me, silent_ms, ids)
            return [r.xrange(key, entry_id, entry_id)[0] for entry_id in ids]
        """,
    ),
    (
        "5.5",
        "the first page, then the old ones",
        "has to count only what is old enough",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me)
            ids = [row["message_id"] for row in rows if row["time_since_delivered"] >= silent_ms]
            return r.xclaim(key, group, me, silent_ms, ids) if ids else []
        """,
    ),
    (
        "5.5",
        "everybody's",
        "what others hold stays",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            return r.xclaim(key, group, me, silent_ms, ids) if ids else []
        """,
    ),
    (
        "5.5",
        "claims nothing",
        "needs at least one id",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms)
            return r.xclaim(key, group, me, silent_ms, [row["message_id"] for row in rows])
        """,
    ),
    (
        "5.5",
        "claims all, returns some",
        "Take only what you return",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", 1000, consumername=me, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            return r.xclaim(key, group, me, silent_ms, ids)[:most] if ids else []
        """,
    ),
    (
        "5.5",
        "more than asked for",
        "the rest is for the next sweep",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", 1000, consumername=me, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            return r.xclaim(key, group, me, silent_ms, ids) if ids else []
        """,
    ),
    (
        "5.5",
        "ids",
        "but not pairs",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms)
            ids = [row["message_id"] for row in rows]
            return r.xclaim(key, group, me, silent_ms, ids, justid=True) if ids else []
        """,
    ),
    (
        "5.5",
        "half the limit",
        "the whole of it",
        SWEEP.format(most="most", idle="silent_ms", limit="silent_ms // 2", more=""),
    ),
    (
        "5.5",
        "looks twice, and claims without the limit",
        "however often it is repeated",
        """
        def sweep(r, key, group, me, silent_ms, most):
            found = []
            for row in r.xpending_range(key, group, "-", "+", most, consumername=me, idle=silent_ms):
                entry_id = row["message_id"]
                if r.xpending_range(key, group, entry_id, entry_id, 1, consumername=me, idle=silent_ms):
                    found += r.xclaim(key, group, me, 0, [entry_id])
            return found
        """,
    ),
    (
        "5.5",
        "sets the delivery count",
        "each entry has a count of its own",
        SWEEP.format(most="most", idle="silent_ms", limit="silent_ms", more=", retrycount=1"),
    ),
    (
        "5.5",
        "seconds",
        "What is the unit",
        SWEEP.format(most="most", idle="silent_ms * 1000", limit="silent_ms * 1000", more=""),
    ),
    (
        "5.5",
        "a hundred, whatever was asked for",
        "What bounded your look",
        SWEEP.format(most="min(most, 100)", idle="silent_ms", limit="silent_ms", more=""),
    ),
    (
        "5.5",
        "claims the young, too",
        "give it those that are old, and the limit",
        """
        def sweep(r, key, group, me, silent_ms, most):
            rows = r.xpending_range(key, group, "-", "+", 1000, consumername=me)
            old = [row["message_id"] for row in rows if row["time_since_delivered"] >= silent_ms][:most]
            got = dict(r.xclaim(key, group, me, 0, [row["message_id"] for row in rows]))
            return [(entry_id, got[entry_id]) for entry_id in old]
        """,
    ),
]
