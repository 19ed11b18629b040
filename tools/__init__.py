"""The MCP server: one short handler a question. It reads from the store and knows no actor."""
