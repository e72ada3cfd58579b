"""Tests of the action, of the workflows that use it and that test and release the project, and of the image."""
