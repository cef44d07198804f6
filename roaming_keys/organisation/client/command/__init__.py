"""`sealwax keys staff`, `user` and `recovery`, and `sealwax roam officers`: an organisation from the command line.

`groups` names the verbs, and `owner_notices` tells owners of keys what the staff has done.
"""
