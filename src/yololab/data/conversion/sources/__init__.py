"""Labels as other programs write them, one module a format; all of them are read into `labelled.Source`."""
