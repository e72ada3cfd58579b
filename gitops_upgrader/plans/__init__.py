"""Pure decisions about versions: which images are candidates, and which hop comes next."""
