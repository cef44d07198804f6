"""Options that several verbs share. The values of each group of options become one immutable object."""
