"""Several questions asked of the same images: several primary metrics."""
