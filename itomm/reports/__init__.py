"""What people read: the HTML report, its charts, and the words and numbers shared with the command line."""
