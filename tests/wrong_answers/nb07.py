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
        "7.1",
        "whole seconds",
        "rounded to whole seconds",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=(now_ms // 1000 - 86_400) * 1000, approximate=False)
        """,
    ),
    (
        "7.1",
        "a millisecond early",
        "which id is the first that is kept",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim(key, minid=now_ms - 86_400_000 - 1, approximate=False)
        """,
    ),
    (
        "7.1",
        "the key of the examples",
        "only its parameter key says",
        """
        def keep_a_day(r, key, now_ms):
            return r.xtrim("orders", minid=now_ms - 86_400_000, approximate=False)
        """,
    ),
    (
        "7.1",
        "ids as text",
        "As text, 108000000 is less than 86400000",
        """
        def keep_a_day(r, key, now_ms):
            old = [entry_id for entry_id, _ in r.xrange(key) if entry_id < str(now_ms - 86_400_000)]
            return r.xdel(key, *old) if old else 0
        """,
    ),
    (
        "7.1",
        "one page",
        "was that one page of many",
        """
        def keep_a_day(r, key, now_ms):
            old = [entry_id for entry_id, _ in r.xrange(key, max=now_ms - 86_400_000 - 1, count=100)]
            return r.xdel(key, *old) if old else 0
        """,
    ),
    (
        "7.1",
        "an end without a sequence",
        "leaves out that one alone",
        """
        def keep_a_day(r, key, now_ms):
            old = [entry_id for entry_id, _ in r.xrange(key, max=f"({now_ms - 86_400_000}")]
            return r.xdel(key, *old) if old else 0
        """,
    ),
    (
        "7.1",
        "something is always too old",
        "What if nothing is that old",
        """
        def keep_a_day(r, key, now_ms):
            return r.xdel(key, *[entry_id for entry_id, _ in r.xrange(key, max=now_ms - 86_400_000 - 1)])
        """,
    ),
    (
        "7.1",
        "an expiry",
        "An expiry knows no orders",
        """
        def keep_a_day(r, key, now_ms):
            r.expire(key, 86_400)
            return 0
        """,
    ),
    (
        "7.1",
        "a script",
        "the simulator runs no scripts",
        """
        def keep_a_day(r, key, now_ms):
            script = "return redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1])"
            return r.eval(script, 1, key, now_ms - 86_400_000)
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
        "7.2",
        "pending, else the cursor",
        "The cursor of mail was set back to 3-0",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = [r.xpending(key, group["name"])["min"] or after(group) for group in r.xinfo_groups(key)]
            return r.xtrim(key, minid=min(needed, key=num), approximate=False) if needed else 0
        """,
    ),
    (
        "7.2",
        "the count of XINFO GROUPS holds",
        "Is there nothing else that mail needs",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                if group["pending"]:
                    rows = r.xpending_range(key, group["name"], "-", "+", 1)
                    needed += [min(row["message_id"], after(group), key=num) for row in rows]
                else:
                    needed.append(after(group))
            return r.xtrim(key, minid=min(needed, key=num), approximate=False) if needed else 0
        """,
    ),
    (
        "7.2",
        "what was pending is pending",
        "What you were told first may have changed",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                needed.append(after(group))
                if group["pending"]:
                    needed.append(r.xpending(key, group["name"])["min"])
            return r.xtrim(key, minid=min(needed, key=num), approximate=False) if needed else 0
        """,
    ),
    (
        "7.2",
        "the pending list first, order by order",
        "which of the two to read first",
        """
        def trim_done(r, key):
            names = [group["name"] for group in r.xinfo_groups(key)]
            dropped = 0
            for entry_id, _ in r.xrange(key) if names else []:
                for name in names:
                    if r.xpending_range(key, name, entry_id, entry_id, 1):
                        return dropped
                    [group] = [group for group in r.xinfo_groups(key) if group["name"] == name]
                    if tuple(map(int, group["last-delivered-id"].split("-"))) < tuple(map(int, entry_id.split("-"))):
                        return dropped
                dropped += r.xdel(key, entry_id)
            return dropped
        """,
    ),
    (
        "7.2",
        "a pipeline keeps others out",
        "others' commands still come between",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            names = [group["name"] for group in r.xinfo_groups(key)]
            with r.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.xpending(key, name)
                pipe.xinfo_groups(key)
                *lists, groups = pipe.execute()
            needed = [after(group) for group in groups] + [held["min"] for held in lists if held["min"]]
            return r.xtrim(key, minid=min(needed, key=num), approximate=False) if needed else 0
        """,
    ),
    (
        "7.2",
        "the length before and after",
        "who knows how many went",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            before = r.xlen(key)
            needed = []
            for group in r.xinfo_groups(key):
                needed.append(after(group))
                oldest = r.xpending(key, group["name"])["min"]
                needed += [oldest] if oldest else []
            if not needed:
                return 0
            r.xtrim(key, minid=min(needed, key=num), approximate=False)
            return before - r.xlen(key)
        """,
    ),
    (
        "7.2",
        "milliseconds only",
        "An id is two numbers, no fraction",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                needed.append(after(group))
                oldest = r.xpending(key, group["name"])["min"]
                needed += [oldest] if oldest else []
            if not needed:
                return 0
            return r.xtrim(key, minid=min(needed, key=lambda entry_id: num(entry_id)[0]), approximate=False)
        """,
    ),
    (
        "7.2",
        "ids as fractions",
        "An id is two numbers, no fraction",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                needed.append(after(group))
                oldest = r.xpending(key, group["name"])["min"]
                needed += [oldest] if oldest else []
            if not needed:
                return 0
            first = min(needed, key=lambda entry_id: float(entry_id.replace("-", ".")))
            return r.xtrim(key, minid=first, approximate=False)
        """,
    ),
    (
        "7.2",
        "an id without its second number",
        "MINID 5 is 5-0",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                needed.append(after(group))
                oldest = r.xpending(key, group["name"])["min"]
                needed += [oldest] if oldest else []
            if not needed:
                return 0
            return r.xtrim(key, minid=min(needed, key=num).split("-")[0], approximate=False)
        """,
    ),
    (
        "7.2",
        "one page",
        "was that one page of many",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                needed.append(after(group))
                oldest = r.xpending(key, group["name"])["min"]
                needed += [oldest] if oldest else []
            if not needed:
                return 0
            done = [entry_id for entry_id, _ in r.xrange(key, max="(" + min(needed, key=num), count=100)]
            return r.xdel(key, *done) if done else 0
        """,
    ),
    (
        "7.2",
        "as many as somebody lacks",
        "what is pending has gaps",
        """
        def trim_done(r, key):
            groups = r.xinfo_groups(key)
            if not groups:
                return 0
            return r.xtrim(key, maxlen=max(group["lag"] + group["pending"] for group in groups), approximate=False)
        """,
    ),
    (
        "7.2",
        "the last id, asked for after the groups",
        "was asked for after that",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def after(group):
            ms, number = group["last-delivered-id"].split("-")
            return f"{ms}-{int(number) + 1}"

        def trim_done(r, key):
            needed = []
            for group in r.xinfo_groups(key):
                oldest = r.xpending(key, group["name"])["min"]
                if group["lag"] == 0 and not oldest:
                    ms, number = r.xinfo_stream(key)["last-generated-id"].split("-")
                    needed.append(f"{ms}-{int(number) + 1}")
                else:
                    needed += [after(group)] + ([oldest] if oldest else [])
            return r.xtrim(key, minid=min(needed, key=num), approximate=False) if needed else 0
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
        "7.3",
        "measured before the first rule",
        "once the first rule is done",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            size, dropped = memory(), 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while size > budget:
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
                size = memory()
            return dropped
        """,
    ),
    (
        "7.3",
        "as much as the budget is too much",
        "which is the budget, and not more",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while r.xlen(key) and memory() >= budget:
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "150 at a time",
        "One of your steps dropped 150",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 150, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "an hour at a time",
        "how many orders share a millisecond, or an hour",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            oldest, dropped = now_ms - days * 86_400_000, 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                oldest += 3_600_000
                dropped += r.xtrim(key, minid=oldest, approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "the mean, again and again",
        "The oldest 60 orders are large",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while (size := memory()) > budget:
                dropped += r.xtrim(key, maxlen=int(r.xlen(key) * budget / size), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "the last one stays",
        "May the last one stay",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                dropped += r.xtrim(key, minid=r.xrange(key, count=100)[-1][0], approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "always a week",
        "days is 2 here",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - 7 * 86_400_000, approximate=False)
            while memory() > budget:
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "drops before it asks",
        "ask before you drop",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while True:
                dropped += r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
                if memory() <= budget:
                    return dropped
        """,
    ),
    (
        "7.3",
        "the last step only",
        "what is the sum of all",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                dropped = r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
            return dropped
        """,
    ),
    (
        "7.3",
        "a hundred each time",
        "A step may drop fewer than it asks for",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                r.xtrim(key, maxlen=max(r.xlen(key) - 100, 0), approximate=False)
                dropped += 100
            return dropped
        """,
    ),
    (
        "7.3",
        "the newest go",
        "Which are to go first",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                dropped += r.xdel(key, *[entry_id for entry_id, _ in r.xrevrange(key, count=50)])
            return dropped
        """,
    ),
    (
        "7.3",
        "there are always 100 more",
        "fewer orders left than you want to drop",
        """
        def keep_within(r, key, now_ms, days, budget, memory):
            dropped = 0
            r.xtrim(key, minid=now_ms - days * 86_400_000, approximate=False)
            while memory() > budget:
                dropped += r.xtrim(key, maxlen=r.xlen(key) - 100, approximate=False)
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
        "7.4",
        "part of a name",
        "an order of c-170, and that is another customer",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if customer in fields.get("customer", "")]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "small letters",
        "an order of C-17, and that is another customer",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer", "").lower() == customer]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "one page",
        "Was one page read",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key, count=100) if fields.get("customer") == customer]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "the next millisecond",
        "What lies between the end of a page",
        """
        def forget(r, key, customer):
            ids, start = [], "-"
            while page := r.xrange(key, min=start, count=100):
                ids += [entry_id for entry_id, fields in page if fields.get("customer") == customer]
                start = int(page[-1][0].split("-")[0]) + 1
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "pages that overlap",
        "is in it twice",
        """
        def forget(r, key, customer):
            ids, start, page = [], "-", [None] * 100
            while len(page) == 100:
                page = r.xrange(key, min=start, count=100)
                ids += [entry_id for entry_id, fields in page if fields.get("customer") == customer]
                start = page[-1][0] if page else start
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "ids as text",
        "Ids are no text",
        """
        def forget(r, key, customer):
            ids = sorted(entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer)
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "ten of the pending ones",
        "only a part of the list",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            if ids:
                r.xdel(key, *ids)
            for group in r.xinfo_groups(key):
                for row in r.xpending_range(key, group["name"], "-", "+", 10):
                    if row["message_id"] in ids:
                        r.xack(key, group["name"], row["message_id"])
            return ids
        """,
    ),
    (
        "7.4",
        "the first group only",
        "there are several groups",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            if ids:
                r.xdel(key, *ids)
                for group in r.xinfo_groups(key)[:1]:
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "a trim up to each",
        "XTRIM drops everything before an id",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            if ids:
                r.xtrim(key, minid=ids[-1], approximate=False)
                for group in r.xinfo_groups(key):
                    r.xack(key, group["name"], *ids)
            return ids
        """,
    ),
    (
        "7.4",
        "off the lists first, in a pipeline",
        "others' commands still come between",
        """
        def forget(r, key, customer):
            ids = [entry_id for entry_id, fields in r.xrange(key) if fields.get("customer") == customer]
            with r.pipeline(transaction=False) as pipe:
                for group in r.xinfo_groups(key) if ids else []:
                    pipe.xack(key, group["name"], *ids)
                if ids:
                    pipe.xdel(key, *ids)
                pipe.execute()
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
        "These are books of billing, and not of mail",
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
    (
        "7.5",
        "what others hold",
        "is not for this group's workers",
        """
        def lost(r, key, group, handled):
            ids = set()
            for row in r.xinfo_groups(key):
                ids |= {each["message_id"] for each in r.xpending_range(key, row["name"], "-", "+", 10_000)}
                if row["name"] == group:
                    left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            left += sum(bool(r.xrange(key, entry_id, entry_id)) for entry_id in ids)
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "one page of the pending ones",
        "was it one page",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 100):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "one page of the new ones",
        "was it one page",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"], count=100))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "one consumer",
        "in the hands of several consumers",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 10_000, consumername="ada"):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "the id is a count",
        "does not count what was added",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return int(r.xinfo_stream(key)["last-generated-id"].split("-")[0]) - handled - left
        """,
    ),
    (
        "7.5",
        "new from the next millisecond on",
        "in the same millisecond even",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, int(row["last-delivered-id"].split("-")[0]) + 1))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "after the first entry",
        "The first entry itself is there",
        """
        def num(entry_id):
            return tuple(map(int, entry_id.split("-")))

        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for first, _ in r.xrange(key, count=1):
                held = r.xpending_range(key, group, "-", "+", 10_000)
                left += sum(num(each["message_id"]) > num(first) for each in held)
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "there by its millisecond",
        "Some that are gone pass for present",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += bool(r.xrange(key, each["message_id"].split("-")[0], each["message_id"].split("-")[0]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "a first entry in any case",
        "it has no first entry",
        """
        def lost(r, key, group, handled):
            first = r.xinfo_stream(key)["first-entry"][0]
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += tuple(map(int, each["message_id"].split("-"))) >= tuple(map(int, first.split("-")))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "what is in the stream is left",
        "something is subtracted twice",
        """
        def lost(r, key, group, handled):
            stream = r.xinfo_stream(key)
            return stream["entries-added"] - handled - stream["length"]
        """,
    ),
    (
        "7.5",
        "only what was pending",
        "is on no pending list",
        """
        def lost(r, key, group, handled):
            ids = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 10_000)]
            return sum(not r.xrange(key, entry_id, entry_id) for entry_id in ids)
        """,
    ),
    (
        "7.5",
        "entries-read is always a number",
        "None where Redis does not know",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            return row["entries-read"] - handled - row["pending"]
        """,
    ),
    (
        "7.5",
        "a look at the history",
        "counts a history read as a delivery",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for consumer in r.xinfo_consumers(key, group):
                for _, entries in r.xreadgroup(group, consumer["name"], {key: "0"}):
                    left += sum(bool(fields) for _, fields in entries)
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "a consumer of its own",
        "left the consumer audit behind",
        """
        def lost(r, key, group, handled):
            r.xgroup_createconsumer(key, group, "audit")
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
    (
        "7.5",
        "always mail",
        "here it is 'parcels'",
        """
        def lost(r, key, group, handled):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == "mail"]
            left = len(r.xrange(key, "(" + row["last-delivered-id"]))
            for each in r.xpending_range(key, group, "-", "+", 10_000):
                left += bool(r.xrange(key, each["message_id"], each["message_id"]))
            return r.xinfo_stream(key)["entries-added"] - handled - left
        """,
    ),
]
