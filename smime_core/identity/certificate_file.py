"""The certificates and revocation lists of any file, including PKCS#12 (RFC 7292).

Programs keep trusted certificates in PKCS#12 files without keys. The keys of a file are not read here (see `identity`).
"""

from __future__ import annotations

from collections.abc import Callable

from smime_core.asn1.der import Buffer
from smime_core.asn1.file_values import parse_file_values
from smime_core.asn1.value_kinds import ValueKind
from smime_core.cms.carried import Carried, parse_carried, parse_each_certificate
from smime_core.cms.layers import is_mail
from smime_core.errors import MalformedMessage
from smime_core.identity.identity import parse_pkcs12_values
from smime_core.provider import CryptoProvider


async def load_carried(
    data: Buffer, passphrase: Callable[[], bytes], provider: CryptoProvider, where: str = "file"
) -> Carried:
    """The certificates and revocation lists of a file. `passphrase` returns UTF-8 and is called only for PKCS#12.

    Raises WrongPassphrase, and the errors of `cms.parse_carried` and of `load_identities`.
    """
    if is_mail(data):
        return parse_carried(data, where)
    values = parse_file_values(data, where)
    if not values.find(ValueKind.PKCS12):
        return parse_carried(data, where)
    contents = await parse_pkcs12_values(values, passphrase(), provider)
    encodings = dict.fromkeys(certificate.certificate_der for each in contents for certificate in each.certificates)
    if not encodings:
        raise MalformedMessage("the PKCS#12 has no certificates", where)
    return parse_each_certificate(encodings, where)
