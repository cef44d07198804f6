"""Headless Thunderbird: its verdict on a message, and mails that it signs and encrypts."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.peers.marionette import Marionette, MarionetteError
from tests.support.peers.nss import Nss, make_database
from tests.support.peers.peer import Gaps, gap
from tests.support.peers.people import address

_SCRIPT: Final = Path(__file__).parent / "programs" / "thunderbird.js"
_BINARIES: Final = ("/usr/lib/thunderbird/thunderbird", "/usr/bin/thunderbird")
_START_SECONDS: Final = 60
_OWNER: Final = "rsa"

_PREFERENCES: Final[dict[str, str | int | bool]] = {
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.server.server1.type": "none",
    "mail.server.server1.hostname": "Local Folders",
    "mail.server.server1.userName": "nobody",
    "mail.server.server1.name": "Local Folders",
    "mail.smtpservers": "smtp1",
    "mail.smtp.defaultserver": "smtp1",
    "mail.smtpserver.smtp1.type": "smtp",
    "mail.smtpserver.smtp1.hostname": "127.0.0.1",
    "mail.smtpserver.smtp1.authMethod": 1,
    "mail.smtpserver.smtp1.try_ssl": 0,
    "mail.identity.id1.fullName": "Thunderbird",
    "mail.identity.id1.useremail": address(_OWNER),
    "mail.identity.id1.valid": True,
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.identity.id1.fcc": False,
    # Messages open in separate windows, because such a window reports when the message is complete.
    "mail.openMessageBehavior": 0,
    "mail.openMessageBehavior.version": 1,
    # No first-run pages, no questions, no remote content.
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.inappnotifications.enabled": False,
    "mail.chat.enabled": False,
    "mail.e2ee.auto_enable": False,
    "mail.smime.remind_encryption_possible": False,
    "app.donation.eoy.version.viewed": 99999,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "ldap_2.autoComplete.useDirectory": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "security.OCSP.enabled": 0,
    # All requests to other hosts go to a proxy that does not exist.
    "network.proxy.type": 1,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_port": 9,
    "network.proxy.socks_version": 5,
    "network.proxy.socks_remote_dns": True,
    "network.proxy.no_proxies_on": "localhost, 127.0.0.1",
    "network.proxy.failover_direct": False,
    "marionette.port": 0,
    "remote.log.level": "Warn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Thunderbird's verdict. `signed` and `encrypted`: its names of the states; None if there is no such protection."""

    signed: str | None
    encrypted: str | None
    text: str


class Thunderbird:
    """One running program with the account rsa@example.test, until `close`. It sends by SMTP to `smtp_port`."""

    gaps: Gaps = (
        gap("no brainpool curves", "ECDSA brainpoolP256r1", "ECDH brainpoolP256r1")
        | gap("no EdDSA (153)", "Ed25519", "Ed448")
        | gap("shows AuthEnvelopedData as an empty message (153)",
              "AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "ECDH P-256, AES-256-GCM")
        | gap("no key agreement of RFC 8418 (153)", "X25519", "X448")
        | gap("neither pwri nor kekri", "password", "password and certificate", "KEK", "KEK and certificate")
    )  # fmt: skip

    def __init__(self, people: Path, folder: Path, *, smtp_port: int) -> None:
        self._folder = folder
        self._profile = folder / "profile"
        self._profile.mkdir(parents=True)
        make_database(self._profile, people)
        preferences = {**_PREFERENCES, "mail.smtpserver.smtp1.port": smtp_port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
        (self._profile / "user.js").write_text("".join(lines))
        self._log = (folder / "log.txt").open("wb")
        self._process = self._start()
        try:
            self._marionette = Marionette(self._wait_for_port(), library=_SCRIPT.read_text())
            self._wait_until_ready()
            self._marionette.call("useCertificate", _base64(people / f"{_OWNER}.pem"))
        except BaseException:
            self._process.kill()
            raise

    @property
    def profile(self) -> Path:
        """The folder of the profile."""
        return self._profile

    @staticmethod
    def absence() -> str | None:
        """Why Thunderbird cannot be started here, or None."""
        return Nss.absence() if _binary() else "thunderbird is not installed"

    def verdict(self, message: bytes) -> Verdict:
        """Thunderbird's verdict on an RFC 5322 message."""
        file = self._folder / "message.eml"
        file.write_bytes(message)
        kind = email.message_from_bytes(message).get_content_type()
        is_protected = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/signed")
        return Verdict(**self._marionette.call("verdict", str(file), is_protected))

    def attachment_verdict(self, message: bytes) -> Verdict | None:
        """The verdict on the first attachment when a person opens it; None if Thunderbird only offers to save it."""
        file = self._folder / "message.eml"
        file.write_bytes(message)
        shown = self._marionette.call("attachmentVerdict", str(file))
        return Verdict(**shown) if shown else None

    def read_addresses(self, field: str) -> list[str]:
        """The addresses that Thunderbird reads in an address field."""
        return [mailbox["address"] for mailbox in self._marionette.call("mailboxes", field.encode().decode("latin-1"))]

    def send(self, to: str, subject: str, text: str, *, sign: bool, encrypt: bool) -> None:
        """Send a message. To encrypt, the recipient must be one of the people, whose certificates are known."""
        self._marionette.call("send", to, subject, text, sign, encrypt)

    def close(self) -> None:
        try:
            self._marionette.command("Marionette:Quit", flags=["eForceQuit"])
            self._process.wait(15)
        except (MarionetteError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._marionette.close()
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        binary = _binary()
        assert binary is not None
        options = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
        # A separate home folder, so that files of the real user are neither read nor written.
        home = {"HOME": str(self._folder), "MOZ_CRASHREPORTER_DISABLE": "1", "LANG": "C.UTF-8"}
        return subprocess.Popen(
            [binary, *options, "--profile", str(self._profile)], env={**os.environ, **home},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def _wait_for_port(self) -> int:
        file = self._profile / "MarionetteActivePort"
        deadline = time.monotonic() + _START_SECONDS
        while not (file.exists() and file.read_text().strip()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Thunderbird did not start: {self._profile.parent / 'log.txt'}")
            time.sleep(0.02)
        return int(file.read_text())

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError("Thunderbird opened no main window")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self._marionette.call("isReady") is True
        except MarionetteError:
            return False  # Thunderbird is still loading its modules


def _binary() -> str | None:
    return next((name for name in _BINARIES if Path(name).exists()), None) or shutil.which("thunderbird")


def _base64(pem_file: Path) -> str:
    return "".join(line for line in pem_file.read_text().splitlines() if not line.startswith("-----"))
