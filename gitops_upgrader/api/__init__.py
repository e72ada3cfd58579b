"""The custom resources as pydantic models, one module per kind, and the CRDs made from them."""
