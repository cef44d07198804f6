"""Mails whose size once stopped a page, each with a few words at its beginning."""

from __future__ import annotations

from collections.abc import Callable


def _mail(body: str, *, to: str = "alice@example.test", html: bool = False) -> bytes:
    kind = "html" if html else "plain"
    fields = f"From: bob@example.test\r\nTo: {to}\r\nSubject: Large\r\nMIME-Version: 1.0\r\n"
    return f"{fields}Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n".encode()


_NUMBERED = "\r\n".join(f"a{number}=1" for number in range(200_000))
_ROWS = "<tr><td>x<td>y\r\n" * 190_000
# Each begins with "Hello". The fields are folded, because mail servers refuse lines of a megabyte.
LARGE_MAILS: dict[str, Callable[[], bytes]] = {
    "recipients": lambda: _mail("Hello", to=",\r\n ".join(f"a{number}@b.test" for number in range(60_000))),
    "attributes": lambda: _mail(f"<p>Hello<div {_NUMBERED}>x</div>", html=True),
    "table": lambda: _mail(f"<p>Hello<table>{_ROWS}</table>", html=True),
    "marks": lambda: _mail("Hello\r\n" + ("a" + "\u0301" * 100 + "\r\n") * 14_000),
    "text": lambda: _mail("Hello\r\n" + "word word word\r\n" * 180_000),
}
