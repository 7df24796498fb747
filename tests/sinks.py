"""What receives: a mail server and a web server on free loopback ports that keep what they are sent and can play dead."""
import email
import email.policy
import http.server
import json
import socketserver
import threading


class WebSink(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """`requests` holds (path, headers, body); each is answered with the next of `statuses`, then with 200."""
    daemon_threads = True

    def __init__(self):
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.requests.append((self.path, dict(self.headers), body.decode()))
                self.send_response(sink.statuses.pop(0) if sink.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.statuses = [], []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def json(self):
        return [json.loads(body) for _, _, body in self.requests]

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class MailSink(socketserver.ThreadingTCPServer):
    """`mails` holds (sender, recipients, message)."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                sender, recipients = None, []
                self.say("220 sink")
                for line in self.rfile:
                    words = line.decode().strip()
                    verb = words.upper()
                    if verb.startswith("MAIL FROM:"):
                        sender = words[10:].split("<")[1].split(">")[0]
                    elif verb.startswith("RCPT TO:"):
                        recipients.append(words[8:].split("<")[1].split(">")[0])
                    elif verb == "DATA":
                        self.say("354 go on")
                        lines = []
                        for text in self.rfile:
                            if text.rstrip(b"\r\n") == b".":
                                break
                            lines.append(text[1:] if text.startswith(b"..") else text)
                        sink.mails.append((sender, recipients, email.message_from_bytes(b"".join(lines), policy=email.policy.default)))
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    self.say("250 ok")

        super().__init__(("127.0.0.1", 0), Handler)
        self.mails = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()
