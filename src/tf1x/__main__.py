"""`python -m tf1x`: the command line."""

from tf1x.cli import main

if __name__ == "__main__":
    main()
