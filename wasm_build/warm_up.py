def warm_up():
    import asn1crypto.cms, email, json, hashlib
