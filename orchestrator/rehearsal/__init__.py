"""Rehearsals: files that say what must follow for one imaginary customer, run on the simulation, without a database."""
