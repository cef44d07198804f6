"""ContentInfo and the content types, standard and our own (RFC 5652 sections 3 and 4, RFC 7468 section 9).

Every kind of content that Sealwax makes outside mail has a separate OID (arc 2.25.<uuid>), and each verifier accepts
only one type. So a signed text field cannot pass as a signed mail, and an encrypted mail cannot be decrypted as a
field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.file_values import parse_file_values
from smime_core.asn1.pem import build_pem
from smime_core.asn1.value_kinds import ValueKind
from smime_core.errors import MalformedMessage

ID_DATA: Final = "1.2.840.113549.1.7.1"
ID_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
ID_ENVELOPED_DATA: Final = "1.2.840.113549.1.7.3"
ID_DIGESTED_DATA: Final = "1.2.840.113549.1.7.5"
ID_ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
ID_AUTHENTICATED_DATA: Final = "1.2.840.113549.1.9.16.1.2"
ID_COMPRESSED_DATA: Final = "1.2.840.113549.1.9.16.1.9"
ID_AUTH_ENVELOPED_DATA: Final = "1.2.840.113549.1.9.16.1.23"

FIELD: Final = "2.25.138318926240923180406543086106366403209"
"""The text of a form field with its origin, as JSON (`smime_core.own_content.fields`)."""
SIGNED_FIELD: Final = "2.25.260105474529164283014612104213498532917"
"""A ContentInfo with SignedData over FIELD, as the content of an encrypted field."""
FORM: Final = "2.25.303689962499840763050831509587727757124"
"""The data that a person submits with a form, as JSON (`smime_core.own_content.forms`); signed, never encrypted."""
PAGE: Final = "2.25.328785074681734693904427938734148443758"
"""A page with its address and media type (`smime_core.own_content.pages`)."""
PUBLISHED_PAGE: Final = "2.25.183266888243104336638299900116815475425"
"""The bare bytes of a page that is published with a detached signature. Address and media type are an attribute."""
SIGNED_PAGE: Final = "2.25.286837710234770486638560513911881683281"
"""A ContentInfo with SignedData over PAGE, as the content of an encrypted page."""
PARCEL_MANIFEST: Final = "2.25.1589569059441655875092899504865246300"
"""The manifest of a parcel, as JSON (`smime_core.parcels.manifest`). An unsigned manifest is encrypted as id-data."""
TRUST_LIST: Final = "2.25.19189679730912088980898887392212511399"
"""The anchors that an organisation trusts, as JSON (`smime_core.own_content.trust_list`); signed, never encrypted."""
TRUST_STATE: Final = "2.25.161258077155765256585541340064723270870"
"""A person's contacts and decisions on trust, as JSON (`smime_core.own_content.trust_state`)."""
SIGNED_TRUST_STATE: Final = "2.25.138873449625567873194572670509951211987"
"""A ContentInfo with SignedData over TRUST_STATE, as the content of an encrypted trust state."""
DECISION: Final = "2.25.34776720147938851869148402441140134892"
"""One decision on trust that roams, as JSON (`smime_core.own_content.signed_decision`); signed, never encrypted."""
RELEASE: Final = "2.25.167444189864237325644094257239035236649"
"""The files of a release with their hashes, as JSON (`smime_core.own_content.release`); signed, never encrypted."""
BACKUP: Final = "2.25.276106881659054784450405654995567530024"
"""All data of the extension, as JSON (`browser_ext/background/keys/backup_format.js`), encrypted with a passphrase."""
RECOVERY_SHARE: Final = "2.25.143983488696575554366226574883889055834"
"""A recovery officer's share of a person's encryption keys, as JSON (`roaming_keys.organisation.protocol.copies`)."""
GROUP_KEY: Final = "2.25.195550888004648044879634804329050286769"
"""The key of a group's bundle for one member, as JSON (`smime_core.own_content.group_key`)."""
SIGNED_GROUP_KEY: Final = "2.25.305709149717436402451300031377417348519"
"""A ContentInfo with SignedData over GROUP_KEY, as the content of an encrypted key of a group."""
PARCEL_CHALLENGE: Final = "2.25.3868232965977762102046389164398458617"
"""A nonce that the owner of a certificate decrypts as a proof (`webbridge.delivery.challenges`); never signed."""

PROTECTING_TYPES: Final = frozenset(
    {
        ID_SIGNED_DATA,
        ID_ENVELOPED_DATA,
        ID_AUTH_ENVELOPED_DATA,
        ID_COMPRESSED_DATA,
        ID_ENCRYPTED_DATA,
        ID_DIGESTED_DATA,
        ID_AUTHENTICATED_DATA,
    }
)
"""The content types whose content is a CMS structure again, without a ContentInfo around it (RFC 5652 section 4)."""

