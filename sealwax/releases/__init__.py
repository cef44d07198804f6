"""Releases of Sealwax: the files of a build, compared with the list that the release key signed.

The files are in a folder, or a web server sends them as its pages. The fingerprints of the release certificates come
from the command line or from `release_keys.json`.
"""
