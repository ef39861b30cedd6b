"""A fake Twilio, as strict as the real one, and the helpers that talk to it."""
