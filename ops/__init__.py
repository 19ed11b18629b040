"""On top: the command line, logging, the composition of everything. Nobody imports it."""
