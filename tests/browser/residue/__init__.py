"""What secrets leave behind: markers, and where they are looked for, in the memory of processes and in folders."""
