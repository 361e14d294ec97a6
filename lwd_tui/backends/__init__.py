"""What generates and embeds: the only place that opens sockets or loads weights."""
