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
SWALLOWED = "swallowed"  # it swallowed what follows it in the script: an open quote or comment
LOST = (CRASHED, HUNG, SWALLOWED)
MARK = "SELECT 'the end of statement {}'"


def tidemill():
    return str(pathlib.Path(os.environ.get("TIDEMILL", ROOT / "build" / "release" / "tidemill")).resolve())


def answers(statements, conf=None, folder=None, timeout_s=120, again=(), memory="1GB"):
    """An Answer a statement. `again`: the indexes of those that a new process needs (views and settings)."""
    given = []
    while len(given) < len(statements):
        prelude = [statements[i] for i in sorted(again) if i < len(given) and given[i].error_class not in LOST]
        told, ending = _process(prelude + statements[len(given):], conf or {}, folder, timeout_s, memory)
        news = _answers(told)[len(prelude):]
        given += news or [Answer(error_class=ending)]
        if news and len(given) < len(statements):
            given.append(Answer(error_class=ending))
    return given


def _answers(told):
    """What was told up to each mark, as far as the marks are there. Of several statements in one, the last one's."""
    given, last = [], None
    for line in told:
        if line["sql"].strip() == MARK.format(len(given)):
            given.append(_answer(last) if last else Answer(schema="struct<>"))
            last = None
        else:
            last = line
    return given


def _process(statements, conf, folder, timeout_s, memory):
    with tempfile.TemporaryDirectory(prefix="tidemill-sql-") as own:
        script = pathlib.Path(own) / "script.sql"
        script.write_text("".join(f"{s}\n;\n{MARK.format(i)};\n" for i, s in enumerate(statements)))
        command = [tidemill(), "sql", "--output", "jsonl", "--keep-going", "--memory", memory, "-f", str(script),
                   "--state", f"{own}/state.db"]
        for key, value in conf.items():
            command += ["--conf", f"{key}={value}"]
        out = pathlib.Path(own) / "out"
        with open(out, "wb") as stdout:
            try:
                done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, cwd=folder or own,
                                      timeout=timeout_s)
                ending = CRASHED if done.returncode < 0 else SWALLOWED
            except subprocess.TimeoutExpired:
                ending = HUNG
        lines = out.read_text(errors="replace").split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")], ending


def _answer(told):
    if told["error"]:
        error = told["error"]
        return Answer(error_class=error["class"], sqlstate=error["sqlstate"] or "", message=error["message"])
    return Answer(told["schema"], ["\t".join(row) for row in told["rows"]])
