"""The steward's tool `langqiao`: puts the nouns together; one file per noun beside this one."""

import typer

from services.cli import ask, contract, department, follow, gateway, grants, keys, registry, token, up

app = typer.Typer(
    name="langqiao",
    help="Langqiao, the covered bridge: one question to many departments, one event from each change.",
    epilog="Exit codes: 0 all is right; 1 refused, or something is wrong in what was checked; "
    "2 used or set up wrongly; 3 nobody answers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command("up")(up.up)
app.command("ask")(ask.ask)
app.command("explain")(ask.explain)
app.command("tail")(follow.tail)
app.command("token")(token.token)
app.add_typer(keys.app, name="keys")
app.add_typer(registry.app, name="registry")
app.add_typer(grants.app, name="grants")
app.add_typer(contract.app, name="contract")
app.add_typer(department.app, name="department")
app.add_typer(gateway.app, name="gateway")
