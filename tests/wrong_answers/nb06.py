RESCUE = """
        def rescue(r, key, group, me, min_idle, work):
            done, cursor = [], "0-0"
            while True:
                cursor, taken, _ = r.xautoclaim(key, group, me, {limit}, cursor, count={count})
                {stop}
                for entry_id, order in taken:
                    {before}
                    work(order, {beat})
                    {after}
                    done.append({result})
                if cursor == "0-0":
                    return done
"""


def _rescue(
    limit="min_idle",
    count="1",
    stop="pass",
    before="pass",
    beat="lambda: r.xclaim(key, group, me, 0, [entry_id], justid=True)",
    after="r.xack(key, group, entry_id)",
    result='order["order_id"]',
):
    return RESCUE.format(**locals())


LOOK = """
        def rescue(r, key, group, me, min_idle, work):
            done, start = [], "-"
            while rows := r.xpending_range(key, group, start, "+", 100, idle=min_idle):
                start = {start}
                for row in rows:
                    for entry_id, order in {claim}:
                        work(order, lambda: r.xclaim(key, group, me, 0, [entry_id], justid=True))
                        r.xack(key, group, entry_id)
                        done.append(order["order_id"])
            return done
"""
LOOK_START = "\"(\" + rows[-1]['message_id']"
LOOK_CLAIM = 'r.xclaim(key, group, me, min_idle, [row["message_id"]])'
AFTER_THAT_MS = "f\"{int(rows[-1]['message_id'].split('-')[0]) + 1}-0\""


def _look(start=LOOK_START, claim=LOOK_CLAIM):
    return LOOK.format(**locals())


ASIDE = """
        def set_aside(r, key, group, me, tries, min_idle):
            moved, start = [], "-"
            while rows := r.xpending_range(key, group, start, "+", 100{look}):
                start = f"({{rows[-1]['message_id']}}"
                for row in rows:
                    times, dead = row["times_delivered"], f"{{key}}:dead"
                    if {few}:
                        continue
                    for entry_id, order in {claim}:
                        letter = {{**order, "source": entry_id, "tries": {times}}}
                        {move}
                        moved.append(entry_id)
            return {result}
"""
BOTH = """pipe = r.pipeline(transaction=True)
                        pipe.xadd(dead, letter)
                        pipe.xack(key, group, entry_id)
                        pipe.execute()"""
CLAIM = 'r.xclaim(key, group, me, min_idle, [row["message_id"]])'


def _aside(look=", idle=min_idle", claim=CLAIM, times="times", move=BOTH, few="times < tries", result="moved"):
    return ASIDE.format(**locals())


WORK_OFF = """
        def work_off(r, key, group, me, handle, tries):
            def attempt(entry_id, order):
                {attempt}

            buried = []
            for row in r.xpending_range(key, group, "-", "+", 1000{whose}):
                for entry_id, order in r.xclaim(key, group, me, {seen}, [row["message_id"]]):
                    if {again}:
                        attempt(entry_id, order)
                        continue
                    {bury}
                    buried.append(entry_id)
            while reply := r.xreadgroup(group, me, {{key: ">"}}, count={count}):
                for entry_id, order in reply[0][1]:
                    attempt(entry_id, order)
            return {result}
"""
ATTEMPT = """try:
                    handle(order)
                except Exception:
                    return
                r.xack(key, group, entry_id)"""
BURY = """pipe = r.pipeline(transaction=True)
                    pipe.xadd(f"{key}:dead", {**order, "source": entry_id})
                    pipe.xack(key, group, entry_id)
                    pipe.execute()"""


SEEN = 'row["time_since_delivered"]'


def _work_off(
    attempt=ATTEMPT,
    whose=", consumername=me",
    again='row["times_delivered"] < tries',
    bury=BURY,
    count="1",
    seen=SEEN,
    result="buried",
):
    return WORK_OFF.format(**locals())


