#!/usr/bin/env python3
"""tidemill serve on its port: metrics, pages and JSON for this machine alone, and what dashboards and alerts rely on."""
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
PROMETHEUS = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill")) / "prometheus"
EVIL = "<script>alert(1)</script>"


class ServeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tidemill-serve-")
        cls.folder = pathlib.Path(cls.temporary.name)
        (cls.folder / "in").mkdir()
        (cls.folder / "in" / "a.csv").write_text("id,t\n1,2013-01-01T05:00:00Z\n2,2013-01-02T05:00:00Z\n")
        (cls.folder / "good.yaml").write_text(
            "job: good\nsla: 30m\nschedule: {cron: 0 * * * *, start: 2013-01-01T00:00:00Z, end: 2013-01-03T00:00:00Z}\n"
            "sources: {s: {format: csv, path: in/a.csv, header: true, schema: 'id INT, t TIMESTAMP'}}\n"
            "window: {column: t, size: 1d}\nsink: {path: out/good, partition_by: [year/month/day(t)]}\n")
        (cls.folder / "bad.yaml").write_text(
            f"job: bad\nsla: 30m\nschedule: {{cron: 0 * * * *, start: 2013-01-01T00:00:00Z, end: 2013-01-02T00:00:00Z}}\n"
            "sources: {s: {format: csv, path: in/a.csv, header: true, schema: 'id INT, t TIMESTAMP'}}\n"
            f"window: {{column: t, size: 1d}}\nchecks: [{{name: never, expression: \"'{EVIL}' = ''\", on_fail: fail}}]\nsink: {{path: out/bad}}\n")
        cls.log = (cls.folder / "log").open("w+")
        cls.daemon = subprocess.Popen([TIDEMILL, "serve", ".", "--listen", "127.0.0.1:0", "--time-from", "2013-01-03T00:30:00Z",
                                       "--speed", "1000"], cwd=cls.folder, stdout=cls.log, stderr=subprocess.STDOUT)
        cls.addClassCleanup(cls.stop)
        cls.port = cls.wait(lambda: next((line["port"] for line in cls.lines() if line["event"] == "listens"), None))
        cls.wait(lambda: all(not j["open"] or j["open"][0]["status"] == "parked" for j in cls.schedule()["jobs"] if j["done"] + len(j["open"]))
                 and any(j["done"] == 2 for j in cls.schedule()["jobs"]))

    @classmethod
    def stop(cls):
        cls.daemon.terminate()
        cls.daemon.wait(30)
        cls.log.close()
        cls.temporary.cleanup()

    @classmethod
    def wait(cls, what):
        end = time.monotonic() + 90
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError("it did not come to that\n" + (cls.folder / "log").read_text())

    @classmethod
    def lines(cls):
        return [json.loads(line) for line in (cls.folder / "log").read_text().splitlines() if line.startswith("{") and line.endswith("}")]

    @classmethod
    def get(cls, path, method="GET", host=None):
        connection = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=10)
        connection.request(method, path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()

    @classmethod
    def schedule(cls):
        return json.loads(cls.get("/api/schedule")[2])

    def test_only_this_machine_is_answered(self):
        for host in ["example.com", f"example.com:{self.port}", f"127.0.0.1:{self.port + 1}", "127.0.0.1", f"localhost.:{self.port}"]:
            self.assertEqual(421, self.get("/metrics", host=host)[0], host)
        for host in [f"localhost:{self.port}", f"127.0.0.1:{self.port}"]:
            self.assertEqual(200, self.get("/metrics", host=host)[0], host)
        self.assertEqual(405, self.get("/metrics", method="POST")[0])
        self.assertEqual(405, self.get("/metrics", method="DELETE")[0])
        self.assertEqual(404, self.get("/../etc/passwd")[0])
        self.assertEqual("", self.get("/metrics", method="HEAD")[2])
        done = subprocess.run([TIDEMILL, "serve", ".", "--listen", "0.0.0.0:0"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(2, done.returncode)
        self.assertIn("not a loopback address", done.stderr)

    def test_broken_requests_end_the_connection_and_nothing_else(self):
        for bytes_sent in [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * 40000, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                connection.sendall(bytes_sent)
                try:
                    answer = connection.recv(1000)
                except ConnectionError:
                    answer = b""
                self.assertNotIn(b"200 OK", answer)
        self.assertEqual(200, self.get("/health")[0])

    def test_metrics_are_as_prometheus_wants_them(self):
        status, headers, text = self.get("/metrics")
        self.assertEqual(200, status)
        self.assertIn("version=0.0.4", headers["Content-Type"])
        self.assertRegex(text, r'tidemill_runs_total\{job_name="good",class="regular",outcome="committed"\} 2\n')
        self.assertIn('tidemill_windows{job_name="bad",class="regular",status="parked"} 1\n', text)
        self.assertIn("tidemill_scheduler_leader 1\n", text)
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? [-+0-9.eInfNa]+)$')

    @unittest.skipUnless(PROMETHEUS.is_dir(), "not run: tools/setup test fetches Prometheus")
    def test_promtool_finds_nothing(self):
        check = subprocess.run([PROMETHEUS / "promtool", "check", "metrics"], input=self.get("/metrics")[2], capture_output=True, text=True)
        self.assertEqual((0, ""), (check.returncode, check.stderr))
        check = subprocess.run([PROMETHEUS / "promtool", "check", "rules", ROOT / "share" / "prometheus" / "tidemill-alerts.yaml"], capture_output=True, text=True)
        self.assertEqual(0, check.returncode, check.stderr)

    @unittest.skipUnless(PROMETHEUS.is_dir(), "not run: tools/setup test fetches Prometheus")
    def test_prometheus_scrapes_it_and_raises_its_alerts(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        rules = (ROOT / "share" / "prometheus" / "tidemill-alerts.yaml").read_text()
        (self.folder / "rules.yaml").write_text(re.sub(r"for: \w+", "for: 1s", rules))  # nobody waits for minutes here
        (self.folder / "prometheus.yaml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yaml]\n"
            f"scrape_configs: [{{job_name: tidemill, static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]}}]\n")
        server = subprocess.Popen([PROMETHEUS / "prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                                  cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

        def ask(path):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10) as answer:
                    return json.load(answer)["data"]
            except OSError:
                return None

        def value():
            found = ask("query?query=" + urllib.parse.quote('tidemill_runs_total{job_name="good",outcome="committed"}'))
            return found["result"][0]["value"][1] if found and found["result"] else None

        self.assertEqual("2", self.wait(value))
        self.wait(lambda: any(a["state"] == "firing" and a["labels"]["alertname"] == "TidemillWindowParked" and a["labels"]["job_name"] == "bad"
                              for a in (ask("alerts") or {"alerts": []})["alerts"]))

    def test_every_metric_of_dashboard_and_alerts_exists(self):
        known = set(re.findall(r"^# TYPE (\w+)", self.get("/metrics")[2], re.M))
        for file in ["grafana/tidemill.json", "prometheus/tidemill-alerts.yaml"]:
            text = (ROOT / "share" / file).read_text()
            named = set(re.findall(r"\btidemill_[a-z_]+", text))
            self.assertGreater(len(named), 5)
            self.assertEqual(set(), named - known, file)

    def test_pages_run_no_code_but_their_own(self):
        status, headers, page = self.get("/")
        self.assertEqual(200, status)
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(page, r"<script>|\son\w+=|style=|https?://")
        for asset in (ROOT / "src" / "serve" / "page").iterdir():
            kind = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}[asset.suffix]
            asset = "/" + asset.name
            status, headers, text = self.get(asset)
            self.assertEqual((200, kind), (status, headers["Content-Type"].split(";")[0]))
            self.assertNotRegex(text, r"innerHTML|insertAdjacentHTML|document\.write|https?://(?!www\.w3\.org/2000/svg)")
        told = json.loads(self.get("/api/notices")[2])
        self.assertTrue([n for n in told["notices"] if n["job"] == "bad" and n["notice"] == "parked" and EVIL in n["message"]] or
                        [n for n in told["notices"] if n["job"] == "bad" and n["notice"] == "parked"])


if __name__ == "__main__":
    unittest.main()
