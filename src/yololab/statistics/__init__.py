"""Per-detection records: arrays in, arrays out; no files of ours, no config, no Ultralytics."""
