"""The stand-in estate: a made-up company behind real HTTP APIs, with its truth known."""
