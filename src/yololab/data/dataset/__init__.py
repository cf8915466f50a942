"""What a data.yaml, or a folder of classes, means."""
