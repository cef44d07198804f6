"""The messages of an organisation, and the cryptography of recovery by officers, without I/O.

A key for encryption is split among officers (Shamir, 1979), whom its owner has confirmed.
"""
