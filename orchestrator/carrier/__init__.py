"""The rehearsal carrier: an imaginary Twilio and SendGrid with imaginary customers, over real HTTP. Knows nothing of our engine."""
