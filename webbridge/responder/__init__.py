"""The responder of a small CA: OCSP (RFC 6960), revocation lists and certificates over plain HTTP."""
