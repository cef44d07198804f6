"""`sealwax completion`: the script by which a shell completes verbs, options and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from smime_core.cli.files import STANDARD_STREAM, write_output

PROGRAM = "sealwax"
VARIABLE = "_SEALWAX_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    In bash: eval "$(sealwax completion bash)"
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} cannot be completed here")
    script = kind(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    write_output(STANDARD_STREAM, f"{script}\n".encode())
