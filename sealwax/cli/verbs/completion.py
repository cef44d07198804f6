"""`sealwax completion`: the script for completing verbs, options and files in a shell."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from sealwax.cli.streams.files import STANDARD_STREAM, write_output

PROGRAM: Final = "sealwax"
VARIABLE: Final = "_SEALWAX_COMPLETE"


@click.command(params=[click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))])
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
