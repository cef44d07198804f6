"""`sealwax keys staff`, `user` and `recovery`: an organisation at a key server, from the command line."""
