"""Pull requests on a forge; no Git in here."""
