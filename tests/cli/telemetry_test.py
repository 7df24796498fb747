#!/usr/bin/env python3
"""Lineage and traces of runs: what a collector is sent when the environment's standard variables name one, and that a dead
one changes nothing but a warning."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import unittest
import warnings

try:
    import jsonschema
except ImportError:
    jsonschema = None

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import ROOT, TIDEMILL, FolderTest  # noqa: E402
from sinks import WebSink  # noqa: E402


class TelemetryTest(FolderTest):
    def setUp(self):
        super().setUp()
        (self.folder / "a.csv").write_text("id,t\n1,2013-01-01T05:00:00Z\n2,2013-01-02T05:00:00Z\n,2013-01-02T06:00:00Z\n")
        (self.folder / "job.yaml").write_text(
            "job: flights\nsources: {s: {format: csv, path: a.csv, header: true, schema: 'id INT, t TIMESTAMP'}}\n"
            "window: {column: t, size: 1d}\nchecks: [{name: has_id, kind: not_null, columns: id, max_bad: 50%, on_fail: quarantine}, {name: low, expression: id < 2, on_fail: warn}]\n"
            "sink: {path: out/flights}\n")
        self.sink = WebSink()
        self.addCleanup(self.sink.close)

    def check_schemas(self):
        """Every event and every facet in it, against the schema it names."""
        archive = ROOT.parent / "shared" / "corpora" / "openlineage-spec.tar.gz"
        if jsonschema is None or not archive.exists():
            print("not run: OpenLineage's schemas or jsonschema are not there", flush=True)
            return
        with tarfile.open(archive) as files:
            schemas = [json.load(files.extractfile(m)) for m in files if re.fullmatch(r"spec/(facets/)?\w+\.json", m.name)]
        store = {schema["$id"]: schema for schema in schemas}
        checked = set()

        def check(value, url):
            resolver = jsonschema.RefResolver("", {}, store=store)
            jsonschema.Draft202012Validator({"$ref": url}, resolver=resolver, format_checker=jsonschema.FormatChecker()).validate(value)
            checked.add(url.split("/")[-1])

        def walk(value):
            for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
                if isinstance(part, dict) and "_schemaURL" in part:
                    check(part, part["_schemaURL"])
                walk(part)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for event in self.sink.json():
                check(event, event["schemaURL"])
                walk(event)
        return checked

    def run_job(self, *words, code=0, **env):
        done = subprocess.run([TIDEMILL, "run", "job.yaml", *words], cwd=self.folder, env={**os.environ, **env}, capture_output=True, text=True)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stderr

    def test_a_run_is_told_as_openlineage_tells_it(self):
        self.run_job("--window", "2013-01-02", OPENLINEAGE_URL=self.sink.url, OPENLINEAGE_API_KEY="k3y", OPENLINEAGE_NAMESPACE="night")
        self.assertEqual({"/api/v1/lineage"}, {path for path, _, _ in self.sink.requests})
        self.assertEqual({"Bearer k3y"}, {headers["Authorization"] for _, headers, _ in self.sink.requests})
        start, end = self.sink.json()
        self.assertEqual(("START", "COMPLETE"), (start["eventType"], end["eventType"]))
        self.assertEqual(start["run"]["runId"], end["run"]["runId"])
        self.assertEqual({"namespace": "night", "name": "flights"}, {k: end["job"][k] for k in ["namespace", "name"]})
        self.assertEqual(("2013-01-02T00:00:00Z", "2013-01-03T00:00:00Z"),
                         tuple(end["run"]["facets"]["nominalTime"][k] for k in ["nominalStartTime", "nominalEndTime"]))
        self.assertEqual([("file", str(self.folder / "a.csv"))], [(d["namespace"], d["name"]) for d in end["inputs"]])
        table, aside = end["outputs"]
        self.assertEqual(("file", str(self.folder / "out" / "flights")), (table["namespace"], table["name"]))
        self.assertEqual("0", table["facets"]["version"]["datasetVersion"])
        self.assertEqual(1, table["outputFacets"]["outputStatistics"]["rowCount"])
        self.assertEqual({"has_id": False, "low": False}, {a["name"]: a["success"] for a in table["facets"]["dataQualityAssertions"]["assertions"]})
        self.assertEqual(1, aside["outputFacets"]["outputStatistics"]["rowCount"])
        checked = self.check_schemas()
        if checked is not None:
            self.assertLessEqual({"RunEvent", "NominalTimeRunFacet", "DatasetVersionDatasetFacet", "DataQualityAssertionsDatasetFacet"}, checked)

    def test_a_run_that_fails_says_why(self):
        (self.folder / "a.csv").write_text("id,t\nx,2013-01-02T05:00:00Z\n")
        self.run_job("--window", "2013-01-02", code=1, OPENLINEAGE_URL=self.sink.url)
        start, end = self.sink.json()
        self.assertEqual("FAIL", end["eventType"])
        self.assertIn("a.csv", end["run"]["facets"]["errorMessage"]["message"])
        self.check_schemas()

    def test_a_run_is_a_trace_of_its_stages(self):
        self.run_job("--window", "2013-01-02", OTEL_EXPORTER_OTLP_ENDPOINT=self.sink.url, OTEL_EXPORTER_OTLP_HEADERS="x-team=data%20team,x-b=c")
        (path, headers, body), = self.sink.requests
        self.assertEqual(("/v1/traces", "data team", "c"), (path, headers["x-team"], headers["x-b"]))
        scope, = json.loads(body)["resourceSpans"]
        self.assertIn({"key": "service.name", "value": {"stringValue": "tidemill"}}, scope["resource"]["attributes"])
        run, *stages = scope["scopeSpans"][0]["spans"]
        self.assertRegex(run["traceId"], "^[0-9a-f]{32}$")
        self.assertEqual(len(stages) + 1, len({span["spanId"] for span in [run, *stages]}))
        self.assertTrue(stages)
        for span in [run, *stages]:
            self.assertRegex(span["spanId"], "^[0-9a-f]{16}$")
            self.assertEqual(run["traceId"], span["traceId"])
            self.assertLessEqual(int(run["startTimeUnixNano"]), int(span["startTimeUnixNano"]))
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))
            self.assertLessEqual(int(span["endTimeUnixNano"]), int(run["endTimeUnixNano"]))
        self.assertEqual({run["spanId"]}, {span["parentSpanId"] for span in stages})
        attributes = {a["key"]: a["value"] for a in run["attributes"]}
        self.assertEqual({"stringValue": "committed"}, attributes["tidemill.outcome"])
        self.assertEqual({"intValue": "1"}, attributes["tidemill.rows_written"])
        self.assertEqual(1, run["status"]["code"])

    def test_a_dead_collector_is_a_warning(self):
        self.sink.statuses = [500] * 10
        said = self.run_job("--window", "2013-01-01", OPENLINEAGE_URL=self.sink.url + "/s3cret", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:1/s3cret")
        self.assertEqual(1, len(self.sink.requests))
        self.assertEqual(1, len(re.findall("lineage not sent: 127.0.0.1:[0-9]+ answered 500", said)))
        self.assertEqual(1, said.count("traces not sent"), said)
        self.assertNotIn("s3cret", said)
        self.assertIn("lineage not sent: a URL must begin with", self.run_job("--window", "2013-01-02", OPENLINEAGE_URL="nonsense"))
        self.assertEqual("", self.run_job("--window", "2013-01-02", OPENLINEAGE_URL=self.sink.url, OPENLINEAGE_DISABLED="true"))


if __name__ == "__main__":
    unittest.main()
