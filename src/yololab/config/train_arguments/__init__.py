"""Ultralytics' train arguments: names, types, limits, and which task reads which."""
