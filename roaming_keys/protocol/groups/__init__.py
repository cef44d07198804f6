"""Groups at the key server: an identity that several people share, whose key is wrapped for each of them.

`calls` has the requests of a person inside a session. `known` has the facts that the account stores about its groups.
"""
