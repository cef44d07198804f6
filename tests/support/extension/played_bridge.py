"""A server that plays the bridge with one mail in its inbox, which the extension's adaptor reads and answers."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PAGE = b"""<!doctype html><meta name=viewport content="width=device-width"><title>Mail</title>
<link rel=icon href=data:,>
<div id=app><main data-test=reading><p data-test=reading-locked>Your keys are locked.</p></main></div>
<div id=announcer></div><script src="main.js"></script>"""
_TYPES = {"/": "text/html; charset=utf-8", "/main.js": "text/javascript", "/config.json": "application/json"}


SENT = 200, b'{"outcome": "sent", "savedTo": "Sent"}'


class PlayedBridge:
    """The played bridge. `mail` is message 7 of its inbox; `others` are further messages by number.

    `sent`: the recipients and the bytes of each sent message. `reply`: the status and body of the answer to sending.
    """

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/#/folder/folder-id/9/7"
        self.mail = b""
        self.others: dict[int, bytes] = {}
        self.sent: list[tuple[list[str], bytes]] = []
        self.reply = SENT

    def answer(self, path: str) -> bytes | None:
        """The body at a path; None for an unknown path."""
        config = json.dumps({"api": self.origin}).encode()
        messages = {f"/api/folders/folder-id/9/{uid}/raw": mail for uid, mail in {7: self.mail, **self.others}.items()}
        return {"/": _PAGE, "/main.js": b"", "/config.json": config, **messages}.get(path)


@contextmanager
def played_bridge() -> Iterator[PlayedBridge]:
    """Run a `PlayedBridge` on loopback during the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = bridge.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", _TYPES.get(self.path, "application/octet-stream"))
            self.end_headers()
            self.wfile.write(content or b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/api/send":
                self.send_error(404)
                return
            envelope, _line_end, message = body.partition(b"\n")
            bridge.sent.append((json.loads(envelope)["recipients"], message))
            status, answer = bridge.reply
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bridge = PlayedBridge(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield bridge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
