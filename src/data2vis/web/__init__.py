"""The page and the JSON API of `data2vis serve`."""
