"""Read and write PKCS#12 files (RFC 7292), with PBES2 (RFC 8018) and PBMAC1 (RFC 9579)."""

from smime_core.identity.pkcs12.contents import Pkcs12Certificate, Pkcs12Contents, Pkcs12Key
from smime_core.identity.pkcs12.reading import parse_pkcs12
from smime_core.identity.pkcs12.writing import DEFAULT_ITERATIONS, Pkcs12Form, build_pkcs12

__all__ = [
    "DEFAULT_ITERATIONS",
    "Pkcs12Certificate",
    "Pkcs12Contents",
    "Pkcs12Form",
    "Pkcs12Key",
    "build_pkcs12",
    "parse_pkcs12",
]
