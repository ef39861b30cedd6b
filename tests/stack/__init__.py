"""A private Tapedeck: PostgreSQL, Redis, web server, responders, jobs and a fake Twilio."""
