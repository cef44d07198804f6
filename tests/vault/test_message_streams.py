"""Messages as streams through the vault: whole, delayed, stopped, altered and too large."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smime_core import blocking
from smime_core.cms.recipients.keys import Keys
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.trust.judging import Judging
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.browser.webkit import skip_in_webkit
from tests.support.people import NOW, person, trust
from tests.support.vault.page import AT, PROVIDER, SEAL_KEY, OpenPage, b64, octets_of, trusting
from wasm_build.vault.python.sealed import seal_identity

IN_PAGE = page_scripts("vault/message_streams.js")

pytestmark = pytest.mark.browser

MEGABYTE = 1_000_000
HEAD = "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: large\r\nContent-Type: text/plain\r\n\r\n"

# Runs a verb over the output of the last stream, or if there is none over `size` bytes that the page makes. Compares
# the output with the bytes that `expect` describes, or keeps it for the next stream if `expect` is empty.
STREAM = IN_PAGE["streamInPage"]


def keys_of(identity: Identity) -> dict[str, Any]:
    encrypted = blocking.run(seal_identity(identity, bytes(range(32)), provider=PROVIDER))
    return {"identities": [b64(encrypted)], "sealKey": SEAL_KEY}


def stream(page: Page, verb: str, args: dict[str, Any], **options: Any) -> Any:
    done = page.js(STREAM, verb, args, options)
    assert "error" not in done, done
    return done


def kept(page: Page) -> bytes:
    """The output of the last stream."""
    whole = "async () => window.still(await new Blob(window.kept).arrayBuffer())"
    return octets_of(page.js(whole))


@pytest.mark.parametrize("cipher", [pytest.param("cbc", marks=pytest.mark.thorough), "gcm"])
@pytest.mark.parametrize("form", [pytest.param("cms", marks=pytest.mark.thorough), "mail"])
def test_twenty_megabytes_are_encrypted_and_opened(open_vault_page: OpenPage, form: str, cipher: str) -> None:
    page = open_vault_page()
    give = {"head": HEAD, "lines": True} if form == "mail" else {}
    bob = person("bob")
    recipients = [b64(bob.certificate.der)]
    encrypting = {"form": form, "recipients": recipients, "cipher": cipher}
    stream(page, "stream.encrypt", encrypting, size=20 * MEGABYTE, give=give)
    opened = stream(page, "stream.decrypt", {"form": form, **keys_of(bob)}, expect={"size": 20 * MEGABYTE, **give})
    assert opened["equal"]
    assert opened["told"][-1]["done"] > 20 * MEGABYTE


@pytest.mark.parametrize(("form", "detached"), [("cms", False), ("mail", False), ("mail", True)])
@pytest.mark.thorough
def test_twenty_megabytes_are_signed_and_verified(open_vault_page: OpenPage, form: str, detached: bool) -> None:
    page = open_vault_page()
    give = {"head": HEAD, "lines": True} if form == "mail" else {}
    signing = {"form": form, **keys_of(person("alice")), "at": AT, "detached": detached}
    stream(page, "stream.sign", signing, size=20 * MEGABYTE, give=give)
    verified = stream(page, "stream.verify", {"form": form, **trusting()}, expect={"size": 20 * MEGABYTE, **give})
    assert verified["ok"]["report"]["state"] == "verified"
    assert verified["equal"]


@pytest.mark.thorough
def test_a_reader_that_brings_its_own_buffer_gets_every_octet(open_vault_page: OpenPage, browser: Browser) -> None:
    skip_in_webkit(browser, "WebKitGTK 2.50 has no streams of bytes")
    page = open_vault_page()
    signing = {"form": "cms", **keys_of(person("alice")), "at": AT, "detached": False}
    stream(page, "stream.sign", signing, size=3 * MEGABYTE)
    read = IN_PAGE["readInPage"]
    # The chunks of the Worker have another size than these buffers. The smaller buffer gets a part of a chunk; a chunk
    # does not fill the larger one.
    for room in (700_001, 2_000_003):
        assert page.js(read, {"form": "cms", **trusting()}, room) == [3 * MEGABYTE, True]


@pytest.mark.thorough
@pytest.mark.parametrize("ending", ["a part", "a chunk on its way"])
def test_output_that_nobody_reads_is_overwritten(open_vault_page: OpenPage, ending: str, browser: Browser) -> None:
    skip_in_webkit(browser, "WebKitGTK has no streams of bytes, so no chunk is handed out in parts")
    page = open_vault_page()
    left = IN_PAGE["left"]
    args = {"form": "cms", "recipients": [b64(person("bob").certificate.der)]}
    assert page.js(left, args, ending) == [[True, False]]


def test_a_detached_signature_covers_what_streams_beside_it(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    signing = {"form": "cms", **keys_of(person("alice")), "at": AT, "detached": True}
    stream(page, "stream.sign", signing, size=3 * MEGABYTE)
    judge = IN_PAGE["judge"]
    verifying = {"form": "cms", **trusting()}
    assert page.js(judge, verifying, 3 * MEGABYTE) == ["verified", True]
    assert page.js(judge, verifying, 3 * MEGABYTE - 1) == ["invalid", True]


def test_the_native_core_reads_what_a_stream_makes(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    bob, alice = person("bob", NewKey.P256), person("alice")
    # This size is no multiple of a block or chunk, because faults in streams are likely at the ends of these.
    size = 2 * MEGABYTE + 4_321
    for cipher in ("cbc", "gcm"):
        encrypting = {"form": "cms", "recipients": [b64(bob.certificate.der)], "cipher": cipher}
        stream(page, "stream.encrypt", encrypting, size=size, sized=False)
        assert len(blocking.decrypt_bytes(kept(page), Keys(identities=[bob]), provider=PROVIDER).content) == size
        page.js("() => void (window.kept = null)")
    signing = {"form": "mail", **keys_of(alice), "at": AT}
    stream(page, "stream.sign", signing, size=size, give={"head": HEAD, "lines": True}, sized=False)
    report = blocking.examine_message(kept(page), Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    assert report.state == "verified"


HOLDING_BACK = IN_PAGE["holdingBack"]


@pytest.mark.parametrize("verb", ["stream.sign", "stream.encrypt"])
@pytest.mark.thorough
def test_work_goes_on_before_the_second_half_has_come(open_vault_page: OpenPage, verb: str) -> None:
    page = open_vault_page()
    args = {
        "stream.sign": {"form": "cms", **keys_of(person("alice")), "at": AT},
        "stream.encrypt": {"form": "cms", "recipients": [b64(person("bob").certificate.der)]},
    }[verb]
    assert page.js(HOLDING_BACK, verb, args, 8 * MEGABYTE) > 8 * MEGABYTE


HOLDING_BACK_KEPT = IN_PAGE["holdingBackKept"]


@pytest.mark.parametrize("verb", ["stream.verify", "stream.decrypt"])
@pytest.mark.thorough
def test_a_message_is_worked_on_while_it_downloads(open_vault_page: OpenPage, verb: str) -> None:
    page = open_vault_page()
    bob = person("bob")
    if verb == "stream.decrypt":
        making: dict[str, Any] = {"form": "cms", "recipients": [b64(bob.certificate.der)]}
        stream(page, "stream.encrypt", making, size=8 * MEGABYTE)
        args = {"form": "cms", **keys_of(bob)}
    else:
        making = {"form": "cms", **keys_of(bob), "at": AT}
        stream(page, "stream.sign", making, size=8 * MEGABYTE)
        args = {"form": "cms", **trusting()}
    assert page.js(HOLDING_BACK_KEPT, verb, args) == 8 * MEGABYTE


@pytest.mark.thorough
def test_chunks_are_taken_away_and_only_those(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    script = IN_PAGE["given"]
    recipients = [b64(person("bob").certificate.der)]
    assert page.js(script, {"form": "cms", "recipients": recipients}) == [0, 1000, True]


REFUSED = IN_PAGE["refused"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("announced", "message-too-large"),
        ("chunk", "message-too-large"),
        ("longer", "bad-request"),
        ("shorter", "bad-request"),
        ("failing", "input-failed"),
        ("strings", "bad-request"),
        ("nothing", "bad-request"),
    ],
)
@pytest.mark.thorough
def test_an_input_that_cannot_be_taken_is_refused(open_vault_page: OpenPage, kind: str, code: str) -> None:
    page = open_vault_page()
    signing = {"form": "cms", **keys_of(person("alice")), "at": AT, "detached": True}
    refused = page.js(REFUSED, "stream.sign", signing, kind)
    assert refused["code"] == code, refused
    if kind == "announced":
        # The vault read nothing. Only the stream itself fetched its first chunk, as every ReadableStream does.
        assert "537 MB" in refused["message"]
        assert page.js("() => !window.log.cancelled && window.cleanups.length === 0")
    if kind in ("chunk", "longer", "strings"):
        page.wait_for("() => window.log.cancelled && window.cleanups.length === 1")


ALTER = IN_PAGE["alter"]


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
def test_nothing_of_an_altered_message_comes_out(open_vault_page: OpenPage, cipher: str) -> None:
    page = open_vault_page()
    bob = person("bob")
    encrypting = {"form": "cms", "recipients": [b64(bob.certificate.der)], "cipher": cipher}
    stream(page, "stream.encrypt", encrypting, size=3 * MEGABYTE)
    # In CBC, a change at the end of the block before the last changes the length of the padding, under any key. In GCM
    # any byte will do.
    page.js(ALTER, 17 if cipher == "cbc" else 1_000_000)
    done = page.js(STREAM, "stream.decrypt", {"form": "cms", **keys_of(bob)}, {})
    assert done["error"]["code"] == "decryption-error"


# A Worker that reports whether its linear memory is all zeros after the fill.
WATCHED_WORKER = page_program("vault/watched_worker.js")
LISTEN = """() => {
  window.channel = new BroadcastChannel("sealwax test");
  window.channel.onmessage = ({ data }) => (window.filled = data);
}"""
# Encrypts a stream whose second half never arrives.
STUCK = IN_PAGE["stuckInPage"]


def begin_stuck(page: Page, **options: Any) -> None:
    """Begin to encrypt a stream that never ends, and listen to the Worker's report on its memory."""
    page.js(LISTEN)
    page.js(STUCK, {"form": "cms", "recipients": [b64(person("bob").certificate.der)]}, options)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("() => void window.stuck.output.cancel()", "vault-aborted"),
        ("() => window.abort.abort()", "vault-aborted"),
        ("() => undefined", "vault-timeout"),
        ("() => vault.close()", "vault-closed"),
    ],
    ids=["reader", "signal", "deadline", "lock"],
)
def test_a_stream_that_is_broken_off_is_cleaned_up(open_vault_page: OpenPage, end: str, code: str) -> None:
    page = open_vault_page(WATCHED_WORKER)
    begin_stuck(page, **({"deadlineSeconds": 5} if code == "vault-timeout" else {}))
    page.js(end)
    if "output" in end:
        # The caller has cancelled the output, and so gets no error from it.
        page.wait_for("() => window.filled")
    else:
        assert page.wait_for("() => window.stuck.output.getReader().closed.catch((error) => error.code)") == code
    filled = page.wait_for("() => window.filled")
    assert filled["empty"]
    assert filled["bytes"] > 30_000_000
    page.wait_for("() => window.log.cancelled")


