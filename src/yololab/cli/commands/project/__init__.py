"""Commands about what a project has collected."""
