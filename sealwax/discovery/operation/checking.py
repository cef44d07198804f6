"""`sealwax discovery check`: tries all that the configuration names, and says what is wrong and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.finding import PATH
from sealwax.discovery.operation.settings import DISCOVERY, DiscoverySettings
from sealwax.discovery.publishing import Publisher, list_of
from sealwax.operation.checking import check_exposure, check_own_files, check_process, check_settings
from sealwax.operation.findings import Finding, doubtful, fine, guarded, json_option, report, wrong
from sealwax.operation.web import NoAnswer, ask
from sealwax.service import is_https
from smime_core.own_content import key_text
from smime_core.text import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """The configuration to try."""

    config: Path = given_by(DISCOVERY.config_option())
    as_json: bool = given_by(json_option())


@verb(CheckRequest)
def check(request: CheckRequest) -> int:
    """Try all that the configuration names: files, key, state, proxy, the domain's web site.

    Each line says what works, or what is wrong and what helps. The exit code is 1 if there is an error, else 0. Run
    this command as the user of the service.
    """
    file = request.config
    return report(check_settings(DISCOVERY, file, lambda settings: _findings(settings, file)), as_json=request.as_json)


def _findings(settings: DiscoverySettings, file: Path) -> Iterator[Finding]:
    config = settings.to_config()
    yield from check_own_files(DISCOVERY, file, settings.logs, config.state_file, is_public=True)
    if not config.servers:
        yield doubtful("servers", "no server is listed", "name them as [[bridges]], [[key_servers]], [[directories]]")
    yield guarded("document", lambda: _check_document(config))
    yield from check_exposure(
        settings.origin, {"server": settings.server.listen}, trusted_proxies=settings.trusted_proxies
    )
    yield from check_process(
        DISCOVERY,
        settings.server.listen,
        settings.origin,
        PATH,
        further=lambda _answer: _check_sites(settings, config),
    )


def _check_document(config: DiscoveryConfig) -> Finding:
    publisher = Publisher(config, PROVIDER)
    expected = publisher.newest_key()
    if expected != key_text(config.key):
        return wrong("document", f"clients expect the key {expected}", "put that key into the secret signing_key")
    published = publisher.published()
    if not published:
        return doubtful("document", "none has been signed yet", "run: sealwax discovery serve, or sign")
    listed = list_of(published)
    text = f"number {listed.number}, until {utc_text(listed.expires)}, signed by {expected}"
    if config.clock() >= listed.expires:
        return wrong("document", f"{text}: it has ended", "start the service, or sign more often")
    return fine("document", text)


def _check_sites(settings: DiscoverySettings, config: DiscoveryConfig) -> Iterator[Finding]:
    yield _check_site("proxy", settings.origin, config)
    if is_https(settings.origin):
        yield _check_site("site", f"https://{settings.domain}", config)


def _check_site(part: str, origin: str, config: DiscoveryConfig) -> Finding:
    remedy = f"let the proxy of {origin} pass {PATH} on, and look at its certificate"
    try:
        answer = ask(origin, PATH)
    except NoAnswer as error:
        return doubtful(part, f"{origin}: {error}", remedy)
    if answer.get("key") != key_text(config.key):
        return wrong(part, f"{origin} gives no document of this key", remedy)
    return fine(part, f"{origin} gives the document")
