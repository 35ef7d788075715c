"""`python -m data2vis` is the command `data2vis`."""

from data2vis.cli import main

if __name__ == "__main__":
    main()
