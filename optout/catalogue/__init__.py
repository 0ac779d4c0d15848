"""selectors.yaml as frozen models: loading, checking, overlaying."""
