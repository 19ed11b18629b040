"""The pictures of the report: each a function from a part of the data and a shape to a figure."""
