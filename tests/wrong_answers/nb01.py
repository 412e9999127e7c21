WRONG = [
    (
        "1.1",
        "in the order given",
        "bring the rows into order first",
        """
        def import_history(r, key, rows, now_ms):
            late = []
            for row in rows:
                if row["at"] > now_ms:
                    late.append(row)
                else:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return late
        """,
    ),
    (
        "1.1",
        "milliseconds alone are unique",
        "who could count the sequence for you",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: row["at"]):
                if row["at"] <= now_ms:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=row["at"])
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.1",
        "future ids are harmless",
        "would own the stream's clock",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: row["at"]):
                r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.1",
        "with * for every row",
        "not the moment of the import",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: row["at"]):
                if row["at"] <= now_ms:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]})
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.2",
        "str of the dictionary",
        "only Python can read",
        """
        import ast
        def save_order(r, key, order):
            return r.xadd(key, {"order_id": order["order_id"], "data": str(order)})
        def load_order(r, key, entry_id):
            return ast.literal_eval(r.xrange(key, entry_id, entry_id)[0][1]["data"])
        """,
    ),
    (
        "1.2",
        "the order as it is",
        "in which text would None, True and lists survive",
        """
        def save_order(r, key, order):
            return r.xadd(key, order)
        def load_order(r, key, entry_id):
            return r.xrange(key, entry_id, entry_id)[0][1]
        """,
    ),
    (
        "1.2",
        "types survive",
        "what remembers that it was a number",
        """
        import json
        def save_order(r, key, order):
            return r.xadd(key, {k: json.dumps(v) if isinstance(v, (dict, list, bool, type(None))) else v
                                for k, v in order.items()})
        def load_order(r, key, entry_id):
            fields = r.xrange(key, entry_id, entry_id)[0][1]
            return {k: json.loads(v) if v[:1] in "{[tfn" else v for k, v in fields.items()}
        """,
    ),
    (
        "1.2",
        "one field with everything",
        "order_id must be one of them",
        """
        import json
        def save_order(r, key, order):
            return r.xadd(key, {"data": json.dumps(order)})
        def load_order(r, key, entry_id):
            return json.loads(r.xrange(key, entry_id, entry_id)[0][1]["data"])
        """,
    ),
    (
        "1.3",
        "EXISTS, then XADD",
        "One command must both decide and add",
        """
        def count_click(r, customer, page):
            if not r.exists(f"clicks:{customer}"):
                return False
            r.xadd(f"clicks:{customer}", {"page": page})
            return True
        """,
    ),
    (
        "1.3",
        "create and delete",
        "created the stream and deleted it again",
        """
        def count_click(r, customer, page):
            key = f"clicks:{customer}"
            r.xadd(key, {"page": page})
            if r.xlen(key) == 1:
                r.delete(key)
                return False
            return True
        """,
    ),
    (
        "1.3",
        "None is an error",
        "Somebody without a stream is no error",
        """
        def count_click(r, customer, page):
            entry_id = r.xadd(f"clicks:{customer}", {"page": page}, nomkstream=True)
            if entry_id is None:
                raise KeyError(customer)
            return True
        """,
    ),
    (
        "1.3",
        "plain XADD",
        "XADD creates what it does not find",
        """
        def count_click(r, customer, page):
            return r.xadd(f"clicks:{customer}", {"page": page}) is not None
        """,
    ),
    (
        "1.4",
        "XDEL is enough",
        "remembers its highest id whatever is deleted",
        """
        def repair(r, key, now_ms):
            late = r.xrange(key, min=now_ms + 1)
            if late:
                r.xdel(key, *[i for i, _ in late])
            for _, fields in late:
                r.xadd(key, fields)
            return len(late)
        """,
    ),
    (
        "1.4",
        "XDEL and XSETID",
        "8.2 refuses",
        """
        def repair(r, key, now_ms):
            late = r.xrange(key, min=now_ms + 1)
            if late:
                r.xdel(key, *[i for i, _ in late])
                last = r.xrevrange(key, count=1)
                r.execute_command("XSETID", key, last[0][0] if last else "0-1")
            for _, fields in late:
                r.xadd(key, fields)
            return len(late)
        """,
    ),
    (
        "1.4",
        "cannot be run again after a crash",
        "What had the first run left behind",
        """
        def repair(r, key, now_ms):
            late = 0
            for entry_id, fields in r.xrange(key):
                future = int(entry_id.split("-")[0]) > now_ms
                late += future
                r.xadd("copy", fields, id="*" if future else entry_id)
            if r.exists("copy"):
                r.rename("copy", key)
            else:
                r.delete(key)
            return late
        """,
    ),
    (
        "1.4",
        "delete, then write again",
        "a crash just then would have lost it",
        """
        def repair(r, key, now_ms):
            entries = r.xrange(key)
            r.delete(key)
            late = 0
            for entry_id, fields in entries:
                future = int(entry_id.split("-")[0]) > now_ms
                late += future
                r.xadd(key, fields, id="*" if future else entry_id)
            return late
        """,
    ),
    (
        "1.4",
        "compare ids as text",
        "Ids compare as numbers",
        """
        def repair(r, key, now_ms):
            late = 0
            for entry_id, fields in r.xrange(key):
                future = entry_id > f"{now_ms}-9"
                late += future
                r.xadd("copy", fields, id="*" if future else entry_id)
            if r.exists("copy"):
                r.rename("copy", key)
            else:
                r.delete(key)
            return late
        """,
    ),
    (
        "1.4",
        "nothing to do without late entries",
        "next id is still from the future",
        """
        def repair(r, key, now_ms):
            late = len(r.xrange(key, min=now_ms + 1))
            if not late:
                return 0
            for entry_id, fields in r.xrange(key):
                future = int(entry_id.split("-")[0]) > now_ms
                r.xadd("copy", fields, id="*" if future else entry_id)
            r.rename("copy", key)
            return late
        """,
    ),
    (
        "1.1",
        "sorted by time and number",
        "rows of one millisecond keep their order",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: (row["at"], row["order_id"])):
                if row["at"] <= now_ms:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.1",
        "now itself is later",
        "A row at now_ms itself is not later",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: row["at"]):
                if row["at"] < now_ms:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.1",
        "returned in the order of time",
        "in the order that they have in rows",
        """
        def import_history(r, key, rows, now_ms):
            late = []
            for row in sorted(rows, key=lambda row: row["at"]):
                if row["at"] > now_ms:
                    late.append(row)
                else:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return late
        """,
    ),
    (
        "1.3",
        "EXISTS and NOMKSTREAM, and always True",
        "Only XADD's own answer tells",
        """
        def count_click(r, customer, page):
            if not r.exists(f"clicks:{customer}"):
                return False
            r.xadd(f"clicks:{customer}", {"page": page}, nomkstream=True)
            return True
        """,
    ),
    (
        "1.3",
        "an empty stream is none",
        "this customer is registered, with 0 clicks",
        """
        def count_click(r, customer, page):
            if not r.xlen(f"clicks:{customer}"):
                return False
            return r.xadd(f"clicks:{customer}", {"page": page}, nomkstream=True) is not None
        """,
    ),
    (
        "1.5",
        "compare with the last entry",
        "compares with its highest id",
        """
        def add_reading(r, key, at_ms, fields):
            last = r.xrevrange(key, count=1)
            fields = {**fields, "at": at_ms}
            if last and int(last[0][0].split("-")[0]) > at_ms:
                return r.xadd(key, fields)
            return r.xadd(key, fields, id=f"{at_ms}-*")
        """,
    ),
    (
        "1.4",
        "drop what is from the future",
        "should be there, once",
        """
        def repair(r, key, now_ms):
            good = r.xrange(key, max=now_ms)
            late = r.xlen(key) - len(good)
            r.delete(key)
            for entry_id, fields in good:
                r.xadd(key, fields, id=entry_id)
            return late
        """,
    ),
    (
        "1.4",
        "all of them with *",
        "keep their ids",
        """
        def repair(r, key, now_ms):
            entries = r.xrange(key)
            r.delete(key)
            for _, fields in entries:
                r.xadd(key, fields)
            return sum(int(i.split("-")[0]) > now_ms for i, _ in entries)
        """,
    ),
    (
        "1.5",
        "drop what is late",
        "a late reading is still a reading",
        """
        import redis
        def add_reading(r, key, at_ms, fields):
            try:
                return r.xadd(key, {**fields, "at": at_ms}, id=f"{at_ms}-*")
            except redis.ResponseError:
                return None
        """,
    ),
    (
        "1.5",
        "always *",
        "could take the till's milliseconds",
        """
        def add_reading(r, key, at_ms, fields):
            return r.xadd(key, {**fields, "at": at_ms})
        """,
    ),
    (
        "1.5",
        "swallow every error",
        "every other error has to be seen",
        """
        def add_reading(r, key, at_ms, fields):
            fields = {**fields, "at": at_ms}
            try:
                return r.xadd(key, fields, id=f"{at_ms}-*")
            except Exception:
                try:
                    return r.xadd(key, fields)
                except Exception:
                    return None
        """,
    ),
    (
        "1.5",
        "no field for the time",
        "lost unless a field holds it",
        """
        import redis
        def add_reading(r, key, at_ms, fields):
            try:
                return r.xadd(key, fields, id=f"{at_ms}-*")
            except redis.ResponseError:
                return r.xadd(key, fields)
        """,
    ),
    (
        "1.1",
        "added, then deleted",
        "A stream remembers its highest id",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: row["at"]):
                fields = {"order_id": row["order_id"], "product": row["product"]}
                entry_id = r.xadd(key, fields, id=f"{row['at']}-*")
                if row["at"] > now_ms:
                    r.xdel(key, entry_id)
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.1",
        "taken out of rows",
        "leave rows as they are",
        """
        def import_history(r, key, rows, now_ms):
            late = []
            for row in rows:
                if row["at"] > now_ms:
                    late.append(row)
                    rows.remove(row)
            for row in sorted(rows, key=lambda row: row["at"]):
                r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return late
        """,
    ),
    (
        "1.1",
        "sorted as text",
        "Milliseconds compare as numbers",
        """
        def import_history(r, key, rows, now_ms):
            for row in sorted(rows, key=lambda row: str(row["at"])):
                if row["at"] <= now_ms:
                    r.xadd(key, {"order_id": row["order_id"], "product": row["product"]}, id=f"{row['at']}-*")
            return [row for row in rows if row["at"] > now_ms]
        """,
    ),
    (
        "1.2",
        "types are guessed",
        "text that looks like something else",
        """
        import json
        def save_order(r, key, order):
            return r.xadd(key, {k: v if isinstance(v, str) else json.dumps(v) for k, v in order.items()})
        def load_order(r, key, entry_id):
            order = {}
            for name, value in r.xrange(key, entry_id, entry_id)[0][1].items():
                try:
                    order[name] = json.loads(value)
                except ValueError:
                    order[name] = value
            return order
        """,
    ),
    (
        "1.2",
        "remembered in Python",
        "a program that loads an order has its entry, and no more",
        """
        import json
        saved = {}
        def save_order(r, key, order):
            entry_id = r.xadd(key, {"order_id": order["order_id"], "data": json.dumps(order)})
            saved[entry_id] = order
            return entry_id
        def load_order(r, key, entry_id):
            return saved[entry_id]
        """,
    ),
    (
        "1.2",
        "the order's number as the id",
        "The numbers of orders need not rise",
        """
        import json
        def save_order(r, key, order):
            fields = {"order_id": order["order_id"], "data": json.dumps(order)}
            return r.xadd(key, fields, id=f"{order['order_id']}-0")
        def load_order(r, key, entry_id):
            return json.loads(r.xrange(key, entry_id, entry_id)[0][1]["data"])
        """,
    ),
    (
        "1.3",
        "EXISTS and XADD in a transaction, then DELETE",
        "created the stream and deleted it again",
        """
        def count_click(r, customer, page):
            key = f"clicks:{customer}"
            pipeline = r.pipeline()
            pipeline.exists(key)
            pipeline.xadd(key, {"page": page})
            exists, _ = pipeline.execute()
            if not exists:
                r.delete(key)
            return bool(exists)
        """,
    ),
    (
        "1.3",
        "WATCH, and False when it fails",
        "Another click of this customer came in between",
        """
        import redis
        def count_click(r, customer, page):
            key = f"clicks:{customer}"
            with r.pipeline() as pipeline:
                pipeline.watch(key)
                if not pipeline.exists(key):
                    return False
                pipeline.multi()
                pipeline.xadd(key, {"page": page})
                try:
                    pipeline.execute()
                except redis.WatchError:
                    return False
                return True
        """,
    ),
    (
        "1.3",
        "every error is a stranger",
        "every other error has to come out",
        """
        def count_click(r, customer, page):
            try:
                return r.xadd(f"clicks:{customer}", {"page": page}, nomkstream=True) is not None
            except Exception:
                return False
        """,
    ),
    (
        "1.4",
        "a pipeline that is no transaction",
        "Where are all entries at every moment",
        """
        def repair(r, key, now_ms):
            entries, late = r.xrange(key), 0
            pipeline = r.pipeline(transaction=False)
            pipeline.delete(key)
            for entry_id, fields in entries:
                future = int(entry_id.split("-")[0]) > now_ms
                late += future
                pipeline.xadd(key, fields, id="*" if future else entry_id)
            pipeline.execute()
            return late
        """,
    ),
    (
        "1.4",
        "now_ms for what is from the future",
        "an id from * is of this moment",
        """
        def repair(r, key, now_ms):
            entries, late = r.xrange(key), 0
            pipeline = r.pipeline()
            pipeline.delete(key)
            for entry_id, fields in entries:
                future = int(entry_id.split("-")[0]) > now_ms
                late += future
                pipeline.xadd(key, fields, id=f"{now_ms}-*" if future else entry_id)
            pipeline.execute()
            return late
        """,
    ),
    (
        "1.4",
        "the first hundred",
        "did not keep the entry 101-0",
        """
        def repair(r, key, now_ms):
            entries, late = r.xrange(key, count=100), 0
            pipeline = r.pipeline()
            pipeline.delete(key)
            for entry_id, fields in entries:
                future = int(entry_id.split("-")[0]) > now_ms
                late += future
                pipeline.xadd(key, fields, id="*" if future else entry_id)
            pipeline.execute()
            return late
        """,
    ),
    (
        "1.5",
        "the highest id is asked first",
        "Another till added between two of your commands",
        """
        def add_reading(r, key, at_ms, fields):
            fields = {**fields, "at": at_ms}
            if r.exists(key):
                highest = r.xinfo_stream(key)["last-generated-id"]
                if int(highest.split("-")[0]) > at_ms:
                    return r.xadd(key, fields)
            return r.xadd(key, fields, id=f"{at_ms}-*")
        """,
    ),
    (
        "1.5",
        "a clock of one's own",
        "Who always gives an id that is larger",
        """
        import redis, time
        def add_reading(r, key, at_ms, fields):
            fields = {**fields, "at": at_ms}
            try:
                return r.xadd(key, fields, id=f"{at_ms}-*")
            except redis.ResponseError as error:
                if "equal or smaller" not in str(error):
                    raise
                return r.xadd(key, fields, id=f"{int(time.time() * 1000)}-*")
        """,
    ),
    (
        "1.5",
        "every error means late",
        "went on after Redis had refused",
        """
        import redis
        def add_reading(r, key, at_ms, fields):
            fields = {**fields, "at": at_ms}
            try:
                return r.xadd(key, fields, id=f"{at_ms}-*")
            except redis.ResponseError:
                return r.xadd(key, fields)
        """,
    ),
]
