"""The confidence from which a model's detections count."""
