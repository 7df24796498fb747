#!/usr/bin/env python3
"""Alerts of `tidemill serve`: who is told what by web, mail and program, that a dead target holds up nobody, and that what
could not be sent goes out later, by whoever leads then."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import TIDEMILL, FolderTest  # noqa: E402
from sinks import MailSink, WebSink  # noqa: E402

EVIL = "<!channel>"
START = "2013-01-03T00:30:00Z"


class AlertsTest(FolderTest):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()
        (self.folder / "in" / "a.csv").write_text("id,t\n1,2013-01-01T05:00:00Z\n2,2013-01-02T05:00:00Z\n")
        self.job("good", "regular")
        self.job("bad", "critical", f"checks: [{{name: never, expression: \"'{EVIL}' = ''\", on_fail: fail}}]\n")

    def job(self, name, job_class, more=""):
        (self.folder / f"{name}.yaml").write_text(
            f"job: {name}\nclass: {job_class}\ncertify: no\nsla: 30m\n"
            "schedule: {cron: 0 * * * *, start: 2013-01-01T00:00:00Z, end: 2013-01-02T00:00:00Z}\n"
            "sources: {s: {format: csv, path: in/a.csv, header: true, schema: 'id INT, t TIMESTAMP'}}\n"
            f"window: {{column: t, size: 1d}}\n{more}sink: {{path: out/{name}}}\n")

    def alerts(self, targets, more="group: 1s"):
        (self.folder / "schedule.yaml").write_text(f"schedule: s\nalerts: {{{more}, targets: [{targets}]}}\n")

    def sink(self, kind):
        sink = kind()
        self.addCleanup(sink.close)
        return sink

    def serve(self, **env):
        log = (self.folder / "log").open("a+")
        self.addCleanup(log.close)
        daemon = subprocess.Popen([TIDEMILL, "serve", ".", "--listen", "none", "--time-from", START, "--speed", "100"], cwd=self.folder,
                                  stdout=log, stderr=log, env={**os.environ, **env})
        self.addCleanup(self.stop, daemon)
        return daemon

    def stop(self, daemon):
        if daemon.poll() is None:
            daemon.terminate()
        daemon.wait(60)

    def lines(self):
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line.startswith("{")]

    def wait(self, what):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.1)
        self.fail("it did not come to that\n" + (self.folder / "log").read_text())

    def kinds(self, messages):
        return sorted((a["status"], a["labels"]["alertname"], a["labels"].get("job", "")) for m in messages for a in m["alerts"])

    def test_web_mail_and_program_are_told_and_told_of_the_end(self):
        web, slack, mail = self.sink(WebSink), self.sink(WebSink), self.sink(MailSink)
        self.alerts(f"{{name: web, webhook: '{web.url}/a?token=${{HOOK}}'}}, {{name: chat, slack: '{slack.url}/s', on: failed}}, "
                    f"{{name: post, mail: [a@example.com, b@example.com], from: t@example.com, smtp: '{mail.url}', classes: critical}}, "
                    "{name: run, command: [sh, -c, cat >> told.json]}")
        self.serve(HOOK="s3cret")
        self.wait(lambda: web.requests and slack.requests and mail.mails and (self.folder / "told.json").exists())
        path, headers, _ = web.requests[0]
        self.assertEqual(("/a?token=s3cret", "application/json"), (path, headers["Content-Type"]))
        told = self.kinds(web.json())
        self.assertIn(("firing", "failed", "bad"), told)
        self.assertIn(("firing", "quality", "bad"), told)
        self.assertEqual(web.json()[0]["alerts"], json.loads((self.folder / "told.json").read_text())["alerts"])
        self.assertIn("failed bad 2013-01-01", slack.json()[0]["text"])
        self.assertNotIn("<", slack.json()[0]["text"])
        sender, recipients, message = mail.mails[0]
        self.assertEqual(("t@example.com", ["a@example.com", "b@example.com"]), (sender, recipients))
        self.assertIn("failed bad", message["Subject"])
        self.assertIn("failed bad 2013-01-01T00:00:00Z/2013-01-02T00:00:00Z", message.get_content())
        self.assertNotIn("s3cret", (self.folder / "log").read_text())

        self.job("bad", "critical")  # the check is gone, and the window is asked for once more
        self.tidemill("schedule", "run", "bad", "--window", "2013-01-01T00:00:00Z")
        self.wait(lambda: ("resolved", "failed", "bad") in self.kinds(web.json()))
        self.wait(lambda: len(mail.mails) > 1)
        self.assertIn("over: failed bad", mail.mails[-1][2].get_content())

    def test_dead_targets_hold_up_nobody_and_are_told_in_the_end(self):
        web, refusing = self.sink(WebSink), self.sink(WebSink)
        refusing.statuses = [503]
        with socket.socket() as silent, socket.socket() as nobody:
            silent.bind(("127.0.0.1", 0))
            silent.listen(5)  # takes connections and never answers
            nobody.bind(("127.0.0.1", 0))
            self.alerts(f"{{name: silent, webhook: 'http://127.0.0.1:{silent.getsockname()[1]}/x9x'}}, "
                        f"{{name: nobody, mail: a@example.com, from: t@example.com, smtp: 'smtp://127.0.0.1:{nobody.getsockname()[1]}'}}, "
                        "{name: broken, command: ['false']}, {name: gone, command: [no-such-program]}, "
                        f"{{name: refusing, webhook: '{refusing.url}'}}, {{name: web, webhook: '{web.url}'}}")
            self.serve()
            self.wait(lambda: web.requests and len(refusing.requests) >= 2)
            dead = {f"alerts to {name}" for name in ["silent", "nobody", "broken", "gone", "refusing"]}
            self.wait(lambda: dead == {t["message"].split(":")[0] for t in self.lines() if t["event"] == "trouble"})
            self.assertEqual(1, len({body for _, _, body in refusing.requests[:2]}))
            self.assertNotIn("x9x", (self.folder / "log").read_text())
            self.wait((self.folder / "out" / "good" / "_delta_log").is_dir)

    def test_what_was_not_sent_is_sent_by_who_leads_next_and_nothing_is_told_twice(self):
        with socket.socket() as dead:
            dead.bind(("127.0.0.1", 0))
            port = dead.getsockname()[1]
            self.alerts(f"{{name: web, webhook: 'http://127.0.0.1:{port}'}}")
            first = self.serve()
            self.wait(lambda: [t for t in self.lines() if t["event"] == "trouble"])
            first.send_signal(signal.SIGKILL)
            first.wait(30)
        web = self.sink(WebSink)
        self.alerts(f"{{name: web, webhook: '{web.url}'}}")
        second = self.serve()
        self.wait(lambda: web.requests)
        self.stop(second)
        self.serve()
        self.wait(lambda: len([t for t in self.lines() if t["event"] == "leads"]) == 3)
        time.sleep(2)
        told = self.kinds(web.json())
        self.assertEqual(1, told.count(("firing", "failed", "bad")), told)

    def test_mistakes_are_named(self):
        self.alerts("{name: a, webhook: 'ftp://x', slack: 'https://y'}, {name: a, mail: x@y}, {name: c}, {name: d, command: x, on: faild}",
                    "success_rate: lots")
        said = self.tidemill("schedule", "ls", code=2)
        for words in ["must begin with http:// or https://", "says more than one way", "two are called 'a'", "mail needs a sender",
                      "does not say how", "there is no 'faild'; did you mean 'failed'?", "success_rate"]:
            self.assertIn(words, said)
        (self.folder / "schedule.yaml").write_text("alerts: {targets: [{name: a, webhook: 'http://127.0.0.1/${NO_SUCH_VARIABLE}'}]}\n")
        self.assertIn("NO_SUCH_VARIABLE", self.tidemill("serve", "--listen", "none", code=2))
        self.tidemill("schedule", "simulate", "--nights", "1")  # nobody is told anything: no secrets are needed


if __name__ == "__main__":
    unittest.main()
