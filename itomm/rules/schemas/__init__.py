"""JSON Schemas (2020-12) of what people write, for editors: made from the very models that check it."""
