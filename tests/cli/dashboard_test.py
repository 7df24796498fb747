#!/usr/bin/env python3
"""The pages of `tidemill serve` in a real browser: every page, a live run to its end, a failed check, a pause, texts of jobs
that would be HTML. Screenshots are kept in TIDEMILL_SCREENSHOTS when that is set."""
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import ROOT, TIDEMILL  # noqa: E402

BROWSER = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill")) / "browser"
EVIL = "<img src=x onerror=window.hit=1>"
# Every way of getting code into a page that a text of a job might try.
PAYLOADS = [EVIL, "<script>window.hit=1</script>", "\"><svg onload=window.hit=1>", "'><iframe srcdoc='<script>top.hit=1</script>'>",
            "javascript:window.hit=1", "{{constructor.constructor('window.hit=1')()}}", "<a href=javascript:window.hit=1>x</a>",
            "</title><script>window.hit=1</script>", "\u2028window.hit=1//", "<math><mtext></mtext><style><img src=x onerror=window.hit=1></style></math>"]


@unittest.skipUnless((BROWSER / "node_modules" / "playwright-core").is_dir() and shutil.which("node"), "not run: tools/setup test installs the browser")
class DashboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-dashboard-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        cls.shots = pathlib.Path(os.environ.get("TIDEMILL_SCREENSHOTS", cls.folder / "shots"))
        cls.shots.mkdir(exist_ok=True)
        (cls.folder / "in").mkdir()
        (cls.folder / "in" / "a.csv").write_text("id,t\n1,2013-01-01T05:00:00Z\n2,2013-01-02T05:00:00Z\n")
        cls.job("good")
        cls.job("bad", f"checks: [{{name: never, expression: \"'{EVIL}' = ''\", on_fail: fail}}]\n")
        # A run long enough to be looked at.
        cls.job("slow", "steps: [{name: out, sql: 'SELECT s.id, t, sum(hash(r.id, s.id)) AS x FROM s CROSS JOIN range(0, 150000000) r GROUP BY s.id, t'}]\n", scheduled=False)
        for number, payload in enumerate(PAYLOADS):
            text = payload.replace("'", "\\'")
            cls.job(f"evil{number}", "steps: [{name: out, sql: " + json.dumps(f"SELECT id, t, CAST(raise_error('{text}') AS STRING) AS x FROM s") + "}]\n"
                    + "tags: [" + json.dumps(payload.replace(",", "")) + "]\n")
        log = (cls.folder / "log").open("w")
        cls.addClassCleanup(log.close)
        cls.daemon = subprocess.Popen([TIDEMILL, "serve", ".", "--listen", "127.0.0.1:0", "--time-from", "2013-01-03T00:30:00Z", "--speed", "1000"],
                                      cwd=cls.folder, stdout=log, stderr=subprocess.STDOUT)
        cls.addClassCleanup(cls.stop)
        cls.port = cls.wait(lambda: next((line["port"] for line in cls.lines() if line["event"] == "listens"), None))
        cls.wait(lambda: len({n["job"] for n in cls.get("/api/notices")["notices"] if n["notice"] in ["done", "parked"]}) == 2 + len(PAYLOADS))

    @classmethod
    def job(cls, name, more="", scheduled=True):
        schedule = "schedule: {cron: 0 * * * *, start: 2013-01-01T00:00:00Z, end: 2013-01-02T00:00:00Z, attempts: 1}\n"
        (cls.folder / f"{name}.yaml").write_text(
            f"job: {name}\ncertify: no\nsla: 30m\n{schedule if scheduled else ''}"
            "sources: {s: {format: csv, path: in/a.csv, header: true, schema: 'id INT, t TIMESTAMP'}}\n"
            f"window: {{column: t, size: 1d}}\n{more}sink: {{path: out/{name}}}\n")

    @classmethod
    def stop(cls):
        cls.daemon.terminate()
        cls.daemon.wait(30)

    @classmethod
    def lines(cls):
        return [json.loads(line) for line in (cls.folder / "log").read_text().splitlines() if line.startswith("{") and line.endswith("}")]

    @classmethod
    def get(cls, path, method="GET", headers=None, code=200):
        connection = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=20)
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == code, (path, answer.status, text)
        return json.loads(text) if answer.headers["Content-Type"] == "application/json" else text

    @classmethod
    def wait(cls, what):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            if cls.daemon.poll() is not None:
                break
            time.sleep(0.2)
        raise AssertionError("it did not come to that\n" + (cls.folder / "log").read_text())

    def scene(self, name):
        script = BROWSER / "dashboard.mjs"  # beside its packages
        shutil.copyfile(ROOT / "tests" / "browser" / "dashboard.mjs", script)
        done = subprocess.run(["node", script, f"http://127.0.0.1:{self.port}", name, self.shots], capture_output=True, text=True, timeout=300)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    def test_every_page_in_light_and_dark_on_a_phone_and_wide(self):
        self.scene("pages")

    def test_filters_are_in_the_address(self):
        self.scene("filters")

    def test_a_failed_check_is_named(self):
        self.scene("failed_check")

    def test_a_job_is_paused_and_resumed_by_its_button(self):
        self.scene("pause")
        self.assertEqual(["pause", "resume"], [line["message"] for line in self.lines() if line["event"] == "asked" and line["job"] == "good"][:2])

    def test_texts_of_jobs_are_never_html(self):
        self.scene("text")

    def test_a_live_run_is_followed_to_its_end(self):
        run = subprocess.Popen([TIDEMILL, "run", "slow.yaml", "--window", "2013-01-01", "--threads", "1"], cwd=self.folder, stdout=subprocess.DEVNULL)
        self.addCleanup(run.wait)
        self.scene("live")

    def test_a_stream_tells_until_the_end_and_other_pages_change_nothing(self):
        self.assertIn("event: run\ndata: ", self.get("/api/runs/1/stream"))
        self.get("/api/jobs/good/command?do=pause", "POST", {"Origin": "http://evil.example"}, code=403)
        self.get("/api/jobs/good/command?do=pause", code=405)
        self.get("/api/jobs/nobody/command?do=pause", "POST", code=404)
        self.get("/api/jobs/good/command?do=explode", "POST", code=400)
        self.get("/api/jobs/good/command?do=run&window=2013-01-01T07:00:00Z", "POST", code=400)
        self.get("/api/runs?limit=many", code=400)
        self.get("/api/runs?colour=red", code=400)
        self.get("/api/runs/no-such-run", code=404)
        self.get("/api/nothing", code=404)

    def test_every_path_of_the_openapi_document_answers_as_it_says(self):
        document = self.get("/api/openapi.json")
        self.assertGreater(len(document["paths"]), 10)
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                asked = path.replace("{id}", "1").replace("{job}", "good")
                if method == "post":
                    asked += "?do=resume"
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request(method.upper(), asked)
                answer = connection.getresponse()
                kinds = operation["responses"][str(answer.status)]["content"]
                self.assertIn(answer.headers["Content-Type"].split(";")[0], kinds, path)
                connection.close()
                for parameter in operation["parameters"]:
                    if parameter["in"] == "query" and (parameter["schema"]["type"] == "integer" or "enum" in parameter["schema"]):
                        separator = "&" if "?" in asked else "?"
                        self.get(f"{asked}{separator}{parameter['name']}=-x", method.upper(), code=400)


if __name__ == "__main__":
    unittest.main()
