"""`sealwax discovery show`: the servers of a domain, from its signed document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from sealwax.cli.options.directories import parse_resolver
from sealwax.cli.options.parameters import FILE, JSON, now
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_error, write_json, write_line
from sealwax.discovery.finding import Found
from sealwax.discovery.following import NotFollowed, Sources, renew_list
from sealwax.lookups.smimea import name_server
from smime_core.own_content import normalise_domain
from smime_core.text import read_ed25519, utc_text

_LAST_GOOD: Final = 1


def _check_key(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is not None:
        try:
            read_ed25519(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest:
    """The domain, its key if the key is to be pinned, and the servers to ask."""

    domain: str = given_by(click.Argument(["domain"], metavar="DOMAIN"))
    key: str | None = given_by(
        click.Option(
            ["--key"],
            metavar="KEY",
            callback=_check_key,
            help="Pin this key of the operator. Needed once, and again if the operator has lost it.",
        )
    )
    urls: tuple[str, ...] = given_by(
        click.Option(
            ["--url", "urls"],
            multiple=True,
            metavar="URL",
            help="Ask here, and neither the DNS nor the domain. Repeatable.",
        )
    )
    dns_servers: tuple[str, ...] = given_by(
        click.Option(
            ["--dns-server", "dns_servers"],
            multiple=True,
            metavar="ADDRESS[:PORT]",
            help="Ask the DNS by this resolver. Repeatable.",
        )
    )
    allowed_hosts: tuple[str, ...] = given_by(
        click.Option(
            ["--allow-host", "allowed_hosts"],
            multiple=True,
            metavar="HOST[:PORT]",
            help="Let the DNS lead to this host, although its address is not public or its port not 443. Repeatable.",
        )
    )
    ca_file: str | None = given_by(
        click.Option(["--tls-ca", "ca_file"], metavar="FILE", type=FILE, help="Authorities for TLS, not the system's.")
    )
    as_json: bool = given_by(JSON)


@verb(ShowRequest)
def show(request: ShowRequest) -> int:
    """Look up the servers of DOMAIN in its signed document, and keep the document.

    The first call pins the key that --key gives. Exit status: 0 if a server gave a good document, 1 if none did and the
    last good one is shown.
    """
    sources = Sources(
        urls=request.urls,
        name_servers=tuple(name_server(*parse_resolver(text)) for text in request.dns_servers),
        allowed_hosts=frozenset(request.allowed_hosts),
        ca_file=Path(request.ca_file) if request.ca_file else None,
    )
    try:
        renewal = renew_list(normalise_domain(request.domain), request.key, sources, PROVIDER, at=now())
    except NotFollowed as error:
        raise click.UsageError(str(error)) from None
    _write(renewal, request)
    return 0 if renewal.publisher else _LAST_GOOD


def _write(renewal: Found, request: ShowRequest) -> None:
    if request.as_json:
        write_json(_to_json(renewal))
        return
    for refusal in renewal.refusals:
        write_error(f"{refusal.publisher}: {refusal.code}: {refusal.text}")
    listed = renewal.server_list
    end = f"{'ended' if now() >= listed.expires else 'until'} {utc_text(listed.expires)}"
    source = f"from {renewal.publisher}" if renewal.publisher else "the last good list: no server gave a newer one"
    write_line(f"{listed.domain}: number {listed.number}, {end}, signed by {renewal.followed.key}, {source}")
    for server in listed.servers:
        renamed = "" if server.name == server.address else f" (accounts of {server.name})"
        write_line(f"{server.kind}: {server.address}{renamed}")


def _to_json(renewal: Found) -> dict[str, Any]:
    listed = renewal.server_list
    return {
        "domain": listed.domain,
        "number": listed.number,
        "issued": utc_text(listed.issued),
        "expires": utc_text(listed.expires),
        "key": renewal.followed.key,
        "publisher": renewal.publisher,
        "servers": [
            {
                "kind": server.kind,
                "name": server.name,
                "address": server.address,
                "key": server.key,
                "moves": server.moves,
            }
            for server in listed.servers
        ],
        "refused": [
            {"publisher": refusal.publisher, "code": refusal.code, "message": refusal.text}
            for refusal in renewal.refusals
        ],
    }
