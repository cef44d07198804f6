"""Trust in the extension: revoked signers, strangers whom a person accepts, people whose certificates expire."""

from __future__ import annotations

import dataclasses
import datetime
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smime_core import RevocationPolicy, TrustAnchor
from smime_core.blocking import run
from smime_core.ca import demo as demo_ca
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.ca.extensions import build_subject_alt_name
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity, export_identity
from smime_core.own_content.fields import protect_field
from smime_core.own_content.trust_list import TrustList, sign_trust_list
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site, running_site, textarea
from tests.support.extension.keys_page import show_section
from webbridge.demo.revocation import LIST_PATH, build_list

pytestmark = pytest.mark.browser

PASSPHRASE = "Vier Möwen & ein Wal"
SAM = "sam@partner.test"
NATIVE = NativeProvider()
NOW = datetime.datetime.now(datetime.UTC)
_CARD = """const card = (name) => [...document.querySelectorAll("[data-test=readers] li")].find((one) =>
  one.querySelector(".name").innerText === name)"""
TICK = f"(name) => {{ {_CARD}; card(name).querySelector('input').click(); }}"
IS_REVOKED = f"""(name) => {{ {_CARD};
  return card(name).querySelector("input").disabled && card(name).innerText.includes("Revoked by its authority"); }}"""
TICKED = """() => [...document.querySelectorAll("[data-test=readers] input:checked")].map((box) =>
  box.closest("li").querySelector(".name").innerText)"""


class Rig:
    """An authority that serves its revocation list, Alice, and people with revoked or soon expiring certificates."""

    def __init__(self, folder: Path, list_url: str) -> None:
        self.folder = folder
        self.authority = run(create_authority("Example CA", provider=NATIVE, at=NOW))
        self.pointers = Details(crl_urls=(list_url,))
        self.alice, self.bob, self.dave = (self.issue(name) for name in ("alice", "bob", "dave"))
        self.carol = self.issue("carol", not_after=NOW + datetime.timedelta(days=5))
        partner = self.partner_authority = run(create_authority("Partner CA", provider=NATIVE, at=NOW))
        self.partner = partner.identity.certificate
        self.sam = run(issue_identity(partner, SAM, provider=NATIVE, at=NOW))
        p12 = run(export_identity(self.alice, PASSPHRASE.encode(), provider=NATIVE, iterations=2048))
        (folder / "alice.p12").write_bytes(p12)
        (folder / "ca.der").write_bytes(self.authority.identity.certificate.der)
        for name, identity in (("bob", self.bob), ("carol", self.carol), ("dave", self.dave), ("sam", self.sam)):
            (folder / f"{name}.der").write_bytes(identity.certificate.der)

    def issue(self, name: str, *, not_after: datetime.datetime | None = None) -> Identity:
        issuing = issue_identity(
            self.authority,
            f"{name}@example.test",
            provider=NATIVE,
            at=NOW,
            details=dataclasses.replace(self.pointers, not_after=not_after),
        )
        return run(issuing)

    def revocation_list(self) -> bytes:
        return build_list(self.authority, [self.dave.certificate.serial_number], provider=NATIVE, at=NOW)

    def signed_by(self, signer: Identity, *, origin: str) -> str:
        """A field that this signer has signed and encrypted for Alice."""
        encrypting = protect_field(
            "Hello.",
            origin=origin,
            provider=NATIVE,
            signing=Signing(identities=[signer], signing_time=NOW),
            encrypting=Encrypting(recipients=[self.alice.certificate]),
        )
        return run(encrypting)


