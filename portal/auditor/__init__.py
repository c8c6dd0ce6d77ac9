"""What auditors read: the trail as a page, a file and an API, with the state of its chain."""
