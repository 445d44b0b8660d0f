"""What can be zoomed, heard and walked through: drawn by the same JavaScript in a page and in a notebook."""
