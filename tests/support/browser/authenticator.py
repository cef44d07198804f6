"""Authenticators of WebAuthn that Chromium simulates."""

from __future__ import annotations

from typing import Any

from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page


class Authenticator:
    """An authenticator that Chromium simulates for one page: the device's fingerprint reader, or a security key."""

    def __init__(self, browser: Chromium, page: Page, *, has_prf: bool = True, is_security_key: bool = False) -> None:
        self._browser = browser
        self._session = browser.browser_cdp("Target.attachToTarget", targetId=page.context, flatten=True)["sessionId"]
        self._send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "usb" if is_security_key else "internal",
            "hasResidentKey": not is_security_key,
            "hasUserVerification": not is_security_key,
            "hasPrf": has_prf,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self._send("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]

    def credentials(self) -> list[Any]:
        credentials: list[Any] = self._send("WebAuthn.getCredentials", authenticatorId=self._id)["credentials"]
        return credentials

    def close(self) -> None:
        self._browser.browser_cdp("Target.detachFromTarget", sessionId=self._session)

    def _send(self, method: str, **params: Any) -> Any:
        sent = self._browser.bidi.command("goog:cdp.sendCommand", method=method, params=params, session=self._session)
        return sent["result"]
