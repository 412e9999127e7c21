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
]
