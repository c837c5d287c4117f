"""The commands that need the models: `gatepost` hands them over to this program, so that it loads no model itself."""

import typer

from workers import backtest, calibration
from workers.evaluation import command as evaluation
from workers.learning import command as learning
from workers.weights import commands as weights

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("evaluate")(evaluation.evaluate)
app.command("calibrate", help=calibration.HELP)(calibration.calibrate)
app.command("backtest", help=backtest.HELP)(backtest.backtest)
app.add_typer(learning.app, name="learning")
app.add_typer(weights.app, name="models")


@app.callback()
def _commands() -> None:
    """The commands that need the models."""


def main() -> None:
    app(prog_name="gatepost")


if __name__ == "__main__":
    main()
