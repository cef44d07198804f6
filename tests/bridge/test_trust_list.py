"""The bridge serves the operator's signed trust list as it is in its file, and reads the file again when it changes."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from smime_core import TrustAnchor, blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.content_info import armor
from smime_core.own_content import sign_trust_list
from smime_core.own_content.trust_list import TrustList
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate
from tests.support.clock import FakeClock
from tests.support.servers.bridge import get
from webbridge import BridgeConfig, create_app
from webbridge.certificates.trust_list_file import MAX_PUSHED_BYTES
from webbridge.services import services_of

pytestmark = pytest.mark.server

PROVIDER = NativeProvider()
DAY = timedelta(days=1)


class Rig:
    """An operator with an authority of its own, who publishes trust lists in one file."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.path, self.clock = path, clock
        authority = blocking.run(create_authority("Example CA", provider=PROVIDER, at=clock()))
        self.anchor: Certificate = authority.identity.certificate
        self.boss = blocking.run(issue_identity(authority, "boss@example.test", provider=PROVIDER, at=clock()))

    def sign(self, number: int) -> bytes:
        trust_list = TrustList(
            name="Example Ltd",
            serial_number=number,
            issued=self.clock(),
            expires=self.clock() + DAY,
            anchors=(TrustAnchor(certificate=self.anchor),),
        )
        return blocking.run(
            sign_trust_list(trust_list, identity=self.boss, provider=PROVIDER, signing_time=self.clock())
        )

    def publish(self, content: bytes) -> None:
        """Replace the published file, as `sealwax trust publish` does."""
        new = self.path.with_suffix(".new")
        new.write_bytes(content)
        os.replace(new, self.path)


@pytest.fixture
def rig(tmp_path: Path, clock: FakeClock) -> Rig:
    return Rig(tmp_path / "list.pem", clock)


@pytest.fixture
def app(config: BridgeConfig, rig: Rig) -> Iterator[Flask]:
    app = create_app(replace(config, trust_list_file=rig.path))
    yield app
    services_of(app).close()


@pytest.fixture
def pushed(app: Flask) -> Callable[[], bytes | None]:
    """A function that returns the list that the bridge serves now."""

    def ask() -> bytes | None:
        encoded = get(app.test_client(), "/api/config").get_json()["trustList"]
        return None if encoded is None else b64decode(encoded)

    return ask


def test_a_bridge_without_a_list_hands_out_none(config: BridgeConfig) -> None:
    app = create_app(config)
    assert get(app.test_client(), "/api/config").get_json()["trustList"] is None
    services_of(app).close()


def test_the_list_is_handed_out_as_der_and_read_anew_when_the_file_changes(
    rig: Rig, pushed: Callable[[], bytes | None]
) -> None:
    assert pushed() is None
    first, second = rig.sign(1), rig.sign(2)
    rig.publish(armor(first).encode())
    assert pushed() == first
    rig.publish(second)
    assert pushed() == second
    rig.path.unlink()
    assert pushed() is None


def test_a_list_counts_once_its_file_may_be_read(
    rig: Rig, pushed: Callable[[], bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.publish(rig.sign(1))
    rig.path.chmod(0)
    with monkeypatch.context() as closed:
        # Root may read any file, so the refusal is simulated.
        closed.setattr("webbridge.certificates.trust_list_file._read", refuse_to_read)
        assert pushed() is None
    rig.path.chmod(0o644)
    assert pushed() is not None


def refuse_to_read(_path: Path) -> bytes:
    raise PermissionError


def test_a_file_that_is_too_large_or_no_list_is_told_in_the_log(
    rig: Rig, pushed: Callable[[], bytes | None], caplog: pytest.LogCaptureFixture
) -> None:
    rig.publish(bytes(MAX_PUSHED_BYTES + 1))
    assert pushed() is None
    assert "list.pem does not count" in caplog.text


def test_authorities_are_asked_about_the_anchors_of_a_list_while_it_counts(
    rig: Rig, app: Flask, clock: FakeClock
) -> None:
    listed = services_of(app).trust_list

    def anchors() -> list[Certificate]:
        return [anchor.certificate for anchor in listed.anchors]

    assert anchors() == []
    rig.publish(rig.sign(1))
    assert anchors() == [rig.anchor]
    clock.advance(seconds=2 * DAY.total_seconds())
    assert anchors() == []
