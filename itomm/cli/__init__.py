"""What people type. One file a command, imported only when it is called."""
