"""A separate browser with a page that uses the vault by the bridge's key ring, and the search for secrets in memory.

The browser gets no secret in clear, so that neither the driver's messages nor the page's sources contain one. The
passphrase is typed key by key. The other secrets are decrypted in the page, or derived there from a small number.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import secrets
import string
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from smime_core.algorithms import AES_256_CBC, ContentCipher, Kdf
from smime_core.blocking import encrypt_bytes, encrypt_message, run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.identity.identity import Identity, export_identity
from smime_core.mail import ProtectionMode
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser, Chromium, Firefox, Name
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.markers import MARKER_BYTES, Needle, hmac_key_needles, needles_for
from tests.support.browser.residue.private_keys import private_key_needles
from tests.support.browser.residue.processes import (
    Finding,
    count_by_secret,
    process_tree,
    resident_pages,
    scan_processes,
)
from tests.support.people import person
from tests.support.project import ROOT
from tests.support.vault.page import without_worker_pin
from wasm_build.bundle.runtime_files import Pyodide, collect_runtime, pinned_module
from wasm_build.bundle.scripts import PUBLISHED
from wasm_build.bundle.tree import Content, list_folder, read_content

IN_PAGE = page_scripts("support/browser/residue/lab.js")

NATIVE: Final = NativeProvider()
_SCRIPT: Final = "tests/support/browser/residue/page.js"
_WORKER: Final = "tests/support/browser/residue/waiting_worker.js"
_PAGE: Final = b"""<!doctype html>
<link rel=icon href="data:,"><title>Residue</title>
<link rel=stylesheet href="/source/wasm_build/ui/tokens.css">
<link rel=stylesheet href="/source/wasm_build/ui/components.css">
<script type=module src="/source/tests/support/browser/residue/page.js"></script>
"""
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
}
_TEXT_BYTES: Final = 96_000
_SIGNED_BYTES: Final = 100_000
# Each memory page of the plaintext has its own needle. An allocator reuses large blocks page by page, so any page may
# be left.
_PAGE_BYTES: Final = 4_096
_GONE_SECONDS: Final = 20  # the time that a browser gets to collect garbage
_STEP_SECONDS: Final = 60
_CHILDREN_COLLECT: Final = IN_PAGE["childrenCollect"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """One person's secrets, their encrypted forms for the browser, and the needles that must not be found in memory.

    `mail` is an encrypted mail. `words` has what a reader shows of it, which may become strings of JavaScript.
    """

    identity: Identity
    passphrase: str
    p12: bytes
    text: bytes
    cek: bytes
    encrypted: bytes
    seal_key_seed: int
    text_seed: int
    mail: bytes
    needles: list[Needle]
    words: list[Needle]
    # That of a parcel, which is no secret.
    salt: bytes = b""


def make_secrets(kind: NewKey, cipher: ContentCipher = AES_256_CBC) -> Secrets:
    """Create new secrets. `kind` is the kind of the private key, `cipher` the cipher of the encrypted text."""
    identity, keys = person("bob", kind), KnownCek(cipher.key_length)
    passphrase = random_word()
    words = {"mail's text": random_word(), "mail's subject": random_word(), "mail's address": random_word()}
    text = b"".join(hashlib.sha256(secrets.token_bytes(32)).digest() for _ in range(_TEXT_BYTES // 32))
    seal_key_seed, text_seed = secrets.randbits(31), secrets.randbits(31)
    signed = _derive(_SIGNED_BYTES, text_seed)
    deriving = KnownKdf()
    p12 = run(export_identity(identity, passphrase.encode(), provider=deriving, iterations=2048))
    needles = [
        *private_key_needles("private key", identity.private_key),
        *needles_for("cek", [keys.cek]),
        *needles_for("passphrase", [passphrase.encode()]),
        *hmac_key_needles("passphrase", passphrase.encode()),
        *needles_for("derived key", deriving.derived),
        *needles_for("seal key", [_derive(MARKER_BYTES, seal_key_seed)]),
        *needles_for("plaintext", [text[at : at + MARKER_BYTES] for at in (64, _TEXT_BYTES // 2)]),
        *(
            Needle(secret="plaintext", form="raw", octets=text[at : at + MARKER_BYTES])
            for at in range(_PAGE_BYTES, _TEXT_BYTES, _PAGE_BYTES)
        ),
        *needles_for("signed text", [signed[_SIGNED_BYTES // 2 :][:MARKER_BYTES]]),
    ]
    return Secrets(
        identity=identity,
        passphrase=passphrase,
        p12=p12,
        text=text,
        cek=keys.cek,
        encrypted=encrypt_bytes(text, Encrypting(recipients=[identity.certificate], cipher=cipher), provider=keys),
        seal_key_seed=seal_key_seed,
        text_seed=text_seed,
        mail=_encrypt_mail(identity, keys, *words.values()),
        needles=needles,
        words=[needle for secret, word in words.items() for needle in needles_for(secret, [word.encode()])],
    )


def random_word() -> str:
    """As many random letters as a needle has bytes."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(MARKER_BYTES))


