"""`python -m provenance` is the `provenance` command."""

if __name__ == "__main__":
    import sys

    # Python looks in the current folder first. That may be the model's, and hold a `json.py`.
    if not sys.flags.safe_path:
        del sys.path[0]

    from provenance.cli import main

    main()
