"""All that is printed, asked and drawn while a command runs."""
