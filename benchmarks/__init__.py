"""Speed and memory, side by side with TensorFlow 2.21. Run with `make bench`.

steps.py       time of one Session.run of small training programs, in alternating rounds
processes.py   whole-process time of the course's examples, cold and warm
memory.py      memory of a long training loop
"""
