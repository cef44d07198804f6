"""One-time codes of an authenticator app: RFC 6238 with SHA-1, six digits and steps of 30 seconds, as in all apps."""

from __future__ import annotations

import base64
import datetime
import hmac
from typing import Final

import pyotp

STEP_SECONDS: Final = 30
# The clock of a phone may be one step off (RFC 6238 section 5.2).
_DRIFT_STEPS: Final = (0, -1, 1)


def find_step(secret: bytes, code: str, at: datetime.datetime, *, after: int) -> int | None:
    """Return the time step of a right code, or None. Codes of steps up to `after` were used (RFC 6238 section 5.2)."""
    codes = pyotp.TOTP(base64.b32encode(secret).decode(), interval=STEP_SECONDS)
    now = int(at.timestamp()) // STEP_SECONDS
    steps = (now + drift for drift in _DRIFT_STEPS)
    return next((step for step in steps if hmac.compare_digest(codes.generate_otp(step), code) and step > after), None)
