"""Look-ups over the network, for the command and the bridge. The browser's bundle does not contain them.

No answer is trusted: `pkix` verifies it.
"""
