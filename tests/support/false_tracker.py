"""Trackers that send any response a test needs, including invalid ones.

    with FalseHttpTracker(b"d8:intervali60e5:peers0:e") as tracker:
        skepctl("announce", tracker.url, ...)
        tracker.requests  # their targets
"""

import contextlib
import http.server
import socket
import threading


class FalseHttpTracker:
    """Answers every request with `body`, or with the result of `body(target)` if it is a function."""

    def __init__(self, body, status=200, headers=None):
        self.requests = []
        self.tokens = []
        self.body = body if callable(body) else lambda target: (status, headers or {}, body)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def url(self):
        return self.origin + "/announce"

    def _handler(self):
        tracker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                tracker.requests.append(self.path)
                tracker.tokens.append(self.headers.get("Authorization"))
                status, headers, body = tracker.body(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class FalseUdpTracker:
    """`answer` returns the list of packets to send for each received one."""

    def __init__(self, answer):
        self.answer = answer
        self.packets = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self):
        return f"udp://127.0.0.1:{self.socket.getsockname()[1]}/announce"

    def _serve(self):
        while True:
            packet, sender = self.socket.recvfrom(4096)
            if not packet:
                return
            self.packets.append(packet)
            for reply in self.answer(packet):
                self.socket.sendto(reply, sender)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
