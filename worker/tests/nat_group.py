"""The function group on the real toolkit's builder."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from nat.builder.context import ContextState
from nat.builder.workflow_builder import WorkflowBuilder

import aiq_connect.nat.register  # noqa: F401 - registers the components, as the entry point does
from aiq_connect.nat.auth_provider import AiqConnectAuthProviderConfig
from aiq_connect.nat.function_group import AiqConnectMCPClientConfig

TOOLS = {
    "whoami": {"description": "Says who asks."},
    "slow": {"description": "Takes a while."},
    "divide": {
        "description": "Divides.",
        "input_schema": {"type": "object", "properties": {"by": {"type": "integer"}}, "required": ["by"]},
    },
}


def of_job(job_id: str | None) -> None:
    ContextState.get().workflow_run_id.set(job_id)


class Group:
    """The group's functions as a workflow calls them."""

    def __init__(self, functions: dict[str, Any]) -> None:
        self.functions = functions

    async def call(self, function: str, /, **arguments: object) -> str:
        text: str = await self.functions[f"incidents__{function}"].ainvoke(arguments, to_type=str)
        return text

    async def failure(self, function: str, /, **arguments: object) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(await self.call(function, **arguments))
        return result


@asynccontextmanager
async def built(
    url: str,
    tools: dict[str, Any] | None = None,
    *,
    of_provider: dict[str, Any] | None = None,
    of_group: dict[str, Any] | None = None,
) -> AsyncIterator[Group]:
    """Build the group; the last two are more settings of the provider and of the group."""
    async with WorkflowBuilder() as builder:
        await builder.add_auth_provider(
            "incidents_account",
            AiqConnectAuthProviderConfig(
                mcp_server_id="incidents", min_ttl=timedelta(seconds=30), **(of_provider or {})
            ),
        )
        config = AiqConnectMCPClientConfig.model_validate(
            {
                "server": {"transport": "streamable-http", "url": url, "auth_provider": "incidents_account"},
                "tool_call_timeout": 10,
                "tools": TOOLS if tools is None else tools,
            }
            | (of_group or {})
        )
        await builder.add_function_group("incidents", config)
        group = await builder.get_function_group("incidents")
        yield Group(await group.get_accessible_functions())
