"""The vault when something goes wrong: a Worker that dies, memory that runs out, a message that is too large."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smime_core import blocking
from smime_core.cms.recipients.keys import Keys
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.people import person
from tests.support.vault.page import AT, PROVIDER, SEAL_KEY, TRUST, OpenPage, b64, call, octets_of, trusting
from wasm_build.vault.python.sealed import seal_identity

IN_PAGE = page_scripts("vault/faults.js")

pytestmark = pytest.mark.browser

# Hooks that make a Worker fail before it answers its first request, each in a different way.
KILLERS = {
    "python-memory": IN_PAGE["fillMemory"],
    "array-buffer": "() => { new ArrayBuffer(2 ** 52); }",
    "linear-memory": "({ memory }) => { memory.grow(2 ** 16); }",
    "aborted-runtime": "({ pyodide }) => pyodide.runPython('import os; os.abort()')",
    "deep-stack": "() => { const dig = () => 1 + dig(); dig(); }",
    "thrown-later": "() => new Promise(() => setTimeout(() => { throw new Error('a crash'); }))",
    "closed": "() => { self.close(); return new Promise(() => {}); }",
}
CODES = dict.fromkeys(("python-memory", "array-buffer", "linear-memory"), "out-of-memory")


def killing(way: str) -> str:
    module = "/source/wasm_build/vault/worker/worker_core.js"
    return f'import {{ serve }} from "{module}";\nserve(self, {{ beforeRequest: {KILLERS[way]} }});'


@pytest.mark.thorough(after=3)
@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=pytest.mark.thorough) if way == "python-memory" else way for way in KILLERS]
)
def test_whatever_kills_a_worker_becomes_an_error_and_the_next_request_works(
    open_vault_page: OpenPage, browser: Browser, way: str
) -> None:
    browser.expect_error("fatal error|cause|a crash|unreachable|[Ss]tack")
    page = open_vault_page(killing(way))
    args = {"cms": b64(b"?"), **TRUST}
    assert call(page, "bytes.verify", args)["error"]["code"] == CODES.get(way, "vault-crashed")
    assert call(page, "bytes.verify", args)["error"]["code"] == "malformed-message"


BATCH = IN_PAGE["runBatch"]


def test_a_batch_answers_in_order_past_errors_and_cleans_up_once(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    bob = person("bob")
    encrypting = [
        {"verb": "bytes.encrypt", "args": {"content": b64(content), "recipients": [b64(bob.certificate.der)]}}
        for content in (b"first", b"last")
    ]
    malformed = {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}}
    unknown = {"verb": "bytes.forge", "args": {}}
    first, *failed, last = page.js(BATCH, [encrypting[0], malformed, unknown, encrypting[1]], {})
    assert [outcome["error"]["code"] for outcome in failed] == ["malformed-message", "bad-request"]
    for outcome, content in ((first, b"first"), (last, b"last")):
        opened = blocking.decrypt_bytes(octets_of(outcome["ok"]["cms"]), Keys(identities=[bob]), provider=PROVIDER)
        assert opened.content == content
    page.wait_for("() => window.cleanups.length > 0")
    assert page.js("() => window.cleanups.length") == 1
    assert page.js("() => vault.lastCleanup.bytesZeroed === window.cleanups[0].bytesZeroed")


def test_a_batch_goes_on_in_another_worker_when_one_dies(open_vault_page: OpenPage) -> None:
    page = open_vault_page(killing("closed"))
    request = {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}}
    codes = [outcome["error"]["code"] for outcome in page.js(BATCH, [request] * 3, {})]
    assert codes == ["vault-crashed", "malformed-message", "malformed-message"]


def test_leaving_a_batch_stops_its_work(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    stopped = IN_PAGE["stopped"]
    # The requests that were not begun still have their buffers.
    assert page.js(stopped, {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}}) > 40
    page.wait_for("() => window.cleanups.length === 1")


# Requests that a browser cannot send to a Worker: their buffers are taken already, or they are no plain objects.
UNSENDABLE = {
    "taken": "(args) => { structuredClone(args.content, { transfer: [args.content] }); return args; }",
    "proxy": "(args) => new Proxy(args, {})",
    "changed": "(args) => { setTimeout(() => { args.content = () => {}; }); return args; }",
}


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("way", UNSENDABLE)
def test_a_request_that_cannot_be_sent_costs_no_worker(open_vault_page: OpenPage, way: str) -> None:
    page = open_vault_page(options={"device": {"deviceMemory": 4}})
    args = {"content": b64(b"content"), "recipients": [b64(person("bob").certificate.der)]}
    script = """async (args) => {
      const given = (WAY)(window.wake(args));
      // A request that waits for its Worker is sent later than it was checked.
      const others = Array.from({ length: 2 }, () => window.call("bytes.encrypt", args));
      const refused = await vault.call("bytes.encrypt", given).catch(({ code }) => code);
      return [refused, ...(await Promise.all(others)).map(({ ok }) => Boolean(ok))];
    }""".replace("WAY", UNSENDABLE[way])
    assert page.js(script, args) == ["bad-request", True, True]
    # A Worker that nobody gave back would go on for ever.
    page.js("() => vault.retire()")
    page.wait_for("() => window.cleanups.length >= window.workers")
    assert "ok" in call(page, "bytes.encrypt", args)


@pytest.mark.thorough
def test_a_batch_whose_requests_share_a_buffer_leaves_its_worker(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    shared = IN_PAGE["sharedInPage"]
    args = {"content": b64(b"content"), "recipients": [b64(person("bob").certificate.der)]}
    assert page.js(shared, args) == ["ok", "bad-request", "ok"]
    page.wait_for("() => window.cleanups.length === 1")
    assert page.js("() => window.workers") == 1


@pytest.mark.thorough
def test_a_stream_that_cannot_be_sent_lets_its_input_go(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    refused = IN_PAGE["sendUnsendableStream"]
    args = {"form": "cms", "recipients": [b64(person("bob").certificate.der)]}
    assert page.js(refused, args) == ["bad-request", "bad-request"]
    page.wait_for("() => window.cancelled && window.cleanups.length === 1")


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("options", ["{ signal: new AbortController() }", "{ deadlineSeconds: 1n }"])
def test_options_of_a_wrong_kind_are_refused_before_a_worker_is_lent(open_vault_page: OpenPage, options: str) -> None:
    page = open_vault_page()
    refused = """async (verb, args) => {
      const options = { input: new Blob(["content"]), ...OPTIONS };
      const streamed = { form: "cms", recipients: window.wake(args).recipients };
      const { reply } = vault.stream("stream.encrypt", streamed, options);
      const calls = [vault.call(verb, window.wake(args), options), vault.batch([], options).next(), reply];
      return Promise.all(calls.map((one) => one.catch(({ code }) => code)));
    }""".replace("OPTIONS", options)
    args = {"content": b64(b"content"), "recipients": [b64(person("bob").certificate.der)]}
    assert page.js(refused, "bytes.encrypt", args) == ["bad-request"] * 3
    assert "ok" in call(page, "bytes.encrypt", args)
    page.wait_for("() => window.cleanups.length === 1")
    assert page.js("() => window.workers") == 1


@pytest.mark.thorough
def test_a_view_is_no_secret(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    refused = IN_PAGE["sendPartOfABuffer"]
    code, message = page.js(refused)
    assert code == "bad-request"
    assert "passphrase: expected secret" in message


@pytest.mark.thorough
def test_a_batch_that_was_aborted_before_starts_no_worker(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    aborted = IN_PAGE["aborted"]
    request = {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}}
    workers = page.js("() => window.workers")
    assert page.js(aborted, request) == ["vault-aborted"] * 20
    assert page.js("() => window.workers") == workers


@pytest.mark.thorough
def test_a_list_with_holes_is_refused(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    refused = IN_PAGE["sendListsWithHoles"]
    assert page.js(refused) == [f"bytes.encrypt.recipients[{hole}]: expected bytes" for hole in (0, 1, 0)]


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize(
    "response",
    [
        "{ bundle: { $buffer: 0 } }",
        "(() => { const cyclic = {}; cyclic.again = { cyclic }; return cyclic; })()",
        "JSON.parse('['.repeat(5000) + ']'.repeat(5000))",
        "{ bundle: [new ArrayBuffer(1)] }",
    ],
)
def test_data_of_a_server_that_are_not_plain_are_refused(open_vault_page: OpenPage, response: str) -> None:
    """`{$buffer: 0}` is the mark of the first binary value of the request, for example the passphrase."""
    page = open_vault_page()
    refused = """() => {
      const step = { state: new ArrayBuffer(32), step: 1, sealKey: window.wake({ secret: "" }) };
      const refused = vault.call("roaming.answer", { user: "a@b.test", told: RESPONSE, ...step });
      return refused.catch(({ code, message }) => [code, message]);
    }""".replace("RESPONSE", response)
    assert page.js(refused) == ["bad-request", "roaming.answer.told: expected json"]


@pytest.mark.thorough
def test_a_request_of_a_batch_that_is_none_is_refused_alone(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    outcomes = IN_PAGE["outcomes"]
    args = {"content": b64(b"content"), "recipients": [b64(person("bob").certificate.der)]}
    assert page.js(outcomes, args) == ["bad-request", "bad-request", "ok"]


@pytest.mark.thorough
def test_a_stream_that_gets_no_worker_cancels_its_input(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    refused = IN_PAGE["streamAfterTheEnd"]
    assert page.js(refused, [b64(person("bob").certificate.der)]) == "vault-closed"


def test_a_message_above_the_limit_is_refused_with_the_limit_named(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    refused = IN_PAGE["sendTooManyBytes"]
    code, message, left = page.js(refused, TRUST)
    assert code == "message-too-large"
    assert "135 MB" in message
    assert "vault.stream" in message
    assert left == 134_217_729


@pytest.mark.thorough
def test_progress_is_told_from_a_megabyte_on(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    followed = IN_PAGE["followed"]
    recipient = b64(person("bob").certificate.der)
    taken, encrypted = page.js(followed, 3_000_000, recipient)
    assert taken[0] >= 3_000_000
    assert encrypted[0] >= 6_000_000
    assert page.js(followed, 900_000, recipient) == []


# Sends requests to the Worker without the page's own check, as a page would that was altered.
ASK_THE_WORKER = IN_PAGE["askTheWorker"]
JUNK: list[dict[str, Any]] = [
    {"verb": "bytes.forge", "args": {}},
    {"verb": "constructor", "args": {}},
    {"verb": None, "args": {}},
    {"verb": "bytes.verify", "args": None},
    {"verb": "bytes.verify", "args": []},
    {"verb": "bytes.verify", "args": {"cms": b64(b"?")}},
    {"verb": "bytes.verify", "args": {"cms": "text", **TRUST}},
    {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST, "further": 1}},
    {"verb": "bytes.decrypt", "args": {"cms": b64(b"?"), "identities": [], "sealKey": {"length": 32}}},
    {"verb": "stream.sign", "args": {}},
    {"verb": "stream.verify", "args": {"form": "cms", **TRUST}, "stream": {}},
    {"verb": "stream.verify", "args": {"form": "cms", **TRUST}, "stream": {"input": {"source": 1, "size": 1}}},
    {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}, "stream": {}},
]


def test_the_worker_refuses_what_the_page_would_not_have_sent(open_vault_page: OpenPage) -> None:
    # A page can create the policy for its scripts only once, so its own vault must use the source modules too.
    page = open_vault_page(options={"module": "/source/wasm_build/vault/owner/vault.js"})
    honest = {"verb": "bytes.verify", "args": {"cms": b64(b"?"), **TRUST}}
    codes = page.js(ASK_THE_WORKER, [*JUNK, honest])
    assert codes == ["bad-request"] * len(JUNK) + ["malformed-message"]


LARGEST = IN_PAGE["largest"]


@pytest.mark.thorough
def test_the_largest_requests_pass(open_vault_page: OpenPage) -> None:
    page = open_vault_page()
    bob = person("bob")
    keys = {"identities": [b64(blocking.run(seal_identity(bob, bytes(range(32)), provider=PROVIDER)))]}
    opening = {**keys, "sealKey": SEAL_KEY}
    encrypting = {"recipients": [b64(bob.certificate.der)], "cipher": "gcm"}
    arguments = [encrypting, opening, {**opening, "at": AT}, trusting()]
    page.js(f"() => void ({LARGEST})(...{json.dumps(arguments)}).then((it) => (window.passed = it))")
    assert page.wait_for("() => window.passed", timeout_seconds=120) == [128_000_000, "verified", 128_000_000]
