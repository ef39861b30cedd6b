"""A strict fake of OpenAI-compatible speech and chat servers, and a receiver of webhooks."""
