"""What a guard says, and the guards that need more than a line."""
