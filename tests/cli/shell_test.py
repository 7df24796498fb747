#!/usr/bin/env python3
"""The interactive shell on a real pseudo-terminal: lines, history, completion, Ctrl-C, words of its own, wrong input."""
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import termios
import time
import unittest

TIDEMILL = os.path.abspath(os.environ["TIDEMILL"])
PROMPT = "tidemill> "
UP, RIGHT, CTRL_A, CTRL_C, CTRL_D, CTRL_R = b"\x1b[A", b"\x1b[C", b"\x01", b"\x03", b"\x04", b"\x12"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Shell:
    def __init__(self, folder, *arguments):
        self.folder = folder
        self.text = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TIDEMILL_HISTORY=folder + "/state/history", TERM="xterm", LC_ALL="C")
            os.execv(TIDEMILL, [TIDEMILL, "sql", *arguments])
        self.expect(PROMPT)

    def expect(self, wanted, seconds=60):
        """Everything printed up to `wanted`, which must come."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            try:
                data = os.read(self.terminal, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"{wanted!r} did not come after {self.text!r}")
            self.text += ESCAPES.sub("", data.decode()).replace("\r", "")
        before, _, self.text = self.text.partition(wanted)
        return before

    def reads(self, keys):
        """Waits until keys are the editor's (or, while a statement runs, the terminal's): the prompt comes before that."""
        while bool(termios.tcgetattr(self.terminal)[3] & termios.ICANON) == keys:
            time.sleep(0.005)

    def type(self, keys, wanted=PROMPT, running=False):
        self.reads(not running)
        self.text = ""
        os.write(self.terminal, keys if isinstance(keys, bytes) else keys.encode())
        return self.expect(wanted)

    def end(self, keys):
        """Its exit code. The terminal's end is its own: whatever it still prints is read."""
        self.reads(True)
        os.write(self.terminal, keys)
        try:
            self.expect("never printed")
        except AssertionError:
            pass
        return self.wait()

    def wait(self):
        os.kill(self.pid, 0)
        for _ in range(600):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.terminal)
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        raise AssertionError(f"it does not end; it last said {self.text!r}")

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()


class ShellTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def shell(self, *arguments):
        shell = Shell(self.folder.name, *arguments)
        self.addCleanup(shell.kill)
        return shell

    def test_statements_go_over_several_lines(self):
        shell = self.shell()
        shell.type("select 'héllo' as greet, -- first\n", "-> ")
        shell.type("  1 +\n", "-> ")
        self.assertIn("|héllo|      2|", shell.type("1;\n"))
        self.assertIn("|  7|", shell.type("select 7; select 8;\n"))
        self.assertEqual(shell.end(b"quit\n"), 0)

    def test_a_mistake_is_pointed_at_and_the_shell_goes_on(self):
        shell = self.shell()
        self.assertIn("select nope\n       ^", shell.type("select nope;\n"))
        self.assertIn("|  3|", shell.type("select 3;\n"))
        self.assertEqual(shell.end(CTRL_D), 0)

    def test_history_outlasts_the_shell(self):
        shell = self.shell()
        shell.type("select 40\n", "-> ")
        shell.type("  + 2;\n")
        self.assertEqual(shell.end(b"exit;\n"), 0)
        again = self.shell()
        again.type(UP, "select 40 + 2;")
        self.assertIn("|      42|", again.type("\n"))
        again.type(CTRL_R + b"40", "select 40 + 2;")
        again.type("\n")
        again.end(CTRL_D)
        history = self.folder.name + "/state/history"
        self.assertEqual(os.stat(history).st_mode & 0o777, 0o600)
        with open(history) as lines:
            self.assertEqual(lines.read().splitlines()[0], "select 40 + 2;")

    def test_tab_completes_keywords_tables_columns_functions_and_files(self):
        with open(self.folder.name + "/numbers.csv", "w") as file:
            file.write("1\n2\n")
        shell = self.shell()
        shell.type("create table measures (reading int, room string) using parquet;\n")
        shell.type("insert into mea\t values (5, 'x');\n")
        self.assertIn("|   x|", shell.type("sel\t room from mea\t;\n"))
        shell.type("select reading, roo from measures;", ";")
        self.assertIn("|      5|   x|", shell.type(CTRL_A + RIGHT * len("select reading, roo") + b"\t\n"))
        shell.type("select m. from measures m", "measures m")
        self.assertIn("reading  room", shell.type(CTRL_A + RIGHT * len("select m.") + b"\t\t"))
        shell.type(CTRL_C)
        self.assertIn("|       2|", shell.type("select cou\t(*) from csv.`num\t`;\n"))
        shell.end(CTRL_D)

    def test_ctrl_c_forgets_the_statement_or_stops_it(self):
        shell = self.shell()
        shell.type("select 1 +\n", "-> ")
        shell.type(CTRL_C)
        self.assertIn("|  2|", shell.type("select 2;\n"))
        shell.type("select count(*) from range(1000000000000) where id * 3 % 7 = 1;\n", "= 1;\n")
        self.assertIn("cancelled", shell.type(CTRL_C, running=True))
        self.assertIn("|  3|", shell.type("select 3;\n"))
        self.assertEqual(shell.end(CTRL_D), 0)

    def test_its_own_words(self):
        with open(self.folder.name + "/script.sql", "w") as file:
            file.write("select 1 as one;\nselect 2 as two;\n")
        shell = self.shell()
        self.assertIn("source FILE", shell.type("help\n"))
        printed = shell.type("source script.sql\n")
        self.assertIn("|one|", printed)
        self.assertIn("|two|", printed)
        self.assertIn("nowhere.sql': No such file", shell.type("source nowhere.sql\n"))
        shell.end(CTRL_D)

    def test_other_outputs(self):
        shell = self.shell("--output", "tsv")
        self.assertIn("\n1\tx\n", shell.type("select 1, 'x';\n"))
        shell.end(CTRL_D)

    def test_a_pipe_is_a_script_and_no_shell(self):
        piped = subprocess.run([TIDEMILL, "sql", "--output", "tsv"], input="select 1;\nselect 2", capture_output=True,
                               text=True, check=True)
        self.assertEqual((piped.stdout, piped.stderr), ("1\n2\n", ""))


if __name__ == "__main__":
    unittest.main()
