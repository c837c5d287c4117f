"""The commands that need the models: `gatepost` hands them over to this program, so that it loads no model itself."""

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def main() -> None:
    app(prog_name="gatepost")


if __name__ == "__main__":
    main()
