"""Labels and detections in other formats than YOLO's: read as arrays, whole and without trusting them."""
