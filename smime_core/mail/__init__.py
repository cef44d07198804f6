"""Build mail, read mail, and protect its header fields.

RFC 5322, RFC 9788.
"""

from smime_core.mail.compose import Draft, build_attachment, build_mail, build_parts, find_message_ids
from smime_core.mail.header_policies import hcp_baseline, hcp_no_confidentiality, hcp_shy
from smime_core.mail.header_protection import (
    FieldProtection,
    HeaderScheme,
    ProtectedHeaders,
    ProtectionMode,
    ShownField,
    find_scheme,
    protect_headers,
    unprotect_headers,
)
from smime_core.mail.header_replies import HiddenField, ReplyHeaders, keep_hidden, reply_headers
from smime_core.mail.people import NO_PEOPLE, FieldPeople, MessagePeople, NamedMailbox, read_people
from smime_core.mail.reading import Passage, ReadableEntity, read_encrypted_payload, read_entity, read_payload

__all__ = [
    "NO_PEOPLE",
    "Draft",
    "FieldPeople",
    "FieldProtection",
    "HeaderScheme",
    "HiddenField",
    "MessagePeople",
    "NamedMailbox",
    "Passage",
    "ProtectedHeaders",
    "ProtectionMode",
    "ReadableEntity",
    "ReplyHeaders",
    "ShownField",
    "build_attachment",
    "build_mail",
    "build_parts",
    "find_message_ids",
    "find_scheme",
    "hcp_baseline",
    "hcp_no_confidentiality",
    "hcp_shy",
    "keep_hidden",
    "protect_headers",
    "read_encrypted_payload",
    "read_entity",
    "read_payload",
    "read_people",
    "reply_headers",
    "unprotect_headers",
]
