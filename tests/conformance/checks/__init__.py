"""The tasks: the comparisons with each set, over `smime_core` only, so that they run in a browser too."""
