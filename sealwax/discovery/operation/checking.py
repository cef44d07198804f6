"""`sealwax discovery check`: tries all that the configuration names, and says what is wrong and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.finding import PATH
from sealwax.discovery.operation.settings import DEFAULT_FILE, DiscoverySettings
from sealwax.discovery.publishing import Publisher, list_of
from sealwax.operation.findings import Finding, check_files, doubtful, fine, guarded, report, wrong
from sealwax.operation.options import config_option, json_option
from sealwax.operation.sections import is_private
from sealwax.operation.service_user import become_owner
from sealwax.operation.settings import WrongSettings, load_settings
from sealwax.operation.web import NoAnswer, ask, ask_process
from sealwax.service import is_https
from smime_core.own_content import key_text
from smime_core.text import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """The configuration to try."""

    config: Path = given_by(config_option(DEFAULT_FILE))
    as_json: bool = given_by(json_option())


@verb(CheckRequest)
def check(request: CheckRequest) -> int:
    """Try all that the configuration names: files, key, state, proxy, the domain's web site.

    Each line says what works, or what is wrong and what helps. The exit code is 1 if there is an error, else 0. Run it
    as the user of the service.
    """
    return report(_findings(request.config), as_json=request.as_json)


def _findings(file: Path) -> Iterator[Finding]:
    try:
        settings = load_settings(DiscoverySettings, file)
        config = settings.to_config()
    except WrongSettings as error:
        for problem in error.problems:
            yield wrong("settings", problem, f"correct it in {file}, its secrets or the environment")
        return
    yield fine("settings", str(file))
    become_owner([config.state_file])
    private = [settings.logs.audit_file] if settings.logs.audit_file else []
    yield from check_files(DiscoverySettings, file, private)
    if not config.servers:
        yield doubtful("servers", "no server is listed", "name them as [[bridges]], [[key_servers]], [[directories]]")
    yield guarded("document", lambda: _check_document(config))
    if settings.trusted_proxies == 0 and is_https(settings.origin):
        text = "trusted_proxies is 0, but only a proxy can answer https: every request would be redirected without end"
        yield wrong("proxy", text, "set trusted_proxies to the number of your proxies, usually 1")
    if not is_private(settings.server.listen):
        remedy = "listen at a loopback address, or let a firewall admit only the proxy"
        yield doubtful("server", f"{settings.server.listen} is reached from other machines, without TLS", remedy)
    yield from _check_running(settings, config)


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


def _check_running(settings: DiscoverySettings, config: DiscoveryConfig) -> Iterator[Finding]:
    if settings.server.listen.startswith("unix:"):
        return
    try:
        ask_process(settings.server.listen, settings.origin, PATH)
    except NoAnswer:
        yield doubtful("process", f"nothing answers at {settings.server.listen}", "start it: sealwax discovery serve")
        return
    yield fine("process", f"{settings.server.listen} answers")
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
