"""The names that received files get, and the links and addresses that the command takes."""

from __future__ import annotations

import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from sealwax.delivery.address import parse_link, parse_server, parse_store_url
from sealwax.delivery.names import free_names, safe_name
from sealwax.http_client import ServiceAddress
from smime_core.errors import MalformedMessage

ID = "AAAAAAAAAAAAAAAAAAAAAA"


@given(st.text() | st.text(alphabet="./\\:\0\u202e con aux.") | st.text(min_size=250))
def test_every_name_is_one_file_of_the_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert Path("folder") / safe == Path("folder", *Path(safe).parts)
    assert len(Path(safe).parts) == 1
    assert not safe.startswith((".", " "))
    assert not safe.endswith((".", " "))
    assert safe.isprintable()
    assert len(safe.encode()) <= 200
    assert not set(safe) & set('/\\:*?"<>|')
    assert unicodedata.normalize("NFC", safe) == safe
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("Grüße aus Köln.txt", "Grüße aus Köln.txt"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".bashrc", "bashrc"),
        ("...", "file"),
        ("", "file"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("a\nb", "a_b"),
    ],
)
def test_names_stay_readable(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@pytest.mark.parametrize("ending", ["", ".txt", " .txt", ".tar.gz", ". "])
@pytest.mark.parametrize("device", ["con", "NUL", "Com1", "lpt9", "com0", "COM¹", "lpt³", "CONIN$", "conout$"])
def test_no_name_is_that_of_a_device(device: str, ending: str) -> None:
    assert safe_name(device + ending).startswith("_")
    assert not safe_name(f"{device}x{ending}").startswith("_")


def test_a_long_name_keeps_its_ending() -> None:
    safe = safe_name("ü" * 300 + ".pdf")
    assert safe.endswith("ü.pdf")
    assert len(safe.encode()) <= 200


def test_further_files_of_a_name_are_numbered() -> None:
    names = free_names(Path("d"), "a.tar.gz")
    assert [str(next(names)) for _ in range(3)] == ["d/a.tar.gz", "d/a.tar (2).gz", "d/a.tar (3).gz"]


def test_the_numbers_end() -> None:
    with pytest.raises(MalformedMessage, match="files of this name"):
        list(free_names(Path("d"), "a"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mail.example.org", "https://mail.example.org"),
        ("https://MAIL.example.org:443/", "https://mail.example.org"),
        ("https://mail.example.org:8443/bridge/", "https://mail.example.org:8443/bridge"),
        ("http://127.0.0.1:8460", "http://127.0.0.1:8460"),
        ("http://[::1]:8460", "http://[::1]:8460"),
    ],
)
def test_addresses_of_services(url: str, shown: str) -> None:
    assert str(parse_server(url)) == shown


@given(st.text() | st.text(alphabet=string.printable).map(lambda text: "https://" + text))
def test_any_other_text_is_refused_as_such(text: str) -> None:
    try:
        address = parse_server(text)
    except MalformedMessage:
        return
    assert address.scheme == "https" or address.host in ("localhost", "127.0.0.1", "::1") or "127." in address.host
    assert parse_server(str(address)) == address


@pytest.mark.parametrize("words", [None, "one two three four five six", "été ñandú"])
def test_a_link_is_read_as_it_was_written(words: str | None) -> None:
    link = parse_link(f"https://mail.example.org/parcel.html#{ID}")
    assert str(link) == f"https://mail.example.org/parcel.html#{ID}"
    if words is not None:
        link = type(link)(pages=link.pages, parcel_id=ID, words=words)
        read = parse_link(link.with_words())
        assert (read.words or "").replace("-", " ") == words
        assert words not in repr(read)


# Ten characters and the words would be 22 together, as an id has.
@given(st.text().filter(lambda text: len(text.strip()) != 10))
def test_no_error_of_a_link_quotes_it(text: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_link(f"https://mail.example.org/parcel.html#{text}secret-words")
    assert "secret-words" not in str(caught.value)


SERVICE = parse_server("https://mail.example.org")


def test_a_store_elsewhere_has_its_whole_address() -> None:
    address, path = parse_store_url("https://store.example.org/bucket/a?X-Amz-Signature=0a%2F", SERVICE)
    assert address == ServiceAddress(scheme="https", host="store.example.org", port=443)
    assert path == "/bucket/a?X-Amz-Signature=0a%2F"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://store.example.org/a",
        "http://127.0.0.1/a",
        "https://127.0.0.1/a",
        "file:///etc/passwd",
        "/a?b",
        "//a/b",
    ],
)
def test_a_store_of_no_safe_address_is_refused(url: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_store_url(url, SERVICE)
