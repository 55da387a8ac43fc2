"""`dask worker --preload aiq_connect.nat.preload`: load the toolkit when the worker starts, not at its first job.

Without it the first job of every worker takes seconds longer, and the worker answers nobody while it imports.
"""

from nat.front_ends.fastapi import response_helpers  # noqa: F401
from nat.front_ends.fastapi.async_jobs import async_job, job_store  # noqa: F401
from nat.runtime.loader import PluginTypes, discover_and_register_plugins

discover_and_register_plugins(PluginTypes.CONFIG_OBJECT)
