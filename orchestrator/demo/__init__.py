"""Six weeks of a small made-up company, played on the real engine: who they are, what happens, how it is shown."""
