WRONG = [
    (
        "3.1",
        "redis-py's default start",
        "if redis-py is not told",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.1",
        "destroy and recreate",
        "takes its cursor and its pending entries along",
        """
        def ensure_group(r, key, group):
            new = not r.exists(key) or not r.xgroup_destroy(key, group)
            r.xgroup_create(key, group, id="0", mkstream=True)
            return new
        """,
    ),
    (
        "3.1",
        "swallow every error",
        "every other error has to be seen",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, id="0", mkstream=True)
                return True
            except redis.ResponseError:
                return False
        """,
    ),
    (
        "3.1",
        "no MKSTREAM",
        "which option creates it",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.1",
        "every error is an error",
        "what does this error begin with",
        """
        def ensure_group(r, key, group):
            return bool(r.xgroup_create(key, group, id="0", mkstream=True))
        """,
    ),
    (
        "3.1",
        "look first, then create",
        "between two of your commands",
        """
        def ensure_group(r, key, group):
            if r.exists(key) and group in [row["name"] for row in r.xinfo_groups(key)]:
                return False
            r.xgroup_create(key, group, id="0", mkstream=True)
            return True
        """,
    ),
    (
        "3.1",
        "set it back to the beginning",
        "moved the cursor of a group that was there",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                r.xgroup_setid(key, group, "0")
                return False
            return True
        """,
    ),
    (
        "3.1",
        "a first entry to have a stream",
        "added an entry to have a stream",
        """
        import redis
        def ensure_group(r, key, group):
            if not r.exists(key):
                r.xdel(key, r.xadd(key, {"init": 1}))
            try:
                r.xgroup_create(key, group, id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.1",
        "back to the beginning when nothing is pending",
        "Nothing was pending because everything had been reported",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                if not r.xpending(key, group)["pending"]:
                    r.xgroup_setid(key, group, "0")
                return False
            return True
        """,
    ),
    (
        "3.1",
        "an empty stream is rubbish",
        "A stream without entries is still a stream",
        """
        import redis
        def ensure_group(r, key, group):
            if r.exists(key) and not r.xlen(key):
                r.delete(key)
            try:
                r.xgroup_create(key, group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.1",
        "WRONGTYPE alone comes out",
        "answered XGROUP CREATE with NOPERM",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "WRONGTYPE" in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.1",
        "all that is not a permission",
        "answered XGROUP CREATE with OOM",
        """
        import redis
        def ensure_group(r, key, group):
            try:
                r.xgroup_create(key, group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "WRONGTYPE" in str(error) or "permission" in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.1",
        "the id of the first entry",
        "An id means what comes after it",
        """
        import redis
        def ensure_group(r, key, group):
            first = r.xrange(key, count=1)
            try:
                r.xgroup_create(key, group, id=first[0][0] if first else "0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
                return False
            return True
        """,
    ),
    (
        "3.2",
        "one more consumer of shipping",
        "consumers of a group share its orders",
        """
        def fraud_orders(r, key, worker):
            reply = r.xreadgroup("shipping", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "a copy of the stream",
        "who brings it the next order",
        """
        import redis
        def fraud_orders(r, key, worker):
            copy = key + ":fraud"
            if not r.exists(copy):
                for entry_id, fields in r.xrange(key):
                    r.xadd(copy, fields, id=entry_id)
                r.xgroup_create(copy, "fraud", id="0")
            reply = r.xreadgroup("fraud", worker, {copy: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "0 at every start, by creating anew",
        "at every start it begins all over again",
        """
        def fraud_orders(r, key, worker):
            r.xgroup_destroy(key, "fraud")
            r.xgroup_create(key, "fraud", id="0")
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "0 at every start, by SETID",
        "at every start it begins all over again",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError:
                r.xgroup_setid(key, "fraud", "0")
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "redis-py's default start",
        "Frida needs the past",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud")
            except redis.ResponseError:
                pass
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "0 in place of >",
        "an id asks for what this consumer holds",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError:
                pass
            reply = r.xreadgroup("fraud", worker, {key: "0"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "no group at all",
        "has to be remembered in Redis",
        """
        last = {}
        def fraud_orders(r, key, worker):
            entries = r.xrange(key, min="(" + last.get(key, "0-0"))
            if entries:
                last[key] = entries[-1][0]
            return [fields["order_id"] for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "create at every start",
        "happens at every start but the first",
        """
        def fraud_orders(r, key, worker):
            r.xgroup_create(key, "fraud", id="0")
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "one page",
        "one page is not yet the stream",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError:
                pass
            reply = r.xreadgroup("fraud", worker, {key: ">"}, count=100)
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "without a trace",
        "they stay pending",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError:
                pass
            reply = r.xreadgroup("fraud", worker, {key: ">"}, noack=True)
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "look first, then create",
        "between two of your commands",
        """
        def fraud_orders(r, key, worker):
            if "fraud" not in [row["name"] for row in r.xinfo_groups(key)]:
                r.xgroup_create(key, "fraud", id="0")
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "numbers",
        "They are the right orders, but as int: return the order_ids as text.",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [int(fields["order_id"]) for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "entry ids",
        "They are the right orders, but as entry ids",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [entry_id for _, entries in reply for entry_id, _ in entries]
        """,
    ),
    (
        "3.2",
        "fields",
        "They are the right orders, but as dict",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "a thousand is everything",
        "1100 were there",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"}, count=1000)
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.2",
        "sorted as text",
        "nothing to sort, and nothing to drop",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return sorted(fields["order_id"] for _, entries in reply for _, fields in entries)
        """,
    ),
    (
        "3.2",
        "each order_id once",
        "nothing to sort, and nothing to drop",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return list(dict.fromkeys(fields["order_id"] for _, entries in reply for _, fields in entries))
        """,
    ),
    (
        "3.2",
        "the first stream of nothing",
        "With nothing new, XREADGROUP returns []",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id="0")
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, fields in reply[0][1]]
        """,
    ),
    (
        "3.2",
        "the id of the first entry",
        "An id means what comes after it",
        """
        import redis
        def fraud_orders(r, key, worker):
            try:
                r.xgroup_create(key, "fraud", id=r.xrange(key, count=1)[0][0])
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            reply = r.xreadgroup("fraud", worker, {key: ">"})
            return [fields["order_id"] for _, entries in reply for _, fields in entries]
        """,
    ),
    (
        "3.3",
        "no COUNT",
        "What limits how many orders one read takes",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            for _, entries in r.xreadgroup(group, worker, {key: ">"}):
                for entry_id, fields in entries:
                    handle(fields)
                    r.xack(key, group, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "the next batch is a colleague's turn",
        "Nothing is dealt out in turns",
        """
        def work(r, key, group, worker, handle, batch):
            reply = r.xreadgroup(group, worker, {key: ">"}, count=batch)
            entries = reply[0][1] if reply else []
            for entry_id, fields in entries:
                handle(fields)
                r.xack(key, group, entry_id)
            return len(entries)
        """,
    ),
    (
        "3.3",
        "idle peers steal the rest",
        "is not offered to the others, however idle they are",
        """
        def work(r, key, group, worker, handle, batch):
            reply = r.xreadgroup(group, worker, {key: ">"})
            entries = reply[0][1][:batch] if reply else []
            for entry_id, fields in entries:
                handle(fields)
                r.xack(key, group, entry_id)
            return len(entries)
        """,
    ),
    (
        "3.3",
        "every other one is a colleague's",
        "is not offered to the others, however idle they are",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch):
                for entry_id, fields in reply[0][1][::2]:
                    handle(fields)
                    r.xack(key, group, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "report first",
        "if this process ends in the middle",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch):
                for entry_id, fields in reply[0][1]:
                    r.xack(key, group, entry_id)
                    handle(fields)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "no report needed",
        "if this process ends in the middle",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch, noack=True):
                for _, fields in reply[0][1]:
                    handle(fields)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "never report",
        "XACK crosses an order out",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch):
                for _, fields in reply[0][1]:
                    handle(fields)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "read ahead",
        "What limits how many orders one read takes",
        """
        def work(r, key, group, worker, handle, batch):
            handled, reply = 0, r.xreadgroup(group, worker, {key: ">"}, count=batch)
            while reply:
                ahead = r.xreadgroup(group, worker, {key: ">"}, count=batch)
                for entry_id, fields in reply[0][1]:
                    handle(fields)
                    r.xack(key, group, entry_id)
                    handled += 1
                reply = ahead
            return handled
        """,
    ),
    (
        "3.3",
        "a short batch is the last",
        "it arrived during the last one",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while True:
                reply = r.xreadgroup(group, worker, {key: ">"}, count=batch)
                entries = reply[0][1] if reply else []
                for entry_id, fields in entries:
                    handle(fields)
                    r.xack(key, group, entry_id)
                    handled += 1
                if len(entries) < batch:
                    return handled
        """,
    ),
    (
        "3.3",
        "as many as waited at the start",
        "it arrived during the last one",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            for _ in range(0, r.xlen(key), batch):
                for _, entries in r.xreadgroup(group, worker, {key: ">"}, count=batch):
                    for entry_id, fields in entries:
                        handle(fields)
                        r.xack(key, group, entry_id)
                        handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "in parallel",
        "one after the other",
        """
        from concurrent.futures import ThreadPoolExecutor
        def work(r, key, group, worker, handle, batch):
            handled, pool = 0, ThreadPoolExecutor(batch)
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch):
                futures = [(entry_id, pool.submit(handle, fields)) for entry_id, fields in reply[0][1]]
                for entry_id, future in futures:
                    future.result()
                    r.xack(key, group, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "only the order_id",
        "all of them and nothing else",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch):
                for entry_id, fields in reply[0][1]:
                    handle({"order_id": fields["order_id"]})
                    r.xack(key, group, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "the pair of id and fields",
        "all of them and nothing else",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch):
                for entry in reply[0][1]:
                    handle(entry)
                    r.xack(key, group, entry[0])
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "NOACK",
        "is not pending with ada",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, worker, {key: ">"}, count=batch, noack=True):
                for entry_id, fields in reply[0][1]:
                    handle(fields)
                    r.xack(key, group, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.3",
        "under another name",
        "is not pending with ada, but with 'worker'",
        """
        def work(r, key, group, worker, handle, batch):
            handled = 0
            while reply := r.xreadgroup(group, "worker", {key: ">"}, count=batch):
                for entry_id, fields in reply[0][1]:
                    handle(fields)
                    r.xack(key, group, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "3.4",
        "in turns",
        "What do both events have in common",
        """
        import itertools
        turn = itertools.count()
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{next(turn) % parts}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "Python's hash",
        "changes from process to process",
        """
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{hash(customer) % parts}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "a stream for each customer",
        "the streams are orders:0 to orders:3",
        """
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{customer}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "a list in memory",
        "the next process has another list",
        """
        streams = {}
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{streams.setdefault(customer, len(streams)) % parts}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "a list in Redis",
        "left the key 'orders:streams' behind",
        """
        def add_event(r, key, parts, customer, fields):
            r.hsetnx(f"{key}:streams", customer, r.hlen(f"{key}:streams") % parts)
            stream = f"{key}:{r.hget(f'{key}:streams', customer)}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "by the length of the name",
        "nearly nothing is idle",
        """
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{len(customer) % parts}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "by the contents of the event",
        "What do both events have in common",
        """
        import zlib
        def add_event(r, key, parts, customer, fields):
            fields = {**fields, "customer": customer}
            stream = f"{key}:{zlib.crc32(repr(fields).encode()) % parts}"
            r.xadd(stream, fields)
            return stream
        """,
    ),
    (
        "3.4",
        "by a number in the name",
        "A customer is any text",
        """
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{int(customer.split('-')[1]) % parts}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.4",
        "by the last letter",
        "nearly nothing is idle",
        """
        def add_event(r, key, parts, customer, fields):
            stream = f"{key}:{ord(customer[-1]) % parts}"
            r.xadd(stream, {**fields, "customer": customer})
            return stream
        """,
    ),
    (
        "3.5",
        "begin at the end",
        "one that begins at the end of the stream loses them",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id="$", mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "begin at 0",
        "are finished, as done says",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id="0", mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "for ever",
        "Give it an end",
        """
        import redis
        def next_orders(r, key, group, worker, done):
            while True:
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP"):
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
        """,
    ),
    (
        "3.5",
        "without a pause",
        "a loop needs a pause of its own",
        """
        import redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10, block=100)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
        """,
    ),
    (
        "3.5",
        "nothing new, in the end",
        "takes that for a quiet stream",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP"):
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                time.sleep(0.05)
            return []
        """,
    ),
    (
        "3.5",
        "move the group that is there",
        "leave the group alone",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                    r.xgroup_setid(key, group, done)
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "another worker is an error",
        "Another worker was faster",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                r.xgroup_create(key, group, id=done, mkstream=True)
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "without the stream",
        "can bring an empty one with it",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id=done)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "every error is worth a try",
        "Only NOGROUP can be mended by trying again",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError:
                    if attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError:
                    pass
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "let the error out at once",
        "Create it, and read again",
        """
        def next_orders(r, key, group, worker, done):
            reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
            return reply[0][1] if reply else []
        """,
    ),
    (
        "3.5",
        "read again whatever was answered",
        "which says the same for ever",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                time.sleep(0.05)
        """,
    ),
    (
        "3.5",
        "what creating answers does not matter",
        "Only BUSYGROUP is no trouble",
        """
        import time, redis
        def next_orders(r, key, group, worker, done):
            for attempt in range(3):
                try:
                    reply = r.xreadgroup(group, worker, {key: ">"}, count=10)
                    return reply[0][1] if reply else []
                except redis.ResponseError as error:
                    if not str(error).startswith("NOGROUP") or attempt == 2:
                        raise
                try:
                    r.xgroup_create(key, group, id=done, mkstream=True)
                except redis.ResponseError as error:
                    if "WRONGTYPE" in str(error):
                        raise
                time.sleep(0.05)
        """,
    ),
]
