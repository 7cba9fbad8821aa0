"""Celery workers. A message is a wake-up, never the work itself: the work is rows, and whoever is woken claims them."""
