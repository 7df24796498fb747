"""Random queries over three small views: joins, groups, windows, set operations, subqueries, tables made in the query.

A query is a tree of parts with text; what is optional or one of several can be taken away, which makes it smaller. The rows'
order is never left to chance where it matters: what orders, orders by every column.
"""
import dataclasses

import data
import expressions
import signatures
from expressions import Node

VIEWS = {  # no two have a column's name in common
    "r1": ("id", ("i", "i2", "n1", "v", "dt", "b", "ai", "st")),
    "r2": ("k", ("s", "l", "d", "w", "ts", "mv", "n3")),
    "r3": ("j", ("t", "n2", "vd", "dt2", "tn", "av", "vj")),
}
ROWS = 9
LITERALS = 0.12

# What hardly ever fails, so that queries have rows to compare.
SAFE = """
    try_add try_subtract try_multiply try_divide try_mod = <> < <= > >= <=> and or not is_null is_not_null isnull isnotnull between coalesce nvl
    ifnull nvl2 if case nullif like concat concat_ws length upper lower substring left right trim replace lpad rpad instr reverse year month day
    quarter dayofweek date_add datediff last_day trunc greatest least abs sign hash typeof size array array_contains sort_array array_distinct
    element_at get_json_object floor ceil split map_keys struct named_struct in isnan hour""".split()
