"""The corpus' file format: queries with the rows Spark gives for them.

    # A line beginning with # is a comment. `conf` lines set what the whole file runs under.
    conf spark.sql.ansi.enabled=false

    statement                       run before what follows; gives no rows
    CREATE TEMPORARY VIEW v AS SELECT 1 AS a

    query                           or `query ordered`: the rows' order is part of the answer
    SELECT a FROM v
    ---- struct<a:int>              the schema, then one line a row as `spark-sql` prints it
    1

    known-difference: why           the native engine differs here; counted, printed, never deleted
    query
    SELECT 1 / 0
    error DIVIDE_BY_ZERO 22012      Spark's error class and SQLSTATE

A block ends at an empty line. A row that is the empty text is written (empty); a line break or backslash in a row or in
the schema as \\n or \\\\. Expected answers are written by `complete.py` from real Spark and read in review; nobody types them.
"""
import dataclasses
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent
EMPTY = "(empty)"


@dataclasses.dataclass
class Answer:
    """What a statement gave: rows, or an error."""
    schema: str = ""
    rows: list = dataclasses.field(default_factory=list)
    error_class: str = ""  # empty: no error
    sqlstate: str = ""
    message: str = ""  # no part of the answer

    def lines(self):
        if self.error_class:
            return [f"error {self.error_class} {self.sqlstate}".rstrip()]
        return [f"---- {escape(self.schema)}".rstrip()] + [escape(row) or EMPTY for row in self.rows]

    def agrees(self, other, ordered):
        """Whether `other` gives what self, Spark's answer, says. A Java exception has no class to compare."""
        if self.error_class.endswith("Exception"):
            return bool(other.error_class)
        if self.error_class or other.error_class:
            return (self.error_class, self.sqlstate) == (other.error_class, other.sqlstate)
        if self.schema != other.schema:
            return False
        return self.rows == other.rows if ordered else sorted(self.rows) == sorted(other.rows)


@dataclasses.dataclass
class Block:
    line: int
    kind: str  # "statement", "query" or "text" (comments, kept as they are)
    sql: str = ""
    ordered: bool = False
    known_difference: str = ""
    expected: Answer = None
    text: str = ""


@dataclasses.dataclass
class File:
    path: pathlib.Path
    conf: dict
    blocks: list

    def runnable(self):
        return [block for block in self.blocks if block.kind != "text"]


def escape(row):
    return row.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def unescape(line):
    out, pairs = [], {"\\": "\\", "n": "\n", "r": "\r"}
    chars = iter(line)
    for char in chars:
        out.append(pairs[next(chars)] if char == "\\" else char)
    return "".join(out)


def files():
    return sorted(FOLDER.glob("*.slt"))


def read(path):
    path = pathlib.Path(path)
    blocks, conf = [], {}
    for first, lines in paragraphs(path.read_text().split("\n")):
        block = parse(first, lines)
        if block.kind == "text":
            conf.update(line[5:].split("=", 1) for line in lines if line.startswith("conf "))
        blocks.append(block)
    return File(path, conf, blocks)


def paragraphs(lines):
    """(number of its first line, its lines) of each run of lines that are not empty."""
    start = None
    for number, line in enumerate(lines + [""], 1):
        if line and start is None:
            start = number
        elif not line and start is not None:
            yield start, lines[start - 1:number - 1]
            start = None


def parse(first, lines):
    known = ""
    if lines[0].startswith("known-difference:"):
        known, lines = lines[0].split(":", 1)[1].strip(), lines[1:]
    head = lines[0].split()
    if head[0] not in ("statement", "query"):
        return Block(first, "text", text="\n".join(lines))
    end = next((i for i, line in enumerate(lines) if line.startswith(("----", "error "))), len(lines))
    return Block(first, head[0], "\n".join(lines[1:end]), "ordered" in head, known, parse_answer(lines[end:]))


def parse_answer(lines):
    if not lines:
        return None
    if lines[0].startswith("error "):
        words = lines[0].split()
        return Answer(error_class=words[1], sqlstate=words[2] if len(words) > 2 else "")
    return Answer(unescape(lines[0][5:]), ["" if row == EMPTY else unescape(row) for row in lines[1:]])


def write(file):
    file.path.write_text("\n\n".join(map(format_block, file.blocks)) + "\n")


def format_block(block):
    if block.kind == "text":
        return block.text
    lines = [f"known-difference: {block.known_difference}"] if block.known_difference else []
    lines += [block.kind + (" ordered" if block.ordered else ""), block.sql]
    return "\n".join(lines + (block.expected.lines() if block.kind == "query" and block.expected else []))
