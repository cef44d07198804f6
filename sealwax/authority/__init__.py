"""A CA in a folder: settings, encrypted keys, and a register that crashes and parallel commands do not damage.

`smime_core.ca` builds the structures. `sealwax ca`, its responder and its signing service use this package.
"""
