"""The Celery application: a queue for each channel, messages that may be lost or doubled without harm."""

from __future__ import annotations

from celery import Celery
from celery.signals import worker_process_init

from orchestrator.config import IN_PROCESS, Settings
from orchestrator.dispatch import CHANNELS
from workers.beat import table
from workers.poller import Poller

INBOX, UPKEEP = "inbox", "upkeep"
QUEUES = (*CHANNELS, INBOX, UPKEEP)  # one each; `touchpoint worker email text` works two of them


def make_app(settings: Settings) -> Celery:
    """An application for these settings, with its tasks."""
    app = Celery("touchpoint", broker=settings.broker_url.get_secret_value(), set_as_current=True)
    app.set_default()  # threads would otherwise look for a broker on localhost
    in_process = settings.broker_url.get_secret_value().startswith(IN_PROCESS)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=False,  # a lost wake-up costs a second; a repeated one would only cost work
        task_store_errors_even_if_ignored=False,
        task_create_missing_queues=True,
        task_default_queue=UPKEEP,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the work is safe without the broker
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2.0,
        broker_transport_options={"polling_interval": 0.02}
        if in_process
        else {"socket_connect_timeout": 2.0, "socket_timeout": 5.0, "visibility_timeout": 60, "retry_policy": {"max_retries": 0}},
        beat_schedule=table(),
        beat_scheduler="celery.beat:Scheduler",  # no file: the table is in the code
        beat_max_loop_interval=0.25 if in_process else 1.0,
        timezone="UTC",
        enable_utc=True,
    )
    app.steps["worker"].add(Poller)
    app.touchpoint_settings = settings  # type: ignore[attr-defined]  # for the poller, which gets only the application
    from workers.tasks import register

    register(app, settings)
    return app


@worker_process_init.connect  # a forked child must not share its parent's connections
def _forget_connections(**_: object) -> None:
    from workers.process import forget

    forget()
