"""The tasks, which compare the core with each set. They need only `smime_core`, so that they run in a browser too."""
