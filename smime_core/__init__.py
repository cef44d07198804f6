"""S/MIME and PKIX: a pure-Python core over asn1crypto, without I/O, clock or global state."""
