"""The readers turn a folder into cases: one module for each kind of set. `sets.SETS` names the sets of the runner."""
