"""The test kit for plugin authors, used by our own tests as well."""
