"""Speed, as ratios against what people would do instead; run by `make bench`, and never a test with a stop watch."""
