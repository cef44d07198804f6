"""The records of an account: its keys as PKCS#12 (RFC 7292), and the encrypted state that roams with them.

`record` encrypts and decrypts both. The other modules are about the content of the state, and about the keys that open
it.
"""
