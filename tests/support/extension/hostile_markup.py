"""Markup that changes its meaning when it is serialised and parsed again, and a server that records connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Elements that connect to a server when a mutation makes them part of the page. The first sends no request.
_LIVE = (
    "<link rel=preconnect href=URL><link rel=stylesheet href=URL/s><link rel=prefetch href=URL/f><img src=URL/i>"
    "<meta http-equiv=refresh content='0;url=URL/r'><iframe src=URL/w></iframe><script>new Image().src='URL/j'</script>"
)
_DEEP = "<div>" * 600

# The markup by the kind of its mutation. LIVE stands for elements that must never become part of the page.
_MUTATIONS = {
    "noscript that holds an attribute": '<noscript><p title="</noscript>LIVE">',
    "style in a drawing": '<svg><style><a title="</style>LIVE">',
    "title in a drawing": '<svg><title><style><a id="</style></title></svg>LIVE">',
    "paragraph that ends a drawing": '<svg></p><style><a id="</style>LIVE">',
    "nested forms around a formula": "<form><math><mtext></form><form><mglyph><style></math>LIVE",
    "glyph in a table in a formula": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;LIVE">',
    "text area in a formula": '<math><mi><table><mglyph><svg><mtext><textarea><path id="</textarea>LIVE">',
    "annotation that is HTML": '<math><annotation-xml encoding="text/html"><style><img title="</style>LIVE">',
    "foreign object": '<svg><foreignObject><math><mi><style><img title="</style></mi></math>LIVE">',
    "description in a drawing": '<svg><desc><table><svg><style><a id="</style></svg></desc>LIVE">',
    "drawing in a choice": "<select><svg><style></select></style>LIVE</svg></select>",
    "example text": '<xmp><p title="</xmp>LIVE"></xmp>',
    "text for browsers without embedding": '<noembed><p title="</noembed>LIVE"></noembed>',
    "text for browsers without frames": '<noframes><p title="</noframes>LIVE"></noframes>',
    "text of a frame": '<iframe><p title="</iframe>LIVE"></iframe>',
    "templates in templates": "<template><s><template><s>LIVE</s></template>LIVE</template>",
    "template with a shadow tree": (
        "<div><template shadowrootmode=open>LIVE<style>*{background:url(URL/t)}</style></template></div>"
    ),
    "comment that ends early": "<!--><p>--!>LIVE<!-- --!><p title='-->LIVE'>",
    "processing instruction": "<?xml-stylesheet <p title='?>LIVE'> ?>LIVE",
    "character data in a drawing": '<svg><![CDATA[><p title="]]>LIVE"]]></svg>',
    "character data in a formula": '<math><![CDATA[<style>]]><style><a title="</style></math>LIVE">',
    "text area in a title": "<textarea><title></textarea>LIVE</title><title><textarea></title>LIVE",
    "font that leaves a drawing": '<svg><font color=red><style><a title="</style>LIVE"></font></svg>',
    "deep nesting that is flattened": _DEEP + '<table><caption><svg><style><a title="</style>LIVE">',
    "links in tables": '<a href=x><table><a href=y><style><p title="</style>LIVE"></table>',
    "plain text that never ends": '<svg><plaintext><p title="</plaintext></svg>LIVE">',
    "drawing with addresses": (
        '<svg><use href="URL/u#a"/><image href="URL/im"/><feImage href="URL/fe"/><a><set attributeName=href'
        ' to="URL/set"/></a><rect fill="url(URL/l#a)" filter="url(URL/k#a)" style="mask:url(URL/mask#a)"/></svg>'
    ),
    "plain elements": "LIVE",
}


def mutations(url: str) -> dict[str, str]:
    """The markup by the kind of its mutation. Each connects to `url` if nothing stops it."""
    return {name: f"<p>Text</p>{it}".replace("LIVE", _LIVE).replace("URL", url) for name, it in _MUTATIONS.items()}


class Listener:
    """Records connections, and not only requests: a browser that prepares a connection sends no request."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.heard: list[bytes] = []


@contextmanager
def listening() -> Iterator[Listener]:
    """Run a server on loopback that never answers. `heard` gets the first bytes of each connection."""
    server = socket.create_server(("127.0.0.1", 0))
    listener = Listener(server.getsockname()[1])

    def hear(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(2)
            place = len(listener.heard)
            listener.heard.append(b"")
            try:
                listener.heard[place] = connection.recv(200)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=hear, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        # Without `shutdown`, the thread would wait in `accept` also after `close`.
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
