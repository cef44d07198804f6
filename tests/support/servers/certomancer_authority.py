"""An authority with web services on loopback, by certomancer: OCSP, revocation lists and issuers' certificates.

There are a root, an authority below it, and people. The authority's certificate names a revocation list. A person's
certificate names an OCSP responder, a revocation list, both or neither, as defined in `_PEOPLE`.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
from base64 import encodebytes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import make_server

WsgiApp = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]

REVOKED_AGO: Final = datetime.timedelta(days=10)
_KEYS: Final = ("root", "inter", "former", "responder")
_OCSP: Final = "responder"
_CRL: Final = "list"
# The people, with the services that their certificates name, and whether the certificate is revoked.
_PEOPLE: Final = {
    "alice": ({_OCSP, _CRL}, False),
    "bob": ({_OCSP, _CRL}, True),
    "carol": ({_CRL}, False),
    "dave": ({_CRL}, True),
    "erin": (set[str](), False),
}


@dataclass(slots=True)
class Authority:
    """The running authority: its port, the folder with its files, and in `asked` the method and path of each request.

    `app` answers the requests. A test may replace it by a faulty one.
    """

    folder: Path
    port: int
    app: WsgiApp
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def anchor(self) -> Path:
        """The PEM file of the root's certificate."""
        return self.folder / "root.pem"

    def identity(self, name: str) -> Path:
        """The PEM file of a person's key and certificate, with the authority's certificate."""
        return self.folder / f"{name}.pem"

    def chain(self, name: str) -> list[bytes]:
        """The certificates of a person's path in DER, the root last."""
        return [(self.folder / f"{label}.der").read_bytes() for label in (name, "inter", "root")]


@contextlib.contextmanager
def run_authority(folder: Path) -> Iterator[Authority]:
    """Run an authority with new keys and certificates in the folder."""
    server = make_server("127.0.0.1", 0, _nobody_yet, threaded=True)
    authority = Authority(folder=folder, port=server.server_port, app=_nobody_yet)

    def answer(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        authority.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return authority.app(environ, start_response)

    server.app = answer
    with contextlib.closing(server.socket):
        authority.app = make_services(folder, authority.port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


def make_services(folder: Path, port: int, *, at: datetime.datetime | None = None) -> WsgiApp:
    """The services with the folder's keys, which are created if missing. Their clock always shows `at`, or now."""
    _make_keys(folder)
    config = CertomancerConfig(_configuration(port), key_search_dir=str(folder))
    arch = config.get_pki_arch(ArchLabel("mail"))
    labels = ["root", "inter", *_PEOPLE]
    for label in labels:
        # Serial numbers are fixed, so a second set of services over the same folder uses the same certificates.
        der = arch.get_cert(CertLabel(label)).dump()
        path = folder / f"{label}.der"
        if not path.exists():
            path.write_bytes(der)
    for label in labels:
        keys = [folder / f"{label}.key"] if label in _PEOPLE else []
        chain = [folder / f"{name}.der" for name in ((label, "inter") if label in _PEOPLE else (label,))]
        pem = b"".join(path.read_bytes() for path in keys) + b"".join(map(_certificate_pem, chain))
        (folder / f"{label}.pem").write_bytes(pem)
    # Whole seconds, which RFC 6960 section 4.2.2.1 requires. Certomancer's own clock gives fractions.
    at = (at or datetime.datetime.now(datetime.UTC)).replace(microsecond=0)
    return Animator(AnimatorArchStore({ArchLabel("mail"): arch}), at_time=at, with_web_ui=False)


def _nobody_yet(_environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [])
    return []


def _make_keys(folder: Path) -> None:
    for name in (*_KEYS, *_PEOPLE):
        path = folder / f"{name}.key"
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _certificate_pem(path: Path) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + encodebytes(path.read_bytes()) + b"-----END CERTIFICATE-----\n"


def _configuration(port: int) -> dict[str, Any]:
    start = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    authority = [
        {"id": "basic_constraints", "critical": True, "value": {"ca": True}},
        _key_usage("key_cert_sign", "crl_sign"),
    ]
    certs: dict[str, Any] = {
        "root": _certificate("root", "root", start, authority),
        "inter": _certificate("inter", "root", start, [*authority, _lists("root-list"), _issuer_links("root")]),
        # Revoked, so that the root's list is not empty: certomancer's empty lists violate RFC 5280 section 5.1.2.6.
        "former": {**_certificate("former", "root", start, authority), "revocation": _revoked()},
        "responder": _certificate(
            "responder",
            "inter",
            start,
            [
                _key_usage("digital_signature"),
                {"id": "extended_key_usage", "value": ["ocsp_signing"]},
                {"id": "ocsp_no_check"},
            ],
        ),
    }
    for name, (sources, is_revoked) in _PEOPLE.items():
        certs[name] = _certificate(name, "inter", start, _person(name, sources))
        if is_revoked:
            certs[name]["revocation"] = _revoked()
    for serial, certificate in enumerate(certs.values(), start=4096):
        certificate["serial"] = serial
    names = (*_KEYS, *_PEOPLE)
    return {
        "external-url-prefix": f"http://127.0.0.1:{port}",
        "keysets": {"mail": {"path-prefix": ".", "keys": {name: {"path": f"{name}.key"} for name in names}}},
        "pki-architectures": {
            "mail": {
                "keyset": "mail",
                "entities": {name: {"common-name": name.title()} for name in names},
                "certs": certs,
                "services": {
                    "ocsp": {"inter": {"for-issuer": "inter", "responder-cert": "responder"}},
                    "crl-repo": {
                        f"{name}-list": {"for-issuer": name, "simulated-update-schedule": "P7D"}
                        for name in ("root", "inter")
                    },
                    "cert-repo": {name: {"for-issuer": name} for name in ("root", "inter")},
                },
            }
        },
    }


def _revoked() -> dict[str, str]:
    since = datetime.datetime.now(datetime.UTC) - REVOKED_AGO
    return {"revoked-since": f"{since:%Y-%m-%dT%H:%M:%S+0000}", "reason": "key_compromise"}


def _certificate(name: str, issuer: str, start: datetime.datetime, extensions: list[dict[str, Any]]) -> dict[str, Any]:
    validity = {
        "valid-from": f"{start - datetime.timedelta(days=100):%Y-%m-%dT00:00:00+0000}",
        "valid-to": f"{start + datetime.timedelta(days=1000):%Y-%m-%dT00:00:00+0000}",
    }
    return {"subject": name, "issuer": issuer, "validity": validity, "extensions": extensions}


def _person(name: str, sources: set[str]) -> list[dict[str, Any]]:
    address = {"type": "email", "value": f"{name}@example.test"}
    links = _issuer_links("inter")
    if _OCSP in sources:
        links["smart-value"]["params"]["ocsp-responder-names"] = ["inter"]
    return [
        _key_usage("digital_signature"),
        {"id": "extended_key_usage", "value": ["email_protection"]},
        {"id": "subject_alt_name", "smart-value": {"schema": "general-names", "params": [address]}},
        links,
        *([_lists("inter-list")] if _CRL in sources else []),
    ]


def _key_usage(*names: str) -> dict[str, Any]:
    return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": list(names)}}


def _lists(name: str) -> dict[str, Any]:
    return {
        "id": "crl_distribution_points",
        "smart-value": {"schema": "crl-dist-url", "params": {"crl-repo-names": [name]}},
    }


def _issuer_links(name: str) -> dict[str, Any]:
    params = {"ca-issuer-links": [{"repo": name}]}
    return {"id": "authority_information_access", "smart-value": {"schema": "aia-urls", "params": params}}
