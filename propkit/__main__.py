"""`python -m propkit` is the command `propkit`."""

from propkit.cli import main

if __name__ == "__main__":
    main()
