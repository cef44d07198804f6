"""Calls of WebCrypto for which Python did not wait: the cleanup waits for them, or the Worker ends."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smime_core import AES_256_CBC, blocking
from smime_core.cms.recipients.encrypting import Encrypting
from tests.support.people import person
from tests.support.vault.comparing_worker import check_clean, next_report, open_comparing
from tests.support.vault.operations import check, operations, sealed
from tests.support.vault.page import AT, PROVIDER, OpenPage, b64, call

pytestmark = pytest.mark.browser

# Delays the import of private keys after the rehearsal. Reports how many imports run.
LATE_IMPORT: Final = """
const { importKey } = SubtleCrypto.prototype;
let running = 0;
globalThis.extra = () => running;
SubtleCrypto.prototype.importKey = function (format, ...given) {
  const importing = importKey.call(this, format, ...given);
  if (format !== "pkcs8" || !globalThis.hasImage) return importing;
  running++;
  return importing.then(async (key) => {
    await new Promise((resolve) => setTimeout(resolve, MILLISECONDS));
    running--;
    return key;
  });
};
"""
# Delays each decryption by AES-CBC. Reports how many bytes of all results were not overwritten.
LATE_CHUNKS: Final = """
const { decrypt } = SubtleCrypto.prototype;
const results = [];
globalThis.extra = () => {
  // An empty buffer was given back.
  const octets = results.filter(({ byteLength }) => byteLength > 0).map((one) => new Uint8Array(one));
  return [results.length, octets.reduce((count, one) => count + one.filter((octet) => octet !== 0).length, 0)];
};
SubtleCrypto.prototype.decrypt = async function (algorithm, ...given) {
  const result = await decrypt.call(this, algorithm, ...given);
  if (algorithm.name !== "AES-CBC") return result;
  results.push(result);
  await new Promise((resolve) => setTimeout(resolve, 200));
  return result;
};
"""
STREAM: Final = """async (args, input) => {
  const blob = new Blob([window.wake(input)]);
  const { output, reply } = vault.stream("stream.decrypt", window.wake(args), { input: blob });
  return reply.then(() => new Response(output).arrayBuffer()).then(() => "answered", ({ code }) => code);
}"""
HAS_IMAGE: Final = "() => { globalThis.hasImage = true; }"


def refused_after_an_import_began() -> dict[str, Any]:
    """A request for which the import of the signer's key begins, before its text is refused."""
    recipients = [b64(person("bob").certificate.der)]
    writing = {"text": b64(b"\xff"), "origin": "https://one.example", "sign": True, **sealed(person("alice"))}
    return {**writing, "recipients": recipients, "at": AT}


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("milliseconds", [300, 60_000])
def test_no_key_arrives_after_the_rewind(open_vault_page: OpenPage, milliseconds: int) -> None:
    prelude = LATE_IMPORT.replace("MILLISECONDS", str(milliseconds))
    page = open_comparing(open_vault_page, prelude=prelude, before_request=HAS_IMAGE)
    outcome = call(page, "field.encrypt", refused_after_an_import_began())
    assert outcome["error"]["code"] == "malformed-message"
    report = next_report(page)
    # A Worker that waits has no import running. It may end too, because a late key is collected late.
    assert report["ended"] or report["extra"] == 0
    assert report["ended"] or milliseconds < 1000
    check_clean(report, ended=report["ended"])
    verb, args, member = operations()[1]
    check(call(page, verb, args), member)


def test_a_chunk_that_is_decrypted_when_a_stream_fails_is_overwritten(open_vault_page: OpenPage) -> None:
    page = open_comparing(open_vault_page, prelude=LATE_CHUNKS)
    bob = person("bob")
    encrypting = Encrypting(recipients=[bob.certificate], cipher=AES_256_CBC)
    cms = blocking.encrypt_bytes(b"A word " * 400_000, encrypting, provider=PROVIDER)
    args = {"form": "cms", **sealed(bob)}
    assert page.js(STREAM, args, b64(cms[:-300_000])) not in ("answered", "bad-request")
    report = next_report(page)
    check_clean(report, ended=True)
    count, left = report["extra"]
    assert count >= 2
    assert left == 0
