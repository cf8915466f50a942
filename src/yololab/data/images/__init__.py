"""What the files of images are: their headers, whether they are whole, and which of them look alike."""
