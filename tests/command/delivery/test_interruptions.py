"""Sendings that are cut, refused for a moment, or killed: they go on, and the service has one parcel."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sealwax.delivery.send_states import SendState, SendStates
from smime_core.providers.native import NativeProvider
from tests.support.delivery.lab import BOB, DeliveryLab, Sent
from tests.support.delivery.played_service import Cut, Reply, refuse
from tests.support.parcel_secret import shows_secret

pytestmark = pytest.mark.server

CHUNK = 100_000


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 100 kB, so that a small file has many."""
    for module in ("smime_core.parcels.manifest", "sealwax.delivery.outgoing"):
        monkeypatch.setattr(f"{module}.CHUNK_BYTES", CHUNK)
    monkeypatch.setattr("sealwax.delivery.sending.WHOLE_BYTES", 1000)


@pytest.fixture
def data(post: DeliveryLab) -> bytes:
    data = os.urandom(5 * CHUNK + 17)
    post.lab.write("large.bin", data)
    return data


def kept(post: DeliveryLab) -> list[Path]:
    return sorted((post.folder / "data" / "sealwax" / "sends").glob("*.sealed"))


def test_an_upload_goes_on_where_it_was_cut(post: DeliveryLab, data: bytes) -> None:
    service = post.service
    service.take = lambda name, offset: 40_000 if name == "2" and offset < 80_000 else None
    sent = post.send("large.bin")
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}
    assert len(service.parcels) == 1
    parcel = service.only().id
    methods = [method for method, path in service.requests if path == f"/api/parcels/{parcel}/objects/2"]
    assert methods == ["HEAD", "PATCH", "HEAD", "PATCH"]
    assert not kept(post)


def test_a_service_that_takes_a_few_bytes_at_a_time_is_given_up(post: DeliveryLab, data: bytes) -> None:
    post.service.take = lambda name, _offset: 10 if name == "2" else None
    result = post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin", "--message", "Hello")
    assert (result.code, result.stdout) == (1, b"")
    tries = [method for method, path in post.service.requests if path.endswith("/objects/2") and method == "PATCH"]
    assert len(tries) == 7, "after the request that creates it"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_service_that_is_busy_for_a_moment_is_asked_again(post: DeliveryLab, data: bytes, status: int) -> None:
    failures = iter(range(3))

    def busy(_method: str, path: str) -> Reply | None:
        return refuse(status, "try-later") if path.startswith("/api/parcels/") and next(failures, None) else None

    post.service.before = busy
    assert post.open(post.send("large.bin")).code == 0
    assert post.got() == {"large.bin": data}


@pytest.mark.parametrize("lost", ["/api/parcels", "/objects", "/submit"])
def test_an_answer_that_is_lost_makes_no_second_parcel(post: DeliveryLab, data: bytes, lost: str) -> None:
    service, honest = post.service, post.service.answer
    lose = [True]

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        reply = honest(method, path, headers, body)
        if method == "POST" and path.endswith(lost) and lose:
            lose.clear()
            raise Cut
        return reply

    service.answer = answer  # type: ignore[method-assign]
    sent = post.send("large.bin")
    assert not lose
    assert len(service.parcels) == 1
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}


def interrupt_at(post: DeliveryLab, number: int) -> None:
    """Let the service refuse everything from its request `number` on, as if the command had ended there."""
    count = iter(range(10_000))
    post.service.before = lambda _method, _path: refuse(403, "stop") if next(count) >= number else None


@pytest.mark.parametrize("number", range(9))
def test_the_same_command_goes_on_with_the_same_parcel(post: DeliveryLab, data: bytes, number: int) -> None:
    interrupt_at(post, number)
    result = post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin", "--message", "Hello")
    assert (result.code, result.stdout) == (1, b"")
    post.service.before = lambda _method, _path: None
    before = dict(post.service.parcels)
    sent = post.send("large.bin", "--message", "Hello")
    assert before.keys() <= post.service.parcels.keys()
    assert len(post.service.parcels) == 1
    assert post.open(sent).code == 0
    assert post.got()["large.bin"] == data
    assert not kept(post)


def test_a_refused_upload_ends_the_one_beside_it(post: DeliveryLab, data: bytes) -> None:
    """Two chunks go at the same time. The service never answers the first, and refuses the second."""
    creations, over = iter(range(10_000)), threading.Event()

    def hold(method: str, path: str) -> Reply | None:
        if method != "POST" or not path.endswith("/objects"):
            return None
        if next(creations) == 0:
            over.wait(60)
            return None
        return refuse(403, "stop")

    post.service.before = hold
    begun = time.monotonic()
    assert post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin").code == 1
    seconds = time.monotonic() - begun
    over.set()
    assert seconds < 30, "the command has waited for an answer that nobody gives"
    post.service.before = lambda _method, _path: None
    sent = post.send("large.bin")
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}


