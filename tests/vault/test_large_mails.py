"""The verbs that read mail take time in proportion to it, and give views no header value of a megabyte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.growth import grows_in_proportion
from tests.support.vault.verbs import call, sealed, trust
from wasm_build.vault.python.replies import MAX_SHOWN_VALUE_CHARACTERS

HTML = "Content-Type: text/html; charset=utf-8\r\n"


def mail(body: str = "Hello", *, header: str = "", to: str = "alice@example.test") -> bytes:
    return f"From: bob@example.test\r\nTo: {to}\r\nSubject: x\r\n{header}\r\n{body}\r\n".encode()


def parts_of(body: str, count: int) -> bytes:
    parts = "".join(f"--b\r\nContent-Type: text/plain\r\n\r\n{body}\r\n" for _ in range(count))
    return mail(f"{parts}--b--", header="Content-Type: multipart/mixed; boundary=b\r\n")


# The mails, each by the number that it grows with, and the largest number.
LARGE: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "recipients": (60_000, lambda size: mail(to=",".join(f"a{number}@b.test" for number in range(size)))),
    "folded recipients": (30_000, lambda size: mail(to=",\r\n ".join(f"a{number}@b.test" for number in range(size)))),
    "names": (20_000, lambda size: mail(to=",".join(f'"N, {number}" <a{number}@b.test>' for number in range(size)))),
    "open quotes": (900_000, lambda size: mail(to='"' * size)),
    "open brackets": (900_000, lambda size: mail(to="<" * size)),
    "open comments": (900_000, lambda size: mail(to="(" * size)),
    "encoded words": (30_000, lambda size: mail(header="X-Y: " + "=?utf-8?q?a?= " * size + "\r\n")),
    "header fields": (9_000, lambda size: mail(header="".join(f"X-{number}: a\r\n" for number in range(size)))),
    "attributes": (200_000, lambda size: mail(f"<div {'a=1 ' * size}>x</div>", header=HTML)),
    "elements": (300_000, lambda size: mail("<b>x</b>" * size, header=HTML)),
    "depth": (300_000, lambda size: mail("<div>" * size, header=HTML)),
    "links": (60_000, lambda size: mail('<a href="https://h.test/">l</a>' * size, header=HTML)),
    "open links": (60_000, lambda size: mail('<a href="https://h.test/">l' * size, header=HTML)),
    "nested cells": (300_000, lambda size: mail("<table><tr><td>" * (size // 3), header=HTML)),
    "styles": (100_000, lambda size: mail(f"<style>{'b{color:red}' * size}</style>", header=HTML)),
    "open comments in markup": (200_000, lambda size: mail("<!-- " * size, header=HTML)),
    "references in markup": (300_000, lambda size: mail("&amp;&#1;" * size, header=HTML)),
    "blank lines": (1_000_000, lambda size: mail("\r\n" * size)),
    "marks": (1_500_000, lambda size: mail("\u0301" * size, header="Content-Type: text/plain; charset=utf-8\r\n")),
    "parts": (960, lambda size: parts_of("Hello", size)),
    "quoted-printable": (
        800_000,
        lambda size: mail("=41" * size, header="Content-Transfer-Encoding: quoted-printable\r\n"),
    ),
}


@pytest.mark.thorough(after=5)
@pytest.mark.parametrize("kind", LARGE)
def test_the_verbs_that_read_a_mail_take_time_in_proportion_to_it(kind: str) -> None:
    size, write = LARGE[kind]

    def reading(count: int) -> Callable[[], object]:
        message = write(count)

        def read() -> None:
            call("message.verify", message=message, identities=[], **trust())
            call("message.subjects", messages=[message], **sealed())
            call("message.texts", messages=[message], **sealed())

        return read

    assert grows_in_proportion(reading, size)


@pytest.mark.parametrize("field", ["To", "Subject", "X-Other"])
def test_a_view_gets_the_beginning_of_a_long_header_value(field: str) -> None:
    value = ",".join(f"a{number}@b.test" for number in range(60_000))
    opened: Any = call("message.verify", message=f"{field}: {value}\r\n\r\nHello".encode(), identities=[], **trust())
    for headers in (opened["headers"], opened["report"]["headers"]):
        ((name, shown),) = headers
        assert name == field
        assert shown == f"{value[:MAX_SHOWN_VALUE_CHARACTERS]} …"


def test_a_view_gets_other_header_values_whole() -> None:
    value = "a" * MAX_SHOWN_VALUE_CHARACTERS
    opened: Any = call("message.verify", message=f"X-Y: {value}\r\n\r\nHello".encode(), identities=[], **trust())
    assert opened["headers"] == opened["report"]["headers"] == [["X-Y", value]]
