WRONG = [
    (
        "2.1",
        "the next page at the last id",
        "Which start leaves out the id that was read?",
        """
        def export(r, key, write, page):
            start, written = "-", 0
            while entries := r.xrange(key, min=start, count=page):
                write(entries)
                written += len(entries)
                start = entries[-1][0]
            return written
        """,
    ),
    (
        "2.1",
        "the next page a millisecond later",
        "a page ends at an id, not at a time",
        """
        def export(r, key, write, page):
            start, written = 0, 0
            while entries := r.xrange(key, min=start, count=page):
                write(entries)
                written += len(entries)
                start = int(entries[-1][0].split("-")[0]) + 1
            return written
        """,
    ),
    (
        "2.1",
        "( and the millisecond",
        "as a start (5 leaves out only 5-0",
        """
        def export(r, key, write, page):
            start, written = "-", 0
            while entries := r.xrange(key, min=start, count=page):
                write(entries)
                written += len(entries)
                start = "(" + entries[-1][0].split("-")[0]
            return written
        """,
    ),
    (
        "2.1",
        "stop at a page that is not full",
        "A page that is not full says where the end was",
        """
        def export(r, key, write, page):
            start, written = "-", 0
            while True:
                entries = r.xrange(key, min=start, count=page)
                if entries:
                    write(entries)
                    written += len(entries)
                    start = "(" + entries[-1][0]
                if len(entries) < page:
                    return written
        """,
    ),
    (
        "2.1",
        "as many as XLEN said",
        "A page that is not full says where the end was",
        """
        def export(r, key, write, page):
            start, written, length = "-", 0, r.xlen(key)
            while written < length:
                entries = r.xrange(key, min=start, count=page)
                write(entries)
                written += len(entries)
                start = "(" + entries[-1][0]
            return written
        """,
    ),
    (
        "2.1",
        "no answer for an empty page",
        "An empty page has no last entry",
        """
        def export(r, key, write, page):
            start, written = "-", 0
            while True:
                entries = r.xrange(key, min=start, count=page)
                start = "(" + entries[-1][0]
                write(entries)
                written += len(entries)
                if len(entries) < page:
                    return written
        """,
    ),
    (
        "2.1",
        "all at once, then slices",
        "let the server stop after a page",
        """
        def export(r, key, write, page):
            written = 0
            while entries := r.xrange(key)[written:written + page]:
                write(entries)
                written += len(entries)
            return written
        """,
    ),
    (
        "2.1",
        "one page of everything",
        "it takes at most 2 at once",
        """
        def export(r, key, write, page):
            entries = r.xrange(key)
            write(entries)
            return len(entries)
        """,
    ),
    (
        "2.1",
        "an inclusive start, and the first dropped",
        "With page=1",
        """
        def export(r, key, write, page):
            e = r.xrange(key, count=page)
            n = 0
            while e:
                write(e)
                n += len(e)
                e = r.xrange(key, min=e[-1][0], count=page)[1:]
            return n
        """,
    ),
    (
        "2.1",
        "ids as text",
        "10 comes after 9",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            last = ""
            while e := r.xrange(key, min=start, count=page):
                e = [x for x in e if x[0] > last]
                if not e:
                    break
                write(e)
                n += len(e)
                last = e[-1][0]
                start = "(" + last
            return n
        """,
    ),
    (
        "2.1",
        "one page ahead, and no look after the last write",
        "came during the last write",
        """
        def export(r, key, write, page):
            n = 0
            e = r.xrange(key, count=page)
            while e:
                nxt = r.xrange(key, min="(" + e[-1][0], count=page)
                write(e)
                n += len(e)
                e = nxt
            return n
        """,
    ),
    (
        "2.1",
        "one more look at the end",
        "Where is the end looked for",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            def rnd(n, start):
                while True:
                    e = r.xrange(key, min=start, count=page)
                    if e:
                        write(e)
                        n += len(e)
                        start = "(" + e[-1][0]
                    if len(e) < page:
                        return n, start
            n, start = rnd(n, start)
            n, start = rnd(n, start)
            return n
        """,
    ),
    (
        "2.1",
        "until XLEN are written",
        "a length does not say where the end is",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            while n < r.xlen(key):
                e = r.xrange(key, min=start, count=page)
                write(e)
                n += len(e)
                start = "(" + e[-1][0]
            return n
        """,
    ),
    (
        "2.1",
        "up to now, by the clock",
        "ahead of this machine's clock",
        """
        def export(r, key, write, page):
            import time
            n, start = 0, "-"
            while e := r.xrange(key, min=start, max=int(time.time() * 1000), count=page):
                write(e)
                n += len(e)
                start = "(" + e[-1][0]
            return n
        """,
    ),
    (
        "2.1",
        "collect all pages, then write",
        "that were not yet written",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            while True:
                pages = []
                while e := r.xrange(key, min=start, count=page):
                    pages.append(e)
                    start = "(" + e[-1][0]
                if not pages:
                    return n
                for e in pages:
                    write(e)
                    n += len(e)
        """,
    ),
    (
        "2.1",
        "delete what was written",
        "out of the stream",
        """
        def export(r, key, write, page):
            n = 0
            while e := r.xrange(key, count=page):
                write(e)
                n += len(e)
                r.xdel(key, *[i for i, _ in e])
            return n
        """,
    ),
    (
        "2.1",
        "trim what was written",
        "out of the stream",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            while e := r.xrange(key, min=start, count=page):
                write(e)
                n += len(e)
                start = "(" + e[-1][0]
                r.xtrim(key, minid=e[-1][0], approximate=False)
            return n
        """,
    ),
    (
        "2.1",
        "a consumer group",
        "left a consumer group",
        """
        def export(r, key, write, page):
            if not r.exists(key):
                return 0
            r.xgroup_create(key, "export", id="0")
            n = 0
            while got := r.xreadgroup("export", "me", {key: ">"}, count=page):
                e = got[0][1]
                write(e)
                n += len(e)
            return n
        """,
    ),
    (
        "2.1",
        "create the stream that is missing",
        "reading creates nothing",
        """
        def export(r, key, write, page):
            if not r.exists(key):
                r.xdel(key, r.xadd(key, {"a": 1}))
            n, start = 0, "-"
            while e := r.xrange(key, min=start, count=page):
                write(e)
                n += len(e)
                start = "(" + e[-1][0]
            return n
        """,
    ),
    (
        "2.1",
        "swallow the exception of write",
        "must not look complete",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            while e := r.xrange(key, min=start, count=page):
                try:
                    write(e)
                    n += len(e)
                except Exception:
                    pass
                start = "(" + e[-1][0]
            return n
        """,
    ),
    (
        "2.1",
        "from $",
        "read from $",
        """
        def export(r, key, write, page):
            n, last = 0, "$"
            while got := r.xread({key: last}, count=page):
                e = got[0][1]
                write(e)
                n += len(e)
                last = e[-1][0]
            return n
        """,
    ),
    (
        "2.1",
        "a generator",
        "nobody ran it",
        """
        def export(r, key, write, page):
            n, start = 0, "-"
            while e := r.xrange(key, min=start, count=page):
                write(e)
                n += len(e)
                start = "(" + e[-1][0]
                yield n
        """,
    ),
    (
        "2.1",
        "nothing at all",
        "never called write",
        """
        def export(r, key, write, page):
            return 0
        """,
    ),
    (
        "2.2",
        "save before the effect",
        "nobody ever handles it",
        """
        def send_mails(r, key, position, handle):
            last, handled = r.get(position) or "0", 0
            while answer := r.xread({key: last}, count=100):
                for last, fields in answer[0][1]:
                    r.set(position, last)
                    handle(fields)
                    handled += 1
            return handled
        """,
    ),
    (
        "2.2",
        "restart at $",
        "A read from $ finds only what comes after the call",
        """
        def send_mails(r, key, position, handle):
            handled = 0
            while answer := r.xread({key: "$"}, count=100, block=50):
                for entry_id, fields in answer[0][1]:
                    handle(fields)
                    r.set(position, entry_id)
                    handled += 1
            return handled
        """,
    ),
    (
        "2.2",
        "save the wall time",
        "A clock cannot say where to go on",
        """
        import time
        def send_mails(r, key, position, handle):
            last, handled = r.get(position) or "0", 0
            for last, fields in r.xrange(key, min=f"({last}"):
                handle(fields)
                r.set(position, int(time.time() * 1000))
                handled += 1
            return handled
        """,
    ),
    (
        "2.2",
        "save once a page",
        "had saved nothing when handle raised",
        """
        def send_mails(r, key, position, handle):
            last, handled = r.get(position) or "0", 0
            while answer := r.xread({key: last}, count=100):
                for last, fields in answer[0][1]:
                    handle(fields)
                    handled += 1
                r.set(position, last)
            return handled
        """,
    ),
    (
        "2.2",
        "save in a finally",
        "not even a finally",
        """
        def send_mails(r, key, position, handle):
            last, handled = r.get(position) or "0", 0
            try:
                while answer := r.xread({key: last}, count=100):
                    for entry_id, fields in answer[0][1]:
                        handle(fields)
                        last = entry_id
                        handled += 1
            finally:
                r.set(position, last)
            return handled
        """,
    ),
    (
        "2.2",
        "skip what fails",
        "let it out",
        """
        def send_mails(r, key, position, handle):
            last, handled = r.get(position) or "0", 0
            while answer := r.xread({key: last}, count=100):
                for last, fields in answer[0][1]:
                    try:
                        handle(fields)
                    except Exception:
                        continue
                    r.set(position, last)
                    handled += 1
            return handled
        """,
    ),
    (
        "2.2",
        "one page",
        "One page is not yet the stream",
        """
        def send_mails(r, key, position, handle):
            handled = 0
            for entry_id, fields in r.xrange(key, min="(" + (r.get(position) or "0"), count=100):
                handle(fields)
                r.set(position, entry_id)
                handled += 1
            return handled
        """,
    ),
    (
        "2.2",
        "in the memory of the process",
        "is gone with it",
        """
        done = {}
        def send_mails(r, key, position, handle):
            last, handled = done.get(position, "0"), 0
            while answer := r.xread({key: last}, count=100):
                for last, fields in answer[0][1]:
                    handle(fields)
                    done[position] = last
                    handled += 1
            return handled
        """,
    ),
    (
        "2.2",
        "save once per page of two",
        "1001 had been handled, and will be",
        """
        def send_mails(r, key, position, handle):
            n = 0
            last = r.get(position) or "0-0"
            while e := r.xrange(key, "(" + last, "+", 2):
                for i, f in e:
                    handle(f)
                    n += 1
                    last = i
                r.set(position, last)
            return n
        """,
    ),
    (
        "2.2",
        "save every second order",
        "1001 had been handled, and will be",
        """
        def send_mails(r, key, position, handle):
            n = 0
            last = r.get(position) or "0-0"
            while e := r.xrange(key, "(" + last, "+", 1):
                handle(e[0][1])
                n += 1
                last = e[0][0]
                if n % 2 == 0:
                    r.set(position, last)
            r.set(position, last)
            return n
        """,
    ),
    (
        "2.2",
        "an inclusive start",
        "A range includes its start",
        """
        def send_mails(r, key, position, handle):
            n = 0
            for i, f in r.xrange(key, r.get(position) or "-"):
                handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "an inclusive start, and the first dropped",
        "The order after 2-0 is still 1003",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            e = r.xrange(key, p)[1:] if p else r.xrange(key)
            for i, f in e:
                handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "look for the position among the ids",
        "The order after 2-0 is still 1003",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            e = r.xrange(key)
            ids = [i for i, _ in e]
            begin = ids.index(p) + 1 if p in ids else 0
            for i, f in e[begin:]:
                handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "ids as text",
        "10 comes after 9",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position) or ""
            for i, f in r.xrange(key):
                if i > p:
                    handle(f)
                    n += 1
                    r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "one millisecond later",
        "They share a millisecond with 1001",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for i, f in r.xrange(key, int(p.split("-")[0]) + 1 if p else "-"):
                handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "delete what was handled",
        "out of the stream",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for i, f in r.xrange(key, "(" + p if p else "-"):
                handle(f)
                r.set(position, i)
                r.xdel(key, i)
                n += 1
            return n
        """,
    ),
    (
        "2.2",
        "a position that expires",
        "left a position that expires",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for i, f in r.xrange(key, "(" + p if p else "-"):
                handle(f)
                n += 1
                r.set(position, i, ex=3600)
            return n
        """,
    ),
    (
        "2.2",
        "the position under another key",
        "The next process looks at 'position'",
        """
        def send_mails(r, key, position, handle):
            k = position + ":" + key
            n = 0
            p = r.get(k)
            for i, f in r.xrange(key, "(" + p if p else "-"):
                handle(f)
                n += 1
                r.set(k, i)
            return n
        """,
    ),
    (
        "2.2",
        "try again at once",
        "called handle again with 1003",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for i, f in r.xrange(key, "(" + p if p else "-"):
                try:
                    handle(f)
                except Exception:
                    handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "another exception",
        "the exception of handle itself should come out",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for i, f in r.xrange(key, "(" + p if p else "-"):
                try:
                    handle(f)
                except Exception as e:
                    raise RuntimeError(f"order {i} failed") from e
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "the entry instead of its fields",
        "handle takes the fields of one order",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for e in r.xrange(key, "(" + p if p else "-"):
                handle(e)
                n += 1
                r.set(position, e[0])
            return n
        """,
    ),
    (
        "2.2",
        "None as an id",
        "what does r.get return then?",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position)
            for i, f in r.xrange(key, f"({p}"):
                handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.2",
        "no stream, an error",
        "A stream that does not exist has no order",
        """
        def send_mails(r, key, position, handle):
            n = 0
            p = r.get(position) or "0-0"
            last = r.xinfo_stream(key)["last-generated-id"]
            for i, f in r.xrange(key, "(" + p, last):
                handle(f)
                n += 1
                r.set(position, i)
            return n
        """,
    ),
    (
        "2.3",
        "local time",
        "7 hours behind UTC",
        """
        from datetime import datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).timestamp() * 1000)
            entries = r.xrange(key, ms(start), ms(end) - 1)
            return [(f["order_id"], int(f.get("at") or i.split("-")[0])) for i, f in entries]
        """,
    ),
    (
        "2.3",
        "the end is an id",
        "which is not included",
        """
        from datetime import UTC, datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
            entries = r.xrange(key, ms(start), ms(end))
            return [(f["order_id"], int(f.get("at") or i.split("-")[0])) for i, f in entries]
        """,
    ),
    (
        "2.3",
        "( before a millisecond",
        "with or without a ( before it",
        """
        from datetime import UTC, datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
            entries = r.xrange(key, ms(start), f"({ms(end)}")
            return [(f["order_id"], int(f.get("at") or i.split("-")[0])) for i, f in entries]
        """,
    ),
    (
        "2.3",
        "the last millisecond without its sequences",
        "with all that came in it",
        """
        from datetime import UTC, datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
            entries = r.xrange(key, f"{ms(start)}-0", f"{ms(end) - 1}-0")
            return [(f["order_id"], int(f.get("at") or i.split("-")[0])) for i, f in entries]
        """,
    ),
    (
        "2.3",
        "start left out",
        "start is included",
        """
        from datetime import UTC, datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
            entries = r.xrange(key, f"({ms(start)}-0", ms(end) - 1)
            return [(f["order_id"], int(f.get("at") or i.split("-")[0])) for i, f in entries]
        """,
    ),
    (
        "2.3",
        "the id is when it was placed",
        "the time of its id",
        """
        from datetime import UTC, datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
            entries = r.xrange(key, ms(start), ms(end) - 1)
            return [(f["order_id"], int(i.split("-")[0])) for i, f in entries]
        """,
    ),
    (
        "2.3",
        "the window is about placing",
        "The window is about reaching the stream",
        """
        from datetime import UTC, datetime
        def received(r, key, start, end):
            ms = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
            rows = [(f["order_id"], int(f.get("at") or i.split("-")[0])) for i, f in r.xrange(key)]
            return [row for row in rows if ms(start) <= row[1] < ms(end)]
        """,
    ),
    (
        "2.3",
        "always five minutes",
        "up to `end`",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [
                (f["order_id"], int(f.get("at", i.split("-")[0])))
                for i, f in r.xrange(key, ms(start), ms(start) + 300_000 - 1)
            ]
        """,
    ),
    (
        "2.3",
        "None for nothing",
        "the list of none is []",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [
                (f["order_id"], int(f.get("at", i.split("-")[0])))
                for i, f in r.xrange(key, ms(start), ms(end) - 1)
            ] or None
        """,
    ),
    (
        "2.3",
        "sorted by the time it was placed",
        "in the order of the stream",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return sorted(
                [
                    (f["order_id"], int(f.get("at", i.split("-")[0])))
                    for i, f in r.xrange(key, ms(start), ms(end) - 1)
                ],
                key=lambda x: x[1],
            )
        """,
    ),
    (
        "2.3",
        "the first hundred",
        "of the 150 orders",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [
                (f["order_id"], int(f.get("at", i.split("-")[0])))
                for i, f in r.xrange(key, ms(start), ms(end) - 1, count=100)
            ]
        """,
    ),
    (
        "2.3",
        "one pair per order_id",
        "a pair for each entry",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return list(
                {
                    f["order_id"]: int(f.get("at", i.split("-")[0]))
                    for i, f in r.xrange(key, ms(start), ms(end) - 1)
                }.items()
            )
        """,
    ),
    (
        "2.3",
        "skip the orders that were placed offline",
        "which has a field `at`",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [
                (f["order_id"], int(i.split("-")[0]))
                for i, f in r.xrange(key, ms(start), ms(end) - 1)
                if "at" not in f
            ]
        """,
    ),
    (
        "2.3",
        "every order has an at",
        "has the time of its id",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [(f["order_id"], int(f["at"])) for i, f in r.xrange(key, ms(start), ms(end) - 1)]
        """,
    ),
    (
        "2.3",
        "the id of the entry",
        "order_id is its field",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [(i, int(f.get("at", i.split("-")[0]))) for i, f in r.xrange(key, ms(start), ms(end) - 1)]
        """,
    ),
    (
        "2.3",
        "seconds",
        "counts milliseconds",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp())
        def received(r, key, start, end):
            return [
                (f["order_id"], int(f.get("at", i.split("-")[0])))
                for i, f in r.xrange(key, ms(start), ms(end) - 1)
            ]
        """,
    ),
    (
        "2.3",
        "both parts of the id in one number",
        "a dash, and a sequence",
        """
        from datetime import datetime, UTC
        def ms(t):
            return int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp() * 1000)
        def received(r, key, start, end):
            return [
                (f["order_id"], int(f.get("at", i.replace("-", ""))))
                for i, f in r.xrange(key, ms(start), ms(end) - 1)
            ]
        """,
    ),
    (
        "2.4",
        "hand $ back",
        "A $ that is handed back is worked out anew",
        """
        def wait_for_orders(r, key, after, ms):
            answer = r.xread({key: after}, block=ms)
            entries = answer[0][1] if answer else []
            return entries, entries[-1][0] if entries else after
        """,
    ),
    (
        "2.4",
        "the last id after the wait",
        "between one command of it and the next",
        """
        def wait_for_orders(r, key, after, ms):
            answer = r.xread({key: after}, block=ms)
            if answer:
                return answer[0][1], answer[0][1][-1][0]
            newest = r.xrevrange(key, count=1)
            return [], newest[0][0] if newest else "0-0"
        """,
    ),
    (
        "2.4",
        "go on at the clock",
        "Pass on an id",
        """
        import time
        def wait_for_orders(r, key, after, ms):
            answer = r.xread({key: after}, block=ms)
            return answer[0][1] if answer else [], str(int(time.time() * 1000))
        """,
    ),
    (
        "2.4",
        "0 for $",
        "$ means only what comes from now on",
        """
        def wait_for_orders(r, key, after, ms):
            answer = r.xread({key: "0" if after == "$" else after}, block=ms)
            entries = answer[0][1] if answer else []
            return entries, entries[-1][0] if entries else after
        """,
    ),
    (
        "2.4",
        "there is always a last entry",
        "The stream does not exist yet",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xrevrange(key, count=1)[0][0]
            answer = r.xread({key: after}, block=ms)
            entries = answer[0][1] if answer else []
            return entries, entries[-1][0] if entries else after
        """,
    ),
    (
        "2.4",
        "the first of the new ones",
        "a second time",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                newest = r.xrevrange(key, count=1)
                after = newest[0][0] if newest else "0"
            answer = r.xread({key: after}, block=ms)
            entries = answer[0][1] if answer else []
            return entries, entries[0][0] if entries else after
        """,
    ),
    (
        "2.4",
        "no waiting",
        "it should wait up to ms milliseconds",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                newest = r.xrevrange(key, count=1)
                after = newest[0][0] if newest else "0"
            answer = r.xread({key: after})
            entries = answer[0][1] if answer else []
            return entries, entries[-1][0] if entries else after
        """,
    ),
    (
        "2.4",
        "BLOCK 0 for 0 ms",
        "which waits for ever",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else "0-0"
            got = r.xread({key: after}, block=ms)
            e = got[0][1] if got else []
            return e, e[-1][0] if e else after
        """,
    ),
    (
        "2.4",
        "ids as text",
        "10 comes after 9",
        """
        import time
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else ""
            end = time.monotonic() + ms / 1000
            while True:
                e = [x for x in r.xrange(key) if x[0] > after]
                if e or time.monotonic() >= end:
                    return e, e[-1][0] if e else after
                time.sleep(0.005)
        """,
    ),
    (
        "2.4",
        "sleep, then look",
        "return with it at once",
        """
        import time
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else "0-0"
            time.sleep(ms / 1000)
            e = r.xrange(key, "(" + after)
            return e, e[-1][0] if e else after
        """,
    ),
    (
        "2.4",
        "create the stream to ask it",
        "reading creates nothing",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                if not r.exists(key):
                    r.xgroup_create(key, "g", id="$", mkstream=True)
                    r.xgroup_destroy(key, "g")
                after = r.xinfo_stream(key)["last-generated-id"]
            got = r.xread({key: after}, block=ms or None)
            e = got[0][1] if got else []
            return e, e[-1][0] if e else after
        """,
    ),
    (
        "2.4",
        "no waiting for a stream that is missing",
        "did not exist before: an XREAD waits",
        """
        def wait_for_orders(r, key, after, ms):
            if not r.exists(key):
                return [], "0-0"
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"]
            got = r.xread({key: after}, block=ms or None)
            e = got[0][1] if got else []
            return e, e[-1][0] if e else after
        """,
    ),
    (
        "2.4",
        "one at a time",
        "return all new entries",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                n = r.xrevrange(key, count=1)
                after = n[-1][0] if n else "0"
            got = r.xread({key: after}, count=1, block=ms or 1)
            e = got[0][1] if got else []
            return e, e[-1][0] if e else after
        """,
    ),
    (
        "2.4",
        "ten at a time",
        "of 150 new entries",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                e = r.xrevrange(key, count=1)
                after = e[0][0] if e else "0-0"
            got = r.xread({key: after}, block=ms or None, count=10)
            e = got[0][1] if got else []
            return e, e[-1][0] if e else after
        """,
    ),
    (
        "2.4",
        "the stream's last id after the read",
        "the stream's may be newer",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else "0-0"
            got = r.xread({key: after}, block=ms or None)
            e = got[0][1] if got else []
            return e, r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else after
        """,
    ),
    (
        "2.4",
        "one millisecond later",
        "not an id that you got",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else "0-0"
            got = r.xread({key: after}, block=ms or None)
            e = got[0][1] if got else []
            return e, str(int(e[-1][0].split("-")[0]) + 1) if e else after
        """,
    ),
    (
        "2.4",
        "the answer of xread",
        "with the stream's name",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else "0-0"
            got = r.xread({key: after}, block=ms or None)
            return got, got[0][1][-1][0] if got else after
        """,
    ),
    (
        "2.4",
        "there is always something new",
        "what does xread return then?",
        """
        def wait_for_orders(r, key, after, ms):
            if after == "$":
                after = r.xinfo_stream(key)["last-generated-id"] if r.exists(key) else "0-0"
            e = r.xread({key: after}, block=ms or None)[0][1]
            return e, e[-1][0]
        """,
    ),
    (
        "2.4",
        "0-0 when nothing came",
        "whose after was $",
        """
        def wait_for_orders(r, key, after, ms):
            got = r.xread({key: after}, block=ms)
            e = got[0][1] if got else []
            return e, e[-1][0] if e else ("0-0" if after == "$" else after)
        """,
    ),
    (
        "2.5",
        "is there a stream",
        "nobody hears of these orders",
        """
        def may_have_missed(r, key, saved):
            return not r.exists(key)
        """,
    ),
    (
        "2.5",
        "the entry itself has to be there",
        "Only the entry saved itself was deleted",
        """
        def may_have_missed(r, key, saved):
            numbers = lambda entry_id: tuple(map(int, entry_id.split("-")))
            if not r.exists(key):
                return True
            last = numbers(r.xinfo_stream(key)["last-generated-id"])
            if last <= numbers(saved):
                return last < numbers(saved)
            return not r.xrange(key, saved, saved)
        """,
    ),
    (
        "2.5",
        "ids as text",
        "Ids are two numbers, not text",
        """
        def may_have_missed(r, key, saved):
            if not r.exists(key):
                return True
            last = r.xinfo_stream(key)["last-generated-id"]
            if last <= saved:
                return last < saved
            return not r.xrange(key, max=saved, count=1)
        """,
    ),
    (
        "2.5",
        "milliseconds alone",
        "An id has a sequence, too",
        """
        def may_have_missed(r, key, saved):
            ms = lambda entry_id: int(entry_id.split("-")[0])
            if not r.exists(key):
                return True
            last = ms(r.xinfo_stream(key)["last-generated-id"])
            if last <= ms(saved):
                return last < ms(saved)
            return not r.xrange(key, max=saved, count=1)
        """,
    ),
    (
        "2.5",
        "only the old end",
        "the last that was ever added, and it was read",
        """
        def may_have_missed(r, key, saved):
            numbers = lambda entry_id: tuple(map(int, entry_id.split("-")))
            newest = r.xrevrange(key, count=1)
            if not newest or numbers(newest[0][0]) < numbers(saved):
                return True
            return not r.xrange(key, max=saved, count=1)
        """,
    ),
    (
        "2.5",
        "only behind or gone",
        "were trimmed, and never read",
        """
        def may_have_missed(r, key, saved):
            numbers = lambda entry_id: tuple(map(int, entry_id.split("-")))
            if not r.exists(key):
                return True
            return numbers(r.xinfo_stream(key)["last-generated-id"]) < numbers(saved)
        """,
    ),
    (
        "2.5",
        "the oldest has to be older than saved",
        "the oldest entry left, was read",
        """
        def num(i):
            return tuple(map(int, i.split("-")))
        def may_have_missed(r, key, saved):
            if not r.exists(key):
                return True
            i = r.xinfo_stream(key)
            last = num(i["last-generated-id"])
            if last < num(saved):
                return True
            if last == num(saved):
                return False
            return not i["first-entry"] or num(i["first-entry"][0]) >= num(saved)
        """,
    ),
    (
        "2.5",
        "both parts of the id in one number",
        "10-0 comes after 9-10",
        """
        def num(i):
            return int(i.replace("-", ""))
        def may_have_missed(r, key, saved):
            if not r.exists(key):
                return True
            last = num(r.xinfo_stream(key)["last-generated-id"])
            if last < num(saved):
                return True
            return last > num(saved) and not r.xrange(key, "-", saved, 1)
        """,
    ),
    (
        "2.5",
        "an id as a fraction",
        "5-10 comes after 5-9",
        """
        def num(i):
            return float(i.replace("-", "."))
        def may_have_missed(r, key, saved):
            if not r.exists(key):
                return True
            last = num(r.xinfo_stream(key)["last-generated-id"])
            if last < num(saved):
                return True
            return last > num(saved) and not r.xrange(key, "-", saved, 1)
        """,
    ),
    (
        "2.5",
        "add an entry to ask",
        "changed the stream",
        """
        import redis
        def may_have_missed(r, key, saved):
            if not r.exists(key):
                return True
            try:
                r.xadd(key, {"a": 1}, id=saved)
                r.xdel(key, saved)
                return True
            except redis.ResponseError:
                pass
            return not r.xrange(key, "-", saved, 1) and r.xinfo_stream(key)["last-generated-id"] != saved
        """,
    ),
    (
        "2.5",
        "XINFO of a stream that is missing",
        "with no such stream",
        """
        def num(i):
            return tuple(map(int, i.split("-")))
        def may_have_missed(r, key, saved):
            i = r.xinfo_stream(key)
            last = num(i["last-generated-id"])
            if last < num(saved):
                return True
            return last > num(saved) and not r.xrange(key, "-", saved, 1)
        """,
    ),
]
