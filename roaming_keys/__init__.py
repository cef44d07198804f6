"""The key server: it returns PKCS#12 bundles after a login and never learns a passphrase.

`protocol` is what all sides share, `client` is `sealwax roam`, `server` is the server, and `organisation` adds staff.
"""
