"""Plausible wrong answers to the exercises of 08: number, idea, a part of the hint that answers it, source."""

WRONG = [
    (
        "8.1",
        "idle alone",
        "Idle times and pending counts do not decide this",
        """
        def reap(r, key, group, alive, me):
            gone = []
            for row in r.xinfo_consumers(key, group):
                if row["idle"] > 3_600_000:
                    r.xgroup_delconsumer(key, group, row["name"])
                    gone.append(row["name"])
            return sorted(gone)
        """,
    ),
    (
        "8.1",
        "idle of what it holds",
        "whose process runs: it is in alive. How long",
        """
        def reap(r, key, group, alive, me):
            silent = {row["consumer"] for row in r.xpending_range(key, group, "-", "+", 1000, idle=3_600_000)}
            for name in silent - {me}:
                held = r.xpending_range(key, group, "-", "+", 1000, consumername=name)
                r.xclaim(key, group, me, 0, [row["message_id"] for row in held])
                r.xgroup_delconsumer(key, group, name)
            return sorted(silent)
        """,
    ),
    (
        "8.1",
        "DELCONSUMER first",
        "throws away what the name holds (its answer is how much)",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                r.xgroup_delconsumer(key, group, name)
            r.xautoclaim(key, group, me, 3_600_000)
            return gone
        """,
    ),
    (
        "8.1",
        "XAUTOCLAIM takes from the living",
        "whose process runs: it is in alive, however long ago it got",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            start = "0-0"
            while True:
                start, _, _ = r.xautoclaim(key, group, me, 0, start)
                if start == "0-0":
                    break
            for name in gone:
                r.xgroup_delconsumer(key, group, name)
            return gone
        """,
    ),
    (
        "8.1",
        "claims, then deletes",
        "In which one step can you ask what a name holds and remove it?",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                held = r.xpending_range(key, group, "-", "+", 1000, consumername=name)
                if held:
                    r.xclaim(key, group, me, 0, [row["message_id"] for row in held])
                r.xgroup_delconsumer(key, group, name)
            return gone
        """,
    ),
    (
        "8.1",
        "deletes only what holds nothing, as looked up a moment ago",
        "A look is old when it arrives",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                while held := r.xpending_range(key, group, "-", "+", 100, consumername=name):
                    r.xclaim(key, group, me, 0, [row["message_id"] for row in held])
                r.xgroup_delconsumer(key, group, name)
            return gone
        """,
    ),
    (
        "8.1",
        "WATCH",
        "WATCH does not see what a group does",
        """
        import redis

        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                while True:
                    with r.pipeline() as pipe:
                        try:
                            pipe.watch(key)
                            held = pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                            pipe.multi()
                            if held:
                                pipe.xclaim(key, group, me, 0, [row["message_id"] for row in held])
                            pipe.xgroup_delconsumer(key, group, name)
                            pipe.execute()
                            break
                        except redis.WatchError:
                            pass
            return gone
        """,
    ),
    (
        "8.1",
        "ask and delete without MULTI",
        "read it between two of your commands",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                with r.pipeline(transaction=False) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    held, _ = pipe.execute()
                if held:
                    r.xclaim(key, group, me, 0, [row["message_id"] for row in held], force=True)
            return gone
        """,
    ),
    (
        "8.1",
        "acknowledges what the dead held",
        "an XACK takes an order off the list for good",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for row in r.xpending_range(key, group, "-", "+", 1000):
                if row["consumer"] in gone:
                    r.xack(key, group, row["message_id"])
            return gone
        """,
    ),
    (
        "8.1",
        "one page of a hundred",
        "XPENDING gives no more than its count",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                held = r.xpending_range(key, group, "-", "+", 100, consumername=name)
                if held:
                    r.xclaim(key, group, me, 0, [row["message_id"] for row in held])
                r.xgroup_delconsumer(key, group, name)
            return gone
        """,
    ),
    (
        "8.2",
        "SETID 0",
        "What lies after it is delivered once more",
        """
        def again(r, key, group, me, entry_id):
            r.xgroup_setid(key, group, "0")
            return dict(r.xreadgroup(group, me, {key: ">"})[0][1])[entry_id]
        """,
    ),
    (
        "8.2",
        "XADD again",
        "The group archive gets it as a new order",
        """
        def again(r, key, group, me, entry_id):
            found = r.xrange(key, entry_id, entry_id)
            if not found:
                return None
            r.xadd(key, found[0][1])
            return found[0][1]
        """,
    ),
    (
        "8.2",
        "XCLAIM without FORCE",
        "which option puts it there?",
        """
        def again(r, key, group, me, entry_id):
            claimed = r.xclaim(key, group, me, 0, [entry_id])
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "FORCE with min-idle 0",
        "XCLAIM can be told to respect that, also with FORCE",
        """
        def again(r, key, group, me, entry_id):
            claimed = r.xclaim(key, group, me, 0, [entry_id], force=True)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "min-idle of a minute",
        "who is working on it, and now two do the same work",
        """
        def again(r, key, group, me, entry_id):
            claimed = r.xclaim(key, group, me, 60_000, [entry_id], force=True)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "looks, then claims",
        "who got it between your look and your claim",
        """
        def again(r, key, group, me, entry_id):
            if r.xpending_range(key, group, entry_id, entry_id, 1):
                return None
            claimed = r.xclaim(key, group, me, 0, [entry_id], force=True)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "sets the cursor back and forth",
        "changed who holds 1005; only order 1004 was asked for",
        """
        def again(r, key, group, me, entry_id):
            [cursor] = [row["last-delivered-id"] for row in r.xinfo_groups(key) if row["name"] == group]
            ms, seq = entry_id.split("-")
            r.xgroup_setid(key, group, f"{int(ms) - 1}-99999")
            [[_, [(got, fields)]]] = r.xreadgroup(group, me, {key: ">"}, count=1)
            r.xgroup_setid(key, group, cursor)
            if got != entry_id:
                r.xack(key, group, got)
                return None
            return fields
        """,
    ),
    (
        "8.2",
        "a group of its own",
        "made the group again; only the group billing",
        """
        def again(r, key, group, me, entry_id):
            found = r.xrange(key, entry_id, entry_id)
            r.xgroup_create(key, "again", id="0")
            r.xclaim(key, "again", me, 0, [entry_id], force=True)
            return found[0][1] if found else None
        """,
    ),
    (
        "8.3",
        "XLEN is the backlog",
        "XLEN counts what is done as well",
        """
        def alarms(r, key, group, dead, now_ms):
            held = r.xpending_range(key, group, "-", "+", 1000)
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": r.xlen(key) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "idle is age",
        "each try begins its idle time anew",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            signs = {
                "old": any(row["time_since_delivered"] > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": len(r.xrange(key, f"({row['last-delivered-id']}", count=101)) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "nil is zero",
        "Nil is not zero; what can be counted?",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": (row["lag"] or 0) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "counts only where lag is nil",
        "after trimming, 7.0's lag is wrong",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            lag = row["lag"]
            if lag is None:
                lag = len(r.xrange(key, f"({row['last-delivered-id']}"))
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": lag > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "the oldest pending entry stands for all",
        "the oldest alone, or a page, does not show it",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1)
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": len(r.xrange(key, f"({row['last-delivered-id']}", count=101)) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "many pending means failing",
        "how many are pending says how busy the group is",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": len(held) >= 5,
                "behind": len(r.xrange(key, f"({row['last-delivered-id']}", count=101)) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "the cursor is counted too",
        "Exactly 100 orders wait",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            held = r.xpending_range(key, group, "-", "+", 1000)
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": len(r.xrange(key, row["last-delivered-id"], count=101)) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "reads to find out",
        "changed something; it should only look",
        """
        def alarms(r, key, group, dead, now_ms):
            reply = r.xreadgroup(group, "monitor", {key: ">"}, count=101)
            held = r.xpending_range(key, group, "-", "+", 1000)
            signs = {
                "old": any(now_ms - int(row["message_id"].split("-")[0]) > 600_000 for row in held),
                "failing": any(row["times_delivered"] >= 5 for row in held),
                "behind": bool(reply) and len(reply[0][1]) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.4",
        "the last entry tells",
        "does not make the stream forget its id",
        """
        def from_the_future(r, key, now_ms):
            entries = [entry_id for entry_id, _ in r.xrange(key) if int(entry_id.split("-")[0]) > now_ms]
            late = [row["name"] for row in r.xinfo_groups(key) if int(row["last-delivered-id"].split("-")[0]) > now_ms]
            return {"next": bool(entries), "entries": len(entries), "groups": sorted(late)}
        """,
    ),
    (
        "8.4",
        "compares text",
        "ids compare as numbers",
        """
        def from_the_future(r, key, now_ms):
            def late(entry_id):
                return entry_id.split("-")[0] > str(now_ms)

            return {
                "next": late(r.xinfo_stream(key)["last-generated-id"]),
                "entries": sum(late(entry_id) for entry_id, _ in r.xrange(key)),
                "groups": sorted(row["name"] for row in r.xinfo_groups(key) if late(row["last-delivered-id"])),
            }
        """,
    ),
    (
        "8.4",
        "the whole stream or no group",
        "A group is given what comes after its own cursor",
        """
        def from_the_future(r, key, now_ms):
            late = int(r.xinfo_stream(key)["last-generated-id"].split("-")[0]) > now_ms
            groups = sorted(row["name"] for row in r.xinfo_groups(key)) if late else []
            return {"next": late, "entries": len(r.xrange(key, now_ms + 1)), "groups": groups}
        """,
    ),
    (
        "8.4",
        "counts this millisecond",
        "A millisecond has many ids",
        """
        def from_the_future(r, key, now_ms):
            def late(entry_id):
                return int(entry_id.split("-")[0]) > now_ms

            return {
                "next": late(r.xinfo_stream(key)["last-generated-id"]),
                "entries": len(r.xrange(key, f"({now_ms}-0")),
                "groups": sorted(row["name"] for row in r.xinfo_groups(key) if late(row["last-delivered-id"])),
            }
        """,
    ),
    (
        "8.4",
        "adds an entry to see",
        "changed something; it should only look",
        """
        def from_the_future(r, key, now_ms):
            entries = len(r.xrange(key, now_ms + 1))
            fresh = r.xadd(key, {"test": 1})
            r.xdel(key, fresh)
            late = [row["name"] for row in r.xinfo_groups(key) if int(row["last-delivered-id"].split("-")[0]) > now_ms]
            return {"next": int(fresh.split("-")[0]) > now_ms, "entries": entries, "groups": sorted(late)}
        """,
    ),
    (
        "8.5",
        "a plain claim",
        "a claim counts as a delivery unless it is told otherwise",
        """
        def rename_consumer(r, key, group, old, new):
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            moved = r.xclaim(key, group, new, 0, [row["message_id"] for row in held]) if held else []
            r.xgroup_delconsumer(key, group, old)
            return len(moved)
        """,
    ),
    (
        "8.5",
        "JUSTID keeps everything",
        "a claim begins the idle time anew (with JUSTID, too)",
        """
        def rename_consumer(r, key, group, old, new):
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            moved = r.xclaim(key, group, new, 0, [row["message_id"] for row in held], justid=True) if held else []
            r.xgroup_delconsumer(key, group, old)
            return len(moved)
        """,
    ),
    (
        "8.5",
        "one idle time for all",
        "for each entry its own",
        """
        def rename_consumer(r, key, group, old, new):
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            ids, moved = [row["message_id"] for row in held], []
            if held:
                moved = r.xclaim(key, group, new, 0, ids, idle=held[0]["time_since_delivered"], justid=True)
            r.xgroup_delconsumer(key, group, old)
            return len(moved)
        """,
    ),
    (
        "8.5",
        "DELCONSUMER first",
        "What a name holds goes with the name",
        """
        def rename_consumer(r, key, group, old, new):
            r.xgroup_createconsumer(key, group, new)
            return r.xgroup_delconsumer(key, group, old)
        """,
    ),
    (
        "8.5",
        "counts the deleted one",
        "entries were handed over (one that it held was deleted",
        """
        def rename_consumer(r, key, group, old, new):
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            for row in held:
                how = {"idle": row["time_since_delivered"], "retrycount": row["times_delivered"]}
                r.xclaim(key, group, new, 0, [row["message_id"]], justid=True, **how)
            r.xgroup_delconsumer(key, group, old)
            return len(held)
        """,
    ),
    (
        "8.5",
        "the old name stays",
        "left the name billing-7f9c",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            for row in r.xpending_range(key, group, "-", "+", 1000, consumername=old):
                how = {"idle": row["time_since_delivered"], "retrycount": row["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 0, [row["message_id"]], justid=True, **how))
            return moved
        """,
    ),
    (
        "8.1",
        "XCLAIM 0 for the whole list",
        "took it over from billing-7f9c between your look and your claim",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                held = r.xpending_range(key, group, "-", "+", 1000, consumername=name)
                if held:
                    r.xclaim(key, group, me, 0, [row["message_id"] for row in held], justid=True)
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    ids, count = [row["message_id"]], row["times_delivered"]
                    r.xclaim(key, group, me, 86_400_000, ids, force=True, retrycount=count)
            return gone
        """,
    ),
    (
        "8.1",
        "FORCE on an old list",
        "and finished it. FORCE makes pending what nobody holds",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                for row in r.xpending_range(key, group, "-", "+", 1000, consumername=name):
                    ids, count = [row["message_id"]], row["times_delivered"]
                    r.xclaim(key, group, me, row["time_since_delivered"], ids, force=True, retrycount=count)
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    ids, count = [row["message_id"]], row["times_delivered"]
                    r.xclaim(key, group, me, 86_400_000, ids, force=True, retrycount=count)
            return gone
        """,
    ),
    (
        "8.1",
        "a plain claim counts",
        "a claim counts as a delivery unless it is told otherwise",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                for row in r.xpending_range(key, group, "-", "+", 1000, consumername=name):
                    r.xclaim(key, group, me, row["time_since_delivered"], [row["message_id"]])
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    ids, count = [row["message_id"]], row["times_delivered"]
                    r.xclaim(key, group, me, 86_400_000, ids, force=True, retrycount=count)
            return gone
        """,
    ),
    (
        "8.1",
        "FORCE without RETRYCOUNT for what came in between",
        "a claim with FORCE counts as well",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                for row in r.xpending_range(key, group, "-", "+", 1000, consumername=name):
                    r.xclaim(key, group, me, row["time_since_delivered"], [row["message_id"]], justid=True)
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    r.xclaim(key, group, me, 86_400_000, [row["message_id"]], force=True, justid=False)
            return gone
        """,
    ),
    (
        "8.1",
        "all with FORCE and JUSTID",
        "begins its count anew, unless the claim says otherwise",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    r.xclaim(key, group, me, 86_400_000, [row["message_id"]], force=True, justid=True)
            return gone
        """,
    ),
    (
        "8.1",
        "guesses what was lost from the cursor",
        "cannot be guessed from cursors and numbers",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                for row in r.xpending_range(key, group, "-", "+", 1000, consumername=name):
                    r.xclaim(key, group, me, row["time_since_delivered"], [row["message_id"]], justid=True)
                lost = r.xgroup_delconsumer(key, group, name)
                if lost:
                    [cursor] = [row["last-delivered-id"] for row in r.xinfo_groups(key) if row["name"] == group]
                    missed = [entry_id for entry_id, _ in r.xrevrange(key, cursor, count=lost)]
                    r.xclaim(key, group, me, 86_400_000, missed, force=True, justid=True)
            return gone
        """,
    ),
    (
        "8.1",
        "acknowledges what it took over",
        "acknowledged 1002, 1003, and nobody has worked on it",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    ids, count = [row["message_id"]], row["times_delivered"]
                    r.xclaim(key, group, me, 86_400_000, ids, force=True, retrycount=count)
            for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me):
                r.xack(key, group, row["message_id"])
            return gone
        """,
    ),
    (
        "8.1",
        "a script",
        "sent a script, and the simulator",
        """
        def reap(r, key, group, alive, me):
            return r.eval("return redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])", 1, key, group)
        """,
    ),
    (
        "8.1",
        "empties the set",
        "the set is the caller's",
        """
        def reap(r, key, group, alive, me):
            gone = sorted(row["name"] for row in r.xinfo_consumers(key, group) if row["name"] not in alive)
            for name in gone:
                for row in r.xpending_range(key, group, "-", "+", 1000, consumername=name):
                    r.xclaim(key, group, me, row["time_since_delivered"], [row["message_id"]], justid=True)
                with r.pipeline(transaction=True) as pipe:
                    pipe.xpending_range(key, group, "-", "+", 1000, consumername=name)
                    pipe.xgroup_delconsumer(key, group, name)
                    left, _ = pipe.execute()
                for row in left:
                    ids, count = [row["message_id"]], row["times_delivered"]
                    r.xclaim(key, group, me, 86_400_000, ids, force=True, retrycount=count)
            alive.clear()
            return gone
        """,
    ),
    (
        "8.2",
        "half a day",
        "who has held it for 23 hours",
        """
        def again(r, key, group, me, entry_id):
            claimed = r.xclaim(key, group, me, 43_200_000, [entry_id], force=True)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "no answer is not thought of",
        "What answers have you not thought of? The entry may be gone",
        """
        def again(r, key, group, me, entry_id):
            return r.xclaim(key, group, me, 86_400_000, [entry_id], force=True)[0][1]
        """,
    ),
    (
        "8.2",
        "acknowledges first",
        "no min-idle-time protects what nobody holds",
        """
        def again(r, key, group, me, entry_id):
            r.xack(key, group, entry_id)
            claimed = r.xclaim(key, group, me, 86_400_000, [entry_id], force=True)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "LASTID",
        "handed out to nobody, and this group is never given it",
        """
        def again(r, key, group, me, entry_id):
            last = r.xinfo_stream(key)["last-generated-id"]
            claimed = r.execute_command("XCLAIM", key, group, me, 86_400_000, entry_id, "FORCE", "LASTID", last)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "claims in every group",
        "Each group has a list of its own",
        """
        def again(r, key, group, me, entry_id):
            claimed = []
            for row in r.xinfo_groups(key):
                claimed = r.xclaim(key, row["name"], me, 86_400_000, [entry_id], force=True) or claimed
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "fields though the claim took nothing",
        "and what a claim took, it answers",
        """
        def again(r, key, group, me, entry_id):
            found = r.xrange(key, entry_id, entry_id)
            r.xclaim(key, group, me, 86_400_000, [entry_id], force=True)
            return found[0][1] if found else None
        """,
    ),
    (
        "8.2",
        "mine already",
        "Somebody in the group holds order 1002 already: me",
        """
        def again(r, key, group, me, entry_id):
            found = r.xrange(key, entry_id, entry_id)
            if found and r.xpending_range(key, group, entry_id, entry_id, 1, me):
                return found[0][1]
            claimed = r.xclaim(key, group, me, 86_400_000, [entry_id], force=True)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.2",
        "claims as if long ago",
        "as if it had been held for hours",
        """
        def again(r, key, group, me, entry_id):
            claimed = r.xclaim(key, group, me, 86_400_000, [entry_id], force=True, idle=86_400_000)
            return claimed[0][1] if claimed else None
        """,
    ),
    (
        "8.3",
        "None is compared",
        "None cannot be compared with a number",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": row["lag"] > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "what waits has no age",
        "All workers are dead: nothing is pending",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids[: len(held)]),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "the oldest that is kept",
        "those that came earlier are done",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            first = [entry_id for entry_id, _ in r.xrange(key, count=1)]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in first),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "the one that is idle longest",
        "the one that is idle longest is not the one that came first",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            longest = sorted(held, key=lambda one: one["time_since_delivered"])[-1:]
            ids = [one["message_id"] for one in longest] + [entry_id for entry_id, _ in waiting]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "the next millisecond",
        "the cursor stands at one of them",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, int(cursor.split("-")[0]) + 1, count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "a page of 500",
        "a page of 500 does not show it",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 500)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "one consumer",
        "the second one's was delivered 6 times",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            names = [one["name"] for one in r.xinfo_consumers(key, group)][:1]
            some = [one for one in held if one["consumer"] in names]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids),
                "failing": any(one["times_delivered"] >= 5 for one in some),
                "behind": len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.3",
        "pending is behind",
        "what is pending was handed out already",
        """
        def alarms(r, key, group, dead, now_ms):
            [row] = [row for row in r.xinfo_groups(key) if row["name"] == group]
            cursor, held = row["last-delivered-id"], r.xpending_range(key, group, "-", "+", 1000)
            waiting = r.xrange(key, f"({cursor}", count=101)
            ids = [one["message_id"] for one in held] + [entry_id for entry_id, _ in waiting]
            signs = {
                "old": any(now_ms - int(entry_id.split("-")[0]) > 600_000 for entry_id in ids),
                "failing": any(one["times_delivered"] >= 5 for one in held),
                "behind": len(held) + len(waiting) > 100,
                "letters": r.xlen(dead) > 0,
            }
            return [word for word in signs if signs[word]]
        """,
    ),
    (
        "8.4",
        "a page of 100",
        "A page has no more than its COUNT",
        """
        def from_the_future(r, key, now_ms):
            def late(entry_id):
                return int(entry_id.split("-")[0]) > now_ms

            return {
                "next": late(r.xinfo_stream(key)["last-generated-id"]),
                "entries": len(r.xrange(key, min=now_ms + 1, count=100)),
                "groups": sorted(row["name"] for row in r.xinfo_groups(key) if late(row["last-delivered-id"])),
            }
        """,
    ),
    (
        "8.4",
        "what XDEL notes",
        "in no entry and not in max-deleted-entry-id",
        """
        def from_the_future(r, key, now_ms):
            def late(entry_id):
                return int(entry_id.split("-")[0]) > now_ms

            highest = [entry_id for entry_id, _ in r.xrevrange(key, count=1)]
            return {
                "next": any(map(late, [r.xinfo_stream(key)["max-deleted-entry-id"], *highest])),
                "entries": len(r.xrange(key, min=now_ms + 1)),
                "groups": sorted(row["name"] for row in r.xinfo_groups(key) if late(row["last-delivered-id"])),
            }
        """,
    ),
    (
        "8.4",
        "this millisecond is late",
        "cursor is in the millisecond now_ms, not after it",
        """
        def from_the_future(r, key, now_ms):
            def late(entry_id, since=now_ms + 1):
                return int(entry_id.split("-")[0]) >= since

            return {
                "next": late(r.xinfo_stream(key)["last-generated-id"]),
                "entries": len(r.xrange(key, min=now_ms + 1)),
                "groups": sorted(g["name"] for g in r.xinfo_groups(key) if late(g["last-delivered-id"], now_ms)),
            }
        """,
    ),
    (
        "8.4",
        "a set",
        "it should be a sorted list",
        """
        def from_the_future(r, key, now_ms):
            def late(entry_id):
                return int(entry_id.split("-")[0]) > now_ms

            return {
                "next": late(r.xinfo_stream(key)["last-generated-id"]),
                "entries": len(r.xrange(key, min=now_ms + 1)),
                "groups": {row["name"] for row in r.xinfo_groups(key) if late(row["last-delivered-id"])},
            }
        """,
    ),
    (
        "8.5",
        "one count for all",
        "one number was given to all, and each entry has a count of its own",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            for row in held:
                how = {"idle": row["time_since_delivered"], "retrycount": held[0]["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 0, [row["message_id"]], **how))
            r.xgroup_delconsumer(key, group, old)
            return moved
        """,
    ),
    (
        "8.5",
        "the idle time of another",
        "it got the idle time of another order",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            for row in held:
                other = held[-2 if row["times_delivered"] == 1 else 0]
                how = {"idle": other["time_since_delivered"], "retrycount": row["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 0, [row["message_id"]], **how))
            r.xgroup_delconsumer(key, group, old)
            return moved
        """,
    ),
    (
        "8.5",
        "idle in seconds",
        "In what is IDLE given?",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            for row in held:
                how = {"idle": row["time_since_delivered"] // 1000, "retrycount": row["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 0, [row["message_id"]], **how))
            r.xgroup_delconsumer(key, group, old)
            return moved
        """,
    ),
    (
        "8.5",
        "a page of 500",
        "XPENDING gives no more than its count",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            held = r.xpending_range(key, group, "-", "+", 500, consumername=old)
            for row in held:
                how = {"idle": row["time_since_delivered"], "retrycount": row["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 0, [row["message_id"]], **how))
            r.xgroup_delconsumer(key, group, old)
            return moved
        """,
    ),
    (
        "8.5",
        "a min-idle-time of a second",
        "leaves out what is young",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            for row in held:
                how = {"idle": row["time_since_delivered"], "retrycount": row["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 1000, [row["message_id"]], **how))
            r.xgroup_delconsumer(key, group, old)
            return moved
        """,
    ),
    (
        "8.5",
        "counts what the new name held before",
        "held one of its own before",
        """
        def rename_consumer(r, key, group, old, new):
            moved = 0
            held = r.xpending_range(key, group, "-", "+", 1000, consumername=old)
            for row in held:
                how = {"idle": row["time_since_delivered"], "retrycount": row["times_delivered"]}
                moved += len(r.xclaim(key, group, new, 0, [row["message_id"]], **how))
            r.xgroup_delconsumer(key, group, old)
            return len(r.xpending_range(key, group, "-", "+", 1000, consumername=new))
        """,
    ),
]
