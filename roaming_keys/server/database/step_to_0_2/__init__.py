"""The migration from the tables of 0.1 to those of 0.2: one module for each subject. `versions` calls them in order."""
