"""The header field that marks mails of our own services, so that no program takes a service for a person.

The pages and the extension do not address a reply to such a mail automatically. The certificate of a mail with a signed
mark is not stored. `wasm_build/ui/answer.js` has the same mark.
"""

from __future__ import annotations

from typing import Final

SERVICE_FIELD: Final = "Sealwax-Service"
"""The header field. Its value is the kind of the mail."""
NOTICE: Final = "notice"
"""A program has written the mail."""
PARCEL_REPLY: Final = "parcel-reply"
"""Somebody who could open a parcel has written the mail, and nothing proves who that was."""
