"""Parcels from `sealwax deliver send` to `sealwax deliver open`."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from smime_core.parcels import CHUNK_BYTES
from tests.support.command.lab import READER, SIGNER, TRUST
from tests.support.delivery.lab import ALICE, BOB, DeliveryLab, read_sent
from tests.support.delivery.played_service import TOKEN
from tests.support.parcel_secret import shows_secret

pytestmark = pytest.mark.server


def test_a_token_is_kept_for_its_owner_only(post: DeliveryLab) -> None:
    result = post.keep_token()
    place = post.folder / "data" / "sealwax" / "delivery_tokens.json"
    assert TOKEN not in result.stdout.decode() + result.stderr
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert TOKEN in place.read_text()
    assert TOKEN not in (place.parent / "delivery.json").read_text()


def test_a_token_is_in_the_system_keyring_if_there_is_one(post: DeliveryLab, monkeypatch: pytest.MonkeyPatch) -> None:
    entries: dict[tuple[str, str], str] = {}
    monkeypatch.setattr("keyring.set_password", lambda service, entry, token: entries.update({(service, entry): token}))
    monkeypatch.setattr("keyring.get_password", lambda service, entry: entries.get((service, entry)))
    monkeypatch.setattr("keyring.delete_password", lambda service, entry: entries.pop((service, entry)))
    assert "the system keyring" in post.keep_token().stdout.decode()
    assert list(entries.values()) == [TOKEN]
    assert TOKEN not in (post.folder / "data" / "sealwax" / "delivery_tokens.json").read_text()
    assert post.lab.sealwax("deliver", "list").code == 0
    options = ("--server", post.service.url, "--address", ALICE, "--forget")
    assert post.lab.sealwax("deliver", "token", *options).code == 0
    assert entries == {}


def test_a_keyring_that_keeps_nothing_is_noticed(post: DeliveryLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.set_password", lambda _service, _entry, _token: None)
    monkeypatch.setattr("keyring.get_password", lambda _service, _entry: None)
    assert "delivery_tokens.json" in post.keep_token().stdout.decode()
    assert post.lab.sealwax("deliver", "list").code == 0


def test_a_token_that_the_service_refuses_is_not_kept(post: DeliveryLab) -> None:
    post.lab.write("token.txt", b"another-token\n")
    options = ("--server", post.service.url, "--address", BOB, "--token-file", "token.txt")
    result = post.lab.sealwax("deliver", "token", *options)
    assert (result.code, "the service refuses" in result.line) == (1, True)
    assert BOB not in (post.folder / "data" / "sealwax" / "delivery.json").read_text()


def test_a_forgotten_token_is_gone(post: DeliveryLab) -> None:
    options = ("--server", post.service.url, "--address", ALICE)
    assert post.lab.sealwax("deliver", "token", *options, "--forget").code == 0
    assert TOKEN not in (post.folder / "data" / "sealwax" / "delivery_tokens.json").read_text()
    result = post.lab.sealwax("deliver", "list")
    assert (result.code, "deliver token" in result.line) == (2, True)


def test_a_message_and_files_arrive_as_they_were(post: DeliveryLab) -> None:
    files = {"report.pdf": b"%PDF-1.7\n" * 100, "Grüße.txt": "Köln".encode(), "empty": b""}
    for name, data in files.items():
        post.lab.write(name, data)
    sent = post.send(*files, "--message", "At eight.", "--subject", "Supper")
    result = post.open(sent)
    assert result.code == 0
    got = post.got()
    assert b"At eight." in got.pop("message.eml")
    assert got == files
    assert post.service.only().line["kind"] == "message"
    assert [claim["state"] for claim in post.service.only().claims] == ["received", "opened"]


def test_the_verdict_comes_before_the_files(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    result = post.open(post.send("a.txt"), "--silent")
    reference, verdict = result.stderr.splitlines()
    assert reference.startswith("sealwax: parcel ")
    assert verdict == "sealwax: encrypted, not signed: anyone could have written this"
    assert result.stdout.decode() == "saved: got/a.txt (1 bytes)\n"
    assert post.service.only().claims == []


def test_a_signed_parcel_is_verified(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    result = post.open(post.send("a.txt", *SIGNER), *TRUST)
    assert result.code == 0
    assert "verified: signed by alice@example.test" in result.stderr
    report = json.loads(post.open(post.send("a.txt", *SIGNER), *TRUST, "--json", folder="again").stdout)
    assert (report["state"], report["sender"]) == ("verified", ALICE)


def test_a_file_of_several_chunks_arrives_as_it_was(post: DeliveryLab) -> None:
    data = os.urandom(CHUNK_BYTES) + b"the rest"
    post.lab.write("large.bin", data)
    sent = post.send("large.bin")
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}
    assert len(post.service.only().line["objects"]) == 2


def test_the_words_go_to_a_file_and_nowhere_else(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    result = post.lab.sealwax("deliver", "send", "a.txt", "--to", BOB, "--words-file", "secret.txt")
    words = post.lab.read("secret.txt").decode().strip()
    assert (result.code, len(words.split())) == (0, 6)
    assert not shows_secret(result.stdout.decode(), words)
    assert stat.S_IMODE((post.folder / "secret.txt").stat().st_mode) == 0o600
    sent = read_sent(result)
    assert post.lab.sealwax("deliver", "open", sent.link, "-o", "got", "--words-file", "secret.txt").code == 0


def test_a_link_with_the_words_needs_nothing_else(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--words-in-link")
    assert sent.link.endswith("." + sent.words.replace(" ", "-"))
    assert post.lab.sealwax("deliver", "open", sent.link, "-o", "got").code == 0
    assert post.got() == {"a.txt": b"a"}


def test_the_service_never_sees_words_names_or_content(post: DeliveryLab) -> None:
    post.lab.write("plan_of_the_merger.txt", b"a very secret plan")
    sent = post.send("plan_of_the_merger.txt", "--message", "Read this first.")
    assert post.open(sent).code == 0
    parcel = post.service.only()
    seen = json.dumps(parcel.line) + json.dumps(parcel.claims) + json.dumps(post.service.headers)
    seen += "".join(data.decode("latin-1") for data in parcel.objects.values())
    for text in (sent.words, sent.words.replace(" ", "-"), "merger", "very secret", "Read this"):
        assert text not in seen


def test_a_recipient_with_a_certificate_needs_no_words(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem")
    result = post.lab.sealwax("deliver", "open", sent.link, "-o", "got", *READER)
    assert result.code == 0
    assert post.got() == {"a.txt": b"a"}
    other = post.lab.sealwax("deliver", "open", sent.link, "-o", "got", *SIGNER)
    assert other.code == 1


def test_a_certificate_of_nobody_under_to_is_refused(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    result = post.lab.sealwax("deliver", "send", "a.txt", "--to", BOB, "--to-cert", "ids/alice.pem")
    assert (result.code, "alice@example.test" in result.line, post.service.parcels) == (2, True, {})


def test_no_file_is_replaced(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"new")
    sent = post.send("a.txt")
    (post.folder / "got").mkdir()
    post.lab.write("got/a.txt", b"old")
    (post.folder / "got" / "a (2).txt").symlink_to("nowhere")
    assert post.open(sent).code == 0
    (post.folder / "got" / "a (2).txt").unlink()
    assert post.got() == {"a.txt": b"old", "a (3).txt": b"new"}


@pytest.fixture
def downloaded(post: DeliveryLab) -> Path:
    """The objects of a parcel in a folder."""
    post.lab.write("a.txt", b"first file")
    post.lab.write("b.txt", b"second file")
    sent = post.send("a.txt", "b.txt", "--to-cert", "ids/bob.pem")
    post.lab.write("words.txt", f"{sent.words}\n".encode())
    folder = post.folder / "objects"
    folder.mkdir()
    for name, data in post.service.only().objects.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("keys", [("--words-file", "words.txt"), READER], ids=["words", "certificate"])
def test_objects_that_came_another_way_are_opened(post: DeliveryLab, downloaded: Path, keys: tuple[str, ...]) -> None:
    result = post.lab.sealwax("deliver", "open", "objects", "-o", "got", *keys)
    assert result.code == 0
    assert post.got() == {"a.txt": b"first file", "b.txt": b"second file"}


@pytest.mark.parametrize("way", ["missing", "cut", "exchanged", "altered"])
def test_damaged_objects_of_a_folder_are_refused(post: DeliveryLab, downloaded: Path, way: str) -> None:
    first, second = downloaded / "0", downloaded / "1"
    if way == "missing":
        second.unlink()
    elif way == "cut":
        second.write_bytes(second.read_bytes()[:-1])
    elif way == "exchanged":
        first_content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(first_content)
    else:
        second.write_bytes(second.read_bytes()[:-1] + bytes([second.read_bytes()[-1] ^ 1]))
    result = post.lab.sealwax("deliver", "open", "objects", "-o", "got", "--words-file", "words.txt")
    assert result.code == 1
    assert "b.txt" not in post.got()
    assert not [name for name in post.got() if name.startswith(".")]


def test_openssl_opens_the_chunks(post: DeliveryLab, downloaded: Path) -> None:
    words = post.lab.read("words.txt").decode().strip()
    by_words = ("cms", "-decrypt", "-inform", "DER", "-binary", "-in", "objects/0", "-pwri_password", words)
    assert post.lab.openssl(*by_words) == b"first file"


def test_a_file_of_openssl_for_a_certificate_is_opened(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"from openssl")
    post.lab.openssl(
        *("cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER", "-in", "a.txt", "-out", "a.txt.cms"),
        "ids/bob.pem",
    )
    result = post.lab.sealwax("deliver", "open", "a.txt.cms", "-o", "got", *READER)
    assert (result.code, "not signed" in result.line) == (0, True)
    assert post.got() == {"a.txt": b"from openssl"}


@pytest.mark.parametrize(("asked", "code"), [((), 1), (("--allow-unauthenticated",), 0)], ids=["by itself", "asked"])
def test_a_file_of_openssl_for_a_password_is_not_authenticated(
    post: DeliveryLab, asked: tuple[str, ...], code: int
) -> None:
    post.lab.write("a.txt", b"from openssl")
    post.lab.write("words.txt", b"any password\n")
    post.lab.openssl(
        *("cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", "-in", "a.txt", "-out", "a.txt.cms"),
        *("-pwri_password", "any password"),
    )
    result = post.lab.sealwax("deliver", "open", "a.txt.cms", "-o", "got", "--words-file", "words.txt", *asked)
    assert (result.code, result.line.startswith("sealwax: not authenticated: ")) == (code, True)
    assert post.got() == {"a.txt": b"from openssl"}


def test_the_list_says_who_says_so(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt")
    result = post.lab.sealwax("deliver", "list")
    first, second = result.stdout.decode().splitlines()
    assert first.startswith(f"{sent.reference}: submitted, files of ")
    assert second == "- submitted, 2026-11-27 12:00 UTC, says the service"
    (listed,) = json.loads(post.lab.sealwax("deliver", "list", "--json").stdout)["parcels"]
    assert (listed["reference"], listed["to"], listed["states"][0]["by"]) == (sent.reference, [BOB], "service")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("LC_ALL", "de_AT.UTF-8", ["de-AT"]),
        ("LANG", "fr", ["fr"]),
        ("LC_MESSAGES", "es_ES@euro", ["es-ES"]),
        ("LC_ALL", "C.UTF-8", []),
        ("LANG", "de\r\nX: 1", []),
    ],
)
def test_the_service_learns_the_language_of_the_session(
    post: DeliveryLab, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: list[str]
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    post.lab.write("a.txt", b"A")
    post.send("a.txt")
    assert [header["accept-language"] for header in post.service.headers if "accept-language" in header] == expected


def test_a_withdrawn_parcel_is_opened_by_nobody(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt")
    withdrawn = post.lab.sealwax("deliver", "withdraw", sent.reference)
    assert withdrawn.stdout.decode() == f"{sent.reference}: withdrawn\n"
    result = post.open(sent)
    assert (result.code, result.line) == (1, "sealwax: the sender has withdrawn the parcel")
    assert post.got() == {}


def test_a_parcel_of_nobody_cannot_be_withdrawn(post: DeliveryLab) -> None:
    result = post.lab.sealwax("deliver", "withdraw", "ABCD-EFGH-JKMN")
    assert (result.code, result.line) == (2, "sealwax: you have no parcel ABCD-EFGH-JKMN")
