"""A CA in a folder: settings, encrypted keys, and a register that stays correct after crashes and with parallel
commands.

`smime_core.ca` builds the structures. `sealwax ca`, its responder and its signing service use this package.
"""