def _encrypt_mail(reader: Identity, keys: KnownCek, text: str, subject: str, sender: str) -> bytes:
    headers = f"From: {sender}@example.test\r\nTo: bob@example.test\r\nSubject: {subject}\r\n"
    mail = f"{headers}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
    encrypting = Encrypting(recipients=[reader.certificate])
    return encrypt_message(mail, encrypting, provider=keys, protection=ProtectionMode.CIPHER)


class KnownCek(NativeProvider):
    """A provider whose content key is known, so that memory can be searched for it."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.cek = secrets.token_bytes(length)

    def random_bytes(self, length: int) -> bytes:
        return self.cek if length == len(self.cek) else super().random_bytes(length)


class KnownKdf(NativeProvider):
    """A provider whose derived keys are known."""

    def __init__(self) -> None:
        super().__init__()
        self.derived: list[bytes] = []

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        self.derived.append(await super().derive_key(kdf, secret, length))
        return self.derived[-1]


def _derive(length: int, seed: int) -> bytes:
    # Must compute the same as `derive` in page.js.
    state, octets = seed, bytearray()
    for _ in range(length):
        state = (state * 1_103_515_245 + 12_345) & 0xFFFFFFFF
        octets.append(state >> 16 & 0xFF)
    return bytes(octets)


class Watch:
    """The search through all processes and the profile of one browser."""

    def __init__(self, browser: Browser, profile: Path, needles: Sequence[Needle]) -> None:
        self.browser = browser
        self._profile = profile
        self._needles = needles

    def scan_memory(self) -> list[Finding]:
        """All places where a needle is in the memory of the browser's processes."""
        return list(scan_processes(self._processes(), self._needles))

    def find_in_memory(self, secrets: set[str]) -> set[str]:
        """The secrets of this set that are in the memory of any process. Stops when all are found."""
        missing = set(secrets)
        for finding in scan_processes(self._processes(), [it for it in self._needles if it.secret in secrets]):
            missing.discard(finding.needle.secret)
            if not missing:
                break
        return secrets - missing

    def _processes(self) -> list[int]:
        tree = process_tree(self.browser.process.pid)
        # Without chromedriver, which is the root of Chromium's tree. The largest first: it is probably the page's.
        return sorted(tree[1:] if isinstance(self.browser, Chromium) else tree, key=resident_pages, reverse=True)

    def scan_disk(self) -> list[str]:
        """The files of the profile that contain a needle: databases, caches, session files, logs."""
        places = []
        finder = Finder(self._needles)
        for path in sorted(self._profile.rglob("*")):
            try:
                octets = path.read_bytes() if path.is_file() else b""
            except OSError:
                continue
            hits = {f"{needle.secret} ({needle.form})" for needle, _ in finder.find(octets)}
            places += [f"{path.relative_to(self._profile)}: {hit}" for hit in sorted(hits)]
        return places

    def wait_until_gone(self, page: Page, *, allowed: Counter[str] | None = None) -> list[Finding]:
        """Collect garbage until only `allowed` secrets are left, or for 20 seconds. Returns what is left."""
        deadline = time.monotonic() + _GONE_SECONDS
        while True:
            self.collect_garbage(page)
            left = self.scan_memory()
            if count_by_secret(left) <= (allowed or Counter()) or time.monotonic() > deadline:
                return left

    def collect_garbage(self, page: Page) -> None:
        """Have all processes of the browser collect garbage."""
        if isinstance(self.browser, Firefox):
            self.browser.chrome_js(_CHILDREN_COLLECT)
        else:
            page.js("() => { gc(); }")


