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
        "Which start leaves out the id that was read?",
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
        "Every page was full, and then nothing was left",
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
        "2.5",
        "is there a stream",
        "the reader would wait for ever",
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
        "Ids are numbers, not text",
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
]
