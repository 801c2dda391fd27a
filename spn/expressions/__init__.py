"""The expression language: text to syntax to typed trees, their evaluation, and back to text. Models and nets that use it live elsewhere."""
