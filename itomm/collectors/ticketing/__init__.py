"""What tickets of every tracker have in common: their history, their words, the records they become."""
