#!/usr/bin/env python3
"""`tidemill serve` under load: 200 requests a second and 50 live streams for 30 seconds, over 1,000 jobs and 10,000 runs, while
jobs start every second. Prints how long answers took, the daemon's memory, and how late runs began."""
import asyncio
import datetime
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
SECONDS, RATE, STREAMS, JOBS, RUNS, SPEED = 30, 200, 50, 1000, 10_000, 600
PATHS = ["/api/schedule", "/api/runs?limit=100", "/api/notices", "/metrics", "/api/runs/1", "/api/costs?by=job", "/", "/page.js"]
LIVE = 20_000  # a run that goes on


def write_jobs(folder):
    (folder / "in").mkdir()
    (folder / "in" / "a.csv").write_text("id,t\n1,2013-01-01T05:00:00Z\n")
    for number in range(JOBS):
        # Three of them every ten minutes, which are a second here; the rest wait for another year.
        when = "every: 10m, start: 2013-01-01T00:00:00Z, catch_up: latest" if number < 3 else "cron: 0 0 1 1 *, start: 2014-01-01T00:00:00Z"
        window = "window: {column: t, size: 10m}\n" if number < 3 else ""
        (folder / f"j{number}.yaml").write_text(
            f"job: j{number}\ncertify: no\nschedule: {{{when}}}\n"
            "sources: {s: {format: csv, path: in/a.csv, header: true, schema: 'id INT, t TIMESTAMP'}}\n"
            f"{window}sink: {{path: out/j{number}}}\n")


def fill_ledger(folder):
    subprocess.run([TIDEMILL, "run", "j9.yaml"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(folder / ".tidemill" / "state.db") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(runs)")]
        row = dict(zip(columns, database.execute("SELECT * FROM runs").fetchone()))
        insert = f"INSERT INTO runs ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
        for number in range(RUNS):
            row |= {"id": number + 10, "attempt": f"a{number}", "job": f"j{number % JOBS}"}
            database.execute(insert, list(row.values()))
        row |= {"id": LIVE, "attempt": "live", "outcome": "running", "finished": None}
        database.execute(insert, list(row.values()))
    database.close()


async def ask(port, path, took, bad):
    start = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    took[path].append(time.monotonic() - start)
    bad += [path] if not answer.startswith(b"HTTP/1.1 200 ") else []


async def load(port):
    took, bad, waiting = {path: [] for path in PATHS}, [], []
    streams = [asyncio.create_task(ask(port, f"/api/runs/{LIVE}/stream", {f"/api/runs/{LIVE}/stream": []}, [])) for _ in range(STREAMS)]
    start = time.monotonic()
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0, start + number / RATE - time.monotonic()))
        waiting.append(asyncio.create_task(ask(port, PATHS[number % len(PATHS)], took, bad)))
    await asyncio.gather(*waiting)
    print(f"{len(waiting)} requests in {time.monotonic() - start:.1f} s, {len(bad)} not answered with 200; {sum(not s.done() for s in streams)} of {STREAMS} streams alive")
    for stream in streams:
        stream.cancel()
    return took


def main():
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as name:
        folder = pathlib.Path(name)
        write_jobs(folder)
        fill_ledger(folder)
        log = (folder / "log").open("w+")
        daemon = subprocess.Popen([TIDEMILL, "serve", ".", "--listen", "127.0.0.1:0", "--time-from", "2013-01-01T00:00:00Z", "--speed", str(SPEED)],
                                  cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(r'"port":(\d+)', (folder / "log").read_text())):
                time.sleep(0.1)
            port = int(found[1])
            took = asyncio.run(load(port))
            for path, seconds in took.items():
                seconds.sort()
                print(f"{path:22} median {seconds[len(seconds) // 2] * 1e3:6.1f} ms, 99 % {seconds[int(len(seconds) * .99)] * 1e3:6.1f} ms, longest {seconds[-1] * 1e3:6.1f} ms")
            status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
            most = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
            print(f"memory at most {most / 1024:.0f} MB")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/notices?limit=10000", timeout=30) as answer:
                notices = json.load(answer)["notices"]
            instant = datetime.datetime.fromisoformat
            late = sorted((instant(n["began"]) - instant(n["window"].split("/")[1])).total_seconds() / SPEED for n in notices if n["notice"] == "done" and n["began"])
            print(f"{len(late)} runs; they began {late[len(late) // 2]:.2f} s after they were due (median), {late[-1]:.2f} s at most")
        finally:
            daemon.terminate()
            daemon.wait(60)
            log.close()


if __name__ == "__main__":
    main()
