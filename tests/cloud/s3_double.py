"""A double of S3 for tests of commits: one lock, so that a conditional PUT has one winner; signatures are checked; faults are
scripted by a function of (number of the request, method, key) that gives one of:
    drop      carried out, then the connection is closed without an answer
    lost      not carried out, the connection is closed
    500 503   not carried out, that status
    500after  carried out, then status 500
    409       a conditional PUT is under way elsewhere; not carried out
    403       AccessDenied
    truncate  the answer's body ends early
    expired   ExpiredToken, status 400
    elsewhere the bucket is in eu-west-1
None: as it should be. Path style alone.
"""
import email.utils
import hashlib
import http.server
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

from aws_double import ACCESS, SECRET, sign

QUIET = lambda number, method, key: None


class S3Double:
    """with S3Double(faults) as s3: s3.environment, s3.objects {"bucket/key": bytes}, s3.log [(method, key, status)]."""

    def __init__(self, faults=QUIET):
        self.faults = faults
        self.objects, self.stamps, self.uploads, self.log = {}, {}, {}, []
        self.classes = {}  # of those that are not STANDARD
        self.number = 0
        self.lock = threading.Lock()

    def __enter__(self):
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                double.answer(self)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.environment = {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET,
                            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def signed(self, handler, body):
        fields = dict(p.strip().split("=", 1) for p in handler.headers["Authorization"].split(" ", 1)[1].split(","))
        access, date, region, service, _ = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        path, _, query = handler.path.partition("?")
        canonical_query = "&".join(sorted(query.split("&"))) if query else ""
        canonical = "\n".join([handler.command, path, canonical_query] + [f"{n}:{handler.headers[n].strip()}" for n in names] +
                              ["", ";".join(names), handler.headers.get("x-amz-content-sha256", hashlib.sha256(body).hexdigest())])
        text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["X-Amz-Date"], f"{date}/{region}/{service}/aws4_request",
                          hashlib.sha256(canonical.encode()).hexdigest()])
        return access == ACCESS and sign(SECRET, date, region, service, text) == fields["Signature"]

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        path, _, query = handler.path.partition("?")
        key = urllib.parse.unquote(path[1:])
        asked = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        with self.lock:
            fault = self.faults(self.number, handler.command, key)
            self.number += 1
            if fault == "lost":
                self.log.append((handler.command, key, fault))
                return self.close(handler)
            if fault in ("500", "503", "403", "409"):
                code = {"500": "InternalError", "503": "SlowDown", "403": "AccessDenied", "409": "ConditionalRequestConflict"}[fault]
                status, headers, text = int(fault), {}, self.error(code)
            elif fault == "expired":
                status, headers, text = 400, {}, self.error("ExpiredToken")
            elif fault == "elsewhere":
                status, headers, text = 301, {"x-amz-bucket-region": "eu-west-1"}, self.error("PermanentRedirect")
            elif not self.signed(handler, body):
                status, headers, text = 403, {}, self.error("SignatureDoesNotMatch")
            else:
                status, headers, text = self.carry_out(handler, key, asked, body)
            self.log.append((handler.command, key, fault or status))
        if fault == "drop":
            return self.close(handler)
        if fault == "500after":
            status, headers, text = 500, {}, self.error("InternalError")
        handler.send_response(status)
        length = headers.pop("Content-Length", str(len(text)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", length)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(text[:len(text) // 2] if fault == "truncate" else text)
        if fault == "truncate":
            self.close(handler)

    @staticmethod
    def close(handler):
        handler.close_connection = True
        handler.wfile.flush()
        try:
            handler.connection.shutdown(2)
        except OSError:
            pass

    @staticmethod
    def error(code):
        return f"<Error><Code>{code}</Code><Message>{code} of the double</Message></Error>".encode()

    def store(self, key, body):
        self.objects[key], self.stamps[key] = body, time.time()

    def etag(self, key):
        return '"' + hashlib.md5(self.objects[key]).hexdigest() + '"'

    def carry_out(self, handler, key, asked, body):
        method = handler.command
        if method == "GET" and "list-type" in asked:
            return 200, {}, self.listed(key.rstrip("/"), asked)
        if method == "POST" and "uploads" in asked:
            upload = f"u{len(self.uploads)}"
            self.uploads[upload] = {}
            return 200, {}, f"<R><UploadId>{upload}</UploadId></R>".encode()
        if "uploadId" in asked:
            return self.multipart(method, key, asked, body)
        if method == "PUT" and "x-amz-copy-source" in handler.headers:
            source = urllib.parse.unquote(handler.headers["x-amz-copy-source"]).lstrip("/")
            if source not in self.objects:
                return 404, {}, self.error("NoSuchKey")
            self.store(key, self.objects[source])
            self.classes[key] = handler.headers["x-amz-storage-class"]
            return 200, {}, b"<CopyObjectResult/>"
        if method == "PUT":
            if handler.headers.get("If-None-Match") == "*" and key in self.objects:
                return 412, {}, self.error("PreconditionFailed")
            self.store(key, body)
            return 200, {"ETag": self.etag(key)}, b""
        if method == "DELETE":
            self.objects.pop(key, None)
            return 204, {}, b""
        if key not in self.objects:
            return 404, {}, self.error("NoSuchKey")
        if handler.headers.get("If-Match", self.etag(key)) != self.etag(key):
            return 412, {}, self.error("PreconditionFailed")
        headers = {"ETag": self.etag(key), "Last-Modified": email.utils.formatdate(self.stamps[key], usegmt=True)}
        whole = self.objects[key]
        if method == "GET" and self.classes.get(key) == "GLACIER":
            return 403, {}, self.error("InvalidObjectState")
        if method == "HEAD":
            return 200, headers | {"Content-Length": str(len(whole))}, b""
        if "Range" in handler.headers:
            first, last = handler.headers["Range"].split("=")[1].split("-")
            part = whole[int(first):int(last) + 1]
            return 206, headers | {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(whole)}"}, part
        return 200, headers, whole

    def multipart(self, method, key, asked, body):
        upload = asked["uploadId"]
        if method == "DELETE":
            self.uploads.pop(upload, None)
            return 204, {}, b""
        if method == "PUT":
            self.uploads[upload][int(asked["partNumber"])] = body
            return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b""
        if upload not in self.uploads:
            return 404, {}, self.error("NoSuchUpload")
        parts = self.uploads.pop(upload)
        self.store(key, b"".join(parts[n] for n in sorted(parts)))
        return 200, {}, b"<R/>"

    def listed(self, bucket, asked):
        prefix, delimiter = f"{bucket}/{asked.get('prefix', '')}", asked.get("delimiter", "")
        after = asked.get("continuation-token") or asked.get("start-after", "")
        keys = [k for k in sorted(self.objects) if k.startswith(prefix) and k[len(bucket) + 1:] > after]
        keys = [k for k in keys if not delimiter or delimiter not in k[len(prefix):]]
        page, more = keys[:3], len(keys) > 3  # small pages: tokens are followed
        items = "".join(
            f"<Contents><Key>{escape(urllib.parse.quote(k[len(bucket) + 1:]))}</Key><Size>{len(self.objects[k])}</Size>"
            f"<ETag>{escape(self.etag(k))}</ETag><StorageClass>{self.classes.get(k, 'STANDARD')}</StorageClass><LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(self.stamps[k]))}</LastModified></Contents>"
            for k in page)
        token = f"<NextContinuationToken>{escape(page[-1][len(bucket) + 1:])}</NextContinuationToken>" if more else ""
        return (f"<ListBucketResult><Name>{bucket}</Name><KeyCount>{len(page)}</KeyCount><MaxKeys>3</MaxKeys>"
                f"<IsTruncated>{str(more).lower()}</IsTruncated>{items}{token}</ListBucketResult>").encode()
