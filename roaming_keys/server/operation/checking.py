"""`sealwax keys check`: tries all that the configuration names, and says what is wrong and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from roaming_keys.server.audit.checking import Chain, TrailDamaged, check_chain, check_stamps
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key import ServerKeyError, check_keys
from roaming_keys.server.operation.opened_trail import opened_trail
from roaming_keys.server.operation.settings import KEYS, KeysSettings
from sealwax.cli.options.request import given_by, verb
from sealwax.operation.checking import check_exposure, check_own_files, check_process, check_proxy, check_settings
from sealwax.operation.databases import check_database
from sealwax.operation.findings import Finding, Level, doubtful, fine, guarded, json_option, report, wrong
from sealwax.operation.mail_server_section import check_mail_server
from sealwax.operation.settings import WrongSettings
from sealwax.service import Access, file_of, now

_REMEDY: Final = (
    "compare the trail with a backup; if a timer failed for days, write into audit.stamped_since when it ran again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """The configuration to try."""

    config: Path = given_by(KEYS.config_option())
    as_json: bool = given_by(json_option())


@verb(CheckRequest)
def check(request: CheckRequest) -> int:
    """Try all that the configuration names: files, master key, database, proxy.

    Each line says what works, or what is wrong and what helps. The exit code is 1 if there is an error, else 0. Run it
    as the user of the service.
    """
    file = request.config
    return report(check_settings(KEYS, file, lambda settings: _findings(settings, file)), as_json=request.as_json)


def _findings(settings: KeysSettings, file: Path) -> Iterator[Finding]:
    config = settings.to_config()
    yield from check_own_files(KEYS, file, settings.logs, file_of(config.database))
    database = guarded("database", lambda: _check_database(config))
    yield database
    if database.level is Level.OK:
        yield guarded("audit trail", lambda: _check_trail(file))
    yield from check_exposure(
        settings.origin, {"server": settings.server.listen}, trusted_proxies=settings.trusted_proxies
    )
    if not settings.pages_origins:
        yield doubtful("pages", "no page may ask for keys", "name the origin of the pages by pages_origins")
    yield guarded("notices", lambda: _check_notices(config))
    yield from check_process(
        KEYS,
        settings.server.listen,
        settings.origin,
        "/parameters",
        further=lambda _answer: iter((check_proxy(settings.origin, "/parameters"),)),
    )


def _check_notices(config: KeyServerConfig) -> Finding:
    if config.notices is None:
        return doubtful(
            "notices", "people get no mail about their keys", "name your mail server by host and sender in [notices]"
        )
    notices = config.notices
    return check_mail_server(notices.submission, notices.head.sender, part="notices", table="notices")


def _check_database(config: KeyServerConfig) -> Finding:
    finding = check_database(SCHEMA, config.database, made_by="sealwax keys init")
    if finding.level is not Level.OK:
        return finding
    try:
        check_keys(config.database, config.key_source)
    except ServerKeyError as error:
        return wrong("master key", str(error), "put the right key into the secret master_key")
    if len({key.fingerprint for key in config.key_source.find()}) > 1:
        return doubtful(
            "master key", "it is being replaced, and the old one is still there", "run: sealwax keys rotate"
        )
    return fine("database", f"{finding.text}, and belongs to the master key")


def _check_trail(file: Path) -> Finding:
    try:
        with opened_trail(file, access=Access.READING) as (settings, trail, database):
            authority = settings.audit.to_authority()
            chain = check_chain(trail, database)
            if authority is None:
                return fine(
                    "audit trail", f"{_whole(chain)}; without audit.timestamp_url, a rewritten past is not found"
                )
            latest = check_stamps(chain, database, authority.anchors, at=now(), since=authority.since)
    except WrongSettings as error:
        return wrong("audit trail", error.format_message(), f"correct it in {file}")
    except TrailDamaged as error:
        return wrong("audit trail", str(error), _REMEDY)
    if latest is None:
        return fine("audit trail", f"{_whole(chain)}; there is no timestamp yet")
    return fine("audit trail", f"{_whole(chain)}; the latest timestamp is of {latest.time:%Y-%m-%d %H:%M}")


def _whole(chain: Chain) -> str:
    return f"{0 if chain.head is None else chain.head.number} events fit together"
