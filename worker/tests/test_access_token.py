import pytest

from aiq_connect import AccessToken, ConfigurationMismatch

HOME = "https://mcp.example.test/v1/mcp"


@pytest.mark.parametrize(
    "url",
    [HOME, HOME + "/", HOME + "/messages", HOME + "?session=1", "https://mcp.example.test:443/v1/mcp"],
)
def test_a_token_may_go_home(url: str) -> None:
    assert AccessToken("t", HOME).is_for(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example.test/v1/mcp",
        "https://mcp.example.test:8443/v1/mcp",
        "https://mcp.example.test.evil.test/v1/mcp",
        "https://mcp.example.test@evil.test/v1/mcp",
        "https://evil.test/v1/mcp",
        "https://mcp.example.test/v1/mcp-other",
        "https://mcp.example.test/v1",
        "https://mcp.example.test/v1/mcp/../admin",
        "https://mcp.example.test/v1/mcp/%2e%2e/admin",
    ],
)
def test_a_token_may_go_nowhere_else(url: str) -> None:
    assert not AccessToken("t", HOME).is_for(url)


def test_headers_are_made_for_home_only() -> None:
    token = AccessToken("secret-1", HOME)
    assert token.headers_for(HOME) == {"Authorization": "Bearer secret-1"}
    with pytest.raises(ConfigurationMismatch, match="evil") as caught:
        token.headers_for("https://evil.test/v1/mcp")
    assert HOME in str(caught.value)
    assert "secret-1" not in str(caught.value)
