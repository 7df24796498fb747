"""The command under test, and a folder of its own for each test."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))


def tidemill(folder, *words, code=0, env=None):
    """What the command says in this folder, when it ends with `code`."""
    done = subprocess.run([TIDEMILL, *map(str, words)], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode != code:
        raise AssertionError(f"tidemill {' '.join(map(str, words))} ended with {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class FolderTest(unittest.TestCase):
    """A folder of its own for each test, and the command in it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def tidemill(self, *words, code=0):
        return tidemill(self.folder, *words, code=code)
