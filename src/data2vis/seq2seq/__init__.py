"""The parts of a sequence-to-sequence network, by the class names of the 2018 options.

`encoders` read the source, a `bridge` makes the decoder's first state of what they found,
`decoders` write the target, looking back at the source through an `attention` layer.
"""