_OWN_TYPES: Final = frozenset(
    {
        FIELD,
        SIGNED_FIELD,
        FORM,
        PAGE,
        PUBLISHED_PAGE,
        SIGNED_PAGE,
        PARCEL_MANIFEST,
        TRUST_LIST,
        TRUST_STATE,
        SIGNED_TRUST_STATE,
        DECISION,
        RELEASE,
        BACKUP,
        RECOVERY_SHARE,
        GROUP_KEY,
        SIGNED_GROUP_KEY,
        PARCEL_CHALLENGE,
    }
)

MAX_FILLER_BYTES: Final = 65_536
_MAX_TRAILING_BYTES: Final = 2  # CR and LF, or any other bytes
_FILLER: Final = b"\0\t\n\r \x1a"  # As in `asn1.file_values`. Some writers fill a block of fixed size with zeros.


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentInfo:
    """`content` is the element inside [0] EXPLICIT. `trailing_bytes` counts the ignored bytes after the structure."""

    content_type: str
    content: Tlv
    trailing_bytes: int = 0


def is_own_type(content_type: str) -> bool:
    """Whether this is one of our own content types, each of which is accepted only in its place."""
    return content_type in _OWN_TYPES


def parse_content_info(data: Buffer) -> ContentInfo:
    """Parse a ContentInfo, in BER or DER. Raises MalformedMessage.

    Bytes that may follow the structure are ignored: see `check_trailing`.
    """
    where = "ContentInfo"
    tlv, end = der.read_tlv(data, where=where)
    check_trailing(data[end : end + MAX_FILLER_BYTES + 1])
    fields = der.read_fields(tlv, where)
    if len(fields) != 2 or fields[1].tag != 0xA0:
        raise MalformedMessage("expected a content type and [0] content", where)
    return ContentInfo(
        content_type=der.parse_oid(fields[0], where),
        content=der.read_one(fields[1].content, where),
        trailing_bytes=len(data) - end,
    )


def check_trailing(rest: Buffer) -> None:
    """Raise MalformedMessage if the bytes after a structure are more than filler.

    Up to two bytes may be any, because mail transport adds line ends and old writers a stray byte. There may be up to
    MAX_FILLER_BYTES line ends, blanks and zeros.
    """
    if len(rest) > _MAX_TRAILING_BYTES and (len(rest) > MAX_FILLER_BYTES or bytes(rest).strip(_FILLER)):
        raise MalformedMessage("bytes follow the structure", where="ContentInfo")


def build_content_info(content_type: str, *content: Buffer) -> bytes:
    """DER of a ContentInfo around an element. The element is given in pieces, so that bulk content is copied once."""
    return b"".join((content_info_header(content_type, sum(map(len, content))), *content))


def missing_header(content_type: str, head: Buffer, length: int) -> bytes:
    """The bytes that turn the content of a structure into a ContentInfo when they are put before the content.

    The content is a CMS structure itself. `head` has its first bytes, and `length` counts all its bytes. Most writers
    omit the ContentInfo there; if it is present, the result is empty. PKCS #7 version 1.5 also omits tag and length of
    the inner structure, so the content begins with the version (RFC 5652 section 5.2.1).
    """
    if is_content_info(head):
        return b""
    sequence = b"" if bytes(head[:1]) != bytes([der.INTEGER]) else der.header(der.SEQUENCE, length)
    return content_info_header(content_type, len(sequence) + length) + sequence


def content_info_header(content_type: str, length: int) -> bytes:
    """The first bytes of a ContentInfo in DER around an element of `length` bytes, which follows them."""
    type_der, tagged = der.oid(content_type), der.header(0xA0, length)
    return der.header(der.SEQUENCE, len(type_der) + len(tagged) + length) + type_der + tagged


def is_content_info(data: Buffer) -> bool:
    """Whether `data` begins as a ContentInfo: a SEQUENCE with an OBJECT IDENTIFIER. Only the first bytes are tested."""
    head = bytes(data[:16])
    if len(head) < 8 or head[0] != der.SEQUENCE:
        return False
    content_start = 2 if head[1] <= 0x80 else 2 + (head[1] & 0x7F)
    return content_start < len(head) and head[content_start] == der.OID


def parse_signed_content(cms: Buffer, where: str) -> Tlv:
    """The structure inside a ContentInfo with SignedData. Raises MalformedMessage, also for any other content."""
    content_info = parse_content_info(cms)
    if content_info.content_type != ID_SIGNED_DATA:
        raise MalformedMessage(f"found content of type {content_info.content_type}", where)
    return content_info.content


def unarmor(data: Buffer) -> Buffer:
    """CMS bytes from a file in any form (`asn1.file_values`). DER and BER are returned unchanged.

    The first structure counts; other structures and text after it are ignored. Raises MalformedMessage.
    """
    if is_content_info(data):
        return data
    return parse_file_values(data, where="CMS").take(ValueKind.CMS, ValueKind.TIMESTAMP, where="CMS")[0].der


def armor(cms_der: bytes) -> str:
    """PEM with the label CMS (RFC 7468 section 9)."""
    return build_pem("CMS", cms_der).decode("ascii")
