"""Generated headers by strangers: controls, overlong lines, wrong charsets, broken RFC 2047, many addresses."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_CHARSETS = (b"utf-8", b"utf-16", b"utf-7", b"x-none", b"shift_jis", b"iso-2022-jp", b"us-ascii", b"cp65001", b"")


def generated_headers(count: int, *, seed: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the fields of a row and the field To, always the same ones for a seed."""
    chance = random.Random(seed)  # noqa: S311 (test data that must be repeatable)
    for _ in range(count):
        names = [b"From", b"Subject", b"Date", b"Content-Type", b"from", b"X-" + _noise(chance, 4).hex().encode()]
        fields = [_field(chance, name) for name in chance.sample(names, chance.randint(0, len(names)))]
        yield b"".join(fields), _field(chance, b"To")


def _field(chance: random.Random, name: bytes) -> bytes:
    body = b"".join(chance.choice(_MAKERS)(chance) for _ in range(chance.randint(0, 4)))
    return (
        name + chance.choice((b": ", b":", b" :\t", b"")) + body + chance.choice((b"\r\n", b"\n", b"\r", b"\r\n\r\n"))
    )


def _noise(chance: random.Random, size: int) -> bytes:
    return chance.randbytes(size)


def _controls(chance: random.Random) -> bytes:
    return bytes(chance.choices((*range(32), 127, 128, 159, 255), k=chance.randint(1, 60)))


def _overlong_line(chance: random.Random) -> bytes:
    return chance.choice((b"x", b"a@b.test,", b"; a=b", b" ", b'"', b"\\", b"=?", b"\xe4")) * chance.randint(
        900, 14_000
    )


def _word(chance: random.Random) -> bytes:
    text = chance.choice((b"=E4", b"YQ==", b"Y", b"====", b"=0D=0A", b"=", _noise(chance, 9)))
    kind = chance.choice((b"q", b"b", b"Q", b"B", b"x", b""))
    return (
        b"=?" + chance.choice(_CHARSETS) + b"?" + kind + b"?" + text + chance.choice((b"?=", b"?= ", b"?", b"=", b""))
    )


def _words(chance: random.Random) -> bytes:
    return b"".join(_word(chance) for _ in range(chance.randint(1, 200)))


def _comments(chance: random.Random) -> bytes:
    depth = chance.choice((1, 3, 200, 5000))
    return b"(" * depth + b"a@b.test" + b")" * chance.choice((0, depth // 2, depth))


def _addresses(chance: random.Random) -> bytes:
    address = chance.choice(
        (b'"A, B" <a@b.test>', b"g: a@b.test, c@d.test;", b"<a@b.test", b"a@b.test", b"A B <@x:a@b>")
    )
    return chance.choice((b", ", b",", b",,", b";", b" ")).join([address] * chance.choice((1, 3, 5000)))


def _parameters(chance: random.Random) -> bytes:
    kinds = (b"application/pkcs7-mime", b"multipart/signed", b"a/b", b"/", b"application/octet-stream")
    names = (b"; name=a.p7m", b"; x*0*=utf-8''a", b"; x*999999=b", b'; smime-type="', b"; =", b"; protocol*=x'y'%")
    return chance.choice(kinds) + b"".join(chance.choices(names, k=chance.randint(0, 50)))


def _day(chance: random.Random) -> bytes:
    return b"Mon, %d Jan %d %d:61:61 %b" % (
        chance.randint(0, 99),
        chance.choice((0, 26, 2026, 10**12)),
        chance.randint(0, 99),
        chance.choice((b"+9999", b"GMT", b"-0000", b"Z", b"\xff")),
    )


def _plain(_chance: random.Random) -> bytes:
    return b"Bob <bob@example.test>"


_MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    _controls,
    _overlong_line,
    _words,
    _comments,
    _addresses,
    _parameters,
    _day,
    _plain,
    lambda chance: _noise(chance, chance.randint(1, 80)),
)
