"""Runs statements on the native engine: one process of `tidemill sql` for all of them, another after a crash or a hang."""
import json
import os
import pathlib
import subprocess
import tempfile

from corpus import Answer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REFUSED = "unsupported"  # the class of an error that refuses a construct by name
CRASHED = "crashed"
HUNG = "hung"


def tidemill():
    return str(pathlib.Path(os.environ.get("TIDEMILL", ROOT / "build" / "release" / "tidemill")).resolve())


def answers(statements, conf=None, folder=None, timeout_s=120, again=()):
    """An Answer a statement. `again`: how many of the first statements a new process needs (views and settings)."""
    given, skipped = [], 0
    while len(given) < len(statements):
        prelude = [s for i, s in enumerate(statements[:len(given)]) if i in again] if skipped else []
        lines, ending = _process(prelude + statements[len(given):], conf or {}, folder, timeout_s)
        given += [_answer(line) for line in lines[len(prelude):]]
        if len(given) < len(statements):
            given.append(Answer(error_class=ending))
            skipped += 1
    return given


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
        return out.read_text(errors="replace").split("\n")[:-1], ending


def _answer(line):
    told = json.loads(line)
    if told["error"]:
        return Answer(error_class=told["error"]["class"], sqlstate=told["error"]["sqlstate"] or "")
    return Answer(told["schema"], ["\t".join(row) for row in told["rows"]])
