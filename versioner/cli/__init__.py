"""The command line: options, then one call into the library, then a report and an exit code."""
