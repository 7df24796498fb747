"""A double of the parts of AWS that clusters need: EMR with instance fleets and steps, EMR Serverless, EC2, IAM, CloudWatch.

One lock, so that what it does is what one call after the other would. Every call's signature is checked by code of its own,
every call is recorded. Faults are scripted by the number of the call, from 0:
    drop      carried out, then the connection is closed without an answer
    500       not carried out, status 500
    500after  carried out, then status 500
    throttle  not carried out, ThrottlingException
    denied    not carried out, AccessDenied
    expired   not carried out, ExpiredToken
    hang      carried out, then nothing is answered until `released` is set
    code:X    not carried out, refused with the code X

Time is the test's: `now` in seconds, moved on by `tick` or by a GetMetricData that asks for a later end. Nodes start within
`start_seconds`; spot nodes come while `spot_capacity` is left. A step runs once its cluster does: `execute` (if any) is called
with it in a thread of its own and gives its last state; without one a step is over at the second look.
"""
import hashlib
import hmac
import http.server
import datetime
import json
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

ACCESS, SECRET = "AKIDDOUBLE", "the/secret+of+the+double"


def sign(secret, date, region, service, text):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Refusal(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Account:
    """What is there."""

    def __init__(self):
        self.roles, self.profiles, self.groups, self.alarms, self.clusters = {}, {}, {}, {}, {}
        self.number = 0
        self.most_workers = 0

    def next(self, prefix):
        self.number += 1
        return f"{prefix}-{self.number:06d}"

    def empty(self):
        return not (self.roles or self.profiles or self.groups or self.alarms or self.active())

    def active(self):
        return {i: c for i, c in self.clusters.items() if not c["state"].startswith("TERMINATED")}


def tags_of(query, prefix):
    tags, n = {}, 1
    while f"{prefix}.{n}.Key" in query:
        tags[query[f"{prefix}.{n}.Key"]] = query[f"{prefix}.{n}.Value"]
        n += 1
    return tags


class Emr:
    def __init__(self, account, double):
        self.a, self.double = account, double

    def RunJobFlow(self, body):
        self.double.record("iam:PassRole")  # of the roles it names
        fleets = {}
        for fleet in body["Instances"]["InstanceFleets"]:
            if fleet["TargetOnDemandCapacity"] + fleet["TargetSpotCapacity"] == 0:
                raise Refusal("ValidationException", "a fleet needs a capacity")
            fleets[fleet["InstanceFleetType"]] = self.fleet(fleet)
        for role in (body["ServiceRole"], body["JobFlowRole"]):
            if role not in self.a.roles and role not in self.a.profiles:
                raise Refusal("ValidationException", f"no role {role}")
        groups = [body["Instances"][k] for k in ("EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup")]
        for one in groups:  # EMR lets them in at each other
            if one not in self.a.groups:
                raise Refusal("ValidationException", f"no group {one}")
            self.a.groups[one]["rules"] = {self.a.next("sgr"): other for other in groups}
        cluster = {"id": self.a.next("j"), "name": body["Name"], "state": "STARTING", "fleets": fleets, "groups": groups,
                   "tags": {t["Key"]: t["Value"] for t in body["Tags"]}, "seen": 0, "body": body, "instances": [], "steps": []}
        self.a.clusters[cluster["id"]] = cluster
        self.count(cluster)
        return {"JobFlowId": cluster["id"]}

    def fleet(self, fleet):
        return {"id": self.a.next("if"), "on_demand": fleet["TargetOnDemandCapacity"], "spot": fleet["TargetSpotCapacity"],
                "types": [c["InstanceType"] for c in fleet["InstanceTypeConfigs"]]}

    def count(self, cluster):
        self.double.settle(cluster)
        workers = sum(f["on_demand"] + f["spot"] for kind, f in cluster["fleets"].items() if kind != "MASTER")
        self.a.most_workers = max(self.a.most_workers, workers)

    def find(self, cluster):
        if cluster not in self.a.clusters:
            raise Refusal("InvalidRequestException", f"no cluster {cluster}")
        return self.a.clusters[cluster]

    def shown(self, cluster):
        return {"Id": cluster["id"], "Name": cluster["name"],
                "Status": {"State": cluster["state"], "StateChangeReason": {"Message": cluster.get("reason", "")}}}

    def ListClusters(self, body):
        all_of_them = [c for c in self.a.clusters.values() if c["state"] in body["ClusterStates"]]
        start = int(body.get("Marker", 0))
        page = {"Clusters": [self.shown(c) for c in all_of_them[start:start + 2]]}  # small pages: markers are followed
        if start + 2 < len(all_of_them):
            page["Marker"] = str(start + 2)
        return page

    def DescribeCluster(self, body):
        cluster = self.find(body["ClusterId"])
        cluster["seen"] += 1
        shown = self.shown(cluster) | {"Tags": [{"Key": k, "Value": v} for k, v in cluster["tags"].items()]}
        self.double.begin(cluster)
        shown["Ec2InstanceAttributes"] = {"Ec2AvailabilityZone": "us-east-1a"}
        if cluster["state"] == "TERMINATING":
            cluster["state"] = shown["Status"]["State"] = "TERMINATED"
            self.double.settle(cluster)
        return {"Cluster": shown}

    def ListInstanceFleets(self, body):
        cluster = self.find(body["ClusterId"])
        there = lambda f, market: sum(1 for i in cluster["instances"]
                                      if i["fleet"] == f["id"] and i["market"] == market and i["state"] != "TERMINATED")
        return {"InstanceFleets": [
            {"Id": f["id"], "InstanceFleetType": kind, "Status": {"State": "RUNNING"},
             "TargetOnDemandCapacity": f["on_demand"], "ProvisionedOnDemandCapacity": there(f, "ON_DEMAND"),
             "TargetSpotCapacity": f["spot"], "ProvisionedSpotCapacity": there(f, "SPOT")}
            for kind, f in cluster["fleets"].items()]}

    def ListInstances(self, body):
        cluster = self.find(body["ClusterId"])
        there = [i for i in cluster["instances"] if i["state"] in body["InstanceStates"]]
        start = int(body.get("Marker", 0))
        page = {"Instances": [{"Id": i["id"], "Ec2InstanceId": i["id"], "InstanceFleetId": i["fleet"], "Market": i["market"],
                               "InstanceType": i["type"],
                               "Status": {"State": i["state"], "Timeline": {"CreationDateTime": i["since"]}}}
                              for i in there[start:start + 5]]}
        if start + 5 < len(there):
            page["Marker"] = str(start + 5)
        return page

    def AddJobFlowSteps(self, body):
        cluster = self.find(body["JobFlowId"])
        if cluster["state"].startswith("TERMINAT"):
            raise Refusal("ValidationException", "the cluster has ended")
        steps = [{"id": self.a.next("s"), "name": s["Name"], "args": s["HadoopJarStep"]["Args"], "state": "PENDING", "seen": 0,
                  "reason": ""} for s in body["Steps"]]
        cluster["steps"] += steps
        return {"StepIds": [s["id"] for s in steps]}

    def step(self, step):
        return {"Id": step["id"], "Name": step["name"],
                "Status": {"State": step["state"], "StateChangeReason": {}, "FailureDetails": {"Reason": step["reason"]}}}

    def ListSteps(self, body):
        cluster = self.find(body["ClusterId"])
        self.double.begin(cluster)
        return {"Steps": [self.step(s) for s in reversed(cluster["steps"]) if s["state"] in body.get("StepStates", [s["state"]])]}

    def DescribeStep(self, body):
        cluster = self.find(body["ClusterId"])
        for step in cluster["steps"]:
            if step["id"] == body["StepId"]:
                self.double.begin(cluster)
                self.double.advance(cluster, step)
                return {"Step": self.step(step)}
        raise Refusal("InvalidRequestException", "no such step")

    def CancelSteps(self, body):
        for step in self.find(body["ClusterId"])["steps"]:
            if step["id"] in body["StepIds"] and step["state"] in ("PENDING", "RUNNING"):
                step["state"] = "CANCELLED"
        return {"CancelStepsInfoList": []}

    def ModifyInstanceFleet(self, body):
        cluster, asked = self.find(body["ClusterId"]), body["InstanceFleet"]
        for fleet in cluster["fleets"].values():
            if fleet["id"] == asked["InstanceFleetId"]:
                fleet["on_demand"], fleet["spot"] = asked["TargetOnDemandCapacity"], asked["TargetSpotCapacity"]
                self.count(cluster)
                return {}
        raise Refusal("InvalidRequestException", "no such fleet")

    def AddInstanceFleet(self, body):
        cluster, fleet = self.find(body["ClusterId"]), body["InstanceFleet"]
        if fleet["InstanceFleetType"] in cluster["fleets"]:
            raise Refusal("ValidationException", "there is one already")
        cluster["fleets"][fleet["InstanceFleetType"]] = self.fleet(fleet)
        self.count(cluster)
        return {}

    def PutManagedScalingPolicy(self, body):
        self.find(body["ClusterId"])["managed"] = body["ManagedScalingPolicy"]
        return {}

    def PutAutoTerminationPolicy(self, body):
        self.find(body["ClusterId"])["idle"] = body["AutoTerminationPolicy"]
        return {}

    def TerminateJobFlows(self, body):
        for one in body["JobFlowIds"]:
            cluster = self.find(one)
            if not cluster["state"].startswith("TERMINATED"):
                cluster["state"] = "TERMINATING"
                for step in cluster["steps"]:
                    if step["state"] in ("PENDING", "RUNNING"):
                        step["state"] = "CANCELLED"
        return {}


class Ec2:
    def __init__(self, account, double):
        self.a, self.double = account, double

    def CreateSecurityGroup(self, q):
        if any(g["name"] == q["GroupName"] for g in self.a.groups.values()):
            raise Refusal("InvalidGroup.Duplicate", "there already")
        group = {"id": self.a.next("sg"), "name": q["GroupName"], "tags": tags_of(q, "TagSpecification.1.Tag"), "rules": {}}
        self.a.groups[group["id"]] = group
        return f"<CreateSecurityGroupResponse><groupId>{group['id']}</groupId></CreateSecurityGroupResponse>"

    def DescribeSecurityGroups(self, q):
        items = ""
        for group in self.a.groups.values():
            if "tidemill:cluster" not in group["tags"] or q.get("Filter.2.Value.1", group["name"]) != group["name"]:
                continue
            tags = "".join(f"<item><key>{k}</key><value>{v}</value></item>" for k, v in group["tags"].items())
            rules = "".join(f"<item><groups><item><groupId>{other}</groupId></item></groups></item>"
                            for other in group["rules"].values())
            items += (f"<item><ownerId>1</ownerId><groupId>{group['id']}</groupId><ipPermissions>{rules}</ipPermissions>"
                      f"<tagSet>{tags}</tagSet></item>")
        return f"<DescribeSecurityGroupsResponse><securityGroupInfo>{items}</securityGroupInfo></DescribeSecurityGroupsResponse>"

    def DescribeSecurityGroupRules(self, q):
        items = "".join(f"<item><securityGroupRuleId>{r}</securityGroupRuleId><isEgress>false</isEgress></item>"
                        for r in self.a.groups[q["Filter.1.Value.1"]]["rules"])
        return f"<R><securityGroupRuleSet>{items}</securityGroupRuleSet></R>"

    def RevokeSecurityGroupIngress(self, q):
        rules, n = self.a.groups[q["GroupId"]]["rules"], 1
        while f"SecurityGroupRuleId.{n}" in q:
            rules.pop(q[f"SecurityGroupRuleId.{n}"], None)
            n += 1
        return "<R><return>true</return></R>"

    def DescribeSpotInstanceRequests(self, q):
        items = "".join(f"<item><instanceId>{i['id']}</instanceId><status><code>marked-for-termination</code></status></item>"
                        for c in self.a.active().values() for i in c["instances"] if i["state"] != "TERMINATED" and i["taken_at"])
        return f"<R><spotInstanceRequestSet>{items}</spotInstanceRequestSet></R>"

    def DescribeSpotPriceHistory(self, q):
        types = [v for k, v in q.items() if k.startswith("InstanceType.")]
        items = "".join(f"<item><instanceType>{t}</instanceType><spotPrice>{self.double.spot_price(t):.4f}</spotPrice>"
                        f"<timestamp>2026-01-01T00:00:00.000Z</timestamp></item>" for t in types)
        return f"<R><spotPriceHistorySet>{items}</spotPriceHistorySet></R>"

    def DescribeSubnets(self, q):
        return "<R><subnetSet><item><vpcId>vpc-1</vpcId></item></subnetSet></R>"

    def DeleteSecurityGroup(self, q):
        if q["GroupId"] not in self.a.groups:
            raise Refusal("InvalidGroup.NotFound", "not there")
        used = any(q["GroupId"] in g["rules"].values() for g in self.a.groups.values() if g["id"] != q["GroupId"])
        if used or any(q["GroupId"] in c["groups"] for c in self.a.active().values()):
            raise Refusal("DependencyViolation", "in use")
        del self.a.groups[q["GroupId"]]
        return "<R><return>true</return></R>"


class Iam:
    def __init__(self, account, double):
        self.a = account

    def make(self, kind, name, q):
        if name in kind:
            raise Refusal("EntityAlreadyExists", "there already", 409)
        kind[name] = {"path": q.get("Path", "/"), "tags": tags_of(q, "Tags.member"), "roles": [], "policies": {}}
        return "<R/>"

    def find(self, kind, name):
        if name not in kind:
            raise Refusal("NoSuchEntity", f"no {name}", 404)
        return kind[name]

    def CreateRole(self, q):
        json.loads(q["AssumeRolePolicyDocument"])
        return self.make(self.a.roles, q["RoleName"], q)

    def PutRolePolicy(self, q):
        self.find(self.a.roles, q["RoleName"])["policies"][q["PolicyName"]] = json.loads(q["PolicyDocument"])
        return "<R/>"

    def DeleteRolePolicy(self, q):
        role = self.find(self.a.roles, q["RoleName"])
        if role["policies"].pop(q["PolicyName"], None) is None:
            raise Refusal("NoSuchEntity", "no such policy", 404)
        return "<R/>"

    def DeleteRole(self, q):
        role = self.find(self.a.roles, q["RoleName"])
        if role["policies"] or any(q["RoleName"] in p["roles"] for p in self.a.profiles.values()):
            raise Refusal("DeleteConflict", "in use", 409)
        del self.a.roles[q["RoleName"]]
        return "<R/>"

    def listed(self, kind, q, list_name, item):
        names = sorted(n for n, one in kind.items() if one["path"].startswith(q["PathPrefix"]))
        start = int(q.get("Marker", 0))
        members = "".join(f"<member><{item}>{escape(n)}</{item}></member>" for n in names[start:start + 1])
        marker = f"<Marker>{start + 1}</Marker>" if start + 1 < len(names) else ""
        return f"<R><{list_name}>{members}</{list_name}>{marker}</R>"

    def ListRoles(self, q):
        return self.listed(self.a.roles, q, "Roles", "RoleName")

    def ListInstanceProfiles(self, q):
        return self.listed(self.a.profiles, q, "InstanceProfiles", "InstanceProfileName")

    def CreateInstanceProfile(self, q):
        return self.make(self.a.profiles, q["InstanceProfileName"], q)

    def AddRoleToInstanceProfile(self, q):
        profile = self.find(self.a.profiles, q["InstanceProfileName"])
        self.find(self.a.roles, q["RoleName"])
        if profile["roles"]:
            raise Refusal("LimitExceeded", "one role", 409)
        profile["roles"].append(q["RoleName"])
        return "<R/>"

    def RemoveRoleFromInstanceProfile(self, q):
        profile = self.find(self.a.profiles, q["InstanceProfileName"])
        if q["RoleName"] not in profile["roles"]:
            raise Refusal("NoSuchEntity", "not in it", 404)
        profile["roles"].remove(q["RoleName"])
        return "<R/>"

    def DeleteInstanceProfile(self, q):
        if self.find(self.a.profiles, q["InstanceProfileName"])["roles"]:
            raise Refusal("DeleteConflict", "in use", 409)
        del self.a.profiles[q["InstanceProfileName"]]
        return "<R/>"


class Watch:
    def __init__(self, account, double):
        self.a, self.double = account, double

    def GetMetricData(self, q):
        """Queries of one dimension each: an instance's CPU, or a figure of the cluster."""
        self.double.tick_to(datetime.datetime.fromisoformat(q["EndTime"].replace("Z", "+00:00")).timestamp())
        results, n = "", 1
        while f"MetricDataQueries.member.{n}.Id" in q:
            at = f"MetricDataQueries.member.{n}."
            stat = at + "MetricStat.Metric."
            value = self.double.metric(q[stat + "MetricName"], q[stat + "Dimensions.member.1.Value"])
            values = "" if value is None else f"<member>{value}</member>"
            results += f"<member><Id>{q[at + 'Id']}</Id><Values>{values}</Values></member>"
            n += 1
        return f"<R><GetMetricDataResult><MetricDataResults>{results}</MetricDataResults></GetMetricDataResult></R>"

    def PutMetricAlarm(self, q):
        self.a.alarms[q["AlarmName"]] = q
        return "<R/>"

    def DeleteAlarms(self, q):
        self.a.alarms.pop(q["AlarmNames.member.1"], None)
        return "<R/>"


class Serverless:
    """EMR Serverless: a client token starts one run."""

    def __init__(self, account, double):
        self.a, self.double = account, double
        self.a.job_runs = []

    def shown(self, run, id_name):
        return {id_name: run["id"], "name": run["name"], "state": run["state"], "stateDetails": run["reason"]}

    def handle(self, method, path, query, body):
        """The operation and its answer."""
        parts = path.strip("/").split("/")
        runs = self.a.job_runs
        if method == "POST":
            return "StartJobRun", lambda: self.start(body)
        if method == "GET" and len(parts) == 3:
            return "ListJobRuns", lambda: {"jobRuns": [self.shown(r, "id") for r in reversed(runs)]}
        run = next((r for r in runs if r["id"] == parts[3]), None)
        if run is None:
            raise Refusal("ResourceNotFoundException", "no such run", 404)
        return ("GetJobRun", lambda: self.get(run)) if method == "GET" else ("CancelJobRun", lambda: self.cancel(run))

    def start(self, body):
        self.double.record("iam:PassRole")
        run = next((r for r in self.a.job_runs if r["token"] == body["clientToken"]), None)
        if run is None:
            driver = body["jobDriver"]["sparkSubmit"]
            run = {"id": self.a.next("jr"), "name": body["name"], "token": body["clientToken"], "state": "PENDING", "seen": 0,
                   "reason": "", "args": ["spark-submit", driver["entryPoint"]] + driver["entryPointArguments"]}
            self.a.job_runs.append(run)
        return {"jobRunId": run["id"]}

    def get(self, run):
        self.double.advance({"state": "RUNNING"}, run, done="SUCCESS")
        return {"jobRun": self.shown(run, "jobRunId")}

    def cancel(self, run):
        if run["state"] in ("PENDING", "RUNNING"):
            run["state"] = "CANCELLED"
        return {}


class Double:
    """with Double(faults) as double: double.environment, double.account, double.calls."""

    def __init__(self, faults=None):
        self.faults = dict(faults or {})
        self.account = Account()
        self.calls = []
        self.count = 0
        self.spot_capacity = 1000
        self.now, self.start_seconds, self.notice_seconds = 0.0, 240, 120
        self.execute = None
        self.always = None  # a fault of every call
        self.no_start = None  # why clusters end before they run
        self.metric = lambda name, of: None
        self.spot_price = lambda type_: 0.08
        self.on_minute = lambda: None
        self.lock = threading.Lock()
        self.hanging, self.released = threading.Event(), threading.Event()
        a = self.account
        self.services = {"elasticmapreduce": Emr(a, self), "ec2": Ec2(a, self), "iam": Iam(a, self), "monitoring": Watch(a, self),
                         "emr-serverless": Serverless(a, self)}

    def __enter__(self):
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                double.answer(self)

            do_GET = do_DELETE = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}", "AWS_ACCESS_KEY_ID": ACCESS,
                            "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- What goes on in a cluster ----

    def begin(self, cluster):
        if cluster["state"] == "STARTING" and self.no_start:
            cluster["state"], cluster["reason"] = "TERMINATED_WITH_ERRORS", self.no_start
            for step in cluster["steps"]:
                step["state"] = "CANCELLED"
        if cluster["state"] == "STARTING" and cluster["seen"] >= 2:
            cluster["state"] = "WAITING"

    def advance(self, cluster, step, done="COMPLETED"):
        """A look at a step. `execute` runs without the lock."""
        step["seen"] += 1
        cluster["seen"] = cluster.get("seen", 0) + 1
        if step["state"] == "PENDING" and cluster["state"] in ("WAITING", "RUNNING"):
            step["state"] = "RUNNING"
            self.executed = getattr(self, "executed", []) + [step["name"]]
            if self.execute:
                threading.Thread(target=self.run_step, args=(step, done), daemon=True).start()
        elif step["state"] == "RUNNING" and not self.execute and step["seen"] >= 3:
            step["state"] = done

    def run_step(self, step, done):
        failed = self.execute(step)
        with self.lock:
            if step["state"] == "RUNNING":
                step["state"], step["reason"] = ("FAILED", failed) if failed else (done, "")

    def settle(self, cluster):
        """Nodes as many as the fleets ask for, as far as the market has them."""
        nodes = cluster["instances"]
        for node in nodes:
            if node["state"] == "PROVISIONING" and self.now - node["since"] >= self.start_seconds:
                node["state"] = "RUNNING"
            if node["taken_at"] and self.now >= node["taken_at"] or cluster["state"].startswith("TERMINAT"):
                node["state"] = "TERMINATED"
        if cluster["state"].startswith("TERMINAT"):
            return
        for fleet in cluster["fleets"].values():
            for market, target in (("ON_DEMAND", fleet["on_demand"]), ("SPOT", fleet["spot"])):
                there = [n for n in nodes if n["fleet"] == fleet["id"] and n["market"] == market and n["state"] != "TERMINATED"]
                for node in sorted(there, key=lambda n: -n["since"])[:max(0, len(there) - target)]:
                    node["state"] = "TERMINATED"
                for _ in range(target - len(there)):
                    spot = sum(1 for n in nodes if n["market"] == "SPOT" and n["state"] != "TERMINATED")
                    if market == "SPOT" and spot >= self.spot_capacity:
                        break
                    nodes.append({"id": self.a_next("i"), "fleet": fleet["id"], "market": market, "state": "PROVISIONING",
                                  "type": fleet["types"][len(nodes) % len(fleet["types"])], "since": self.now, "taken_at": None})

    def a_next(self, prefix):
        return self.account.next(prefix)

    def tick_to(self, then):
        if self.now == 0:
            self.now = then
        while self.now < then:
            self.now = min(self.now + 60, then)
            self.on_minute()
            for cluster in list(self.account.active().values()):
                self.settle(cluster)

    def take(self, node):
        """The market gives notice."""
        node["taken_at"] = node["taken_at"] or self.now + self.notice_seconds

    # ---- The wire ----

    def record(self, call):
        self.calls.append(call)

    def check_signature(self, handler, body):
        """The service that was signed for; a Refusal when the signature is not right."""
        header = handler.headers["Authorization"]
        fields = dict(part.strip().split("=", 1) for part in header.split(" ", 1)[1].split(","))
        access, date, region, service, _ = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        path, _, query = handler.path.partition("?")
        canonical = "\n".join([handler.command, urllib.parse.quote(path), "&".join(sorted(query.split("&"))) if query else ""] +
                              [f"{n}:{handler.headers[n].strip()}" for n in names] +
                              ["", ";".join(names), hashlib.sha256(body).hexdigest()])
        text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["X-Amz-Date"], f"{date}/{region}/{service}/aws4_request",
                          hashlib.sha256(canonical.encode()).hexdigest()])
        if access != ACCESS or "host" not in names or sign(SECRET, date, region, service, text) != fields["Signature"]:
            raise Refusal("SignatureDoesNotMatch", "the signature is wrong", 403)
        return service

    def carry_out(self, handler, body, fault):
        service = self.check_signature(handler, body)
        target = handler.headers.get("X-Amz-Target")
        if service == "emr-serverless":
            path, _, query = handler.path.partition("?")
            name, carry = self.services[service].handle(handler.command, path, query, json.loads(body) if body else {})
        else:
            query = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            name = target.split(".")[1] if target else query["Action"]
            carry = lambda: getattr(self.services[service], name)(json.loads(body) if target else query)
        self.record(f"{'cloudwatch' if service == 'monitoring' else service}:{name}")
        before = {"500": Refusal("InternalFailure", "not now", 500), "throttle": Refusal("ThrottlingException", "slower"),
                  "denied": Refusal("AccessDenied", "not allowed", 403), "expired": Refusal("ExpiredToken", "old", 403)}
        if fault in before:
            raise before[fault]
        if fault and fault.startswith("code:"):
            raise Refusal(fault[5:], "as scripted")
        answer = carry()
        return answer if isinstance(answer, str) else json.dumps(answer)

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            fault = self.faults.get(self.count, self.always)
            self.count += 1
            try:
                status, text = 200, self.carry_out(handler, body, fault)
            except Refusal as refusal:
                status = refusal.status
                text = (json.dumps({"__type": refusal.code, "message": refusal.message}) if "X-Amz-Target" in handler.headers or "/jobruns" in handler.path
                        else f"<ErrorResponse><Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error></ErrorResponse>")
        if fault == "hang":
            self.hanging.set()
            self.released.wait(60)
        if fault in ("drop", "hang"):
            handler.close_connection = True
            handler.connection.close()
            return
        if fault == "500after":
            status, text = 500, "{}"
        try:
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(text.encode())))
            handler.end_headers()
            handler.wfile.write(text.encode())
        except OSError:  # whoever asked was killed
            handler.close_connection = True
