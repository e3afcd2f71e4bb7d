"""The commands, one file each. Each has `run(arguments) -> exit code`."""
