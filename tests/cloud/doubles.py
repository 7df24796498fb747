"""A folder and both doubles for each test, and the command with no other credentials than theirs."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import command  # noqa: E402
from aws_double import Double  # noqa: E402
from s3_double import S3Double  # noqa: E402


class CloudTest(command.FolderTest):
    def setUp(self):
        super().setUp()
        self.aws, self.s3 = Double(), S3Double()
        for double in (self.aws, self.s3):
            double.__enter__()
            self.addCleanup(double.__exit__)
        self.extra = {}  # of the environment; None: not there

    def tidemill(self, *words, code=0):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {"HOME": str(self.folder)}
        environment = clean | self.s3.environment | self.aws.environment | self.extra
        said = command.tidemill(self.folder, *words, code=code, env={k: v for k, v in environment.items() if v is not None})
        self.assertNotIn("the/secret", said)
        return said
