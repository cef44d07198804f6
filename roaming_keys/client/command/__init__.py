"""`sealwax roam`: a person's account at a key server, from the command line.

`commands` names the verbs, `login` has the options and steps that they share, and `extensions` finds steps that other
packages add.
"""
