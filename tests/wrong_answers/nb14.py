"""Plausible wrong answers to the exercises of 14 Kafka side by side, each with what its hint has to say."""

PLACE = """
        from zlib import crc32


        def place(events, partitions, consumers):
            each, more = divmod(partitions, len(consumers))
            owners, placed = [], {{}}
            for n, name in enumerate({names}):
                owners += [name] * ({share})
                placed[name] = []
            {setup}
            for n, event in enumerate({sent}):
                partition = {partition}
                placed[{owner}].append({what})
            return {result}
"""


def _place(
    names="consumers",
    share="each + (n < more)",
    setup="pass",
    sent="events",
    partition='crc32(event["order_id"].encode()) % partitions',
    owner="owners[partition]",
    what='event["event_id"]',
    result="placed",
):
    return PLACE.format(**locals())


REPORT = """
        def report(partitions):
            lag = again = seconds = total = speed = most = 0
            for at in partitions:
                begin = {begin}
                left = {left}
                lag += {lag}
                again += {again}
                total, speed = total + left, speed + at["per_second"]
                {more}
                if left and not at["per_second"]:
                    {stuck}
                elif left and {moving}:
                    seconds = {slower}
            return lag, again, {seconds}
"""


def _report(
    begin='at["first"] if at["committed"] is None else max(at["committed"], at["first"])',
    left='at["end"] - at["position"]',
    lag='at["end"] - begin',
    again='at["position"] - begin',
    more="pass",
    stuck="seconds = None",
    moving="seconds is not None",
    slower='max(seconds, left / at["per_second"])',
    seconds="seconds",
):
    return REPORT.format(**locals())


COMMIT = """
        def commit_at(read, finished):
            done = [offset for offset in read if offset in finished]
            first = next((offset for offset in read if offset not in finished), None)
            prefix = [offset for offset in read if first is None or offset < first]
            {body}
"""


def _commit(body):
    return COMMIT.format(body=body)


TORN = """
        from zlib import crc32


        def torn(old, new, before, after):
            def moves(key):
                return {moves}

            return {result}
"""


def _torn(
    moves="crc32(key.encode()) % before != crc32(key.encode()) % after",
    result="sorted(key for key in set(old) & set(new) if moves(key))",
):
    return TORN.format(**locals())


def _start(body):
    return f"""
        from bisect import bisect_left


        def start(records, end, moment):
            {body}
    """


