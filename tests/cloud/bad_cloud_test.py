#!/usr/bin/env python3
"""What AWS says no with, by every command that asks it: what is wrong and what to do in one line, and the exit code that
docs/emr.md tells: 1, the world; 2, what was written."""
import json
import unittest

from doubles import CloudTest

JOB = {"job": "orders", "sources": {"orders": {"format": "csv", "path": "s3://lake/in/*.csv", "header": True, "schema": "id INT"}},
       "sink": {"path": "s3://lake/out/orders"}}
CREATE = ["cluster", "create", "cluster.yaml"]
WATCH = ["cluster", "watch", "cluster.yaml", "--steps", "1"]
ON_CLUSTER = ["run", "job.yaml", "--engine", "emr", "--cluster", "etl", "--poll", "20ms"]
DEDICATED = ["run", "job.yaml", "--engine", "emr", "--dedicated", "cluster.yaml", "--poll", "20ms"]
SERVERLESS = ["run", "job.yaml", "--engine", "emr", "--serverless", "00app", "--role", "arn:aws:iam::1:role/tidemill/spark",
              "--staging", "s3://logs/sent", "--poll", "20ms"]
NATIVE = ["run", "job.yaml"]
SQL = ["sql", "-e", "SELECT * FROM delta.`s3://lake/out/orders`"]
# The first operation of each, which an error of permission names.
FIRST = {"create": (CREATE, "iam:CreateRole"), "watch": (WATCH, "elasticmapreduce:DescribeCluster"),
         "step": (ON_CLUSTER, "elasticmapreduce:ListSteps"), "dedicated": (DEDICATED, "iam:CreateRole"),
         "serverless": (SERVERLESS, "emr-serverless:ListJobRuns")}


class BadCloudTest(CloudTest):
    def setUp(self):
        super().setUp()
        (self.folder / "job.yaml").write_text(json.dumps(JOB))
        (self.folder / "cluster.yaml").write_text("cluster: etl\nlog_uri: s3://logs/emr/\nscaling: {max_nodes: 12}\n")
        self.s3.store("lake/in/0.csv", b"id\n1\n")

    def each(self, says, code, names_action=False):
        """Every command that asks EMR, over an account where a cluster is."""
        self.aws.always, fault = None, self.aws.always
        self.tidemill(*CREATE, code=0)
        self.aws.always = fault
        for name, (arguments, action) in FIRST.items():
            with self.subTest(command=name):
                state = ["--state", "other.db"] if name == "create" else []
                said = self.tidemill(*arguments, *state, code=code)
                self.assertIn(says, said)
                if names_action:
                    self.assertIn(f"allow {action} in their policy", said)

    def test_no_credentials(self):
        self.tidemill(*CREATE, code=0)
        self.extra = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
        for arguments in (WATCH, ON_CLUSTER, DEDICATED, SERVERLESS, NATIVE, SQL):
            with self.subTest(arguments=arguments):
                self.assertIn("there are no AWS credentials", self.tidemill(*arguments, code=1))

    def test_expired(self):
        self.aws.always = "expired"
        self.each("the credentials have expired; sign in again", 1)
        self.s3.faults = lambda *_: "expired"
        self.assertIn("the credentials have expired; sign in again", self.tidemill(*NATIVE, code=1))

    def test_no_permission_names_the_action(self):
        self.aws.always = "denied"
        self.each("these credentials may not", 1, names_action=True)
        self.s3.faults = lambda *_: "403"
        self.assertIn("allow s3:ListBucket in their policy", self.tidemill(*NATIVE, code=1))
        self.s3.faults = lambda number, method, key: "403" if method == "PUT" else None
        self.assertIn("allow s3:PutObject in their policy", self.tidemill(*NATIVE, code=1))

    def test_throttling(self):
        self.aws.always = "throttle"
        self.each("AWS asks for fewer calls; try again later", 1)
        self.s3.faults = lambda *_: "503"
        self.assertIn("AWS asks for fewer calls; try again later", self.tidemill(*NATIVE, code=1))

    def test_unknown_region(self):
        self.assertIn("'mars' is not an AWS region", self.tidemill("cluster", "gc", "--region", "mars", code=2))
        (self.folder / "cluster.yaml").write_text("cluster: etl\nregion: mars\n")
        self.assertIn("'mars' is not an AWS region", self.tidemill(*CREATE, code=2))
        # One that looks like a region has no host.
        (self.folder / "cluster.yaml").write_text("cluster: etl\nregion: mars-north-1\n")
        self.extra = {"AWS_ENDPOINT_URL": None, "AWS_ENDPOINT_URL_IAM": self.aws.environment["AWS_ENDPOINT_URL"]}
        self.assertIn("is 'mars-north-1' a region of AWS?", self.tidemill(*CREATE, code=2))
        self.extra = {"AWS_REGION": None}
        self.assertIn("no AWS region", self.tidemill("cluster", "gc", code=2))

    def test_quota_exceeded(self):
        for code in ("LimitExceededException", "VcpuLimitExceeded", "ServiceQuotaExceededException"):
            self.aws.always = f"code:{code}"
            with self.subTest(code=code):
                for arguments in (CREATE, DEDICATED, SERVERLESS):
                    self.assertIn("the account's quota is used up", self.tidemill(*arguments, code=1))
        # EMR tells it as the end of the cluster, too.
        self.aws.always, self.aws.no_start = None, "VCPU_LIMIT_EXCEEDED: you have requested more vCPU capacity than your limit"
        self.assertIn("VCPU_LIMIT_EXCEEDED", self.tidemill(*DEDICATED, code=1))
        self.assertTrue(self.aws.account.empty(), vars(self.aws.account))

    def test_no_capacity(self):
        self.aws.always = "code:InsufficientInstanceCapacity"
        self.assertIn("AWS has no such instances now; name more types or zones", self.tidemill(*CREATE, code=1))
        self.aws.always, self.aws.no_start = None, "INSTANCE_FLEET_TIMEOUT: no r5.2xlarge in us-east-1a"
        said = self.tidemill(*DEDICATED, code=1)
        self.assertIn("INSTANCE_FLEET_TIMEOUT: no r5.2xlarge", said)
        self.assertIn("nothing was committed", said)
        self.assertTrue(self.aws.account.empty(), vars(self.aws.account))
        self.aws.no_start = None  # and when there is some, the same command goes through

    def test_a_bucket_in_another_region(self):
        self.s3.faults = lambda *_: "elsewhere"
        for arguments in (NATIVE, SQL):
            self.assertIn("is in eu-west-1, not in us-east-1; set AWS_REGION", self.tidemill(*arguments, code=2))


if __name__ == "__main__":
    unittest.main()
