"""Wrong ideas about retention: (exercise, idea, a part of the hint that answers it, source)."""

WRONG = [
    (
        "7.1",
        "redis-py's default",
        "~ works in whole nodes",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=now_ms - 86_400_000)
        """,
    ),
    (
        "7.1",
        "MAXLEN",
        "Trim by id, not by count",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, maxlen=86_400, approximate=False)
        """,
    ),
    (
        "7.1",
        "MAXLEN of what seems a day",
        "Trim by id, not by count",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, maxlen=24, approximate=False)
        """,
    ),
    (
        "7.1",
        "a day in seconds",
        "In which unit do ids count",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=now_ms - 86_400, approximate=False)
        """,
    ),
    (
        "7.1",
        "now in seconds too",
        "In which unit do ids count",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=now_ms // 1000 - 86_400, approximate=False)
        """,
    ),
    (
        "7.1",
        "this machine's clock",
        "the clock of this machine may say something else",
        """
        import time
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=int(time.time() * 1000) - 86_400_000, approximate=False)
        """,
    ),
    (
        "7.1",
        "a day before the last order",
        "not from the last order",
        """
        def keep_a_day(r, key, now_ms):
            newest = r.xrevrange(key, count=1)
            if not newest:
                return 0
            ms = int(newest[0][0].split("-")[0])
            return r.xtrim(key, minid=max(0, ms - 86_400_000), approximate=False)
        """,
    ),
    (
        "7.1",
        "the border goes",
        "The id in MINID is the first that is kept",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=now_ms - 86_400_000 + 1, approximate=False)
        """,
    ),
    (
        "7.1",
        "delete it and write the young ones again",
        "or took it along",
        """
        def keep_a_day(r, key, now_ms):
            old = r.xrange(key, "-", f"({now_ms - 86_400_000}")
            young = r.xrange(key, now_ms - 86_400_000, "+")
            r.delete(key)
            for entry_id, fields in young:
                r.xadd(key, fields, id=entry_id)
            return len(old)
        """,
    ),
    (
        "7.1",
        "says nothing",
        "returned None",
        """
        def keep_a_day(r, key, now_ms):
            r.xtrim(key, minid=now_ms - 86_400_000, approximate=False)
        """,
    ),
    (
        "7.2",
        "the lowest cursor",
        "3-0 is still pending in shipping",
        """
        def trim_done(r, key):
            cursors = [tuple(map(int, group["last-delivered-id"].split("-"))) for group in r.xinfo_groups(key)]
            if not cursors:
                return 0
            ms, number = min(cursors)
            return r.xtrim(key, minid=f"{ms}-{number + 1}", approximate=False)
        """,
    ),
    (
        "7.2",
        "from the lowest cursor on",
        "and not the entry itself",
        """
        def trim_done(r, key):
            cursors = [tuple(map(int, group["last-delivered-id"].split("-"))) for group in r.xinfo_groups(key)]
            if not cursors:
                return 0
            ms, number = min(cursors)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "lag 0 means done",
        "A lag does not count them",
        """
        def trim_done(r, key):
            groups = r.xinfo_groups(key)
            if not groups:
                return 0
            slowest = max(group["lag"] for group in groups)
            if slowest == 0:
                return r.xtrim(key, maxlen=0, approximate=False)
            needed = []
            for group in groups:
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "keep as many as the largest lag",
        "3-0 is still pending in shipping",
        """
        def trim_done(r, key):
            groups = r.xinfo_groups(key)
            if not groups:
                return 0
            return r.xtrim(key, maxlen=max(group["lag"] for group in groups), approximate=False)
        """,
    ),
    (
        "7.2",
        "XLEN less what is pending",
        "XLEN and MAXLEN count entries",
        """
        def trim_done(r, key):
            held = sum(group["pending"] for group in r.xinfo_groups(key))
            return r.xtrim(key, maxlen=min(held, r.xlen(key)), approximate=False)
        """,
    ),
    (
        "7.2",
        "redis-py's default",
        "~ works in whole nodes",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            if not needed:
                return 0
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}")
        """,
    ),
    (
        "7.2",
        "the first group only",
        "Look at all groups",
        """
        def trim_done(r, key):
            groups = r.xinfo_groups(key)
            if not groups:
                return 0
            group = groups[0]
            oldest = r.xpending(key, group["name"])["min"]
            ms, number = group["last-delivered-id"].split("-")
            return r.xtrim(key, minid=oldest or f"{ms}-{int(number) + 1}", approximate=False)
        """,
    ),
    (
        "7.2",
        "the fastest group",
        "Look at all groups",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                oldest = r.xpending(key, group["name"])["min"]
                needed.append(tuple(map(int, oldest.split("-"))) if oldest else (int(ms), int(number) + 1))
            if not needed:
                return 0
            ms, number = max(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "groups that have read nothing do not count",
        "it needs all of them",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                if group["last-delivered-id"] == "0-0":
                    continue
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            if not needed:
                return 0
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "only groups with consumers count",
        "it needs all of them",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                if group["consumers"]:
                    ms, number = group["last-delivered-id"].split("-")
                    needed.append((int(ms), int(number) + 1))
                    oldest = r.xpending(key, group["name"])["min"]
                    if oldest:
                        needed.append(tuple(map(int, oldest.split("-"))))
            if not needed:
                return 0
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "the next millisecond",
        "the next order has the same millisecond",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                needed.append((int(group["last-delivered-id"].split("-")[0]) + 1, 0))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            if not needed:
                return 0
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "ids as text",
        "As text, 8-0 would be more than 12-0",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                needed.append(f"{ms}-{int(number) + 1}")
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(oldest)
            if not needed:
                return 0
            return r.xtrim(key, minid=min(needed), approximate=False)
        """,
    ),
    (
        "7.2",
        "without groups nobody needs it",
        "The stream has no group",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            if not needed:
                return r.xtrim(key, maxlen=0, approximate=False)
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "the pending lists first",
        "which of the two to read first",
        """
        def trim_done(r, key):
            names = [group["name"] for group in r.xinfo_groups(key)]
            needed = [r.xpending(key, name)["min"] for name in names]
            needed = [tuple(map(int, oldest.split("-"))) for oldest in needed if oldest]
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
            if not needed:
                return 0
            ms, number = min(needed)
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "the empty stream has a last entry",
        "The stream is empty, with one group",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            ms, number = min(needed) if needed else (0, 1)
            _ = r.xrange(key)[0]
            return r.xtrim(key, minid=f"{ms}-{number}", approximate=False)
        """,
    ),
    (
        "7.2",
        "count how many are needed",
        "a number of entries to keep is out of date",
        """
        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                ms, number = group["last-delivered-id"].split("-")
                needed.append((int(ms), int(number) + 1))
                oldest = r.xpending(key, group["name"])["min"]
                if oldest:
                    needed.append(tuple(map(int, oldest.split("-"))))
            if not needed:
                return 0
            ms, number = min(needed)
            return r.xtrim(key, maxlen=len(r.xrange(key, f"{ms}-{number}", "+")), approximate=False)
        """,
    ),
    (
        "7.3",
        "count the fields only",
        "Names, ids, nodes and tombstones take room too",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            entries = r.xrange(key)
            size = sum(len(text) for _, fields in entries for text in fields.values())
            dropped = 0
            for entry_id, fields in entries:
                if size <= budget:
                    break
                size -= sum(map(len, fields.values()))
                dropped += r.xdel(key, entry_id)
            return dropped
        """,
    ),
    (
        "7.3",
        "XDEL frees memory",
        "what XDEL takes out of the middle of a node frees nothing",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            if memory() <= budget:
                return 0
            ids = [entry_id for entry_id, _ in r.xrange(key)]
            return r.xdel(key, *ids[::2])
        """,
    ),
    (
        "7.3",
        "~ is exact",
        "~ is not exact",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000)
            dropped = 0
            while memory() > budget and r.xlen(key):
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "days only",
        "too many for the budget",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            return 0
        """,
    ),
    (
        "7.3",
        "budget only",
        "The first rule holds although all of it fits",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            while memory() > budget and r.xlen(key):
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "what XLEN has room for",
        "was deleted by XDEL before",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            return r.xtrim(key, maxlen=budget // 40, approximate=False)
        """,
    ),
    (
        "7.3",
        "a mean is right for all",
        "no mean is right for both",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            if memory() <= budget:
                return 0
            each = memory() / r.xlen(key)
            return r.xtrim(key, maxlen=int(budget / each), approximate=False)
        """,
    ),
    (
        "7.3",
        "a day in seconds",
        "In which unit do ids count",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400, approximate=False)
            dropped = 0
            while memory() > budget and r.xlen(key):
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "half of it, to be safe",
        "Drop at most 100 at a time",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            dropped = 0
            while memory() > budget and r.xlen(key):
                dropped += r.xtrim(key, maxlen=r.xlen(key) // 2, approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "counts the old ones, too",
        "Those that were too old do not count",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget and r.xlen(key):
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.4",
        "XDEL clears the pending lists",
        "XDEL does not acknowledge",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            if ids:
                r.xdel(key, *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "one group is enough",
        "on the pending list of shipping",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key)[:2]:
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "ids can be used again",
        "An id is never used twice",
        """
        def forget(r, key, customer):
            ids = []
            for entry_id, fields in r.xrange(key):
                if fields.get("customer") == customer:
                    ids.append(entry_id)
                    r.xdel(key, entry_id)
                    r.xadd(key, {"order_id": fields["order_id"], "customer": "?"}, id=entry_id)
            return ids
        """,
    ),
    (
        "7.4",
        "an anonymous copy under a new id",
        "Nothing is to be added",
        """
        def forget(r, key, customer):
            ids = []
            for entry_id, fields in r.xrange(key):
                if fields.get("customer") == customer:
                    ids.append(entry_id)
                    r.xdel(key, entry_id)
                    r.xadd(key, {"order_id": fields["order_id"]})
            return ids
        """,
    ),
    (
        "7.4",
        "off the lists first",
        "what has to go first",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            if ids:
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
                r.xdel(key, *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "every order has a customer",
        "One order has no field customer",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields["customer"] == customer]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "the customer anywhere in the order",
        "it is the field customer that counts",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if customer in fields.values()]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "a customer without orders",
        "What if the customer has no orders",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            r.xdel(key, *ids)
            for group in r.xinfo_groups(key):
                r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.5",
        "the lag is what is left",
        "A lag does not know what was trimmed",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            return r.xinfo_stream(key)["entries-added"] - handled - (row["lag"] or 0) - row["pending"]
        """,
    ),
    (
        "7.5",
        "entries-read is what was delivered",
        "entries-read is no count",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            return (row["entries-read"] or 0) - handled - row["pending"]
        """,
    ),
    (
        "7.5",
        "what XLEN lacks",
        "may have been handled long ago",
        """
        def lost(r, key, group, handled):
            stream = r.xinfo_stream(key)
            return stream["entries-added"] - stream["length"]
        """,
    ),
    (
        "7.5",
        "pending is lost",
        "An order that is pending, and in the stream, is not lost",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            waiting = len(r.xrange(key, "(" + row["last-delivered-id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - waiting
        """,
    ),
    (
        "7.5",
        "pending is safe",
        "pending and no longer in the stream",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            waiting = len(r.xrange(key, "(" + row["last-delivered-id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - waiting - row["pending"]
        """,
    ),
    (
        "7.5",
        "any group",
        "Added, less handled, less what can still be read",
        """
        def lost(r, key, group, handled):
            row = r.xinfo_groups(key)[0]
            waiting = len(r.xrange(key, "(" + row["last-delivered-id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - waiting
        """,
    ),
    (
        "7.5",
        "read what is left",
        "the books are only to be read",
        """
        def lost(r, key, group, handled):
            reply = r.xreadgroup(group, "auditor", {key: ">"})
            left = len(reply[0][1]) if reply else 0
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
]
