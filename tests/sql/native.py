"""Runs statements on the native engine: one process of `tidemill sql` for all of them, another after a crash or a hang."""
import json
import os
import pathlib
import subprocess
import tempfile

from corpus import Answer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REFUSED = "unsupported"  # the class of an error that refuses a construct by name
CRASHED = "crashed"      # no answer, and the process is gone
HUNG = "hung"
SWALLOWED = "swallowed"  # the script's next statement became part of this one, or this one gave no answer at all


def tidemill():
    return str(pathlib.Path(os.environ.get("TIDEMILL", ROOT / "build" / "release" / "tidemill")).resolve())


def answers(statements, conf=None, folder=None, timeout_s=120, again=()):
    """An Answer a statement. `again`: the indexes of those that a new process needs (views and settings)."""
    given = []
    while len(given) < len(statements):
        prelude = [statements[i] for i in sorted(again) if i < len(given)] if given else []
        lines, ending = _process(prelude + statements[len(given):], conf or {}, folder, timeout_s)
        given += _aligned(prelude + statements[len(given):], lines)[len(prelude):]
        if len(given) < len(statements):
            given.append(Answer(error_class=SWALLOWED if len(lines) > len(prelude) and ending == CRASHED else ending))
    return given


def _aligned(statements, lines):
    """The answers of the statements from the first on, as far as the lines are about them."""
    given, at = [], 0
    for statement in map(_normal, statements):
        text = ""
        while at < len(lines) and text != statement and statement.startswith(text):
            text = _normal(f"{text}; {lines[at]['sql']}") if text else _normal(lines[at]["sql"])
            at += 1
        if text != statement:
            return given
        given.append(_answer(lines[at - 1]))
    return given


def _normal(sql):
    return " ".join(sql.replace(";", " ; ").split()).strip("; ")


def _process(statements, conf, folder, timeout_s):
    with tempfile.TemporaryDirectory(prefix="tidemill-sql-") as own:
        script = pathlib.Path(own) / "script.sql"
        script.write_text("".join(f"{s}\n;\n" for s in statements))
        command = [tidemill(), "sql", "--output", "jsonl", "--keep-going", "--memory", "1GB", "-f", str(script),
                   "--state", f"{own}/state.db"]
        for key, value in conf.items():
            command += ["--conf", f"{key}={value}"]
        out = pathlib.Path(own) / "out"
        ending = CRASHED
        with open(out, "wb") as stdout:
            try:
                subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, cwd=folder or own, timeout=timeout_s)
            except subprocess.TimeoutExpired:
                ending = HUNG
        lines = out.read_text(errors="replace").split("\n")[:-1]
        return [json.loads(line) for line in lines], ending


def _answer(told):
    if told["error"]:
        return Answer(error_class=told["error"]["class"], sqlstate=told["error"]["sqlstate"] or "")
    return Answer(told["schema"], ["\t".join(row) for row in told["rows"]])
