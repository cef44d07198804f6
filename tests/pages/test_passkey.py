"""Unlocking by the device: the secret of a passkey decrypts the keys, which the browser stores only as ciphertext."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.authenticator import Authenticator
from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.databases import WALK
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/passkey.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

BASE_PORT = 8560
# Collects each secret that the authenticator gives to the page, in its buffer and as a copy. The buffer shows whether
# the page overwrites the secret.
BEFORE_THE_PAGE = IN_PAGE["beforeThePage"]

# The number of passkeys that the browser keeps. Its other records, such as the key server's, stay.
KEPT_PASSKEYS = IN_PAGE["keptPasskeys"]


@pytest.fixture(scope="module")
def named_stack(pages_with_sources: Path) -> Iterator[DemoStack]:
    """The demonstration at `localhost`, because passkeys need a host name and not an IP address."""
    with DemoStack(base_port=BASE_PORT, host_name="localhost", pages_folder=pages_with_sources) as stack:
        yield stack


@pytest.fixture(params=["chromium"])
def browser(request: pytest.FixtureRequest) -> Browser:
    """Chromium, which can simulate a device. A test without a device can choose Firefox by its parameters."""
    chosen: Browser = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def alice(browser: Browser, named_stack: DemoStack) -> Iterator[MailPages]:
    """Alice at the sign-in page."""
    pages = MailPages(browser, "about:blank", named_stack.accounts[0])
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[pages.page.context]
    )["script"]
    pages.page.goto(named_stack.pages_url)
    yield pages
    browser.bidi.command("script.removePreloadScript", script=script)
    pages.page.js("() => { indexedDB.deleteDatabase('sealwax'); }")
    pages.close()


@pytest.fixture
def device(alice: MailPages) -> Iterator[Authenticator]:
    """A simulated device that accepts its user."""
    assert isinstance(alice.page.browser, Chromium)
    device = Authenticator(alice.page.browser, alice.page)
    yield device
    device.close()


def show_keys(pages: MailPages) -> None:
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(f"{named('keys-view')}, {named('section-keys')}")


def use_device(pages: MailPages) -> None:
    """Sign in, unlock by the passphrase, and choose the device from now on."""
    pages.enter()
    show_keys(pages)
    pages.page.click(named("passkey-choice"))
    pages.page.wait_for_text(
        "This device opens your keys", selector=named("passkey"), timeout_seconds=OPERATION_SECONDS
    )


def wait_until_gone(pages: MailPages) -> None:
    gone = "(offer) => document.querySelector(offer) === null"
    pages.page.wait_for(gone, named("passkey-offer"), timeout_seconds=OPERATION_SECONDS)


def offers(pages: MailPages) -> int:
    """How many offers of the device are shown once the browser has said whether there is a device."""
    pages.page.js("async () => (await import('/source/wasm_build/vault/owner/passkey.js')).hasPasskeys()")
    count: int = pages.page.js("(offer) => document.querySelectorAll(offer).length", named("passkey-offer"))
    return count


@pytest.mark.thorough
def test_the_device_opens_the_keys_and_what_it_gave_is_kept_nowhere(
    alice: MailPages, device: Authenticator, named_stack: DemoStack
) -> None:
    use_device(alice)
    alice.page.click(named("lock"))
    alice.page.click(named("passkey-unlock"))
    alice.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    alice.open_message(named_stack.mail_server.messages(alice.account.address)[0].uid)
    assert alice.state == "verified"
    outputs = alice.page.js(
        "() => outputs.map(({ buffer, octets }) => [octets, new Uint8Array(buffer).some((one) => one)])"
    )
    assert outputs
    assert all(len(octets) == 32 for octets, _ in outputs)
    assert not any(is_left for _, is_left in outputs)
    walked = alice.page.js(WALK, [octets for octets, _ in outputs])
    assert walked["records"] >= 1
    assert (walked["keys"], walked["found"]) == (0, 0)


@pytest.mark.thorough
def test_the_device_opens_the_keys_in_a_new_page_too(
    alice: MailPages, device: Authenticator, named_stack: DemoStack
) -> None:
    use_device(alice)
    alice.page.reload()
    show_keys(alice)
    alice.page.click(named("passkey-unlock"))
    alice.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_a_person_who_refuses_the_device_is_told_what_to_do(alice: MailPages, device: Authenticator) -> None:
    use_device(alice)
    alice.page.click(named("lock"))
    # The next call fails with the browser's error for a refusal, a closed dialogue and an unknown finger.
    alice.page.js(IN_PAGE["aPersonWhoRefusesTheDeviceIsToldWhatToDo"])
    alice.page.click(named("passkey-unlock"))
    alice.page.wait_for_text("did not finish", selector=named("passkey-error"), timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("passkey-unlock"))
    alice.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_an_altered_bundle_is_refused_in_words(alice: MailPages, device: Authenticator) -> None:
    use_device(alice)
    alice.page.js(IN_PAGE["anAlteredBundleIsRefusedInWords"])
    alice.page.click(named("lock"))
    alice.page.click(named("passkey-unlock"))
    alice.page.wait_for_text(
        "does not open these keys", selector=named("passkey-error"), timeout_seconds=OPERATION_SECONDS
    )
    alice.unlock()
    alice.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_the_choice_is_taken_back(alice: MailPages, device: Authenticator) -> None:
    use_device(alice)
    assert len(device.credentials()) == 1
    assert alice.page.js(KEPT_PASSKEYS) == 1
    alice.page.click(named("passkey-choice"))
    alice.page.wait_for_text("instead of the passphrase", selector=named("passkey"))
    assert alice.page.js(KEPT_PASSKEYS) == 0
    alice.page.click(named("lock"))
    alice.page.wait_for_selector(named("unlock-form"))
    assert not alice.page.js(f"() => document.querySelector('{named('passkey-unlock')}').getClientRects().length")


@pytest.mark.thorough
def test_on_a_computer_of_somebody_else_the_device_is_not_offered(alice: MailPages, device: Authenticator) -> None:
    alice.page.click(named("foreign-computer"))
    alice.enter()
    show_keys(alice)
    alice.page.wait_for_selector(named("identities"))
    alice.page.js("async () => (await import('/source/wasm_build/vault/owner/passkey.js')).hasPasskeys()")
    assert not alice.page.js(f"() => document.querySelector('{named('passkey')}').getClientRects().length")
    assert alice.page.js("async () => (await indexedDB.databases()).length") == 0


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
@pytest.mark.thorough
def test_a_browser_without_such_a_device_offers_nothing(alice: MailPages) -> None:
    alice.enter()
    show_keys(alice)
    alice.page.wait_for_selector(named("identities"))
    assert (
        alice.page.js("async () => (await import('/source/wasm_build/vault/owner/passkey.js')).hasPasskeys()") is False
    )
    assert not alice.page.js(f"() => document.querySelector('{named('passkey')}').getClientRects().length")


def test_the_device_is_offered_after_the_first_passphrase_and_opens_the_keys(
    alice: MailPages, device: Authenticator
) -> None:
    alice.enter()
    alice.page.wait_for_text("Unlock with this device", selector=named("passkey-offer"))
    alice.page.click(named("passkey-accept"))
    wait_until_gone(alice)
    assert len(device.credentials()) == 1
    alice.page.click(named("lock"))
    alice.page.click(named("passkey-unlock"))
    alice.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    # The device has unlocked the keys, so there is nothing to offer.
    assert offers(alice) == 0


@pytest.mark.thorough
def test_the_offer_that_was_declined_does_not_come_again(alice: MailPages, device: Authenticator) -> None:
    alice.enter()
    alice.page.click(named("passkey-decline"))
    wait_until_gone(alice)
    alice.page.click(named("lock"))
    alice.unlock()
    alice.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    assert offers(alice) == 0
    assert device.credentials() == []
    # The choice in the view of the keys stays.
    show_keys(alice)
    alice.page.wait_for_selector(named("passkey-choice"))


@pytest.mark.thorough
def test_the_view_of_the_keys_offers_the_device_once(alice: MailPages, device: Authenticator) -> None:
    alice.enter()
    alice.page.wait_for_selector(named("passkey-offer"))
    show_keys(alice)
    alice.page.wait_for("(choice) => document.querySelector(choice).checkVisibility()", named("passkey-choice"))
    assert alice.page.js("(offer) => document.querySelector(offer).checkVisibility()", named("passkey-offer")) is False
    alice.page.click(named("passkey-choice"))
    wait_until_gone(alice)
    assert len(device.credentials()) == 1


@pytest.mark.thorough
def test_a_refused_offer_says_so_and_stays(alice: MailPages, device: Authenticator) -> None:
    alice.enter()
    alice.page.wait_for_selector(named("passkey-offer"))
    alice.page.js(IN_PAGE["aRefusedOfferSaysSoAndStays"])
    alice.page.click(named("passkey-accept"))
    alice.page.wait_for_text("did not finish", selector=named("passkey-offer-error"), timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("passkey-accept"))
    wait_until_gone(alice)
    assert len(device.credentials()) == 1


@pytest.mark.thorough
def test_on_a_computer_of_somebody_else_nothing_is_offered(alice: MailPages, device: Authenticator) -> None:
    alice.page.click(named("foreign-computer"))
    alice.enter()
    assert offers(alice) == 0
