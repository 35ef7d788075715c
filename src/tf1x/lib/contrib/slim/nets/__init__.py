"""Networks for images, with the variable names of the published checkpoints."""
