"""Before a comparison: how many images and seeds it takes."""
