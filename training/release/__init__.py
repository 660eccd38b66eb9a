"""The release pack: what a person reads before a model is used, written from the run and from nothing else."""
