"""Second factors at the key server: one-time codes (RFC 6238) and security keys (WebAuthn Level 3).

`kept` seals them under the master key, and `limits` bounds the guesses.
"""
