"""Several servers that are one database, on the loopback interface, for the tests."""
