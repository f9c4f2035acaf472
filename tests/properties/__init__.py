"""Generated manifests and what must become of them; see test_properties.py."""
