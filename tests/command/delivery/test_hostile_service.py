"""A service that lies: each lie is one line on standard error, and nothing half-saved is left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from smime_core.cms import ID_DATA
from smime_core.parcels import CHUNK_BYTES
from tests.support.command.lab import READER
from tests.support.delivery.lab import BOB, DeliveryLab, Sent
from tests.support.delivery.played_service import Cut, Reply, play_service, ranged, refuse, reply
from tests.support.parcel_secret import shows_secret

pytestmark = pytest.mark.server

DESCRIBED: dict[str, object] = {"id": "A" * 22, "reference": "R", "state": "submitted", "to": [], "states": []}
FILES = {"first.txt": b"first file", "second.txt": b"second file", "third.txt": b"third file"}
Download = Callable[[str, bytes, int], Reply]


@pytest.fixture
def sent(post: DeliveryLab) -> Sent:
    for name, data in FILES.items():
        post.lab.write(name, data)
    return post.send(*FILES)


def altered(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def of_chunk(number: int, change: Callable[[bytes], Reply]) -> Download:
    """An answer that is changed for one chunk, and honest for the others."""
    return lambda name, data, first: change(data) if name == str(number) else ranged(data, first)


LIES: dict[str, Download] = {
    "altered at the beginning": of_chunk(1, lambda data: (200, {}, altered(data, 5))),
    "altered at the end": of_chunk(1, lambda data: (200, {}, altered(data, len(data) - 1))),
    "shorter": of_chunk(1, lambda data: (200, {}, data[:-1])),
    "empty": of_chunk(1, lambda _: (200, {}, b"")),
    "longer": of_chunk(1, lambda data: (200, {}, data + b"x")),
    "a range that nobody asked for": of_chunk(
        1, lambda data: (206, {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"}, data[::-1])
    ),
    "another range": of_chunk(1, lambda data: (206, {"Content-Range": f"bytes 1-{len(data)}/{len(data) + 1}"}, data)),
    "a redirect": of_chunk(1, lambda _: (302, {"Location": "http://198.51.100.1/"}, b"")),
    "a redirect to a store without TLS": of_chunk(1, lambda _: (307, {"Location": "http://198.51.100.1/a"}, b"")),
    "a redirect to nowhere": of_chunk(1, lambda _: (307, {}, b"")),
    "gone in the middle": of_chunk(1, lambda _: refuse(410, "withdrawn")),
    "an error without words": of_chunk(1, lambda _: (400, {}, b"<html>")),
}


@pytest.mark.parametrize("lie", LIES)
def test_nothing_of_a_chunk_that_is_not_right_is_saved(post: DeliveryLab, sent: Sent, lie: str) -> None:
    post.service.on_download = LIES[lie]
    result = post.open(sent)
    assert result.code == 1
    assert len(result.stderr.splitlines()) == 3  # the reference, the verdict, the failure
    assert not shows_secret(result.stderr, sent.words)
    assert post.got() == {"first.txt": FILES["first.txt"]}
    (claim,) = post.service.only().claims
    assert claim["state"] == "failed"
    assert claim["code"]


def test_exchanged_chunks_are_named_as_such(post: DeliveryLab, sent: Sent) -> None:
    # They have one size, so that only the hash shows it.
    objects = post.service.only().objects
    objects["0"], objects["2"] = objects["2"], objects["0"]
    assert len(objects["0"]) == len(objects["2"])
    result = post.open(sent)
    assert (result.code, "in the place of another" in result.stderr) == (1, True)
    assert post.got() == {}


def test_the_manifest_of_another_parcel_is_refused(post: DeliveryLab, sent: Sent) -> None:
    first = post.service.only()
    other = post.send("third.txt")
    parcel = post.service.parcels[sent.link.rpartition("#")[2]]
    assert parcel is first
    # The sender's second parcel has its own words. The service hands out its objects under the first id.
    second = post.service.parcels[other.link.rpartition("#")[2]]
    first.objects, first.line = second.objects, {**second.line, "id": first.id}
    result = post.open(sent, words=other.words)
    assert (result.code, "another parcel" in result.stderr.splitlines()[-1]) == (1, True)
    assert post.got() == {}


def test_objects_of_another_key_are_refused_before_anything_is_derived(post: DeliveryLab, sent: Sent) -> None:
    first = post.service.only()
    other = post.send("third.txt")
    second = post.service.parcels[other.link.rpartition("#")[2]]
    first.objects["manifest"] = second.objects["manifest"]
    first.line["manifest"] = len(second.objects["manifest"])
    result = post.open(sent)
    assert (result.code, "another key derivation" in result.stderr) == (1, True)
    assert post.got() == {}


@pytest.mark.parametrize("name", ["manifest", "0"])
def test_an_endless_body_ends(post: DeliveryLab, sent: Sent, name: str) -> None:
    chunks = b"".join(b"10000\r\n" + bytes(65536) + b"\r\n" for _ in range(4))
    fields = {"Content-Length": "", "Transfer-Encoding": "chunked"}

    def endless(path: str, data: bytes, first: int) -> Reply:
        return (200, dict(fields), chunks) if path == name else ranged(data, first)

    post.service.on_download = endless
    result = post.open(sent)
    assert (result.code, post.got()) == (1, {})


@pytest.mark.parametrize(
    "change",
    [
        {"manifest": 10**12},
        {"manifest": 0},
        {"manifest": -1},
        {"objects": []},
        {"objects": [10**12, 1, 1]},
        {"objects": "many"},
        {"ticket": None},
        {"ticket": "a\r\nX-Evil: b"},
        {"until": "tomorrow"},
    ],
    ids=json.dumps,
)
def test_announcements_that_cannot_be_right_are_refused(
    post: DeliveryLab, sent: Sent, change: dict[str, object]
) -> None:
    service = post.service

    def before(method: str, path: str) -> Reply | None:
        if path != "/api/open":
            return None
        line = service.only().line
        honest = {
            "ticket": f"ticket-{line['id']}",
            "reference": "R",
            "kind": "files",
            "objects": line["objects"],
            "manifest": line["manifest"],
            "until": None,
        }
        return reply(200, {**honest, **change})

    service.before = before
    result = post.open(sent)
    assert (result.code, post.got()) == (1, {})


@pytest.mark.parametrize(
    "change",
    [{"iterations": 1}, {"iterations": 3_000_000}, {"salt": "AAAA"}, {"salt": None}],
    ids=json.dumps,
)
def test_a_weaker_or_longer_derivation_is_refused(post: DeliveryLab, sent: Sent, change: dict[str, object]) -> None:
    honest = {"salt": post.service.only().line["salt"], "iterations": post.service.iterations}
    post.service.before = lambda _method, path: reply(200, honest | change) if path == "/api/open/start" else None
    result = post.open(sent)
    assert (result.code, "cannot be right" in result.line) == (1, True)
    assert ("POST", "/api/open") not in post.service.requests


@pytest.mark.parametrize(
    "api",
    ["http://198.51.100.1", "ftp://127.0.0.1", "https://user@127.0.0.1", "https://127.0.0.1/?x", "127.0.0.1", 7, None],
)
def test_pages_that_name_no_safe_api_are_refused(post: DeliveryLab, sent: Sent, api: object) -> None:
    post.service.before = lambda _method, path: reply(200, {"api": api}) if path == "/config.json" else None
    post.service.requests.clear()
    result = post.open(sent)
    assert result.code == 1
    assert result.line
    assert post.service.requests == [("GET", "/config.json")]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_follows_no_redirect(post: DeliveryLab, status: int) -> None:
    post.service.before = lambda _method, path: (
        (status, {"Location": f"{post.service.url}/elsewhere"}, b"") if path == "/api/parcels" else None
    )
    result = post.lab.sealwax("deliver", "list")
    assert (result.code, "which is not followed" in result.line) == (1, True)
    assert not any(path == "/elsewhere" for _, path in post.service.requests)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"parcels": 3}',
        b'{"parcels": [{}]}',
        b"\xff",
        b'{"parcels": [], "parcels": []}',
        b"[" * 9999,
    ],
    ids=range(8),
)
def test_a_list_that_cannot_be_right_is_one_line(post: DeliveryLab, body: bytes) -> None:
    post.service.before = lambda _method, _path: (200, {"Content-Type": "application/json"}, body)
    result = post.lab.sealwax("deliver", "list")
    assert (result.code, "cannot be right" in result.line) == (1, True)


def test_a_list_without_end_ends(post: DeliveryLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwax.delivery.sender_api._MAX_PAGES", 3)
    post.lab.write("a.txt", b"a")
    post.send("a.txt")
    page = {"parcels": [post.service.only().describe()], "next": post.service.only().id}
    post.service.before = lambda method, _path: reply(200, page) if method == "GET" else None
    result = post.lab.sealwax("deliver", "list")
    assert (result.code, len(result.stdout.splitlines())) == (0, 6)


def test_names_that_lead_elsewhere_are_files_of_the_folder(post: DeliveryLab) -> None:
    # The format refuses separators only. The other names are changed by the command.
    post.lab.write(".profile", b"harmless")
    post.lab.write("con.txt", b"harmless too")
    assert post.open(post.send(".profile", "con.txt")).code == 0
    assert post.got() == {"profile": b"harmless", "_con.txt": b"harmless too"}


def test_a_full_disk_leaves_no_file(post: DeliveryLab, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0

    def fail_later(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail_later)
    result = post.open(sent)
    assert (result.code, "No space left on device" in result.stderr) == (2, True)
    assert post.got() == {"first.txt": FILES["first.txt"]}


def test_a_download_goes_on_after_each_lost_connection(post: DeliveryLab) -> None:
    data = os.urandom(CHUNK_BYTES // 2)
    post.lab.write("large.bin", data)
    sent = post.send("large.bin")
    ranges: list[int] = []

    def cut(name: str, whole: bytes, first: int) -> Reply:
        if name == "manifest":
            return ranged(whole, first)
        ranges.append(first)
        status, fields, body = ranged(whole, first)
        return status, {**fields, "X-Cut": str(2_000_000)}, body

    post.service.on_download = cut
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}
    assert ranges == sorted(set(ranges))
    assert len(ranges) == 5


def test_a_service_that_is_gone_is_given_up(post: DeliveryLab, sent: Sent) -> None:
    def gone(name: str, data: bytes, first: int) -> Reply:
        if name == "1":
            raise Cut
        return ranged(data, first)

    post.service.on_download = gone
    result = post.open(sent)
    assert (result.code, "cannot be reached" in result.stderr) == (1, True)
    assert post.service.requests.count(("GET", "/api/open/objects/1")) == 8
    assert post.got() == {"first.txt": FILES["first.txt"]}


def test_a_service_that_gives_a_few_bytes_at_a_time_is_given_up(post: DeliveryLab) -> None:
    post.lab.write("large.bin", os.urandom(1_000_000))
    sent = post.send("large.bin")

    def drip(name: str, whole: bytes, first: int) -> Reply:
        status, fields, body = ranged(whole, first)
        return status, {**fields, "X-Cut": "10"} if name == "0" else fields, body

    post.service.on_download = drip
    result = post.open(sent)
    assert (result.code, "breaks off after 80 bytes" in result.stderr) == (1, True)
    assert post.service.requests.count(("GET", "/api/open/objects/0")) == 8
    assert post.got() == {}


def test_a_service_that_drips_holds_nobody_longer_than_it_may(
    post: DeliveryLab, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.http_client.EXCHANGE_SECONDS", 0.3)
    monkeypatch.setattr("sealwax.delivery.patience._TRIES", 2)

    def drip(name: str, whole: bytes, first: int) -> Reply:
        status, fields, body = ranged(whole, first)
        return status, {**fields, "X-Drip": "0.05"} if name == "1" else fields, body

    post.service.on_download = drip
    result = post.open(sent)
    assert (result.code, "did not answer in time" in result.stderr) == (1, True)
    assert post.got() == {"first.txt": FILES["first.txt"]}


def test_a_store_gets_no_ticket(post: DeliveryLab, sent: Sent) -> None:
    with play_service() as store:
        objects = post.service.only().objects
        store.before = lambda _method, path: ranged(bytes(objects[path.partition("?")[0][1:]]), 0)
        post.service.on_download = lambda name, _data, _first: (
            307,
            {"Location": f"{store.url}/{name}?signature=x%2Fy"},
            b"",
        )
        assert post.open(sent).code == 0
        assert post.got() == FILES
        assert [path for _, path in store.requests] == [f"/{name}?signature=x%2Fy" for name in ("manifest", 0, 1, 2)]
        assert not any("authorization" in headers for headers in store.headers)


def test_a_store_that_sends_elsewhere_is_refused(post: DeliveryLab, sent: Sent) -> None:
    with play_service() as store:
        store.before = lambda _method, _path: (307, {"Location": f"{store.url}/again"}, b"")
        post.service.on_download = lambda name, _data, _first: (307, {"Location": f"{store.url}/{name}"}, b"")
        result = post.open(sent)
        assert (result.code, "sends elsewhere too" in result.stderr) == (1, True)
        assert len(store.requests) == 1


def test_a_mail_in_place_of_a_challenge_is_not_decrypted_for_the_service(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt", "--to-cert", "ids/bob.pem")
    post.service.challenge_type = ID_DATA
    result = post.lab.sealwax("deliver", "open", sent.link, "-o", "got", *READER)
    assert (result.code, post.got()) == (1, {})
    assert ("POST", "/api/open") not in post.service.requests


@pytest.mark.parametrize(
    "identifier", ["../../session", "", "A" * 21, "A" * 22 + "/withdraw", "AAAAAAAAAAAAAAAAAAAAAB"]
)
def test_an_id_that_is_none_leads_nowhere(post: DeliveryLab, identifier: str) -> None:
    listed = {"id": identifier, "reference": "R", "state": "submitted"}
    page = {"parcels": [listed], "next": None}
    post.service.before = lambda _method, path: reply(200, page) if path == "/api/parcels" else None
    post.service.requests.clear()
    result = post.lab.sealwax("deliver", "withdraw", "R")
    assert (result.code, "an id that is none" in result.line) == (1, True)
    assert post.service.requests == [("GET", "/api/parcels")]


@pytest.mark.parametrize("path", ["", "/submit"])
def test_the_link_leads_to_the_parcel_that_was_sent(post: DeliveryLab, path: str) -> None:
    other = {**DESCRIBED, "id": "B" * 21 + "A", "state": "uploading" if path else "submitted"}
    post.service.before = lambda method, target: (
        reply(200, other) if method == "POST" and target.endswith(path or "/api/parcels") else None
    )
    # A parcel in one request, and one in parts.
    post.lab.write("a.bin", bytes(3_000_000 if path else 1))
    result = post.lab.sealwax("deliver", "send", "a.bin", "--to", BOB)
    assert (result.code, "another parcel" in result.line) == (1, True)
    assert result.stdout == b""


@pytest.mark.parametrize("state", ["uploading", "withdrawn", "expired", "", "\u202esubmitted"])
@pytest.mark.parametrize(("size", "last"), [(1, "/api/parcels"), (3_000_000, "/submit")], ids=["whole", "in parts"])
def test_no_words_are_shown_for_a_parcel_that_nobody_gets(
    post: DeliveryLab, state: str, size: int, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post.service.answer

    def change(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        status, fields, data = answer(method, path, headers, body)
        is_last = method == "POST" and path.endswith(last)
        return reply(status, {**json.loads(data), "state": state}) if is_last else (status, fields, data)

    post.lab.write("a.bin", bytes(size))
    with monkeypatch.context() as lying:
        lying.setattr(post.service, "answer", change)
        result = post.lab.sealwax("deliver", "send", "a.bin", "--to", BOB)
        assert (result.code, result.stdout) == (1, b"")
        assert "hands out to nobody" in result.line
    # An honest answer later shows the words of the same parcel.
    assert post.send("a.bin").link.endswith(post.service.only().id)


def test_a_parcel_that_never_came_is_sent_by_the_same_command(post: DeliveryLab) -> None:
    post.lab.write("a.bin", b"a")
    post.service.before = lambda method, _path: refuse(403, "sender-blocked") if method == "POST" else None
    assert post.lab.sealwax("deliver", "send", "a.bin", "--to", BOB).code == 1
    post.service.before = lambda method, path: (
        reply(200, {**DESCRIBED, "id": path.rpartition("/")[2], "state": "uploading"}) if method == "GET" else None
    )
    post.send("a.bin")
    assert post.service.only().state == "submitted"


def test_a_parcel_that_is_still_there_is_not_called_withdrawn(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt")
    parcel = post.service.only()
    post.service.before = lambda _method, path: reply(200, parcel.describe()) if path.endswith("/withdraw") else None
    result = post.lab.sealwax("deliver", "withdraw", sent.reference)
    assert (result.code, result.stdout, "not withdrawn" in result.line) == (1, b"", True)


def test_another_parcel_is_not_withdrawn_in_place_of_the_one_that_was_meant(post: DeliveryLab) -> None:
    post.lab.write("a.txt", b"a")
    sent = post.send("a.txt")
    post.service.before = lambda _method, path: (
        reply(200, {**DESCRIBED, "state": "withdrawn"}) if path.endswith("/withdraw") else None
    )
    result = post.lab.sealwax("deliver", "withdraw", sent.reference)
    assert (result.code, "another parcel" in result.line) == (1, True)


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01", "2026-W01"])
def test_a_time_outside_of_all_years_is_one_line(post: DeliveryLab, time: str, form: tuple[str, ...]) -> None:
    state = {"state": "opened", "at": time, "by": "recipient-signed"}
    for change in ({"expires": time}, {"states": [state]}):
        page = {"parcels": [{**DESCRIBED, **change}], "next": None}
        post.service.before = lambda _method, _path, page=page: reply(200, page)  # type: ignore[misc]
        result = post.lab.sealwax("deliver", "list", *form)
        assert (result.code, "is not a time" in result.line) == (1, True)


def test_the_list_names_the_service_as_the_witness_of_a_signature(post: DeliveryLab) -> None:
    signed = {"state": "opened", "at": "2026-11-27T12:00:00+02:00", "by": "recipient-signed", "recipient": BOB}
    failed = {"state": "failed", "at": "2026-11-27T12:00:00Z", "by": "service", "code": "smtp-550\x1b[2J"}
    described = {**DESCRIBED, "states": [signed, failed]}
    page = {"parcels": [described], "next": None}
    post.service.before = lambda _method, path: reply(200, page if path.endswith("/parcels") else described)
    lines = post.lab.sealwax("deliver", "list").stdout.decode().splitlines()
    assert lines[1] == f"- opened by {BOB}, 2026-11-27 10:00 UTC, signed by the recipient, says the service"
    assert lines[2] == "- failed (smtp-550\\u{1b}[2J), 2026-11-27 12:00 UTC, says the service"


def test_a_file_that_comes_during_the_download_is_not_replaced(post: DeliveryLab, sent: Sent) -> None:
    def meanwhile(name: str, data: bytes, first: int) -> Reply:
        if name == "1":
            post.lab.write("got/second.txt", b"of somebody else")
        return ranged(data, first)

    post.service.on_download = meanwhile
    result = post.open(sent)
    assert result.code == 0
    others = {"second.txt": b"of somebody else", "second (2).txt": FILES["second.txt"]}
    assert post.got() == {**FILES, **others}
    assert "second (2).txt" in result.stdout.decode()


def test_a_disk_without_links_gets_the_files(post: DeliveryLab, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse_link)
    (post.folder / "got").mkdir()
    post.lab.write("got/third.txt", b"mine")
    assert post.open(sent).code == 0
    third = {"third.txt": b"mine", "third (2).txt": FILES["third.txt"]}
    assert post.got() == {**FILES, **third}


@pytest.mark.parametrize(("code", "is_named"), [("expired", False), ("moon-landed", True), ("quota-exceeded", True)])
def test_an_error_that_the_route_does_not_have_is_refused_by_name(
    post: DeliveryLab, sent: Sent, code: str, is_named: bool
) -> None:
    post.service.before = lambda _method, path: refuse(410, code) if path == "/api/open" else None
    result = post.open(sent)
    assert (result.code, post.got()) == (1, {})
    assert (f"with the code {code}" in result.line) == is_named
