"""Imitations of webmails that know nothing of S/MIME or of the extension.

Their authors had other webmails as models. So tests can show that the extension works in a webmail it has never met.
Do not adapt an imitation to the extension: add a habit here only if real webmails have it.
"""
