"""Number theory without libraries, for what a platform's library lacks and for the public halves of private keys.

Everything is deterministic: randomness comes in as an argument. Nothing here is constant-time.
"""
