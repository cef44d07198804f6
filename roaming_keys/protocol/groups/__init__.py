"""Groups at the key server: an identity that several people share, whose key is wrapped for each of them.

`calls` are the requests of a person inside a session. `known` has the facts that the account keeps of its groups.
"""
