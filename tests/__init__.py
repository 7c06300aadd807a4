"""The tests, one folder a wing; a package so that `fixtures` and the tests import from the repository root."""
