"""From a folder to cases: one module for each kind of set. `SETS` names the sets that the runner knows."""