def test_what_is_kept_says_nothing(post: DeliveryLab, data: bytes) -> None:
    interrupt_at(post, 4)
    assert post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin").code == 1
    (place,) = kept(post)
    interrupted = place.read_bytes()
    post.service.before = lambda _method, _path: None
    sent = post.send("large.bin")
    assert not shows_secret(interrupted.decode(errors="replace"), sent.words)
    for text in (sent.words, "large.bin", BOB):
        assert text.encode() not in interrupted
        assert text not in place.name
    assert post.service.only().id.encode() not in interrupted


def test_a_file_that_has_changed_is_a_new_parcel(post: DeliveryLab, data: bytes) -> None:
    interrupt_at(post, 4)
    assert post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin").code == 1
    post.service.before = lambda _method, _path: None
    changed = data[::-1]
    post.lab.write("large.bin", changed)
    sent = post.send("large.bin")
    assert sorted(parcel.state for parcel in post.service.parcels.values()) == ["submitted", "uploading"]
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": changed}


def test_a_file_that_changes_while_it_is_sent_is_not_sent(post: DeliveryLab, data: bytes) -> None:
    def change(_method: str, path: str) -> None:
        if path.endswith("/objects"):
            post.lab.write("large.bin", data[::-1])

    post.service.before = change
    result = post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin")
    assert (result.code, "has changed while it was sent" in result.line) == (2, True)
    assert post.service.only().state == "uploading"


def test_a_parcel_that_the_service_has_swept_is_sent_anew(post: DeliveryLab, data: bytes) -> None:
    interrupt_at(post, 5)
    assert post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin").code == 1
    post.service.before = lambda _method, _path: None
    post.service.parcels.clear()
    assert post.open(post.send("large.bin")).code == 0
    assert post.got() == {"large.bin": data}


def test_what_nobody_can_go_on_with_is_deleted(post: DeliveryLab, data: bytes) -> None:
    interrupt_at(post, 4)
    assert post.lab.sealwax("deliver", "send", "--to", BOB, "large.bin").code == 1
    (place,) = kept(post)
    post.service.before = lambda _method, _path: None
    post.lab.write("small.txt", b"small")
    post.send("small.txt")
    assert kept(post) == [place]
    os.utime(place, (0, 0))
    post.send("small.txt")
    assert kept(post) == []


def test_two_sendings_of_a_file_are_two_parcels(post: DeliveryLab, data: bytes) -> None:
    first, second = post.send("large.bin"), post.send("large.bin")
    assert first.words != second.words
    assert len(post.service.parcels) == 2


KILLED = """
import sys
import smime_core.cms.recipients.pwri
smime_core.cms.recipients.pwri.PASSWORD_ITERATIONS = 1_000
import smime_core.parcels.manifest, sealwax.delivery.outgoing, sealwax.delivery.sending
smime_core.parcels.manifest.CHUNK_BYTES = sealwax.delivery.outgoing.CHUNK_BYTES = 100_000
sealwax.delivery.sending.WHOLE_BYTES = 1000
from sealwax.cli import main
sys.argv = ["sealwax", *sys.argv[1:]]
sys.exit(main())
"""


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize("seed", range(10))
def test_a_sending_that_is_killed_goes_on(post: DeliveryLab, data: bytes, seed: int) -> None:
    """`kill -9` at a random request, or between two, until the command comes to its end."""
    chance = random.Random(seed)  # noqa: S311
    place = post.folder / "killed.py"
    place.write_text(KILLED)
    own = {"XDG_CONFIG_HOME": str(post.folder / "config"), "XDG_DATA_HOME": str(post.folder / "data")}
    command = [sys.executable, str(place), "deliver", "send", "--to", BOB, "large.bin"]
    output = b""
    for _ in range(20):
        seen, count = len(post.service.requests), chance.randint(1, 8)
        with subprocess.Popen(
            command, cwd=post.folder, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            while process.poll() is None and len(post.service.requests) < seen + count:
                time.sleep(0.001)
            time.sleep(chance.choice([0, 0, 0.002, 0.01]))
            process.kill()
            output, errors = process.communicate()
        assert b"Traceback" not in errors
        # On a busy machine the signal may come after the words were shown and the state was deleted.
        is_sent = b"Words: " in output and not kept(post)
        if process.returncode == 0 or is_sent:
            break
    assert is_sent
    assert len(post.service.parcels) == 1
    lines = dict(line.split(": ", 1) for line in output.decode().splitlines())
    sent = Sent(reference=lines["Reference"], link=lines["Link"], words=lines["Words"])
    assert post.open(sent).code == 0
    assert post.got() == {"large.bin": data}
    assert not kept(post)


def test_the_state_of_another_token_does_not_open(tmp_path: Path) -> None:
    provider = NativeProvider()
    mine, theirs = (SendStates(tmp_path / "sends", token, provider) for token in ("one", "two"))
    place = mine.state_file_of("a request")
    state = SendState(parcel_id="AAAAAAAAAAAAAAAAAAAAAA", created=1, secret="six words", salt=bytes(16))
    mine.save(place, state)
    assert mine.load(place) == state
    assert theirs.load(place) is None
    assert theirs.state_file_of("a request") != place
    assert "six words" not in repr(state)