class Lab:
    """The page with its steps, and the search through its browser."""

    def __init__(self, page: Page, watch: Watch) -> None:
        self.page = page
        self.watch = watch

    def type_passphrase(self, passphrase: str) -> None:
        """Type the passphrase into its field, key by key."""
        self.page.click(".secret-editor")
        self.page.type(passphrase)

    def begin(self, step: str) -> None:
        """Start a step of `page.js`, and wait until the Worker has its answer, which it holds back until `go_on`."""
        self.page.js("() => { window.answered = null; }")
        self.page.js("(step) => window.begin(step)", step)
        self.page.wait_for("() => window.answered", timeout_seconds=_STEP_SECONDS)

    def go_on(self) -> object:
        """Let the Worker answer and clean up. Returns the outcome of the step."""
        self.page.js("() => { window.release(); }")
        return self.outcome()

    def outcome(self) -> object:
        """Wait for the outcome of the step."""
        outcome: object = self.page.wait_for("() => window.outcome", timeout_seconds=_STEP_SECONDS)
        return outcome

    def wait_for_image(self, workers: int) -> None:
        """Wait until so many Workers, since the page was opened, can be put back to their image."""
        self.page.wait_for("(workers) => window.prepared >= workers", workers, timeout_seconds=_STEP_SECONDS)

    def retire(self) -> None:
        """End the Workers that go on, as after a time without requests."""
        self.page.js("() => window.begin('retire')")
        self.outcome()

    def lock(self) -> None:
        """Lock the keys."""
        self.page.js("() => window.begin('lock')")
        self.outcome()

    def close(self) -> None:
        """Close the vault."""
        self.page.js("() => window.begin('close')")
        self.outcome()


@contextmanager
def open_lab(name: Name, profile: Path, given: Secrets, *, strict: bool = False) -> Iterator[Lab]:
    """Start a browser, serve the page and open it, with the vault's strict setting or without."""
    browser = Chromium(profile, flags=("--js-flags=--expose-gc",)) if name == "chromium" else Firefox(profile)
    try:
        with _serve(given) as port:
            query = f"sealKeySeed={given.seal_key_seed}&textSeed={given.text_seed}{'&strict' * strict}"
            page = browser.open(f"http://127.0.0.1:{port}/?{query}")
            page.wait_for("() => window.opened === true", timeout_seconds=_STEP_SECONDS)
            yield Lab(page, Watch(browser, profile, [*given.needles, *given.words]))
    finally:
        browser.close()


@contextmanager
def _serve(bob: Secrets) -> Iterator[int]:
    runtime = collect_runtime(ROOT, Pyodide.below(ROOT))
    files: dict[str, Content] = {
        **list_folder(ROOT / "webbridge/pages", prefix="/source/webbridge/pages/"),
        **list_folder(ROOT / "wasm_build", prefix="/source/wasm_build/"),
        "/source/wasm_build/vault/owner/pinned.js": without_worker_pin(pinned_module(runtime).encode()),
        **{f"/source/{name}": ROOT / name for name in (*PUBLISHED, _SCRIPT, _WORKER)},
        **{f"/runtime/{name}": content for name, content in runtime.items()},
        "/": _PAGE,
        "/runtime/vault_worker.js": f'import "/source/{_WORKER}";'.encode(),
        "/keys.p12": bob.p12,
        "/encrypted.p7m": bob.encrypted,
        "/mail.eml": bob.mail,
        "/salt": bob.salt,
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            content = files.get(path)
            self.send_response(404 if content is None else 200)
            kind = _TYPES.get(Path(path).suffix, "text/html" if path == "/" else "application/octet-stream")
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(read_content(content) if content is not None else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def start(name: Name, profile: Path) -> Browser:
    return Chromium(profile, flags=("--js-flags=--expose-gc",)) if name == "chromium" else Firefox(profile)
