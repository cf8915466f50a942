"""A project to begin with: options of one's own that explain themselves, and what lies around them."""
