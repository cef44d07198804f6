"""The options and steps that the `sealwax roam` commands share: the account, its passphrase, the login."""

from __future__ import annotations

import platform
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import click

from roaming_keys.client.command.times import write_minute
from roaming_keys.client.kept import KeptAccount, changing_accounts, load_accounts
from roaming_keys.client.transport import HttpTransport
from roaming_keys.protocol.key_account import KeyAccount, normalise_origin, normalise_user
from roaming_keys.protocol.known import AccountReset, Known
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import MAX_DEVICE_NAME_CHARACTERS, TOKEN_BYTES, Device
from roaming_keys.protocol.messages.factors import CODE_DIGITS, CodeProof, FactorDemand, FactorKind
from roaming_keys.protocol.session import AccountId, Session, Setting, Transport
from roaming_keys.protocol.steps import KeyServerError
from sealwax.cli.options.parameters import JSON, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_error
from sealwax.discovery.user_folder import follows_any
from smime_core import blocking

if TYPE_CHECKING:
    from sealwax.discovery.following import Sources
    from smime_core.identity import Identity

NEW_PASSPHRASE_FILE: Final = click.Option(
    ["--new-passphrase-file", "new_file"],
    metavar="FILE",
    type=click.Path(),
    help="File whose first line is the new passphrase. It is asked for otherwise.",
)

