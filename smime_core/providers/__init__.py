"""Cryptographic providers: the same Protocol over pyca/cryptography and over WebCrypto."""
