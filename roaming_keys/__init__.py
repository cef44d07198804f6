"""The key server: it returns PKCS#12 bundles after a login and never learns a passphrase.

`protocol` has the messages and the cryptography, `client` the command `sealwax roam`, `server` the server, and
`organisation` the functions for administrators and recovery officers.
"""
