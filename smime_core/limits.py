"""Bounds on input (RFC 8551 section 3.7: "within reasonable resource limits"). The numbers are ours.

Each limit is far above the needs of mail and far below a harmful size. A limit whose name has no unit is a count.
"""

from __future__ import annotations

from typing import Final

from smime_core.errors import LimitExceeded

MAX_BER_DEPTH: Final = 40  # Elements nested in one another; a certificate uses about 12.
# Pieces of one constructed OCTET STRING. OpenSSL writes pieces of 1,024 bytes or more. Each piece takes microseconds.
# The first 20,000 pieces may have any size; more pieces must have 64 bytes on average.
MAX_BER_CHUNKS: Final = 1_000_000
MAX_SMALL_BER_CHUNKS: Final = 20_000
MIN_BER_CHUNK_BYTES: Final = 64
MAX_CHILDREN: Final = 20_000  # Children of one element, 400 bytes of memory each. Mail has at most 10,000 recipients.
MAX_INTEGER_BYTES: Final = 64  # A version, count or serial number; RFC 5280 allows 20 bytes for serial numbers.
MAX_MIME_DEPTH: Final = 20  # Multiparts and CMS layers nested in one another; triple wrapping uses 6.
MAX_MIME_PARTS: Final = 1_000
MAX_MESSAGE_PARTS: Final = 100_000  # Entities of a whole mail that is signed or encrypted; each takes 300 bytes.
MAX_NESTED_LAYERS: Final = 50  # Signed or encrypted parts inside a mail; a mailing list's digest has about 20.
MAX_HEADER_BYTES: Final = 1_048_576
# One field in a part that is signed in clear; Postfix 3.7 silently cuts fields above 102,400 bytes.
MAX_CLEAR_FIELD_BYTES: Final = 100_000
MAX_HEADER_FIELDS: Final = 10_000  # Fields of one entity; mail that went through many lists has some hundreds.
MAX_SIGNERS: Final = 100
MAX_SIGNER_CERTIFICATES: Final = 5  # Certificates tried for one signer; all have the same key.
MAX_RECIPIENTS: Final = 10_000
MAX_CERTIFICATES: Final = 1_000  # Certificates in one structure.
MAX_ATTRIBUTES: Final = 100  # Attributes of one SignerInfo.
MAX_CAPABILITIES: Final = 200  # Entries of one SMIMECapabilities; the longest lists of mail programs have about 30.
MAX_COUNTERSIGNATURES: Final = 20  # Countersignatures below one SignerInfo, at all levels together.
MAX_COUNTERSIGNATURE_DEPTH: Final = 5  # Levels of signatures on signatures.
MAX_GENERAL_NAMES: Final = 100  # Names of one entity. The same limit applies to the entities in one list.
MAX_SECURITY_CATEGORIES: Final = 64  # RFC 2634 section 3.2, ub-security-categories; also for equivalent labels.
MAX_ML_EXPANSIONS: Final = 64  # RFC 2634 section 4.4, ub-ml-expansion-history.
MAX_TIMESTAMP_BYTES: Final = 1_048_576  # One token or answer; with certificates and a CRL it has about 6,000 bytes.
MAX_TIMESTAMPS: Final = 10  # Timestamps on one signature; checking one verifies two signatures.
MAX_TIMESTAMP_DEVIATION_SECONDS: Final = 86_400  # Accuracy stated in a timestamp, usually one second or less.
# Strings, commas, and beginnings of lists and objects in one JSON text. Each takes up to 100 bytes of memory. The
# largest form has 150,000, a list of decisions 220,000.
MAX_JSON_TOKENS: Final = 250_000
MAX_DECISIONS: Final = 1_000  # Decisions of one user, who makes each one personally.
MAX_DECISION_ADDRESSES: Final = 100  # Addresses for one anchor; a domain covers all of its addresses.
MAX_DECISIONS_BYTES: Final = 10_485_760
MAX_LISTED_ANCHORS: Final = 1_000  # Anchors in an operator's list; Mozilla has 90.
MAX_LISTED_DIRECTORIES: Final = 20
MAX_TRUST_LIST_BYTES: Final = 10_485_760
MAX_RELEASED_FILES: Final = 5_000  # Files of one release; the whole build has 630, its pages 39.
MAX_RELEASE_BYTES: Final = 2_097_152  # One signed manifest; 5,000 files with long names take 1.5 MB.
MAX_RELEASED_FILE_BYTES: Final = 268_435_456  # One file of a release; the largest of the build has 18 MB.
MAX_RELEASED_PATH_CHARACTERS: Final = 255
MAX_LISTED_SERVERS: Final = 50  # Servers of one domain.
MAX_SERVER_ADDRESS_CHARACTERS: Final = 200
MAX_SUCCESSIONS: Final = 8  # Former keys of one discovery document.
MAX_DISCOVERY_BYTES: Final = 65_536  # One signed document; 50 servers with the longest addresses take 40,000 bytes.
MAX_MOVE_BYTES: Final = 4_096
MAX_PARCEL_FILES: Final = 10_000
MAX_PARCEL_NAME_BYTES: Final = 255  # The name of one file in UTF-8; most file systems allow as many.
MAX_PARCEL_RECIPIENTS: Final = 500  # Addresses of one parcel.
MAX_PARCEL_CHUNKS: Final = 32_768  # Chunks of 16 MiB: 512 GiB in one parcel.
MAX_PARCEL_CHUNK_OVERHEAD_BYTES: Final = 1_048_576  # One envelope; a recipient takes 300 to 900 bytes.
MAX_PARCEL_MANIFEST_BYTES: Final = 16_777_216  # Its JSON takes 3.3 MB for 32,768 chunks, 3.4 MB for 10,000 long names.
MAX_PARCEL_JSON_TOKENS: Final = 400_000  # The JSON of a manifest has six tokens for a chunk, twelve for a file.
MAX_TRUST_STATE_BYTES: Final = 134_217_728  # Room for contacts and decisions of the largest allowed sizes.
MAX_PATH_LENGTH: Final = 10  # Certificates of one path, anchor included.
MAX_PATH_CANDIDATES: Final = 200  # Signatures verified in one path search.
DIRECTORY_SECONDS: Final = 10.0  # All steps of one search in one directory.
SEARCH_SECONDS: Final = 12.0  # The search in all directories, while a person waits.
MAX_PARALLEL_DIRECTORIES: Final = 8  # Directories searched at the same time.
MAX_DIRECTORY_ENTRIES: Final = 20  # Entries for one address in one directory; a person usually has one.
MAX_DIRECTORY_URL_CHARACTERS: Final = 2_048
MAX_DIRECTORY_BYTES: Final = 4_000_000  # One answer; twenty entries with chains take 400,000 bytes.
MAX_DIRECTORY_MEMORY_BYTES: Final = 536_870_912  # Memory of the process that reads an answer; its code takes a fifth.
MAX_SMIMEA_RECORDS: Final = 20  # SMIMEA records of one DNS name.
# Records of one DNS answer, aliases and signatures included. Reading 4,000 long records would take ten seconds.
MAX_DNS_RECORDS: Final = 200
MAX_PATH_STATES: Final = 20_000  # Issuers considered in one path search; bridge authorities need hundreds.
MAX_PATHS: Final = 50  # Complete paths of one certificate that are judged.
# The next five limits apply to all signers of one message together, including the signers of its parts and timestamps.
# Otherwise a hostile message could multiply the limits above. A hundred signers with three certificates each need 300
# signatures, as many for revocation, and 200 paths.
MAX_MESSAGE_SIGNATURES: Final = 500  # Signatures verified, one for each certificate tried for a signer.
MAX_MESSAGE_PATH_SIGNATURES: Final = 1_000
MAX_MESSAGE_PATH_STATES: Final = 40_000
MAX_MESSAGE_PATHS: Final = 500
MAX_MESSAGE_PATH_BYTES: Final = 2_000_000  # Certificates of all signers and their paths; each path reads them again.
MAX_CRL_ISSUER_DEPTH: Final = 3  # Levels of CRLs: the signer of a CRL may need a CRL by another signer.
MAX_POLICIES: Final = 1_000  # Policies in one extension; certificates name one to ten.
MAX_NAME_CONSTRAINTS: Final = 10_000  # Subtrees in one extension; authorities of governments have hundreds.
MAX_HOST_CHARACTERS: Final = 255  # RFC 1035 section 2.3.4.
# Characters of one text in a name, if it is not ASCII. Normalising it takes quadratic time. RFC 5280 mostly allows 64.
MAX_NAME_TEXT_CHARACTERS: Final = 1_024
MAX_CACHED_NAME_BYTES: Final = 2_000_000  # DER of cached comparable names, which take up to 20 times as much memory.
MAX_ADDRESS_CHARACTERS: Final = 320  # RFC 5321 section 4.5.3.1: 64 bytes, the @, and 255 bytes.
# Mailboxes of one header field that a report lists. The report also has the number of all. Mail to people has some
# tens.
MAX_NAMED_MAILBOXES: Final = 200
# Text with recipients that a person types or pastes, or that a page contains. A thousand mailboxes with names have
# 60,000.
MAX_TYPED_ADDRESSES_CHARACTERS: Final = 131_072
MAX_FOUND_CERTIFICATES: Final = 100  # Candidates for one address; each costs a path. Directories return at most 20.
MAX_CONTACTS: Final = 10_000
# An address book: 2,000 names, 100 groups, and removed entries of both kinds. A group has at most 16,384 characters.
MAX_BOOK_ENTRIES: Final = 5_000
MAX_BOOK_NAME_CHARACTERS: Final = 400
MAX_BOOK_BYTES: Final = 8_388_608
MAX_CONTACT_CERTIFICATES: Final = 10  # Certificates of one address: two uses, renewed every year for five years.
MAX_CONTACTS_BYTES: Final = 100_000_000  # All contacts as JSON; two certificates with one issuer take 8,000 bytes.
MAX_CONTACTS_TOKENS: Final = 5_000_000  # Like MAX_JSON_TOKENS; 10,000 people with ten certificates need half.
MAX_PEOPLE_FILE_BYTES: Final = 67_108_864  # One address book; photographs take most of it.
# Certificates in one address book, those of authorities included: two for each of MAX_CONTACTS people.
MAX_PEOPLE_CERTIFICATES: Final = 20_000
MAX_PERSON_ADDRESSES: Final = 100  # Addresses in one entry of an address book.
MAX_RSA_MODULUS_BITS: Final = 16_384
MAX_RSA_EXPONENT_BITS: Final = 64
MAX_DSA_MODULUS_BITS: Final = 4_096  # FIPS 186-4 ends at 3,072.
MAX_PBKDF2_ITERATIONS: Final = 3_000_000  # Five times OWASP's advice; takes 0.3 s natively, 1.7 s with SHA3-512.
# The next three limits apply to all encrypted layers of one message together.
MAX_KEY_ATTEMPTS: Final = 100  # Content keys unwrapped; a private RSA operation takes 1 to 7 ms.
MAX_GUESSED_KEYS: Final = 20  # Attempts, in one layer, with a key that the recipient does not name.
# PBKDF2 iterations of all passwords. Iterations count twice for a slow hash, and for a key longer than the hash. The
# limit permits one password with MAX_PBKDF2_ITERATIONS.
MAX_PASSWORD_WORK: Final = 6_000_000
# Bytes that the content keys of a layer decrypt, not counting the first key, in bytes of AES. 32 MB with 3DES or 500 kB
# with RC2 reach the limit too; each amount takes about one second. Honest programs make one content key. A further
# one is tried only if the first does not fit the content: if the message is damaged, two of the reader's keys have the
# same name, or no recipient names the right key or password.
MAX_FURTHER_DECRYPTED_BYTES: Final = 268_435_456
MAX_WRAPPED_KEY_BYTES: Final = 512  # One content key, wrapped with a key or password; wrapping adds at most 40 bytes.
MAX_STRUCTURE_BYTES: Final = 16_777_216  # A streamed CMS structure without its content; in mail about 5,000 bytes.
MAX_DECOMPRESSED_BYTES: Final = 268_435_456  # One CompressedData; mail servers refuse a tenth of this size.
MAX_COMPRESSION_RATIO: Final = 64  # Text shrinks 3 to 10 times, logs 50 times; 1 MB that grows to 1 GB is an attack.
UNCHECKED_DECOMPRESSED_BYTES: Final = 1_048_576  # Any ratio is allowed up to this size: blank scans shrink 1,000 times.
MAX_LOOKED_INSIDE_BYTES: Final = 4_194_304  # The largest entity that is searched for protected parts.
MAX_WHOLE_BYTES: Final = 67_108_864  # Content taken into memory because the algorithm does not allow streaming.
MAX_INFLATED_BYTES: Final = 17_179_869_184  # Streamed content after decompression. It takes time, but little memory.
MAX_OCSP_REQUEST_BYTES: Final = 16_384  # A CertID takes 120 bytes, a signature with its chain a few thousand.
MAX_OCSP_QUESTIONS: Final = 20  # Certificates in one request; clients ask about one.
MAX_CERTIFICATION_REQUEST_BYTES: Final = 65_536  # A request with an ML-DSA-87 key takes 8,000 bytes.
MAX_PKCS12_BYTES: Final = 10_485_760
MAX_FILE_VALUES: Final = 20_000  # DER values in one file; an address book with MAX_PEOPLE_CERTIFICATES has as many.
MAX_PKCS12_KDF_ITERATIONS: Final = 1_000_000  # One digest each; up to 0.5 s natively. Writers use 1 to 600,000.
# The memory for the strongest parameters that OWASP advises (N 131,072, r 8). Files by OpenSSL need an eighth of this
# memory.
MAX_SCRYPT_MEMORY_BYTES: Final = 134_217_728
MAX_SCRYPT_LANES_BYTES: Final = 262_144  # 128 × r × p; writers take 1,024 to 16,384.
MAX_SCRYPT_BLOCKS: Final = 4_194_304  # N × r × p; four times OWASP's advice, about 1 s natively.
# A long passphrase is slow, because composing its accents takes quadratic time, and old KDFs hash all of it in each
# round.
MAX_PASSPHRASE_BYTES: Final = 4_096
# KDF iterations for one file: all its keys and all forms of the passphrase. Iterations of a slow hash count twice. A
# byte decrypted with RC2 counts as eight, because RC2 runs in Python. The whole work takes at most 2 s natively. A MAC,
# certificates and two keys with a million iterations of SHA-1 each are still accepted.
MAX_PASSPHRASE_WORK: Final = 7_000_000
LOOKUP_SECONDS: Final = 10.0  # All steps of one HTTP exchange.
LOOKUP_BATCH_SECONDS: Final = 20.0  # One whole round of lookups, while a person waits.
LOOKUP_TOTAL_SECONDS: Final = 30.0  # All rounds together.
MAX_LOOKUP_BYTES: Final = 20_000_000  # The body of one answer; the largest CRLs of public CAs have about 10 MB.
MAX_ISSUERS_BYTES: Final = 262_144  # An answer with issuers' certificates; bundles of cross-certificates are smaller.
MAX_LOOKUP_URL_CHARACTERS: Final = 2_048
MAX_LOOKUP_ADDRESSES: Final = 4  # IP addresses of one host that are tried.
MAX_LOOKUPS_IN_A_ROUND: Final = 32  # Two for each certificate of a long path, and some in reserve.
MAX_LOOKUP_ROUNDS: Final = 4  # For OCSP responses, CRLs, delta CRLs, and CRLs for an OCSP responder.
MAX_KEPT_HOURS: Final = 72  # An answer that is valid longer is fetched again, since a newer CRL may exist.
UNDATED_KEPT_MINUTES: Final = 60  # An answer without nextUpdate is kept for this time.
FAILURE_KEPT_MINUTES: Final = 5  # A server that failed is asked again after this time.
MAX_CACHE_BYTES: Final = 200_000_000  # Answers kept on disk: ten of the largest CRLs, or 100,000 OCSP responses.
MAX_MEMORY_CACHE_BYTES: Final = 50_000_000  # Answers kept in memory, in each process of a server without a disk cache.
MAX_PARALLEL_LOOKUPS: Final = 4  # Lookups of one round at the same time; each may use MAX_LOOKUP_BYTES.
MAX_CRL_BYTES: Final = 20_971_520  # One CRL, fetched or in a message; the largest of public CAs have about 10 MB.
MAX_OCSP_RESPONSE_BYTES: Final = 262_144  # One response with its certificates; most have 500 to 5,000 bytes.
MAX_EVIDENCE: Final = 500  # CRLs given with a path; the same for OCSP responses and for certificates.
MAX_DISTRIBUTION_POINTS: Final = 20  # Points in one certificate or CRL; a CA with partitioned CRLs names one or two.
MAX_OCSP_SINGLE_RESPONSES: Final = 100  # SingleResponses in one OCSP response; nearly all responses have one.
MAX_OCSP_CERTIFICATES: Final = 10  # Certificates in one OCSP response: the delegate's, and perhaps its issuers'.
MAX_REVOCATION_SIGNATURES: Final = 100  # For one certificate's status: 100 on CRLs and 100 on responses.
MAX_REVOCATION_SIGNED_BYTES: Final = 104_857_600  # Data under these signatures: 5 × MAX_CRL_BYTES, hashed in 0.1 s.
MAX_LIST_SIGNERS: Final = 5  # Signers of CRLs whose paths are followed for the status of one certificate.
MAX_UNUSUAL_ENTRIES: Final = 100_000  # CRL entries that are long or have rare extensions; each takes up to 15 µs.
MAX_LOOKUPS: Final = 20  # Lookups proposed for one path: two for each certificate.


def check_limit(name: str, actual: int, allowed: int) -> None:
    """Raise LimitExceeded with the name of the limit if `actual` is above `allowed`."""
    if actual > allowed:
        raise LimitExceeded(name, actual, allowed)


def check_chunks(count: int, octets: int) -> None:
    """Raise LimitExceeded if `count` pieces are too many for a constructed OCTET STRING of `octets` bytes."""
    check_limit("BER chunks", count, min(MAX_BER_CHUNKS, MAX_SMALL_BER_CHUNKS + octets // MIN_BER_CHUNK_BYTES))
