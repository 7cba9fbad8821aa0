"""Who may work with the system, and at what."""
