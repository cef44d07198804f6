"""The revocation list of the demonstration's authority, and the other files that the authority publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from smime_core import blocking
from smime_core.ca.demo import Authority
from smime_core.ca.revocation_list_building import ListTerm, RevokedCertificate, build_revocation_list
from smime_core.provider import CryptoProvider

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LIST_PATH = "/authority.crl"
LIST_VALIDITY = timedelta(days=7)
_NUMBER = 1
_TYPE = "application/octet-stream"


def serve_published(published: Mapping[str, bytes]) -> WSGIApplication:
    """Return the application that serves the published files by their paths."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content = published.get(environ.get("PATH_INFO", ""))
        if content is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not found\n"]
        start_response("200 OK", [("Content-Type", _TYPE), ("Content-Length", str(len(content)))])
        return [content]

    return app


def build_list(authority: Authority, serial_numbers: Iterable[int], provider: CryptoProvider, at: datetime) -> bytes:
    """Return a CRL that says that these certificates were revoked yesterday."""
    entries = [
        RevokedCertificate(serial_number=number, revoked_at=at - timedelta(days=1), reason="superseded")
        for number in serial_numbers
    ]
    return blocking.run(
        build_revocation_list(
            entries,
            provider,
            issuer=authority.identity.certificate,
            signing_key=authority.identity.private_key,
            number=_NUMBER,
            term=ListTerm(this_update=at - timedelta(hours=1), next_update=at + LIST_VALIDITY),
        )
    )
