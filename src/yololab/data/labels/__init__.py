"""Labels of every kind: rows, class folders, masks, depth maps."""
