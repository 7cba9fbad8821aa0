"""A playbook over the events of the past, without a database: what it would have done, for whom, and what that would ask of the desk."""
