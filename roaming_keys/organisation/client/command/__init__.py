"""`sealwax keys staff`, `user` and `recovery`, and `sealwax roam officers`: an organisation from the command line.

`groups` names the verbs, and `owner_notices` shows an owner of keys what others have done.
"""
