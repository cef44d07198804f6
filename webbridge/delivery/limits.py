"""The limits on parcels. The operator may set lower limits for sizes, days and recipients (`settings`)."""

from __future__ import annotations

from typing import Final

ID_BYTES: Final = 16
SALT_BYTES: Final = 16
PROOF_BYTES: Final = 32
FINGERPRINT_BYTES: Final = 32
ITERATIONS: Final = 600_000
"""The rounds of PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2) for every parcel."""
TRIES: Final = 5
"""After this many wrong proofs in a row, the sender has to allow more tries. The sender then allows as many again."""

MAX_DAYS: Final = 90
MAX_RECIPIENTS: Final = 50
MAX_CERTIFICATES: Final = 200
MAX_CERTIFICATE_BYTES: Final = 64 * 1024  # Keys and signatures of ML-DSA-87 and SLH-DSA fit.
MAX_OPENINGS: Final = 1_000_000
MAX_OBJECTS: Final = 20_000
# A chunk has 16 MiB of plaintext. Each recipient adds less than 2 KB (RSA 16,384 bits or ML-KEM-1024).
MAX_OBJECT_BYTES: Final = 17 * 1024 * 1024
MAX_MANIFEST_BYTES: Final = 17 * 1024 * 1024
MAX_LINE_BYTES: Final = 2 * 1024 * 1024  # Room for 20,000 sizes, and for 200 certificates of the usual 3 KB.
MAX_WHOLE_BYTES: Final = 1024 * 1024
"""The most bytes of a parcel that comes in one request."""
MAX_ENCLOSED_BYTES: Final = 64 * 1024
"""The most bytes of a parcel whose objects come along with the ticket. This saves one round trip."""
MAX_ENCLOSED_OBJECTS: Final = 8
"""The most objects that come along with the ticket. A store at a URL needs a separate request for each."""
MAX_REQUEST_BYTES: Final = 128 * 1024  # The other requests: an id, a proof, a certificate or a receipt.

MAX_PARCEL_BYTES: Final = 20 * 1024**3
SENDER_BYTES: Final = 50 * 1024**3
TOTAL_BYTES: Final = 1024**4

MAX_KEPT_FILES: Final = 20_000
"""The most files that a person may keep. The operator may set a lower limit, or allow none."""
MAX_INDEX_BYTES: Final = 8 * 1024 * 1024  # Enough for 20,000 files of 300 bytes, and a manifest of 10 KB.

UPLOAD_SECONDS: Final = 24 * 60 * 60
"""An upload is deleted if nothing was added to it for this time."""
GRACE_SECONDS: Final = 24 * 60 * 60
"""The bytes of an expired parcel stay for this time, because the clock may have been wrong."""
KEPT_SECONDS: Final = 90 * 24 * 60 * 60
"""The record of a parcel without bytes stays for this time, so that recipients learn that it is expired."""
MAX_ANSWERS: Final = 10
"""The most answers to one parcel, from all of its recipients together."""
MAX_ANSWER_BYTES: Final = 20 * 1024 * 1024  # 28 MB as a mail. Larger files can be sent back as a parcel.
ANSWER_BYTES: Final = 7 * 1024 * 1024
"""The default limit on an encrypted answer. Its mail is smaller than Postfix's default limit, 10,240,000."""

CODE_SECONDS: Final = 30 * 60
"""A code that confirms the address of a new key counts for this time."""
CODE_TRIES: Final = 5
MAX_KEY_REQUESTS: Final = 10
"""The most requests of one address for one parcel that may have a valid code at the same time."""
MAX_KEY_REQUEST_BYTES: Final = 16 * 1024  # A request with an ML-DSA-87 key takes 8,000 bytes.

TICKET_SECONDS: Final = 12 * 60 * 60
CHALLENGE_SECONDS: Final = 5 * 60

MAX_TOKENS: Final = 50
MAX_TOKEN_DAYS: Final = 366
MAX_NAME_CHARACTERS: Final = 100
PAGE_PARCELS: Final = 50