@contextmanager
def served_list() -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """Serve revocation lists on loopback. Yields the address of one, the lists by path, and the requested paths."""
    lists: dict[str, bytes] = {}
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            content = lists.get(self.path)
            self.send_response(200 if content else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{LIST_PATH}", lists, paths
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with served_list() as (url, lists, _):
        rig = Rig(tmp_path_factory.mktemp("rig"), url)
        lists[LIST_PATH] = rig.revocation_list()
        yield rig


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="module")
def extension(browser: Browser, rig: Rig, folder: Path) -> Iterator[Extension]:
    """The extension with Alice's keys, their authority, and three people."""
    extension = Extension(browser, folder)
    extension.unlock(rig.folder / "alice.p12", PASSPHRASE)
    people = [rig.folder / f"{name}.der" for name in ("bob", "carol", "dave")]
    extension.keep(anchors=[rig.folder / "ca.der"], people=people)
    yield extension
    extension.uninstall()


@pytest.fixture
def page(extension: Extension) -> Iterator[Page]:
    page = extension.browser.open("about:blank")
    yield page
    page.close()
    extension.browser.close_pages("prompt.html", "broker.html", "options.html")


def publish_list(rig: Rig, folder: Path, number: int, signer: Identity) -> Path:
    """Write an organisation's list that trusts the partner's authority for the partner's own domain."""
    trust_list = TrustList(
        name="Example Ltd",
        serial_number=number,
        issued=NOW.replace(microsecond=0),
        expires=NOW.replace(microsecond=0) + datetime.timedelta(days=30),
        anchors=(TrustAnchor(certificate=rig.partner, addresses=("@partner.test",)),),
        revocation=RevocationPolicy.IF_KNOWN,
    )
    file = folder / f"{number}.der"
    file.write_bytes(run(sign_trust_list(trust_list, identity=signer, provider=NATIVE, signing_time=NOW)))
    return file


def open_letter(extension: Extension, page: Page) -> Page:
    """Open the field `#letter`, and agree if the extension asks. Returns the frame around the text."""
    extension.click_button(page, "#letter")
    frame = extension.frame_in(page).around
    opened = "() => document.querySelector('.state-statement') !== null"
    while not frame.js(opened):
        if extension.has_window():
            extension.answer()
            break
    frame.wait_for(opened, timeout_seconds=30)
    return frame


def settled_state(frame: Page) -> str:
    """The state of the text after the authorities were asked."""
    look = "() => document.querySelector('.state-statement')?.dataset.state"
    state: str = frame.wait_for(look, timeout_seconds=30)
    return state


def remove(options: Page, button: str) -> None:
    """Click a button that removes an entry: the first click asks, the second removes."""
    options.click(button)
    options.wait_for_selector(f"{button}[data-asked=yes]")
    remove_as_asked(options, button)


def remove_as_asked(options: Page, button: str) -> None:
    options.click(button)
    options.wait_for("(button) => document.querySelector(button) === null", button, timeout_seconds=30)


def test_a_revoked_signer_is_not_verified(extension: Extension, page: Page, site: Site, rig: Rig) -> None:
    letter = rig.signed_by(rig.dave, origin=site.origin)
    page.goto(site.page_with(textarea("letter", text=letter, data_smime="decrypt verify")))
    frame = open_letter(extension, page)
    assert settled_state(frame) == "signed-unverified"
    frame.click("[data-test=why] > summary")
    assert "Revoked on" in frame.text("[data-test=why]")


@pytest.mark.thorough
def test_a_signer_who_is_not_revoked_is_verified(extension: Extension, page: Page, site: Site, rig: Rig) -> None:
    letter = rig.signed_by(rig.bob, origin=site.origin)
    page.goto(site.page_with(textarea("letter", text=letter, data_smime="decrypt verify")))
    frame = open_letter(extension, page)
    assert settled_state(frame) == "verified"
    frame.click("[data-test=why] > summary")
    assert "Not revoked" in frame.text("[data-test=why]")


