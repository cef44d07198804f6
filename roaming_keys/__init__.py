"""The key server: hands out PKCS#12 bundles after login and never learns a passphrase."""