WRONG = [
    (
        "6.1",
        "stop at an empty page",
        "The cursor 0-0 says so",
        _rescue(stop="if not taken: return done"),
    ),
    ("6.1", "min-idle 0", "min_idle is the guard; with 0", _rescue(limit="0")),
    ("6.1", "seconds", "or in another unit, there is none", _rescue(limit="min_idle // 1000")),
    ("6.1", "no heartbeat", "a heartbeat has to reset it", _rescue(beat="lambda: None")),
    (
        "6.1",
        "a heartbeat that is a delivery",
        "Which option of a claim leaves the count alone",
        _rescue(beat="lambda: r.xclaim(key, group, me, 0, [entry_id])"),
    ),
    (
        "6.1",
        "a heartbeat that reads 0",
        "Which option of a claim leaves the count alone",
        _rescue(beat='lambda: r.xreadgroup(group, me, {key: "0"})'),
    ),
    (
        "6.1",
        "a heartbeat with the limit of a rescuer",
        "a heartbeat has to reset it",
        _rescue(beat="lambda: r.xclaim(key, group, me, min_idle, [entry_id], justid=True)"),
    ),
    ("6.1", "a page at a time", "take one at a time", _rescue(count="100")),
    (
        "6.1",
        "acknowledge before the work",
        "A crash right then loses it",
        _rescue(before="r.xack(key, group, entry_id)", after="pass"),
    ),
    ("6.1", "no acknowledgement", "acknowledge each order after its work", _rescue(after="pass")),
    ("6.1", "entry ids", "the order_ids, as text", _rescue(result="entry_id")),
    (
        "6.1",
        "looks with the limit, claims with 0",
        "The claim has to be told min_idle too",
        """
        def rescue(r, key, group, me, min_idle, work):
            done = []
            for row in r.xpending_range(key, group, "-", "+", 1000, idle=min_idle):
                for entry_id, order in r.xclaim(key, group, me, 0, [row["message_id"]]):
                    work(order, lambda: r.xclaim(key, group, me, 0, [entry_id], justid=True))
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "6.1",
        "one page of XPENDING",
        "are you through",
        """
        def rescue(r, key, group, me, min_idle, work):
            done = []
            for row in r.xpending_range(key, group, "-", "+", 100):
                for entry_id, order in r.xclaim(key, group, me, min_idle, [row["message_id"]]):
                    work(order, lambda: r.xclaim(key, group, me, 0, [entry_id], justid=True))
                    r.xack(key, group, entry_id)
                    done.append(order["order_id"])
            return done
        """,
    ),
    (
        "6.1",
        "new orders by >",
        "take it over first",
        """
        def rescue(r, key, group, me, min_idle, work):
            done = []
            for row in r.xpending_range(key, group, "-", "+", 1000, idle=min_idle):
                [(entry_id, order)] = r.xrange(key, row["message_id"], row["message_id"])
                work(order, lambda: r.xclaim(key, group, me, 0, [entry_id], justid=True))
                r.xack(key, group, entry_id)
                done.append(order["order_id"])
            return done
        """,
    ),
    (
        "6.2",
        "ack before the XADD",
        "XACK first loses it, XADD first doubles it",
        _aside(move="r.xack(key, group, entry_id); r.xadd(dead, letter)"),
    ),
    (
        "6.2",
        "XADD before the ack",
        "XADD first doubles it, XACK first",
        _aside(move="r.xadd(dead, letter); r.xack(key, group, entry_id)"),
    ),
    (
        "6.2",
        "a pipeline that is no transaction",
        "but with transaction=False",
        _aside(move=BOTH.replace("True", "False")),
    ),
    (
        "6.2",
        "count in memory",
        "begins at 0 after each crash",
        """
        counts = {}
        def set_aside(r, key, group, me, tries, min_idle):
            moved = []
            for row in r.xpending_range(key, group, "-", "+", 1000, idle=min_idle):
                counts[row["message_id"]] = counts.get(row["message_id"], 0) + 1
                if counts[row["message_id"]] < tries:
                    continue
                for entry_id, order in r.xclaim(key, group, me, min_idle, [row["message_id"]]):
                    with r.pipeline(transaction=True) as pipe:
                        pipe.xadd(f"{key}:dead", {**order, "source": entry_id, "tries": counts[entry_id]})
                        pipe.xack(key, group, entry_id)
                        pipe.execute()
                    moved.append(entry_id)
            return moved
        """,
    ),
    (
        "6.2",
        "the whole batch",
        "A poison order has healthy neighbours",
        """
        def set_aside(r, key, group, me, tries, min_idle):
            moved = []
            rows = r.xpending_range(key, group, "-", "+", 1000, idle=min_idle)
            suspects = {row["consumer"] for row in rows if row["times_delivered"] >= tries}
            for row in rows:
                if row["consumer"] not in suspects:
                    continue
                for entry_id, order in r.xclaim(key, group, me, min_idle, [row["message_id"]]):
                    with r.pipeline(transaction=True) as pipe:
                        pipe.xadd(f"{key}:dead", {**order, "source": entry_id, "tries": row["times_delivered"]})
                        pipe.xack(key, group, entry_id)
                        pipe.execute()
                    moved.append(entry_id)
            return moved
        """,
    ),
    (
        "6.2",
        "takes everything, then looks at the counts",
        "has to stay",
        """
        def set_aside(r, key, group, me, tries, min_idle):
            moved = []
            _, taken, _ = r.xautoclaim(key, group, me, min_idle)
            for entry_id, order in taken:
                [row] = r.xpending_range(key, group, entry_id, entry_id, 1)
                times = row["times_delivered"] - 1
                if times >= tries:
                    with r.pipeline(transaction=True) as pipe:
                        pipe.xadd(f"{key}:dead", {**order, "source": entry_id, "tries": times})
                        pipe.xack(key, group, entry_id)
                        pipe.execute()
                    moved.append(entry_id)
            return moved
        """,
    ),
    (
        "6.2",
        "no claim",
        "A look is old at once",
        _aside(
            claim='r.xrange(key, row["message_id"], row["message_id"]) or [r.xack(key, group, row["message_id"])][:0]'
        ),
    ),
    (
        "6.2",
        "looks with the limit, claims with 0",
        "gave a sign of life for between",
        _aside(claim=CLAIM.replace("min_idle", "0")),
    ),
    (
        "6.2",
        "takes from the living",
        "is working on it",
        _aside(look="", claim=CLAIM.replace("min_idle", "0")),
    ),
    ("6.2", "counts its own claim", "Your own claim counts as a delivery", _aside(times="times + 1")),
    (
        "6.2",
        "one page",
        "was that all of the pages",
        _aside().replace("            return moved", "                return moved\n            return moved"),
    ),
    ("6.2", "no source", "the field source", _aside().replace('"source": entry_id, ', "")),
    (
        "6.2",
        "no acknowledgement",
        "left it pending: it would be set aside again",
        _aside(move="r.xadd(dead, letter)"),
    ),
    (
        "6.1",
        "a heart that beats once",
        "at call 2 of its beat",
        _rescue(
            before="beats = iter([1])",
            beat="lambda: next(beats, None) and r.xclaim(key, group, me, 0, [entry_id], justid=True)",
        ),
    ),
    (
        "6.1",
        "a heartbeat at half the time",
        "at call 3 of its beat",
        _rescue(beat="lambda: r.xclaim(key, group, me, min_idle // 2, [entry_id], justid=True)"),
    ),
    (
        "6.1",
        "a heartbeat that takes the next",
        "a heart beats for one order",
        _rescue(beat="lambda: r.xautoclaim(key, group, me, 0, entry_id, count=1, justid=True)"),
    ),
    (
        "6.1",
        "a heartbeat with FORCE",
        "pending again by its beat",
        _rescue(beat="lambda: r.xclaim(key, group, me, 0, [entry_id], justid=True, force=True)"),
    ),
    (
        "6.1",
        "a heartbeat that sets the count",
        "from 2 to 1 by its beat",
        _rescue(beat="lambda: r.xclaim(key, group, me, 0, [entry_id], retrycount=1)"),
    ),
    (
        "6.1",
        "a claim with FORCE",
        "brought back order 1001, which Ada finished",
        _look(claim=LOOK_CLAIM.replace("])", "], force=True)")),
    ),
    ("6.1", "after the millisecond", "Where does the next page begin", _look(start=AFTER_THAT_MS)),
    (
        "6.1",
        "one page of old ones",
        "or a page with no rows",
        _look().replace("            return done", "                return done\n            return done"),
    ),
    (
        "6.1",
        "what the claim returns is ignored",
        "Look at what it returns",
        _look(
            claim='[r.xclaim(key, group, me, min_idle, [row["message_id"]]), r.xrange(key, row["message_id"], '
            'row["message_id"])][1]'
        ),
    ),
    (
        "6.1",
        "acknowledged with the next",
        "a crash right then has it done twice",
        _rescue(before="[r.xack(key, group, old) for old in last]; last = [entry_id]", after="pass").replace(
            'cursor = [], "0-0"', 'cursor, last = [], "0-0", []'
        ),
    ),
    ("6.1", "a generator", "for it has a yield", _rescue(after="r.xack(key, group, entry_id); yield entry_id")),
    (
        "6.2",
        "a second look for a claim",
        "only a claim looks and takes in one",
        _aside(
            claim='[entry for entry in r.xrange(key, row["message_id"], row["message_id"]) or '
            '[r.xack(key, group, row["message_id"])][:0] if r.xpending_range(key, group, entry[0], entry[0], 1, '
            "idle=min_idle)]"
        ),
    ),
    (
        "6.2",
        "a claim with FORCE",
        "FORCE brings back",
        _aside(claim=CLAIM.replace("])", "], force=True)")),
    ),
    ("6.2", "skips its own", "under the same name", _aside(few='times < tries or row["consumer"] == me')),
    ("6.2", "more than tries", "that many, or more", _aside(few="times <= tries")),
    ("6.2", "the parameter as the count", "The parameter tries is the limit", _aside(times="tries")),
    (
        "6.2",
        "the id of the source",
        "which the server did not choose",
        _aside(move=BOTH.replace("er)", "er, entry_id)")),
    ),
    (
        "6.2",
        "trims the dead",
        "who has looked at them",
        _aside(move=BOTH.replace("er)", "er, maxlen=100, approximate=False)")),
    ),
    ("6.2", "one name for all", "belong to <key>:dead", _aside().replace('f"{key}:dead"', '"orders:dead"')),
    ("6.2", "sorted as text", "an id is two numbers", _aside(result="sorted(moved)")),
    (
        "6.2",
        "two steps and a look at the dead",
        "in orders:dead and pending at once",
        _aside(
            move="""known = {fields.get("source") for _, fields in r.xrange(dead)}
                        entry_id in known or r.xadd(dead, letter)
                        r.xack(key, group, entry_id)"""
        ),
    ),
    (
        "6.2",
        "takes and gives back",
        "and meant to give it back",
        _aside(
            few="False",
            claim=CLAIM.replace("])", "], retrycount=times)"),
            move="""if times < tries:
                            r.xclaim(key, group, row["consumer"], 0, [entry_id], idle=min_idle, justid=True)
                            continue
                        """
            + BOTH,
        ),
    ),
    (
        "6.3",
        "retry for ever",
        "3 tries had begun: move it",
        _work_off(again="True"),
    ),
    (
        "6.3",
        "drop it",
        "dropped order 1002",
        _work_off(attempt=ATTEMPT.replace("return", "pass")),
    ),
    (
        "6.3",
        "block the rest",
        "one bad order blocks",
        _work_off(attempt="handle(order)\n                r.xack(key, group, entry_id)"),
    ),
    (
        "6.3",
        "the whole batch",
        "A batch counts a delivery for each of its orders",
        """
        def work_off(r, key, group, me, handle, tries):
            buried = []
            counts = {
                row["message_id"]: row["times_delivered"]
                for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me)
            }
            for start in ("0", ">"):
                last = start
                while True:
                    reply = r.xreadgroup(group, me, {key: last}, count=10)
                    if not reply or not reply[0][1]:
                        break
                    for entry_id, order in reply[0][1]:
                        last = entry_id if start == "0" else ">"
                        if not order:
                            r.xack(key, group, entry_id)
                        elif counts.get(entry_id, 0) >= tries:
                            with r.pipeline() as pipe:
                                pipe.xadd(f"{key}:dead", {**order, "source": entry_id})
                                pipe.xack(key, group, entry_id)
                                pipe.execute()
                            buried.append(entry_id)
                        else:
                            try:
                                handle(order)
                            except Exception:
                                continue
                            r.xack(key, group, entry_id)
            return buried
        """,
    ),
    (
        "6.3",
        "count in memory, since the start",
        "3 tries had begun: move it",
        _work_off(again="counts.get(entry_id, 0) < tries").replace("buried = []", "buried, counts = [], {}"),
    ),
    (
        "6.3",
        "only new orders",
        "which should try it once more",
        """
        def work_off(r, key, group, me, handle, tries):
            while reply := r.xreadgroup(group, me, {key: ">"}, count=1):
                [(entry_id, order)] = reply[0][1]
                try:
                    handle(order)
                except Exception:
                    continue
                r.xack(key, group, entry_id)
            return []
        """,
    ),
    (
        "6.3",
        "buried at the first failure",
        "moved order 1002 after 1 of 3 tries",
        _work_off(attempt=ATTEMPT.replace("return", 'r.xadd(f"{key}:dead", {**order, "source": entry_id})')),
    ),
    (
        "6.3",
        "a loop on 0",
        "it would loop while the rest waits",
        """
        def work_off(r, key, group, me, handle, tries):
            for start in ("0", ">"):
                while True:
                    reply = r.xreadgroup(group, me, {key: start}, count=1)
                    if not reply or not reply[0][1]:
                        break
                    [(entry_id, order)] = reply[0][1]
                    try:
                        handle(order)
                    except Exception:
                        continue
                    r.xack(key, group, entry_id)
            return []
        """,
    ),
    (
        "6.3",
        "ack before the work",
        "A crash right then loses it",
        _work_off(attempt=ATTEMPT.replace("handle(order)", "r.xack(key, group, entry_id); handle(order)")),
    ),
    (
        "6.3",
        "two steps",
        "what makes both one step",
        _work_off(bury='r.xadd(f"{key}:dead", {**order, "source": entry_id}); r.xack(key, group, entry_id)'),
    ),
    (
        "6.3",
        "what others hold",
        "which bob holds",
        _work_off(whose="").replace('me, row["time_since_delivered"], [row', "row['consumer'], 0, [row"),
    ),
    (
        "6.3",
        "a deleted order is an order",
        "the fields of an order, and this is none",
        """
        def work_off(r, key, group, me, handle, tries):
            buried, last = [], "0"
            for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me):
                [[_, [(entry_id, order)]]] = r.xreadgroup(group, me, {key: last}, count=1)
                last = entry_id
                if row["times_delivered"] < tries:
                    try:
                        handle(order)
                    except Exception:
                        continue
                else:
                    r.xadd(f"{key}:dead", {**order, "source": entry_id})
                    buried.append(entry_id)
                r.xack(key, group, entry_id)
            while reply := r.xreadgroup(group, me, {key: ">"}, count=1):
                [(entry_id, order)] = reply[0][1]
                try:
                    handle(order)
                except Exception:
                    continue
                r.xack(key, group, entry_id)
            return buried
        """,
    ),
    ("6.3", "new ones by ten", "was never tried", _work_off(count="10")),
    ("6.3", "takes back from a rescuer", "brought back order 1002 from Bob", _work_off(seen="0")),
    ("6.3", "one try too few", "2 of 3 tries had begun", _work_off(again='row["times_delivered"] + 1 < tries')),
    (
        "6.3",
        "two kinds of exceptions",
        "nobody knows beforehand",
        _work_off(attempt=ATTEMPT.replace("Exception", "(ValueError, KeyError)")),
    ),
    ("6.3", "a page of its own", "Was that all of the pages", _work_off().replace("1000", "100")),
    (
        "6.3",
        "a page of everybody's",
        "Whose rows do you ask for",
        _work_off(whose="").replace(
            "                for entry_id, order in r.xclaim",
            '                if row["consumer"] != me:\n                    continue\n'
            "                for entry_id, order in r.xclaim",
        ),
    ),
    ("6.3", "sorted as text", "an id is two numbers", _work_off(result="sorted(buried)")),
    (
        "6.3",
        "a count in a global",
        "it remembers something itself",
        "        BEGUN = {}\n"
        + _work_off(
            attempt="BEGUN[entry_id] = BEGUN.get(entry_id, 0) + 1\n                " + ATTEMPT,
            again="BEGUN.get(entry_id, 0) < tries",
        ),
    ),
    (
        "6.3",
        "tries without a claim",
        "without a claim counts nothing",
        _work_off().replace(
            f'r.xclaim(key, group, me, {SEEN}, [row["message_id"]])',
            'r.xrange(key, row["message_id"], row["message_id"])',
        ),
    ),
    (
        "6.4",
        "a claim asks nobody",
        "what would you have to know before it",
        """
        def keep(r, key, group, me, ids):
            kept = r.xclaim(key, group, me, 0, ids, justid=True) if ids else []
            return [entry_id for entry_id in ids if entry_id not in kept]
        """,
    ),
    (
        "6.4",
        "each beat a delivery",
        "A heartbeat is no delivery",
        """
        def keep(r, key, group, me, ids):
            held = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me)]
            for entry_id in ids:
                if entry_id in held:
                    r.xclaim(key, group, me, 0, [entry_id])
            return [entry_id for entry_id in ids if entry_id not in held]
        """,
    ),
    (
        "6.4",
        "all that me holds",
        "which was not among those to keep",
        """
        def keep(r, key, group, me, ids):
            held = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me)]
            if held:
                r.xclaim(key, group, me, 0, held, justid=True)
            return [entry_id for entry_id in ids if entry_id not in held]
        """,
    ),
    (
        "6.4",
        "force what is not there",
        "FORCE does that",
        """
        def keep(r, key, group, me, ids):
            others = [
                row["message_id"]
                for row in r.xpending_range(key, group, "-", "+", 1000)
                if row["consumer"] != me
            ]
            mine = [entry_id for entry_id in ids if entry_id not in others]
            if mine:
                r.xclaim(key, group, me, 0, mine, justid=True, force=True)
            return [entry_id for entry_id in ids if entry_id in others]
        """,
    ),
    (
        "6.4",
        "only looks",
        "its idle time should begin anew",
        """
        def keep(r, key, group, me, ids):
            held = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me)]
            return [entry_id for entry_id in ids if entry_id not in held]
        """,
    ),
    (
        "6.4",
        "claims nothing",
        "there is nothing to claim",
        """
        def keep(r, key, group, me, ids):
            held = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me)]
            r.xclaim(key, group, me, 0, [entry_id for entry_id in ids if entry_id in held], justid=True)
            return [entry_id for entry_id in ids if entry_id not in held]
        """,
    ),
    (
        "6.4",
        "one page",
        "was that all of the pages, and whose",
        """
        def keep(r, key, group, me, ids):
            held = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 100, consumername=me)]
            if mine := [entry_id for entry_id in ids if entry_id in held]:
                r.xclaim(key, group, me, 0, mine, justid=True)
            return [entry_id for entry_id in ids if entry_id not in held]
        """,
    ),
    (
        "6.4",
        "changes the caller's list",
        "changed the list ids",
        """
        def keep(r, key, group, me, ids):
            for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me):
                if row["message_id"] in ids:
                    ids.remove(row["message_id"])
                    r.xclaim(key, group, me, 0, [row["message_id"]], justid=True)
            return ids
        """,
    ),
    (
        "6.5",
        "a day",
        "for it to take nothing else",
        """
        def clear_deleted(r, key, group, me):
            cleared, cursor = [], "0-0"
            while True:
                cursor, _, deleted = r.xautoclaim(key, group, me, 86_400_000, cursor)
                cleared += deleted
                if cursor == "0-0":
                    return cleared
        """,
    ),
    (
        "6.5",
        "ends at a page with nothing cleared",
        "the first deleted one comes late",
        """
        def clear_deleted(r, key, group, me):
            cleared, cursor = [], "0-0"
            while True:
                cursor, _, deleted = r.xautoclaim(key, group, me, 2**53, cursor, count=100)
                if not deleted:
                    return cleared
                cleared += deleted
        """,
    ),
    (
        "6.5",
        "one XRANGE for a page",
        "did your XRANGE get as far",
        """
        def clear_deleted(r, key, group, me):
            cleared, start = [], "-"
            while rows := r.xpending_range(key, group, start, "+", 100):
                ids = [row["message_id"] for row in rows]
                alive = {entry_id for entry_id, _ in r.xrange(key, ids[0], ids[-1], count=100)}
                for entry_id in ids:
                    if entry_id not in alive:
                        r.xack(key, group, entry_id)
                        cleared.append(entry_id)
                start = f"({ids[-1]}"
            return cleared
        """,
    ),
    (
        "6.5",
        "an empty claim is a deleted entry",
        "deleted, or too young",
        """
        def clear_deleted(r, key, group, me):
            cleared = []
            for row in r.xpending_range(key, group, "-", "+", 1000):
                if not r.xclaim(key, group, me, 60_000, [row["message_id"]], justid=True, idle=60_000):
                    r.xack(key, group, row["message_id"])
                    cleared.append(row["message_id"])
            return cleared
        """.replace("60_000", "2**53"),
    ),
    (
        "6.5",
        "XAUTOCLAIM with 0",
        "for it to take nothing else",
        """
        def clear_deleted(r, key, group, me):
            cleared, cursor = [], "0-0"
            while True:
                cursor, _, deleted = r.xautoclaim(key, group, me, 0, cursor)
                cleared += deleted
                if cursor == "0-0":
                    return cleared
        """,
    ),
    (
        "6.5",
        "one page",
        "all of the pages",
        """
        def clear_deleted(r, key, group, me):
            return r.xautoclaim(key, group, me, 10**12)[2]
        """,
    ),
    (
        "6.5",
        "acknowledges all",
        "nobody will finish it",
        """
        def clear_deleted(r, key, group, me):
            ids = [row["message_id"] for row in r.xpending_range(key, group, "-", "+", 1000)]
            r.xack(key, group, *ids)
            return ids
        """,
    ),
    (
        "6.5",
        "reads each consumer's list",
        "counted a delivery",
        """
        def clear_deleted(r, key, group, me):
            cleared = []
            for row in r.xinfo_consumers(key, group):
                [[_, entries]] = r.xreadgroup(group, row["name"], {key: "0"})
                cleared += [entry_id for entry_id, order in entries if not order]
            for entry_id in cleared:
                r.xack(key, group, entry_id)
            return cleared
        """,
    ),
    (
        "6.5",
        "only its own",
        "pending, deleted and held by",
        """
        def clear_deleted(r, key, group, me):
            cleared = []
            for row in r.xpending_range(key, group, "-", "+", 1000, consumername=me):
                if not r.xrange(key, row["message_id"], row["message_id"]):
                    cleared.append(row["message_id"])
                    r.xack(key, group, row["message_id"])
            return cleared
        """,
    ),
]
