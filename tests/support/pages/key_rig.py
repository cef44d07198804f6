"""A demonstration with parcels whose recipients get keys, certified by a CA in a folder with its responder."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sealwax.authority.answering import AuthorityResponder
from sealwax.authority.certifying import AutomaticCertifier, Terms
from sealwax.authority.folder import AuthorityFolder, Role, Settings
from sealwax.service import serve
from smime_core.ca.ocsp_responding import Responder
from tests.support.authority_folders import found, open_role
from tests.support.pages.parcels import READER, ParcelRig, run_parcel_rig
from tests.support.servers.certifier import certifying, socket_path
from webbridge.config import BridgeConfig
from webbridge.delivery.own_keys import requests
from webbridge.demo import stack as demonstration
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.responder.app import create_authority_app

MAIL_SECONDS = 30
_MANY = 1000
_CODE = re.compile(r"\b([0-9]{4}) ([0-9]{4})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRig:
    """The parcels, the CA, the socket of its signing service, and the folder in which senders find certificates."""

    parcels: ParcelRig
    authority: AuthorityFolder
    socket: Path
    directory: Path

    def certifying(self) -> AbstractContextManager[AutomaticCertifier]:
        """Run the signing service."""
        terms = Terms(domains=frozenset({"*"}), per_address=_MANY)
        return certifying(
            self.authority, self.socket, clock=lambda: datetime.now(UTC), terms=terms, directory=self.directory
        )

    def code(self, *, count: int = 1, address: str = READER) -> str:
        """The code in the newest mail to a recipient, when `count` of them have come."""
        deadline = time.monotonic() + MAIL_SECONDS
        while len(codes := self._codes(address)) < count:
            assert time.monotonic() < deadline, f"{address} has {len(codes)} codes"
            self.parcels.send_mails()
        return codes[-1]

    def _codes(self, address: str) -> list[str]:
        post = self.parcels.post
        mails = [mail for to, mail in zip(post.recipients, post.mails, strict=False) if address in to]
        bodies = [mail.get_body(("plain",)) for mail in mails]
        matches = [_CODE.search(str(body.get_content())) for body in bodies if body is not None]
        return [match[1] + match[2] for match in matches if match is not None]


@contextlib.contextmanager
def run_key_rig(pages_folder: Path, folder: Path) -> Iterator[KeyRig]:
    """Run the demonstration, with the CA in a new folder and a mailbox of READER, without the signing service."""
    answering = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{answering.getsockname()[1]}"
    settings = Settings(name="Parcel keys", url=f"http://{host}")
    authority = found(folder / "ca", settings, at=datetime.now(UTC))
    directories: list[Path] = []

    def alter(config: BridgeConfig) -> BridgeConfig:
        assert config.parcels is not None
        assert config.anchors_file is not None
        assert config.directory_folder is not None
        directories.append(config.directory_folder)
        anchors = folder / "anchors.pem"
        # The bridge fetches issuers' certificates from public addresses only.
        own = [(authority.path / name).read_bytes() for name in ("root.pem", "issuing.pem")]
        anchors.write_bytes(b"".join([config.anchors_file.read_bytes(), *own]))
        return dataclasses.replace(
            config,
            anchors_file=anchors,
            pki_allowed_hosts=(*config.pki_allowed_hosts, host),
            parcels=dataclasses.replace(config.parcels, key_socket=path),
        )

    authority_responder = AuthorityResponder(
        folder=authority,
        ocsp_responder=Responder(
            issuer=authority.certificate(Role.ISSUING), signer=open_role(authority, Role.RESPONDER)
        ),
    )

    def with_reader(passwords: Mapping[str, str], **options: Any) -> MemoryMailServer:
        return MemoryMailServer({**passwords, READER: "a mail password"}, **options)

    app = create_authority_app(authority_responder)
    with pytest.MonkeyPatch.context() as patch, socket_path() as path, serve(app, answering):
        patch.setattr(demonstration, "MemoryMailServer", with_reader)
        # All tests of a module have the same reader.
        patch.setattr(requests, "MAX_CODES", _MANY)
        with run_parcel_rig(pages_folder, folder / "store", alter=alter) as parcels:
            yield KeyRig(parcels=parcels, authority=authority, socket=path, directory=directories[-1])
