"""The command line `soundstage`: one module for each subcommand, one line each in `commands.COMMANDS`."""
