"""What an evaluation keeps of each image, as arrays."""
