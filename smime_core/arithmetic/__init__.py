"""Number theory in pure Python: for algorithms that the platform lacks, and for the public halves of private keys.

All functions are deterministic: randomness comes in as an argument. Nothing here is constant-time.
"""
