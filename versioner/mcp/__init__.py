"""The MCP server: questions of agents to a registry, and drafts of deployment requests.

`server.py` is the only module that uses the SDK. `source.py` opens the registry for each call,
`answers.py` bounds and marks what is answered, and the modules `*_tools.py` have the tools. No tool
approves, opens or deploys anything.
"""
