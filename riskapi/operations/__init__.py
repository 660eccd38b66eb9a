"""Running the service: backups, alarms and traces."""
