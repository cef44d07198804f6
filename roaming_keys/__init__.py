"""The key server: it returns PKCS#12 bundles after a login and never learns a passphrase."""
