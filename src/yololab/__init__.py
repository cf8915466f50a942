"""yololab: experiments for Ultralytics YOLO that are checked before, compared with statistics, and recorded."""

from __future__ import annotations

__version__ = "0.1.0"