AGGREGATES = signatures.read(signatures.AGGREGATES)
WINDOWS = signatures.read(signatures.WINDOWS)
SCALARS = [s for s in expressions.SCALARS if s.name.replace(" ", "_") in SAFE and not (s.name in ("floor", "ceil", "trunc", "date_add", "abs", "element_at"))]
ORDERABLE = set(data.GROUPS["ord"]) - {"ym", "ds"}
JOINS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN", "INNER JOIN LATERAL")
FRAMES = ("", "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", "ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING", "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
          "ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING", "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
RANKS = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"}  # they take no frame


@dataclasses.dataclass(frozen=True)
class Part:
    kind: str
    template: str = "{}"
    parts: tuple = ()
    joint: str = ""         # a list: what stands between its parts
    optional: bool = False

    def text(self):
        texts = [part.text() for part in self.parts]
        return self.joint.join(texts) if self.joint else self.template.format(*texts)

    def all(self):
        yield self
        for part in self.parts:
            yield from part.all() if isinstance(part, Part) else part.parts()

    def size(self):
        return sum(1 for _ in self.all())


NOTHING = Part("nothing", "")


def smaller(part):
    """`part` with one thing less in it."""
    for index, child in enumerate(part.parts):
        def put(other, index=index):
            return dataclasses.replace(part, parts=part.parts[:index] + (other,) + part.parts[index + 1:])
        if isinstance(child, Node):
            for other in [n for n in child.parts() if n.kind == child.kind and n is not child] + list(expressions.smaller(child, {})):
                yield put(other)
            continue
        if child.optional:
            yield put(NOTHING)
        if part.joint and len(part.parts) > 1:
            yield dataclasses.replace(part, parts=part.parts[:index] + part.parts[index + 1:])
        for other in child.all():
            if isinstance(other, Part) and other is not child and other.kind == child.kind:
                yield put(other)
        for other in smaller(child):
            yield put(other)


def listed(kind, parts, joint=", "):
    return Part(kind, parts=tuple(parts), joint=joint)


def plain(kind, text, optional=False):
    return Part(kind, text.replace("{", "{{").replace("}", "}}"), optional=optional)


def views(rng):
    """The statements that make the views."""
    for name, (key, columns) in VIEWS.items():
        chosen = [expressions.COLUMNS[c] for c in columns]
        lines = []
        for number in range(ROWS):
            values = [str(rng.choice((0, 1, 2, 3, 5, number)))]
            for c in chosen:
                pool = c.mild + (c.wild[:2] if rng.random() < 0.1 and c.name in ("v", "w", "dt", "l", "s") else ())
                values.append(f"CAST(NULL AS {c.type})" if rng.random() < 0.15 else rng.choice(pool))
            lines.append(f"({', '.join(values)})")
        yield f"CREATE OR REPLACE TEMPORARY VIEW {name} AS SELECT * FROM VALUES {', '.join(lines)} AS t({', '.join((key,) + columns)})"


class Generator:
    def __init__(self, rng):
        self.rng, self.fresh, self.tables = rng, 0, []  # tables: (name, columns) of common table expressions in reach

    def name(self):
        self.fresh += 1
        return f"c{self.fresh}"

    def chance(self, of):
        return self.rng.random() < of

    # Expressions

    def expression(self, kind, columns, depth=1):
        return expressions.Generator(self.rng, columns, SCALARS, LITERALS).expression(kind, depth)

    def call(self, signature, columns, depth=0):
        return expressions.Generator(self.rng, columns, SCALARS, LITERALS).call(signature, depth)

    def condition(self, columns, depth=1):
        if depth and self.chance(0.3):
            return self.subquery_condition(columns)
        names = [n for n, kind in columns.items() if kind in ORDERABLE]
        if names and self.chance(0.3):
            name = self.rng.choice(names)
            literal = expressions.Generator(self.rng, {}, SCALARS).expression(columns[name], 0)
            return Part("condition", "{} {} {}", (plain("name", name), plain("operator", self.rng.choice(("=", "<", ">=", "<=>", "<>"))), literal))
        return Part("condition", "{}", (self.expression("bool", columns, 2),))

    def subquery_condition(self, columns):
        key = self.rng.choice(["i32", "str", "i32"])
        inner, made = self.source(0)
        column = self.expression(key, made, 0)
        where = self.where({**made, **columns}, 0.7, 0)  # correlated, when it takes a column of ours
        form = self.rng.choice(("EXISTS", "NOT EXISTS", "IN", "NOT IN", "SCALAR"))
        if form.endswith("EXISTS"):
            return Part("condition", form + " (SELECT 1 FROM {} {})", (inner, where))
        if form == "SCALAR":
            return Part("condition", "{} >= (SELECT max({}) FROM {} {})", (self.expression(key, columns, 0), column, inner, where))
        return Part("condition", "{} " + form + " (SELECT {} FROM {} {})", (self.expression(key, columns, 0), column, inner, where))

    def where(self, columns, chance, depth=1):
        return Part("where", "WHERE {}", (self.condition(columns, depth),), optional=True) if self.chance(chance) else NOTHING

    # Where rows come from: (part, name -> kind)

    def source(self, depth):
        form = self.rng.choice(("view", "view", "join", "join", "derived", "lateral view", "values", "common", "generator")) if depth > 0 else "view"
        if form == "join":
            return self.join(depth - 1)
        if form == "derived":
            return self.derived(depth - 1)
        if form == "lateral view":
            return self.lateral_view(depth - 1)
        if form == "values":
            names = [self.name(), self.name()]
            rows = [f"({self.rng.choice(('1', '2', 'NULL', '7'))}, {self.rng.choice(data.POOLS['pad'] + ('NULL',))})" for _ in range(self.rng.randint(1, 4))]
            text = f"VALUES {', '.join(['(1, ' + repr('a') + ')'] + rows)} AS {self.name()}({', '.join(names)})"
            return plain("source", text), dict(zip(names, ("i32", "str")))
        if form == "generator":
            name = self.name()
            text = self.rng.choice((f"explode(array(1, 2, NULL)) AS {self.name()}({name})", f"explode(sequence(1, 3)) AS {self.name()}({name})"))
            return plain("source", text), {name: "i32"}
        if form == "common" and self.tables:
            table, columns = self.rng.choice(self.tables)
            names = {self.name(): kind for kind in columns.values()}
            return plain("source", f"{table} AS {self.name()}({', '.join(names)})"), names
        view = self.rng.choice(list(VIEWS))
        key, columns = VIEWS[view]
        names = {self.name(): kind for kind in ["i32"] + [expressions.COLUMNS[c].kind for c in columns]}
        return plain("source", f"{view} AS {self.name()}({', '.join(names)})"), names

    def join(self, depth):
        left, ours = self.source(depth)
        right, theirs = self.source(depth)
        kind = self.rng.choice(JOINS)
        both = {**ours, **theirs}
        if kind == "CROSS JOIN":
            return Part("source", "{} CROSS JOIN {}", (left, right)), both
        if kind == "INNER JOIN LATERAL":
            name = self.name()
            inner = Part("query", "SELECT {} AS " + name + " FROM {} {}", (self.expression("i32", both, 1), right, self.where(both, 0.6, 0)))
            return Part("source", "{} JOIN LATERAL ({}) AS " + self.name(), (left, inner)), {**ours, name: "i32"}
        key = self.rng.choice(("i32", "i32", "str", "date"))
        on = [Part("condition", "{} " + self.rng.choice(("=", "=", "=", "<=>", "<")) + " {}", (self.expression(key, ours, 0), self.expression(key, theirs, 0)))]
        if self.chance(0.3):
            on.append(self.condition(both, 0))
        part = Part("source", "{} " + kind + " {} ON {}", (left, right, listed("conditions", on, " AND ")))
        return part, ours if kind.startswith(("LEFT SEMI", "LEFT ANTI")) else both

    def derived(self, depth):
        query, kinds = self.query(depth)
        names = {self.name(): kind for kind in kinds}
        return Part("source", "({}) AS " + f"{self.name()}({', '.join(names)})", (query,)), names

    def lateral_view(self, depth):
        source, columns = self.source(depth)
        name, position = self.name(), self.name()
        array = self.expression("arr<i32>", columns, 1)
        outer = self.rng.choice(("", "OUTER "))
        if self.chance(0.5):
            return Part("source", "{} LATERAL VIEW " + outer + "explode({}) " + self.name() + " AS " + name, (source, array)), {**columns, name: "i32"}
        more = {position: "i32", name: "i32"}
        return Part("source", "{} LATERAL VIEW " + outer + "posexplode({}) " + self.name() + f" AS {position}, {name}", (source, array)), {**columns, **more}

    # Queries: (part, kinds of the columns)

    def query(self, depth):
        form = self.rng.choice(("select", "select", "group", "group", "window", "set", "scalar", "ordered"))
        return getattr(self, "_" + form)(depth)

    def top(self):
        """A query with common table expressions and an order, and whether its rows' order is to be compared."""
        common = []
        for _ in range(self.rng.choice((0, 0, 0, 1, 2))):
            query, kinds = self.query(1)
            columns = {self.name(): kind for kind in kinds}
            table = self.name()
            common.append(Part("common", f"{table}({', '.join(columns)})" + " AS ({})", (query,)))
            self.tables.append((table, columns))
        query, kinds = self.query(2)
        ordered = self.chance(0.3) and all(kind in ORDERABLE for kind in kinds)
        order = self.order(len(kinds)) if ordered else NOTHING
        with_ = Part("with", "WITH {} ", (listed("commons", common),), optional=True) if common else NOTHING
        return Part("top", "{}{} {}", (with_, Part("query", "SELECT * FROM ({})", (query,)) if ordered else query, order)), ordered

    def order(self, count):
        keys = [f"{i + 1}{self.rng.choice(('', ' DESC', ' ASC NULLS LAST', ' DESC NULLS FIRST'))}" for i in range(count)]
        self.rng.shuffle(keys)
        limit = self.rng.choice(("", "", " LIMIT 3", " LIMIT 5 OFFSET 1", " LIMIT 0"))
        return plain("order", f"ORDER BY {', '.join(keys)}{limit}")

    def items(self, columns, kinds):
        return [Part("item", "{} AS " + self.name(), (self.expression(kind, columns, 2),)) for kind in kinds]

    def _select(self, depth, kinds=None):
        source, columns = self.source(depth)
        kinds = kinds or [self.rng.choice(sorted(set(columns.values())) + ["i32", "str", "bool", "dec"]) for _ in range(self.rng.randint(1, 4))]
        distinct = plain("distinct", "DISTINCT ", True) if self.chance(0.2) and all(k in ORDERABLE for k in kinds) else NOTHING
        return Part("query", "SELECT {}{} FROM {} {}", (distinct, listed("items", self.items(columns, kinds)), source, self.where(columns, 0.6))), kinds

    def _ordered(self, depth):
        query, kinds = self._select(depth)
        if not all(kind in ORDERABLE for kind in kinds):
            return query, kinds
        return Part("query", "SELECT * FROM ({}) {}", (query, self.order(len(kinds)))), kinds

    def _scalar(self, depth):
        source, columns = self.source(depth)
        inner, made = self.source(0)
        key = self.rng.choice(("i32", "str"))
        value = Part("item", "(SELECT {} FROM {} WHERE {} = {}) AS " + self.name(),
                     (self.call(self.rng.choice([s for s in AGGREGATES if s.kind in ("i64", "i32")]), made), inner, self.expression(key, made, 0), self.expression(key, columns, 0)))
        kinds = [self.rng.choice(sorted(set(columns.values())))]
        return Part("query", "SELECT {} FROM {} {}", (listed("items", self.items(columns, kinds) + [value]), source, self.where(columns, 0.4))), kinds + ["i64"]

    def _set(self, depth):
        kinds = [self.rng.choice(("i32", "str", "dec", "date", "bool", "i64")) for _ in range(self.rng.randint(1, 3))]
        one, _ = self._select(depth - 1, kinds)
        other, _ = self._select(depth - 1, kinds)
        word = self.rng.choice(("UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL", "MINUS"))
        return Part("query", "({}) " + word + " ({})", (one, other)), kinds

    def _group(self, depth):
        source, columns = self.source(depth)
        keys = self.rng.sample([n for n, kind in columns.items() if kind in ORDERABLE], k=min(self.rng.choice((0, 1, 1, 2, 3)), sum(k in ORDERABLE for k in columns.values())))
        calls = [self.call(self.rng.choice([s for s in AGGREGATES if "id" not in s.template.split("(")[-1]]), columns, self.rng.choice((0, 0, 1))) for _ in range(self.rng.randint(1, 3))]
        items = [plain("item", key) for key in keys] + [Part("item", "{} AS " + self.name(), (call,)) for call in calls]
        kinds = [columns[key] for key in keys] + [call.kind for call in calls]
        group = NOTHING
        if keys:
            joined = ", ".join(keys)
            sets = f"GROUPING SETS (({joined}), ({keys[0]}), ())"
            form = self.rng.choice((joined, joined, "ALL", f"ROLLUP ({joined})", f"CUBE ({joined})", sets, ", ".join(str(i + 1) for i in range(len(keys)))))
            group = plain("group", f"GROUP BY {form}", True)
            if "(" in form and self.chance(0.5):
                items.append(plain("item", f"grouping_id() AS {self.name()}"))
                kinds.append("i64")
        having = plain("having", f"HAVING count(*) {self.rng.choice(('> 1', '= 1', '< 4'))}", True) if keys and self.chance(0.3) else NOTHING
        return Part("query", "SELECT {} FROM {} {} {} {}", (listed("items", items), source, self.where(columns, 0.4), group, having)), kinds

    def _window(self, depth):
        source, columns = self.source(depth)
        columns = {name: kind for name, kind in columns.items() if kind in ORDERABLE} or columns
        names = list(columns)
        items, kinds = self.items(columns, [self.rng.choice(list(columns.values()))]), []
        kinds.append(items[0].parts[0].kind)
        for _ in range(self.rng.randint(1, 2)):
            if self.chance(0.6):
                call = self.call(self.rng.choice([s for s in WINDOWS if "id" not in s.arguments]), columns)
            else:
                call = self.call(self.rng.choice([s for s in AGGREGATES if not any(w in s.template for w in ("DISTINCT", "WITHIN", "id", "mode", "sort_array", "size("))]), columns)
            by = self.rng.choice(names)
            keys = [f"{n}{self.rng.choice(('', ' DESC', ' NULLS LAST'))}" for n in self.rng.sample(names, len(names))]  # all: the order is total
            frame = "" if call.signature.name in RANKS else self.rng.choice(FRAMES)
            over = plain("over", f"OVER (PARTITION BY {by} ORDER BY {', '.join(keys)} {frame})")
            items.append(Part("item", "{} {} AS " + self.name(), (call, over)))
            kinds.append(call.kind)
        return Part("query", "SELECT {} FROM {} {}", (listed("items", items), source, self.where(columns, 0.3))), kinds
