"""Parcels: encrypted messages and files of any size for people who may have no keys.

The bridge stores ciphertext, and sends it to a recipient who has given a proof. It knows neither the secret of a parcel
nor a key.
"""
