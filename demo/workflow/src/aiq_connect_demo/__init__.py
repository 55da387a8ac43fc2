"""The demo's workflow: no model, so that what it proves is the path and not a model's mood."""
