"""A small certification authority as pure functions: requests, certificates, revocation lists, OCSP responses.

Files, locks, passphrases and HTTP are in `sealwax ca` and in the bridge's responder.
"""
