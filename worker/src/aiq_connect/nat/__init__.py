"""The plug-in for NeMo Agent Toolkit: auth provider `aiq_connect` and function group `aiq_connect_mcp_client`.

The toolkit finds it by its entry point; `register` holds what it finds.
"""