WRONG = [
    (
        "14.1",
        "all are busy: the partitions go round until everybody has one",
        "the rest of the group stands by",
        _place(owner="consumers[n % len(consumers)]"),
    ),
    (
        "14.1",
        "an order to each consumer in turn, all are busy",
        "the rest of the group stands by",
        _place(
            setup="turns = {}",
            owner='consumers[turns.setdefault(event["order_id"], len(turns)) % len(consumers)]',
        ),
    ),
    (
        "14.1",
        "a random key keeps order",
        "what have all events of an order in common?",
        _place(partition='crc32(event["event_id"].encode()) % partitions'),
    ),
    (
        "14.1",
        "no key, in turns",
        "what have all events of an order in common?",
        _place(partition="n % partitions"),
    ),
    (
        "14.1",
        "the kind of event as key",
        "what have all events of an order in common?",
        _place(partition='crc32(event["event"].encode()) % partitions'),
    ),
    (
        "14.1",
        "the country as key",
        "Which key keeps just an order together?",
        _place(partition='crc32(event["country"].encode()) % partitions'),
    ),
    (
        "14.1",
        "more partitions keep the mapping",
        "with their number the place of a key changes",
        _place(partition='crc32(event["order_id"].encode()) % min(4, partitions)'),
    ),
    (
        "14.1",
        "checksum straight to the consumer",
        "first the partition, then who has it",
        _place(owner='consumers[crc32(event["order_id"].encode()) % len(consumers)]'),
    ),
    (
        "14.1",
        "leaves out who has nothing",
        "who stands by has an empty list",
        _place(result="{name: ids for name, ids in placed.items() if ids}"),
    ),
    ("14.1", "partitions in turn", "neighbours stay together", _place(owner="consumers[partition % len(consumers)]")),
    (
        "14.1",
        "the last one gets more",
        "the first consumers get one more",
        _place(share="each + (n >= len(consumers) - more)"),
    ),
    ("14.1", "sorts the names", "in the order of the names given", _place(names="sorted(consumers)")),
    (
        "14.1",
        "the number as key, not its bytes",
        "crc32 of the key's bytes is",
        _place(partition='int(event["order_id"]) % partitions'),
    ),
    (
        "14.1",
        "sorted by order",
        "not in the order in which they were sent",
        _place(sent='sorted(events, key=lambda event: event["order_id"])'),
    ),
    ("14.1", "whole events", "it should be a list of event_ids", _place(what="event")),
    (
        "14.1",
        "sorted by event id",
        "not in the order in which they were sent",
        _place(sent='sorted(events, key=lambda event: int(event["event_id"][1:]))'),
    ),
    (
        "14.1",
        "a second payment is a duplicate",
        "each is an event of its own",
        _place(sent='{(event["order_id"], event["event"]): event for event in events}.values()'),
    ),
    (
        "14.1",
        "the number's digits as key",
        "'0042' has other bytes than '42'",
        _place(partition='crc32(str(int(event["order_id"])).encode()) % partitions'),
    ),
    (
        "14.1",
        "drops letters beyond ASCII",
        "the key's bytes (UTF-8)",
        _place(partition='crc32(event["order_id"].encode("ascii", "ignore")) % partitions'),
    ),
    ("14.1", "numbers for names", "should be the names of the consumers", _place(names="range(len(consumers))")),
    ("14.1", "order ids", "'1005' for c1, which is no event_id", _place(what='event["order_id"]')),
    (
        "14.1",
        "the first one gets the whole rest",
        "dealt the 4 partitions out in another way",
        _place(share="each + more * (n == 0)"),
    ),
    (
        "14.2",
        "one number: all records by all speeds",
        "No consumer works for another partition",
        _report(seconds="total / speed if speed else None"),
    ),
    (
        "14.2",
        "messages are time: the longest queue",
        "is not the one that ends last",
        _report(
            more="most = max(most, (left, at['per_second'] and left / at['per_second']), key=lambda one: one[0]) "
            "if most else (left, at['per_second'] and left / at['per_second'])",
            seconds="None if seconds is None else most[1]",
        ),
    ),
    (
        "14.2",
        "committed is processed: nothing comes again",
        "After a crash the group begins at the committed offset",
        _report(again="0"),
    ),
    (
        "14.2",
        "committed is processed: the whole lag is work",
        "it is no work any more",
        _report(left='at["end"] - begin'),
    ),
    (
        "14.2",
        "the whole lag comes again",
        "some has not been worked on at all",
        _report(again='at["end"] - begin'),
    ),
    ("14.2", "lag after the position", "not what its consumers have done", _report(lag='at["end"] - at["position"]')),
    (
        "14.2",
        "counts what was deleted",
        "can no longer be read",
        _report(begin='at["first"] if at["committed"] is None else at["committed"]'),
    ),
    (
        "14.2",
        "subtracts None",
        "the group begins at the first record",
        _report(begin='max(at["committed"], at["first"])'),
    ),
    ("14.2", "one after the other", "side by side", _report(slower='seconds + left / at["per_second"]')),
    (
        "14.2",
        "divides by a stuck consumer",
        "a consumer may be stuck",
        _report(more='seconds = max(seconds, left / at["per_second"])'),
    ),
    ("14.2", "a stuck one counts for nothing", "so it never ends", _report(stuck="pass")),
    (
        "14.2",
        "a stuck one is forgotten again",
        "so it never ends",
        _report(moving="True", slower='max(seconds or 0, left / at["per_second"])'),
    ),
    (
        "14.2",
        "stuck with nothing left",
        "holds up nobody",
        _report(seconds='None if any(not at["per_second"] for at in partitions) else seconds'),
    ),
    (
        "14.2",
        "committed is the last one done",
        "The committed offset is the one to be read next",
        _report(begin='at["first"] if at["committed"] is None else max(at["committed"] + 1, at["first"])'),
    ),
    (
        "14.2",
        "committed is the last one done, for what comes again",
        "so the record 6 comes again, too",
        _report(again='at["position"] - max(begin + (at["committed"] is not None), at["first"])'),
    ),
    ("14.2", "no seconds are None", "Nothing is left; None is for never", _report(seconds="seconds or None")),
    (
        "14.2",
        "whole records per second",
        "0.5/s is slow, not stuck",
        _report(more='at = dict(at, per_second=int(at["per_second"]))'),
    ),
    (
        "14.2",
        "divides by whole records per second",
        "nobody is stuck: 0.5/s is slow",
        _report(slower='max(seconds, left / int(at["per_second"]))'),
    ),
    (
        "14.2",
        "the first one that is through",
        "through after 1 s; is that all of them?",
        _report(slower='min(seconds or 1e9, left / at["per_second"])'),
    ),
    ("14.2", "the last of the list", "is that all of them?", _report(slower='left / at["per_second"]')),
    (
        "14.2",
        "the lowest speed",
        "The lowest speed does not decide alone",
        _report(
            more='most = min(most or (1e9, 0), (at["per_second"], left)) if left else most',
            seconds="seconds and most[1] / most[0]",
        ),
    ),
    (
        "14.2",
        "whole seconds",
        "Fractions of a second count",
        _report(slower='max(seconds, left // at["per_second"])'),
    ),
    ("14.2", "milliseconds", "8 records at 2 per second", _report(seconds="seconds and seconds * 1000")),
    (
        "14.2",
        "again from the first record on",
        "What is committed does not come again",
        _report(again='at["position"] - at["first"]'),
    ),
    ("14.2", "again is what is left", "8 are still to be done", _report(again="left")),
    (
        "14.2",
        "the lag is what is done and not committed",
        "the records behind it are waiting",
        _report(lag='at["position"] - begin'),
    ),
    (
        "14.2",
        "in another order",
        "the right numbers in another order",
        _report(lag='at["position"] - begin', again='at["end"] - begin'),
    ),
    (
        "14.2",
        "the lag of one partition",
        "That is one partition; the topic has 4",
        _report(lag='at["end"] - begin - lag'),
    ),
    (
        "14.2",
        "one partition comes again",
        "That is one partition; the topic has 4",
        _report(again='at["position"] - begin - again'),
    ),
    ("14.3", "the newest that is finished", "is not finished", _commit("return done[-1] + 1 if done else None")),
    ("14.3", "all that was read", "is not finished", _commit("return read[-1] + 1 if read else None")),
    (
        "14.3",
        "the last finished one's own offset",
        "that is to be read next",
        _commit("return prefix[-1] if prefix else None"),
    ),
    (
        "14.3",
        "counts the finished ones",
        "is not finished",
        _commit("return read[0] + len(done) if done else None"),
    ),
    (
        "14.3",
        "counts where there are gaps",
        "Offsets are not counted",
        _commit("return read[0] + len(prefix) if prefix else None"),
    ),
    (
        "14.3",
        "only when all are finished",
        "is finished, as is all before it",
        _commit("return read[-1] + 1 if read and len(done) == len(read) else None"),
    ),
    (
        "14.3",
        "commits the first again",
        "so there is nothing to commit",
        _commit("return prefix[-1] + 1 if prefix else (read[0] if read else None)"),
    ),
    ("14.3", "takes 0 for nothing", "0 is an offset, too", _commit("return prefix[-1] + 1 if any(prefix) else None")),
    ("14.3", "a list, as for XACK", "it should return an offset, or None", _commit("return prefix")),
    (
        "14.3",
        "takes a set for sorted",
        "7 too. That one is not finished",
        _commit("left = set(read) - finished; return next(iter(left), read[-1] + 1) if prefix else None"),
    ),
    (
        "14.3",
        "as many finished as read, whichever",
        "31 too. That one is not finished",
        _commit("return None if not prefix else (read if len(finished) >= len(read) else prefix)[-1] + 1"),
    ),
    (
        "14.3",
        "the smallest that is left, or None",
        "6 is finished, as is all before it.",
        _commit("return min(set(read) - finished, default=None) if prefix else None"),
    ),
    ("14.4", "whoever has events on both sides", "it is in one piece", _torn(moves="True")),
    (
        "14.4",
        "whoever moves",
        "on one side of noon only",
        _torn(result="sorted(key for key in set(old) | set(new) if moves(key))"),
    ),
    (
        "14.4",
        "whoever moves among the new",
        "on one side of noon only",
        _torn(result="sorted(key for key in set(new) if moves(key))"),
    ),
    (
        "14.4",
        "once for each event",
        "some of them twice",
        _torn(result="sorted(key for key in old if key in new and moves(key))"),
    ),
    (
        "14.4",
        "the number instead of its bytes",
        "crc32 of its bytes",
        _torn(moves="int(key) % before != int(key) % after"),
    ),
    (
        "14.4",
        "not sorted",
        "the right orders, but not sorted",
        _torn(result="list(dict.fromkeys(key for key in old if key in new and moves(key)))"),
    ),
    (
        "14.4",
        "sorted as numbers",
        "sorted as numbers; they are text",
        _torn(result="sorted((key for key in set(old) & set(new) if moves(key)), key=int)"),
    ),
    (
        "14.4",
        "looks for a part of the text",
        "order 100 has events on one side",
        _torn(result="sorted({key for key in old if key in ','.join(new) and moves(key)})"),
    ),
    (
        "14.4",
        "whoever moves on one side",
        "order 1001 has events on one side",
        _torn(result="sorted(key for key in set(old) ^ set(new) if moves(key))"),
    ),
    (
        "14.4",
        "the number's digits as key",
        "order 0041 was in partition",
        _torn(moves="crc32(str(int(key)).encode()) % before != crc32(str(int(key)).encode()) % after"),
    ),
    (
        "14.5",
        "a search by halves",
        "misses the record",
        _start(
            "times = [time for _, time in records]; at = bisect_left(times, moment); "
            "return records[at][0] if at < len(records) else end"
        ),
    ),
    (
        "14.5",
        "the earliest time that counts",
        "misses the record",
        _start("return min(((t, o) for o, t in records if t >= moment), default=(0, end))[1]"),
    ),
    (
        "14.5",
        "after the last one that is too old",
        "misses the record",
        _start(
            "return max((o for o, t in records if t < moment), default=records[0][0] - 1 if records else end - 1) + 1"
        ),
    ),
    (
        "14.5",
        "later than the moment only",
        "that moment counts",
        _start("return next((o for o, t in records if t > moment), end)"),
    ),
    (
        "14.5",
        "the place in the list",
        "a place in the list",
        _start("return next((n for n, (o, t) in enumerate(records) if t >= moment), end)"),
    ),
    (
        "14.5",
        "nothing from then on",
        "it should return an offset, here 12",
        _start("return next((o for o, t in records if t >= moment), None)"),
    ),
    (
        "14.5",
        "takes 0 for nothing",
        "0 is an offset, too",
        _start("return min((o for o, t in records if t >= moment), default=None) or end"),
    ),
    (
        "14.5",
        "counts back from the end",
        "misses the record 7",
        _start(
            "at = next((n for n, (o, t) in enumerate(records) if t >= moment), None); "
            "return end if at is None else end - len(records) + at"
        ),
    ),
    (
        "14.5",
        "where the times pass the moment, the first one only if later",
        "misses the record 5, whose time is 100 (that moment counts)",
        _start(
            "head = records[:1] if records and records[0][1] > moment else []; pairs = zip(records, records[1:]); "
            "return next(iter([o for o, _ in head] + [o for (_, t), (o, u) in pairs if t < moment <= u]), end)"
        ),
    ),
    (
        "14.5",
        "at the moment only",
        "whose time is 120, later than 115.",
        _start("return next((o for o, t in records if t == moment), end)"),
    ),
]
