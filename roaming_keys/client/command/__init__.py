"""`sealwax roam`: a person's account at a key server, from the command line."""
