"""What is wrong with rules that can be read: each check gives findings with their place."""
