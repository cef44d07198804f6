"""A small certification authority as pure functions: requests, certificates, revocation lists, OCSP responses.

Files, locks, passphrases and HTTP are not here: they are `sealwax ca` and the bridge's responder.
"""
