"""Switch off what a service does with your data by default, and prove it."""