@pytest.mark.thorough
def test_a_stranger_is_accepted_in_the_extensions_own_page_and_taken_back(
    extension: Extension, page: Page, site: Site, rig: Rig
) -> None:
    letter = site.page_with(
        textarea("letter", text=rig.signed_by(rig.sam, origin=site.origin), data_smime="decrypt verify")
    )
    page.goto(letter)
    frame = open_letter(extension, page)
    assert settled_state(frame) == "signed-unverified"
    frame.click("[data-test=why] > summary")
    frame.click("[data-test=accept-exact]")
    options = extension.browser.wait_for_page("options.html")
    options.wait_for_selector("[data-test=accept-dialog]", timeout_seconds=30)
    assert options.value("[data-test=accept-addresses]") == SAM
    options.click("[data-test=accept-go]")
    options.wait_for_text("Compare the fingerprint first", selector="[data-test=accept-problem]")
    options.click("[data-test=accept-compared]")
    options.click("[data-test=accept-go]")
    decision = options.wait_for_text(SAM, selector="[data-test=decision]", timeout_seconds=30)
    assert "Only this certificate" in decision

    page.goto(letter)
    assert settled_state(open_letter(extension, page)) == "verified"
    remove(options, "[data-test=decision] button")
    page.goto(letter)
    assert settled_state(open_letter(extension, page)) == "signed-unverified"


@pytest.mark.thorough
def test_a_removal_stays_asked_about_when_its_list_is_drawn_anew(extension: Extension, rig: Rig) -> None:
    options = extension.open_options()
    show_section(options, "people")
    bob, sam = (f'[data-removal^="people.remove"][data-name="{name}"]' for name in ("bob@example.test", SAM))
    options.click(bob)
    options.choose_files("#person", [rig.folder / "sam.der"])
    options.wait_for_text(SAM, selector="#people", timeout_seconds=30)
    options.wait_for("(button) => document.activeElement.matches(button)", f"{bob}[data-asked=yes]")
    options.click(sam)
    options.wait_for_selector(f"{sam}[data-asked=yes]")
    options.wait_for_selector(f"{bob}[data-asked=no]")
    remove_as_asked(options, sam)
    options.choose_files("#person", [rig.folder / "sam.der"])
    options.wait_for_text(SAM, selector="#people", timeout_seconds=30)
    options.wait_for_selector(f"{sam}[data-asked=no]")
    remove(options, sam)
    options.close()


@pytest.mark.thorough
def test_the_window_says_how_each_reader_stands(extension: Extension, page: Page, site: Site) -> None:
    field = textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test dave@example.test")
    page.goto(site.page_with(field))
    extension.write(page, "#answer", "Hello.").around.click("[data-test=encrypt]")
    window = extension.window()
    look = """() => Object.fromEntries([...document.querySelectorAll("[data-test=reader-state]")].map((state) =>
      [state.closest("li").querySelector(".name").innerText, [state.dataset.readiness, state.innerText.trim()]]))"""
    states = window.js(look)
    assert states["bob@example.test"] == ["ready", "Ready"]
    assert states["carol@example.test"][0] == "soon"
    assert states["dave@example.test"] == ["cannot", "Revoked by its authority"]
    chosen = "() => [...document.querySelectorAll('[data-test=readers] input:checked')].length"
    assert window.js(chosen) == 1
    with window.closing():
        window.click("[data-test=refuse]")


@pytest.mark.thorough
def test_authorities_are_asked_about_proposed_and_ticked_people_only(
    extension: Extension, page: Page, site: Site, tmp_path: Path
) -> None:
    authority = run(create_authority("Asked CA", provider=NATIVE, at=NOW))
    (tmp_path / "ca.der").write_bytes(authority.identity.certificate.der)
    extension.keep(anchors=[tmp_path / "ca.der"])
    with served_list() as (url, lists, paths):
        issued = {}
        for name in ("erin", "frank", "grace"):
            address = f"{name}@asked.test"
            pointers = Details(crl_urls=(url.replace(LIST_PATH, f"/{name}.crl"),))
            issued[name] = run(issue_identity(authority, address, provider=NATIVE, at=NOW, details=pointers))
            file = tmp_path / f"{name}.der"
            file.write_bytes(issued[name].certificate.der)
            extension.keep(people=[file])
        serial_number = issued["frank"].certificate.serial_number
        lists["/frank.crl"] = build_list(authority, [serial_number], provider=NATIVE, at=NOW)
        field = textarea("answer", data_smime="sign encrypt", data_smime_to="erin@asked.test")
        page.goto(site.page_with(field))
        extension.write(page, "#answer", "Hello.").around.click("[data-test=encrypt]")
        window = extension.window(tick_proposed=False)
        assert paths == ["/erin.crl"]
        window.js(TICK, "frank@asked.test")
        # The tick makes the window ask about this certificate. It is revoked, so the window removes the tick.
        window.wait_for(IS_REVOKED, "frank@asked.test", timeout_seconds=30)
        assert window.js(TICKED) == []
        assert paths == ["/erin.crl", "/frank.crl"]
        with window.closing():
            window.click("[data-test=refuse]")


