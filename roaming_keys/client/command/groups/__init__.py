"""`sealwax roam group`: identities that several people share.

`verbs` are the commands, `opening` opens groups for them, and `words` has their sentences.
"""
