WRONG = [
    (
        "4.1",
        "min-idle 0",
        "before it may lose what it holds",
        """
        def take_over(r, key, group, me, silent_ms):
            _, taken, _ = r.xautoclaim(key, group, me, 0)
            return [order["order_id"] for _, order in taken]
        """,
    ),
    (
        "4.1",
        "seconds for milliseconds",
        "The limit is in milliseconds",
        """
        def take_over(r, key, group, me, silent_ms):
            _, taken, _ = r.xautoclaim(key, group, me, silent_ms // 1000)
            return [order["order_id"] for _, order in taken]
        """,
    ),
    (
        "4.1",
        "a new consumer reads >",
        "gives what nobody has had, under whatever name",
        """
        def take_over(r, key, group, me, silent_ms):
            reply = r.xreadgroup(group, me, {key: ">"}, count=100)
            return [order["order_id"] for _, entries in reply for _, order in entries]
        """,
    ),
    (
        "4.1",
        "rename: asks as the dead one",
        "makes you that consumer",
        """
        def take_over(r, key, group, me, silent_ms):
            names = {row["consumer"] for row in r.xpending_range(key, group, "-", "+", 100, idle=silent_ms)}
            taken = []
            for name in sorted(names):
                [[_, entries]] = r.xreadgroup(group, name, {key: "0"}, count=100)
                taken += [order["order_id"] for _, order in entries]
            return sorted(taken)
        """,
    ),
    (
        "4.1",
        "XDEL and XADD",
        "every other group gets it a second time",
        """
        def take_over(r, key, group, me, silent_ms):
            taken = []
            for row in r.xpending_range(key, group, "-", "+", 100, idle=silent_ms):
                [(entry_id, order)] = r.xrange(key, row["message_id"], row["message_id"])
                r.xdel(key, entry_id)
                r.xack(key, group, entry_id)
                r.xadd(key, order)
                taken.append(order["order_id"])
            return taken
        """,
    ),
    (
        "4.1",
        "removes the dead consumer",
        "what it held went with it",
        """
        def take_over(r, key, group, me, silent_ms):
            taken = []
            for row in r.xpending_range(key, group, "-", "+", 100, idle=silent_ms):
                taken.append(r.xrange(key, row["message_id"], row["message_id"])[0][1]["order_id"])
                r.xgroup_delconsumer(key, group, row["consumer"])
            return taken
        """,
    ),
    (
        "4.1",
        "sets the cursor back",
        "also what others are working on",
        """
        def take_over(r, key, group, me, silent_ms):
            r.xgroup_setid(key, group, "0")
            reply = r.xreadgroup(group, me, {key: ">"}, count=2)
            r.xgroup_setid(key, group, "0")
            return [order["order_id"] for _, entries in reply for _, order in entries]
        """,
    ),
    (
        "4.1",
        "looks with the limit, takes without",
        "came back between your look and your claim",
        """
        def take_over(r, key, group, me, silent_ms):
            taken = []
            for row in r.xpending_range(key, group, "-", "+", 100, idle=silent_ms):
                for _, order in r.xclaim(key, group, me, 0, [row["message_id"]]):
                    taken.append(order["order_id"])
            return taken
        """,
    ),
    (
        "4.1",
        "acknowledges what it takes",
        "as if it were done",
        """
        def take_over(r, key, group, me, silent_ms):
            _, taken, _ = r.xautoclaim(key, group, me, silent_ms)
            for entry_id, _ in taken:
                r.xack(key, group, entry_id)
            return [order["order_id"] for _, order in taken]
        """,
    ),
    (
        "4.1",
        "only looks",
        "should hold it",
        """
        def take_over(r, key, group, me, silent_ms):
            rows = r.xpending_range(key, group, "-", "+", 100, idle=silent_ms)
            return [r.xrange(key, row["message_id"], row["message_id"])[0][1]["order_id"] for row in rows]
        """,
    ),
    (
        "4.1",
        "returns ids of entries",
        "the order_id of each order that was taken",
        """
        def take_over(r, key, group, me, silent_ms):
            _, taken, _ = r.xautoclaim(key, group, me, silent_ms)
            return [entry_id for entry_id, _ in taken]
        """,
    ),
    (
        "4.1",
        "returns the plan",
        "Only the answer of the command that takes",
        """
        def take_over(r, key, group, me, silent_ms):
            ids = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 100, idle=silent_ms)]
            if ids:
                r.xclaim(key, group, me, silent_ms, ids)
            return [r.xrange(key, i, i)[0][1]["order_id"] for i in ids]
        """,
    ),
    (
        "4.1",
        "ten at most",
        "You took 10 of 12 and stopped",
        """
        def take_over(r, key, group, me, silent_ms):
            _, taken, _ = r.xautoclaim(key, group, me, silent_ms, count=10)
            return [order["order_id"] for _, order in taken]
        """,
    ),
    (
        "4.1",
        "sorts by order number",
        "of their ids, not of their numbers",
        """
        def take_over(r, key, group, me, silent_ms):
            _, taken, _ = r.xautoclaim(key, group, me, silent_ms)
            return sorted(order["order_id"] for _, order in taken)
        """,
    ),
    (
        "4.1",
        "claims what nobody held",
        "XCLAIM with FORCE takes anything",
        """
        def take_over(r, key, group, me, silent_ms):
            ids = [entry_id for entry_id, _ in r.xrange(key)]
            return [order["order_id"] for _, order in r.xclaim(key, group, me, silent_ms, ids, force=True)]
        """,
    ),
    (
        "4.2",
        "XLEN is the backlog",
        "XLEN counts what the stream keeps",
        """
        def triage(r, key, group, longest_ms):
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": r.xlen(key), "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "XLEN without what is pending",
        "taking away what is pending does not leave what waits",
        """
        def triage(r, key, group, longest_ms):
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            info = [info for info in r.xinfo_groups(key) if info["name"] == group][0]
            done = info["entries-read"] if not held else 0
            return {"waiting": r.xlen(key) - len(held) - done, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "pending is stuck",
        "Pending is not stuck",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = info["lag"]
            if waiting is None:
                waiting = len(r.xrange(key, min=f"({info['last-delivered-id']}"))
            return {"waiting": waiting, "working": 0, "stuck": r.xpending(key, group)["pending"]}
        """,
    ),
    (
        "4.2",
        "lag nil is zero",
        "A lag of nil is not zero",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": info["lag"] or 0, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "lag as it is",
        "A lag of nil is not zero",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": info["lag"], "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "the entry at the cursor waits too",
        "A range includes both of its ends",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = len(r.xrange(key, min=info["last-delivered-id"]))
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "another group's lag",
        "another group's number",
        """
        def triage(r, key, group, longest_ms):
            info = r.xinfo_groups(key)[0]
            waiting = len(r.xrange(key, min=f"({info['last-delivered-id']}"))
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "only the first hundred",
        "Did you ask for all of them",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = len(r.xrange(key, min=f"({info['last-delivered-id']}"))
            held = r.xpending_range(key, group, "-", "+", 100)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "reads to count",
        "handed out orders by looking",
        """
        def triage(r, key, group, longest_ms):
            reply = r.xreadgroup(group, "triage", {key: ">"}, noack=True)
            waiting = sum(len(entries) for _, entries in reply)
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "a range from the cursor, less one",
        "so there is nothing to take away",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = len(r.xrange(key, info["last-delivered-id"], "+")) - 1
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "XLEN without the entries read",
        "as soon as a read entry is deleted",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = r.xlen(key) - (info["entries-read"] or 0)
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "compares ids as text",
        "compare as two numbers each, not as text",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = sum(i > info["last-delivered-id"] for i, _ in r.xrange(key))
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "all of the stream, without XLEN",
        "That is what the stream keeps",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = len(r.xrange(key))
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.2",
        "makes a consumer",
        "who only looks needs no consumer",
        """
        def triage(r, key, group, longest_ms):
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            waiting = len(r.xrange(key, min=f"({info['last-delivered-id']}"))
            r.xgroup_createconsumer(key, group, "pager")
            held = r.xpending_range(key, group, "-", "+", 1000)
            stuck = sum(row["time_since_delivered"] >= longest_ms for row in held)
            return {"waiting": waiting, "working": len(held) - stuck, "stuck": stuck}
        """,
    ),
    (
        "4.3",
        "not pending is done",
        "because nobody was given it",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            return held[0]["consumer"] if held else "done"
        """,
    ),
    (
        "4.3",
        "not pending is waiting",
        "Nobody holds it any more",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            return held[0]["consumer"] if held else "waiting"
        """,
    ),
    (
        "4.3",
        "compares the number with text",
        "comes back as text",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == order_id]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            return held[0]["consumer"] if held else "done"
        """,
    ),
    (
        "4.3",
        "takes the order_id for the entry's id",
        "The id of the entry is not its order_id",
        """
        def where_is(r, key, group, order_id):
            if not r.xrange(key, order_id, order_id):
                return "unknown"
            held = r.xpending_range(key, group, order_id, order_id, 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if r.xrange(key, f"({info['last-delivered-id']}", order_id) else "done"
        """,
    ),
    (
        "4.3",
        "compares ids as text",
        "as two numbers each, not as text",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] > info["last-delivered-id"] else "done"
        """,
    ),
    (
        "4.3",
        "reads to find out",
        "handed out orders by looking",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            reply = r.xreadgroup(group, "desk", {key: ">"})
            waiting = [i for _, entries in reply for i, _ in entries]
            return "waiting" if ids[0] in waiting else "done"
        """,
    ),
    (
        "4.3",
        "only the first ten pending",
        "Did you see all of them",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            for row in r.xpending_range(key, group, "-", "+", 10):
                if row["message_id"] == ids[0]:
                    return row["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "whoever holds something",
        "The other holds something else",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            if r.xpending_range(key, group, ids[0], ids[0], 1):
                return r.xpending(key, group)["consumers"][0]["name"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "the highest pending id is the cursor",
        "The highest pending id is not the cursor",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            rows = r.xpending_range(key, group, "-", "+", 100)
            return "waiting" if not rows or ids[0] in dict(r.xrange(key, f"({rows[-1]['message_id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "the entry at the cursor waits too",
        "The entry at the cursor is the last",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] in dict(r.xrange(key, info["last-delivered-id"])) else "done"
        """,
    ),
    (
        "4.3",
        "the first group's cursor",
        "the answer for another group",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            info = r.xinfo_groups(key)[0]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "the last group's cursor",
        "the answer for another group",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            info = r.xinfo_groups(key)[-1]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "milliseconds only",
        "milliseconds and a sequence number",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            entry, cursor = (int(i.split("-")[0]) for i in (ids[0], info["last-delivered-id"]))
            return "waiting" if entry > cursor else "done"
        """,
    ),
    (
        "4.3",
        "an id as a decimal number",
        "milliseconds and a sequence number",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            entry, cursor = (float(i.replace("-", ".")) for i in (ids[0], info["last-delivered-id"]))
            return "waiting" if entry > cursor else "done"
        """,
    ),
    (
        "4.3",
        "a part of the order_id",
        "the order_id has to be equal",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if str(order_id) in order["order_id"]]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "any field",
        "only the field order_id says",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if str(order_id) in order.values()]
            if not ids:
                return "unknown"
            held = r.xpending_range(key, group, ids[0], ids[0], 1)
            if held:
                return held[0]["consumer"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.3",
        "reads what everybody holds",
        "raised the delivery counts",
        """
        def where_is(r, key, group, order_id):
            ids = [i for i, order in r.xrange(key) if order["order_id"] == str(order_id)]
            if not ids:
                return "unknown"
            for row in r.xinfo_consumers(key, group):
                [[_, entries]] = r.xreadgroup(group, row["name"], {key: "0"})
                if ids[0] in dict(entries):
                    return row["name"]
            [info] = [info for info in r.xinfo_groups(key) if info["name"] == group]
            return "waiting" if ids[0] in dict(r.xrange(key, f"({info['last-delivered-id']}")) else "done"
        """,
    ),
    (
        "4.4",
        "only new ones",
        "which me holds from its last life, was forgotten",
        """
        def run(r, key, group, me, work):
            done = []
            while reply := r.xreadgroup(group, me, {key: ">"}, count=1):
                [(entry_id, order)] = reply[0][1]
                work(order)
                r.xack(key, group, entry_id)
                done.append(order["order_id"])
            return done
        """,
    ),
    (
        "4.4",
        "acknowledges before the work",
        "before its work",
        """
        def run(r, key, group, me, work):
            done = []
            for start in ("0", ">"):
                while True:
                    reply = r.xreadgroup(group, me, {key: start}, count=1)
                    entries = reply[0][1] if reply else []
                    if not entries:
                        break
                    [(entry_id, order)] = entries
                    r.xack(key, group, entry_id)
                    work(order)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "4.4",
        "takes all at once",
        "take one at a time",
        """
        def run(r, key, group, me, work):
            done = []
            for start in ("0", ">"):
                for _, entries in r.xreadgroup(group, me, {key: start}):
                    for entry_id, order in entries:
                        work(order)
                        r.xack(key, group, entry_id)
                        done.append(order["order_id"])
            return done
        """,
    ),
    (
        "4.4",
        "acknowledges at the end",
        "was still pending: after a crash it would be done again",
        """
        def run(r, key, group, me, work):
            done = []
            for _, entries in r.xreadgroup(group, me, {key: "0"}):
                for entry_id, order in entries:
                    work(order)
                    done.append((entry_id, order["order_id"]))
            while reply := r.xreadgroup(group, me, {key: ">"}, count=1):
                [(entry_id, order)] = reply[0][1]
                work(order)
                done.append((entry_id, order["order_id"]))
            if done:
                r.xack(key, group, *[entry_id for entry_id, _ in done])
            return [order_id for _, order_id in done]
        """,
    ),
    (
        "4.4",
        "swallows the exception",
        "Whoever swallows it",
        """
        def run(r, key, group, me, work):
            done = []
            for start in ("0", ">"):
                while True:
                    reply = r.xreadgroup(group, me, {key: start}, count=1)
                    entries = reply[0][1] if reply else []
                    if not entries:
                        break
                    [(entry_id, order)] = entries
                    try:
                        work(order)
                    except Exception:
                        return done
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "4.4",
        "takes over from colleagues",
        "what others hold stays with them",
        """
        def run(r, key, group, me, work):
            r.xautoclaim(key, group, me, 0)
            done = []
            for start in ("0", ">"):
                while True:
                    reply = r.xreadgroup(group, me, {key: start}, count=1)
                    entries = reply[0][1] if reply else []
                    if not entries:
                        break
                    [(entry_id, order)] = entries
                    work(order)
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "4.4",
        "gives the client's reply to work",
        "it gets the fields of one order",
        """
        def run(r, key, group, me, work):
            done = []
            for start in ("0", ">"):
                while True:
                    reply = r.xreadgroup(group, me, {key: start}, count=1)
                    entries = reply[0][1] if reply else []
                    if not entries:
                        break
                    work(entries[0])
                    r.xack(key, group, entries[0][0])
                    done.append(entries[0][1]["order_id"])
            return done
        """,
    ),
    (
        "4.4",
        "asks for its own only",
        "then what waits",
        """
        def run(r, key, group, me, work):
            done = []
            while entries := r.xreadgroup(group, me, {key: "0"}, count=1)[0][1]:
                [(entry_id, order)] = entries
                work(order)
                r.xack(key, group, entry_id)
                done.append(order["order_id"])
            return done
        """,
    ),
    (
        "4.5",
        "XAUTOCLAIM takes from everybody",
        "only consumer1's are to be shared out",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given, n = {heir: [] for heir in heirs}, 0
            while True:
                heir = heirs[n % len(heirs)]
                _, taken, _ = r.xautoclaim(key, group, heir, silent_ms, count=1)
                if not taken:
                    return given
                given[heir].append(taken[0][1]["order_id"])
                n += 1
        """,
    ),
    (
        "4.5",
        "min-idle 0 from the start",
        "got less than",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given = {heir: [] for heir in heirs}
            for n, row in enumerate(r.xpending_range(key, group, "-", "+", 100, consumername=dead)):
                heir = heirs[n % len(heirs)]
                for _, order in r.xclaim(key, group, heir, 0, [row["message_id"]]):
                    given[heir].append(order["order_id"])
            return given
        """,
    ),
    (
        "4.5",
        "looks with the limit, takes without",
        "came back between your look and your claim",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given = {heir: [] for heir in heirs}
            rows = r.xpending_range(key, group, "-", "+", 100, consumername=dead, idle=silent_ms)
            for n, row in enumerate(rows):
                heir = heirs[n % len(heirs)]
                for _, order in r.xclaim(key, group, heir, 0, [row["message_id"]]):
                    given[heir].append(order["order_id"])
            return given
        """,
    ),
    (
        "4.5",
        "returns the plan",
        "is what was handed over",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given = {heir: [] for heir in heirs}
            orders = dict(r.xrange(key))
            rows = r.xpending_range(key, group, "-", "+", 100, consumername=dead, idle=silent_ms)
            for n, row in enumerate(rows):
                heir = heirs[n % len(heirs)]
                r.xclaim(key, group, heir, silent_ms, [row["message_id"]])
                given[heir].append(orders[row["message_id"]]["order_id"])
            return given
        """,
    ),
    (
        "4.5",
        "removes the consumer first",
        "throws away what the consumer holds",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given = {heir: [] for heir in heirs}
            rows = r.xpending_range(key, group, "-", "+", 100, consumername=dead, idle=silent_ms)
            r.xgroup_delconsumer(key, group, dead)
            for n, row in enumerate(rows):
                heir = heirs[n % len(heirs)]
                for _, order in r.xclaim(key, group, heir, silent_ms, [row["message_id"]]):
                    given[heir].append(order["order_id"])
            return given
        """,
    ),
    (
        "4.5",
        "all to the first",
        "in turn, the oldest first",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given = {heir: [] for heir in heirs}
            rows = r.xpending_range(key, group, "-", "+", 100, consumername=dead, idle=silent_ms)
            for row in rows:
                for _, order in r.xclaim(key, group, heirs[0], silent_ms, [row["message_id"]]):
                    given[heirs[0]].append(order["order_id"])
            return given
        """,
    ),
    (
        "4.5",
        "only heirs who got something",
        "empty for none",
        """
        def deal_out(r, key, group, dead, heirs, silent_ms):
            given = {}
            rows = r.xpending_range(key, group, "-", "+", 100, consumername=dead, idle=silent_ms)
            for n, row in enumerate(rows):
                heir = heirs[n % len(heirs)]
                for _, order in r.xclaim(key, group, heir, silent_ms, [row["message_id"]]):
                    given.setdefault(heir, []).append(order["order_id"])
            return given
        """,
    ),
]
