"""One module of checks per notebook: CHECKS maps the exercise's number to its check."""
