"""A double of the parts of AWS that clusters need: EMR with instance fleets, EC2 security groups, IAM, CloudWatch alarms.

One lock, so that what it does is what one call after the other would. Every call's signature is checked by code of its own,
every call is recorded. Faults are scripted by the number of the call, from 0:
    drop      carried out, then the connection is closed without an answer
    500       not carried out, status 500
    500after  carried out, then status 500
    throttle  not carried out, ThrottlingException
    denied    not carried out, AccessDenied
    expired   not carried out, ExpiredToken
    hang      carried out, then nothing is answered until `released` is set
"""
import hashlib
import hmac
import http.server
import json
import threading
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
                   "tags": {t["Key"]: t["Value"] for t in body["Tags"]}, "seen": 0, "body": body}
        self.a.clusters[cluster["id"]] = cluster
        self.count(cluster)
        return {"JobFlowId": cluster["id"]}

    def fleet(self, fleet):
        return {"id": self.a.next("if"), "on_demand": fleet["TargetOnDemandCapacity"], "spot": fleet["TargetSpotCapacity"],
                "spot_there": min(fleet["TargetSpotCapacity"], self.double.spot_capacity)}

    def count(self, cluster):
        workers = sum(f["on_demand"] + f["spot"] for kind, f in cluster["fleets"].items() if kind != "MASTER")
        self.a.most_workers = max(self.a.most_workers, workers)

    def find(self, cluster):
        if cluster not in self.a.clusters:
            raise Refusal("InvalidRequestException", f"no cluster {cluster}")
        return self.a.clusters[cluster]

    def shown(self, cluster):
        return {"Id": cluster["id"], "Name": cluster["name"],
                "Status": {"State": cluster["state"], "StateChangeReason": {"Message": ""}}}

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
        if cluster["state"] == "STARTING" and cluster["seen"] >= 2:
            cluster["state"] = "WAITING"
        if cluster["state"] == "TERMINATING":
            cluster["state"] = "TERMINATED"
            shown["Status"]["State"] = "TERMINATED"
        return {"Cluster": shown}

    def ListInstanceFleets(self, body):
        return {"InstanceFleets": [
            {"Id": f["id"], "InstanceFleetType": kind, "Status": {"State": "RUNNING"},
             "TargetOnDemandCapacity": f["on_demand"], "ProvisionedOnDemandCapacity": f["on_demand"],
             "TargetSpotCapacity": f["spot"], "ProvisionedSpotCapacity": f["spot_there"]}
            for kind, f in self.find(body["ClusterId"])["fleets"].items()]}

    def ModifyInstanceFleet(self, body):
        cluster, asked = self.find(body["ClusterId"]), body["InstanceFleet"]
        for fleet in cluster["fleets"].values():
            if fleet["id"] == asked["InstanceFleetId"]:
                fleet["on_demand"], fleet["spot"] = asked["TargetOnDemandCapacity"], asked["TargetSpotCapacity"]
                fleet["spot_there"] = min(fleet["spot"], self.double.spot_capacity)
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
        return {}


class Ec2:
    def __init__(self, account, double):
        self.a = account

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
        self.a = account

    def PutMetricAlarm(self, q):
        self.a.alarms[q["AlarmName"]] = q
        return "<R/>"

    def DeleteAlarms(self, q):
        self.a.alarms.pop(q["AlarmNames.member.1"], None)
        return "<R/>"


class Double:
    """with Double(faults) as double: double.environment, double.account, double.calls."""

    def __init__(self, faults=None):
        self.faults = dict(faults or {})
        self.account = Account()
        self.calls = []
        self.count = 0
        self.spot_capacity = 1000
        self.lock = threading.Lock()
        self.hanging, self.released = threading.Event(), threading.Event()
        a = self.account
        self.services = {"elasticmapreduce": Emr(a, self), "ec2": Ec2(a, self), "iam": Iam(a, self), "monitoring": Watch(a, self)}

    def __enter__(self):
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                double.answer(self)

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

    def record(self, call):
        self.calls.append(call)

    def check_signature(self, handler, body):
        """The service that was signed for; a Refusal when the signature is not right."""
        header = handler.headers["Authorization"]
        fields = dict(part.strip().split("=", 1) for part in header.split(" ", 1)[1].split(","))
        access, date, region, service, _ = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        canonical = "\n".join(["POST", urllib.parse.quote(handler.path.split("?")[0]), ""] +
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
        query = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        name = target.split(".")[1] if target else query["Action"]
        self.record(f"{'cloudwatch' if service == 'monitoring' else service}:{name}")
        before = {"500": Refusal("InternalFailure", "not now", 500), "throttle": Refusal("ThrottlingException", "slower"),
                  "denied": Refusal("AccessDenied", "not allowed", 403), "expired": Refusal("ExpiredToken", "old", 403)}
        if fault in before:
            raise before[fault]
        answer = getattr(self.services[service], name)(json.loads(body) if target else query)
        return json.dumps(answer) if target else answer

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            fault = self.faults.get(self.count)
            self.count += 1
            try:
                status, text = 200, self.carry_out(handler, body, fault)
            except Refusal as refusal:
                status = refusal.status
                text = (json.dumps({"__type": refusal.code, "message": refusal.message}) if "X-Amz-Target" in handler.headers
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
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())
