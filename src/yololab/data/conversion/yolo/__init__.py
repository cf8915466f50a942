"""A source written as a YOLO dataset: rows of labels, images, data.yaml, and what was left out."""
