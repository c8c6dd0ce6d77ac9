"""The source `promql`: one file a kind of question."""
