"""Where trials run: processes of this machine, Slurm, Ray, behind one interface."""
