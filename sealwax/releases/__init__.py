"""Releases of Sealwax: the files of a build, compared with the list that the release key signed.

The files are in a folder, or the pages of an origin serve them. The keys come from the command line, or from
`release_keys.json`, which names the fingerprints of the certificates that sign this product's releases.
"""
