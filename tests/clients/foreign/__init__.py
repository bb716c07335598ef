"""Clients in other languages: what installs them, and what they are asked to do."""
