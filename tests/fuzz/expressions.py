"""Random typed expressions, and what is left of one when a part of it is taken away."""
import collections
import dataclasses

import data
import signatures

SCALARS = signatures.read(signatures.SCALARS)
COLUMNS = {column.name: column for column in data.COLUMNS}
KINDS = {column.kind for column in data.COLUMNS} | set(data.GROUPS)


@dataclasses.dataclass(frozen=True)
class Node:
    kind: str
    signature: signatures.Signature = None  # None: a leaf, whose text is `leaf`
    arguments: tuple = ()
    leaf: str = ""

    def text(self):
        return self.signature.text(a.text() for a in self.arguments) if self.signature else self.leaf

    def parts(self):
        yield self
        for argument in self.arguments:
            yield from argument.parts()

    def size(self):
        return sum(1 for _ in self.parts())

    def with_argument(self, index, argument):
        return dataclasses.replace(self, arguments=self.arguments[:index] + (argument,) + self.arguments[index + 1:])


def bound(kind, variable):
    return kind.replace("T", variable) if variable else kind


def members(kind):
    return data.GROUPS.get(kind, (kind,))


class Generator:
    """`rng` decides everything; `columns` (name -> kind) are the columns that leaves may be, or else literals."""

    def __init__(self, rng, columns=None, rows=SCALARS, literals=0.3):
        self.rng, self.literals = rng, literals
        self.columns = collections.defaultdict(list)
        self.known = {name: column.kind for name, column in COLUMNS.items()} if columns is None else columns
        for name, kind in self.known.items():
            self.columns[kind].append(name)
        self.producers = collections.defaultdict(list)  # kind -> (signature, what T is)
        for signature in rows:
            for variable in data.ELEMENTS if signature.generic else ("",):
                self.producers[bound(signature.kind, variable)].append((signature, variable))

    def call(self, signature, depth, variable="", extra=()):
        if signature.generic and not variable:
            variable = self.rng.choice(data.ELEMENTS)
        arguments = tuple(self._argument(text, variable, depth, extra) for text in signature.arguments)
        return Node(bound(signature.kind, variable), signature, arguments)

    def _argument(self, text, variable, depth, extra):
        text, _, parameter = text.partition("|")
        if text.startswith("~"):
            return Node(text, leaf=self.rng.choice(data.POOLS[text[1:]]))
        if parameter:
            name, _, kind = parameter.partition(":")
            extra = extra + ((name, bound(kind, variable)),)
            depth = max(depth, 1)
        kind = bound(text, variable)
        if self.rng.random() < 0.03:  # another type than asked for: an implicit cast, or Spark's error
            kind = "plain"
        return self.expression(kind, depth, extra)

    def expression(self, kind, depth, extra=()):
        if kind in COLUMNS and kind not in KINDS:  # that very column
            if kind in self.known and self.rng.random() < 0.9:
                return Node(COLUMNS[kind].kind, leaf=kind)
            kind = COLUMNS[kind].kind
        one = self.rng.choice(members(kind))
        choices = self.producers[kind] + (self.producers[one] if one != kind else [])
        if depth <= 0 or not choices or self.rng.random() < (0.3 if extra else 0.6):
            return self._leaf(one, extra)
        signature, variable = self.rng.choice(choices)
        return self.call(signature, depth - 1, variable, extra)

    def _leaf(self, kind, extra):
        names = [name for name, its in extra if its == kind]
        if names and self.rng.random() < 0.7:
            return Node(kind, leaf=self.rng.choice(names))
        own = self.columns[kind]
        chance = self.rng.random()
        if own and chance > self.literals:
            return Node(kind, leaf=self.rng.choice(own))
        column = self.rng.choice([c for c in data.COLUMNS if c.kind == kind] or data.COLUMNS)
        if self.rng.random() < 0.1:
            return Node(kind, leaf=self.rng.choice(("NULL", f"CAST(NULL AS {column.type})")))
        return Node(kind, leaf=self.rng.choice(column.mild if self.rng.random() < 0.6 or not column.wild else column.wild))


def smaller(node, row):
    """Expressions that have a part of `node` less, or a column's value of `row` (name -> text) in its place."""
    for part in list(node.parts())[1:]:
        if part.signature:
            yield part
    for index, argument in enumerate(node.arguments):
        if argument.signature:
            leaves = [n for n in argument.parts() if not n.signature and n.kind == argument.kind]
            columns = [Node(c.kind, leaf=c.name) for c in data.COLUMNS if c.kind == argument.kind][:1]
            for other in leaves + columns:
                yield node.with_argument(index, other)
        elif argument.leaf in row:
            yield node.with_argument(index, dataclasses.replace(argument, leaf=row[argument.leaf]))
        for other in smaller(argument, row) if argument.signature else ():
            yield node.with_argument(index, other)
