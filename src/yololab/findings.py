"""The dataset checks by name: one table, which the config, the check and the report read."""

from __future__ import annotations

RATINGS = ("blocking", "warning", "note", "off")

# Check → what its findings are about.
CHECKS: dict[str, str] = {
    "missing_split": "a folder or list of a split is not there",
    "empty_split": "a split without images",
    "repeated_image": "a split lists an image more than once",
    "wrong_suffix": "files in image folders that are not read",
    "orphan_label": "label files without an image",
    "missing_image": "a list names an image that is not there",
    "missing_label": "images without a label file: they count as background",
    "no_labels": "a split in which nothing is labelled",
    "image_empty": "image files of 0 bytes",
    "image_unreadable": "files that are no image, or not readable",
    "image_truncated": "images that are cut off",
    "image_format": "images of a format that Ultralytics does not take",
    "image_end": "JPEGs with bytes behind their end",
    "image_small": "images with a side below 10 px",
    "image_tiny": "images with a side below 32 px",
    "image_large": "images of more than 89 megapixels",
    "image_rotated": "images that their EXIF orientation turns",
    "image_depth": "images of more than 8 bits a channel",
    "image_channels": "images of other channels than the dataset's",
    "image_suffix": "images whose name says another format than their content",
    "label_unreadable": "label files that are not readable",
    "label_encoding": "label files that are not UTF-8 text",
    "label_columns": "rows with a number of columns that the task does not take",
    "label_mixed": "boxes and polygons in one file",
    "label_number": "words that are no finite number",
    "label_class": "classes that the dataset does not have",
    "label_range": "coordinates outside 0 to 1",
    "label_size": "boxes without area, or with a negative side",
    "label_duplicate": "rows that a file has twice",
    "label_overlap": "boxes of one class that nearly coincide",
    "label_whole_image": "boxes that cover the whole image",
    "label_tiny": "boxes below one pixel",
    "duplicate_image": "images of a split with the same bytes",
    "leak_same": "the same image in two splits",
    "leak_similar": "images that look like one of another split",
    "same_name": "a file name with different images in two splits",
    "class_one_split": "classes that one split has and another lacks",
    "class_unused": "classes without any object",
    "small_objects": "many objects that are very small at the training's image size",
    "imbalance": "a class that is far rarer than another",
}
