"""`_type: aiq_connect_mcp_client`: an MCP server's tools, called as the owner of the job that calls them."""

from typing import Any, Self

from nat.builder.function import FunctionGroup
from nat.plugins.mcp.client.client_config import PerUserMCPClientConfig
from nat.plugins.mcp.utils import model_from_mcp_schema
from pydantic import BaseModel, Field, model_validator

from aiq_connect.nat.auth_provider import AiqConnectAuthProvider
from aiq_connect.nat.job_sessions import JobSessions, Target
from aiq_connect.nat.tool_call import call_tool, list_tools


class DeclaredTool(BaseModel):
    """A tool as the configuration describes it to models."""

    description: str = Field(default="", description="What the tool does, for the model that chooses it.")
    input_schema: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        description="JSON Schema of its arguments, as the server's tools/list gives it. Default: no arguments.",
    )


class AiqConnectMCPClientConfig(PerUserMCPClientConfig, name="aiq_connect_mcp_client"):  # type: ignore[call-arg]
    """Like `per_user_mcp_client`, with the tools named here.

    A server shows its tools only to somebody who is connected, and the group is built before anybody is. Tools that
    are declared become functions of the group. Without any, it offers `list_tools` and `call_tool`.
    """

    tools: dict[str, DeclaredTool] = Field(
        default_factory=dict, description="The server's tools that the group offers, by their names at the server."
    )
    wait_for_person: bool | None = Field(
        default=None,
        description="Whether a call waits when only the job's owner can help. Default: as the auth provider says.",
    )

    @model_validator(mode="after")
    def _can_carry_a_token(self) -> Self:
        if self.server.transport != "streamable-http":
            raise ValueError("aiq_connect_mcp_client speaks streamable-http only: other transports carry no token")
        if self.server.auth_provider is None:
            raise ValueError("server.auth_provider has to name an auth provider of `_type: aiq_connect`")
        return self


class _AnyTool(BaseModel):
    """Arguments of `call_tool`."""

    name: str = Field(description="The tool's name, as list_tools gives it.")
    arguments: dict[str, Any] = Field(default_factory=dict, description="The tool's arguments.")


class _Nothing(BaseModel):
    """No arguments."""


class AiqConnectFunctionGroup(FunctionGroup):
    """The functions of one MCP server. Each job that calls one has a session of its own: no two people share one."""

    def __init__(self, config: AiqConnectMCPClientConfig, provider: AiqConnectAuthProvider) -> None:
        super().__init__(config=config)
        self._client_config = config
        server = config.server
        waits = provider.config.wait_for_person if config.wait_for_person is None else config.wait_for_person
        self._sessions = JobSessions(
            Target(str(server.url), config.tool_call_timeout, server.custom_headers),
            provider.account,
            wait_for_person=waits,
        )
        for name, tool in config.tools.items():
            self._offer(name, tool)
        if not config.tools:
            self._offer_any()

    async def aclose(self) -> None:
        """End the sessions of all jobs."""
        await self._sessions.aclose()

    def _offer(self, name: str, tool: DeclaredTool) -> None:
        override = (self._client_config.tool_overrides or {}).get(name)
        alias = override.alias if override and override.alias else name
        description = override.description if override and override.description else tool.description
        schema = model_from_mcp_schema(name, tool.input_schema)

        async def call(arguments: schema) -> str:  # type: ignore[valid-type]
            given: BaseModel = arguments
            return await call_tool(self._sessions, name, given.model_dump(mode="json", exclude_none=True))

        self.add_function(alias, call, input_schema=schema, description=description or None)

    def _offer_any(self) -> None:
        async def call_any(request: _AnyTool) -> str:
            return await call_tool(self._sessions, request.name, request.arguments)

        async def list_all(nothing: _Nothing) -> str:  # noqa: ARG001 - the toolkit wants one parameter
            return await list_tools(self._sessions)

        self.add_function("list_tools", list_all, input_schema=_Nothing, description="List the server's tools.")
        self.add_function("call_tool", call_any, input_schema=_AnyTool, description="Call one of the server's tools.")
