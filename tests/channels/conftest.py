"""The small providers that the tests of channels may ask for."""

from tests.channels.little_sendgrid import provider
from tests.channels.little_twilio import little

__all__ = ["little", "provider"]