@pytest.mark.thorough
def test_an_organisations_list_is_followed_pinned_and_let_go(
    extension: Extension, page: Page, site: Site, rig: Rig, tmp_path: Path
) -> None:
    options = extension.open_options()
    options.choose_files("#list-file", [publish_list(rig, tmp_path, 2, rig.bob)])
    text = options.wait_for_text("Example Ltd", selector="[data-test=followed]", timeout_seconds=30)
    assert "List number 2, signed by bob@example.test" in text
    show_section(options, "trust")
    options.click("[data-test=followed] summary")
    assert "Partner CA, for @partner.test" in options.text("[data-test=followed]")
    letter = site.page_with(
        textarea("letter", text=rig.signed_by(rig.sam, origin=site.origin), data_smime="decrypt verify")
    )
    page.goto(letter)
    assert settled_state(open_letter(extension, page)) == "verified"

    options.activate()
    options.choose_files("#list-file", [publish_list(rig, tmp_path, 3, rig.carol)])
    options.wait_for_text("signed by someone else", selector="[data-test=list-problem]", timeout_seconds=30)
    options.choose_files("#list-file", [publish_list(rig, tmp_path, 1, rig.bob)])
    options.wait_for_text("number 2 was seen already", selector="[data-test=list-problem]", timeout_seconds=30)
    assert "List number 2" in options.text("[data-test=followed]")

    remove(options, "[data-test=followed] button")
    page.goto(letter)
    assert settled_state(open_letter(extension, page)) == "signed-unverified"


@pytest.mark.thorough
def test_nobody_is_proposed_by_an_address_that_the_path_does_not_count_for(
    extension: Extension, page: Page, site: Site, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = extension.open_options()
    options.choose_files("#list-file", [publish_list(rig, tmp_path, 4, rig.bob)])
    show_section(options, "trust")
    options.wait_for_text("List number 4", selector="[data-test=followed]", timeout_seconds=30)
    options.close()
    # The partner's authority can write any name into a certificate, but it is trusted only for its own domain.
    own = build_subject_alt_name(("eve@partner.test", "erin@example.test"))
    monkeypatch.setattr(demo_ca, "build_subject_alt_name", lambda _: own)
    eve = run(issue_identity(rig.partner_authority, "eve@partner.test", provider=NATIVE, at=NOW))
    (tmp_path / "eve.der").write_bytes(eve.certificate.der)
    extension.keep(people=[tmp_path / "eve.der"])

    def ask(proposed: str) -> Page:
        page.goto(site.page_with(textarea("answer", data_smime="encrypt", data_smime_to=proposed)))
        extension.write(page, "#answer", "Hello.").around.click("[data-test=encrypt]")
        return extension.window(tick_proposed=False)

    # The person chooses Eve as a reader on this site.
    window = ask("eve@partner.test")
    window.js(TICK, "eve@partner.test")
    with window.closing():
        window.click("[data-test=agree]")
    extension.wait_until_window_is_gone()
    window = ask("erin@example.test")
    assert window.js(TICKED) == []
    assert window.js("() => document.querySelectorAll('[data-test=proposed]').length") == 0
    assert "you have no certificate of this person" in window.text("[data-test=readers]")
    with window.closing():
        window.click("[data-test=refuse]")
