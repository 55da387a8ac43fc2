"""How this server decides whose request it is: it asks the provider about every token (RFC 7662)."""

from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter

from settings import Settings
from sources import Source

# An issuer is compared as a string (RFC 8414 §3.3): the slash that pydantic adds by default would make it another one.
_ISSUER = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


def protection(settings: Settings, source: Source) -> RemoteAuthProvider:
    """Build the check. Nothing is asked of the provider before the first request, so it may start later."""
    verifier = IntrospectionTokenVerifier(
        introspection_url=f"{settings.issuer}/token/introspection",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        audience=settings.url,
        # No cache: a revoked token is refused at the next request.
    )
    auth = RemoteAuthProvider(
        token_verifier=verifier,
        authorization_servers=[_ISSUER.validate_python(settings.issuer)],
        base_url=settings.base_url,
        scopes_supported=list(source.scopes),
        challenge_scopes=[source.needed_scope],
        resource_name=source.name,
    )
    # Asked for here and not at the verifier, which would call a token without the scope invalid (401) instead of
    # insufficient (403, RFC 6750 §3.1).
    auth.required_scopes = [source.needed_scope]
    return auth