def test_leaving_the_page_leaves_nothing_in_the_worker(open_vault_page: OpenPage, browser: Browser) -> None:
    skip_in_webkit(browser, "in WebKitGTK no overwriting is seen (docs/vault.md, Failures)")
    if browser.name == "firefox":
        pytest.skip("in Firefox no overwriting is seen (docs/vault.md, Failures)")
    observer, page = open_vault_page(), open_vault_page(WATCHED_WORKER)
    observer.js(LISTEN)
    begin_stuck(page)
    page.goto("about:blank")
    filled = observer.wait_for("() => window.filled")
    assert filled["empty"]
    page.goto(observer.url)
    page.wait_for("() => window.opened === true", timeout_seconds=60)


LARGE = 200 * MEGABYTE
# Writes a message as one stream and reads it as another. The page compares the result and does not keep it.
THERE_AND_BACK = IN_PAGE["thereAndBack"]


@pytest.mark.thorough
@pytest.mark.parametrize("job", ["sign", "cbc", "gcm"])
def test_two_hundred_megabytes_pass(open_vault_page: OpenPage, job: str) -> None:
    page = open_vault_page()
    bob = person("bob")
    if job == "sign":
        make = {"verb": "stream.sign", "args": {"form": "cms", **keys_of(bob), "at": AT}}
        read = {"verb": "stream.verify", "args": {"form": "cms", **trusting()}}
    else:
        encrypting = {"form": "cms", "recipients": [b64(bob.certificate.der)], "cipher": job}
        make = {"verb": "stream.encrypt", "args": encrypting}
        read = {"verb": "stream.decrypt", "args": {"form": "cms", **keys_of(bob)}}
    page.js(f"() => void ({THERE_AND_BACK})(...{json.dumps([make, read, LARGE])}).then((it) => (window.passed = it))")
    equal, state = page.wait_for("() => window.passed", timeout_seconds=300)
    assert equal
    assert state == ("verified" if job == "sign" else None)
