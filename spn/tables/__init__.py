"""Results as tables: numbers with their digits, and the forms in which a table can be written. Nothing is simulated, and nothing printed."""
