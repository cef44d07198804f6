"""A CA that lives in a folder: settings, encrypted keys, and a register that no crash and no second command spoils.

`smime_core.ca` builds the structures; here is what remembers. `sealwax ca` and the bridge's responder stand above.
"""
