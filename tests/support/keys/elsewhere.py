"""Another device of a person, which changes the account at a key server, and the person's authenticator app."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pyotp

from roaming_keys.client.transport import HttpTransport
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.messages.factors import CodeProof, NewCodes, NewSecurityKey
from roaming_keys.protocol.records.recovery_codes import recovery_keys
from roaming_keys.protocol.session import Session, Setting
from smime_core.blocking import run
from smime_core.providers.native import NativeProvider

STEP_SECONDS = 30


class App:
    """The authenticator app of a person, which never shows a code twice."""

    def __init__(self, secret: str) -> None:
        self._codes = pyotp.TOTP(secret)
        self._step = 0

    def code(self) -> str:
        """The next code, as soon as the server takes it."""
        self._step = max(self._step + 1, int(time.time()) // STEP_SECONDS)
        # The clock of the phone may be one step ahead.
        time.sleep(max(0.0, (self._step - 1) * STEP_SECONDS - time.time()))
        return self._codes.generate_otp(self._step)


def log_in_elsewhere(server: str, user: str, passphrase: str, app: App | None = None) -> tuple[Session, Setting]:
    """Log in to an account, with a code of the app if there is one."""
    ask_factor = (lambda _demand, _refusal: CodeProof(code=app.code())) if app else None
    setting = Setting(transport=HttpTransport(server), provider=NativeProvider(), ask_factor=ask_factor)
    account = KeyAccount(server=server, user=user, passphrase=passphrase.encode())
    context = LoginContext(device=Device(token=bytes(32), name="elsewhere"), known=None, at=datetime.now(UTC))
    return run(log_in(setting, account, context)), setting


def plant_code(session: Session, setting: Setting) -> None:
    """Write another recovery code into the record, as a thief in an open session does."""
    planted = run(recovery_keys(b"thief's code 16b", setting.provider)).wrap_key
    content = replace(session.opened, state=replace(session.opened.state, wrap_keys=(planted,)))
    run(replace(session, opened=content).push(setting, content))


def add_app(session: Session, setting: Setting) -> App:
    """Add an authenticator app to the account."""
    secret = bytes(range(20))
    app = App("AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT")
    run(session.add_factor(setting, NewCodes(name="a phone", secret=secret, code=app.code())))
    return app


def add_security_key(session: Session, setting: Setting, register: Callable[[bytes], NewSecurityKey]) -> None:
    """Add the security key that `register` makes for a challenge."""
    run(session.add_factor(setting, register(run(session.factors(setting)).challenge)))


def remove_factors(session: Session, setting: Setting) -> None:
    """Remove all second factors of the account."""
    for factor in run(session.factors(setting)).factors:
        run(session.remove_factor(setting, factor.id))
