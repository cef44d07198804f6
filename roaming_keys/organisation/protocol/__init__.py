"""The messages of an organisation, and the cryptography of recovery by officers, without I/O.

A key for encryption is split (Shamir, 1979) among the officers that its owner has confirmed.
"""
