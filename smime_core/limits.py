"""Bounds on what is read (RFC 8551 section 3.7: "within reasonable resource limits"). The numbers are ours.

Each has a unit in its name or comment, and a reason: far above what mail holds, far below what hurts.
"""

from __future__ import annotations

from typing import Final

from smime_core.errors import LimitExceeded

MAX_BER_DEPTH: Final = 40  # nested TLVs; a certificate uses about 12
MAX_BER_CHUNKS: Final = 1_000_000  # pieces of one constructed OCTET STRING; OpenSSL writes one per 1,024 bytes or more
MAX_SMALL_BER_CHUNKS: Final = 20_000  # so many may be of any size, each takes microseconds; the others have to hold
MIN_BER_CHUNK_BYTES: Final = 64  # that much on average
MAX_CHILDREN: Final = 20_000  # of one element; each takes 400 bytes, and ten thousand recipients are the most in mail
MAX_INTEGER_BYTES: Final = 64  # of versions, counts and serial numbers; RFC 5280 gives the latter 20
MAX_MIME_DEPTH: Final = 20  # multiparts and CMS layers in one another; triple wrapping uses 6
MAX_MIME_PARTS: Final = 1_000
MAX_NESTED_LAYERS: Final = 50  # protected parts below the top that are judged; a digest of a list has about 20
MAX_HEADER_BYTES: Final = 1_048_576
MAX_HEADER_FIELDS: Final = 10_000  # of one entity; mail that went through many lists has some hundreds
MAX_SIGNERS: Final = 100
MAX_SIGNER_CERTIFICATES: Final = 5  # tried for one signer: those that his key was certified by again
MAX_RECIPIENTS: Final = 10_000
MAX_CERTIFICATES: Final = 1_000  # in one bag
MAX_ATTRIBUTES: Final = 100  # in one SignerInfo
MAX_CAPABILITIES: Final = 200  # in one SMIMECapabilities; the longest lists of mail programs hold about 30
MAX_COUNTERSIGNATURES: Final = 20  # below one SignerInfo, all levels together
MAX_COUNTERSIGNATURE_DEPTH: Final = 5  # signatures on signatures on signatures
MAX_GENERAL_NAMES: Final = 100  # of one entity, and entities in one list
MAX_SECURITY_CATEGORIES: Final = 64  # RFC 2634 section 3.2, ub-security-categories; equivalent labels too
MAX_ML_EXPANSIONS: Final = 64  # RFC 2634 section 4.4, ub-ml-expansion-history
MAX_TIMESTAMP_BYTES: Final = 1_048_576  # of one token or answer; with its certificates and a list it has about 6,000
MAX_TIMESTAMPS: Final = 10  # on one signature, each of them two signatures to check
MAX_TIMESTAMP_DEVIATION_SECONDS: Final = 86_400  # the accuracy that a timestamp claims; services say a second or less
MAX_DECISIONS: Final = 1_000  # of one user: each is made by hand
MAX_DECISION_ADDRESSES: Final = 100  # of one anchor; a domain stands for all of its addresses
MAX_DECISIONS_BYTES: Final = 10_485_760
MAX_LISTED_ANCHORS: Final = 1_000  # in an operator's list; Mozilla has 90
MAX_LISTED_DIRECTORIES: Final = 20
MAX_TRUST_LIST_BYTES: Final = 10_485_760
MAX_TRUST_STATE_BYTES: Final = 134_217_728  # contacts and decisions, as large as each may be
MAX_PATH_LENGTH: Final = 10  # certificates, anchor included
MAX_PATH_CANDIDATES: Final = 200  # signatures checked while one path is searched
DIRECTORY_SECONDS: Final = 10.0  # for one directory, all its steps together
SEARCH_SECONDS: Final = 12.0  # for all directories together: a person is waiting
MAX_PARALLEL_DIRECTORIES: Final = 8  # asked at once
MAX_DIRECTORY_ENTRIES: Final = 20  # of one address in one directory; people have one
MAX_DIRECTORY_URL_CHARACTERS: Final = 2_048
MAX_DIRECTORY_BYTES: Final = 4_000_000  # of one answer: twenty entries with chains take 400,000
MAX_DIRECTORY_MEMORY_BYTES: Final = 536_870_912  # of the process that reads it, whose code takes a fifth
MAX_SMIMEA_RECORDS: Final = 20  # of one name
MAX_DNS_RECORDS: Final = 200  # of one answer, aliases and signatures included; 4,000 with long names take ten seconds
MAX_PATH_STATES: Final = 20_000  # issuers weighed while one path is searched; bridges between authorities need hundreds
MAX_PATHS: Final = 50  # complete paths of one certificate that are judged
# For all signers of one message, its parts and timestamps included. A hundred with three certificates each take 300
# signatures, as many about revocation, and 200 paths; hostile ones would multiply the limits above.
MAX_MESSAGE_SIGNATURES: Final = 500  # of signers, with each certificate that they may mean, and of timestamps
MAX_MESSAGE_PATH_SIGNATURES: Final = 1_000
MAX_MESSAGE_PATH_STATES: Final = 40_000
MAX_MESSAGE_PATHS: Final = 500
MAX_MESSAGE_PATH_BYTES: Final = 2_000_000  # of the certificates of signers and of all these paths: read anew for each
MAX_CRL_ISSUER_DEPTH: Final = 3  # lists whose signers' own lists are signed by others
MAX_POLICIES: Final = 1_000  # in one extension; certificates name one to ten
MAX_NAME_CONSTRAINTS: Final = 10_000  # subtrees in one extension; states constrain their authorities by hundreds
MAX_HOST_CHARACTERS: Final = 255  # RFC 1035 section 2.3.4
MAX_NAME_TEXT_CHARACTERS: Final = 1_024  # beyond ASCII, normalised: takes quadratic time. RFC 5280 has 64 for most
MAX_KEPT_NAME_BYTES: Final = 2_000_000  # of names that are kept as they compare: in memory up to 20 times as much
MAX_ADDRESS_CHARACTERS: Final = 320  # RFC 5321 section 4.5.3.1: 64 and 255 octets, and the @
MAX_FOUND_CERTIFICATES: Final = 100  # candidates for one address; each costs a path. Directories give 20 at most
MAX_CONTACTS: Final = 10_000
MAX_CONTACT_CERTIFICATES: Final = 10  # of one address: two uses, renewed every year
MAX_CONTACTS_BYTES: Final = 100_000_000  # of the JSON form; two certificates with one above them take 8,000
MAX_RSA_MODULUS_BITS: Final = 16_384
MAX_RSA_EXPONENT_BITS: Final = 64
MAX_DSA_MODULUS_BITS: Final = 4_096  # FIPS 186-4 stops at 3,072
MAX_PBKDF2_ITERATIONS: Final = 3_000_000  # five times OWASP's advice; 0.3 s natively, with SHA3-512 1.7 s
MAX_KEY_ATTEMPTS: Final = 100  # content keys unwrapped for one message; a private RSA operation takes 1 to 7 ms
MAX_STRUCTURE_BYTES: Final = 16_777_216  # of a streamed CMS structure beside its content; a mail's is about 5,000
MAX_DECOMPRESSED_BYTES: Final = 268_435_456  # of one CompressedData; mail servers refuse a tenth of it
MAX_COMPRESSION_RATIO: Final = 64  # text shrinks 3 to 10 times, logs 50; 1 MB that grows to 1 GB is an attack
UNCHECKED_DECOMPRESSED_BYTES: Final = 1_048_576  # up to here any ratio: a blank sheet shrinks 1,000 times
MAX_LOOKED_INSIDE_BYTES: Final = 4_194_304  # of a streamed entity in which protected parts are looked for
MAX_WHOLE_BYTES: Final = 67_108_864  # what is taken into memory where an algorithm leaves no other way
MAX_INFLATED_BYTES: Final = 17_179_869_184  # of streamed compressed content, in constant memory; time is the bound
MAX_OCSP_REQUEST_BYTES: Final = 16_384  # one certificate takes 120, a signature with a chain a few thousand
MAX_OCSP_QUESTIONS: Final = 20  # certificates in one request; clients ask about one
MAX_CERTIFICATION_REQUEST_BYTES: Final = 65_536  # one of ML-DSA-87 takes 8,000
MAX_PKCS12_BYTES: Final = 10_485_760
MAX_PKCS12_KDF_ITERATIONS: Final = 1_000_000  # of a digest, up to 0.5 s natively; writers use 1 to 600,000
MAX_SCRYPT_MEMORY_BYTES: Final = (
    134_217_728  # OWASP's strongest advice (N 131,072, r 8); OpenSSL writes an eighth of it
)
MAX_SCRYPT_LANES_BYTES: Final = 262_144  # 128 times r times p; writers take 1,024 to 16,384
MAX_SCRYPT_BLOCKS: Final = 4_194_304  # N times r times p: four times OWASP's, about 1 s natively
MAX_PASSPHRASE_BYTES: Final = 4_096  # composing accents takes quadratic time, and old KDFs hash all of it each time
# For one file, all its keys and all forms of the passphrase: iterations, those of a slow hash twice. At most 2 s
# natively; a MAC, certificates and two keys with a million iterations of SHA-1 for each block are still read.
MAX_PASSPHRASE_WORK: Final = 7_000_000
LOOKUP_SECONDS: Final = 10.0  # for one HTTP exchange, all its steps together
LOOKUP_BATCH_SECONDS: Final = 20.0  # for all of one round: a person is waiting
LOOKUP_TOTAL_SECONDS: Final = 30.0  # for all rounds together
MAX_LOOKUP_BYTES: Final = 20_000_000  # of one body; the largest CRLs of public CAs have about 10 MB
MAX_ISSUERS_BYTES: Final = 262_144  # of one answer with issuers' certificates; bundles between authorities are smaller
MAX_LOOKUP_URL_CHARACTERS: Final = 2_048
MAX_LOOKUP_ADDRESSES: Final = 4  # of one host that are tried
MAX_LOOKUPS_IN_A_ROUND: Final = 32  # two for each certificate of a long path, and some to spare
MAX_LOOKUP_ROUNDS: Final = 4  # OCSP, then lists, then their deltas, then those of a responder; each a batch
MAX_KEPT_HOURS: Final = 72  # of an answer that is valid for longer: a list may be followed by another before its time
UNDATED_KEPT_MINUTES: Final = 60  # of an answer without nextUpdate
FAILURE_KEPT_MINUTES: Final = 5  # before a server that failed is asked again
MAX_CACHE_BYTES: Final = 200_000_000  # of answers kept on disk: ten of the largest, or 100,000 OCSP responses
MAX_MEMORY_CACHE_BYTES: Final = 50_000_000  # the same without a disk, in each process of a server
MAX_PARALLEL_LOOKUPS: Final = 4  # of one batch, each may hold MAX_LOOKUP_BYTES
MAX_CRL_BYTES: Final = 20_971_520  # of one CRL that is fetched or carried; the largest of public CAs have about 10 MB
MAX_OCSP_RESPONSE_BYTES: Final = 262_144  # with its certificates; usual are 500 to 5,000
MAX_EVIDENCE: Final = 500  # CRLs, OCSP responses and certificates beside a path, of each kind
MAX_DISTRIBUTION_POINTS: Final = 20  # in one certificate or list; a CA with partitioned lists names one or two
MAX_OCSP_SINGLE_RESPONSES: Final = 100  # in one OCSP response; nearly all have one
MAX_OCSP_CERTIFICATES: Final = 10  # in one OCSP response: the delegate's, and perhaps its issuers'
MAX_REVOCATION_SIGNATURES: Final = 100  # checked for the status of one certificate, on lists and on responses each
MAX_REVOCATION_SIGNED_BYTES: Final = 104_857_600  # that these are on: five of the largest lists, 0.1 s of hashing
MAX_LIST_SIGNERS: Final = 5  # whose own paths are followed for the status of one certificate
MAX_UNUSUAL_ENTRIES: Final = 100_000  # of one CRL: long ones, and with further extensions; each takes up to 15 µs
MAX_LOOKUPS: Final = 20  # named for one path: two for each certificate


def check_limit(name: str, actual: int, allowed: int) -> None:
    """Raise LimitExceeded, naming the limit, when `actual` is above `allowed`."""
    if actual > allowed:
        raise LimitExceeded(name, actual, allowed)


def check_chunks(count: int, octets: int) -> None:
    """Raise LimitExceeded for a constructed OCTET STRING in too many pieces for the octets in them."""
    check_limit("BER chunks", count, min(MAX_BER_CHUNKS, MAX_SMALL_BER_CHUNKS + octets // MIN_BER_CHUNK_BYTES))
