"""Parcels: encrypted messages and files of any size for people who may have no keys.

The bridge stores ciphertext and hands it out after a proof. It knows neither the secret of a parcel nor a key.
"""
