"""Does Brian2 recall the same spikes as the discrete-time model?"""

if __name__ == "__main__":
    # As a script this file is only a doorway: the same program as `wmdelays compare`, imported
    # under its one name.
    import sys

    try:
        from wmdelays.validation.cli import main
    except ModuleNotFoundError as missing:
        print(
            f"compare: {missing.name} is not installed here; run `make demo` once, then .venv/bin/python {sys.argv[0]}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    main(["compare", *sys.argv[1:]], alone=True)
