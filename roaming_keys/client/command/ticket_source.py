"""The options of `sealwax roam` for the source of a ticket: the bridge with the mail password, or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote

import click

from roaming_keys.client import transport
from roaming_keys.protocol.key_account import normalise_origin
from roaming_keys.protocol.messages.accounts import MAX_ANSWER_BYTES
from roaming_keys.protocol.tickets import Purpose
from sealwax.cli.options.parameters import FILE
from sealwax.cli.options.passphrases import read_first_line
from sealwax.cli.options.request import given_by
from sealwax.http_client import HttpAnswer, HttpCall, HttpClient, NoAnswer, ServiceAddress
from smime_core.text import JsonObject

_PATHS: Final = {Purpose.ENROLMENT: "/api/enrolment", Purpose.RESET: "/api/enrolment/reset"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSource:
    """The source of a ticket."""

    bridge: str | None = given_by(
        click.Option(["--bridge"], metavar="URL", help="Your organisation's bridge, which confirms your address.")
    )
    mail_password_file: str | None = given_by(
        click.Option(
            ["--mail-password-file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the mail password, for --bridge.",
        )
    )
    ticket_file: str | None = given_by(
        click.Option(["--ticket-file"], metavar="FILE", type=FILE, help="A ticket of the bridge, in place of --bridge.")
    )

    def __post_init__(self) -> None:
        if (self.bridge is None) == (self.ticket_file is None):
            raise click.UsageError("give one of --bridge and --ticket-file")

    def ticket(self, user: str, purpose: Purpose) -> tuple[str, bytes | None]:
        """Return a ticket for the user, and the mail password if it was given. Raises ClickException."""
        mail_password = None if self.mail_password_file is None else read_first_line(self.mail_password_file)
        if self.ticket_file is not None:
            return read_first_line(self.ticket_file).decode("ascii", "replace"), mail_password
        if mail_password is None:
            raise click.UsageError("give --mail-password-file with --bridge")
        return _ask_bridge(self.bridge or "", user, mail_password, purpose), mail_password


def _ask_bridge(bridge: str, user: str, mail_password: bytes, purpose: Purpose) -> str:
    """Return a ticket of the bridge for the user's address, after a login with the mail password."""
    bridge_address = ServiceAddress.of(normalise_origin(bridge))
    password = mail_password.decode("utf-8", "surrogateescape")
    # The bridge accepts requests that change something only if they name the account.
    headers = {"X-Sealwax": "1", "Content-Type": "application/json"}
    with HttpClient(bridge_address, uses_proxy=True) as client:
        session = _ask(client, "POST", "/api/session", headers, {"address": user, "password": password})
        address = JsonObject(session.body, "bridge's answer").short_text("address")
        headers |= {"Cookie": _cookies_of(session), "X-Sealwax-Account": quote(address, safe="")}
        try:
            return JsonObject(_ask(client, "POST", _PATHS[purpose], headers).body, "bridge's answer").short_text(
                "ticket"
            )
        finally:
            _ask(client, "DELETE", "/api/session", headers)


def _ask(client: HttpClient, method: str, path: str, headers: Mapping[str, str], members: object = None) -> HttpAnswer:
    """Return the answer of the bridge. Raises ClickException for an answer with an error status."""
    call = HttpCall(
        method=method, path=path, headers=headers, body=b"" if members is None else json.dumps(members).encode()
    )
    try:
        answer = client.exchange(call, seconds=transport.TOTAL_SECONDS, max_bytes=MAX_ANSWER_BYTES)
    except NoAnswer as error:
        raise click.ClickException(f"the bridge does not answer: {error}") from None
    if answer.status not in transport.DONE:
        raise click.ClickException(f"the bridge refuses: status {answer.status}")
    return answer


def _cookies_of(answer: HttpAnswer) -> str:
    """Return the session's cookies as the next requests must send them. They are stored nowhere."""
    cookies = SimpleCookie()
    for field in answer.headers.get_all("Set-Cookie", []):
        with suppress(CookieError):
            cookies.load(field)
    return "; ".join(f"{name}={cookie.coded_value}" for name, cookie in cookies.items())
