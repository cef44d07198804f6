"""Signatures that last, and security labels: absent without settings, and never sent in another way than shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smime_core import ess
from smime_core.algorithms import HashName
from smime_core.blocking import run
from smime_core.cades import CadesLevel, cades_level
from smime_core.cms import Keys, SignerInfo, find_signed_layer
from smime_core.identity.identity import Identity
from smime_core.message import decrypt_entity
from smime_core.report.report import State
from smime_core.timestamp import MessageImprint, TimestampRequest, build_timestamp_request
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.command.timestamp_services import serve
from tests.support.extension.compose_driver import Webmail, send, wait_for_obstacles
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, People
from tests.support.extension.keys_page import show_section
from tests.support.extension.letters_from_bob import opened_by
from tests.support.extension.viewer import open_file
from tests.support.extension.writing_settings import LABELS, keep_writing
from tests.support.timestamp_service import answer

IN_PAGE = page_scripts("extension/compose/more_options.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

CHOOSE = IN_PAGE["choose"]


@pytest.fixture
def service() -> Iterator[str]:
    with serve(lambda query: run(answer(query))) as url:
        yield url


@pytest.fixture(autouse=True)
def settings(extension: Extension) -> Iterator[None]:
    """Each test begins and ends without settings for writing."""
    keep_writing(extension)
    yield
    keep_writing(extension)


def write(webmail: Webmail, **letter: Any) -> Page:
    window = webmail.write(to=["bob@example.test"], text="Turn left at the lighthouse.", **letter)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.click("[data-test=more] summary")
    return window


def signer_of(message: bytes, people: People, reader: Identity | None = None) -> SignerInfo:
    keys = Keys(identities=[reader or people.bob])
    layer = find_signed_layer(run(decrypt_entity(message, keys, provider=NATIVE)))
    (info,) = layer.signed_data.signer_infos
    assert isinstance(info, SignerInfo)
    return info


def test_without_their_settings_the_options_are_absent(webmail: Webmail) -> None:
    window = write(webmail)
    for option in ("switch-lasting", "label"):
        assert window.js("(name) => document.querySelector(`[data-test=${name}]`)", option) is None


def test_a_signature_that_lasts_has_the_timestamp_of_the_service(
    webmail: Webmail, extension: Extension, people: People, service: str
) -> None:
    keep_writing(extension, timestampService=service)
    window = write(webmail)
    window.click("[data-test=switch-lasting]")
    window.wait_for_text("confirms the time of the signature")
    send(window)
    (taken,) = webmail.taken()
    assert cades_level(signer_of(taken.message, people), has_revocation_data=False) is CadesLevel.T
    assert opened_by(people.bob, taken.message, people).state is State.VERIFIED


@pytest.mark.parametrize("wrong", ["no answer", "another query", "refusal"])
def test_a_failure_of_the_service_stops_the_sending(
    webmail: Webmail, extension: Extension, people: People, wrong: str
) -> None:
    first: list[bytes] = []

    def answer_wrongly(query: bytes) -> bytes:
        first.append(query)
        return b"\x30\x05\x30\x03\x02\x01\x02" if wrong == "refusal" else run(answer(first[0]))

    with serve(answer_wrongly, status=500 if wrong == "no answer" else 200) as url:
        if wrong == "another query":
            # The service answers each query with its answer to this one.
            first.append(_some_query())
        keep_writing(extension, timestampService=url)
        window = write(webmail)
        window.click("[data-test=switch-lasting]")
        window.wait_for_text("confirms the time of the signature")
        window.click("[data-test=send]")
        window.wait_for_text("so nothing was sent", selector="[data-test=send-error]", timeout_seconds=60)
        assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")
        window.click("[data-test=send-unstamped]")
        window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    (taken,) = webmail.taken()
    assert cades_level(signer_of(taken.message, people), has_revocation_data=False) is CadesLevel.B


def test_each_person_under_bcc_gets_a_timestamp_too(
    webmail: Webmail, extension: Extension, people: People, service: str
) -> None:
    (people.folder / "carol.der").write_bytes(people.carol.certificate.der)
    extension.keep(people=[people.folder / "carol.der"])
    keep_writing(extension, timestampService=service)
    window = write(webmail, bcc=["carol@example.test"])
    window.click("[data-test=switch-lasting]")
    wait_for_obstacles(window)
    send(window)
    levels = {
        cades_level(signer_of(taken.message, people, people.alice), has_revocation_data=False)
        for taken in webmail.taken(2)
    }
    assert levels == {CadesLevel.T}


def test_a_service_that_changed_after_it_was_shown_is_not_asked(
    webmail: Webmail, extension: Extension, service: str
) -> None:
    keep_writing(extension, timestampService=service)
    window = write(webmail)
    window.click("[data-test=switch-lasting]")
    window.wait_for_text("confirms the time of the signature")
    keep_writing(extension, timestampService=service + "/other")
    window.activate()
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=send-error]:not(:empty)", timeout_seconds=60)
    assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")


def test_a_label_is_sent_as_it_was_chosen_and_shown_under_its_name(
    webmail: Webmail, extension: Extension, people: People, tmp_path: Path
) -> None:
    keep_writing(extension, labelPolicy=LABELS)
    window = write(webmail)
    window.js(CHOOSE, "5")
    assert "Crew only" in window.wait_for_text("Its security label is")
    send(window)
    (taken,) = webmail.taken()
    label = ess.parse_security_label(signer_of(taken.message, people).attributes)
    assert label == ess.SecurityLabel(policy="1.3.6.1.4.1.99.7", classification=5)
    (tmp_path / "mail.eml").write_bytes(taken.message)
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    open_file(viewer, tmp_path / "mail.eml")
    assert "Crew only" in viewer.wait_for_text("Security label:", selector="[data-test=mail-label]")
    # Under another policy the same number means nothing.
    keep_writing(extension, labelPolicy={**LABELS, "policy": "1.3.6.1.4.1.99.8"})
    viewer.activate()
    open_file(viewer, tmp_path / "mail.eml")
    viewer.wait_for_text("unknown here", selector="[data-test=mail-label]")
    viewer.close()


def test_the_settings_take_a_service_and_labels(extension: Extension, tmp_path: Path) -> None:
    page = extension.open_options()
    show_section(page, "writing")
    page.js("() => { document.getElementById('timestamp-service').value = 'ftp://clock.example.test'; }")
    page.click("[data-test=timestamp-go]")
    page.wait_for_text("not the address of a timestamp service", selector="[data-test=writing-problem]")
    page.js("() => { document.getElementById('timestamp-service').value = 'http://clock.example.test/tsa'; }")
    page.click("[data-test=timestamp-go]")
    page.wait_for_text("Saved", selector="[data-test=writing-done]")
    file = tmp_path / "labels.json"
    for wrong in ({**LABELS, "more": 1}, {**LABELS, "policy": "label"}, {**LABELS, "classifications": []}):
        file.write_text(json.dumps(wrong))
        page.choose_files("#label-file", [file])
        page.wait_for_text("no policy of security labels", selector="[data-test=writing-problem]")
    file.write_text(json.dumps(LABELS))
    page.choose_files("#label-file", [file])
    assert "Crew only" in page.wait_for_text("Harbour", selector="[data-test=labels]")
    page.reload()
    page.wait_for("() => document.getElementById('timestamp-service').value === 'http://clock.example.test/tsa'")
    show_section(page, "writing")
    page.click("[data-test=labels-remove]")
    page.wait_for("() => document.querySelector('[data-test=labels]').textContent === ''")
    page.close()


def _some_query() -> bytes:
    imprint = MessageImprint(hash_name=HashName.SHA256, digest=bytes(32))
    return build_timestamp_request(TimestampRequest(imprint=imprint, nonce=1))
