"""Where the course's data files are: the folder that the variable TF1X_DATA names."""

import os
import sys

SOURCE = "https://github.com/hunkim/DeepLearningZeroToAll"


def path(name):
    """Return the path of the data file `name`, or end the program saying what to do."""
    folder = os.environ.get("TF1X_DATA")
    if not folder:
        problem = "the environment variable TF1X_DATA is not set"
    elif not os.path.isfile(os.path.join(folder, name)):
        problem = f"there is none in {folder} (that is TF1X_DATA)"
    else:
        return os.path.join(folder, name)
    sys.exit(
        f"This program needs the file {name}, and {problem}.\n"
        f"Get it from {SOURCE}, and set TF1X_DATA to the folder that holds it."
    )
