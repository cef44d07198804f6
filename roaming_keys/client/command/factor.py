"""`sealwax roam factor add`, `list` and `remove`: the second factors of the account."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote

import click

from roaming_keys.client.command.login import AccountLogin, ListRequest, ask_code, open_session
from roaming_keys.client.command.times import write_time
from roaming_keys.protocol.messages.factors import MAX_NAME_CHARACTERS, TOTP_SECRET_BYTES, FactorKind, NewCodes
from sealwax.cli.group import Verbs
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_error, write_json, write_line
from smime_core import blocking

_WORDS = {FactorKind.TOTP.value: "authenticator app", FactorKind.WEBAUTHN.value: "security key"}


@click.group(
    cls=Verbs,
    own={
        "add": "roaming_keys.client.command.factor:add",
        "list": "roaming_keys.client.command.factor:list_factors",
        "remove": "roaming_keys.client.command.factor:remove",
    },
    entry_points="sealwax.roam.factor",
)
def factor() -> None:
    """Ask for more than the passphrase at each login.

    \b
    add     adds an authenticator app
    list    lists the authenticator apps and security keys
    remove  removes one
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """The account, and the name of the app."""

    login: AccountLogin = group_of(AccountLogin)
    name: str = given_by(
        click.Option(["--name"], default="Authenticator app", metavar="NAME", help="How the list names the app.")
    )

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= MAX_NAME_CHARACTERS or not self.name.isprintable():
            raise click.UsageError(f"--name: expected 1 to {MAX_NAME_CHARACTERS} letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest:
    """The account, and the factor to remove."""

    id: str = given_by(click.Argument(["id"], metavar="FACTOR"))
    login: AccountLogin = group_of(AccountLogin)


@verb(AddRequest)
def add(request: AddRequest) -> None:
    """Add an authenticator app. Each login asks for a code of it from now on.

    The key of the app is shown only now. Other devices have to log in again. Security keys are added in the pages.
    """
    roaming = open_session(request.login)
    secret = PROVIDER.random_bytes(TOTP_SECRET_BYTES)
    text = base64.b32encode(secret).decode()
    groups = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    label = quote(f"Sealwax:{roaming.session.account_id.user}", safe="")
    # Printed on standard error, because a script may store the standard output.
    write_error(f"Type this key into your app: {groups}")
    write_error(f"Or open this link on the phone: otpauth://totp/{label}?secret={text}&issuer=Sealwax")
    new = NewCodes(name=request.name, secret=secret, code=ask_code())
    blocking.run(roaming.session.add_factor(roaming.setting, new))
    write_line(f"{request.name} is added. Each login asks for a second factor now.")


@verb(ListRequest, "list")
def list_factors(request: ListRequest) -> None:
    """List the authenticator apps and security keys, the oldest first."""
    roaming = open_session(request.login)
    factors = blocking.run(roaming.session.factors(roaming.setting)).factors
    if request.as_json:
        rows = [
            {
                "id": entry.id,
                "kind": entry.kind,
                "name": entry.name,
                "created": write_time(entry.created),
                "latest": write_time(entry.latest),
            }
            for entry in factors
        ]
        write_json({"factors": rows})
        return
    for entry in factors:
        write_line(
            f"{entry.id}  {entry.name}, {_WORDS.get(entry.kind, entry.kind)}, last used {write_time(entry.latest)}"
        )


@verb(RemoveRequest)
def remove(request: RemoveRequest) -> None:
    """Remove an authenticator app or security key. Without any, the passphrase is enough to log in."""
    roaming = open_session(request.login)
    known = {entry.id: entry for entry in blocking.run(roaming.session.factors(roaming.setting)).factors}
    if request.id not in known:
        raise click.ClickException(f"there is no factor {request.id}: sealwax roam factor list lists them")
    blocking.run(roaming.session.remove_factor(roaming.setting, request.id))
    write_line(f"{known[request.id].name} is removed.")
