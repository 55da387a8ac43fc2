"""What NeMo Agent Toolkit loads: importing this module registers both components."""

from collections.abc import AsyncIterator

from nat.builder.builder import Builder
from nat.cli.register_workflow import register_auth_provider, register_function_group

from aiq_connect.errors import ConfigurationMismatch
from aiq_connect.nat.auth_provider import AiqConnectAuthProvider, AiqConnectAuthProviderConfig
from aiq_connect.nat.function_group import AiqConnectFunctionGroup, AiqConnectMCPClientConfig


@register_auth_provider(config_type=AiqConnectAuthProviderConfig)
async def aiq_connect(config: AiqConnectAuthProviderConfig, _builder: Builder) -> AsyncIterator[AiqConnectAuthProvider]:
    """Build the auth provider. The broker is not contacted before the first token is needed."""
    provider = AiqConnectAuthProvider(config)
    try:
        yield provider
    finally:
        await provider.aclose()


@register_function_group(config_type=AiqConnectMCPClientConfig)
async def aiq_connect_mcp_client(
    config: AiqConnectMCPClientConfig, builder: Builder
) -> AsyncIterator[AiqConnectFunctionGroup]:
    """Build the group from its configuration alone: neither the broker nor the MCP server is contacted.

    It is an ordinary group and not a per-user one, because whose account a call uses is decided by the job that makes
    the call. So it can be built in the API process, where nobody's job runs, and for jobs that never use it.
    """
    provider = await builder.get_auth_provider(str(config.server.auth_provider))
    if not isinstance(provider, AiqConnectAuthProvider):
        raise ConfigurationMismatch(
            f"{config.type} needs an auth provider of `_type: aiq_connect`, and {config.server.auth_provider} is none"
        )
    group = AiqConnectFunctionGroup(config, provider)
    try:
        yield group
    finally:
        await group.aclose()
