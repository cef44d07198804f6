"""The tasks: what is compared with each set, over `smime_core` alone, so that they run in a browser too."""