_CODE_TRIES: Final = 3
_LOST_CODE: Final = (
    "somebody has changed the recovery code of this account: your code no longer opens it after the next change of its "
    "keys. Make a new one: sealwax roam recovery-code"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """The source of the passphrase of identity files, apart from the account's passphrase."""

    file: str | None = given_by(
        click.Option(
            ["--file-passphrase-file", "file_passphrase"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase of the P12 files. It is asked for otherwise.",
        )
    )

    def load(self, names: Sequence[str]) -> tuple[Identity, ...]:
        """Return all identities of the files. Raises WrongPassphrase, MalformedMessage or OSError."""
        # Imported here because a login reads no files of keys.
        from sealwax.cli.options.identities import load_all_identities

        return load_all_identities(names, PassphraseSource(file=self.file, descriptor=None, keyring_entry=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChoice:
    """An account at a key server. Without options, it is the account that was used last on this computer."""

    server: str | None = given_by(
        click.Option(["--server"], metavar="URL", help="The key server. The one of the last login, if left out.")
    )
    user: str | None = given_by(
        click.Option(["--user"], metavar="ADDRESS", help="Your address there. That of the last login, if left out.")
    )
    urls: tuple[str, ...] = given_by(
        click.Option(
            ["--discovery-url", "urls"],
            multiple=True,
            metavar="URL",
            help="Ask here for the list of servers, and neither the DNS nor the domain. Repeatable.",
        )
    )

    def sources(self) -> Sources:
        """Return the places to ask for the list of servers."""
        # Imported here for the same reason as in `_transport_for` below.
        from sealwax.discovery.following import Sources

        return Sources(urls=self.urls)

    def account_id(self) -> AccountId:
        """Return the account. Raises UsageError if options are missing, or MalformedMessage."""
        if self.server is not None and self.user is not None:
            return AccountId(server=normalise_origin(self.server), user=normalise_user(self.user))
        account_ids = [
            account_id
            for account_id in load_accounts()
            if (self.server is None or normalise_origin(self.server) == account_id.server)
            and (self.user is None or normalise_user(self.user) == account_id.user)
        ]
        if not account_ids:
            raise click.UsageError("say which account: give --server and --user")
        return account_ids[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAgreement:
    """The option by which the person agrees to a reset of the account."""

    reset: str | None = given_by(
        click.Option(
            ["--accept-reset", "reset"],
            metavar="DATE",
            help="Take the account after its reset by mail login on this day, as 2026-01-31, or after `undone`.",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLogin:
    """An account, and the source of its passphrase."""

    account: AccountChoice = group_of(AccountChoice)
    agreement: ResetAgreement = group_of(ResetAgreement)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """The account to which a command without further options logs in."""

    login: AccountLogin = group_of(AccountLogin)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """The account, and the form of a list."""

    login: AccountLogin = group_of(AccountLogin)
    as_json: bool = given_by(JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roaming:
    """A session, the passphrase of the login (empty after a recovery), and the setting for further calls."""

    session: Session
    passphrase: bytes = field(repr=False)
    setting: Setting


def setting_for(account: AccountChoice) -> Setting:
    """Return the transport and other parts that calls to the account's key server need."""
    return Setting(transport=_transport_for(account), provider=PROVIDER, ask_factor=_CodePrompt())


def open_session(login: AccountLogin) -> Roaming:
    """Log in, and remember the account. Raises the errors of `log_in`."""
    account_id = login.account.account_id()
    passphrase = login.passphrases.reader()(f"{account_id.user} at {account_id.server}")
    setting = setting_for(login.account)
    account = KeyAccount(server=account_id.server, user=account_id.user, passphrase=passphrase)
    session = log_in_as_known(account_id, login.agreement, lambda context: log_in(setting, account, context))
    if session.own.has_lost_some:
        write_error(_LOST_CODE)
    return Roaming(session=session, passphrase=passphrase, setting=setting)


def log_in_as_known(
    account_id: AccountId, agreement: ResetAgreement, start: Callable[[LoginContext], Coroutine[Any, Any, Session]]
) -> Session:
    """Return the session of a login, and remember the account. Raises ClickException for a reset without agreement."""
    context = replace(login_context(account_id), agreed=agreement.reset or "")
    try:
        session = blocking.run(start(context))
    except AccountReset as error:
        remedy = f"if you know why, repeat this with --accept-reset {error.reset}; else ask your administrator"
        raise click.ClickException(f"{error}: {remedy}") from None
    if context.known is not None and context.known.reset != session.known.reset:
        # The person has agreed to the reset. The record versions of the two accounts are unrelated.
        forget(account_id)
    keep_login(account_id, context.device, session.known)
    if session.reset_ready is not None:
        ready = write_minute(session.reset_ready)
        text = f"a reset of this account was started by mail login, and can take it from {ready}"
        write_error(f"{text}. If it was not you: sealwax roam stop-reset")
    return session


def login_context(account_id: AccountId) -> LoginContext:
    """Return this computer as a device. Its token for the account is new until the first successful login stores it."""
    account = load_accounts().get(account_id) or KeptAccount(token=PROVIDER.random_bytes(TOKEN_BYTES), known=None)
    name = f"sealwax · {platform.node()}"[:MAX_DEVICE_NAME_CHARACTERS]
    device = Device(token=account.token, name=name if name.isprintable() else "sealwax")
    return LoginContext(device=device, known=account.known, at=now())


def keep_login(account_id: AccountId, device: Device, known: Known | None) -> None:
    """Store an account after a registration or a successful login, as the default from now on. Raises ServerLies."""
    with changing_accounts() as accounts:
        account = accounts.pop(account_id, KeptAccount(token=device.token, known=None))
        accounts[account_id] = account.after(known)


def remember(session: Session) -> None:
    """Store what the session has learnt about the account since the login. Raises ServerLies.

    Nothing is stored if another command has deleted the account since.
    """
    with changing_accounts() as accounts:
        if session.account_id in accounts:
            accounts[session.account_id] = accounts[session.account_id].after(session.known)


def forget(account_id: AccountId) -> None:
    """Delete what this computer has stored about an account."""
    with changing_accounts() as accounts:
        accounts.pop(account_id, None)


def ask_code() -> str:
    """Ask on the terminal for a code of an authenticator app. Raises ClickException."""
    code = str(click.prompt("Code of your authenticator app", err=True)).replace(" ", "")
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        raise click.ClickException(f"the code has {CODE_DIGITS} digits: type the one that your app shows now")
    return code


class _CodePrompt:
    """Asks on the terminal for the one-time code of a login, up to three times."""

    def __init__(self) -> None:
        self._left = _CODE_TRIES

    def __call__(self, demand: FactorDemand, refusal: KeyServerError | None) -> CodeProof:
        if FactorKind.TOTP not in demand.kinds:
            raise click.ClickException(
                "the account asks for a security key: unlock your keys in the pages, or add an authenticator app there"
            )
        self._left -= 1
        if refusal is not None:
            if refusal.code != "factor-refused" or self._left < 0:
                raise refusal
            write_error(str(refusal))
        return CodeProof(code=ask_code())


def _transport_for(account: AccountChoice) -> Transport:
    account_id = account.account_id()
    if not follows_any():
        return HttpTransport(account_id.server)
    # Imported here because the code for lists of servers takes longest to import, and few people follow a list.
    from roaming_keys.client.following import FollowingTransport

    return FollowingTransport(account_id, account.sources())
