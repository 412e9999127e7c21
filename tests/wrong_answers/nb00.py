"""Plausible wrong answers, from the exercises: (number, idea, part of the hint it must get, source)."""

WRONG = [
    (
        "0.1",
        "XADD's own answer",
        "Which command counts?",
        """
        def add_order(r, key, order_id, product):
            return r.xadd(key, {"order_id": order_id, "product": product})
        """,
    ),
    (
        "0.1",
        "the id of the example",
        "the server chooses one",
        """
        def add_order(r, key, order_id, product):
            r.xadd(key, {"order_id": order_id, "product": product}, id="1-1")
            return r.xlen(key)
        """,
    ),
    (
        "0.1",
        "a clock of one's own",
        "who could choose the id instead",
        """
        import time
        def add_order(r, key, order_id, product):
            now = int(time.time() * 1000)
            r.xadd(key, {"order_id": order_id, "product": product}, id=f"{now}-{order_id}")
            return r.xlen(key)
        """,
    ),
    (
        "0.1",
        "always the stream orders",
        "the parameter key is the stream's name",
        """
        def add_order(r, key, order_id, product):
            r.xadd("orders", {"order_id": order_id, "product": product})
            return r.xlen("orders")
        """,
    ),
    (
        "0.1",
        "counted before",
        "Was it counted before",
        """
        def add_order(r, key, order_id, product):
            count = r.xlen(key)
            r.xadd(key, {"order_id": order_id, "product": product})
            return count
        """,
    ),
    (
        "0.1",
        "a counter in Python",
        "with what others have added",
        """
        sold = []
        def add_order(r, key, order_id, product):
            r.xadd(key, {"order_id": order_id, "product": product})
            sold.append(order_id)
            return len(sold)
        """,
    ),
    (
        "0.1",
        "fields in turn, as at redis-cli",
        "the fields as one dictionary",
        """
        def add_order(r, key, order_id, product):
            r.xadd(key, "order_id", order_id, "product", product)
            return r.xlen(key)
        """,
    ),
    (
        "0.2",
        "counts orders",
        "Those are orders",
        """
        from collections import Counter
        def units_sold(r, key):
            return Counter(fields["product"] for _, fields in r.xrange(key))
        """,
    ),
    (
        "0.2",
        "quantities as text",
        "what makes a number of it",
        """
        def units_sold(r, key):
            return {fields["product"]: fields["quantity"] for _, fields in r.xrange(key)}
        """,
    ),
    (
        "0.2",
        "text and number added",
        "what makes a number of it",
        """
        def units_sold(r, key):
            units = {}
            for _, fields in r.xrange(key):
                units[fields["product"]] = units.get(fields["product"], 0) + fields["quantity"]
            return units
        """,
    ),
    (
        "0.2",
        "an entry is its fields",
        "An entry is a pair",
        """
        def units_sold(r, key):
            units = {}
            for entry in r.xrange(key):
                units[entry["product"]] = units.get(entry["product"], 0) + int(entry["quantity"])
            return units
        """,
    ),
    (
        "0.2",
        "the last order wins",
        "they add up",
        """
        def units_sold(r, key):
            return {fields["product"]: int(fields["quantity"]) for _, fields in r.xrange(key)}
        """,
    ),
    (
        "0.2",
        "delete what was counted",
        "other services still have to read these orders",
        """
        def units_sold(r, key):
            units = {}
            for entry_id, fields in r.xrange(key):
                units[fields["product"]] = units.get(fields["product"], 0) + int(fields["quantity"])
                r.xdel(key, entry_id)
            return units
        """,
    ),
    (
        "0.2",
        "a group for the report",
        "A group hands out each entry once",
        """
        import redis
        def units_sold(r, key):
            try:
                r.xgroup_create(key, "report", id="0", mkstream=True)
            except redis.ResponseError:
                pass
            units = {}
            for _, entries in r.xreadgroup("report", "me", {key: ">"}):
                for _, fields in entries:
                    units[fields["product"]] = units.get(fields["product"], 0) + int(fields["quantity"])
            return units
        """,
    ),
    (
        "0.2",
        "there is always a first order",
        "There is no stream here",
        """
        def units_sold(r, key):
            orders = r.xrange(key)
            units = {orders[0][1]["product"]: 0}
            for _, fields in orders:
                units[fields["product"]] = units.get(fields["product"], 0) + int(fields["quantity"])
            return units
        """,
    ),
    (
        "0.2",
        "the first hundred",
        "Some orders are missing",
        """
        def units_sold(r, key):
            units = {}
            for _, fields in r.xrange(key, count=100):
                units[fields["product"]] = units.get(fields["product"], 0) + int(fields["quantity"])
            return units
        """,
    ),
    (
        "0.1",
        "all that were ever added",
        "one was deleted",
        """
        def add_order(r, key, order_id, product):
            r.xadd(key, {"order_id": order_id, "product": product})
            return r.xinfo_stream(key)["entries-added"]
        """,
    ),
    (
        "0.1",
        "one more than before",
        "somebody else added an order between",
        """
        def add_order(r, key, order_id, product):
            count = r.xlen(key)
            r.xadd(key, {"order_id": order_id, "product": product})
            return count + 1
        """,
    ),
    (
        "0.1",
        "a counter in Redis",
        "the stream itself can be counted",
        """
        def add_order(r, key, order_id, product):
            r.xadd(key, {"order_id": order_id, "product": product})
            return r.incr(f"{key}:count")
        """,
    ),
    (
        "0.2",
        "added up in a hash",
        "left the key 'units' behind",
        """
        def units_sold(r, key):
            r.delete("units")
            for _, fields in r.xrange(key):
                r.hincrby("units", fields["product"], int(fields["quantity"]))
            return {product: int(units) for product, units in r.hgetall("units").items()}
        """,
    ),
    (
        "0.2",
        "always the stream orders",
        "the parameter key says which one to read",
        """
        def units_sold(r, key):
            units = {}
            for _, fields in r.xrange("orders"):
                units[fields["product"]] = units.get(fields["product"], 0) + int(fields["quantity"])
            return units
        """,
    ),
    (
        "0.2",
        "each order once, in a set",
        "Two equal orders are two orders",
        """
        def units_sold(r, key):
            units = {}
            for product, quantity in {(fields["product"], fields["quantity"]) for _, fields in r.xrange(key)}:
                units[product] = units.get(product, 0) + int(quantity)
            return units
        """,
    ),
]
