"""Groups at the key server: an identity that several people share, whose key is wrapped for each of them."""
