"""Writing tickets into other people's tools: the one place where itomm changes anything but its own store."""
