"""`sealwax roam group`: identities that several people share.

`verbs` are the commands, `opening` decrypts groups for them, and `words` has the sentences that they print.
"""
