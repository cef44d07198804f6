"""The records of an account: its keys as PKCS#12 (RFC 7292), and the encrypted state that roams with them.

`record` makes and opens both. The other modules are what the state has, and who can open it.
"""
