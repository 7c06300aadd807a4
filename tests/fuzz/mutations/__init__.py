"""Changes to files, each from a random source and nothing else."""
