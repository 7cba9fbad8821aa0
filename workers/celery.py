"""For Celery's own command line: `celery -A workers inspect ping`."""

from orchestrator.config import Settings
from workers.app import make_app

app = make_app(Settings())
