"""Any server that speaks OpenAI's protocol: vLLM, SGLang, llama-server, gateways, clouds.

Differences between such servers are told apart here, and nowhere else.
"""
