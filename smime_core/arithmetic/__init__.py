"""Number theory in pure Python, for algorithms that the platform lacks and for the public halves of private keys.

All functions are deterministic; random bytes are arguments. No function runs in constant time.
"""
